/* SPDX-License-Identifier: Apache-2.0 */
/*
 * blob_mark.c - a blob of the store that was written to is seen without reading it.
 *
 * A blob's time is a number of its digest, before the year 2004; whoever writes to it sets the time of the day. One with another
 * time is read: it is damaged, or gets its mark again (it was copied, or is of another program). What a disk forgets by itself
 * only fsck sees.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/io.h"
#include "base/mem.h"
#include "cartefile-to-oci/layout-private.h"

#define READ_SIZE ((size_t)64 << 10)

static time_t mark_of(const struct digest *digest)
{
	return (time_t)digest->bytes[0] << 22 | (time_t)digest->bytes[1] << 14 |
	       (time_t)digest->bytes[2] << 6 | 1;
}

void blob_mark(int fd, const struct digest *digest)
{
	const struct timespec times[2] = { { .tv_nsec = UTIME_OMIT },
					   { .tv_sec = mark_of(digest) } };

	/* without it the blob is read when it is asked for */
	(void)futimens(fd, times);
}

static int digest_of_file(int fd, struct digest *ret)
{
	CLEANUP_FREE unsigned char *buffer = malloc(READ_SIZE);
	struct digest_state state;
	ssize_t n;

	if (!buffer || digest_begin(&state, NULL) < 0)
		return -ENOMEM;
	while ((n = RETRY_EINTR(read(fd, buffer, READ_SIZE))) > 0)
		digest_add(&state, buffer, (size_t)n);
	if (n < 0) {
		digest_abandon(&state);
		return -errno;
	}
	digest_end(&state, ret);
	return 0;
}

int blob_check(int dirfd, const char *path, const struct digest *digest, const struct stat *st)
{
	CLEANUP_CLOSE int fd = -EBADF;
	struct digest found;
	int r;

	if (st->st_mtim.tv_sec == mark_of(digest) && st->st_mtim.tv_nsec == 0)
		return 1;
	fd = openat(dirfd, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	r = digest_of_file(fd, &found);
	if (r < 0)
		return r;
	if (!digest_equal(&found, digest))
		return 0;
	blob_mark(fd, digest);
	return 1;
}
