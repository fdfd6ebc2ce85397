/* SPDX-License-Identifier: Apache-2.0 */
/*
 * probe.c - a static program that tests put into a container to ask the kernel
 * what it was given: things that no busybox applet can show. One line of
 * answer per question; 'WHAT: strerror' and status 1 where the kernel refuses.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

struct sched_attr_v0 {
	uint32_t size;
	uint32_t policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime;
	uint64_t deadline;
	uint64_t period;
};

static int fail(const char *what)
{
	printf("%s: %s\n", what, strerror(errno));
	return 1;
}

static int probe_sched(char **args)
{
	struct sched_attr_v0 a = { .size = sizeof(a) };

	(void)args;
	if (syscall(SYS_sched_getattr, 0, &a, sizeof(a), 0) < 0)
		return fail("sched_getattr");
	printf("policy=%u nice=%d priority=%u flags=%llu runtime=%llu deadline=%llu period=%llu\n",
	       a.policy, a.nice, a.priority, (unsigned long long)a.flags,
	       (unsigned long long)a.runtime, (unsigned long long)a.deadline,
	       (unsigned long long)a.period);
	return 0;
}

static int probe_ioprio(char **args)
{
	long v = syscall(SYS_ioprio_get, 1, 0);

	(void)args;
	if (v < 0)
		return fail("ioprio_get");
	printf("class=%ld level=%ld\n", v >> 13, v & 0x1fff);
	return 0;
}

static int probe_personality(char **args)
{
	(void)args;
	printf("%#x\n", (unsigned)personality(0xffffffff));
	return 0;
}

/* the session keyring's description: type;uid;gid;perm;name */
static int probe_keyring(char **args)
{
	char text[512];
	long n = syscall(SYS_keyctl, 6 /* KEYCTL_DESCRIBE */, -3 /* session */, text, sizeof(text));

	(void)args;
	if (n < 0)
		return fail("keyctl");
	printf("%.*s\n", (int)n, text);
	return 0;
}

static int probe_mempolicy(char **args)
{
	int mode = -1;
	unsigned long nodes[16] = { 0 };

	(void)args;
	if (syscall(SYS_get_mempolicy, &mode, nodes, sizeof(nodes) * 8, NULL, 0) < 0)
		return fail("get_mempolicy");
	printf("mode=%#x nodes=%#lx\n", (unsigned)mode, nodes[0]);
	return 0;
}

/* syscall NUMBER [ARG...]: numbers only */
static int probe_syscall(char **args)
{
	long v[7] = { 0 };

	for (int i = 0; i < 7 && args[i]; i++)
		v[i] = strtol(args[i], NULL, 0);
	if (syscall(v[0], v[1], v[2], v[3], v[4], v[5], v[6]) < 0)
		printf("errno=%d\n", errno);
	else
		printf("ok\n");
	return 0;
}

/* every open descriptor and what it is, our own one of the listing left out */
static int probe_fds(char **args)
{
	DIR *dir = opendir("/proc/self/fd");
	struct dirent *e;

	(void)args;
	if (!dir)
		return fail("/proc/self/fd");
	while ((e = readdir(dir))) {
		char link[4096];
		ssize_t n;

		if (e->d_name[0] == '.' || atoi(e->d_name) == dirfd(dir))
			continue;
		n = readlinkat(dirfd(dir), e->d_name, link, sizeof(link) - 1);
		printf("%s %.*s\n", e->d_name, n > 0 ? (int)n : 0, link);
	}
	closedir(dir);
	return 0;
}

/* open FILE for writing: what CVE-2019-5736 needs */
static int probe_write(char **args)
{
	int fd = open(args[0], O_WRONLY);

	if (fd < 0)
		return fail("open");
	puts("opened");
	if (args[1] && write(fd, args[1], strlen(args[1])) < 0)
		return fail("write");
	return 0;
}

/* is this process neither ours nor one of the image's programs? */
static int is_stranger(int pid)
{
	char path[64], link[256];
	ssize_t n;

	if (pid == getpid())
		return 0;
	snprintf(path, sizeof(path), "/proc/%d/exe", pid);
	n = readlink(path, link, sizeof(link) - 1);
	if (n <= 0)
		return 0;
	link[n] = 0;
	return !strstr(link, "/bin/busybox") && !strstr(link, "/bin/probe");
}

/*
 * Lie in wait for processes that run another program than the image's, keep a descriptor of it, and try to write to it:
 * what CVE-2019-5736 did to the runtime. The byte written is the one that is there.
 */
static int probe_hunt(char **args)
{
	time_t end = time(NULL) + atoi(args[0]);
	int seen = 0, count = 0;
	int kept[256];

	puts("hunting");
	fflush(stdout);
	while (time(NULL) < end) {
		for (int pid = 1; pid < 400; pid++) {
			char path[64];
			int fd;

			if (count == 256 || !is_stranger(pid))
				continue;
			seen++;
			snprintf(path, sizeof(path), "/proc/%d/exe", pid);
			fd = open(path, O_RDONLY | O_CLOEXEC);
			if (fd >= 0)
				kept[count++] = fd;
		}
		for (int i = 0; i < count; i++) {
			char path[64];
			int fd;

			snprintf(path, sizeof(path), "/proc/self/fd/%d", kept[i]);
			fd = open(path, O_WRONLY | O_CLOEXEC);
			if (fd >= 0 && pwrite(fd, "\177", 1, 0) == 1) {
				puts("overwritten");
				return 0;
			}
			if (fd >= 0)
				close(fd);
		}
	}
	printf("safe, seen %s, kept %d\n", seen ? "some" : "none", count);
	return 0;
}

/* Look into the descriptors, root and memory of every process that does not run the image's programs: CVE-2016-9962. */
static int probe_snoop(char **args)
{
	time_t end = time(NULL) + atoi(args[0]);

	puts("snooping");
	fflush(stdout);
	while (time(NULL) < end) {
		for (int pid = 1; pid < 400; pid++) {
			char path[64], link[512];
			ssize_t n;

			for (int fd = 3; fd < 20; fd++) {
				snprintf(path, sizeof(path), "/proc/%d/fd/%d", pid, fd);
				n = readlink(path, link, sizeof(link) - 1);
				if (n < 0)
					continue;
				link[n] = 0;
				if (!is_stranger(pid))
					continue;
				printf("leak: pid %d fd %d %s\n", pid, fd, link);
				return 0;
			}
		}
	}
	puts("nothing seen");
	return 0;
}

/* visit SECONDS PATH - is the host's PATH below the root, the working folder or a descriptor of any other process? */
static int probe_visit(char **args)
{
	static const char *const ways[] = { "root",
					    "cwd/../../../../../..",
					    "fd/3/../../../../../..",
					    "fd/4/../../../../../..",
					    "fd/5/../../../../../..",
					    "fd/6/../../../../../..",
					    "fd/7/../../../../../..",
					    "fd/8/../../../../../.." };
	time_t end = time(NULL) + atoi(args[0]);
	int from = 1;

	puts("visiting");
	fflush(stdout);
	while (time(NULL) < end) {
		/* numbers are given in order: look where the next one is to come */
		for (int pid = from; pid < from + 12; pid++) {
			char path[4200];

			if (pid == getpid())
				continue;
			snprintf(path, sizeof(path), "/proc/%d", pid);
			if (access(path, F_OK) < 0)
				continue;
			for (size_t i = 0; i < sizeof(ways) / sizeof(*ways); i++) {
				snprintf(path, sizeof(path), "/proc/%d/%s%s", pid, ways[i],
					 args[1]);
				if (access(path, F_OK) < 0)
					continue;
				printf("found: %s\n", path);
				return 0;
			}
			if (pid > from + 4)
				from = pid - 4;
		}
	}
	puts("nothing found");
	return 0;
}

/* swap A B SECONDS - exchange two names as fast as possible: the other side of a race */
static int probe_swap(char **args)
{
	time_t end = time(NULL) + atoi(args[2]);

	while (time(NULL) < end) {
		for (int i = 0; i < 1000; i++)
			(void)syscall(SYS_renameat2, AT_FDCWD, args[0], AT_FDCWD, args[1], 2);
	}
	return 0;
}

static int probe_mq(char **args)
{
	mqd_t q = mq_open(args[0], O_CREAT | O_RDWR, 0600, NULL);

	if (q == (mqd_t)-1)
		return fail("mq_open");
	puts("ok");
	return 0;
}

static int probe_clock(char **args)
{
	struct timespec mono, boot;

	(void)args;
	clock_gettime(CLOCK_MONOTONIC, &mono);
	clock_gettime(CLOCK_BOOTTIME, &boot);
	printf("%lld %lld\n", (long long)mono.tv_sec, (long long)boot.tv_sec);
	return 0;
}

/* mount FSTYPE TARGET: may the container mount? */
static int probe_mount(char **args)
{
	if (mount(args[0], args[1], args[0], 0, NULL) < 0)
		return fail("mount");
	puts("mounted");
	return 0;
}

/* remount TARGET read-write */
static int probe_remount(char **args)
{
	if (mount(NULL, args[0], NULL, MS_REMOUNT | MS_BIND, NULL) < 0)
		return fail("remount");
	puts("remounted");
	return 0;
}

static int probe_groups(char **args)
{
	gid_t g[256];
	int n = getgroups(256, g);

	(void)args;
	if (n < 0)
		return fail("getgroups");
	for (int i = 0; i < n; i++)
		printf("%s%u", i ? " " : "", g[i]);
	putchar('\n');
	return 0;
}

/* notify TEXT: one datagram to $NOTIFY_SOCKET */
static int probe_notify(char **args)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	const char *path = getenv("NOTIFY_SOCKET");
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (!path || fd < 0)
		return fail("NOTIFY_SOCKET");
	snprintf(a.sun_path, sizeof(a.sun_path), "%s", path);
	if (sendto(fd, args[0], strlen(args[0]), 0, (struct sockaddr *)&a, sizeof(a)) < 0)
		return fail(path);
	puts("sent");
	return 0;
}

static const struct {
	const char *name;
	int (*run)(char **args);
	int operands;
} probes[] = {
	{ "clock", probe_clock, 0 },
	{ "fds", probe_fds, 0 },
	{ "groups", probe_groups, 0 },
	{ "hunt", probe_hunt, 1 },
	{ "ioprio", probe_ioprio, 0 },
	{ "keyring", probe_keyring, 0 },
	{ "mempolicy", probe_mempolicy, 0 },
	{ "mount", probe_mount, 2 },
	{ "mq", probe_mq, 1 },
	{ "notify", probe_notify, 1 },
	{ "personality", probe_personality, 0 },
	{ "remount", probe_remount, 1 },
	{ "sched", probe_sched, 0 },
	{ "snoop", probe_snoop, 1 },
	{ "visit", probe_visit, 2 },
	{ "swap", probe_swap, 3 },
	{ "syscall", probe_syscall, 1 },
	{ "write", probe_write, 1 },
};

int main(int argc, char **argv)
{
	for (size_t i = 0; argc > 1 && i < sizeof(probes) / sizeof(probes[0]); i++) {
		if (strcmp(argv[1], probes[i].name) == 0 && argc >= 2 + probes[i].operands)
			return probes[i].run(argv + 2);
	}
	fprintf(stderr, "probe: bad question\n");
	return 2;
}
