/* SPDX-License-Identifier: Apache-2.0 */
/* store.c - see store.h. */
#include "map/store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/io.h"
#include "base/mem.h"

#define TEXT_MAX (1 << 20) /* 256 * 256 tiles of three digits and a comma are 256 KB */

struct file_name {
	char text[TOKEN_NAME_MAX + 8];
};

static struct file_name document(const char *map)
{
	struct file_name name;

	(void)snprintf(name.text, sizeof(name.text), "%.32s.json", map);
	return name;
}

/* Under one fixed name, and only by who holds the lock: what a killed process leaves is overwritten by the next save. */
static struct file_name part(const char *map)
{
	struct file_name name;

	(void)snprintf(name.text, sizeof(name.text), ".%.32s.part", map);
	return name;
}

int store_open(struct store *store, const char *folder, struct oci_error *err)
{
	CLEANUP_CLOSE int top = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	*store = (struct store){ .dir = -1, .saves = -1, .edits = -1 };
	if (top < 0)
		return err_sys(err, errno, "%s", folder);
	if (mkdirat(top, "maps", 0755) < 0 && errno != EEXIST)
		return err_sys(err, errno, "%s/maps", folder);
	store->dir = openat(top, "maps", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (store->dir < 0)
		return err_sys(err, errno, "%s/maps", folder);
	store->saves = openat(store->dir, ".saves", O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	store->edits = openat(store->dir, ".edits", O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	if (store->saves < 0 || store->edits < 0)
		return err_sys(err, errno, "%s/maps: a file for the lock", folder);
	return 0;
}

void store_close(struct store *store)
{
	fd_closep(&store->dir);
	fd_closep(&store->saves);
	fd_closep(&store->edits);
}

int store_lock_edits(const struct store *store)
{
	return RETRY_EINTR(flock(store->edits, LOCK_EX)) < 0 ? -errno : 0;
}

void store_unlock_edits(const struct store *store)
{
	(void)flock(store->edits, LOCK_UN);
}

/* by its file, whatever somebody has copied there by hand */
static void name_it(struct doc *doc, const char *map)
{
	(void)snprintf(doc->name, sizeof(doc->name), "%.32s", map);
}

int store_head(const struct store *store, const char *map, struct doc *ret_head)
{
	CLEANUP_CLOSE int fd = openat(store->dir, document(map).text, O_RDONLY | O_CLOEXEC);
	char head[DOC_HEAD];
	ssize_t got;
	int r;

	if (fd < 0)
		return -errno;
	got = RETRY_EINTR(pread(fd, head, sizeof(head), 0));
	if (got < 0)
		return -errno;
	r = doc_head(head, (size_t)got, ret_head);
	if (r == 0)
		name_it(ret_head, map);
	return r;
}

int store_list(const struct store *store, void (*each)(void *context, const struct doc *head),
	       void *context)
{
	CLEANUP_CLOSE int fd = openat(store->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CLEANUP_CLOSEDIR DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	if (!dir)
		return -errno;
	(void)TAKE_FD(fd);
	while ((entry = readdir(dir))) {
		char *end = strrchr(entry->d_name, '.');
		struct doc head;

		if (!end || strcmp(end, ".json") != 0)
			continue;
		*end = '\0';
		if (token_is_name(entry->d_name) && store_head(store, entry->d_name, &head) == 0)
			each(context, &head);
	}
	return 0;
}

int store_read(const struct store *store, const char *map, char **ret_text, size_t *ret_length)
{
	CLEANUP_CLOSE int fd = openat(store->dir, document(map).text, O_RDONLY | O_CLOEXEC);
	CLEANUP_FREE char *text = NULL;
	size_t have = 0;
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (st.st_size > TEXT_MAX)
		return -EFBIG;
	text = malloc((size_t)st.st_size + 1);
	if (!text)
		return -ENOMEM;
	while (have < (size_t)st.st_size) {
		ssize_t got = RETRY_EINTR(read(fd, text + have, (size_t)st.st_size - have));

		if (got <= 0)
			return got < 0 ? -errno : -EIO;
		have += (size_t)got;
	}
	text[have] = '\0';
	*ret_text = TAKE_PTR(text);
	*ret_length = have;
	return 0;
}

int store_load(const struct store *store, const char *map, struct doc *ret_doc)
{
	CLEANUP_FREE char *text = NULL;
	size_t length = 0;
	struct doc_parser *parser;
	int r = store_read(store, map, &text, &length);

	if (r < 0)
		return r;
	parser = doc_parser_new();
	if (!parser)
		return -ENOMEM;
	r = doc_parser_feed(parser, text, length);
	if (r == 0)
		r = doc_parser_end(parser, ret_doc);
	if (r == 0)
		name_it(ret_doc, map);
	doc_parser_free(parser);
	return r;
}

static void count(void *context, const struct doc *head)
{
	size_t *n = context;

	(void)head;
	(*n)++;
}

/* May @doc replace what is there? Then its version is the next one; @ret_before gets the one before, 0 when it is new. */
static int admit(const struct store *store, struct doc *doc, const struct save_terms *terms,
		 uint64_t *ret_before)
{
	struct doc before = { 0 };
	size_t maps = 0;
	int r = store_head(store, doc->name, &before);

	if (r < 0 && r != -ENOENT)
		return r;
	if (r == -ENOENT) {
		if (terms->version > 0 || terms->must_exist || terms->is_fold)
			return -ESTALE;
		r = store_list(store, count, &maps);
		if (r == 0 && maps >= STORE_MAPS_MAX)
			r = -EDQUOT;
	} else if (terms->is_fold) {
		memcpy(doc->author, before.author, sizeof(doc->author));
	} else if (terms->must_be_new) {
		return -ESTALE;
	} else if (strcmp(before.author, doc->author) != 0) {
		return -EACCES;
	}
	if (terms->version > 0 && terms->version != before.version)
		return -ESTALE;
	doc->version = before.version + 1;
	*ret_before = before.version;
	return r;
}

static int part_write(const struct store *store, const struct doc *doc)
{
	CLEANUP_FREE char *text = NULL;
	CLEANUP_CLOSE int fd = -1;
	size_t length = 0;
	int r = doc_text(doc, &text, &length);

	if (r < 0)
		return r;
	fd = openat(store->dir, part(doc->name).text, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC,
		    0644);
	if (fd < 0)
		return -errno;
	r = io_write_all(fd, text, length);
	return r == 0 && fsync(fd) < 0 ? -errno : r;
}

static int publish(const struct store *store, const struct doc *doc, uint64_t before)
{
	int r = store_lock_edits(store);

	if (r < 0)
		return r;
	r = journal_carry(store->dir, doc->name, before, doc->edits, doc->version);
	if (r == 0 &&
	    renameat(store->dir, part(doc->name).text, store->dir, document(doc->name).text) < 0)
		r = -errno;
	store_unlock_edits(store);
	if (r == 0 && fsync(store->dir) < 0)
		r = -errno;
	if (r == 0)
		journal_remove(store->dir, doc->name, before);
	return r;
}

int store_save(const struct store *store, struct doc *doc, const struct save_terms *terms)
{
	uint64_t before = 0;
	int r;

	if (RETRY_EINTR(flock(store->saves, LOCK_EX)) < 0)
		return -errno;
	r = admit(store, doc, terms, &before);
	if (r == 0)
		r = part_write(store, doc);
	if (r == 0)
		r = publish(store, doc, before);
	(void)flock(store->saves, LOCK_UN);
	return r;
}
