/* SPDX-License-Identifier: Apache-2.0 */
/*
 * process_set.c - limits, ids, keyring and labels: the plan carried out in the child.
 *
 * No heap, no name lookups; /proc is reached through the private procfs only.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/major.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/procfs.h"
#include "base/sys_process.h"
#include "runtime/process-private.h"

/* include/linux/key.h: all for the possessor but SETATTR; VIEW, READ, SEARCH, LINK for the owner */
#define KEYRING_PERM 0x3f1b0000u

static int read_number(int procfd, const char *path, long *ret)
{
	CLEANUP_CLOSE int fd = procfs_open(procfd, path, O_RDONLY, NULL);
	char text[32];
	ssize_t n;

	if (fd < 0)
		return fd;
	n = read(fd, text, sizeof(text) - 1);
	if (n <= 0)
		return -EIO;
	text[n] = '\0';
	*ret = strtol(text, NULL, 10);
	return 0;
}

/* In a user namespace (but the identity one) nothing can lower the value; the engine cannot know. */
static bool in_user_namespace(int procfd)
{
	CLEANUP_CLOSE int fd = procfs_open(procfd, "self/uid_map", O_RDONLY, NULL);
	unsigned inside, outside, size;
	char text[64];
	ssize_t n;

	if (fd < 0)
		return false;
	n = read(fd, text, sizeof(text) - 1);
	if (n < 0)
		return false;
	text[n] = '\0';
	return sscanf(text, "%u %u %u", &inside, &outside, &size) != 3 || inside || outside ||
	       size != UINT32_MAX;
}

int process_set_oom_score_adj_of(const struct process_plan *plan, int procfd, pid_t pid,
				 bool lenient, struct oci_error *err)
{
	CLEANUP_CLOSE int own_procfd = -EBADF;
	char path[48], value[16];
	long current;
	int r;

	if (!plan->has_oom_score_adj)
		return 0;
	if (procfd < 0) {
		own_procfd = procfd = procfs_open_root(err);
		if (procfd < 0)
			return procfd;
	}
	if (pid)
		(void)snprintf(path, sizeof(path), "%d/oom_score_adj", (int)pid);
	else
		(void)snprintf(path, sizeof(path), "self/oom_score_adj");
	(void)snprintf(value, sizeof(value), "%d", plan->oom_score_adj);
	r = procfs_write(procfd, path, value, NULL);
	if (r >= 0)
		return 0;
	if (r != -EACCES && r != -EPERM)
		return err_sys(err, -r, "%s%soomScoreAdj: write %d", AT(plan->where),
			       plan->oom_score_adj);
	if (lenient || in_user_namespace(procfd))
		return 0;
	if (read_number(procfd, path, &current) < 0)
		current = 0;
	return err_set(err, EACCES,
		       "%s%soomScoreAdj: cannot lower it from %ld to %d: Permission denied (needs "
		       "CAP_SYS_RESOURCE)",
		       AT(plan->where), current, plan->oom_score_adj);
}

int process_set_oom_score_adj(const struct process_plan *plan, int procfd, struct oci_error *err)
{
	return process_set_oom_score_adj_of(plan, procfd, 0, false, err);
}

static const char *limit_text(rlim_t value, char buf[24])
{
	if (value == RLIM_INFINITY)
		return "unlimited";
	(void)snprintf(buf, 24, "%llu", (unsigned long long)value);
	return buf;
}

int process_set_rlimits(const struct process_plan *plan, pid_t pid, struct oci_error *err)
{
	for (size_t i = 0; i < plan->rlimits_len; i++) {
		const struct process_rlimit *limit = &plan->rlimits[i];
		const char *name = process_rlimit_name(limit->resource);
		char from[24], to[24];
		struct rlimit old;
		int code;

		if (prlimit(pid, limit->resource, &limit->limit, NULL) == 0)
			continue;
		code = errno;
		if (code == EPERM && prlimit(pid, limit->resource, NULL, &old) == 0 &&
		    limit->limit.rlim_max > old.rlim_max)
			return err_set(err, EPERM,
				       "%s%srlimits[%zu]: %s: cannot raise the hard limit from %s "
				       "to %s: Operation not permitted (needs CAP_SYS_RESOURCE)",
				       AT(plan->where), i, name, limit_text(old.rlim_max, from),
				       limit_text(limit->limit.rlim_max, to));
		return err_sys(err, code, "%s%srlimits[%zu]: %s: set %s:%s", AT(plan->where), i,
			       name, limit_text(limit->limit.rlim_cur, from),
			       limit_text(limit->limit.rlim_max, to));
	}
	return 0;
}

int process_set_keyring(const char *id, const char *selinux_label, struct oci_error *err)
{
	char name[1100]; /* an ID has at most 1024 bytes */
	int serial, r;

	if (selinux_label && *selinux_label) {
		CLEANUP_CLOSE int procfd = procfs_open_root(err);

		if (procfd < 0)
			return procfd;
		r = procfs_write(procfd, "thread-self/attr/keycreate", selinux_label, NULL);
		/* by name: the host's selinuxfs, or none */
		if (r < 0 && access("/sys/fs/selinux/enforce", F_OK) < 0)
			return err_set(err, EOPNOTSUPP,
				       "process.selinuxLabel: SELinux is not enabled on this host");
		if (r < 0)
			return err_sys(err, -r,
				       "process.selinuxLabel: write "
				       "/proc/thread-self/attr/keycreate: label \"%s\"",
				       selinux_label);
	}
	if ((size_t)snprintf(name, sizeof(name), "_ses.%s", id) >= sizeof(name))
		return err_set(err, ENAMETOOLONG, "session keyring: the container ID is too long");
	serial = sys_keyring_join(name);
	/* ENOSYS: a kernel, EPERM: a seccomp filter around us, without keyrings: nothing that could leak into one */
	if (serial == -ENOSYS || serial == -EPERM)
		return 0;
	if (serial == -EDQUOT)
		return err_set(err, EDQUOT,
			       "session keyring: Disk quota exceeded (see "
			       "/proc/sys/kernel/keys/maxkeys and root_maxkeys)");
	if (serial < 0)
		return err_sys(err, -serial, "session keyring");
	r = sys_keyring_setperm(serial, KEYRING_PERM);
	if (r < 0)
		return err_sys(err, -r, "session keyring: set its permissions");
	return 0;
}

static int set_apparmor(const struct process_plan *plan, int procfd, struct oci_error *err)
{
	const char *path = "thread-self/attr/apparmor/exec"; /* 5.1 */
	char text[1100];
	int r;

	if (!plan->apparmor || !*plan->apparmor)
		return 0;
	if ((size_t)snprintf(text, sizeof(text), "exec %s", plan->apparmor) >= sizeof(text))
		return err_set(err, ENAMETOOLONG, "%s%sapparmorProfile: longer than 1024 bytes",
			       AT(plan->where));
	r = procfs_open(procfd, path, O_WRONLY, NULL);
	if (r == -ENOENT) {
		path = "thread-self/attr/exec";
		r = procfs_open(procfd, path, O_WRONLY, NULL);
	}
	if (r >= 0) {
		CLEANUP_CLOSE int fd = r;

		r = write(fd, text, strlen(text)) < 0 ? -errno : 0;
	}
	if (r >= 0)
		return 0;
	if (r == -EINVAL && strcmp(plan->apparmor, "unconfined") == 0)
		return 0; /* without AppArmor everybody is */
	return err_set(err, -r, "%s%sapparmorProfile: write /proc/%s: profile \"%s\": %s",
		       AT(plan->where), path, plan->apparmor,
		       r == -EINVAL   ? "AppArmor is not enabled in this kernel"
		       : r == -ENOENT ? "no such profile is loaded"
				      : strerror(-r));
}

int process_set_lsm(const struct process_plan *plan, int procfd, struct oci_error *err)
{
	bool apparmor = plan->apparmor && *plan->apparmor;
	bool selinux = plan->selinux && *plan->selinux;
	CLEANUP_CLOSE int own_procfd = -EBADF;
	int r;

	if (!apparmor && !selinux)
		return 0;
	if (procfd < 0) {
		own_procfd = procfd = procfs_open_root(err);
		if (procfd < 0)
			return procfd;
	}
	r = set_apparmor(plan, procfd, err);
	if (r < 0 || !selinux)
		return r;
	r = procfs_write(procfd, "thread-self/attr/exec", plan->selinux, NULL);
	if (r < 0)
		return err_set(
			err, -r,
			"%s%sselinuxLabel: write /proc/thread-self/attr/exec: label \"%s\": %s",
			AT(plan->where), plan->selinux,
			r == -EINVAL ? "SELinux is not enabled in this kernel, or its policy "
				       "does not know the label"
				     : strerror(-r));
	return 0;
}

int process_set_no_new_privs(const struct process_plan *plan, struct oci_error *err)
{
	if (plan->no_new_privileges && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return err_sys(err, errno, "%s%snoNewPrivileges", AT(plan->where));
	return 0;
}

/*
 * A user that is not root must be able to reopen /dev/stdout and the like: pipes and terminals are given to it, as runc
 * does. Never device nodes or files: they have owners of their own (/dev/null of the host).
 */
static void own_stdio(const struct process_plan *plan)
{
	for (int fd = 0; fd <= 2; fd++) {
		struct stat st;

		if (fstat(fd, &st) < 0 || st.st_uid == plan->uid)
			continue;
		if (S_ISFIFO(st.st_mode) ||
		    (S_ISCHR(st.st_mode) && major(st.st_rdev) >= UNIX98_PTY_SLAVE_MAJOR &&
		     major(st.st_rdev) < UNIX98_PTY_SLAVE_MAJOR + UNIX98_PTY_MAJOR_COUNT))
			/* EPERM, EINVAL: an owner outside of our user namespace; the process has the fd anyway */
			(void)fchown(fd, plan->uid, (gid_t)-1);
	}
}

static int set_groups(const struct process_plan *plan, bool deny_setgroups, struct oci_error *err)
{
	if (deny_setgroups) {
		if (plan->groups_len)
			return err_set(err, EPERM,
				       "%s%suser.additionalGids: setgroups is denied in this user "
				       "namespace",
				       AT(plan->where));
		return 0;
	}
	if (setgroups(plan->groups_len, plan->groups) == 0)
		return 0;
	if (errno == EINVAL)
		return err_set(
			err, EINVAL,
			"%s%suser.additionalGids: a group is not mapped in the user namespace",
			AT(plan->where));
	return err_sys(err, errno, "%s%suser.additionalGids: setgroups", AT(plan->where));
}

int process_set_user(const struct process_plan *plan, bool deny_setgroups, struct oci_error *err)
{
	int r;

	if (plan->uid != 0) {
		own_stdio(plan);
		/* execve(2) clears the flag again */
		if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0)
			return err_sys(err, errno, "keep capabilities");
	}
	r = set_groups(plan, deny_setgroups, err);
	if (r < 0)
		return r;
	if (setresgid(plan->gid, plan->gid, plan->gid) < 0) {
		if (errno == EINVAL)
			return err_set(err, EINVAL,
				       "%s%suser.gid: %u is not mapped in the user namespace",
				       AT(plan->where), plan->gid);
		return err_sys(err, errno, "%s%suser.gid: setresgid %u", AT(plan->where),
			       plan->gid);
	}
	if (setresuid(plan->uid, plan->uid, plan->uid) < 0) {
		if (errno == EINVAL)
			return err_set(err, EINVAL,
				       "%s%suser.uid: %u is not mapped in the user namespace",
				       AT(plan->where), plan->uid);
		return err_sys(err, errno, "%s%suser.uid: setresuid %u", AT(plan->where),
			       plan->uid);
	}
	if (plan->umask >= 0)
		(void)umask((mode_t)plan->umask);
	return 0;
}
