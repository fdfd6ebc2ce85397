/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mem.h - ownership: cleanup attributes and the two ways in which it moves.
 *
 * Every cleanup is safe on NULL or a negative fd, idempotent, and keeps errno,
 * because the error path still has to report it.
 */
#ifndef CARTE_BASE_MEM_H
#define CARTE_BASE_MEM_H

#include <dirent.h>
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <ocispec-lite/arena.h>

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

static inline void mem_freep(void *slot)
{
	void **p = slot;
	int saved = errno;

	free(*p);
	*p = NULL;
	errno = saved;
}

static inline void fd_closep(int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		(void)close(*fd); /* no EINTR retry: Linux has freed the fd, close(2) NOTES */
	*fd = -EBADF;
	errno = saved;
}

static inline void mem_fclosep(FILE **file)
{
	int saved = errno;

	if (*file)
		(void)fclose(*file);
	*file = NULL;
	errno = saved;
}

static inline void mem_closedirp(DIR **dir)
{
	int saved = errno;

	if (*dir)
		(void)closedir(*dir);
	*dir = NULL;
	errno = saved;
}

#define CLEANUP_FREE __attribute__((cleanup(mem_freep)))
#define CLEANUP_CLOSE __attribute__((cleanup(fd_closep)))
#define CLEANUP_FCLOSE __attribute__((cleanup(mem_fclosep)))
#define CLEANUP_CLOSEDIR __attribute__((cleanup(mem_closedirp)))
#define CLEANUP_ARENA __attribute__((cleanup(oci_arena_free)))

/* Move ownership out of a variable that has a cleanup. */
#define TAKE_FD(fd)                      \
	({                               \
		int *take_fd_ = &(fd);   \
		int take_v_ = *take_fd_; \
		*take_fd_ = -EBADF;      \
		take_v_;                 \
	})
#define TAKE_PTR(p)                               \
	({                                        \
		__typeof__(p) *take_p_ = &(p);    \
		__typeof__(p) take_v_ = *take_p_; \
		*take_p_ = NULL;                  \
		take_v_;                          \
	})

/* Retry a call that blocks; never used on close. */
#define RETRY_EINTR(call)                                 \
	({                                                \
		__typeof__(call) retry_r_;                \
		do                                        \
			retry_r_ = (call);                \
		while (retry_r_ == -1 && errno == EINTR); \
		retry_r_;                                 \
	})

#endif
