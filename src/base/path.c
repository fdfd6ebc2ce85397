/* SPDX-License-Identifier: Apache-2.0 */
/*
 * path.c - paths inside a hostile root, resolved once, to an fd.
 *
 * The rule that makes the walk safe without openat2: each step opens one name
 * without slash, relative to an O_PATH fd of a folder that was reached from the
 * root in the same way, and never follows a link by the kernel. Links are read
 * and their text is walked, from the root when absolute. ".." is a step back
 * on the stack of fds, never a lookup, so a folder that is renamed meanwhile
 * cannot carry us out. What is created is created by mkdirat and mknodat in
 * such a folder: both refuse to follow a link in the last component.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "base/mem.h"
#include "base/path.h"
#include "base/sys.h"

#define LINKS_MAX 40  /* as the kernel, path_resolution(7) */
#define DEPTH_MAX 256 /* fds held at once by the walk */
#define RACES_MAX 64  /* a name that turns from link to file and back as we look */

#define RESOLVE_ROOT (RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS)

static int forced_code;

void path_force_fallback(int code)
{
	forced_code = code;
}

/* What walk_open shall make when it is not there. */
struct make {
	bool folders; /* on the way */
	bool last_folder;
	bool last_file;
	mode_t folder_mode;
	mode_t file_mode;
};

struct walk {
	int rootfd;
	int stack[DEPTH_MAX];
	size_t depth;
	int links;
	int races;
	char rest[PATH_MAX]; /* still to be walked */
	char name[NAME_MAX + 1];
};

static int walk_here(const struct walk *walk)
{
	return walk->depth ? walk->stack[walk->depth - 1] : walk->rootfd;
}

static void walk_up(struct walk *walk, size_t depth)
{
	while (walk->depth > depth)
		(void)close(walk->stack[--walk->depth]);
}

/*
 * Is @text what a magic link of procfs says? Those lead out of any root. The
 * ordinary links there are "self", "thread-self" (numbers), "net" and "mounts".
 */
static bool is_magic(int dirfd, const char *text)
{
	struct statfs fs;

	if (fstatfs(dirfd, &fs) || fs.f_type != PROC_SUPER_MAGIC)
		return false;
	return (*text < '0' || *text > '9') && strncmp(text, "self/", 5) != 0;
}

/* Put the text of the link walk->name before the rest. -EINVAL: it is no link. */
static int walk_link(struct walk *walk)
{
	char text[PATH_MAX];
	size_t rest = strlen(walk->rest);
	ssize_t n = readlinkat(walk_here(walk), walk->name, text, sizeof(text) - 1);

	if (n < 0)
		return -errno;
	text[n] = '\0';
	if (++walk->links > LINKS_MAX || is_magic(walk_here(walk), text))
		return -ELOOP;
	if (!n)
		return -ENOENT;
	if ((size_t)n + rest + 1 > sizeof(walk->rest))
		return -ENAMETOOLONG;
	/* the rest is empty or begins with the slash that stood behind the name */
	memmove(walk->rest + n, walk->rest, rest + 1);
	memcpy(walk->rest, text, (size_t)n);
	if (*text == '/')
		walk_up(walk, 0);
	return 0;
}

/* Cut the next name off: 1, 0 at the end, -errno. A name with a slash behind it is not the last one. */
static int walk_next(struct walk *walk, bool *ret_last)
{
	const char *p = walk->rest + strspn(walk->rest, "/");
	size_t length = strcspn(p, "/");

	if (!length) {
		walk->rest[0] = '\0';
		return 0;
	}
	if (length > NAME_MAX)
		return -ENAMETOOLONG;
	memcpy(walk->name, p, length);
	walk->name[length] = '\0';
	memmove(walk->rest, p + length, strlen(p + length) + 1);
	*ret_last = !walk->rest[0];
	return 1;
}

static int walk_into(struct walk *walk, const struct make *make)
{
	int here = walk_here(walk);
	struct stat st;
	int fd, r;

	if (walk->depth == DEPTH_MAX)
		return -ENAMETOOLONG;
	for (;;) {
		fd = openat(here, walk->name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (fd >= 0) {
			walk->stack[walk->depth++] = fd;
			return 0;
		}
		if (errno == ENOENT && make->folders) {
			if (mkdirat(here, walk->name, make->folder_mode) && errno != EEXIST)
				return -errno;
		} else if (errno == ENOTDIR || errno == ELOOP) {
			r = walk_link(walk);
			if (r != -EINVAL)
				return r;
			/* no link: then a file, or a folder or link since a moment ago */
			if (fstatat(here, walk->name, &st, AT_SYMLINK_NOFOLLOW))
				return -errno;
			if (!S_ISDIR(st.st_mode) && !S_ISLNK(st.st_mode))
				return -ENOTDIR;
		} else {
			return -errno;
		}
		if (++walk->races > RACES_MAX)
			return -EAGAIN;
	}
}

/* The last name. @ret_fd stays -1 when it was a link, which is now in the rest. */
static int walk_last(struct walk *walk, int flags, mode_t mode, const struct make *make,
		     int *ret_fd)
{
	bool follow = !(flags & O_NOFOLLOW) && (flags & (O_CREAT | O_EXCL)) != (O_CREAT | O_EXCL);
	int here = walk_here(walk);

	for (;;) {
		struct stat st;
		int r, fd;

		if (fstatat(here, walk->name, &st, AT_SYMLINK_NOFOLLOW)) {
			if (errno != ENOENT)
				return -errno;
			if (make->last_file) {
				if (mknodat(here, walk->name, S_IFREG | make->file_mode, 0) &&
				    errno != EEXIST)
					return -errno;
			} else if (!(flags & O_CREAT)) {
				return -ENOENT;
			}
		} else if (S_ISLNK(st.st_mode) && follow) {
			r = walk_link(walk);
			if (r != -EINVAL && r != -ENOENT)
				return r;
			if (++walk->races > RACES_MAX)
				return -EAGAIN;
			continue;
		}
		fd = openat(here, walk->name, flags | O_NOFOLLOW | O_CLOEXEC, mode);
		/* O_PATH|O_NOFOLLOW opens a link that has just been put there: look again */
		if (fd >= 0 && follow && (flags & O_PATH) && !fstat(fd, &st) &&
		    S_ISLNK(st.st_mode)) {
			(void)close(fd);
			errno = ELOOP;
			fd = -1;
		}
		if (fd >= 0) {
			*ret_fd = fd;
			return 0;
		}
		/* the name came, went or became a link between the two calls */
		if (!(errno == ELOOP && follow) && !(errno == ENOENT && make->last_file))
			return -errno;
		if (++walk->races > RACES_MAX)
			return -EAGAIN;
	}
}

static int walk_run(struct walk *walk, int flags, mode_t mode, const struct make *make)
{
	int fd = -1;

	while (fd < 0) {
		bool last = false;
		int r = walk_next(walk, &last);

		if (r < 0)
			return r;
		if (!r) { /* "/", "a/", "a/..": the folder where we are */
			fd = openat(walk_here(walk), ".", flags | O_CLOEXEC, mode);
			return fd < 0 ? -errno : fd;
		}
		if (!strcmp(walk->name, "."))
			continue;
		if (!strcmp(walk->name, "..")) {
			walk_up(walk, walk->depth ? walk->depth - 1 : 0);
			continue;
		}
		if (last && !make->last_folder)
			r = walk_last(walk, flags, mode, make, &fd);
		else
			r = walk_into(walk, make);
		if (r < 0)
			return r;
	}
	return fd;
}

static int walk_open(int rootfd, const char *path, int flags, mode_t mode, const struct make *make)
{
	struct walk walk = { .rootfd = rootfd };
	size_t length = strlen(path);
	int r;

	if (!length)
		return -ENOENT;
	if (length >= sizeof(walk.rest))
		return -ENAMETOOLONG;
	memcpy(walk.rest, path, length + 1);
	r = walk_run(&walk, flags, mode, make);
	walk_up(&walk, 0);
	return r;
}

/*
 * Which failures of openat2 mean "ask the walk". Nothing is remembered: a
 * seccomp filter may come later. EPERM is what filters that know no openat2
 * give; when it was a true one, the walk gives it too. EAGAIN: renames keep
 * racing with "..".
 */
static bool is_unusable(int r)
{
	return r == -ENOSYS || r == -EPERM || r == -EAGAIN;
}

static int open_fast(int rootfd, const char *path, int flags, mode_t mode)
{
	bool creates = (flags & O_CREAT) || (flags & O_TMPFILE) == O_TMPFILE;

	if (forced_code)
		return -forced_code;
	/* openat2 rejects a mode that has no use, openat2(2) EINVAL */
	return sys_openat2(rootfd, path, (uint64_t)(unsigned)flags, creates ? mode & 07777 : 0,
			   RESOLVE_ROOT);
}

int path_open_in_root(int rootfd, const char *path, int flags, mode_t mode)
{
	static const struct make nothing;
	int r = open_fast(rootfd, path, flags, mode);

	return is_unusable(r) ? walk_open(rootfd, path, flags, mode, &nothing) : r;
}

static int plain_open_walk(int dirfd, const char *path, int flags, bool in_root)
{
	CLEANUP_CLOSE int fd = -EBADF;
	struct stat st;

	if (!*path)
		return -ENOENT;
	/* by name: "." is @dirfd itself; "/" is the host's own */
	fd = openat(dirfd, *path == '/' && !in_root ? "/" : ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	while (*(path += strspn(path, "/"))) {
		char name[NAME_MAX + 1];
		size_t length = strcspn(path, "/");
		int next;

		if (length > NAME_MAX)
			return -ENAMETOOLONG;
		memcpy(name, path, length);
		name[length] = '\0';
		if (in_root && !strcmp(name, ".."))
			return -EXDEV;
		next = openat(fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
		if (next < 0)
			return -errno;
		(void)close(fd);
		fd = next;
		if (fstat(fd, &st))
			return -errno;
		if (S_ISLNK(st.st_mode))
			return -ELOOP;
		path += length;
		if (!S_ISDIR(st.st_mode) && (*path || (flags & O_DIRECTORY)))
			return -ENOTDIR;
	}
	return TAKE_FD(fd);
}

int path_open_plain(int dirfd, const char *path, int flags, bool in_root)
{
	uint64_t resolve =
		RESOLVE_NO_SYMLINKS | (in_root ? RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS : 0);
	int r = forced_code ? -forced_code
			    : sys_openat2(dirfd, path, (uint64_t)(O_PATH | flags), 0, resolve);

	return is_unusable(r) ? plain_open_walk(dirfd, path, flags, in_root) : r;
}

/* Split at the last name: @parent gets what is before it. */
static int split(const char *path, char parent[PATH_MAX], const char **ret_name)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	size_t length = (size_t)(name - path);

	if (!*name || !strcmp(name, ".") || !strcmp(name, ".."))
		return -EINVAL;
	if (length >= PATH_MAX)
		return -ENAMETOOLONG;
	memcpy(parent, path, length);
	memcpy(parent + length, length ? "" : ".", length ? 1 : 2);
	*ret_name = name;
	return 0;
}

/*
 * Mostly only the last name is missing: one lookup of its folder, then make
 * and open it there. -EAGAIN: do the walk. A link in its place (mkdirat and
 * mknodat say EEXIST) needs the walk too.
 */
static int make_fast(int rootfd, const char *path, const struct make *make)
{
	CLEANUP_CLOSE int dir = -EBADF;
	char parent[PATH_MAX];
	const char *name;
	int fd;

	if (split(path, parent, &name) < 0)
		return -EAGAIN;
	dir = open_fast(rootfd, parent, O_PATH | O_DIRECTORY, 0);
	if (dir < 0)
		return -EAGAIN;
	if (make->last_folder ? mkdirat(dir, name, make->folder_mode)
			      : mknodat(dir, name, S_IFREG | make->file_mode, 0))
		return errno == EEXIST ? -EAGAIN : -errno;
	fd = openat(dir, name,
		    O_PATH | O_NOFOLLOW | O_CLOEXEC | (make->last_folder ? O_DIRECTORY : 0));
	if (fd >= 0 && make->last_file) {
		struct stat st;

		/* a link put in the place of what we made */
		if (fstat(fd, &st) || S_ISLNK(st.st_mode)) {
			(void)close(fd);
			return -EAGAIN;
		}
	}
	return fd < 0 ? -EAGAIN : fd;
}

static int open_or_make(int rootfd, const char *path, int flags, const struct make *make)
{
	int r = open_fast(rootfd, path, flags, 0);

	if (r >= 0 || (r != -ENOENT && !is_unusable(r)))
		return r;
	if (r == -ENOENT) {
		r = make_fast(rootfd, path, make);
		if (r != -EAGAIN)
			return r;
	}
	return walk_open(rootfd, path, flags, 0, make);
}

int path_mkdirs_in_root(int rootfd, const char *path, mode_t mode)
{
	const struct make make = { .folders = true, .last_folder = true, .folder_mode = mode };

	return open_or_make(rootfd, path, O_PATH | O_DIRECTORY, &make);
}

int path_create_file_in_root(int rootfd, const char *path, mode_t mode)
{
	size_t length = strlen(path);
	const struct make make = {
		.folders = !length || path[length - 1] != '/', /* "x/" is no file */
		.last_file = true,
		.folder_mode = 0755,
		.file_mode = mode,
	};

	return open_or_make(rootfd, path, O_PATH, &make);
}

int path_open_parent_in_root(int rootfd, const char *path, bool mkdirs, const char **ret_name)
{
	char parent[PATH_MAX];
	const char *name;
	int r = split(path, parent, &name);

	if (r < 0)
		return r;
	r = mkdirs ? path_mkdirs_in_root(rootfd, parent, 0755)
		   : path_open_in_root(rootfd, parent, O_PATH | O_DIRECTORY, 0);
	if (r >= 0)
		*ret_name = name;
	return r;
}

char *path_clean(char *path)
{
	bool absolute = *path == '/';
	char *start = path + absolute;
	char *out = start; /* never ahead of the reading */
	const char *p = path;

	while (*(p += strspn(p, "/"))) {
		size_t length = strcspn(p, "/");
		bool up = length == 2 && p[0] == '.' && p[1] == '.';
		char *cut = memrchr(start, '/', (size_t)(out - start));
		const char *last = cut ? cut + 1 : start;

		if (length == 1 && *p == '.') {
			/* nothing */
		} else if (up && out > start && !(out - last == 2 && !memcmp(last, "..", 2))) {
			out = cut ? cut : start;
		} else if (!up || !absolute) {
			if (out > start)
				*out++ = '/';
			memmove(out, p, length);
			out += length;
		}
		p += length;
	}
	if (out == path && *path) /* "a/..", "./": where we are */
		*out++ = '.';
	*out = '\0';
	return path;
}

bool path_is_below(const char *path, const char *top)
{
	size_t length = strlen(top);

	if (length == 1 && *top == '/')
		return *path == '/';
	return !strncmp(path, top, length) && (!path[length] || path[length] == '/');
}

char *path_fd_link(int fd, char buf[32])
{
	snprintf(buf, 32, "/proc/self/fd/%d", fd);
	return buf;
}
