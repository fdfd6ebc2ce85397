/* SPDX-License-Identifier: Apache-2.0 */
/*
 * temp.c - files that get their name when they are complete.
 *
 * O_TMPFILE where the file system has it: a process that is killed leaves nothing. Else a name that begins with TEMP_PREFIX,
 * held by flock as long as the writer lives, so that whoever sweeps knows.
 */
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/error.h"
#include "base/io.h"
#include "base/mem.h"
#include "base/path.h"
#include "cartefile-to-oci/layout-private.h"

#define TRIES 100

static bool force_named;

void temp_force_named(bool on)
{
	force_named = on;
}

static void temp_name(char name[TEMP_NAME_SIZE])
{
	static atomic_uint count;

	snprintf(name, TEMP_NAME_SIZE, TEMP_PREFIX "%d-%u", (int)getpid(),
		 atomic_fetch_add(&count, 1));
}

static int create_named(int dirfd, char ret_name[TEMP_NAME_SIZE])
{
	for (int i = 0; i < TRIES; i++) {
		CLEANUP_CLOSE int fd = -EBADF;
		struct stat st;

		temp_name(ret_name);
		fd = openat(dirfd, ret_name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
		if (fd < 0 && errno != EEXIST)
			return -errno;
		/* who sweeps may have been faster than the lock */
		if (fd >= 0 && !RETRY_EINTR(flock(fd, LOCK_EX)) && !fstat(fd, &st) && st.st_nlink)
			return TAKE_FD(fd);
	}
	return -EEXIST;
}

int temp_create(int dirfd, char ret_name[TEMP_NAME_SIZE])
{
	int fd = -1;

	ret_name[0] = '\0';
	if (force_named)
		errno = EOPNOTSUPP;
	else
		fd = openat(dirfd, ".", O_RDWR | O_TMPFILE | O_CLOEXEC, 0644);
	if (fd >= 0) {
		(void)flock(fd, LOCK_EX); /* nobody else can have it */
		return fd;
	}
	/* EISDIR, ENOENT: a kernel or a FUSE file system that does not know the flag, open(2) */
	if (errno != EOPNOTSUPP && errno != EISDIR && errno != ENOENT)
		return -errno;
	fd = create_named(dirfd, ret_name);
	if (fd < 0)
		ret_name[0] = '\0';
	return fd;
}

static int link_unnamed(int fd, int dirfd, const char *name)
{
	char proc[32];

	/* needs CAP_DAC_READ_SEARCH, or 6.10 and the opener's credentials (open(2)); ENOENT else */
	if (!linkat(fd, "", dirfd, name, AT_EMPTY_PATH))
		return 0;
	if (errno != ENOENT)
		return -errno;
	return linkat(AT_FDCWD, path_fd_link(fd, proc), dirfd, name, AT_SYMLINK_FOLLOW) ? -errno
											: 0;
}

int temp_link(int fd, char temp_name[TEMP_NAME_SIZE], int dirfd, const char *name)
{
	if (!temp_name[0])
		return link_unnamed(fd, dirfd, name);
	/* not RENAME_NOREPLACE: the file systems that need this way lack it too */
	if (linkat(dirfd, temp_name, dirfd, name, 0))
		return -errno;
	temp_remove(temp_name, dirfd);
	return 0;
}

int temp_replace(int fd, char temp_name_[TEMP_NAME_SIZE], int temp_dirfd, int dirfd,
		 const char *name)
{
	for (int i = 0; i < TRIES && !temp_name_[0]; i++) {
		char fresh[TEMP_NAME_SIZE];
		int r;

		temp_name(fresh);
		r = link_unnamed(fd, temp_dirfd, fresh);
		if (r < 0 && r != -EEXIST)
			return r;
		if (r == 0)
			memcpy(temp_name_, fresh, sizeof(fresh));
	}
	if (!temp_name_[0])
		return -EEXIST;
	if (renameat(temp_dirfd, temp_name_, dirfd, name)) {
		int saved = errno;

		temp_remove(temp_name_, temp_dirfd);
		return -saved;
	}
	temp_name_[0] = '\0';
	return 0;
}

void temp_remove(char temp_name[TEMP_NAME_SIZE], int dirfd)
{
	if (temp_name[0])
		(void)unlinkat(dirfd, temp_name, 0);
	temp_name[0] = '\0';
}

size_t temp_sweep(int dirfd, bool dry_run)
{
	CLEANUP_CLOSEDIR DIR *dir = NULL;
	struct dirent *entry;
	size_t swept = 0;
	int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	dir = fd >= 0 ? fdopendir(fd) : NULL;
	if (!dir) {
		fd_closep(&fd);
		return 0;
	}
	while ((entry = readdir(dir))) {
		CLEANUP_CLOSE int file = -EBADF;

		if (strncmp(entry->d_name, TEMP_PREFIX, strlen(TEMP_PREFIX)) != 0)
			continue;
		file = openat(dirfd, entry->d_name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
		if (file < 0 || flock(file, LOCK_EX | LOCK_NB))
			continue;
		if (dry_run || !unlinkat(dirfd, entry->d_name, 0))
			swept++;
	}
	return swept;
}

int file_replace(int temp_dirfd, int dirfd, const char *name, const void *data, size_t length,
		 bool durable)
{
	char temp[TEMP_NAME_SIZE];
	CLEANUP_CLOSE int fd = temp_create(temp_dirfd, temp);
	int r;

	if (fd < 0)
		return fd;
	r = io_write_all(fd, data, length);
	if (r == 0 && durable && fsync(fd))
		r = -errno;
	if (r == 0 && (temp[0] || link_unnamed(fd, dirfd, name) < 0))
		r = temp_replace(fd, temp, temp_dirfd, dirfd, name);
	temp_remove(temp, temp_dirfd);
	return r;
}
