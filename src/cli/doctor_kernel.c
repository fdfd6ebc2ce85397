/* SPDX-License-Identifier: Apache-2.0 */
/*
 * doctor_kernel.c - what the kernel can.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/statfs.h>
#include <sys/utsname.h>

#include "base/io.h"
#include "base/mem.h"
#include "cli/doctor.h"

#define CGROUP2_MAGIC 0x63677270L
#define KERNEL_MAJOR 5
#define KERNEL_MINOR 12 /* mount_setattr */

static bool has_word(const char *file, const char *word)
{
	char text[8192];
	size_t length = strlen(word);

	if (io_read_small(AT_FDCWD, file, text, sizeof(text)) < 0)
		return false;
	for (const char *p = strstr(text, word); p; p = strstr(p + 1, word))
		if ((p == text || strchr(" \t\n", p[-1])) &&
		    (!p[length] || strchr(" \t\n", p[length])))
			return true;
	return false;
}

static void check_version(struct findings *findings)
{
	unsigned major = 0, minor = 0;
	struct utsname name;
	bool good;

	if (uname(&name) < 0 || sscanf(name.release, "%u.%u", &major, &minor) != 2)
		return;
	good = major > KERNEL_MAJOR || (major == KERNEL_MAJOR && minor >= KERNEL_MINOR);
	doctor_add(findings, good ? DOCTOR_OK : DOCTOR_BAD, "kernel",
		   "boot Linux 5.12 or newer: Debian 12 has 6.1", "Linux %s", name.release);
}

static void check_controllers(struct findings *findings)
{
	static const char *const needed[] = { "cpu", "memory", "pids" };
	char missing[64] = "";

	for (size_t i = 0; i < ARRAY_LEN(needed); i++) {
		if (has_word("/sys/fs/cgroup/cgroup.controllers", needed[i]))
			continue;
		strcat(missing, missing[0] ? " " : "");
		strcat(missing, needed[i]);
	}
	if (missing[0])
		doctor_add(findings, DOCTOR_BAD, "cgroups",
			   "boot without cgroup_disable=, and in a container ask its host for them",
			   "version 2, without the controllers %s", missing);
	else
		doctor_add(findings, DOCTOR_OK, "cgroups", NULL,
			   "version 2, with cpu, memory, pids");
}

static void check_cgroups(struct findings *findings)
{
	struct statfs fs;

	if (statfs("/sys/fs/cgroup", &fs) < 0) {
		doctor_add(findings, DOCTOR_BAD, "cgroups",
			   "mount -t cgroup2 none /sys/fs/cgroup, or boot with systemd",
			   "nothing is mounted on /sys/fs/cgroup");
	} else if (fs.f_type == CGROUP2_MAGIC) {
		check_controllers(findings);
	} else if (access("/sys/fs/cgroup/memory", F_OK) == 0) {
		doctor_add(findings, DOCTOR_WARN, "cgroups",
			   "boot with systemd.unified_cgroup_hierarchy=1",
			   "version 1: limits work, pressure and rootless limits do not");
	} else {
		doctor_add(findings, DOCTOR_BAD, "cgroups",
			   "mount -t cgroup2 none /sys/fs/cgroup, or boot with systemd",
			   "no controllers below /sys/fs/cgroup");
	}
}

static void check_pressure(struct findings *findings)
{
	char text[256];
	bool good = io_read_small(AT_FDCWD, "/proc/pressure/memory", text, sizeof(text)) > 0;

	doctor_add(findings, good ? DOCTOR_OK : DOCTOR_WARN, "pressure (PSI)",
		   "boot with psi=1: scaling by cpu-pressure and the veto of memory need it", "%s",
		   good ? "the kernel accounts it" : "the kernel does not account it");
}

static void check_overlay(struct findings *findings)
{
	bool good = has_word("/proc/filesystems", "overlay");

	doctor_add(findings, good ? DOCTOR_OK : DOCTOR_WARN, "overlay",
		   "modprobe overlay (as root)", "%s",
		   good ? "there" : "not loaded: images cannot share layers");
}

/* A sysctl that allows it unless it says 0; -1: there is none. */
static int sysctl_number(const char *file)
{
	char text[32];
	int64_t value;

	if (io_read_small(AT_FDCWD, file, text, sizeof(text)) < 0 || parse_i64(text, &value) < 0)
		return -1;
	return value > 0x7fffffff ? 0x7fffffff : (int)value;
}

static void check_user_namespaces(struct findings *findings)
{
	const char *mend =
		"sysctl -w kernel.unprivileged_userns_clone=1 user.max_user_namespaces=15000";
	bool root = geteuid() == 0;
	enum verdict verdict = root ? DOCTOR_WARN : DOCTOR_BAD;

	if (sysctl_number("/proc/sys/user/max_user_namespaces") == 0)
		doctor_add(findings, verdict, "user namespaces", mend,
			   "user.max_user_namespaces is 0");
	else if (sysctl_number("/proc/sys/kernel/unprivileged_userns_clone") == 0)
		doctor_add(findings, verdict, "user namespaces", mend,
			   "only root may make them: ordinary users cannot run containers");
	else if (sysctl_number("/proc/sys/kernel/apparmor_restrict_unprivileged_userns") > 0)
		doctor_add(findings, verdict, "user namespaces",
			   "sysctl -w kernel.apparmor_restrict_unprivileged_userns=0, or a profile "
			   "for carte",
			   "AppArmor restricts those of ordinary users");
	else
		doctor_add(findings, DOCTOR_OK, "user namespaces", NULL, "allowed for everybody");
}

static void check_seccomp(struct findings *findings)
{
	char text[256];
	bool good = io_read_small(AT_FDCWD, "/proc/sys/kernel/seccomp/actions_avail", text,
				  sizeof(text)) > 0;

	doctor_add(findings, good ? DOCTOR_OK : DOCTOR_BAD, "seccomp",
		   "a kernel with CONFIG_SECCOMP_FILTER", "%s",
		   good ? "filters are possible" : "the kernel has no filters");
}

void doctor_kernel(struct findings *findings)
{
	check_version(findings);
	check_cgroups(findings);
	check_pressure(findings);
	check_overlay(findings);
	check_user_namespaces(findings);
	check_seccomp(findings);
}
