/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store.c - where the store is, its folders, its lock, its temporary files.
 *
 * layers/ and tmp/ are the owner's alone: an image's set-user-ID programs are not for the host's users.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/path.h"
#include "cartefile-to-oci/cartefile.h"
#include "cartefile-to-oci/store-private.h"

#define TRIES 100

/* ---- where ----------------------------------------------------------------------------------------------------------------- */

static int default_path(char **ret, struct oci_error *err)
{
	const char *from = getenv("CARTE_STORE"), *home = getenv("HOME");
	const char *data = getenv("XDG_DATA_HOME");
	int n;

	if (from && from[0])
		n = asprintf(ret, "%s", from);
	else if (geteuid() == 0)
		n = asprintf(ret, "/var/lib/carte");
	else if (data && data[0] == '/') /* a relative one is to be ignored, basedir-spec */
		n = asprintf(ret, "%s/carte", data);
	else if (home && home[0] == '/')
		n = asprintf(ret, "%s/.local/share/carte", home);
	else
		return err_set(err, ENOENT,
			       "no place for the store: use --store, or set CARTE_STORE or HOME");
	return n < 0 ? err_nomem(err) : 0;
}

static int absolute_path(const char *path, char **ret, struct oci_error *err)
{
	CLEANUP_FREE char *cwd = NULL;

	if (path[0] == '/') {
		*ret = strdup(path);
		return *ret ? 0 : err_nomem(err);
	}
	cwd = getcwd(NULL, 0);
	if (!cwd)
		return err_sys(err, errno, "the current folder");
	if (asprintf(ret, "%s/%s", cwd, path) < 0) {
		*ret = NULL;
		return err_nomem(err);
	}
	return 0;
}

static int find_path(const char *path, char **ret, struct oci_error *err)
{
	CLEANUP_FREE char *found = NULL;
	int r = 0;

	if (!path)
		r = default_path(&found, err);
	if (r == 0)
		r = absolute_path(path ? path : found, ret, err);
	if (r == 0)
		path_clean(*ret);
	return r;
}

/* ---- opening ---------------------------------------------------------------------------------------------------------------- */

static int open_lock(struct store *store, struct oci_error *err)
{
	int fd = openat(store->layout.fd, "lock", O_RDWR | O_CREAT | O_CLOEXEC, 0644);

	/* somebody else's store, to read */
	if (fd < 0 && (errno == EACCES || errno == EROFS))
		fd = openat(store->layout.fd, "lock", O_RDONLY | O_CLOEXEC);
	if (fd < 0 || RETRY_EINTR(flock(fd, LOCK_SH))) {
		fd_closep(&fd);
		return err_sys(err, errno, "%s/lock", store->path);
	}
	store->lock = fd;
	return 0;
}

static int make_folders(const struct store *store, struct oci_error *err)
{
	static const struct {
		const char *name;
		mode_t mode;
	} folders[] = {
		{ "layers", 0700 },
		{ "tmp", 0700 },
		{ "cache", 0755 },
		{ "explain", 0755 },
	};

	for (size_t i = 0; i < ARRAY_LEN(folders); i++)
		if (faccessat(store->layout.fd, folders[i].name, F_OK, 0) &&
		    mkdirat(store->layout.fd, folders[i].name, folders[i].mode) && errno != EEXIST)
			return err_sys(err, errno, "%s/%s", store->path, folders[i].name);
	return 0;
}

int store_open(const char *path, struct store *ret, struct oci_error *err)
{
	struct store store = STORE_INIT;
	int r = find_path(path, &store.path, err);

	if (r == 0)
		r = layout_open(&store.layout, store.path, LAYOUT_CREATE | LAYOUT_DURABLE, err);
	if (r == 0)
		r = open_lock(&store, err);
	if (r == 0)
		r = make_folders(&store, err);
	if (r < 0) {
		if (r == -EACCES || r == -EPERM || r == -EROFS)
			err_prefix(err,
				   "the store is not writable (use --store, or set CARTE_STORE): ");
		store_close(&store);
		return r;
	}
	(void)store_sweep(&store, false);
	*ret = store;
	return 0;
}

void store_close(struct store *store)
{
	layout_close(&store->layout);
	mem_freep(&store->path);
	fd_closep(&store->lock);
}

int store_lock_exclusive(const struct store *store, struct oci_error *err)
{
	/* the change lets go first (flock(2)), so two that wait for each other are none */
	if (RETRY_EINTR(flock(store->lock, LOCK_EX)))
		return err_sys(err, errno, "%s/lock", store->path);
	return 0;
}

void store_lock_shared(const struct store *store)
{
	(void)RETRY_EINTR(flock(store->lock, LOCK_SH));
}

int store_folder(const struct store *store, const char *name, struct oci_error *err)
{
	int fd = openat(store->layout.fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? err_sys(err, errno, "%s/%s", store->path, name) : fd;
}

/* ---- names ------------------------------------------------------------------------------------------------------------------- */

static bool is_there(const struct oci_index *index, const char *text)
{
	for (size_t i = 0; i < index->manifests_len; i++)
		if (descriptor_is_named_by(&index->manifests[i], text))
			return true;
	return false;
}

int store_name(const struct store *store, const char *text, struct oci_arena *arena,
	       const char **ret, struct oci_error *err)
{
	struct oci_index *index;
	const char *normal;
	int r = layout_index(&store->layout, arena, &index, err);

	if (r < 0)
		return r;
	if (strncmp(text, "store:", strlen("store:")) == 0)
		text += strlen("store:");
	normal = reference_normal(text, arena);
	if (!normal)
		return err_nomem(err);
	*ret = !is_there(index, text) && is_there(index, normal) ? normal : text;
	return 0;
}

/* ---- temporary files ------------------------------------------------------------------------------------------------------------- */

int store_temp_file(const struct store *store, struct oci_error *err)
{
	CLEANUP_CLOSE int folder = store_folder(store, "tmp", err);
	char name[TEMP_NAME_SIZE];
	int fd;

	if (folder < 0)
		return folder;
	fd = temp_create(folder, name);
	if (fd < 0)
		return err_sys(err, -fd, "%s/tmp: make a file", store->path);
	temp_remove(name, folder);
	return fd;
}

/* @ret_fd: locked; not swept before it was. */
static int make_locked(int folder, char name[TEMP_NAME_SIZE], int *ret_fd)
{
	static atomic_uint count;

	for (int i = 0; i < TRIES; i++) {
		CLEANUP_CLOSE int fd = -EBADF;
		struct stat st;

		snprintf(name, TEMP_NAME_SIZE, "%d-%u", (int)getpid(), atomic_fetch_add(&count, 1));
		if (mkdirat(folder, name, 0700)) {
			if (errno != EEXIST)
				return -errno;
			continue;
		}
		fd = openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (fd >= 0 && !RETRY_EINTR(flock(fd, LOCK_EX)) && !fstat(fd, &st) && st.st_nlink) {
			*ret_fd = TAKE_FD(fd);
			return 0;
		}
	}
	return -EEXIST;
}

int store_temp_folder(const struct store *store, int *ret_fd, char **ret_path,
		      struct oci_error *err)
{
	CLEANUP_CLOSE int folder = store_folder(store, "tmp", err);
	CLEANUP_CLOSE int fd = -EBADF;
	char name[TEMP_NAME_SIZE];
	char *path = NULL;
	int r;

	if (folder < 0)
		return folder;
	r = make_locked(folder, name, &fd);
	if (r < 0)
		return err_sys(err, -r, "%s/tmp: make a folder", store->path);
	if (asprintf(&path, "%s/tmp/%s", store->path, name) < 0) {
		(void)unlinkat(folder, name, AT_REMOVEDIR);
		return err_nomem(err);
	}
	*ret_fd = TAKE_FD(fd);
	*ret_path = path;
	return 0;
}

void store_temp_remove(int fd, char *path)
{
	/* by name: in tmp/, which is ours alone; what was published is no longer there */
	if (path)
		(void)folder_remove(AT_FDCWD, path);
	fd_closep(&fd);
	free(path);
}

struct sweep {
	bool dry_run;
	size_t count;
};

/* "PID-N" */
static bool is_alive(const char *name)
{
	int pid = atoi(name);

	return pid > 0 && (kill(pid, 0) == 0 || errno == EPERM);
}

static int sweep_one(void *ctx, int dirfd, const char *name, struct oci_error *err)
{
	CLEANUP_CLOSE int fd = openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct sweep *sweep = ctx;

	(void)err;
	/* an image may have set a mode with which a folder cannot be opened: then its name tells whose it is */
	if (fd < 0 ? is_alive(name) : flock(fd, LOCK_EX | LOCK_NB) != 0)
		return 0;
	if (sweep->dry_run || folder_remove(dirfd, name) == 0)
		sweep->count++;
	return 0;
}

size_t store_sweep(const struct store *store, bool dry_run)
{
	struct sweep sweep = { .dry_run = dry_run };
	CLEANUP_CLOSE int folder = store_folder(store, "tmp", NULL);

	if (folder >= 0)
		(void)folder_each(folder, sweep_one, &sweep, NULL);
	return sweep.count;
}

int store_discard(const struct store *store, int dirfd, const char *name, struct oci_error *err)
{
	CLEANUP_CLOSE int folder = store_folder(store, "tmp", err);
	char temp[TEMP_NAME_SIZE + 80];
	int r;

	if (folder < 0)
		return folder;
	snprintf(temp, sizeof(temp), "%d-%.70s", (int)getpid(), name);
	if (renameat(dirfd, name, folder, temp))
		return err_sys(err, errno, "%s: remove '%s'", store->path, name);
	r = folder_remove(folder, temp);
	return r < 0 ? err_sys(err, -r, "%s/tmp/%s: remove", store->path, temp) : 0;
}
