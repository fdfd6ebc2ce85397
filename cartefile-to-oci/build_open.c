/* SPDX-License-Identifier: Apache-2.0 */
/*
 * build_open.c - what goes into a build: the Cartefile, its context, the time, the base; and where the result goes.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/io.h"
#include "base/mem.h"
#include "cartefile-to-oci/build-private.h"

#define TEXT_MAX ((size_t)1 << 20)
#define IGNORE_FILE ".carteignore"

static int read_epoch(struct build *build, struct oci_error *err)
{
	const char *text = getenv("SOURCE_DATE_EPOCH");
	int64_t seconds;

	build->epoch = -1;
	if (!text || !*text)
		return 0;
	/* the year 9999, as far as RFC 3339 goes */
	if (parse_i64(text, &seconds) < 0 || seconds < 0 || seconds > INT64_C(253402300799))
		return err_set_as(err, ERR_USAGE, EINVAL,
				  "SOURCE_DATE_EPOCH: expected seconds since 1970, got '%.40s'",
				  text);
	build->epoch = seconds;
	return 0;
}

/* A fifo would block, a device might do anything; -f <(command) is one, though. */
static int open_text(int dirfd, const char *name, int *ret)
{
	CLEANUP_CLOSE int fd = openat(dirfd, name, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (S_ISDIR(st.st_mode))
		return -EISDIR;
	if (!S_ISREG(st.st_mode) && (!S_ISFIFO(st.st_mode) || dirfd != AT_FDCWD))
		return -EINVAL;
	if (S_ISFIFO(st.st_mode) && fcntl(fd, F_SETFL, 0) < 0)
		return -errno;
	*ret = TAKE_FD(fd);
	return 0;
}

static int read_text(int dirfd, const char *name, struct oci_arena *arena, char **ret,
		     size_t *ret_length, struct oci_error *err)
{
	CLEANUP_CLOSE int fd = -1;
	int r = open_text(dirfd, name, &fd);

	if (r == 0)
		r = io_read_fd(fd, TEXT_MAX, arena, ret, ret_length);
	if (r == -EFBIG)
		return err_set(err, EFBIG, "%s: has more than 1 MiB", name);
	if (r == -EINVAL)
		return err_set(err, EINVAL, "%s: is no regular file", name);
	return r < 0 ? err_sys(err, -r, "%s", name) : 0;
}

static int read_cartefile(struct build *build, int context, struct oci_error *err)
{
	const char *path = build->options->cartefile, *name = path ? path : "Cartefile";
	int r;

	if (path && strcmp(path, "-") == 0) {
		name = "<stdin>";
		r = io_read_fd(STDIN_FILENO, TEXT_MAX, &build->arena, &build->text,
			       &build->text_length);
		if (r < 0)
			return err_sys(err, -r, "read the Cartefile from standard input");
	} else {
		r = read_text(path ? AT_FDCWD : context, name, &build->arena, &build->text,
			      &build->text_length, err);
		if (r == -ENOENT && !path)
			err_hint(err, "name another one with -f");
		if (r < 0) {
			if (!path)
				err_prefix(err, "%s/", build->options->context);
			return r;
		}
	}
	return cartefile_parse(name, build->text, build->text_length, &build->arena, &build->file,
			       err);
}

static int open_context(struct build *build, struct oci_error *err)
{
	const char *path = build->options->context;
	CLEANUP_CLOSE int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct ignore *ignore = NULL;
	size_t length;
	char *text;
	int r;

	if (fd < 0 && errno == ENOENT && !strchr(path, '/'))
		return err_set_as(err, ERR_NOT_FOUND, ENOENT,
				  "'%s' is neither a command (see --help) nor a folder", path);
	if (fd < 0)
		return err_sys(err, errno, "context %s", path);
	r = read_cartefile(build, fd, err);
	if (r < 0)
		return r;
	if (faccessat(fd, IGNORE_FILE, F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
		r = read_text(fd, IGNORE_FILE, &build->arena, &text, &length, err);
		if (r == 0)
			r = ignore_parse(IGNORE_FILE, text, length, &build->arena, &ignore, err);
		if (r < 0)
			return r;
	}
	build->context.ignore = ignore;
	build->context.mtime = build->epoch < 0 ? 0 : build->epoch;
	build->context.source = tree_source_add(&build->tree, TAKE_FD(fd), path);
	return build->context.source ? 0 : err_nomem(err);
}

int build_open_inputs(struct build *build, struct oci_error *err)
{
	const struct build_options *options = build->options;
	int r = tree_init(&build->tree, err);

	if (r == 0)
		r = read_epoch(build, err);
	if (r == 0)
		r = open_context(build, err);
	if (r < 0)
		return r;
	build->plan.file = build->file;
	build->plan.compression = options->compression;
	build->plan.created = build->context.mtime;
	build->base_options = (struct base_options){
		.store = options->store,
		.platform = options->platform,
		.context = options->context,
		.mtime = build->context.mtime,
		.mtime_latest = build->epoch < 0 ? INT64_MAX : build->epoch,
	};
	return base_open(build->file, &build->base_options, &build->base, err);
}

/* ---- destinations ------------------------------------------------------------------------------------------------ */

static int check_name(const struct build *build, const struct build_dest *dest,
		      struct oci_error *err)
{
	if (dest->kind != DEST_STORE || build_name(build, dest))
		return 0;
	return err_set(err, EINVAL,
		       "%s: NAME is missing: an image in the store needs one, such as NAME "
		       "localhost/app:1.0",
		       build->file->name);
}

/* A new folder that has no blobs goes. One that another build is at work in stays. */
static void discard_folder(int fd, const char *path)
{
	static const char *const folders[] = { "blobs/sha256", "blobs" };

	for (size_t i = 0; i < ARRAY_LEN(folders); i++)
		if (unlinkat(fd, folders[i], AT_REMOVEDIR) < 0 && errno != ENOENT)
			return;
	(void)unlinkat(fd, "index.json", 0);
	(void)unlinkat(fd, "oci-layout", 0);
	(void)rmdir(path);
}

/* by name: the user's own folder */
static int open_layout(struct build *build, size_t i, struct oci_error *err)
{
	const char *path = build->dests[i].path;
	CLEANUP_CLOSE int fd = -EBADF;
	struct stat st;
	int r;

	build->is_new[i] = stat(path, &st) < 0 && errno == ENOENT;
	r = layout_open(&build->layouts[i], path, LAYOUT_CREATE, err);
	if (r == 0 || !build->is_new[i])
		return r;
	/* half made: the disk is full */
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd >= 0)
		discard_folder(fd, path);
	return r;
}

int build_open_layouts(struct build *build, struct oci_error *err)
{
	static struct build_dest to_store = { .kind = DEST_STORE };
	const struct build_options *options = build->options;
	bool needs_store = false;

	build->dests = options->dests_len > 0 ? options->dests : &to_store;
	build->dests_len = options->dests_len > 0 ? options->dests_len : 1;
	build->layouts = oci_arena_array(&build->arena, build->dests_len, sizeof(struct layout));
	build->is_new = oci_arena_array(&build->arena, build->dests_len, sizeof(bool));
	if (!build->layouts || !build->is_new)
		return err_nomem(err);
	for (size_t i = 0; i < build->dests_len; i++)
		build->layouts[i] = (struct layout)LAYOUT_INIT;
	for (size_t i = 0; i < build->dests_len; i++) {
		int r = check_name(build, &build->dests[i], err);

		if (r == 0 && build->dests[i].kind == DEST_OCI)
			r = open_layout(build, i, err);
		if (r < 0)
			return r;
		needs_store |= build->dests[i].kind != DEST_OCI;
	}
	/* what is in the store need not be made again for another archive */
	build->primary = needs_store ? &options->store->layout : &build->layouts[0];
	return 0;
}

static void discard_blob(const struct layout *layout, const struct digest *digest)
{
	char path[sizeof("blobs/sha256/") + DIGEST_HEX_LENGTH] = "blobs/sha256/";

	digest_hex(digest, path + strlen(path));
	(void)unlinkat(layout->fd, path, 0);
}

static void discard_described(const struct layout *layout, const struct oci_descriptor *descriptor)
{
	struct digest digest;

	if (digest_parse(descriptor->digest, &digest) == 0)
		discard_blob(layout, &digest);
}

static void discard_image(const struct layout *layout, const struct image_docs *image)
{
	if (!image->manifest)
		return;
	for (size_t i = 0; i < image->manifest->layers_len; i++)
		discard_described(layout, &image->manifest->layers[i]);
	discard_described(layout, image->manifest->config);
	discard_described(layout, image->descriptor);
}

/* What this build has put there. Another build that is at work in the same new folder keeps what it has, and the folder. */
static void discard_layout(const struct build *build, const struct layout *layout, const char *path)
{
	const struct image_docs *base = build->plan.base;

	discard_image(layout, &build->published);
	for (size_t i = 0; i < ARRAY_LEN(build->plan.layers); i++)
		discard_blob(layout, &build->plan.layers[i].blob);
	for (size_t i = 0; i < ARRAY_LEN(build->documents); i++)
		discard_blob(layout, &build->documents[i]);
	for (size_t i = 0; base && i < base->manifest->layers_len; i++)
		discard_described(layout, &base->manifest->layers[i]);
	discard_folder(layout->fd, path);
}

void build_discard_layouts(struct build *build)
{
	for (size_t i = 0; build->is_new && i < build->dests_len; i++)
		if (build->is_new[i] && build->layouts[i].fd >= 0)
			discard_layout(build, &build->layouts[i], build->dests[i].path);
}

void build_close(struct build *build)
{
	for (size_t i = 0; build->layouts && i < build->dests_len; i++)
		layout_close(&build->layouts[i]);
	base_close(&build->base);
	tree_free(&build->tree);
	oci_arena_free(&build->arena);
}
