/* SPDX-License-Identifier: Apache-2.0 */
/* test_elf.c - what ELF files say, of every class and byte order, whole and damaged. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "cartefile-to-oci/elf.h"
#include "unit/elf-build.h"
#include "unit/tree-build.h"

static struct oci_arena arena;

static int begin(void **state)
{
	(void)state;
	tree_begin();
	arena = (struct oci_arena)OCI_ARENA_INIT;
	return 0;
}

static int end(void **state)
{
	(void)state;
	tree_free(&tree);
	oci_arena_free(&arena);
	return 0;
}

static int read_buffer(const struct elf_buffer *b, struct elf **ret)
{
	return elf_read(add_bytes("/usr/lib/x.so", TREE_BASE, 0644, b->bytes, b->length), &arena,
			ret, &err);
}

static const struct elf_build full = {
	.interpreter = "/lib64/ld.so.1",
	.soname = "libx.so.1",
	.rpath = "/opt/lib:$ORIGIN",
	.runpath = "/srv/lib",
	.needed = { "liba.so.1", "libb.so" },
	.flags_1 = DF_1_NODEFLIB,
	.note = "[{\"soname\":[\"libz.so.1\",\"libz-ng.so\"],\"feature\":\"zip\",\"priority\":"
		"\"required\"},{\"soname\":[\"liby.so.2\"]}]",
};

static void check_full(const struct elf *elf)
{
	assert_string_equal(elf->interpreter, "/lib64/ld.so.1");
	assert_string_equal(elf->soname, "libx.so.1");
	assert_string_equal(elf->rpath, "/opt/lib:$ORIGIN");
	assert_string_equal(elf->runpath, "/srv/lib");
	assert_int_equal(elf->needed_len, 2);
	assert_string_equal(elf->needed[0], "liba.so.1");
	assert_string_equal(elf->needed[1], "libb.so");
	assert_true(elf->no_default_lib);
	assert_int_equal(elf->dlopens_len, 2);
	assert_int_equal(elf->dlopens[0].soname_len, 2);
	assert_string_equal(elf->dlopens[0].soname[1], "libz-ng.so");
	assert_string_equal(elf->dlopens[0].priority, "required");
	assert_string_equal(elf->dlopens[1].soname[0], "liby.so.2");
	assert_null(elf->dlopens[1].priority);
}

static void test_all_shapes(void **state)
{
	static const struct {
		bool is32, big;
		uint16_t machine;
		const char *architecture, *triplet;
	} shapes[] = {
		{ false, false, EM_X86_64, "amd64", "x86_64-linux-gnu" },
		{ false, false, EM_AARCH64, "arm64", "aarch64-linux-gnu" },
		{ false, false, EM_RISCV, "riscv64", "riscv64-linux-gnu" },
		{ false, false, EM_PPC64, "ppc64le", "powerpc64le-linux-gnu" },
		{ false, true, EM_S390, "s390x", "s390x-linux-gnu" },
		{ true, false, EM_386, "386", "i386-linux-gnu" },
		{ true, true, EM_MIPS, "mips", "mips-linux-gnu" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
		struct elf_build what = full;
		const char *architecture, *variant;
		struct elf_buffer b;
		struct elf *elf;

		what.is32 = shapes[i].is32;
		what.big = shapes[i].big;
		what.machine = shapes[i].machine;
		elf_build(&b, &what);
		assert_int_equal(read_buffer(&b, &elf), 1);
		check_full(elf);
		assert_int_equal(elf->machine, shapes[i].machine);
		assert_true(elf_platform(elf, &architecture, &variant));
		assert_string_equal(architecture, shapes[i].architecture);
		assert_string_equal(elf_triplet(elf), shapes[i].triplet);
	}
}

static void test_machines(void **state)
{
	struct elf hard = {
		.elf_class = ELFCLASS32, .data = ELFDATA2LSB, .machine = EM_ARM, .flags = 0x5000400
	};
	struct elf soft = hard, unsaid = hard, other = hard;
	const char *architecture, *variant;

	(void)state;
	soft.flags = 0x5000200;
	unsaid.flags = 0x5000000;
	other.machine = EM_386;
	assert_false(elf_fits(&hard, &soft));
	assert_true(elf_fits(&hard, &unsaid));
	assert_false(elf_fits(&hard, &other));
	assert_true(elf_platform(&hard, &architecture, &variant));
	assert_string_equal(architecture, "arm");
	assert_string_equal(variant, "v7");
	assert_string_equal(elf_triplet(&soft), "arm-linux-gnueabi");
	other.machine = 0x1234;
	assert_false(elf_platform(&other, &architecture, &variant));
	assert_null(elf_triplet(&other));
}

static void test_no_elf(void **state)
{
	struct elf *elf;

	(void)state;
	assert_int_equal(
		elf_read(add_text("/a", TREE_BASE, 0644, "#!/bin/sh\n"), &arena, &elf, &err), 0);
	assert_int_equal(elf_read(add_text("/b", TREE_BASE, 0644, ""), &arena, &elf, &err), 0);
	assert_int_equal(elf_read(add_text("/c", TREE_BASE, 0644, "\177EL"), &arena, &elf, &err),
			 0);
	assert_int_equal(elf_read(add_link("/d", TREE_BASE, "a"), &arena, &elf, &err), 0);
	assert_int_equal(err.code, 0);
}

/* ---- damaged files ---- */

static void expect_damaged(const struct elf_buffer *b, const char *words)
{
	struct elf *elf = NULL;
	char expected[300];

	err = (struct oci_error)OCI_ERROR_INIT;
	assert_int_equal(read_buffer(b, &elf), -EINVAL);
	assert_null(elf);
	(void)snprintf(expected, sizeof(expected), "/usr/lib/x.so: ELF: %s", words);
	assert_string_equal(err.message, expected);
}

static void test_damaged_head(void **state)
{
	struct elf_buffer b;

	(void)state;
	elf_build(&b, &full);
	b.length = 10;
	expect_damaged(&b, "the header is outside of the file");
	elf_build(&b, &full);
	b.length = 40;
	expect_damaged(&b, "the header is outside of the file");
	elf_build(&b, &full);
	b.bytes[EI_CLASS] = 7;
	expect_damaged(&b, "class 7 is unknown");
	elf_build(&b, &full);
	b.bytes[EI_DATA] = 0;
	expect_damaged(&b, "byte order 0 is unknown");
	elf_build(&b, &full);
	ELF_PUT(&b, 0, Ehdr, e_phoff, UINT64_MAX - 3);
	expect_damaged(&b, "the program header table is outside of the file");
	elf_build(&b, &full);
	ELF_PUT(&b, 0, Ehdr, e_phnum, 5000);
	expect_damaged(&b, "5000 program headers, at most 4096 are read");
	elf_build(&b, &full);
	ELF_PUT(&b, 0, Ehdr, e_phentsize, 8);
	expect_damaged(&b, "program headers of 8 bytes each");
}

static void test_damaged_segments(void **state)
{
	struct elf_buffer b;
	size_t each;

	(void)state;
	elf_build(&b, &full);
	each = sizeof(Elf64_Phdr);
	ELF_PUT(&b, b.segments + each, Phdr, p_offset, b.length);
	expect_damaged(&b, "the dynamic section is outside of the file");
	elf_build(&b, &full);
	ELF_PUT(&b, b.segments + each, Phdr, p_filesz, 2u << 20);
	expect_damaged(&b, "a dynamic section of 2097152 bytes");
	elf_build(&b, &full);
	ELF_PUT(&b, b.segments, Phdr, p_filesz, 3);
	expect_damaged(&b, "the interpreter's name has no end");
	elf_build(&b, &full);
	ELF_PUT(&b, b.segments, Phdr, p_offset, UINT64_MAX);
	expect_damaged(&b, "the interpreter's name is outside of the file");
	elf_build(&b, &full);
	ELF_PUT(&b, b.segments + 3 * each, Phdr, p_type, PT_NULL);
	expect_damaged(&b, "the string table is outside of the file");
	elf_build(&b, &full);
	ELF_PUT(&b, b.segments + 3 * each, Phdr, p_offset, UINT64_MAX - 8);
	expect_damaged(&b, "the string table is outside of the file");
}

static void test_damaged_dynamic(void **state)
{
	const size_t each = sizeof(Elf64_Dyn);
	struct elf_buffer b;

	(void)state;
	/* needed, needed, soname, rpath, runpath, flags, strtab, strsz */
	elf_build(&b, &full);
	ELF_PUT(&b, b.dynamic, Dyn, d_un, 100000);
	expect_damaged(&b, "the name of a needed library is outside of the string table");
	elf_build(&b, &full);
	ELF_PUT(&b, b.dynamic, Dyn, d_un, 0);
	expect_damaged(&b, "a needed library without a name");
	elf_build(&b, &full);
	ELF_PUT(&b, b.dynamic + 2 * each, Dyn, d_un, UINT64_MAX);
	expect_damaged(&b, "DT_SONAME is outside of the string table");
	elf_build(&b, &full);
	ELF_PUT(&b, b.dynamic + 6 * each, Dyn, d_un, 1);
	expect_damaged(&b, "the string table is outside of the file");
	elf_build(&b, &full);
	ELF_PUT(&b, b.dynamic + 6 * each, Dyn, d_tag, DT_DEBUG);
	expect_damaged(&b, "a dynamic section without a string table");
	elf_build(&b, &full);
	ELF_PUT(&b, b.dynamic + 7 * each, Dyn, d_un, 3);
	expect_damaged(&b, "the name of a needed library is outside of the string table");
}

static void test_too_many(void **state)
{
	const size_t count = ELF_NEEDED_MAX + 1;
	const size_t size = 4096 + count * sizeof(Elf64_Dyn);
	struct elf_buffer b;
	unsigned char *bytes = calloc(1, size);
	struct elf *elf;

	(void)state;
	elf_build(&b, &full);
	ELF_PUT(&b, b.segments + sizeof(Elf64_Phdr), Phdr, p_offset, 4096);
	ELF_PUT(&b, b.segments + sizeof(Elf64_Phdr), Phdr, p_filesz, count * sizeof(Elf64_Dyn));
	memcpy(bytes, b.bytes, 4096);
	for (size_t i = 0; i < count; i++)
		bytes[4096 + i * sizeof(Elf64_Dyn)] = DT_NEEDED;
	assert_int_equal(
		elf_read(add_bytes("/x", TREE_BASE, 0644, bytes, size), &arena, &elf, &err),
		-EINVAL);
	assert_string_equal(err.message, "/x: ELF: more than 4096 entries DT_NEEDED");
	free(bytes);
}

/* A note that is no JSON says nothing, and harms nobody. */
static void test_bad_notes(void **state)
{
	static const char *const notes[] = { "[{", "{}", "[{\"soname\":7}]", "[{}]", "" };

	(void)state;
	for (size_t i = 0; i < sizeof(notes) / sizeof(notes[0]); i++) {
		struct elf_build what = full;
		struct elf_buffer b;
		struct elf *elf;

		what.note = notes[i];
		elf_build(&b, &what);
		assert_int_equal(read_buffer(&b, &elf), 1);
		assert_int_equal(elf->dlopens_len, 0);
		assert_int_equal(elf->needed_len, 2);
	}
}

/* Each byte of a whole file set to each of a few values: a message or an answer, never a crash (run by the sanitizers, too). */
static void test_every_byte(void **state)
{
	static const unsigned char values[] = { 0, 1, 0x7f, 0x80, 0xff };
	struct elf_buffer whole;
	struct tree_node *node;

	(void)state;
	elf_build(&whole, &full);
	node = add_bytes("/x", TREE_BASE, 0644, whole.bytes, whole.length);
	for (size_t i = 0; i < whole.length; i++)
		for (size_t v = 0; v < sizeof(values); v++) {
			struct oci_arena own = OCI_ARENA_INIT;
			struct oci_error e = OCI_ERROR_INIT;
			struct elf *elf;
			int r;

			assert_int_equal(pwrite(memory->fd, &values[v], 1, (off_t)i), 1);
			r = elf_read(node, &own, &elf, &e);
			assert_true(r == 0 || r == 1 || r == -EINVAL);
			assert_int_equal(e.code, r < 0 ? EINVAL : 0);
			assert_int_equal(pwrite(memory->fd, &whole.bytes[i], 1, (off_t)i), 1);
			oci_arena_free(&own);
		}
}

/* ---- constants ---- */

static char found[512];

static void note(void *ctx, const char *text)
{
	(void)ctx;
	(void)strcat(strcat(found, text), " ");
}

static void test_constants(void **state)
{
	static const char text[] = "\0libone.so.1\0libtwo.so\0/usr/lib/libpath.so\0lib.so\0"
				   "libx.so.1.2.3\0libbad.so.1x\0see libthree.so.1\0libfour.so.\0"
				   "pthread_cancel\0backtrace\0libd-%s.so.1\0libe++.so.6\0";
	struct elf_build what = { .constants = text, .constants_len = sizeof(text) };
	struct elf_buffer b;

	(void)state;
	elf_build(&b, &what);
	found[0] = '\0';
	assert_int_equal(elf_scan_strings(add_bytes("/x", TREE_BASE, 0644, b.bytes, b.length), note,
					  NULL, &err),
			 0);
	assert_string_equal(found, "libone.so.1 libtwo.so libx.so.1.2.3 pthread_cancel backtrace "
				   "libe++.so.6 ");
}

/* Names that lie across the chunks in which a file is read. */
static void test_constants_across(void **state)
{
	const size_t size = 400000;
	unsigned char *bytes = malloc(size);
	struct elf_build what = { 0 };
	struct elf_buffer b;

	(void)state;
	elf_build(&b, &what);
	ELF_PUT(&b, b.segments + 3 * sizeof(Elf64_Phdr), Phdr, p_filesz, size);
	memset(bytes, 'l', size);
	memcpy(bytes, b.bytes, b.length);
	bytes[131064] = '\0';
	(void)strcpy((char *)bytes + 131065, "libacross.so.1");
	bytes[size - 12] = '\0';
	(void)strcpy((char *)bytes + size - 11, "liblast.so");
	found[0] = '\0';
	assert_int_equal(
		elf_scan_strings(add_bytes("/x", TREE_BASE, 0644, bytes, size), note, NULL, &err),
		0);
	assert_string_equal(found, "libacross.so.1 liblast.so ");
	free(bytes);
}

/* ---- the real thing ---- */

static void test_real(void **state)
{
	struct tree_source *root =
		tree_source_add(&tree, open("/", O_PATH | O_DIRECTORY | O_CLOEXEC), "");
	char path[PATH_MAX];
	struct elf *elf;

	(void)state;
	assert_non_null(realpath("/bin/sh", path));
	assert_int_equal(elf_read(add_host(root, path + 1, "/sh", TREE_BASE), &arena, &elf, &err),
			 1);
	assert_non_null(elf->interpreter);
	assert_true(elf->needed_len > 0);
	assert_non_null(strstr(elf->needed[elf->needed_len - 1], "libc.so."));
	assert_null(elf->soname);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_all_shapes, begin, end),
		cmocka_unit_test_setup_teardown(test_machines, begin, end),
		cmocka_unit_test_setup_teardown(test_no_elf, begin, end),
		cmocka_unit_test_setup_teardown(test_damaged_head, begin, end),
		cmocka_unit_test_setup_teardown(test_damaged_segments, begin, end),
		cmocka_unit_test_setup_teardown(test_damaged_dynamic, begin, end),
		cmocka_unit_test_setup_teardown(test_too_many, begin, end),
		cmocka_unit_test_setup_teardown(test_bad_notes, begin, end),
		cmocka_unit_test_setup_teardown(test_every_byte, begin, end),
		cmocka_unit_test_setup_teardown(test_constants, begin, end),
		cmocka_unit_test_setup_teardown(test_constants_across, begin, end),
		cmocka_unit_test_setup_teardown(test_real, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
