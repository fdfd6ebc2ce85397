/* SPDX-License-Identifier: Apache-2.0 */
/*
 * io.c - whole reads and writes, files that appear at once, fds over sockets.
 *
 * Every fd made here is O_CLOEXEC. Nothing here keeps a file half written
 * under its final name.
 */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/io.h"
#include "base/mem.h"

#define IO_FDS_MAX 16
#define IO_FIRST_BLOCK 4096
#define IO_REPLACE_TRIES 16

/* How much to ask for at first: a regular file tells, /proc and pipes do not. */
static size_t first_size(int fd, size_t limit, bool *ret_exact)
{
	struct stat st;
	size_t want = IO_FIRST_BLOCK;

	*ret_exact = false;
	if (!fstat(fd, &st) && S_ISREG(st.st_mode) && st.st_size > 0) {
		*ret_exact = true;
		want = (uintmax_t)st.st_size < limit ? (size_t)st.st_size + 1 : limit + 1;
	}
	return want <= limit ? want : limit + 1;
}

int io_read_fd(int fd, size_t limit, struct oci_arena *arena, char **ret_text, size_t *ret_length)
{
	size_t size, length = 0;
	bool exact;
	char *buf;

	if (limit > SSIZE_MAX - 2)
		limit = SSIZE_MAX - 2;
	size = first_size(fd, limit, &exact);
	buf = oci_arena_alloc(arena, size + 1);
	if (!buf)
		return -ENOMEM;
	for (;;) {
		ssize_t n = RETRY_EINTR(read(fd, buf + length, size - length));

		if (n < 0)
			return -errno;
		length += (size_t)n;
		if (length > limit)
			return -EFBIG;
		/* one byte more was asked for than the file has: a short read is its end */
		if (n == 0 || (exact && length < size))
			break;
		if (length == size) {
			size_t larger = size < limit / 2 ? size * 2 : limit + 1;
			char *moved = oci_arena_alloc(arena, larger + 1);

			if (!moved)
				return -ENOMEM;
			memcpy(moved, buf, length);
			buf = moved;
			size = larger;
			exact = false;
		}
	}
	buf[length] = '\0';
	*ret_text = buf;
	if (ret_length)
		*ret_length = length;
	return 0;
}

int io_read_at(int dirfd, const char *path, size_t limit, struct oci_arena *arena, char **ret_text,
	       size_t *ret_length)
{
	CLEANUP_CLOSE int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	return io_read_fd(fd, limit, arena, ret_text, ret_length);
}

ssize_t io_read_small(int dirfd, const char *path, char *buf, size_t size)
{
	CLEANUP_CLOSE int fd = -EBADF;
	size_t length = 0;

	if (!size)
		return -EINVAL;
	fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	while (length < size - 1) {
		ssize_t n = RETRY_EINTR(read(fd, buf + length, size - 1 - length));

		if (n < 0)
			return -errno;
		if (!n)
			break;
		length += (size_t)n;
		/*
		 * A single line is the whole of a value file, so the read that would return 0
		 * is saved. More lines may come in pieces (seq_file works by pages).
		 */
		if (memchr(buf, '\n', length) == buf + length - 1)
			break;
	}
	if (length && buf[length - 1] == '\n')
		length--;
	buf[length] = '\0';
	return (ssize_t)length;
}

int io_write_all(int fd, const void *data, size_t length)
{
	const char *p = data;

	while (length) {
		ssize_t n = RETRY_EINTR(write(fd, p, length));

		if (n < 0)
			return -errno;
		p += n;
		length -= (size_t)n;
	}
	return 0;
}

bool io_same_at(int dirfd, const char *name, const void *data, size_t length)
{
	CLEANUP_CLOSE int fd = openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	const char *p = data;
	char buf[4096];
	struct stat st;

	if (fd < 0 || fstat(fd, &st) || !S_ISREG(st.st_mode) || (uint64_t)st.st_size != length)
		return false;
	while (length) {
		ssize_t n = RETRY_EINTR(read(fd, buf, sizeof(buf)));

		if (n <= 0 || (size_t)n > length || memcmp(buf, p, (size_t)n) != 0)
			return false;
		p += n;
		length -= (size_t)n;
	}
	return true;
}

int io_write_at(int dirfd, const char *path, const char *text)
{
	CLEANUP_CLOSE int fd = openat(dirfd, path, O_WRONLY | O_CLOEXEC);
	size_t length = strlen(text);
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = RETRY_EINTR(write(fd, text, length));
	if (n < 0)
		return -errno;
	return (size_t)n == length ? 0 : -EIO;
}

/* Give the unnamed file @fd a name. */
static int link_fd(int fd, int dirfd, const char *name)
{
	char proc[32];

	/* needs CAP_DAC_READ_SEARCH, or 6.10 and the opener's credentials (open(2)); ENOENT else */
	if (!linkat(fd, "", dirfd, name, AT_EMPTY_PATH))
		return 0;
	if (errno != ENOENT)
		return -errno;
	snprintf(proc, sizeof(proc), "/proc/self/fd/%d", fd);
	return linkat(AT_FDCWD, proc, dirfd, name, AT_SYMLINK_FOLLOW) ? -errno : 0;
}

/*
 * @name exists: go over ".NAME.tmp". That one is complete from the moment on
 * which it is there, so it does not matter whose it is: a stale one (killed
 * between link and rename) is thrown away. -ENOENT: a concurrent writer took
 * ours for stale; a file that has lost its last name cannot be linked again.
 */
static int link_over(int fd, int dirfd, const char *name)
{
	char tmp[NAME_MAX + 1];
	int r;

	if (snprintf(tmp, sizeof(tmp), ".%s.tmp", name) >= (int)sizeof(tmp))
		return -ENAMETOOLONG;
	for (int tries = 0; tries < IO_REPLACE_TRIES; tries++) {
		r = link_fd(fd, dirfd, tmp);
		if (r == -EEXIST && (!unlinkat(dirfd, tmp, 0) || errno == ENOENT))
			continue;
		if (r < 0)
			return r;
		if (!renameat(dirfd, tmp, dirfd, name))
			return 0;
		r = -errno;
		if (r != -ENOENT)
			(void)unlinkat(dirfd, tmp, 0);
		return r;
	}
	return -ENOENT;
}

/* File systems without O_TMPFILE: a name of our own, unlinked when anything fails. */
static int replace_named(int dirfd, const char *name, const void *data, size_t length, mode_t mode)
{
	CLEANUP_CLOSE int fd = -EBADF;
	char tmp[NAME_MAX + 1];
	int r;

	if (snprintf(tmp, sizeof(tmp), ".%s.%d.tmp", name, (int)getpid()) >= (int)sizeof(tmp))
		return -ENAMETOOLONG;
	(void)unlinkat(dirfd, tmp, 0); /* of a killed process that had our pid */
	fd = openat(dirfd, tmp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
	if (fd < 0)
		return -errno;
	r = io_write_all(fd, data, length);
	if (!r && renameat(dirfd, tmp, dirfd, name))
		r = -errno;
	if (r < 0)
		(void)unlinkat(dirfd, tmp, 0);
	return r;
}

/*
 * An unnamed file is written first: kill -9 before the link leaves nothing.
 * Without an older file of that name the link is all, so nothing is ever left.
 */
int io_replace_at(int dirfd, const char *name, const void *data, size_t length, mode_t mode)
{
	CLEANUP_CLOSE int fd = -EBADF;
	int r;

	if (!*name || strchr(name, '/'))
		return -EINVAL;
	fd = openat(dirfd, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, mode);
	if (fd < 0) {
		/* EISDIR, ENOENT: kernels and file systems that do not know the flag, open(2) BUGS */
		if (errno == EOPNOTSUPP || errno == EISDIR || errno == ENOENT || errno == EINVAL)
			return replace_named(dirfd, name, data, length, mode);
		return -errno;
	}
	r = io_write_all(fd, data, length);
	if (r < 0)
		return r;
	r = link_fd(fd, dirfd, name);
	if (r == -EEXIST)
		r = link_over(fd, dirfd, name);
	/* no /proc to link through, or a concurrent writer: take a name of our own */
	if (r == -ENOENT)
		r = replace_named(dirfd, name, data, length, mode);
	return r;
}

int io_pump(int from, int to)
{
	char buf[8192];

	for (;;) {
		ssize_t n = RETRY_EINTR(read(from, buf, sizeof(buf)));
		int r;

		if (n < 0)
			return -errno;
		if (!n)
			return 0;
		r = io_write_all(to, buf, (size_t)n);
		if (r < 0)
			return r;
	}
}

union fds_control {
	struct cmsghdr align;
	char bytes[CMSG_SPACE(sizeof(int) * IO_FDS_MAX)];
};

int io_send_fds(int socket, const void *data, size_t length, const int *fds, size_t count)
{
	union fds_control control;
	struct iovec iov = { .iov_base = (void *)data, .iov_len = length };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	ssize_t n;

	if (!length || count > IO_FDS_MAX)
		return -EINVAL;
	if (count) {
		struct cmsghdr *head;

		memset(&control, 0, sizeof(control));
		msg.msg_control = control.bytes;
		msg.msg_controllen = CMSG_SPACE(sizeof(int) * count);
		head = CMSG_FIRSTHDR(&msg);
		head->cmsg_level = SOL_SOCKET;
		head->cmsg_type = SCM_RIGHTS;
		head->cmsg_len = CMSG_LEN(sizeof(int) * count);
		memcpy(CMSG_DATA(head), fds, sizeof(int) * count);
	}
	n = RETRY_EINTR(sendmsg(socket, &msg, MSG_NOSIGNAL));
	if (n < 0)
		return -errno;
	/* the fds went with the first byte; the rest of a stream's message follows plainly */
	while ((size_t)n < length) {
		ssize_t more = RETRY_EINTR(
			send(socket, (const char *)data + n, length - (size_t)n, MSG_NOSIGNAL));

		if (more < 0)
			return -errno;
		n += more;
	}
	return 0;
}

static void close_fds(const int *fds, size_t count)
{
	for (size_t i = 0; i < count; i++)
		(void)close(fds[i]);
}

ssize_t io_recv_fds(int socket, void *data, size_t size, int *fds, size_t max, size_t *ret_count)
{
	union fds_control control;
	struct iovec iov = { .iov_base = data, .iov_len = size };
	struct msghdr msg = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = control.bytes,
			      .msg_controllen = sizeof(control.bytes) };
	int got[IO_FDS_MAX];
	size_t count = 0;
	ssize_t n;

	n = RETRY_EINTR(recvmsg(socket, &msg, MSG_CMSG_CLOEXEC));
	if (n < 0)
		return -errno;
	for (struct cmsghdr *head = CMSG_FIRSTHDR(&msg); head; head = CMSG_NXTHDR(&msg, head)) {
		size_t here;

		if (head->cmsg_level != SOL_SOCKET || head->cmsg_type != SCM_RIGHTS)
			continue;
		here = (head->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		if (here > IO_FDS_MAX - count) /* cannot be: the control buffer is that large */
			here = IO_FDS_MAX - count;
		memcpy(got + count, CMSG_DATA(head), here * sizeof(int));
		count += here;
	}
	if (count > max || (msg.msg_flags & MSG_CTRUNC)) {
		close_fds(got, count);
		return -EMSGSIZE;
	}
	if (count)
		memcpy(fds, got, count * sizeof(int));
	if (ret_count)
		*ret_count = count;
	return n;
}

/* A path that sun_path cannot hold goes through the O_PATH fd of its folder. */
static int connect_long(int fd, const char *path, struct sockaddr_un *addr)
{
	CLEANUP_CLOSE int dir = -EBADF;
	CLEANUP_FREE char *folder = NULL;
	const char *name = strrchr(path, '/');
	int n;

	if (!name || !name[1])
		return -ENAMETOOLONG;
	folder = strndup(path, (size_t)(name - path) + 1);
	if (!folder)
		return -ENOMEM;
	dir = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return -errno;
	n = snprintf(addr->sun_path, sizeof(addr->sun_path), "/proc/self/fd/%d%s", dir, name);
	if (n >= (int)sizeof(addr->sun_path))
		return -ENAMETOOLONG;
	return RETRY_EINTR(connect(fd, (struct sockaddr *)addr, sizeof(*addr))) ? -errno : 0;
}

int io_connect_unix(int type, const char *path)
{
	CLEANUP_CLOSE int fd = -EBADF;
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	size_t length = strlen(path);
	int r;

	if (!length)
		return -ENOENT;
	fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (length < sizeof(addr.sun_path)) {
		memcpy(addr.sun_path, path, length + 1);
		r = RETRY_EINTR(connect(fd, (struct sockaddr *)&addr, sizeof(addr))) ? -errno : 0;
	} else {
		r = connect_long(fd, path, &addr);
	}
	return r < 0 ? r : TAKE_FD(fd);
}
