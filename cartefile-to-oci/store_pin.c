/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_pin.c - which bundles use the store's unpacked layers, whatever names the store still has.
 *
 *	STORE/pins/HEX	a path; HEX is its digest. What is there is a bundle, or a folder of bundles (a supervisor's).
 *
 * What must hold: the bundles themselves say which layers they use, each time anew, so that no record can be older than what it tells.
 */
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <ocispec-lite/runtime.h>
#include <ocispec-lite/table.h>

#include "base/error.h"
#include "base/io.h"
#include "base/mem.h"
#include "cartefile-to-oci/store-private.h"

#define FOLDER "pins"
#define LAYERS "io.carte.rootfs.layers"
#define CONFIG_MAX ((size_t)16 << 20)

/* ---- writing ---------------------------------------------------------------------------------------------------------------- */

/* Who may only read the store cannot tell it anything; its owner removes what he likes. */
static bool is_not_ours(int r)
{
	return r == -EACCES || r == -EPERM || r == -EROFS;
}

static int write_pin(const struct store *store, const char *path, const char *name)
{
	CLEANUP_CLOSE int folder = -EBADF;

	if (mkdirat(store->layout.fd, FOLDER, 0755) < 0 && errno != EEXIST)
		return -errno;
	folder = openat(store->layout.fd, FOLDER, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (folder < 0)
		return -errno;
	return io_same_at(folder, name, path, strlen(path))
		       ? 0
		       : io_replace_at(folder, name, path, strlen(path), 0644);
}

int store_pin(const struct store *store, const char *folder, struct oci_error *err)
{
	char path[PATH_MAX], name[DIGEST_HEX_LENGTH + 1];
	struct digest digest;
	int r;

	/* by name: the caller's folder, on the host */
	if (!realpath(folder, path))
		return err_sys(err, errno, "%s", folder);
	r = digest_of(path, strlen(path), &digest, err);
	if (r < 0)
		return r;
	r = write_pin(store, path, digest_hex(&digest, name));
	return r < 0 && !is_not_ours(r)
		       ? err_sys(err, -r, "%s/" FOLDER "/%s: write", store->path, name)
		       : 0;
}

/* ---- reading ---------------------------------------------------------------------------------------------------------------- */

struct pins {
	struct digest_set *diff_ids;
	bool dry_run;
	const char *path; /* at hand */
};

static int add_layers(struct pins *pins, char *const *layers, size_t len, struct oci_error *err)
{
	for (size_t i = 0; i < len; i++) {
		const char *slash = strrchr(layers[i], '/');
		struct digest digest;

		/* another store's are none of ours, and do no harm */
		if (hex_parse(slash ? slash + 1 : layers[i], "", &digest) &&
		    digest_set_add(pins->diff_ids, &digest) < 0)
			return err_nomem(err);
	}
	return 0;
}

/* 1: it is a bundle; 0: it has no config.json; -errno: nobody can tell what it needs. */
static int add_bundle(struct pins *pins, int folder, const char *name, struct oci_error *err)
{
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	struct oci_config *config = NULL;
	char *text, **layers, where[PATH_MAX + NAME_MAX];
	const char *list;
	size_t length, len;
	int r = io_read_at(folder, "config.json", CONFIG_MAX, &arena, &text, &length);

	if (r == -ENOENT)
		return 0;
	(void)snprintf(where, sizeof(where), "%s%s%s/config.json", pins->path, *name ? "/" : "",
		       name);
	if (r < 0)
		return err_sys(err, -r, "read %s", where);
	r = oci_config_parse(&arena, where, text, length, &config, err);
	if (r < 0)
		return r;
	list = oci_annotation(config->annotations, config->annotations_len, LAYERS);
	if (!list)
		return 1;
	r = oci_strings_parse(&arena, LAYERS, list, strlen(list), &layers, &len, err);
	if (r == 0)
		r = add_layers(pins, layers, len, err);
	return r < 0 ? r : 1;
}

static int add_below(void *ctx, int dirfd, const char *name, struct oci_error *err)
{
	CLEANUP_CLOSE int folder =
		openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct pins *pins = ctx;
	int r;

	if (folder < 0)
		return errno == ENOENT || errno == ENOTDIR || errno == ELOOP
			       ? 0
			       : err_sys(err, errno, "open %s/%s", pins->path, name);
	r = add_bundle(pins, folder, name, err);
	return r < 0 ? r : 0;
}

static int add_pin(void *ctx, int dirfd, const char *name, struct oci_error *err)
{
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	CLEANUP_CLOSE int folder = -EBADF;
	struct pins *pins = ctx;
	struct digest digest;
	size_t length;
	char *path;
	int r;

	if (!hex_parse(name, "", &digest))
		return 0;
	r = io_read_at(dirfd, name, PATH_MAX, &arena, &path, &length);
	if (r < 0)
		return err_sys(err, -r, FOLDER "/%s: read", name);
	/* by name: where the bundles are, on the host */
	folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder < 0 && (errno == ENOENT || errno == ENOTDIR)) {
		if (!pins->dry_run)
			(void)unlinkat(dirfd, name, 0);
		return 0;
	}
	if (folder < 0)
		return err_sys(err, errno, "open %s", path);
	pins->path = path;
	r = add_bundle(pins, folder, "", err);
	return r != 0 ? (r < 0 ? r : 0) : folder_each(folder, add_below, pins, err);
}

int store_pinned(const struct store *store, bool dry_run, struct digest_set *diff_ids,
		 struct oci_error *err)
{
	CLEANUP_CLOSE int folder =
		openat(store->layout.fd, FOLDER, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct pins pins = { .diff_ids = diff_ids, .dry_run = dry_run };

	if (folder < 0)
		return errno == ENOENT ? 0 : err_sys(err, errno, "%s/" FOLDER, store->path);
	return folder_each(folder, add_pin, &pins, err);
}
