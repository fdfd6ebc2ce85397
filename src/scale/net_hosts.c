/* SPDX-License-Identifier: Apache-2.0 */
/*
 * net_hosts.c - an /etc/hosts of replicas.
 *
 * The file is bind-mounted: a new one under the same name would not be seen. Who reads while it is written over must find no empty file
 * and no line that is cut: it gets its new length first, by empty lines, then its text in one piece, and is shortened last.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/io.h"
#include "base/mem.h"
#include "scale/net.h"

#define HOSTS_MAX ((size_t)4 << 20)

static void put_host(FILE *out, struct in_addr address, const char *names)
{
	char text[INET_ADDRSTRLEN];

	(void)fprintf(out, "%s\t%s\n", inet_ntop(AF_INET, &address, text, sizeof(text)), names);
}

static int put_extra(FILE *out, const struct spec_pairs *extra, struct oci_error *err)
{
	struct in6_addr any;

	for (size_t i = 0; extra && i < extra->len; i++) {
		const char *address = extra->items[i].value, *name = extra->items[i].key;

		if (!address || (inet_pton(AF_INET, address, &any) != 1 &&
				 inet_pton(AF_INET6, address, &any) != 1))
			return err_set(err, EINVAL, "extra_hosts: %s: '%s' is no address", name,
				       address ? address : "");
		(void)fprintf(out, "%s\t%s\n", address, name);
	}
	return 0;
}

static int hosts_text(const char *own_names, struct in_addr own, const struct net_host *hosts,
		      size_t count, const struct spec_pairs *extra, char **ret, size_t *ret_length,
		      struct oci_error *err)
{
	CLEANUP_FREE char *text = NULL;
	FILE *out = open_memstream(&text, ret_length);
	int r;

	if (!out)
		return err_nomem(err);
	(void)fputs("127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n", out);
	if (own_names && *own_names) {
		/* 127.0.1.1, as Debian does */
		struct in_addr loopback = { .s_addr = htonl(0x7f000101) };

		put_host(out, own.s_addr ? own : loopback, own_names);
	}
	for (size_t i = 0; i < count; i++)
		put_host(out, hosts[i].address, hosts[i].names);
	r = put_extra(out, extra, err);
	if (fclose(out) != 0)
		r = r < 0 ? r : err_nomem(err);
	if (r == 0)
		*ret = TAKE_PTR(text);
	return r;
}

static int write_at(int fd, const char *text, size_t length, size_t at)
{
	ssize_t n = RETRY_EINTR(pwrite(fd, text, length, (off_t)at));

	return n < 0 ? -errno : (size_t)n == length ? 0 : -ENOSPC;
}

static int write_over(int fd, const char *text, size_t length, size_t old)
{
	size_t whole = length > old ? length : old;
	CLEANUP_FREE char *padded = malloc(whole + 1);
	int r = 0;

	if (!padded)
		return -ENOMEM;
	memset(padded, '\n', whole);
	if (length > old)
		r = write_at(fd, padded, length - old, old);
	memcpy(padded, text, length);
	if (r == 0)
		r = write_at(fd, padded, whole, 0);
	if (r == 0 && old > length && ftruncate(fd, (off_t)length) < 0)
		r = -errno;
	return r;
}

int net_hosts_write(const char *path, const char *own_names, struct in_addr own,
		    const struct net_host *hosts, size_t count, const struct spec_pairs *extra,
		    struct oci_error *err)
{
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	CLEANUP_FREE char *text = NULL;
	CLEANUP_CLOSE int fd = -EBADF;
	size_t length, old_length;
	char *old;
	int r = hosts_text(own_names, own, hosts, count, extra, &text, &length, err);

	if (r < 0)
		return r;
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (fd < 0)
		return err_sys(err, errno, "open %s", path);
	r = io_read_fd(fd, HOSTS_MAX, &arena, &old, &old_length);
	if (r < 0)
		return err_sys(err, -r, "read %s", path);
	if (old_length == length && memcmp(old, text, length) == 0)
		return 0;
	r = write_over(fd, text, length, old_length);
	return r < 0 ? err_sys(err, -r, "write %s", path) : 0;
}
