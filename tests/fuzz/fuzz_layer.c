/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_layer.c - a tar, compressed or not, read as a layer over itself: names, marks, hard links, digests of contents. What
 * comes out must keep the promises of layer_read.h, whatever went in; and the listing of it must come back as it was.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <ocispec-lite/error.h>

#include "cartefile-to-oci/layer_tree.h"
#include "cartefile-to-oci/listing.h"

#define BLOCK 512u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Without this nearly all inputs would end at the first checksum. */
static void mend_checksums(unsigned char *data, size_t size)
{
	for (size_t at = 0; at + BLOCK <= size; at += BLOCK) {
		unsigned char *block = data + at;
		unsigned sum = 0;

		if (memcmp(block + 257, "ustar", 5) != 0)
			continue;
		memset(block + 148, ' ', 8);
		for (size_t i = 0; i < BLOCK; i++)
			sum += block[i];
		(void)snprintf((char *)block + 148, 7, "%06o", sum);
	}
}

static void check_name(const char *path)
{
	size_t length = strlen(path);
	char copy[PATH_MAX + 2];

	if (length >= PATH_MAX || path[0] == '/')
		abort();
	(void)snprintf(copy, sizeof(copy), "/%s/", path);
	if (strstr(copy, "/../") || strstr(copy, "/./") || (length > 0 && strstr(copy, "//")))
		abort();
}

static void check_entry(const struct layer_entry *entry)
{
	check_name(entry->path);
	if (entry->hardlink)
		check_name(entry->hardlink);
	if (entry->type == TREE_LINK && (!entry->target || !entry->target[0]))
		abort();
	if (!entry->path[0] && entry->mark != LAYER_OPAQUE && entry->type != TREE_DIR)
		abort();
	for (size_t i = 0; i < entry->xattrs_len; i++)
		if (strncmp(entry->xattrs[i].name, "trusted.", 8) == 0)
			abort();
}

static int read_layer(int fd, struct layer_tree *to, struct listing *listing)
{
	struct layer_input input = { .fd = fd, .name = "fuzz", .is_layer = true };
	const struct layer_entry *entry;
	struct layer_reader *reader;
	struct oci_error err = OCI_ERROR_INIT;
	int r;

	if (lseek(fd, 0, SEEK_SET) < 0)
		abort();
	r = layer_open(&input, &reader, &err);
	if (r < 0) {
		if (!err.message[0])
			abort();
		return r;
	}
	layer_tree_begin(to, "fuzz");
	while ((r = layer_next(reader, &entry, &err)) > 0) {
		check_entry(entry);
		r = listing_add(listing, entry, &err);
		if (r == 0)
			r = layer_tree_put(to, entry, reader, &err);
		if (r < 0)
			break;
	}
	layer_close(reader);
	if (r < 0 && !err.message[0])
		abort();
	return r;
}

static void check_tree(const struct tree *tree)
{
	size_t nodes = 0;

	for (struct tree_node *node = tree->root; node; node = tree_next(node)) {
		char path[PATH_MAX];

		nodes++;
		if (node->line != 0 || tree_find(tree, tree_path(node, path, sizeof(path))) != node)
			abort();
		if (node->type == TREE_FILE && (!node->content || node->content->links == 0))
			abort();
	}
	if (nodes != tree->nodes + 1)
		abort();
}

static void check_listing(struct listing *listing)
{
	struct listing_reader reader = { 0 };
	struct listing again = { 0 };
	const struct layer_entry *entry;

	if (listing_end(listing, NULL) < 0)
		abort();
	reader.data = listing->data;
	reader.length = listing->length;
	while (listing_next(&reader, &entry) > 0)
		if (listing_add(&again, entry, NULL) < 0)
			abort();
	if (listing_end(&again, NULL) < 0 || again.length != listing->length ||
	    memcmp(again.data, listing->data, again.length) != 0)
		abort();
	listing_reader_free(&reader);
	listing_free(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned char *copy = malloc(size + 1);
	struct layer_tree to = { .digests = true, .mtime_latest = INT64_MAX };
	struct tree tree = { 0 };
	struct listing listing = { 0 };
	int fd = memfd_create("fuzz", MFD_CLOEXEC);

	if (!copy || fd < 0 || tree_init(&tree, NULL) < 0)
		abort();
	memcpy(copy, data, size);
	mend_checksums(copy, size);
	if (write(fd, copy, size) != (ssize_t)size)
		abort();
	to.tree = &tree;
	if (read_layer(fd, &to, &listing) == 0)
		check_listing(&listing);
	listing_free(&listing);
	(void)read_layer(fd, &to, &listing);
	layer_tree_end(&to);
	check_tree(&tree);
	listing_free(&listing);
	tree_free(&tree);
	close(fd);
	free(copy);
	return 0;
}
