/* SPDX-License-Identifier: Apache-2.0 */
/*
 * witness.c - the program of the fault tests' containers: it tells how it finds itself.
 *
 *   witness once        print the picture, end with 0
 *   witness pause       print it, stay
 *   witness hook FILE WORD  a hook: append WORD to FILE
 *
 * Two containers from one bundle must print the same, so numbers that the kernel hands out (mount ids, device
 * numbers, peer groups) are left out. A container that came to be although a system call had failed, but that
 * lacks a mount, a limit or a capability rule, is told by its picture.
 */
#include <dirent.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/personality.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <errno.h>

static char text[65536];
static size_t len;

__attribute__((format(printf, 1, 2))) static void say(const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(text + len, sizeof(text) - len, format, args);
	va_end(args);
	if (n > 0)
		len += (size_t)n < sizeof(text) - len ? (size_t)n : sizeof(text) - len - 1;
}

static void say_file(const char *path)
{
	char buf[4096];
	int fd = open(path, O_RDONLY);
	ssize_t n = fd < 0 ? -1 : read(fd, buf, sizeof(buf) - 1);

	if (n < 0) {
		say("%s: %s\n", path, strerror(errno));
	} else {
		buf[n] = '\0';
		say("%s: %s%s", path, buf, n && buf[n - 1] == '\n' ? "" : "\n");
	}
	if (fd >= 0)
		close(fd);
}

/* The lines of /proc/self/status that belong to the container and not to the moment. */
static void say_status(void)
{
	static const char *const wanted[] = {
		"Umask:",  "Uid:",    "Gid:", "Groups:",     "NSpid:",  "SigBlk:",
		"SigIgn:", "SigCgt:", "Cap",  "NoNewPrivs:", "Seccomp", "Cpus_allowed_list:"
	};
	FILE *file = fopen("/proc/self/status", "re");
	char line[512];

	while (file && fgets(line, sizeof(line), file))
		for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
			if (strncmp(line, wanted[i], strlen(wanted[i])) == 0 &&
			    (getpid() == 1 || strncmp(line, "NSpid:", 6) != 0))
				say("%s", line);
	if (file)
		fclose(file);
}

static void say_mounts(void)
{
	FILE *file = fopen("/proc/self/mountinfo", "re");
	char *line = NULL, *rest;
	size_t size = 0;

	while (file && getline(&line, &size, file) > 0) {
		rest = line;
		for (int field = 0; field < 3 && rest; field++)
			rest = strchr(rest, ' ') ? strchr(rest, ' ') + 1 : NULL;
		/* peer groups: only that there is one */
		for (char *colon = rest; colon && (colon = strpbrk(colon, ":")); colon++)
			if (strspn(colon + 1, "0123456789"))
				memset(colon + 1, '#', strspn(colon + 1, "0123456789"));
		/* the kernel gives sizes of inode tables by the free memory; the overlay's fds are numbered */
		say("mount %s", rest ? rest : "?\n");
	}
	free(line);
	if (file)
		fclose(file);
}

static void say_folder(const char *path)
{
	struct dirent **names;
	int count = scandir(path, &names, NULL, alphasort);

	for (int i = 0; i < count; i++) {
		char full[512], link[256] = "";
		struct stat st;

		snprintf(full, sizeof(full), "%s/%s", path, names[i]->d_name);
		free(names[i]);
		if (strcmp(full + strlen(full) - 2, "..") == 0 || lstat(full, &st) < 0)
			continue;
		if (S_ISLNK(st.st_mode) && readlink(full, link, sizeof(link) - 1) < 0)
			strcpy(link, "?");
		say("%s %o %u:%u %llx %s\n", full, st.st_mode, st.st_uid, st.st_gid,
		    S_ISCHR(st.st_mode) ? (unsigned long long)st.st_rdev : 0, link);
	}
	if (count >= 0)
		free(names);
	else
		say("%s: %s\n", path, strerror(errno));
}

static void say_rest(void)
{
	struct ifreq lo = { .ifr_name = "lo" };
	char host[65] = "", cwd[256] = "";
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	gethostname(host, sizeof(host));
	say("host %s cwd %s\n", host, getcwd(cwd, sizeof(cwd)) ? cwd : "?");
	if (fd >= 0 && ioctl(fd, SIOCGIFFLAGS, &lo) == 0)
		say("lo %x\n", (unsigned)lo.ifr_flags & (IFF_UP | IFF_LOOPBACK));
	if (fd >= 0)
		close(fd);
	for (fd = 0; fd < 64; fd++)
		if (fcntl(fd, F_GETFD) >= 0)
			say("fd %d\n", fd);
	say("scheduler %d nice %d ioprio %ld personality %x\n", sched_getscheduler(0),
	    getpriority(PRIO_PROCESS, 0), syscall(SYS_ioprio_get, 1, 0), personality(0xffffffff));
	/* the profile answers ENOTTY */
	say("acct: %s\n", acct(NULL) < 0 ? strerror(errno) : "done");
	for (char **env = environ; *env; env++)
		say("env %s\n", *env);
}

static int hook(const char *file, const char *word)
{
	int fd = open(file, O_WRONLY | O_APPEND | O_CREAT, 0666);
	char state[4096];

	if (read(0, state, sizeof(state)) <= 0)
		return 2;
	return fd < 0 || write(fd, word, strlen(word)) < 0;
}

int main(int argc, char **argv)
{
	static const char *const files[] = {
		"/proc/self/limits",
		"/proc/self/oom_score_adj",
		"/proc/self/cgroup",
		"/proc/self/uid_map",
		"/proc/self/gid_map",
		"/proc/self/setgroups",
		"/proc/sys/net/ipv4/ip_forward",
		"/sys/fs/cgroup/memory/memory.limit_in_bytes",
		"/sys/fs/cgroup/pids/pids.max",
		"/sys/fs/cgroup/cpu/cpu.shares",
		"/sys/fs/cgroup/devices/devices.list",
	};

	if (argc == 4 && strcmp(argv[1], "hook") == 0)
		return hook(argv[2], argv[3]);
	say_status();
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		say_file(files[i]);
	say_mounts();
	say_folder("/");
	say_folder("/dev");
	say_rest();
	say("end\n");
	if (write(1, text, len) != (ssize_t)len)
		return 3;
	while (argc > 1 && strcmp(argv[1], "pause") == 0)
		pause();
	return 0;
}
