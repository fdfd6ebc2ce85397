/* SPDX-License-Identifier: Apache-2.0 */
/* tar.c: read back by libarchive; the bytes of a header where they matter. */
#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/error.h"
#include "base/mem.h"
#include "cartefile-to-oci/tar.h"

struct memory {
	struct tar_out out;
	unsigned char chunk[TAR_BLOCK * 3];
	char *data;
	size_t length;
};

static int collect(struct tar_out *out, struct oci_error *err)
{
	struct memory *memory = (struct memory *)out;
	char *grown = realloc(memory->data, memory->length + out->used);

	(void)err;
	assert_non_null(grown);
	memcpy(grown + memory->length, out->buffer, out->used);
	memory->data = grown;
	memory->length += out->used;
	out->used = 0;
	return 0;
}

static struct tree tree;
static struct memory memory;
static struct oci_error err;

static int begin(void **state)
{
	(void)state;
	err = (struct oci_error)OCI_ERROR_INIT;
	memory = (struct memory){ .out = { .size = sizeof(memory.chunk), .flush = collect } };
	memory.out.buffer = memory.chunk;
	return tree_init(&tree, &err);
}

static int end(void **state)
{
	(void)state;
	free(memory.data);
	tree_free(&tree);
	return 0;
}

static struct tree_node *put(const char *path, enum tree_type type)
{
	struct tree_node *node;

	assert_int_equal(tree_put(&tree, path, type, &node, &err), 0);
	node->mode = type == TREE_DIR ? 0755 : 0644;
	if (type == TREE_FILE)
		assert_non_null(node->content = tree_content_new(&tree));
	return node;
}

static void write_entry(const struct tree_node *node, const struct tree_node *first)
{
	assert_int_equal(tar_header(&memory.out, node, first, &err), 0);
}

static struct archive *reader(void)
{
	struct archive *archive = archive_read_new();

	assert_int_equal(tar_end(&memory.out, &err), 0);
	assert_non_null(archive);
	assert_int_equal(memory.length % TAR_BLOCK, 0);
	archive_read_support_format_tar(archive);
	assert_int_equal(archive_read_open_memory(archive, memory.data, memory.length), ARCHIVE_OK);
	return archive;
}

/* names come back as they went in */
static void expect_name(const char *name)
{
	struct archive *archive = reader();
	struct archive_entry *entry;

	assert_int_equal(archive_read_next_header(archive, &entry), ARCHIVE_OK);
	assert_string_equal(archive_entry_pathname(entry), name);
	assert_int_equal(archive_read_next_header(archive, &entry), ARCHIVE_EOF);
	archive_read_free(archive);
}

static void plain_bytes(void **state)
{
	struct tree_node *node = put("/usr/bin/server", TREE_FILE);

	(void)state;
	node->mode = 04755;
	node->uid = 33;
	node->gid = 0777777;
	node->mtime = 1700000000;
	write_entry(node, NULL);
	assert_int_equal(tar_end(&memory.out, &err), 0);
	assert_int_equal(memory.length, 3 * TAR_BLOCK);
	assert_string_equal(memory.data, "usr/bin/server");
	assert_memory_equal(memory.data + 100, "0004755", 8);
	assert_memory_equal(memory.data + 108, "0000041", 8);
	assert_memory_equal(memory.data + 116, "0777777", 8);
	assert_memory_equal(memory.data + 124, "00000000000", 12);
	assert_memory_equal(memory.data + 136, "14524770400", 12);
	assert_int_equal(memory.data[154], '\0');
	assert_int_equal(memory.data[155], ' ');
	assert_memory_equal(memory.data + 156, "0", 2);
	assert_memory_equal(memory.data + 257, "ustar\00000", 8);
	/* no names of users and groups, no device numbers */
	for (size_t i = 265; i < TAR_BLOCK; i++)
		assert_int_equal(memory.data[i], 0);
}

static void root_and_folders(void **state)
{
	struct archive *archive;
	struct archive_entry *entry;

	(void)state;
	write_entry(tree.root, NULL);
	write_entry(put("/var/tmp", TREE_DIR), NULL);
	archive = reader();
	assert_int_equal(archive_read_next_header(archive, &entry), ARCHIVE_OK);
	assert_string_equal(archive_entry_pathname(entry), "./");
	assert_int_equal(archive_read_next_header(archive, &entry), ARCHIVE_OK);
	assert_string_equal(archive_entry_pathname(entry), "var/tmp/");
	assert_int_equal(archive_entry_filetype(entry), AE_IFDIR);
	archive_read_free(archive);
}

/* Names around the limits of ustar: only those that it cannot hold get a pax header. */
static void name_lengths(void **state)
{
	static const struct {
		size_t folder, name; /* lengths */
		bool is_folder, has_pax;
	} cases[] = {
		{ 0, 99, false, false },    { 0, 100, false, false },  { 0, 101, false, true },
		{ 0, 99, true, false },     { 0, 100, true, true },    { 50, 100, false, false },
		{ 155, 100, false, false }, { 156, 100, false, true }, { 155, 99, true, false },
		{ 155, 100, true, true },   { 1, 101, false, true },   { 200, 10, false, true },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char path[PATH_MAX] = "/";
		size_t length = 1;

		end(NULL);
		begin(NULL);
		memset(path + length, 'f', cases[i].folder);
		length += cases[i].folder;
		if (cases[i].folder > 0)
			path[length++] = '/';
		memset(path + length, 'n', cases[i].name);
		length += cases[i].name;
		write_entry(put(path, cases[i].is_folder ? TREE_DIR : TREE_FILE), NULL);
		if (cases[i].is_folder)
			path[length] = '/';
		assert_int_equal(memory.out.used + memory.length == TAR_BLOCK, !cases[i].has_pax);
		expect_name(path + 1);
	}
}

static void deep_name(void **state)
{
	char path[PATH_MAX] = "";

	(void)state;
	while (strlen(path) < 3800)
		strcat(path, "/abcdefghijklmnop");
	write_entry(put(path, TREE_FILE), NULL);
	expect_name(path + 1);
}

static void names_of_any_bytes(void **state)
{
	static const char *const names[] = { "/gr\xc3\xbc\xc3\x9f"
					     "e",
					     "/\xe6\x97\xa5\xe6\x9c\xac", "/latin-\xfc",
					     "/new\nline", "/\xed\xa0\x80" };

	(void)state;
	setenv("LC_ALL", "C", 1);
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		struct archive_entry *entry;
		struct archive *archive;
		const char *name;

		end(NULL);
		begin(NULL);
		write_entry(put(names[i], TREE_FILE), NULL);
		archive = reader();
		archive_read_next_header(archive, &entry);
		name = archive_entry_pathname(entry);
		assert_string_equal(name ? name : archive_entry_pathname_utf8(entry), names[i] + 1);
		archive_read_free(archive);
	}
	/* text is said to be text, other bytes are left alone */
	end(NULL);
	begin(NULL);
	write_entry(put(names[0], TREE_FILE), NULL);
	write_entry(put(names[2], TREE_FILE), NULL);
	assert_int_equal(tar_end(&memory.out, &err), 0);
	assert_memory_equal(memory.data + TAR_BLOCK,
			    "16 path=gr\xc3\xbc\xc3\x9f"
			    "e\n",
			    17);
	assert_string_equal(memory.data + 3 * TAR_BLOCK, "latin-\xfc");
}

static void large_numbers(void **state)
{
	struct tree_node *node = put("/f", TREE_FILE);
	struct archive_entry *entry;
	struct archive *archive;

	(void)state;
	node->uid = 1u << 21;
	node->gid = UINT32_MAX;
	node->mtime = -86400;
	node->content->size = UINT64_C(1) << 33;
	write_entry(node, NULL);
	archive = reader();
	assert_int_equal(archive_read_next_header(archive, &entry), ARCHIVE_OK);
	assert_int_equal(archive_entry_uid(entry), 1u << 21);
	assert_int_equal(archive_entry_gid(entry), UINT32_MAX);
	assert_int_equal(archive_entry_mtime(entry), -86400);
	assert_int_equal(archive_entry_size(entry), INT64_C(1) << 33);
	archive_read_free(archive);
}

static void largest_numbers_of_ustar(void **state)
{
	struct tree_node *node = put("/f", TREE_FILE);

	(void)state;
	node->uid = node->gid = (1u << 21) - 1;
	node->mtime = (INT64_C(1) << 33) - 1;
	node->content->size = (UINT64_C(1) << 33) - 1;
	write_entry(node, NULL);
	assert_int_equal(memory.length + memory.out.used, TAR_BLOCK);
	assert_memory_equal(memory.chunk + 108,
			    "7777777\0"
			    "7777777\0"
			    "77777777777\0"
			    "77777777777",
			    40);
}

static void links(void **state)
{
	struct tree_node *first = put("/a", TREE_FILE), *second = put("/b", TREE_FILE);
	struct tree_node *soft = put("/c", TREE_LINK), *far = put("/d", TREE_LINK);
	char target[301] = "";
	struct archive_entry *entry;
	struct archive *archive;

	(void)state;
	memset(target, 't', 300);
	second->content = first->content;
	soft->target = "../x";
	far->target = target;
	write_entry(first, NULL);
	write_entry(second, first);
	write_entry(soft, NULL);
	write_entry(far, NULL);
	archive = reader();
	archive_read_next_header(archive, &entry);
	assert_null(archive_entry_hardlink(entry));
	archive_read_next_header(archive, &entry);
	assert_string_equal(archive_entry_hardlink(entry), "a");
	archive_read_next_header(archive, &entry);
	assert_string_equal(archive_entry_symlink(entry), "../x");
	archive_read_next_header(archive, &entry);
	assert_string_equal(archive_entry_symlink(entry), target);
	archive_read_free(archive);
}

static void xattrs(void **state)
{
	static const unsigned char value[] = { 0, '\n', '=', 255 };
	struct tree_xattr pair[] = { { "security.capability", value, sizeof(value) },
				     { "user.a", (const unsigned char *)"", 0 } };
	struct tree_node *node = put("/f", TREE_FILE);
	struct archive_entry *entry;
	struct archive *archive;
	const char *name;
	const void *data;
	size_t length;

	(void)state;
	node->xattrs = pair;
	node->xattrs_len = 2;
	write_entry(node, NULL);
	archive = reader();
	archive_read_next_header(archive, &entry);
	assert_int_equal(archive_entry_xattr_reset(entry), 2);
	while (archive_entry_xattr_next(entry, &name, &data, &length) == ARCHIVE_OK)
		if (strcmp(name, "security.capability") == 0) {
			assert_int_equal(length, sizeof(value));
			assert_memory_equal(data, value, length);
		}
	archive_read_free(archive);
}

static void xattr_name_with_equals(void **state)
{
	struct tree_xattr pair = { "user.a=b", (const unsigned char *)"", 0 };
	struct tree_node *node = put("/etc/f", TREE_FILE);

	(void)state;
	node->xattrs = &pair;
	node->xattrs_len = 1;
	assert_int_equal(tar_header(&memory.out, node, NULL, &err), -EINVAL);
	assert_string_equal(
		err.message,
		"/etc/f: extended attribute 'user.a=b': no tar can hold a name with '='");
}

/* The length of a record counts its own digits: 9 and 10, 99 and 100, 999 and 1000. */
static void record_lengths(void **state)
{
	static unsigned char value[1100];
	struct tree_xattr pair = { "user.a", value, 0 };
	struct tree_node *node = put("/f", TREE_FILE);

	(void)state;
	memset(value, 'v', sizeof(value));
	node->xattrs = &pair;
	node->xattrs_len = 1;
	for (pair.length = 0; pair.length < sizeof(value); pair.length++) {
		char *record, *rest;

		free(memory.data);
		memory.data = NULL;
		memory.length = memory.out.used = 0;
		write_entry(node, NULL);
		assert_int_equal(tar_end(&memory.out, &err), 0);
		record = memory.data + TAR_BLOCK;
		assert_int_equal(strtoul(record, &rest, 10), strtoul(memory.data + 124, NULL, 8));
		assert_int_equal(record[strtoul(record, NULL, 10) - 1], '\n');
		assert_int_equal(strtoul(record, NULL, 10),
				 (size_t)(rest - record) + sizeof(" SCHILY.xattr.user.a=") - 1 +
					 pair.length + 1);
	}
}

/* ---- the bytes of files ---- */

static char folder[] = "/tmp/test-tar.XXXXXX";

static struct tree_node *put_file(const char *path, size_t size)
{
	struct tree_node *node = put(path, TREE_FILE);
	CLEANUP_CLOSE int dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CLEANUP_CLOSE int fd =
		openat(dir, path + 1, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	struct stat st;

	for (size_t i = 0; i < size; i++)
		assert_int_equal(write(fd, &(char){ (char)('a' + i % 26) }, 1), 1);
	assert_int_equal(fstat(fd, &st), 0);
	node->content->source = tree_source_add(&tree, TAKE_FD(dir), "ctx");
	node->content->path = path + 1;
	node->content->size = size;
	node->content->host_dev = st.st_dev;
	node->content->host_ino = st.st_ino;
	node->content->host_mtime = (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec;
	return node;
}

static void file_bytes(void **state)
{
	static const size_t sizes[] = { 1, 511, 512, 513, 1536, 5000 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		char buf[8192];
		struct archive_entry *entry;
		struct archive *archive;

		end(NULL);
		begin(NULL);
		assert_int_equal(tar_entry(&memory.out, put_file("/f", sizes[i]), NULL, &err), 0);
		archive = reader();
		assert_int_equal(archive_read_next_header(archive, &entry), ARCHIVE_OK);
		assert_int_equal(archive_read_data(archive, buf, sizeof(buf)), sizes[i]);
		for (size_t j = 0; j < sizes[i]; j++)
			assert_int_equal(buf[j], 'a' + j % 26);
		assert_int_equal(archive_read_next_header(archive, &entry), ARCHIVE_EOF);
		archive_read_free(archive);
	}
}

static int grow(struct tar_out *out, struct oci_error *error)
{
	char path[PATH_MAX];
	CLEANUP_CLOSE int fd = -1;

	snprintf(path, sizeof(path), "%s/f", folder);
	fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
	assert_int_equal(write(fd, "more", 4), 4);
	return collect(out, error);
}

static int cut(struct tar_out *out, struct oci_error *error)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/f", folder);
	assert_int_equal(truncate(path, 100), 0);
	return collect(out, error);
}

static void file_grows_while_read(void **state)
{
	(void)state;
	memory.out.flush = grow;
	assert_int_equal(tar_entry(&memory.out, put_file("/f", 5000), NULL, &err), -ESTALE);
	assert_string_equal(err.message, "ctx/f: has changed while it was read");
}

static void file_shrinks_while_read(void **state)
{
	(void)state;
	memory.out.flush = cut;
	assert_int_equal(tar_entry(&memory.out, put_file("/f", 5000), NULL, &err), -ESTALE);
	assert_string_equal(err.message, "ctx/f: has changed while it was read");
}

static void file_changed_before(void **state)
{
	struct tree_node *node = put_file("/f", 10);

	(void)state;
	node->content->host_mtime -= 1;
	assert_int_equal(tar_entry(&memory.out, node, NULL, &err), -ESTALE);
	assert_string_equal(err.message, "ctx/f: has changed while it was read");
}

/* A piece of a file that ends too early: a spool or a tar that was cut. */
static void piece_is_short(void **state)
{
	struct tree_node *node = put("/etc/x", TREE_FILE);
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

	(void)state;
	node->content->source = tree_source_add(&tree, fd, "base.tar");
	node->content->offset = UINT32_MAX;
	node->content->size = 3;
	assert_int_equal(tar_entry(&memory.out, node, NULL, &err), -ESTALE);
	assert_string_equal(err.message, "base.tar: /etc/x: has changed while it was read");
}

static int make_folder(void **state)
{
	(void)state;
	return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
	char path[PATH_MAX];

	(void)state;
	snprintf(path, sizeof(path), "%s/f", folder);
	(void)unlink(path);
	return rmdir(folder);
}

#define T(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(plain_bytes),
		T(root_and_folders),
		T(name_lengths),
		T(deep_name),
		T(names_of_any_bytes),
		T(large_numbers),
		T(largest_numbers_of_ustar),
		T(links),
		T(xattrs),
		T(xattr_name_with_equals),
		T(record_lengths),
		T(file_bytes),
		T(file_grows_while_read),
		T(file_shrinks_while_read),
		T(file_changed_before),
		T(piece_is_short),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
