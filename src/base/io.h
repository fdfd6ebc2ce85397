/* SPDX-License-Identifier: Apache-2.0 */
/*
 * io.h - whole reads and writes, atomic files, fds over sockets.
 */
#ifndef CARTE_BASE_IO_H
#define CARTE_BASE_IO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include <ocispec-lite/arena.h>

/**
 * io_read_fd - all of a file, NUL-terminated (the NUL is not counted).
 * @limit: more bytes than this is -EFBIG
 * Memory comes from @arena. Return: 0 or -errno.
 */
int io_read_fd(int fd, size_t limit, struct oci_arena *arena, char **ret_text, size_t *ret_length);

/** io_read_at - open, read as above, close. */
int io_read_at(int dirfd, const char *path, size_t limit, struct oci_arena *arena, char **ret_text,
	       size_t *ret_length);

/** io_read_small - at most @size - 1 bytes of a /proc, /sys or cgroup file; trailing newline cut. Length or -errno. */
ssize_t io_read_small(int dirfd, const char *path, char *buf, size_t size);

/** io_write_all - every byte, across short writes and EINTR. */
int io_write_all(int fd, const void *data, size_t length);

/** io_write_at - open O_WRONLY, one write(2) (kernel files take values whole), close. */
int io_write_at(int dirfd, const char *path, const char *text);

/** io_same_at - is there a file of this name with just these bytes? */
bool io_same_at(int dirfd, const char *name, const void *data, size_t length);

/** io_replace_at - write a new file beside @name and rename it over; leaves nothing on failure. */
int io_replace_at(int dirfd, const char *name, const void *data, size_t length, mode_t mode);

/** io_send_fds - one message of @length >= 1 bytes with @count fds (<= 16) by SCM_RIGHTS. */
int io_send_fds(int socket, const void *data, size_t length, const int *fds, size_t count);

/** io_recv_fds - the other end; fds arrive O_CLOEXEC. Bytes received (0: end of file) or -errno. */
ssize_t io_recv_fds(int socket, void *data, size_t size, int *fds, size_t max, size_t *ret_count);

/**
 * io_connect_unix - connect a socket of @type (SOCK_STREAM, ...) to a path of any length (over 107 bytes it goes through
 * /proc/self/fd of the parent folder). New fd or -errno.
 */
int io_connect_unix(int type, const char *path);

/** io_pump - copy until end of file. */
int io_pump(int from, int to);

/** parse_u64, parse_i64, parse_u32 - decimal and nothing else: no sign for unsigned, no blanks, no trailing bytes; -EINVAL or -ERANGE. */
int parse_u64(const char *text, uint64_t *ret);
int parse_i64(const char *text, int64_t *ret);
int parse_u32(const char *text, uint32_t *ret);

/** date_exists - is there that day? strptime(3) takes a 31st of any month, and timegm(3) makes a day of the next month of it. */
bool date_exists(const struct tm *tm);

#endif
