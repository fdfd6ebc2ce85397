/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_fsck.c - is what the store holds what it should be?
 *
 * Everything is read. Repair removes what is damaged, which can be built or copied again; never a name.
 */
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "cartefile-to-oci/store-private.h"

#define READ_SIZE ((size_t)256 << 10)

struct fsck {
	const struct store *store;
	bool repair;
	void (*report)(void *ctx, const char *line);
	void *ctx;
	int findings;
	const char *kind; /* of the records at hand */
	char *buffer;
};

__attribute__((format(printf, 2, 3))) static void finding(struct fsck *fsck, const char *format,
							  ...)
{
	char line[1200];
	va_list ap;

	va_start(ap, format);
	(void)vsnprintf(line, sizeof(line), format, ap);
	va_end(ap);
	/* names are whoever damaged it's: none reaches a terminal as it is */
	for (char *at = line; *at; at++)
		if ((unsigned char)*at < 0x20 || *at == 0x7f)
			*at = '?';
	fsck->findings++;
	fsck->report(fsck->ctx, line);
}

/* A finding that is removed when repairing. @folder: as the line names it */
static void bad_entry(struct fsck *fsck, const char *folder, int dirfd, const char *name,
		      const char *words)
{
	struct oci_error err = OCI_ERROR_INIT;
	const char *done = "";

	if (fsck->repair)
		done = store_discard(fsck->store, dirfd, name, &err) < 0 ? err.message : "removed";
	finding(fsck, "%s/%s: %s%s%s%s", folder, name, words, done[0] ? " (" : "", done,
		done[0] ? ")" : "");
}

/* ---- blobs --------------------------------------------------------------------------------------------------------------------- */

/* NULL: it is what its name says */
static const char *check_content(struct fsck *fsck, int dirfd, const char *name,
				 const struct digest *digest, struct oci_error *err)
{
	CLEANUP_CLOSE int fd = openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct digest_state state;
	struct digest found;
	struct stat st;
	ssize_t n;

	if (fd < 0 || fstat(fd, &st) || !S_ISREG(st.st_mode))
		return "is no regular file that can be read";
	if (digest_begin(&state, err) < 0)
		return NULL;
	while ((n = RETRY_EINTR(read(fd, fsck->buffer, READ_SIZE))) > 0)
		digest_add(&state, fsck->buffer, (size_t)n);
	digest_end(&state, &found);
	if (n < 0)
		return "cannot be read";
	return digest_equal(&found, digest) ? NULL : "the content has another digest";
}

static int check_blob(void *ctx, int dirfd, const char *name, struct oci_error *err)
{
	struct fsck *fsck = ctx;
	struct digest digest;
	const char *words = "is no blob";

	if (hex_parse(name, "", &digest))
		words = check_content(fsck, dirfd, name, &digest, err);
	if (words)
		bad_entry(fsck, "blobs/sha256", dirfd, name, words);
	return err->code ? -err->code : 0;
}

/* ---- images --------------------------------------------------------------------------------------------------------------------- */

static int on_trouble(void *ctx, const char *image, int code, const struct oci_error *words)
{
	(void)code;
	finding(ctx, "image %s: %s", image, words->message);
	return 0;
}

static int check_images(struct fsck *fsck, struct oci_error *err)
{
	struct store_walk walk = { .layout = &fsck->store->layout,
				   .trouble = on_trouble,
				   .ctx = fsck };
	struct oci_error words = OCI_ERROR_INIT;
	int r = store_walk(&walk, &words);

	store_walk_free(&walk);
	if (r == -ENOMEM)
		return err_copy(err, &words);
	if (r < 0)
		finding(fsck,
			"%s (restore it from a copy, or remove it: the next build makes a new one)",
			words.message); /* index.json */
	return 0;
}

/* ---- layers, records, temporary files -------------------------------------------------------------------------------------------- */

static int check_layer(void *ctx, int dirfd, const char *name, struct oci_error *err)
{
	struct fsck *fsck = ctx;
	struct digest digest;
	struct stat st;

	(void)err;
	if (!hex_parse(name, "", &digest) || fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) ||
	    !S_ISDIR(st.st_mode))
		bad_entry(fsck, "layers", dirfd, name, "is no unpacked layer");
	return 0;
}

static int check_record(void *ctx, int dirfd, const char *name, struct oci_error *err)
{
	struct fsck *fsck = ctx;
	char folder[300];
	struct digest key;
	int r = -EINVAL;

	if (hex_parse(name, "", &key))
		r = record_check(dirfd, fsck->kind, &key, NULL, NULL);
	if (r == -ENOMEM)
		return err_nomem(err);
	snprintf(folder, sizeof(folder), "cache/%s", fsck->kind);
	if (r < 0)
		bad_entry(fsck, folder, dirfd, name, "is no whole record");
	return 0;
}

static int check_kind(void *ctx, int dirfd, const char *name, struct oci_error *err)
{
	CLEANUP_CLOSE int fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct fsck *fsck = ctx;

	fsck->kind = name;
	if (fd >= 0)
		return folder_each(fd, check_record, fsck, err);
	bad_entry(fsck, "cache", dirfd, name, "is no folder of records");
	return 0;
}

static int check_explanation(void *ctx, int dirfd, const char *name, struct oci_error *err)
{
	struct fsck *fsck = ctx;
	struct digest digest;
	struct stat st;

	(void)err;
	if (!hex_parse(name, ".json", &digest) || fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) ||
	    !S_ISREG(st.st_mode) || !st.st_size)
		bad_entry(fsck, "explain", dirfd, name, "is no explanation of an image");
	return 0;
}

static void check_temps(struct fsck *fsck)
{
	/* whoever was killed since the store was opened */
	size_t count = store_sweep(fsck->store, !fsck->repair) +
		       temp_sweep(fsck->store->layout.fd, !fsck->repair);

	if (count > 0)
		finding(fsck, "%zu temporary files whose owners are gone%s", count,
			fsck->repair ? " (removed)" : "");
}

static int check_all(struct fsck *fsck, struct oci_error *err)
{
	static const struct {
		const char *folder;
		int (*visit)(void *ctx, int dirfd, const char *name, struct oci_error *err);
	} steps[] = {
		{ "blobs/sha256", check_blob },
		{ "layers", check_layer },
		{ "cache", check_kind },
		{ "explain", check_explanation },
	};

	for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
		CLEANUP_CLOSE int fd = store_folder(fsck->store, steps[i].folder, err);
		int r = fd < 0 ? fd : folder_each(fd, steps[i].visit, fsck, err);

		if (r < 0)
			return r;
	}
	check_temps(fsck);
	/* last: what was damaged and is removed is then told as missing from its image */
	return check_images(fsck, err);
}

int store_fsck(struct store *store, bool repair, void (*report)(void *ctx, const char *line),
	       void *ctx, struct oci_error *err)
{
	struct fsck fsck = { .store = store, .repair = repair, .report = report, .ctx = ctx };
	CLEANUP_FREE char *buffer = malloc(READ_SIZE);
	struct oci_error words = OCI_ERROR_INIT;
	int r;

	if (!buffer)
		return err_nomem(err);
	fsck.buffer = buffer;
	if (repair) {
		r = store_lock_exclusive(store, err);
		if (r < 0)
			return r;
	}
	r = check_all(&fsck, &words);
	if (repair)
		store_lock_shared(store);
	return r < 0 ? err_copy(err, &words) : fsck.findings;
}
