/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image.c - one run of the converter for each image, however many ask.
 *
 *	STATE/images/HEX/	a template: config.json, digest, image.json, caps.json, passwd, group, rootfs/ (empty)
 *	STATE/images/names	which name was which
 *
 * What must hold: a folder with a name of 64 digits is whole, it was renamed to that. The layers are not in it: they are the
 * store's, so an image whose layers are gone is asked for again.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/folder.h"
#include "base/io.h"
#include "base/mem.h"
#include "scale/image-private.h"
#include "scale/job.h"

#define FRESH ".new-"
#define PREPARE_MS ((int64_t)30 * 60 * 1000) /* a slow registry */

typedef void (*image_done)(void *ctx, const struct image *image, const struct oci_error *err);

struct waiter {
	struct waiter *next;
	image_done done;
	void *ctx;
};

/* Somebody waits for this name. */
struct request {
	struct request *next;
	struct images *images;
	char *name;
	struct waiter *waiters, **last;
	struct loop_timer soon;
	struct job *job;
	char *stamp;    /* of before the program ran */
	char fresh[32]; /* the folder that it fills */
};

struct images {
	struct loop *loop;
	char *folder, *bundles, *converter, *store;
	struct image_entry *entries;
	struct image_names names;
	struct request *requests;
	unsigned serial;
};

/* ---- making and freeing -------------------------------------------------------------------------------------------- */

static void request_free(struct request *request)
{
	while (request->waiters) {
		struct waiter *next = request->waiters->next;

		free(request->waiters);
		request->waiters = next;
	}
	loop_timer_cancel(&request->soon);
	free(request->name);
	free(request->stamp);
	free(request);
}

static int open_folder(const struct images *images, struct oci_error *err)
{
	int fd = open(images->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? err_sys(err, errno, "open %s", images->folder) : fd;
}

static void remove_fresh(const struct images *images, const char *name)
{
	CLEANUP_CLOSE int folder = open_folder(images, NULL);

	if (folder >= 0)
		(void)folder_remove(folder, name);
}

void images_free(struct images *images)
{
	if (!images)
		return;
	while (images->requests) {
		struct request *next = images->requests->next;

		if (images->requests->job) {
			job_cancel(images->requests->job);
			remove_fresh(images, images->requests->fresh);
		}
		request_free(images->requests);
		images->requests = next;
	}
	while (images->entries) {
		struct image_entry *next = images->entries->next;

		image_entry_free(images->entries);
		images->entries = next;
	}
	image_names_free(&images->names);
	free(images->folder);
	free(images->bundles);
	free(images->converter);
	free(images->store);
	free(images);
}

/* What a crash left half made. */
static int sweep_fresh(void *ctx, int dirfd, const char *name, struct oci_error *err)
{
	(void)ctx;
	(void)err;
	if (strncmp(name, FRESH, strlen(FRESH)) == 0)
		(void)folder_remove(dirfd, name);
	return 0;
}

static int images_open(struct images *images, const struct images_options *options,
		       struct oci_error *err)
{
	CLEANUP_CLOSE int folder = -EBADF;
	int r;

	if (asprintf(&images->folder, "%s/images", options->state_dir) < 0) {
		images->folder = NULL;
		return err_nomem(err);
	}
	if (asprintf(&images->bundles, "%s/bundles", options->state_dir) < 0) {
		images->bundles = NULL;
		return err_nomem(err);
	}
	if (mkdir(images->bundles, 0711) < 0 && errno != EEXIST)
		return err_sys(err, errno, "make folder %s", images->bundles);
	images->converter = strdup(options->converter);
	images->store = options->store ? strdup(options->store) : NULL;
	if (!images->converter || (options->store && !images->store))
		return err_nomem(err);
	if (mkdir(images->folder, 0700) < 0 && errno != EEXIST)
		return err_sys(err, errno, "make folder %s", images->folder);
	folder = open_folder(images, err);
	r = folder < 0 ? folder : folder_each(folder, sweep_fresh, NULL, err);
	images->names.folder = images->folder;
	return r < 0 ? r : image_names_load(&images->names, err);
}

int images_new(struct loop *loop, const struct images_options *options, struct images **ret,
	       struct oci_error *err)
{
	struct images *images = calloc(1, sizeof(*images));
	int r;

	if (!images)
		return err_nomem(err);
	images->loop = loop;
	r = images_open(images, options, err);
	if (r < 0) {
		images_free(images);
		return r;
	}
	*ret = images;
	return 0;
}

/* ---- finding ------------------------------------------------------------------------------------------------------- */

static struct image_entry *entry_find(const struct images *images, const char *hex)
{
	struct image_entry *entry = images->entries;

	while (entry && (entry->gone || strcmp(entry->hex, hex) != 0))
		entry = entry->next;
	return entry;
}

static int entry_get(struct images *images, const char *hex, struct image_entry **ret,
		     struct oci_error *err)
{
	struct image_entry *entry = entry_find(images, hex);

	if (!entry) {
		int r = image_load(images->folder, hex, &entry, err);

		if (r < 0)
			return r;
		entry->next = images->entries;
		images->entries = entry;
	}
	*ret = entry;
	return 0;
}

/* The answer to all who wait; they may ask for the next one at once. */
static void answer(struct request *request, const struct image *image, const struct oci_error *err)
{
	struct request **slot = &request->images->requests;

	while (*slot != request)
		slot = &(*slot)->next;
	*slot = request->next;
	for (const struct waiter *waiter = request->waiters; waiter; waiter = waiter->next)
		waiter->done(waiter->ctx, image, err);
	request_free(request);
}

static bool has_layers(const struct image *image)
{
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	char **layers;
	size_t count;

	return image_layers(image, &arena, &layers, &count, NULL) == 0;
}

/* Known, unchanged, and all there? */
static struct image_entry *known_entry(struct request *request)
{
	const struct image_name *known = image_names_find(&request->images->names, request->name);
	struct image_entry *entry;

	if (!known || strcmp(known->stamp, request->stamp) != 0 ||
	    entry_get(request->images, known->hex, &entry, NULL) < 0 || !has_layers(&entry->image))
		return NULL;
	return entry;
}

/* ---- the program --------------------------------------------------------------------------------------------------- */

/* "cartefile-to-oci: bundle FOLDER: WORDS": its name and our folder mean nothing to whoever asked for an image */
static int program_failed(const struct request *request, const struct job_result *result,
			  struct oci_error *err)
{
	const char *line = strrchr(result->err, '\n'), *at;

	line = line ? line + 1 : result->err;
	at = strstr(line, request->fresh);
	if (at && strncmp(at + strlen(request->fresh), ": ", 2) == 0)
		line = at + strlen(request->fresh) + 2;
	if (result->timed_out)
		return err_set_as(err, ERR_TIMEOUT, ETIMEDOUT,
				  "image %s: not prepared after %d minutes", request->name,
				  (int)(PREPARE_MS / 60000));
	if (result->status == 127 && !*line)
		return err_set(err, ENOENT, "image %s: %s cannot be run", request->name,
			       request->images->converter);
	return err_set_as(err,
			  result->status > ERR_FAILED && result->status <= ERR_TIMEOUT
				  ? (enum err_kind)result->status
				  : ERR_FAILED,
			  EIO, "image %s: %s", request->name,
			  *line ? line : "its preparation ended without a word");
}

/* One that was there has become the fresh one: what is in memory is of it, and good while both say the same. */
static void exchanged(struct images *images, int folder, const char *fresh, const char *hex)
{
	static const char *const names[] = { "config.json", "image.json", "caps.json" };
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	struct image_entry *entry = entry_find(images, hex);

	for (size_t i = 0; entry && i < ARRAY_LEN(names); i++) {
		char before[IMAGE_HEX + 16], now[IMAGE_HEX + 16], *text;
		size_t length;

		(void)snprintf(before, sizeof(before), "%s/%s", fresh, names[i]);
		(void)snprintf(now, sizeof(now), "%s/%s", hex, names[i]);
		if (io_read_at(folder, before, IMAGE_DOCUMENT_MAX, &arena, &text, &length) < 0 ||
		    !io_same_at(folder, now, text, length))
			entry->gone = true;
	}
}

static int take_fresh(struct request *request, struct image_entry **ret, struct oci_error *err)
{
	struct images *images = request->images;
	CLEANUP_CLOSE int folder = open_folder(images, err);
	char path[64], digest[80], hex[IMAGE_HEX + 1];
	ssize_t n;

	if (folder < 0)
		return folder;
	(void)snprintf(path, sizeof(path), "%s/digest", request->fresh);
	n = io_read_small(folder, path, digest, sizeof(digest));
	if (n < 0 || image_hex(digest, hex) < 0)
		return err_set(err, EIO, "image %s: %s made no template of it", request->name,
			       images->converter);
	/* one that is there already is exchanged: this converter may be newer */
	if (renameat2(folder, request->fresh, folder, hex, RENAME_NOREPLACE) < 0) {
		if (errno != EEXIST ||
		    renameat2(folder, request->fresh, folder, hex, RENAME_EXCHANGE) < 0)
			return err_sys(err, errno, "rename %s/%s", images->folder, request->fresh);
		exchanged(images, folder, request->fresh, hex);
	}
	return entry_get(images, hex, ret, err);
}

static void prepared(void *ctx, const struct job_result *result)
{
	struct request *request = ctx;
	struct oci_error err = OCI_ERROR_INIT;
	struct image_entry *entry = NULL;
	int r;

	request->job = NULL;
	r = result->status == 0 ? take_fresh(request, &entry, &err)
				: program_failed(request, result, &err);
	remove_fresh(request->images, request->fresh);
	if (r == 0)
		r = image_names_put(&request->images->names, request->name, entry->hex,
				    request->stamp, &err);
	answer(request, r < 0 ? NULL : &entry->image, r < 0 ? &err : NULL);
}

static int prepare(struct request *request, struct oci_error *err)
{
	struct images *images = request->images;
	CLEANUP_FREE char *folder = NULL;
	const char *argv[18];
	size_t n = 0;

	(void)snprintf(request->fresh, sizeof(request->fresh), FRESH "%u", ++images->serial);
	if (asprintf(&folder, "%s/%s", images->folder, request->fresh) < 0) {
		folder = NULL;
		return err_nomem(err);
	}
	argv[n++] = images->converter;
	argv[n++] = "bundle";
	argv[n++] = "--template";
	/* the user is looked up for each service: its own need not be one that the image has */
	argv[n++] = "--user";
	argv[n++] = "0";
	/* what replicas were made from stays, whatever becomes of the image's name */
	argv[n++] = "--pin";
	argv[n++] = images->bundles;
	if (images->store) {
		argv[n++] = "--store";
		argv[n++] = images->store;
	}
	argv[n++] = "--";
	argv[n++] = request->name;
	argv[n++] = folder;
	/* an argument, so that an image without a program is no failure: the service may name one */
	argv[n++] = "-";
	argv[n] = NULL;
	return job_start(
		images->loop,
		&(struct job_spec){
			.argv = argv, .stdout_fd = -1, .stderr_fd = -1, .timeout_ms = PREPARE_MS },
		prepared, request, &request->job, err);
}

static void look(void *ctx)
{
	struct request *request = ctx;
	struct oci_error err = OCI_ERROR_INIT;
	struct image_entry *entry;
	int r;

	request->stamp =
		image_stamp(request->name, request->images->store, request->images->converter);
	if (!request->stamp) {
		(void)err_nomem(&err);
		answer(request, NULL, &err);
		return;
	}
	entry = known_entry(request);
	if (entry) {
		answer(request, &entry->image, NULL);
		return;
	}
	r = prepare(request, &err);
	if (r < 0)
		answer(request, NULL, &err);
}

static int request_new(struct images *images, const char *name, struct request **ret)
{
	struct request *request = calloc(1, sizeof(*request));

	if (!request)
		return -ENOMEM;
	request->images = images;
	request->last = &request->waiters;
	request->name = strdup(name);
	if (!request->name || loop_timer_set(images->loop, &request->soon, 0, look, request) < 0) {
		request_free(request);
		return -ENOMEM;
	}
	request->next = images->requests;
	images->requests = request;
	*ret = request;
	return 0;
}

int images_find(struct images *images, const char *name, image_done done, void *ctx,
		struct oci_error *err)
{
	struct request *request = images->requests;
	struct waiter *waiter;

	if (!*name || strpbrk(name, "\n\r\t"))
		return err_set_as(err, ERR_USAGE, EINVAL, "'%s' is no image's name", name);
	while (request && strcmp(request->name, name) != 0)
		request = request->next;
	if (!request && request_new(images, name, &request) < 0)
		return err_nomem(err);
	waiter = calloc(1, sizeof(*waiter));
	if (!waiter)
		return err_nomem(err);
	waiter->done = done;
	waiter->ctx = ctx;
	*request->last = waiter;
	request->last = &waiter->next;
	return 0;
}

/* ---- sweeping ------------------------------------------------------------------------------------------------------ */

struct sweep {
	struct images *images;
	const char *const *ids;
	size_t count;
};

static int sweep_one(void *ctx, int dirfd, const char *name, struct oci_error *err)
{
	const struct sweep *sweep = ctx;
	char id[IMAGE_HEX + 8];
	struct image_entry *entry;
	int r;

	if (strlen(name) != IMAGE_HEX || strspn(name, "0123456789abcdef") != IMAGE_HEX)
		return 0;
	(void)snprintf(id, sizeof(id), "sha256:%s", name);
	for (size_t i = 0; i < sweep->count; i++)
		if (strcmp(sweep->ids[i], id) == 0)
			return 0;
	/* forgotten first: a name never leads to half a folder */
	r = image_names_forget(&sweep->images->names, name, err);
	if (r < 0)
		return r;
	entry = entry_find(sweep->images, name);
	if (entry)
		entry->gone = true;
	r = folder_remove(dirfd, name);
	return r < 0 ? err_sys(err, -r, "remove %s/%s", sweep->images->folder, name) : 0;
}

int images_sweep(struct images *images, const char *const *ids, size_t count, struct oci_error *err)
{
	struct sweep sweep = { images, ids, count };
	CLEANUP_CLOSE int folder = open_folder(images, err);

	return folder < 0 ? folder : folder_each(folder, sweep_one, &sweep, err);
}
