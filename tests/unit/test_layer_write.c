/* SPDX-License-Identifier: Apache-2.0 */
/*
 * layer_write.c, members.c, layers_assign.c: layers of random trees are written, read back, and must have what every layer must
 * have: its diff id, no entry twice, the folders above each entry before it, hard links to what came before.
 */
#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/error.h"
#include "base/mem.h"
#include "cartefile-to-oci/layer_write.h"

#define ENTRIES_MAX 4096
#define BYTES ((size_t)24 << 20)

static char folder[64];
static struct layout layout = LAYOUT_INIT;
static struct tree tree;
static struct tree_source *bytes; /* what files consist of */
static struct oci_error err;
static uint64_t seed;

static uint32_t number(uint32_t below)
{
	seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
	return (uint32_t)(seed >> 33) % below;
}

/* half of it is noise, the other half is not */
static int make_bytes(void)
{
	int fd = memfd_create("bytes", MFD_CLOEXEC);
	unsigned char *map;

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, BYTES), 0);
	map = mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	assert_ptr_not_equal(map, MAP_FAILED);
	seed = 1;
	for (size_t i = 0; i < BYTES; i++)
		map[i] = (unsigned char)(i >> 16 & 1 ? number(256) : i >> 8);
	munmap(map, BYTES);
	return fd;
}

static int begin_group(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/test-layer-write.XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	return layout_open(&layout, folder, LAYOUT_CREATE, &err);
}

static int end_group(void **state)
{
	char command[PATH_MAX + 16];

	(void)state;
	layout_close(&layout);
	snprintf(command, sizeof(command), "rm -rf '%s'", folder);
	return system(command);
}

static int begin(void **state)
{
	(void)state;
	err = (struct oci_error)OCI_ERROR_INIT;
	assert_int_equal(tree_init(&tree, &err), 0);
	bytes = tree_source_add(&tree, make_bytes(), "bytes");
	assert_non_null(bytes);
	return 0;
}

static int end(void **state)
{
	(void)state;
	tree_free(&tree);
	return 0;
}

static struct tree_node *put(const char *path, enum tree_type type)
{
	struct tree_node *node;

	assert_int_equal(tree_put(&tree, path, type, &node, &err), 0);
	node->mode = type == TREE_DIR ? 0755 : 0644;
	node->origin = TREE_PATH;
	if (type == TREE_LINK)
		node->target = "target";
	if (type == TREE_FILE)
		assert_non_null(node->content = tree_content_new(&tree));
	return node;
}

static struct tree_node *put_file(const char *path, uint64_t offset, uint64_t size)
{
	struct tree_node *node = put(path, TREE_FILE);

	node->content->source = bytes;
	node->content->offset = offset;
	node->content->size = size;
	return node;
}

/* ---- reading back ---- */

struct seen {
	char *names[ENTRIES_MAX];
	size_t len;
};

static bool has_name(const struct seen *seen, const char *name)
{
	for (size_t i = 0; i < seen->len; i++)
		if (strcmp(seen->names[i], name) == 0)
			return true;
	return false;
}

static void expect_folders_above(const struct seen *seen, const char *name)
{
	char above[PATH_MAX];

	assert_true(strcmp(name, "./") == 0 || has_name(seen, "./"));
	for (const char *slash = strchr(name, '/'); slash && slash[1];
	     slash = strchr(slash + 1, '/')) {
		snprintf(above, sizeof(above), "%.*s/", (int)(slash - name), name);
		if (!has_name(seen, above))
			fail_msg("%s comes before %s", name, above);
	}
}

static void expect_bytes(struct archive *archive, const struct tree_node *node)
{
	const struct tree_content *content = node->content;
	static char is[64 << 10], should[64 << 10];
	uint64_t at = 0;
	ssize_t n;

	while ((n = archive_read_data(archive, is, sizeof(is))) > 0) {
		assert_int_equal(tree_pread(node, should, (size_t)n, at, &err), n);
		assert_memory_equal(is, should, (size_t)n);
		at += (uint64_t)n;
	}
	assert_int_equal(n, 0);
	assert_int_equal(at, content->size);
}

static void expect_entry(struct archive *archive, struct archive_entry *entry,
			 const struct seen *seen)
{
	const char *name = archive_entry_pathname(entry);
	const struct tree_node *node = tree_find(&tree, name);

	assert_non_null(node);
	assert_int_equal(archive_entry_perm(entry), node->mode);
	assert_int_equal(archive_entry_uid(entry), node->uid);
	assert_int_equal(archive_entry_mtime(entry), node->mtime);
	if (archive_entry_hardlink(entry)) {
		assert_true(has_name(seen, archive_entry_hardlink(entry)));
		assert_ptr_equal(tree_find(&tree, archive_entry_hardlink(entry))->content,
				 node->content);
	} else if (node->type == TREE_FILE) {
		expect_bytes(archive, node);
	}
}

static size_t expect_layer(const struct layer_result *result)
{
	struct archive *archive = archive_read_new();
	CLEANUP_CLOSE int fd =
		layout_open_blob(&layout, &result->blob, (int64_t)result->size, &err);
	struct seen *seen = calloc(1, sizeof(*seen));
	struct archive_entry *entry;
	size_t count;
	int r;

	archive_read_support_format_tar(archive);
	archive_read_support_filter_gzip(archive);
	archive_read_support_filter_zstd(archive);
	assert_int_equal(archive_read_open_fd(archive, fd, 65536), ARCHIVE_OK);
	while ((r = archive_read_next_header(archive, &entry)) == ARCHIVE_OK) {
		const char *name = archive_entry_pathname(entry);

		if (has_name(seen, name))
			fail_msg("%s is there twice", name);
		expect_folders_above(seen, name);
		expect_entry(archive, entry, seen);
		assert_in_range(seen->len, 0, ENTRIES_MAX - 1);
		assert_non_null(seen->names[seen->len++] = strdup(name));
	}
	assert_int_equal(r, ARCHIVE_EOF);
	assert_int_equal(seen->len, result->entries);
	count = seen->len;
	for (size_t i = 0; i < seen->len; i++)
		free(seen->names[i]);
	free(seen);
	archive_read_free(archive);
	return count;
}

/* The tar inside a blob, by another decompressor than the one that goes with the compressor. */
static void expect_diff_id(const struct layer_result *result, const char *program)
{
	char command[PATH_MAX + 256], hex[DIGEST_HEX_LENGTH + 1], sum[DIGEST_HEX_LENGTH + 1] = "";
	FILE *pipe;

	snprintf(command, sizeof(command), "%s <'%s/blobs/sha256/%s' | sha256sum", program, folder,
		 digest_hex(&result->blob, hex));
	pipe = popen(command, "r");
	assert_non_null(pipe);
	assert_int_equal(fscanf(pipe, "%64s", sum), 1);
	assert_int_equal(pclose(pipe), 0);
	assert_string_equal(sum, digest_hex(&result->diff_id, hex));
}

/* ---- random trees ---- */

static void random_node(void)
{
	char path[PATH_MAX] = "";
	struct tree_node *node, *other;
	uint32_t depth = 1 + number(5), kind = number(10);

	/* few names, so that they meet */
	for (uint32_t i = 0; i < depth; i++)
		snprintf(path + strlen(path), sizeof(path) - strlen(path), "/%c%u",
			 "dfl"[number(3)], number(6));
	if (kind < 3) {
		if (tree_put(&tree, path, TREE_DIR, &node, &err) == 0)
			node->mode = 0700 | (uint16_t)number(0100);
	} else if (kind < 4) {
		if (tree_put(&tree, path, TREE_LINK, &node, &err) == 0) {
			node->target = "x";
			node->mode = 0777;
		}
	} else if (tree_put(&tree, path, TREE_FILE, &node, &err) == 0) {
		other = kind < 6 ? tree_next(tree.root) : NULL;
		for (uint32_t i = number(20); other && (i > 0 || other->type != TREE_FILE);
		     other = tree_next(other))
			i -= i > 0;
		node->content = other && other != node && other->content ? other->content
									 : tree_content_new(&tree);
		node->content->links += other && other->content == node->content && other != node;
		if (!node->content->source) {
			node->content->source = bytes;
			node->content->offset = number(BYTES / 2);
			node->content->size = number(number(20) == 0 ? 3 << 20 : 3000);
		}
		node->mode = 0644;
	}
	err = (struct oci_error)OCI_ERROR_INIT;
}

static void settle_links(void)
{
	/* the other names of a file have its attributes */
	for (struct tree_node *node = tree.root; node; node = tree_next(node)) {
		node->origin = (uint8_t)(1 + (node->mode + node->children_len) % 4);
		node->in_base = node->type != TREE_FILE && node->parent && number(8) == 0;
	}
}

static void write_and_check(enum layer_plan plan, enum layer_compression compression,
			    const char *program)
{
	const struct tree_node *exe = tree_next(tree.root);
	struct layer_list list;
	struct layer_result result;
	struct digest diff_id;

	while (exe && exe->type != TREE_FILE)
		exe = tree_next(exe);
	layers_assign(&tree, plan, exe, &list);
	for (size_t i = 0; i < list.count; i++) {
		if (!list.used[i])
			continue;
		assert_int_equal(layer_write(&tree, (int)i, compression, &layout, &result, &err),
				 0);
		expect_layer(&result);
		expect_diff_id(&result, program);
		assert_int_equal(layer_diff_id(&tree, (int)i, &diff_id, &err), 0);
		assert_true(digest_equal(&diff_id, &result.diff_id));
	}
}

static void random_trees(void **state)
{
	static const struct {
		enum layer_compression compression;
		const char *program;
	} ways[] = { { LAYER_GZIP, "gzip -dc" },
		     { LAYER_ZSTD, "zstd -dcq" },
		     { LAYER_PLAIN, "cat" } };

	for (unsigned i = 0; i < 30; i++) {
		end(state);
		begin(state);
		seed = i;
		for (uint32_t j = 10 + number(300); j > 0; j--)
			random_node();
		settle_links();
		write_and_check((enum layer_plan)(i % 3), ways[i / 3 % 3].compression,
				ways[i / 3 % 3].program);
	}
}

/* ---- the pipe ---- */

static void write_one(struct layer_result *ret)
{
	struct layer_list list;

	layers_assign(&tree, LAYERS_ONE, NULL, &list);
	assert_true(list.used[0]);
	assert_int_equal(layer_write(&tree, 0, LAYER_GZIP, &layout, ret, &err), 0);
}

/* Around the ends of members, with one processor and with all of them: the same bytes. */
static void same_bytes_for_any_processors(void **state)
{
	static const uint64_t sizes[] = { 0,      1,       391679,  391680,  392192,  784895,
					  784896, 1309184, 1310720, 5000000, 20000000 };
	cpu_set_t all, one;

	assert_int_equal(sched_getaffinity(0, sizeof(all), &all), 0);
	CPU_ZERO(&one);
	for (int i = 0; i < CPU_SETSIZE && CPU_COUNT(&one) == 0; i++)
		if (CPU_ISSET(i, &all))
			CPU_SET(i, &one);
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		struct layer_result with_all, with_one;

		end(state);
		begin(state);
		put_file("/f", 1000, sizes[i]);
		write_one(&with_all);
		assert_int_equal(sched_setaffinity(0, sizeof(one), &one), 0);
		write_one(&with_one);
		assert_int_equal(sched_setaffinity(0, sizeof(all), &all), 0);
		assert_true(digest_equal(&with_all.blob, &with_one.blob));
		expect_layer(&with_all);
		expect_diff_id(&with_all, "gzip -dc");
	}
}

static void no_thread_for_a_small_layer(void **state)
{
	struct layer_result result;
	struct stat st;
	int64_t before;

	(void)state;
	put_file("/f", 0, 380000);
	assert_int_equal(stat("/proc/self/task", &st), 0);
	before = (int64_t)st.st_nlink;
	write_one(&result);
	assert_int_equal(stat("/proc/self/task", &st), 0);
	assert_int_equal(st.st_nlink, before);
	/* one member: one header and no more */
	assert_in_range(result.size, 20, 600000);
}

static void failure_leaves_nothing(void **state)
{
	struct layer_list list;
	struct layer_result result;
	char command[PATH_MAX + 64];

	(void)state;
	put_file("/a", 0, 9 << 20);
	put_file("/b", BYTES - 100, 5000);
	layers_assign(&tree, LAYERS_ONE, NULL, &list);
	snprintf(command, sizeof(command), "ls -A '%s/blobs/sha256' >'%s/before'", folder, folder);
	assert_int_equal(system(command), 0);
	assert_int_equal(layer_write(&tree, 0, LAYER_GZIP, &layout, &result, &err), -ESTALE);
	assert_string_equal(err.message, "bytes: /b: has changed while it was read");
	snprintf(command, sizeof(command), "ls -A '%s/blobs/sha256' | cmp - '%s/before'", folder,
		 folder);
	assert_int_equal(system(command), 0);
}

/* ---- which layer ---- */

static void three_layers(void **state)
{
	struct layer_list list;
	struct tree_node *exe, *link, *file, *empty;

	(void)state;
	empty = put("/var/empty", TREE_DIR);
	file = put_file("/etc/conf", 0, 10);
	exe = put_file("/bin/server", 0, 10);
	link = put("/bin/alias", TREE_LINK);
	layers_assign(&tree, LAYERS_THREE, exe, &list);
	assert_int_equal(list.count, 3);
	assert_string_equal(list.words[0], "directories");
	assert_string_equal(list.words[1], "files");
	assert_string_equal(list.words[2], "executable");
	assert_true(list.used[0] && list.used[1] && list.used[2]);
	assert_int_equal(empty->layer, 0);
	assert_int_equal(file->layer, 1);
	assert_int_equal(link->layer, 1);
	assert_int_equal(exe->layer, 2);
	assert_int_equal(tree.root->layer, -1);
}

static void other_names_of_the_executable(void **state)
{
	struct tree_node *exe = put_file("/bin/a", 0, 10), *other = put_file("/bin/b", 0, 10);
	struct layer_list list;

	(void)state;
	other->content = exe->content;
	exe->content->links = 2;
	layers_assign(&tree, LAYERS_THREE, exe, &list);
	assert_int_equal(other->layer, 2);
	assert_false(list.used[1]);
}

static void layers_of_a_base_are_kept(void **state)
{
	struct tree_node *in_base, *out, *file;
	struct layer_list list;
	struct layer_result result;

	(void)state;
	in_base = put_file("/srv/old", 0, 10);
	in_base->in_base = in_base->parent->in_base = true;
	in_base->parent->mode = 01770;
	in_base->parent->uid = 33;
	out = put_file("/srv/out", 0, 10);
	out->out = true;
	file = put_file("/srv/new", 0, 10);
	layers_assign(&tree, LAYERS_THREE, NULL, &list);
	assert_int_equal(in_base->layer, -1);
	assert_int_equal(out->layer, -1);
	assert_int_equal(file->layer, 1);
	assert_false(list.used[0] || list.used[2]);
	/* the root, the base's folder as it is, the file */
	assert_int_equal(layer_write(&tree, 1, LAYER_GZIP, &layout, &result, &err), 0);
	assert_int_equal(expect_layer(&result), 3);
}

static void an_empty_image_has_a_layer(void **state)
{
	struct layer_list list;
	struct layer_result result;

	(void)state;
	layers_assign(&tree, LAYERS_THREE, NULL, &list);
	assert_true(list.used[0]);
	assert_int_equal(layer_write(&tree, 0, LAYER_GZIP, &layout, &result, &err), 0);
	assert_int_equal(expect_layer(&result), 1);
}

static void small_layers_are_merged(void **state)
{
	struct tree_node *base, *path, *exe;
	struct layer_list list;

	(void)state;
	base = put_file("/lib/base", 0, 100000);
	base->origin = TREE_BASE;
	path = put_file("/srv/x", 0, 10);
	exe = put_file("/bin/exe", 0, 20);
	layers_assign(&tree, LAYERS_AUTO, exe, &list);
	assert_int_equal(base->layer, 0);
	assert_int_equal(path->layer, exe->layer);
	path->content->size = exe->content->size = 70000;
	layers_assign(&tree, LAYERS_AUTO, exe, &list);
	assert_int_equal(base->layer, 0);
	assert_int_equal(path->layer, 1);
	assert_int_equal(exe->layer, 2);
	base->content->size = path->content->size = exe->content->size = 100;
	layers_assign(&tree, LAYERS_AUTO, exe, &list);
	assert_int_equal(base->layer, path->layer);
	assert_int_equal(base->layer, exe->layer);
}

#define T(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(random_trees),
		T(same_bytes_for_any_processors),
		T(no_thread_for_a_small_layer),
		T(failure_leaves_nothing),
		T(three_layers),
		T(other_names_of_the_executable),
		T(layers_of_a_base_are_kept),
		T(an_empty_image_has_a_layer),
		T(small_layers_are_merged),
	};

	return cmocka_run_group_tests(tests, begin_group, end_group);
}
