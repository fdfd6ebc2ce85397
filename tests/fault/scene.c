/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scene.c - making a scene, running commands in it, and looking for what they left.
 */
#include "scene.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bundle.h"

#define GRACE_MS 30000 /* only what is wrong waits so long */
#define CGROUP_MAX 32

const char *const variant_names[VARIANT_COUNT] = { "full", "user", "terminal", "join" };

static char *cgroup_mounts[CGROUP_MAX];
static size_t cgroup_mounts_len;

static void fail(const char *what)
{
	fprintf(stderr, "fault: %s: %s\n", what, strerror(errno));
	exit(2);
}

void complain(struct verdict *v, const char *format, ...)
{
	va_list args;
	int n;

	if (v->len && v->len + 3 < sizeof(v->text))
		v->len += (size_t)sprintf(v->text + v->len, "; ");
	va_start(args, format);
	n = vsnprintf(v->text + v->len, sizeof(v->text) - v->len, format, args);
	va_end(args);
	if (n > 0)
		v->len += (size_t)n;
	if (v->len >= sizeof(v->text))
		v->len = sizeof(v->text) - 1;
	for (char *c = v->text; *c; c++)
		if (*c == '\n')
			*c = '|';
}

/* ---- folders ---- */

static void make_folder(const struct scene *s, const char *name, mode_t mode)
{
	char path[160];

	snprintf(path, sizeof(path), "%s/%s", s->work, name);
	if (mkdir(path, 0755) < 0 || chmod(path, mode) < 0)
		fail(path);
}

static void copy_file(const char *from, const struct scene *s, const char *name)
{
	char path[160];
	int in = open(from, O_RDONLY | O_CLOEXEC), out;
	struct stat st;

	snprintf(path, sizeof(path), "%s/%s", s->work, name);
	out = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);
	if (in < 0 || out < 0 || fstat(in, &st) < 0 ||
	    sendfile(out, in, NULL, (size_t)st.st_size) != st.st_size)
		fail(path);
	close(in);
	close(out);
}

static FILE *listing;
static size_t listing_base;

static int list_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)type;
	(void)ftw;
	/* the log is written by hooks, the state root is looked at by itself */
	fprintf(listing, "%s %o\n", path + listing_base, st->st_mode & S_IFMT);
	return 0;
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static int compare_lines(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Sorted, as folders give their entries in any order. */
static char *sort_lines(char *text)
{
	char *lines[512], *sorted = malloc(strlen(text) + 1), *at = sorted;
	size_t count = 0;

	if (!sorted)
		abort();
	for (char *line = strtok(text, "\n"); line && count < 512; line = strtok(NULL, "\n"))
		lines[count++] = line;
	qsort(lines, count, sizeof(lines[0]), compare_lines);
	*at = '\0';
	for (size_t i = 0; i < count; i++)
		at += sprintf(at, "%s\n", lines[i]);
	free(text);
	return sorted;
}

static char *list_files(const struct scene *s)
{
	char *text = NULL;
	size_t size;

	listing = open_memstream(&text, &size);
	listing_base = strlen(s->work);
	if (!listing || nftw(s->work, list_entry, 16, FTW_PHYS) < 0)
		fail(s->work);
	fclose(listing);
	return sort_lines(text);
}

static void find_cgroups(void)
{
	FILE *file = fopen("/proc/self/mountinfo", "re");
	char line[4096], path[256], *dash;

	while (file && !cgroup_mounts_len && fgets(line, sizeof(line), file)) {
		do {
			dash = strstr(line, " - cgroup");
			if (!dash || sscanf(line, "%*s %*s %*s %*s %255s", path) != 1)
				continue;
			if (cgroup_mounts_len < CGROUP_MAX)
				cgroup_mounts[cgroup_mounts_len++] = strdup(path);
		} while (fgets(line, sizeof(line), file));
	}
	if (file)
		fclose(file);
}

/* ---- open, close ---- */

static int open_console(const struct scene *s)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	snprintf(sa.sun_path, sizeof(sa.sun_path), "%s/console", s->work);
	if (fd < 0 || bind(fd, (struct sockaddr *)&sa, sizeof(sa)) < 0 || listen(fd, 64) < 0)
		fail("console socket");
	return fd;
}

void scene_open(struct scene *s, const char *runtime, const char *witness, enum variant variant,
		pid_t holder, int number)
{
	*s = (struct scene){
		.runtime = runtime, .variant = variant, .console = -1, .holder = holder
	};
	snprintf(s->work, sizeof(s->work), "/tmp/carte-fault.%d.%d", (int)getpid(), number);
	snprintf(s->id, sizeof(s->id), "carte-fault-%d-%d", (int)getpid(), number);
	if (mkdir(s->work, 0755) < 0)
		fail(s->work);
	make_folder(s, "once", 0755);
	make_folder(s, "pause", 0755);
	make_folder(s, "hang", 0755);
	make_folder(s, "rootfs", 0755);
	make_folder(s, "upper", 0755);
	make_folder(s, "log", 0777);
	make_folder(s, "root", 0711);
	make_folder(s, "rootfs/bin", 0755);
	make_folder(s, "rootfs/proc", 0755);
	make_folder(s, "rootfs/sys", 0755);
	make_folder(s, "rootfs/dev", 0755);
	make_folder(s, "rootfs/log", 0755);
	make_folder(s, "rootfs/tmp", 01777);
	make_folder(s, "rootfs/tmp/copied", 0755);
	copy_file(witness, s, "rootfs/bin/witness");
	copy_file(witness, s, "witness");
	bundle_write(s);
	if (variant == VARIANT_TERMINAL)
		s->console = open_console(s);
	s->null = open("/dev/null", O_RDWR | O_CLOEXEC);
	s->out = memfd_create("out", MFD_CLOEXEC);
	s->err = memfd_create("err", MFD_CLOEXEC);
	find_cgroups();
	(void)prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	s->listing = list_files(s);
}

void scene_close(struct scene *s)
{
	(void)nftw(s->work, remove_entry, 16, FTW_PHYS | FTW_DEPTH);
	close(s->null);
	close(s->out);
	close(s->err);
	if (s->console >= 0)
		close(s->console);
	free(s->listing);
	free(s->picture);
	free(s->exec_picture);
}

/* ---- commands ---- */

static char *environment[] = { (char *)"PATH=/usr/sbin:/usr/bin:/sbin:/bin", NULL };

static char *text_of(struct arguments *a, size_t i, const char *folder, const char *name)
{
	snprintf(a->text[i], sizeof(a->text[i]), "%s/%s", folder, name);
	return a->text[i];
}

void scene_arguments(const struct scene *s, const char *verb, bool pause, struct arguments *a)
{
	bool makes = strcmp(verb, "create") == 0 || strncmp(verb, "run", 3) == 0;
	bool exec = strcmp(verb, "exec") == 0, run = strncmp(verb, "run", 3) == 0;
	size_t n = 0;

	memset(a, 0, sizeof(*a));
	a->argv[n++] = (char *)s->runtime;
	a->argv[n++] = (char *)"--root";
	a->argv[n++] = text_of(a, 0, s->work, "root");
	a->argv[n++] = (char *)(run ? "run" : strncmp(verb, "delete", 6) == 0 ? "delete" : verb);
	if (strcmp(verb, "delete-force") == 0)
		a->argv[n++] = (char *)"--force";
	if (strcmp(verb, "run-detached") == 0)
		a->argv[n++] = (char *)"--detach";
	if (makes) {
		a->argv[n++] = (char *)"--bundle";
		a->argv[n++] = text_of(a, 1, s->work, pause ? "pause" : "once");
	}
	if (makes || exec) {
		a->argv[n++] = (char *)"--pid-file";
		a->argv[n++] = text_of(a, 2, s->work, exec ? "exec.pid" : "init.pid");
	}
	if (exec) {
		a->argv[n++] = (char *)"--process";
		a->argv[n++] = text_of(a, 3, s->work, "process.json");
		if (s->console >= 0)
			a->argv[n++] = (char *)"--detach";
	}
	if ((makes || exec) && s->console >= 0) {
		a->argv[n++] = (char *)"--console-socket";
		a->argv[n++] = text_of(a, 4, s->work, "console");
	}
	a->argv[n++] = (char *)s->id;
	a->command = (struct command){ a->argv, environment, s->null, s->out, s->err };
}

char *scene_read(int fd)
{
	off_t size = lseek(fd, 0, SEEK_END);
	char *text = calloc(1, (size_t)size + 1);

	if (!text || pread(fd, text, (size_t)size, 0) < 0 || ftruncate(fd, 0) < 0 ||
	    lseek(fd, 0, SEEK_SET) < 0)
		fail("memfd");
	return text;
}

bool scene_run(struct scene *s, const char *verb, bool pause, struct verdict *v)
{
	struct arguments a;
	char *said;
	int status;
	bool good;

	scene_arguments(s, verb, pause, &a);
	status = command_run(&a.command);
	said = scene_read(s->err);
	good = status == 0 && !*said;
	if (status == -1)
		complain(v, "%s hangs", verb);
	else if (!good)
		complain(v, "%s: status %x, \"%s\"", verb, (unsigned)status, said);
	free(said);
	return good;
}

static pid_t read_pid(const struct scene *s, const char *name)
{
	char path[160], text[32] = "";
	int fd;

	snprintf(path, sizeof(path), "%s/%s", s->work, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	if (read(fd, text, sizeof(text) - 1) < 0)
		*text = '\0';
	close(fd);
	return (pid_t)atoi(text);
}

pid_t scene_pid(const struct scene *s)
{
	return read_pid(s, "init.pid");
}

pid_t scene_exec_pid(const struct scene *s)
{
	return read_pid(s, "exec.pid");
}

void scene_forget_pid_file(const struct scene *s)
{
	char path[160];

	snprintf(path, sizeof(path), "%s/init.pid", s->work);
	unlink(path);
	snprintf(path, sizeof(path), "%s/exec.pid", s->work);
	unlink(path);
}

/* ---- terminals ---- */

/* The master of a terminal that comes over this connection; -1. */
static int take_master(int connection)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control;
	char byte;
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = control.bytes,
			      .msg_controllen = sizeof(control.bytes) };
	struct cmsghdr *head;
	int fd;

	if (recvmsg(connection, &msg, MSG_CMSG_CLOEXEC | MSG_DONTWAIT) <= 0)
		return -1;
	head = CMSG_FIRSTHDR(&msg);
	if (!head || head->cmsg_type != SCM_RIGHTS)
		return -1;
	memcpy(&fd, CMSG_DATA(head), sizeof(fd));
	(void)fcntl(fd, F_SETFL, O_NONBLOCK);
	return fd;
}

/* What was written to terminals goes to out, too. They stay open: a hangup would end who still writes. */
static void take_terminals(struct scene *s)
{
	char buf[4096];
	ssize_t n;
	int fd;

	while (s->console >= 0 && (fd = accept4(s->console, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
		int master = take_master(fd);

		if (master >= 0 && s->masters_len < MASTERS_MAX)
			s->masters[s->masters_len++] = master;
		close(fd);
	}
	for (size_t i = 0; i < s->masters_len; i++)
		while ((n = read(s->masters[i], buf, sizeof(buf))) > 0)
			(void)!write(s->out, buf, (size_t)n);
}

static void close_terminals(struct scene *s)
{
	while (s->masters_len > 0)
		close(s->masters[--s->masters_len]);
}

/* ---- what is left ---- */

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void nap(void)
{
	(void)clock_nanosleep(CLOCK_MONOTONIC, 0, &(struct timespec){ 0, 200000 }, NULL);
}

bool scene_reap(const struct scene *s)
{
	int64_t end = now_ms() + GRACE_MS;
	pid_t pid;

	(void)s;
	for (;;) {
		pid = waitpid(-1, NULL, WNOHANG | __WALL);
		if (pid < 0)
			return true;
		if (pid == 0 && now_ms() > end)
			return false;
		if (pid == 0)
			nap();
	}
}

void scene_wait(pid_t pid)
{
	int64_t end = now_ms() + GRACE_MS;

	while (waitpid(pid, NULL, WNOHANG) == 0 && now_ms() < end)
		nap();
}

bool scene_has_words(struct scene *s)
{
	take_terminals(s);
	return lseek(s->out, 0, SEEK_END) > 0;
}

void scene_wait_words(struct scene *s)
{
	int64_t end = now_ms() + GRACE_MS;

	char tail[6] = "";

	do {
		off_t size;

		take_terminals(s);
		size = lseek(s->out, 0, SEEK_END);
		if (size >= 5 && pread(s->out, tail, 5, size - 5) == 5 && strstr(tail, "end"))
			return;
		nap();
	} while (now_ms() < end);
}

/* Somebody of ours is still there: say who, and end them. */
static void kill_children(struct verdict *v, const char *when)
{
	DIR *proc = opendir("/proc");
	struct dirent *e;

	while (proc && (e = readdir(proc))) {
		char path[280], stat[512] = "", comm[64], state;
		int fd, ppid;

		snprintf(path, sizeof(path), "/proc/%s/stat", e->d_name);
		fd = e->d_name[0] >= '0' && e->d_name[0] <= '9' ? open(path, O_RDONLY | O_CLOEXEC)
								: -1;
		if (fd < 0)
			continue;
		if (read(fd, stat, sizeof(stat) - 1) < 0)
			*stat = '\0';
		close(fd);
		if (sscanf(stat, "%*d (%63[^)]) %c %d", comm, &state, &ppid) == 3 &&
		    ppid == getpid()) {
			complain(v, "%s: process %s (%s, %c) is left", when, e->d_name, comm,
				 state);
			kill(atoi(e->d_name), SIGKILL);
		}
	}
	if (proc)
		closedir(proc);
}

static void check_cgroups(const struct scene *s, const char *when, struct verdict *v)
{
	for (size_t i = 0; i < cgroup_mounts_len; i++) {
		DIR *d = opendir(cgroup_mounts[i]);
		struct dirent *e;

		/* the ID, and what begins with it and a dash */
		while (d && (e = readdir(d))) {
			if (strncmp(e->d_name, s->id, strlen(s->id)) != 0 ||
			    !strchr("-", e->d_name[strlen(s->id)]))
				continue;
			complain(v, "%s: cgroup %s/%s is left", when, cgroup_mounts[i], e->d_name);
			unlinkat(dirfd(d), e->d_name, AT_REMOVEDIR);
		}
		if (d)
			closedir(d);
	}
}

static void check_mounts(const struct scene *s, const char *when, struct verdict *v)
{
	FILE *file = fopen("/proc/self/mountinfo", "re");
	char line[4096], path[512];

	while (file && fgets(line, sizeof(line), file)) {
		if (!strstr(line, s->work))
			continue;
		complain(v, "%s: mount %s", when, line);
		if (sscanf(line, "%*s %*s %*s %*s %511s", path) == 1)
			umount2(path, MNT_DETACH);
	}
	if (file)
		fclose(file);
}

/* The state root's cache of filters stays, and so does what hooks have written; both are emptied here. */
static void check_files(struct scene *s, const char *when, struct verdict *v)
{
	static const char *const kept[] = { "root/.seccomp", "log/hooks" };
	char path[160], *now, *was = strdup(s->listing), *at[2];

	if (!was)
		abort();
	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s/.", s->work, kept[i]);
		if (i == 0) {
			DIR *d = opendir(path);
			struct dirent *e;

			while (d && (e = readdir(d))) {
				if (e->d_name[0] == '.')
					continue;
				if (strlen(e->d_name) != 32)
					complain(v, "%s: .seccomp/%s is left", when, e->d_name);
				unlinkat(dirfd(d), e->d_name, 0);
			}
			if (d)
				closedir(d);
		}
		snprintf(path, sizeof(path), "%s/%s", s->work, kept[i]);
		(void)remove(path);
	}
	now = list_files(s);
	if (strcmp(now, was) == 0)
		goto out;
	at[0] = now;
	at[1] = was;
	/* both sorted: name what is in one only */
	for (int more = 1; more;) {
		size_t len[2] = { strcspn(at[0], "\n"), strcspn(at[1], "\n") };
		int order = !*at[0] ? 1 : !*at[1] ? -1 : 0;

		more = *at[0] || *at[1];
		if (more && !order) {
			order = strncmp(at[0], at[1], len[0] < len[1] ? len[0] : len[1]);
			order = order ? order : (int)len[0] - (int)len[1];
		}
		if (more && order < 0) {
			complain(v, "%s: file %.*s is left", when, (int)len[0], at[0]);
			snprintf(path, sizeof(path), "%s%.*s", s->work, (int)strcspn(at[0], " "),
				 at[0]);
			(void)nftw(path, remove_entry, 16, FTW_PHYS | FTW_DEPTH);
		}
		if (more && order > 0)
			complain(v, "%s: file %.*s is gone", when, (int)len[1], at[1]);
		if (order <= 0)
			at[0] += len[0] + (at[0][len[0]] == '\n');
		if (order >= 0)
			at[1] += len[1] + (at[1][len[1]] == '\n');
	}
out:
	free(now);
	free(was);
}

void scene_check_gone(struct scene *s, const char *when, struct verdict *v)
{
	take_terminals(s);
	close_terminals(s);
	if (!scene_reap(s)) {
		kill_children(v, when);
		(void)scene_reap(s);
	}
	check_mounts(s, when, v);
	check_cgroups(s, when, v);
	check_files(s, when, v);
}

void scene_reset(struct scene *s)
{
	char path[160];

	take_terminals(s);
	close_terminals(s);
	free(scene_read(s->out));
	free(scene_read(s->err));
	snprintf(path, sizeof(path), "%s/log/hooks", s->work);
	unlink(path);
}

char *scene_picture(struct scene *s)
{
	char path[160], hooks[64] = "", *said, *text;
	int fd;

	take_terminals(s);
	said = scene_read(s->out);
	snprintf(path, sizeof(path), "%s/log/hooks", s->work);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0 && read(fd, hooks, sizeof(hooks) - 1) < 0)
		*hooks = '\0';
	if (fd >= 0)
		close(fd);
	if (asprintf(&text, "%shooks %s\n", said, hooks) < 0)
		fail("asprintf");
	free(said);
	unlink(path);
	return text;
}

void scene_check_picture(struct scene *s, const char *wanted, struct verdict *v)
{
	char *said = scene_picture(s);
	const char *a = said, *b = wanted;

	while (*a && *a == *b)
		a++, b++;
	if (*a || *b) {
		while (a > said && a[-1] != '\n')
			a--, b--;
		complain(v, "the container is not what it should be: \"%.*s\" instead of \"%.*s\"",
			 (int)strcspn(a, "\n"), a, (int)strcspn(b, "\n"), b);
	}
	free(said);
}
