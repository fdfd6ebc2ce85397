/* SPDX-License-Identifier: Apache-2.0 */
/*
 * process_exec.c - working directory, HOME, and the program itself, as seen from inside the container.
 *
 * Plain system calls: the root has been entered, so no path can lead out of it, but for one through a leaked fd, which
 * the check of the working directory refuses (CVE-2024-21626). Whatever is opened may be hostile: a fifo must not hold
 * us, a huge file must not fill memory.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/io.h"
#include "base/mem.h"
#include "base/sys_process.h"
#include "runtime/process-private.h"

#define PASSWD_LIMIT (1024 * 1024)
#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

/*
 * Is the working directory below the root? A magic link of /proc to a descriptor of the host is the one way that it is not
 * (CVE-2024-21626); the kernel then gives "(unreachable)/...".
 */
static int cwd_inside(void)
{
	char cwd[PATH_MAX];
	int r = sys_getcwd(cwd, sizeof(cwd));

	return r < 0 ? r : cwd[0] == '/' ? 0 : -EXDEV;
}

/* A swap behind our back may give the user a folder that it made itself, never somebody's file. */
static int make_folder(const struct process_plan *plan, const char *name)
{
	CLEANUP_CLOSE int fd = -EBADF;
	bool made;

	/* by name: below the working directory, inside the root */
	made = mkdir(name, 0755) == 0;
	if (!made && errno != EEXIST)
		return -errno;
	/* by name: the same, and no link */
	fd = open(name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	/* EPERM, EINVAL: ids that this user namespace cannot give away */
	if (made && fchown(fd, plan->uid, plan->gid) < 0 && errno != EPERM && errno != EINVAL)
		return -errno;
	return fchdir(fd) < 0 ? -errno : 0;
}

/*
 * mkdir -p, component by component from inside the last one reached, so that what is made is ours
 * and belongs to the container's user. Existing symlinks are followed; made folders cannot be.
 */
static int make_cwd(const struct process_plan *plan)
{
	char path[PATH_MAX], *next = path;
	int r;

	if (strlen(plan->cwd) >= sizeof(path))
		return -ENAMETOOLONG;
	(void)strcpy(path, plan->cwd);
	if (chdir("/") < 0)
		return -errno;
	for (char *name; (name = strsep(&next, "/"));) {
		if (!*name || strcmp(name, ".") == 0 || chdir(name) == 0)
			continue;
		if (errno != ENOENT)
			return -errno;
		r = cwd_inside();
		if (r == 0)
			r = make_folder(plan, name);
		if (r < 0)
			return r;
	}
	return 0;
}

int process_set_cwd(const struct process_plan *plan, bool create, struct oci_error *err)
{
	int r = chdir(plan->cwd) < 0 ? -errno : 0;

	if (r == -ENOENT && create)
		r = make_cwd(plan);
	if (r == 0)
		r = cwd_inside();
	if (r == -EXDEV) {
		(void)chdir("/");
		return err_set(err, EXDEV, "%s%scwd: \"%s\" is outside of the container's root",
			       AT(plan->where), plan->cwd);
	}
	if (r < 0)
		return err_sys(err, -r, "%s%scwd: chdir \"%s\"", AT(plan->where), plan->cwd);
	return 0;
}

/*
 * "name:password:uid:gid:comment:home:shell": the home folder when the third field is exactly @uid.
 * Names are never compared (CVE-2016-3697).
 */
static const char *passwd_home(char *line, uid_t uid)
{
	char *fields[7];
	uint32_t value;

	for (size_t i = 0; i < ARRAY_LEN(fields); i++)
		fields[i] = strsep(&line, ":");
	if (!fields[5] || parse_u32(fields[2], &value) < 0 || value != uid)
		return NULL;
	return fields[5];
}

/* @buf: @size bytes for the line that has it. Return: a part of @buf, or NULL. */
static const char *find_home(int fd, uid_t uid, char *buf, size_t size)
{
	size_t have = 0, total = 0;
	bool skip = false; /* in the rest of a line that was too long */

	for (;;) {
		ssize_t n = RETRY_EINTR(read(fd, buf + have, size - 1 - have));
		char *line = buf, *end;
		const char *home;

		if (n < 0 || (n == 0 && have == 0))
			return NULL;
		total += (size_t)n;
		if (total > PASSWD_LIMIT)
			return NULL;
		have += (size_t)n;
		if (n == 0)
			buf[have++] = '\n';
		buf[have] = '\0';
		while ((end = memchr(line, '\n', (size_t)(buf + have - line)))) {
			*end = '\0';
			home = skip ? NULL : passwd_home(line, uid);
			if (home)
				return home;
			skip = false;
			line = end + 1;
		}
		if (n == 0)
			return NULL;
		have = (size_t)(buf + have - line);
		memmove(buf, line, have);
		if (have == size - 1) {
			skip = true;
			have = 0;
		}
	}
}

int process_set_home(struct process_plan *plan, struct oci_error *err)
{
	const char *current = process_env_get(plan, "HOME"), *home = NULL;
	CLEANUP_CLOSE int fd = -EBADF;
	struct stat st;
	char buf[4096];

	if ((current && *current) || !plan->home)
		return 0;
	/* by name: the root was entered, so it is the container's whatever it links to */
	fd = open("/etc/passwd", O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		home = find_home(fd, plan->uid, buf, sizeof(buf));
	if (!home || !*home ||
	    (size_t)snprintf(plan->home, HOME_SIZE, "HOME=%s", home) >= HOME_SIZE)
		(void)strcpy(plan->home, "HOME=/");
	return process_env_set(plan, plan->home, err);
}

/* Engines look for these words, some of them with the case that Go's runtime would print. */
static const char *exec_words(int code)
{
	switch (code) {
	case ENOENT:
		return "no such file or directory";
	case EACCES:
		return "permission denied";
	case EPERM:
		return "operation not permitted";
	case EISDIR:
		/* Docker up to 20.10 knows only the latter words for its exit status 126 */
		return "is a directory: permission denied";
	case ENOTDIR:
		return "not a directory";
	case ENOEXEC:
		return "exec format error";
	case ELOOP:
		return "too many levels of symbolic links";
	case ETXTBSY:
		return "text file busy";
	case E2BIG:
		return "argument list too long";
	case ENAMETOOLONG:
		return "file name too long";
	default:
		return strerror(code);
	}
}

/* 0, or what execve would say; @ret_stat: it was stat that failed. By effective ids: call after the user was set. */
static int check_executable(const char *path, bool *ret_stat)
{
	struct stat st;

	*ret_stat = true;
	/* by name: as execve will take it, only to have words for its failure */
	if (stat(path, &st) < 0)
		return -errno;
	*ret_stat = false;
	if (S_ISDIR(st.st_mode))
		return -EISDIR;
	if (!S_ISREG(st.st_mode))
		return -EACCES;
	return faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) < 0 ? -errno : 0;
}

static int find_in_path(const char *name, const char *path, char *buf, size_t size,
			struct oci_error *err)
{
	size_t name_size = strlen(name) + 1;
	bool denied = false, by_stat;

	for (const char *dir = path; *name && dir;) {
		const char *end = strchrnul(dir, ':');
		size_t length = (size_t)(end - dir);

		if (length + 2 + name_size <= size) {
			/* an empty entry is the working directory (environ(7)) */
			memcpy(buf, length ? dir : ".", length ? length : 1);
			length += length ? 0 : 1;
			buf[length] = '/';
			memcpy(buf + length + 1, name, name_size);
			switch (check_executable(buf, &by_stat)) {
			case 0:
				return 0;
			case -EACCES:
				denied = true;
				break;
			}
		}
		dir = *end ? end + 1 : NULL;
	}
	if (denied)
		return err_set(err, EACCES, "exec: \"%s\": permission denied", name);
	return err_set(err, ENOENT, "exec: \"%s\": executable file not found in $PATH", name);
}

int process_find_executable(const struct process_plan *plan, char *buf, size_t size,
			    const char **ret_path, struct oci_error *err)
{
	const char *name = plan->args[0], *path;
	bool by_stat;
	int r;

	if (!strchr(name, '/')) {
		path = process_env_get(plan, "PATH");
		r = find_in_path(name, path ? path : DEFAULT_PATH, buf, size, err);
		if (r == 0)
			*ret_path = buf;
		return r;
	}
	r = check_executable(name, &by_stat);
	if (r < 0 && by_stat)
		return err_set(err, -r, "exec: \"%s\": stat %s: %s", name, name, exec_words(-r));
	if (r < 0)
		return err_set(err, -r, "exec: \"%s\": %s", name, exec_words(-r));
	if (strlen(name) >= size)
		return err_set(err, ENAMETOOLONG, "exec: \"%s\": file name too long", name);
	(void)strcpy(buf, name);
	*ret_path = buf;
	return 0;
}

int process_exec(const struct process_plan *plan, const char *path, struct oci_error *err)
{
	int code;

	(void)execve(path, plan->args, plan->env);
	code = errno;
	return err_set(err, code, "exec: \"%s\": %s", path, exec_words(code));
}
