/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_ldconf.c - ld.so.conf, which may include itself: folders are absolute, each once, and it ends.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/error.h"
#include "cartefile-to-oci/ldconf.h"

#define EXPECT(condition)         \
	do {                      \
		if (!(condition)) \
			abort();  \
	} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void add_conf(struct tree *tree, const char *path, struct tree_source *source, size_t size)
{
	struct tree_node *node;

	EXPECT(tree_put(tree, path, TREE_FILE, &node, NULL) == 0);
	node->content = tree_content_new(tree);
	EXPECT(node->content);
	node->content->source = source;
	node->content->size = size;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct oci_arena scratch = OCI_ARENA_INIT;
	struct folder_list list = { 0 };
	struct tree_source *source;
	struct tree tree;
	struct view view = { &tree, NULL, &scratch };

	if (size > 256) /* it includes itself eight times over, in every place */
		return 0;
	EXPECT(tree_init(&tree, NULL) == 0);
	source = tree_source_add(&tree, memfd_create("fuzz", MFD_CLOEXEC), "fuzz");
	EXPECT(source && pwrite(source->fd, data, size, 0) == (ssize_t)size);
	add_conf(&tree, "/etc/ld.so.conf", source, size / 2);
	add_conf(&tree, "/etc/ld.so.conf.d/a.conf", source, size < 16 ? size : 16);
	EXPECT(ldconf_read(&view, &list, NULL) >= 0);
	for (size_t i = 0; i < list.len; i++) {
		EXPECT(list.folders[i][0] == '/');
		for (size_t n = 0; n < i; n++)
			EXPECT(strcmp(list.folders[i], list.folders[n]) != 0);
	}
	oci_arena_free(&scratch);
	tree_free(&tree);
	return 0;
}
