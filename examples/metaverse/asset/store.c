/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store.c - a file has its content's digest as its name, so it never changes, and writing it twice is the same as once.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "asset/store.h"
#include "base/error.h"
#include "base/mem.h"

/* An upload writes all the time or is ended by its connection's timeout: what was not written to for so long is nobody's. */
#define STALE_SECONDS 3600

static int open_folder(int at, const char *name)
{
	int fd;

	if (mkdirat(at, name, 0700) < 0 && errno != EEXIST)
		return -errno;
	fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return -errno;
	return fd;
}

static void remove_stale(int temps)
{
	CLEANUP_CLOSEDIR DIR *dir = NULL;
	int fd = openat(temps, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const struct dirent *entry;
	struct stat st;

	if (fd < 0)
		return;
	dir = fdopendir(fd);
	if (!dir) {
		(void)close(fd);
		return;
	}
	while ((entry = readdir(dir)) != NULL)
		if (fstatat(temps, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		    S_ISREG(st.st_mode) && time(NULL) - st.st_mtime > STALE_SECONDS)
			(void)unlinkat(temps, entry->d_name, 0);
}

int store_open(struct store *store, const char *folder, struct oci_error *err)
{
	CLEANUP_CLOSE int top = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	store->files = store->temps = -1;
	if (top < 0)
		return err_sys(err, errno, "%s", folder);
	store->files = open_folder(top, "files");
	if (store->files < 0)
		return err_sys(err, -store->files, "%s/files", folder);
	store->temps = open_folder(top, "tmp");
	if (store->temps < 0)
		return err_sys(err, -store->temps, "%s/tmp", folder);
	remove_stale(store->temps);
	return 0;
}

void store_close(struct store *store)
{
	fd_closep(&store->files);
	fd_closep(&store->temps);
}

int store_temp(const struct store *store, char ret_name[STORE_TEMP_MAX])
{
	uint64_t number[2] = { 0, 0 };
	int fd;

	if (getrandom(number, sizeof(number), 0) != sizeof(number))
		return -EIO;
	(void)snprintf(ret_name, STORE_TEMP_MAX, "%016" PRIx64 "%016" PRIx64, number[0], number[1]);
	fd = openat(store->temps, ret_name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	return fd;
}

void store_drop(const struct store *store, const char *name)
{
	(void)unlinkat(store->temps, name, 0);
}

int store_publish(const struct store *store, const char *name, const char *id)
{
	if (renameat(store->temps, name, store->files, id) < 0)
		return -errno;
	/* The name has to survive a crash too. */
	return fsync(store->files) < 0 ? -errno : 0;
}

int store_read(const struct store *store, const char *id)
{
	int fd = openat(store->files, id, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0)
		return -errno;
	return fd;
}

int store_remove(const struct store *store, const char *id)
{
	return unlinkat(store->files, id, 0) < 0 && errno != ENOENT ? -errno : 0;
}
