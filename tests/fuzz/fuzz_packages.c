/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_packages.c - dpkg's status and apk's installed: any bytes give packages with names.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "cartefile-to-oci/packages.h"

#define EXPECT(condition)         \
	do {                      \
		if (!(condition)) \
			abort();  \
	} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct oci_arena arena = OCI_ARENA_INIT;
	struct package_list list = { 0 };
	struct tree_node *node;
	struct tree tree;

	EXPECT(tree_init(&tree, NULL) == 0);
	EXPECT(tree_put(&tree, "/usr/bin/x", TREE_DIR, &node, NULL) == 0);
	EXPECT(packages_parse_dpkg((const char *)data, size, &arena, &list, NULL) == 0);
	EXPECT(packages_parse_apk(&tree, (const char *)data, size, &arena, &list, NULL) == 0);
	for (size_t i = 0; i < list.len; i++)
		EXPECT(list.packages[i].name && list.packages[i].source);
	oci_arena_free(&arena);
	tree_free(&tree);
	return 0;
}
