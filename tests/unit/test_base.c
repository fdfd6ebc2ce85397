/* SPDX-License-Identifier: Apache-2.0 */
/* test_base.c - FROM: tars and images become trees; listings of layers are remembered, and believed only when whole. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <sys/stat.h>

#include "base/error.h"
#include "base/mem.h"
#include "cartefile-to-oci/base.h"
#include "cartefile-to-oci/layer_tree.h"
#include "cartefile-to-oci/listing.h"
#include "cartefile-to-oci/store-private.h"
#include "unit/image.h"
#include "unit/tar-bytes.h"

static char top[] = "/tmp/carte-test-base-XXXXXX";
static struct store store = STORE_INIT;
static struct base_options options = { .store = &store, .mtime_latest = INT64_MAX };

static int setup(void **state)
{
	struct oci_error err = OCI_ERROR_INIT;

	(void)state;
	if (!mkdtemp(top) || chdir(top) < 0)
		return -1;
	options.context = top;
	return store_open("store", &store, &err);
}

static int teardown(void **state)
{
	(void)state;
	store_close(&store);
	return folder_remove(AT_FDCWD, top);
}

/* ---- a tree as text -------------------------------------------------------------------------------------------------- */
static void describe(const struct tree *tree, char *out, size_t size)
{
	size_t used = 0;

	out[0] = '\0';
	for (const struct tree_node *node = tree->root; node; node = tree_next(node)) {
		char path[PATH_MAX], content[64] = "";

		if (node->content && node->content->source)
			assert_true(tree_pread(node, content, sizeof(content) - 1, 0, NULL) >= 0);
		used += (size_t)snprintf(
			out + used, size - used, "%d %s %o %s%s%s%s%s\n", node->type,
			tree_path(node, path, sizeof(path)), node->mode, content,
			node->target ? "-> " : "", node->target ? node->target : "",
			node->in_base ? " base" : "",
			node->content && node->content->links > 1 ? " linked" : "");
		assert_int_equal(node->line, 0);
		assert_int_equal(node->layer, -1);
	}
}

static void expect_tree(const struct tree *tree, const char *text)
{
	char got[8192];

	describe(tree, got, sizeof(got));
	assert_string_equal(got, text);
}

/* ---- layers over layers ---------------------------------------------------------------------------------------------- */
static int put_layer(struct layer_tree *to, struct tar_bytes *tar, struct oci_error *err)
{
	struct layer_input input = { .name = "x.tar", .is_layer = true };
	CLEANUP_CLOSE int fd = -1;

	tar_end(tar);
	fd = tar_fd(tar);
	input.fd = fd;
	return layer_tree_read(to, &input, err);
}

static void begin_tree(struct tree *tree, struct layer_tree *to)
{
	struct oci_error err = OCI_ERROR_INIT;

	assert_int_equal(tree_init(tree, &err), 0);
	*to = (struct layer_tree){ .tree = tree, .mtime_latest = INT64_MAX };
	to->spool = tree_source_add(tree, store_temp_file(&store, &err), "spool");
	assert_non_null(to->spool);
}

static void put_good(struct layer_tree *to, struct tar_bytes *tar)
{
	struct oci_error err = OCI_ERROR_INIT;
	int r = put_layer(to, tar, &err);

	assert_string_equal(err.message, "");
	assert_int_equal(r, 0);
}

static void changesets(void **state)
{
	struct tar_bytes tar = { 0 };
	struct layer_tree to;
	struct tree tree;

	(void)state;
	begin_tree(&tree, &to);
	tar_folder(&tar, "usr/lib");
	tar_link(&tar, "lib", "usr/lib");
	tar_file(&tar, "lib/a", "aa");
	tar_file(&tar, "d/old", "o");
	tar_file(&tar, "e/old", "o");
	tar_file(&tar, "f", "f");
	put_good(&to, &tar);
	tar_file(&tar, "lib/new/b", "bb");
	tar_hardlink(&tar, "usr/c", "lib/a");
	tar_file(&tar, "d/new", "n");
	tar_file(&tar, "d/.wh..wh..opq", "");
	tar_file(&tar, "e/.wh.old", "");
	tar_file(&tar, "e/.wh.never", "");
	tar_folder(&tar, "f");
	tar_file(&tar, ".wh.f", "");
	put_good(&to, &tar);
	layer_tree_end(&to);
	expect_tree(&tree, "1 / 755 \n"
			   "1 /d 755 \n"
			   "2 /d/new 644 n\n"
			   "1 /e 755 \n"
			   "1 /f 755 \n"
			   "3 /lib 777 -> usr/lib\n"
			   "1 /usr 755 \n"
			   "2 /usr/c 644 aa linked\n"
			   "1 /usr/lib 755 \n"
			   "2 /usr/lib/a 644 aa linked\n"
			   "1 /usr/lib/new 755 \n"
			   "2 /usr/lib/new/b 644 bb\n");
	tree_free(&tree);
}

static void bad_changesets(void **state)
{
	static const struct {
		char type;
		const char *name, *link, *message;
	} cases[] = {
		{ '1', "x", "nowhere",
		  "x.tar: entry 'x': hard link to 'nowhere', which is not there" },
		{ '1', "x", "d", "x.tar: entry 'x': hard link to 'd', which is a folder" },
		{ '0', "f/x", "", "x.tar: entry 'f/x': what it is in is no folder" },
		{ '0', "dangling/x", "",
		  "x.tar: entry 'dangling/x': a folder of its path is a link to nothing" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct oci_error err = OCI_ERROR_INIT;
		struct tar_bytes tar = { 0 };
		struct layer_tree to;
		struct tree tree;

		begin_tree(&tree, &to);
		tar_folder(&tar, "d");
		tar_file(&tar, "f", "");
		tar_link(&tar, "dangling", "nowhere");
		tar_add_as(&tar, cases[i].type, cases[i].name, cases[i].link, NULL, 0, 0644, 0);
		assert_int_equal(put_layer(&to, &tar, &err), -EINVAL);
		assert_string_equal(err.message, cases[i].message);
		tree_free(&tree);
	}
}

/* ---- tar: ------------------------------------------------------------------------------------------------------------ */
static void from_tar(void **state)
{
	struct cartefile file = { .name = "Cartefile",
				  .from = FROM_TAR,
				  .from_text = (char *)"x.tar",
				  .from_place = { 3, 7 } };
	struct oci_error err = OCI_ERROR_INIT;
	struct tar_bytes tar = { 0 };
	struct base base = { 0 };
	struct digest before;
	struct tree tree;
	int fd;

	(void)state;
	assert_int_equal(base_open(&file, &options, &base, &err), -ENOENT);
	assert_string_equal(err.message, "Cartefile:3:7: x.tar: No such file or directory");
	err = (struct oci_error)OCI_ERROR_INIT;
	tar_file(&tar, "a", "content");
	tar_add_as(&tar, '3', "null", "", NULL, 0, 0666, 0);
	tar_add_as(&tar, '0', "s", "", "s", 1, 06755, 5);
	tar_end(&tar);
	fd = open("x.tar", O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	assert_int_equal(write(fd, tar.data, tar.length), tar.length);
	close(fd);
	free(tar.data);
	assert_int_equal(base_open(&file, &options, &base, &err), 0);
	assert_null(base.image.config);
	before = base.key;
	assert_int_equal(tree_init(&tree, &err), 0);
	options.mtime_latest = 5;
	assert_int_equal(base_read(&base, true, &options, &tree, &err), 0);
	options.mtime_latest = INT64_MAX;
	expect_tree(&tree, "1 / 755 \n2 /a 644 content\n2 /s 6755 s\n");
	assert_int_equal(tree_find(&tree, "/a")->mtime, 5);
	assert_int_equal(tree_find(&tree, "/s")->uid, 5);
	/* not copied: where it is in the tar */
	assert_int_equal(tree_find(&tree, "/a")->content->offset, 512);
	assert_string_equal(tree_find(&tree, "/a")->content->source->name, "x.tar");
	tree_free(&tree);
	base_close(&base);
	base_close(&base);
	/* another file, another key */
	assert_int_equal(truncate("x.tar", 20480), 0);
	assert_int_equal(base_open(&file, &options, &base, &err), 0);
	assert_false(digest_equal(&before, &base.key));
	base_close(&base);
}

/* ---- images ---------------------------------------------------------------------------------------------------------- */
static void make_image(const char *path, struct tar_bytes *tar, struct digest *ret_layer)
{
	struct layout layout = LAYOUT_INIT;
	char config[1024], manifest[2048], layer[DIGEST_TEXT_SIZE], digest[DIGEST_TEXT_SIZE];
	struct digest config_digest;
	struct image image;

	tar_end(tar);
	IMAGE_OK(layout_open(&layout, path, LAYOUT_CREATE, err));
	IMAGE_OK(blob_put(&layout, tar->data, tar->length, ret_layer, err));
	digest_format(ret_layer, layer);
	snprintf(config, sizeof(config),
		 "{\"architecture\":\"amd64\",\"os\":\"linux\",\"rootfs\":{\"type\":\"layers\","
		 "\"diff_ids\":[\"%s\"]}}",
		 layer);
	IMAGE_OK(blob_put(&layout, config, strlen(config), &config_digest, err));
	snprintf(manifest, sizeof(manifest),
		 "{\"schemaVersion\":2,\"mediaType\":\"" OCI_MEDIA_TYPE_MANIFEST "\","
		 "\"config\":{\"mediaType\":\"" OCI_MEDIA_TYPE_CONFIG
		 "\",\"digest\":\"%s\",\"size\":%zu},\"layers\":[{\"mediaType\":"
		 "\"" OCI_MEDIA_TYPE_LAYER "\",\"digest\":\"%s\",\"size\":%zu}]}",
		 digest_format(&config_digest, digest), strlen(config), layer, tar->length);
	image_put(&layout, OCI_MEDIA_TYPE_MANIFEST, manifest, &image);
	IMAGE_OK(layout_set_name(&layout, "localhost/x:1", &image.descriptor, err));
	layout_close(&layout);
	free(tar->data);
	*tar = (struct tar_bytes){ 0 };
}

static int read_image(bool contents, struct tree *tree, struct oci_error *err)
{
	struct cartefile file = { .name = "Cartefile",
				  .from = FROM_OCI,
				  .from_text = (char *)"image",
				  .from_place = { 1, 6 } };
	struct base base = { 0 };
	int r = base_open(&file, &options, &base, err);

	if (r < 0)
		return r;
	assert_non_null(base.image.config);
	assert_int_equal(tree_init(tree, err), 0);
	r = base_read(&base, contents, &options, tree, err);
	base_close(&base);
	return r;
}

static void from_image(void **state)
{
	static const char names[] = "1 / 755  base\n1 /d 700  base\n2 /d/f 644  base\n";
	struct oci_error err = OCI_ERROR_INIT;
	struct tar_bytes tar = { 0 };
	struct digest layer;
	char *record, path[PATH_MAX], hex[DIGEST_HEX_LENGTH + 1];
	size_t length;
	struct tree tree;

	(void)state;
	tar_folder(&tar, "./");
	tar_add_as(&tar, '5', "d", "", NULL, 0, 0700, 0);
	tar_file(&tar, "d/f", "content");
	make_image("image", &tar, &layer);
	assert_int_equal(store_cache_get(&store, "listing", &layer, &record, &length, &err), 0);
	assert_int_equal(read_image(false, &tree, &err), 0);
	expect_tree(&tree, names);
	assert_int_equal(tree_find(&tree, "/d/f")->content->size, 7);
	tree_free(&tree);

	/* the second time from what was remembered: the blob's bytes are not looked at */
	assert_int_equal(store_cache_get(&store, "listing", &layer, &record, &length, &err), 1);
	snprintf(path, sizeof(path), "image/blobs/sha256/%s", digest_hex(&layer, hex));
	{
		struct stat st;
		char zeros[512] = { 0 };
		int fd;

		assert_int_equal(chmod(path, 0644), 0);
		fd = open(path, O_WRONLY | O_CLOEXEC);
		assert_int_equal(write(fd, zeros, sizeof(zeros)), sizeof(zeros));
		assert_int_equal(fstat(fd, &st), 0);
		close(fd);
	}
	assert_int_equal(read_image(false, &tree, &err), 0);
	expect_tree(&tree, names);
	tree_free(&tree);

	/* a damaged one is as if it was not there: then the blob is read, and found out */
	record[length / 2] ^= 0x7f;
	assert_int_equal(store_cache_put(&store, "listing", &layer, record, length - 1, &err), 0);
	free(record);
	assert_true(read_image(false, &tree, &err) < 0);
	assert_non_null(strstr(err.message, ": its digest is sha256:"));
	tree_free(&tree);
}

static void from_image_contents(void **state)
{
	struct oci_error err = OCI_ERROR_INIT;
	struct tar_bytes tar = { 0 };
	struct digest layer;
	struct tree tree;

	(void)state;
	assert_int_equal(folder_remove(AT_FDCWD, "image"), 0);
	tar_file(&tar, "f", "other content");
	tar_hardlink(&tar, "g", "f");
	make_image("image", &tar, &layer);
	assert_int_equal(read_image(true, &tree, &err), 0);
	expect_tree(&tree,
		    "1 / 755 \n2 /f 644 other content linked\n2 /g 644 other content linked\n");
	tree_free(&tree);
}

/* ---- listings -------------------------------------------------------------------------------------------------------- */
static const struct tree_xattr xattrs[] = {
	{ "security.capability", (const unsigned char *)"\1\0\0\2", 4 },
	{ "user.empty", (const unsigned char *)"", 0 },
};

static const struct layer_entry entries[] = {
	{ .path = "", .type = TREE_DIR, .mode = 0755 },
	{ .path = "usr/bin/a",
	  .type = TREE_FILE,
	  .mode = 04755,
	  .uid = UINT32_MAX - 1,
	  .gid = 7,
	  .mtime = -12345678901,
	  .size = 1ull << 40,
	  .xattrs = xattrs,
	  .xattrs_len = 2 },
	{ .path = "usr/bin/b", .type = TREE_FILE, .hardlink = "usr/bin/a" },
	{ .path = "usr/l", .type = TREE_LINK, .target = "../x", .mode = 0777, .mtime = INT64_MAX },
	{ .path = "dev/x", .type = TREE_CHAR, .rdev_major = 1, .rdev_minor = 300 },
	{ .path = "gone", .type = TREE_FILE, .mark = LAYER_WHITEOUT },
	{ .path = "usr", .type = TREE_FILE, .mark = LAYER_OPAQUE },
};

static void write_listing(struct listing *listing)
{
	for (size_t i = 0; i < ARRAY_LEN(entries); i++)
		assert_int_equal(listing_add(listing, &entries[i], NULL), 0);
	assert_int_equal(listing_end(listing, NULL), 0);
}

static void assert_same_text(const char *a, const char *b)
{
	assert_string_equal(a ? a : "", b ? b : "");
	assert_int_equal(!a, !b);
}

static void listing_round(void **state)
{
	struct listing listing = { 0 };
	struct listing_reader reader = { 0 };
	const struct layer_entry *e;

	(void)state;
	write_listing(&listing);
	reader.data = listing.data;
	reader.length = listing.length;
	for (size_t i = 0; i < ARRAY_LEN(entries); i++) {
		const struct layer_entry *want = &entries[i];

		assert_int_equal(listing_next(&reader, &e), 1);
		assert_same_text(e->path, want->path);
		assert_same_text(e->hardlink, want->hardlink);
		assert_same_text(e->target, want->target);
		assert_int_equal(e->mark, want->mark);
		assert_int_equal(e->type, want->type);
		assert_int_equal(e->mode, want->mode);
		assert_int_equal(e->uid, want->uid);
		assert_int_equal(e->gid, want->gid);
		assert_int_equal(e->mtime, want->mtime);
		assert_int_equal(e->size, want->size);
		assert_int_equal(e->rdev_minor, want->rdev_minor);
		assert_int_equal(e->xattrs_len, want->xattrs_len);
		for (size_t x = 0; x < e->xattrs_len; x++) {
			assert_string_equal(e->xattrs[x].name, want->xattrs[x].name);
			assert_int_equal(e->xattrs[x].length, want->xattrs[x].length);
			assert_memory_equal(e->xattrs[x].value, want->xattrs[x].value,
					    want->xattrs[x].length);
		}
	}
	assert_int_equal(listing_next(&reader, &e), 0);
	listing_reader_free(&reader);
	listing_free(&listing);
}

/* Cut anywhere it is damaged, and no bit that is turned makes it read outside. */
static void listing_damage(void **state)
{
	struct listing listing = { 0 };
	const struct layer_entry *e;
	size_t whole = 0;
	int r;

	(void)state;
	write_listing(&listing);
	for (size_t cut = 0; cut < listing.length; cut++) {
		unsigned char *copy = malloc(cut + 1);
		struct listing_reader reader = { .data = copy, .length = cut };

		assert_non_null(copy);
		memcpy(copy, listing.data, cut);
		while ((r = listing_next(&reader, &e)) > 0)
			;
		assert_int_equal(r, -EINVAL);
		listing_reader_free(&reader);
		free(copy);
	}
	for (size_t bit = 0; bit < listing.length * 8; bit++) {
		struct listing_reader reader = { .data = listing.data, .length = listing.length };

		listing.data[bit / 8] ^= (unsigned char)(1u << bit % 8);
		while ((r = listing_next(&reader, &e)) > 0)
			;
		whole += r == 0;
		listing.data[bit / 8] ^= (unsigned char)(1u << bit % 8);
		listing_reader_free(&reader);
	}
	/* a changed name or number is whole; the store's digest of the record is what finds it */
	assert_true(whole > 0 && whole < listing.length * 8);
	listing_free(&listing);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(changesets),
		cmocka_unit_test(bad_changesets),
		cmocka_unit_test(from_tar),
		cmocka_unit_test(from_image),
		cmocka_unit_test(from_image_contents),
		cmocka_unit_test(listing_round),
		cmocka_unit_test(listing_damage),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
