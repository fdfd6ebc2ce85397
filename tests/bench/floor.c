/* SPDX-License-Identifier: Apache-2.0 */
/*
 * floor.c - the yardstick: the least that the kernel must do for one default container.
 *
 *	floor ROOTFS PROGRAM [ARG...]		exit status: the program's
 *
 * Makes, without parsing, checking or cleaning up after errors, the kernel
 * objects that the config.json of `spec` asks for: a cgroup in every mounted
 * hierarchy; mount, pid, network, ipc, uts and cgroup namespaces; /proc, /dev,
 * /sys and what is mounted in them; device nodes and links; masked and
 * read-only paths; host name, rlimit, capability sets, no_new_privs. Then the
 * program runs, and the cgroups are removed. A runtime that makes the same
 * objects cannot be cheaper, so `run / floor` is the distance left.
 *
 * Must stay naive: an improvement here would move the yardstick.
 */
#include <err.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/magic.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#define FAILED 125
#define LEN(a) (sizeof(a) / sizeof((a)[0]))

struct cgroups {
	char paths[16][192];
	int count;
};

static void mount_or_die(const char *from, const char *to, const char *type, unsigned long flags,
			 const char *data)
{
	if (mount(from, to, type, flags, data) < 0)
		err(FAILED, "mount %s", to);
}

static void write_or_die(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		err(FAILED, "write %s", path);
	close(fd);
}

/* The folder of this run in each hierarchy: one on a pure v2 host, else one per v1 controller. */
static void cgroups_name(struct cgroups *cgroups)
{
	static const char *const controllers[] = { "cpu",    "cpuacct", "cpuset",
						   "memory", "devices", "freezer",
						   "blkio",  "pids",    "systemd" };
	struct statfs fs;

	if (statfs("/sys/fs/cgroup", &fs) == 0 && fs.f_type == CGROUP2_SUPER_MAGIC) {
		snprintf(cgroups->paths[cgroups->count++], sizeof(cgroups->paths[0]),
			 "/sys/fs/cgroup/floor-%d", getpid());
		return;
	}
	for (size_t i = 0; i < LEN(controllers); i++) {
		char mounted[128];

		snprintf(mounted, sizeof(mounted), "/sys/fs/cgroup/%s", controllers[i]);
		if (access(mounted, F_OK) == 0)
			snprintf(cgroups->paths[cgroups->count++], sizeof(cgroups->paths[0]),
				 "%s/floor-%d", mounted, getpid());
	}
}

/* A v1 cpuset accepts no process before its cpus and mems are set. */
static void cpuset_inherit(const char *path)
{
	static const char *const names[] = { "cpuset.cpus", "cpuset.mems" };

	for (size_t i = 0; i < LEN(names); i++) {
		char file[256], value[64];
		ssize_t length;
		int fd;

		snprintf(file, sizeof(file), "/sys/fs/cgroup/cpuset/%s", names[i]);
		fd = open(file, O_RDONLY | O_CLOEXEC);
		length = read(fd, value, sizeof(value) - 1);
		close(fd);
		value[length > 0 ? length : 0] = '\0';
		snprintf(file, sizeof(file), "%s/%s", path, names[i]);
		write_or_die(file, value);
	}
}

static void cgroups_enter(const struct cgroups *cgroups, pid_t pid)
{
	char file[256], number[16];

	snprintf(number, sizeof(number), "%d", pid);
	for (int i = 0; i < cgroups->count; i++) {
		if (mkdir(cgroups->paths[i], 0755) < 0)
			err(FAILED, "mkdir %s", cgroups->paths[i]);
		if (strstr(cgroups->paths[i], "/cpuset/"))
			cpuset_inherit(cgroups->paths[i]);
		snprintf(file, sizeof(file), "%s/cgroup.procs", cgroups->paths[i]);
		write_or_die(file, number);
	}
}

static void fill_dev(void)
{
	static const struct {
		const char *path;
		int major, minor;
	} nodes[] = {
		{ "dev/null", 1, 3 },   { "dev/zero", 1, 5 },    { "dev/full", 1, 7 },
		{ "dev/random", 1, 8 }, { "dev/urandom", 1, 9 }, { "dev/tty", 5, 0 },
	};
	static const char *const links[][2] = {
		{ "/proc/self/fd", "dev/fd" },       { "/proc/self/fd/0", "dev/stdin" },
		{ "/proc/self/fd/1", "dev/stdout" }, { "/proc/self/fd/2", "dev/stderr" },
		{ "pts/ptmx", "dev/ptmx" },
	};

	for (size_t i = 0; i < LEN(nodes); i++)
		if (mknod(nodes[i].path, S_IFCHR | 0666, makedev(nodes[i].major, nodes[i].minor)) <
		    0)
			err(FAILED, "mknod %s", nodes[i].path);
	for (size_t i = 0; i < LEN(links); i++)
		if (symlink(links[i][0], links[i][1]) < 0)
			err(FAILED, "symlink %s", links[i][1]);
}

static void mount_defaults(void)
{
	const unsigned long safe = MS_NOSUID | MS_NOEXEC | MS_NODEV;

	mount_or_die("proc", "proc", "proc", 0, NULL);
	mount_or_die("tmpfs", "dev", "tmpfs", MS_NOSUID | MS_STRICTATIME, "mode=755,size=65536k");
	mkdir("dev/pts", 0755);
	mkdir("dev/shm", 0755);
	mkdir("dev/mqueue", 0755);
	mount_or_die("devpts", "dev/pts", "devpts", MS_NOSUID | MS_NOEXEC,
		     "newinstance,ptmxmode=0666,mode=0620,gid=5");
	mount_or_die("shm", "dev/shm", "tmpfs", safe, "mode=1777,size=65536k");
	mount_or_die("mqueue", "dev/mqueue", "mqueue", safe, NULL);
	mount_or_die("sysfs", "sys", "sysfs", safe | MS_RDONLY, NULL);
	fill_dev();
}

static void hide_paths(void)
{
	static const char *const masked_files[] = { "proc/kcore", "proc/keys", "proc/timer_list",
						    "proc/sched_debug" };
	static const char *const masked_dirs[] = { "proc/acpi", "proc/asound", "sys/firmware",
						   "proc/scsi" };
	static const char *const readonly[] = { "proc/bus", "proc/fs", "proc/irq", "proc/sys",
						"proc/sysrq-trigger" };

	for (size_t i = 0; i < LEN(masked_files); i++)
		if (access(masked_files[i], F_OK) == 0)
			mount_or_die("dev/null", masked_files[i], NULL, MS_BIND, NULL);
	for (size_t i = 0; i < LEN(masked_dirs); i++)
		if (access(masked_dirs[i], F_OK) == 0)
			mount_or_die("tmpfs", masked_dirs[i], "tmpfs", MS_RDONLY, "size=0k");
	for (size_t i = 0; i < LEN(readonly); i++) {
		if (access(readonly[i], F_OK) < 0)
			continue;
		mount_or_die(readonly[i], readonly[i], NULL, MS_BIND | MS_REC, NULL);
		mount_or_die(NULL, readonly[i], NULL,
			     MS_BIND | MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC,
			     NULL);
	}
}

static void drop_privileges(void)
{
	const uint32_t kept = 1u << CAP_AUDIT_WRITE | 1u << CAP_KILL | 1u << CAP_NET_BIND_SERVICE;
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { { kept, kept, 0 }, { 0, 0, 0 } };
	struct rlimit nofile = { 1024, 1024 };

	setrlimit(RLIMIT_NOFILE, &nofile);
	for (int cap = 0; cap <= CAP_LAST_CAP; cap++)
		if (cap > 31 || !(kept & 1u << cap))
			prctl(PR_CAPBSET_DROP, cap, 0, 0, 0);
	if (syscall(SYS_capset, &header, data) < 0)
		err(FAILED, "capset");
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

static void __attribute__((noreturn)) container(const char *rootfs, char **argv, int go)
{
	static char *const env[] = {
		(char *)"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
		(char *)"TERM=xterm", NULL
	};
	char byte;

	mount_or_die(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL);
	mount_or_die(rootfs, rootfs, NULL, MS_BIND | MS_REC, NULL);
	if (chdir(rootfs) < 0)
		err(FAILED, "chdir %s", rootfs);
	mount_defaults();
	hide_paths();
	mount_or_die(NULL, rootfs, NULL, MS_BIND | MS_REMOUNT | MS_RDONLY, NULL);
	if (sethostname("floor", 5) < 0 || syscall(SYS_pivot_root, ".", ".") < 0 ||
	    umount2(".", MNT_DETACH) < 0 || chdir("/") < 0)
		err(FAILED, "pivot_root");
	if (read(go, &byte, 1) != 1) /* until the parent has filled the cgroups */
		err(FAILED, "read");
	drop_privileges();
	execve(argv[0], argv, env);
	err(FAILED, "exec %s", argv[0]);
}

int main(int argc, char **argv)
{
	struct clone_args clone = { .flags = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET |
					     CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP,
				    .exit_signal = SIGCHLD };
	struct cgroups cgroups = { .count = 0 };
	int go[2], status;
	pid_t pid;

	if (argc < 3)
		errx(FAILED, "usage: floor ROOTFS PROGRAM [ARG...]");
	cgroups_name(&cgroups);
	if (pipe2(go, O_CLOEXEC) < 0)
		err(FAILED, "pipe2");
	pid = (pid_t)syscall(SYS_clone3, &clone, sizeof(clone));
	if (pid < 0)
		err(FAILED, "clone3");
	if (pid == 0)
		container(argv[1], argv + 2, go[0]);
	cgroups_enter(&cgroups, pid);
	if (write(go[1], "", 1) != 1 || waitpid(pid, &status, 0) < 0)
		err(FAILED, "wait");
	for (int i = 0; i < cgroups.count; i++)
		rmdir(cgroups.paths[i]);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
