/* SPDX-License-Identifier: Apache-2.0 */
/*
 * state_dir.c - the folder of a container: made, locked, listed, removed.
 *
 * The lock is a flock on the folder itself, so it needs no file and dies with
 * its holder. Whoever gets the lock must check that the folder still has a
 * name: delete may have removed it while we waited.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/mem.h"
#include "runtime/state.h"

static int root_open(const char *root, struct oci_error *err)
{
	/* by name: the state root, as the caller gave it */
	int fd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return err_sys(err, errno, "open the state root %s", root);
	return fd;
}

/* mkdir -p; only the last folder gets the state root's own mode */
static int root_make(const char *root, bool rootless, struct oci_error *err)
{
	CLEANUP_FREE char *path = strdup(root);
	/* the sticky bit keeps clean-up services from a rootless user's runtime dir (XDG base dir spec) */
	mode_t mode = rootless ? 01700 : 0711;

	if (!path)
		return err_nomem(err);
	for (char *p = path + 1;; p++) {
		bool last = *p == '\0';

		if (!last && *p != '/')
			continue;
		*p = '\0';
		/* by name: the state root */
		if (mkdir(path, last ? mode : 0755) < 0 && errno != EEXIST)
			return err_set(
				err, errno, "create the state root %s: %s%s", path, strerror(errno),
				rootless ? " (an ordinary user needs XDG_RUNTIME_DIR, or --root)"
					 : "");
		if (last)
			return 0;
		*p = '/';
	}
}

/* 1 when locked, 0 when the folder has lost its name meanwhile */
static int dir_lock(int fd, bool wait)
{
	struct stat st;

	if (RETRY_EINTR(flock(fd, LOCK_EX | (wait ? 0 : LOCK_NB))) < 0)
		return errno == EWOULDBLOCK ? -EBUSY : -errno;
	if (fstat(fd, &st) < 0)
		return -errno;
	return st.st_nlink > 0;
}

int state_already_exists(struct oci_error *err)
{
	(void)err_set_as(err, ERR_EXISTS, EEXIST, "container with given ID already exists");
	err_hint(err, "'delete' it, or choose another ID");
	return -EEXIST;
}

static int dir_make(struct state_dir *dir, const char *root, struct oci_error *err)
{
	if (mkdirat(dir->root_fd, dir->id, 0700) < 0) {
		int code = errno;

		if (code == EEXIST)
			return state_already_exists(err);
		return err_sys(err, code, "create %s/%s", root, dir->id);
	}
	dir->fd = openat(dir->root_fd, dir->id, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (dir->fd < 0 && errno != ENOENT) {
		int code = errno;

		(void)unlinkat(dir->root_fd, dir->id, AT_REMOVEDIR);
		return err_sys(err, code, "open %s/%s", root, dir->id);
	}
	return 0;
}

int state_dir_create(const char *root, const char *id, bool rootless, struct state_dir *ret,
		     struct oci_error *err)
{
	struct state_dir dir = { -EBADF, -EBADF, id };
	int r;

	/* by name: the state root */
	dir.root_fd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir.root_fd < 0) {
		r = root_make(root, rootless, err);
		if (r < 0)
			return r;
		dir.root_fd = root_open(root, err);
		if (dir.root_fd < 0)
			return dir.root_fd;
	}
	/*
	 * Between mkdir and the lock a `delete --force` may take the folder for
	 * the rest of a killed create and remove it: then make it again.
	 */
	for (;;) {
		r = dir_make(&dir, root, err);
		if (r < 0)
			break;
		r = dir.fd < 0 ? 0 : dir_lock(dir.fd, true);
		/*
		 * Such a delete between mkdir and open, and another create's mkdir, and the folder that two opened
		 * is one: it belongs to the one that had the lock first and has written its state by now.
		 */
		if (r == 1 && faccessat(dir.fd, STATE_FILE, F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
			r = state_already_exists(err);
			break;
		}
		if (r == 1) {
			*ret = dir;
			return 0;
		}
		if (r < 0) {
			err_sys(err, -r, "lock %s/%s", root, id);
			(void)unlinkat(dir.root_fd, id, AT_REMOVEDIR);
			break;
		}
		fd_closep(&dir.fd);
	}
	state_dir_close(&dir);
	return r;
}

bool state_dir_exists(const char *root, const char *id)
{
	/* by name: the state root */
	CLEANUP_CLOSE int fd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);

	return fd >= 0 && faccessat(fd, id, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

int state_dir_open(const char *root, const char *id, bool wait, struct state_dir *ret,
		   struct oci_error *err)
{
	struct state_dir dir = { -EBADF, -EBADF, id };
	int r;

	r = state_check_id(id, err);
	if (r < 0)
		return r;
	/* by name: the state root */
	dir.root_fd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir.root_fd < 0 && errno != ENOENT && errno != ENOTDIR)
		return err_sys(err, errno, "open the state root %s", root);
	if (dir.root_fd >= 0)
		dir.fd = openat(dir.root_fd, id, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (dir.fd < 0) {
		r = -errno;
		state_dir_close(&dir);
		if (r == -ENOENT || r == -ENOTDIR)
			return state_no_container(err);
		return err_sys(err, -r, "open %s/%s", root, id);
	}
	r = dir_lock(dir.fd, wait);
	if (r == 1) {
		*ret = dir;
		return 0;
	}
	state_dir_close(&dir);
	if (r == 0)
		return state_no_container(err);
	if (r == -EBUSY)
		return err_set_as(err, ERR_STATE, EBUSY,
				  "another command is working on the container");
	return err_sys(err, -r, "lock %s/%s", root, id);
}

void state_dir_unlock(const struct state_dir *dir)
{
	(void)flock(dir->fd, LOCK_UN);
}

int state_dir_relock(const struct state_dir *dir, struct oci_error *err)
{
	int r = dir_lock(dir->fd, true);

	if (r == 0)
		return state_no_container(err);
	return r < 0 ? err_sys(err, -r, "lock the state folder of container '%s'", dir->id) : 0;
}

void state_dir_close(struct state_dir *dir)
{
	fd_closep(&dir->fd);
	fd_closep(&dir->root_fd);
}

/*
 * Whatever is in it goes: the folder is ours alone (0700). One level of folders is known: the notify
 * socket's. Names are not followed, so a bind mount of it in a container leads nowhere else.
 */
static int dir_empty(int at, const char *name, int depth)
{
	CLEANUP_CLOSEDIR DIR *d = NULL;
	CLEANUP_CLOSE int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	struct dirent *e;
	int r;

	if (fd < 0)
		return -errno;
	d = fdopendir(fd);
	if (!d)
		return -errno;
	(void)TAKE_FD(fd);
	while ((errno = 0, e = readdir(d))) {
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		if (unlinkat(dirfd(d), e->d_name, 0) == 0 || errno == ENOENT)
			continue;
		if (errno != EISDIR || depth == 0)
			return -errno;
		r = dir_empty(dirfd(d), e->d_name, depth - 1);
		if (r == 0 && unlinkat(dirfd(d), e->d_name, AT_REMOVEDIR) < 0 && errno != ENOENT)
			r = -errno;
		if (r < 0)
			return r;
	}
	return -errno;
}

int state_dir_remove(struct state_dir *dir, struct oci_error *err)
{
	int r = 0;

	/*
	 * state.json last: as long as the folder holds it, a delete that follows a crash
	 * here finds everything that it needs.
	 */
	(void)unlinkat(dir->fd, STATE_START_SOCKET, 0);
	(void)unlinkat(dir->fd, STATE_LOCK_FILE, 0);
	if (unlinkat(dir->fd, STATE_FILE, 0) < 0 && errno != ENOENT)
		return err_sys(err, errno, "remove %s of container '%s'", STATE_FILE, dir->id);
	if (unlinkat(dir->root_fd, dir->id, AT_REMOVEDIR) == 0 || errno == ENOENT)
		return 0;
	if (errno == ENOTEMPTY || errno == EEXIST) {
		r = dir_empty(dir->fd, ".", 1);
		if (r == 0 && unlinkat(dir->root_fd, dir->id, AT_REMOVEDIR) < 0 && errno != ENOENT)
			r = -errno;
	} else {
		r = -errno;
	}
	if (r < 0)
		return err_sys(err, -r, "remove the state folder of container '%s'", dir->id);
	return 0;
}

static int name_compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int state_list(struct oci_arena *arena, const char *root, char ***ret, size_t *ret_len,
	       struct oci_error *err)
{
	/* by name: the state root */
	CLEANUP_CLOSEDIR DIR *d = opendir(root);
	struct dirent *e;
	char **names = NULL;
	size_t len = 0, room = 0;

	if (!d && errno != ENOENT)
		return err_sys(err, errno, "open the state root %s", root);
	while (d && (errno = 0, e = readdir(d))) {
		if (e->d_name[0] == '.' || state_check_id(e->d_name, NULL) < 0)
			continue;
		if (len == room) {
			char **more = oci_arena_array(arena, room = room * 2 + 16, sizeof(*more));

			if (!more)
				return err_nomem(err);
			if (len > 0)
				memcpy(more, names, len * sizeof(*more));
			names = more;
		}
		names[len] = oci_arena_strdup(arena, e->d_name);
		if (!names[len++])
			return err_nomem(err);
	}
	if (d && errno)
		return err_sys(err, errno, "read the state root %s", root);
	if (len > 0)
		qsort(names, len, sizeof(*names), name_compare);
	*ret = names;
	*ret_len = len;
	return 0;
}
