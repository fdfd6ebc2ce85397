/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_listing.c - what the store remembers of a layer, damaged: it is refused, or the entries that come out can be put into a tree and
 * written again.
 */
#include <stdlib.h>
#include <string.h>

#include <ocispec-lite/error.h>

#include "cartefile-to-oci/layer_tree.h"
#include "cartefile-to-oci/listing.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct listing_reader reader = { .data = data, .length = size };
	struct layer_tree to = { .in_base = true };
	const struct layer_entry *entry;
	struct listing listing = { 0 };
	struct tree tree = { 0 };

	if (tree_init(&tree, NULL) < 0)
		abort();
	to.tree = &tree;
	layer_tree_begin(&to, "fuzz");
	while (listing_next(&reader, &entry) > 0) {
		struct oci_error err = OCI_ERROR_INIT;

		if (listing_add(&listing, entry, &err) < 0)
			abort();
		if (layer_tree_put(&to, entry, NULL, &err) < 0 && !err.message[0])
			abort();
	}
	layer_tree_end(&to);
	listing_reader_free(&reader);
	listing_free(&listing);
	tree_free(&tree);
	return 0;
}
