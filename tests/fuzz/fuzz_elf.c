/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_elf.c - the ELF reader: any bytes are no ELF file, a damaged one with a line of words, or one with whole strings.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/error.h"
#include "cartefile-to-oci/elf.h"

#define EXPECT(condition)         \
	do {                      \
		if (!(condition)) \
			abort();  \
	} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t touch(const char *text)
{
	return text ? strlen(text) : 0;
}

static void check(const struct elf *elf)
{
	size_t sum = touch(elf->interpreter) + touch(elf->soname) + touch(elf->rpath) +
		     touch(elf->runpath);

	EXPECT(elf->needed_len <= ELF_NEEDED_MAX);
	for (size_t i = 0; i < elf->needed_len; i++) {
		EXPECT(elf->needed[i][0]);
		sum += touch(elf->needed[i]);
	}
	for (size_t i = 0; i < elf->dlopens_len; i++)
		for (size_t n = 0; n < elf->dlopens[i].soname_len; n++)
			sum += touch(elf->dlopens[i].soname[n]);
	EXPECT(sum < SIZE_MAX);
	EXPECT(elf_fits(elf, elf));
}

static void note(void *ctx, const char *text)
{
	EXPECT(ctx == NULL && strlen(text) < 256);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct tree_source source = { .fd = -1, .name = "fuzz" };
	struct tree_content content = { .source = &source, .size = size, .links = 1 };
	struct tree_node root = { .name = "", .type = TREE_DIR };
	struct tree_node node = {
		.parent = &root, .name = "x", .type = TREE_FILE, .content = &content
	};
	struct oci_arena arena = OCI_ARENA_INIT;
	struct oci_error err = OCI_ERROR_INIT;
	struct elf *elf;
	int r;

	if (source.fd < 0)
		source.fd = memfd_create("fuzz", MFD_CLOEXEC);
	EXPECT(ftruncate(source.fd, 0) == 0 && pwrite(source.fd, data, size, 0) == (ssize_t)size);
	r = elf_read(&node, &arena, &elf, &err);
	EXPECT(r == 0 || r == 1 || r == -EINVAL);
	EXPECT(err.code == (r < 0 ? -r : 0) && !strchr(err.message, '\n'));
	if (r == 1)
		check(elf);
	(void)elf_scan_strings(&node, note, NULL, NULL);
	oci_arena_free(&arena);
	return 0;
}
