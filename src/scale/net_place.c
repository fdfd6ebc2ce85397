/* SPDX-License-Identifier: Apache-2.0 */
/*
 * net_place.c - what is kept of a replica's places, so that a crash at any moment can be cleaned up: a configuration is written before
 * a plugin is given it, and the plugin's lease names the replica.
 */
#include <dirent.h>
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
#include "scale/net_parts.h"

#define TEXT_MAX ((size_t)1 << 20)

int net_place_path(const struct net *net, const char *id, const char *interface, const char *suffix,
		   char *buf, size_t size)
{
	int n = snprintf(buf, size, "%s/places/%s%s%s%s", net->run_dir, id, *interface ? "/" : "",
			 interface, suffix);

	return n < 0 || (size_t)n >= size ? -ENAMETOOLONG : 0;
}

int net_place_write(const struct net *net, const char *id, const char *interface,
		    const char *suffix, const char *text, struct oci_error *err)
{
	char path[4096];
	CLEANUP_CLOSE int fd = -EBADF;
	int r = net_place_path(net, id, "", "", path, sizeof(path));

	if (r < 0)
		return err_sys(err, -r, "%s", net->run_dir);
	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return err_sys(err, errno, "mkdir %s", path);
	r = net_place_path(net, id, interface, suffix, path, sizeof(path));
	if (r < 0)
		return err_sys(err, -r, "%s", net->run_dir);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_sys(err, errno, "create %s", path);
	r = io_write_all(fd, text, strlen(text));
	return r < 0 ? err_sys(err, -r, "write %s", path) : 0;
}

int net_place_read(const struct net *net, const char *id, const char *interface, const char *suffix,
		   char **ret)
{
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	char path[4096];
	char *text;
	size_t length;
	int r = net_place_path(net, id, interface, suffix, path, sizeof(path));

	if (r == 0)
		r = io_read_at(AT_FDCWD, path, TEXT_MAX, &arena, &text, &length);
	if (r < 0)
		return r;
	*ret = strdup(text);
	return *ret ? 0 : -ENOMEM;
}

void net_place_remove(const struct net *net, const char *id, const char *interface)
{
	char path[4096];

	if (net_place_path(net, id, interface, ".result", path, sizeof(path)) == 0)
		(void)unlink(path);
	if (net_place_path(net, id, interface, "", path, sizeof(path)) == 0)
		(void)unlink(path);
}

/* ---- leases ------------------------------------------------------------------------------------------------------ */

/* host-local writes "ID\r\nINTERFACE" into a file that is named like the address */
static size_t folder_leases_drop(int parent, const char *network,
				 bool (*stale)(void *ctx, const char *id), void *ctx)
{
	CLEANUP_CLOSEDIR DIR *dir = NULL;
	struct dirent *entry;
	size_t kept = 0;
	int fd = openat(parent, network, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0)
		return 0;
	dir = fdopendir(fd);
	if (!dir) {
		(void)close(fd);
		return 0;
	}
	while ((entry = readdir(dir))) {
		char text[256];

		if (entry->d_name[0] < '0' || entry->d_name[0] > '9' ||
		    io_read_small(fd, entry->d_name, text, sizeof(text)) < 0)
			continue;
		text[strcspn(text, "\r\n")] = '\0';
		if (stale && stale(ctx, text))
			(void)unlinkat(fd, entry->d_name, 0);
		else
			kept++;
	}
	return kept;
}

size_t net_leases_drop(const struct net *net, const char *network,
		       bool (*stale)(void *ctx, const char *id), void *ctx)
{
	CLEANUP_CLOSEDIR DIR *dir = NULL;
	char path[4096];
	struct dirent *entry;
	size_t kept = 0;

	(void)snprintf(path, sizeof(path), "%s/cni", net->state_dir);
	dir = opendir(path);
	if (!dir)
		return 0;
	while ((entry = readdir(dir)))
		if (net_name_check(entry->d_name) &&
		    (!network || strcmp(network, entry->d_name) == 0))
			kept += folder_leases_drop(dirfd(dir), entry->d_name, stale, ctx);
	return kept;
}

static bool is_id(void *ctx, const char *id)
{
	return strcmp(ctx, id) == 0;
}

void net_scrub(const struct net *net, const char *id)
{
	char path[4096], interface[IFNAMSIZ];

	if (net_namespace_path(net, id, path, sizeof(path)) == 0)
		net_namespace_drop(path, true);
	(void)net_leases_drop(net, NULL, is_id, (void *)id);
	for (unsigned i = 0; i < NET_MAX; i++) {
		(void)snprintf(interface, sizeof(interface), "eth%u", i);
		net_place_remove(net, id, interface);
	}
	if (net_place_path(net, id, "", "", path, sizeof(path)) == 0)
		(void)rmdir(path);
}
