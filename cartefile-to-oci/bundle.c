/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bundle.c - the folder: rootfs, layers, config.json last; see bundle.h.
 *
 * What must hold: a folder with a config.json is a whole bundle, and one that could not be made is as it was before. An
 * ordinary user's work is done as root of a user namespace, so that files have the owners that the image says.
 */
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/io.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/sys_process.h"
#include "cartefile-to-oci/bundle_config.h"
#include "cartefile-to-oci/bundle_seccomp.h"
#include "cartefile-to-oci/store-private.h"
#include "cartefile-to-oci/unpack.h"

struct job {
	const struct store *store;
	const struct layout *layout;
	const struct image_docs *image;
	const char *folder;
	const struct bundle_options *options;
	const struct rootless *ids;
	struct oci_arena arena;
	struct bundle_facts facts;
	int dir;        /* the folder */
	bool made;      /* it is new */
	bool empty;     /* it was, new or not: what is in it is ours */
	bool made_root; /* so is rootfs in it */
};

/* --template, in the order of what write_template has for them */
static const char *const template_files[] = { "digest", "image.json", "passwd", "group",
					      "caps.json" };

/* ---- the folder ---------------------------------------------------------------------------- */

/* Has it nothing in it? 1, 0 or -errno */
static int is_empty(int folder)
{
	int fd = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CLEANUP_CLOSEDIR DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;

	if (!dir)
		return -errno;
	while (errno = 0, (entry = readdir(dir)))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			return 0;
	return errno ? -errno : 1;
}

static int check_empty(const struct job *job, struct oci_error *err)
{
	int r = is_empty(job->dir);

	if (r < 0)
		return err_sys(err, -r, "read folder %s", job->folder);
	if (r == 0)
		return err_set_as(err, ERR_EXISTS, ENOTEMPTY,
				  "%s is not empty: a bundle needs a new or an empty folder",
				  job->folder);
	return 0;
}

static int open_folder(struct job *job, struct oci_error *err)
{
	int r;

	/* by name: the folder that the caller gave, on the host */
	if (mkdir(job->folder, 0755) == 0)
		job->made = true;
	else if (errno != EEXIST)
		return err_sys(err, errno, "make folder %s", job->folder);
	job->dir = open(job->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (job->dir < 0)
		return err_sys(err, errno, "open folder %s", job->folder);
	r = check_empty(job, err);
	job->empty = r == 0;
	return r;
}

static int make_root(struct job *job, struct oci_error *err)
{
	if (mkdirat(job->dir, "rootfs", 0755) < 0)
		return err_sys(err, errno, "make %s/rootfs", job->folder);
	job->made_root = true;
	return 0;
}

/* Undo what was made, nothing else. */
static void remove_made(const struct job *job)
{
	if (job->empty) {
		(void)unlinkat(job->dir, "config.json", 0);
		for (size_t i = 0; job->options->template && i < ARRAY_LEN(template_files); i++)
			(void)unlinkat(job->dir, template_files[i], 0);
		if (job->made_root)
			(void)folder_remove(job->dir, "rootfs");
	}
	if (job->made)
		(void)rmdir(job->folder);
}

/* ---- the root ------------------------------------------------------------------------------ */

static int open_layers(char **paths, size_t len, struct bundle_layers *layers,
		       struct oci_arena *arena, struct oci_error *err)
{
	layers->fds = oci_arena_array(arena, len ? len : 1, sizeof(*layers->fds));
	if (!layers->fds)
		return err_nomem(err);
	for (; layers->len < len; layers->len++) {
		/* by name: the store's own folders */
		int fd = open(paths[layers->len], O_PATH | O_DIRECTORY | O_CLOEXEC);

		if (fd < 0)
			return err_sys(err, errno, "open %s", paths[layers->len]);
		layers->fds[layers->len] = fd;
	}
	return 0;
}

static void close_layers(struct bundle_layers *layers)
{
	while (layers->len > 0)
		(void)close(layers->fds[--layers->len]);
}

static int root_from_layers(struct job *job, struct bundle_layers *layers, struct oci_error *err)
{
	struct bundle_facts *facts = &job->facts;
	char **paths;
	size_t len;
	int r = unpack_store_layers(job->store, job->layout, job->image, &paths, &len, err);

	if (r < 0)
		return r;
	facts->layers = oci_arena_array(&job->arena, len ? len : 1, sizeof(*facts->layers));
	for (size_t i = 0; i < len; i++) {
		if (facts->layers)
			facts->layers[i] = oci_arena_strdup(&job->arena, paths[i]);
		if (facts->layers && !facts->layers[i])
			facts->layers = NULL;
		free(paths[i]);
	}
	free(paths);
	if (!facts->layers)
		return err_nomem(err);
	facts->layers_len = len;
	if (!len)
		return err_set(err, EINVAL, "the image has no layer: there is nothing to run");
	return open_layers(facts->layers, len, layers, &job->arena, err);
}

static int root_from_copy(struct job *job, struct bundle_layers *layers, struct oci_error *err)
{
	char *path = oci_arena_printf(&job->arena, "%s/rootfs", job->folder);
	size_t lost;
	int r;

	if (!path)
		return err_nomem(err);
	r = unpack_image(job->layout, job->image, path, &lost, err);
	return r < 0 ? r : open_layers(&path, 1, layers, &job->arena, err);
}

/* ---- config.json --------------------------------------------------------------------------- */

/* Root may raise limits, but not in a user namespace, nor where somebody took that from it (capabilities(7)). */
static bool may_raise(const struct rootless *ids)
{
	uint64_t permitted, effective, inheritable;
	unsigned inside, outside, count;
	char map[64];

	if (ids->uids_len || sys_capget(&permitted, &effective, &inheritable) < 0 ||
	    !(effective & UINT64_C(1) << CAP_SYS_RESOURCE))
		return false;
	return io_read_small(AT_FDCWD, "/proc/self/uid_map", map, sizeof(map)) < 0 ||
	       sscanf(map, "%u %u %u", &inside, &outside, &count) != 3 || count == UINT32_MAX;
}

static uint64_t hard_limit(int resource, bool raise)
{
	struct rlimit limit;

	if (raise)
		return UINT64_MAX;
	return getrlimit((__rlimit_resource_t)resource, &limit) < 0 ? 1024
								    : (uint64_t)limit.rlim_max;
}

/* -v: what is to be mounted must be there, or the container would only say so when it starts. */
static int check_sources(const struct oci_config *config, struct oci_error *err)
{
	struct stat st;

	for (size_t i = 0; i < config->mounts_len; i++) {
		const struct oci_mount *mount = &config->mounts[i];

		/* by name: the host's, as the caller wrote it */
		if (mount->type && strcmp(mount->type, "bind") == 0 && stat(mount->source, &st) < 0)
			return err_sys(err, errno, "-v: %s (for %s)", mount->source,
				       mount->destination);
	}
	return 0;
}

static int write_config(struct job *job, struct oci_error *err)
{
	CLEANUP_FREE char *text = NULL;
	struct oci_config *config;
	size_t length = 0;
	int r = bundle_config(job->image->config, job->options, &job->facts, &job->arena, &config,
			      err);

	if (r == 0)
		r = check_sources(config, err);
	if (r == 0)
		r = oci_config_emit(config, OCI_EMIT_INDENT, &text, &length, err);
	if (r < 0)
		return r;
	r = io_replace_at(job->dir, "config.json", text, length, 0644);
	return r < 0 ? err_sys(err, -r, "write %s/config.json", job->folder) : 0;
}

/* What is not in config.json, and who makes a container's from it needs: a file that the image has not is not written. */
static int write_template(struct job *job, struct oci_error *err)
{
	CLEANUP_FREE char *image = NULL;
	size_t length = 0;
	char digest[DIGEST_TEXT_SIZE];
	int r = oci_image_config_emit(job->image->config, OCI_EMIT_INDENT, &image, &length, err);
	const char *caps = bundle_seccomp_caps(&job->arena);
	const char *texts[] = { digest, image, job->facts.users.passwd, job->facts.users.group,
				caps };

	_Static_assert(ARRAY_LEN(texts) == ARRAY_LEN(template_files), "one text for each");
	if (r < 0)
		return r;
	digest_format(&job->image->manifest_digest, digest);
	if (!caps)
		return err_nomem(err);
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		if (!texts[i])
			continue;
		r = io_replace_at(job->dir, template_files[i], texts[i], strlen(texts[i]), 0644);
		if (r < 0)
			return err_sys(err, -r, "write %s/%s", job->folder, template_files[i]);
	}
	return 0;
}

static int gather_facts(struct job *job, const struct bundle_layers *layers, struct oci_error *err)
{
	struct bundle_facts *facts = &job->facts;
	char here[PATH_MAX];
	bool raise;

	if (!getcwd(here, sizeof(here)))
		return err_sys(err, errno, "the current folder");
	facts->ids = *job->ids;
	facts->folder = oci_arena_strdup(&job->arena, here);
	if (!facts->folder)
		return err_nomem(err);
	raise = may_raise(job->ids);
	facts->nofile = hard_limit(RLIMIT_NOFILE, raise);
	facts->nproc = hard_limit(RLIMIT_NPROC, raise);
	/* by name: the host's */
	facts->resolv_conf = access("/etc/resolv.conf", R_OK) == 0;
	facts->hosts = access("/etc/hosts", R_OK) == 0;
	return bundle_user_files(layers, &job->arena, &facts->users, err);
}

static int fill(struct job *job, struct oci_error *err)
{
	struct bundle_layers layers = { 0 };
	int r = make_root(job, err);

	if (r == 0)
		r = job->options->copy ? root_from_copy(job, &layers, err)
				       : root_from_layers(job, &layers, err);
	if (r == 0)
		r = gather_facts(job, &layers, err);
	close_layers(&layers);
	if (r == 0 && job->options->template)
		r = write_template(job, err);
	return r < 0 ? r : write_config(job, err);
}

static int make_bundle(void *ctx, const struct rootless *ids, struct oci_error *err)
{
	struct job *job = ctx;
	int r;

	job->ids = ids;
	r = open_folder(job, err);
	if (r == 0)
		r = fill(job, err);
	if (r < 0)
		remove_made(job);
	fd_closep(&job->dir);
	oci_arena_free(&job->arena);
	return r;
}

int bundle_write(const struct store *store, const struct layout *layout,
		 const struct image_docs *image, const char *folder,
		 const struct bundle_options *options, struct oci_error *err)
{
	struct job job = {
		.store = store,
		.layout = layout,
		.image = image,
		.folder = folder,
		.options = options,
		.arena = OCI_ARENA_INIT,
		.dir = -EBADF,
	};

	return rootless_run(make_bundle, &job, err);
}
