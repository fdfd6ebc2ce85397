/* SPDX-License-Identifier: Apache-2.0 */
/* test_diff.c - what makes two images differ, to the letter. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/error.h"
#include "base/mem.h"
#include "cartefile-to-oci/diff.h"
#include "cartefile-to-oci/store-private.h"
#include "unit/image.h"
#include "unit/tar-bytes.h"

static char top[] = "/tmp/carte-test-diff-XXXXXX";

static int setup(void **state)
{
	(void)state;
	return mkdtemp(top) && chdir(top) == 0 ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	return folder_remove(AT_FDCWD, top);
}

/* An image of one layer, with @members in its configuration. */
static void make_image(const char *path, struct tar_bytes *tar, const char *members,
		       const char *annotations)
{
	struct layout layout = LAYOUT_INIT;
	char config[2048], manifest[2048], layer[DIGEST_TEXT_SIZE], digest[DIGEST_TEXT_SIZE];
	struct digest layer_digest, config_digest;
	struct image image;

	tar_end(tar);
	IMAGE_OK(layout_open(&layout, path, LAYOUT_CREATE, err));
	IMAGE_OK(blob_put(&layout, tar->data, tar->length, &layer_digest, err));
	digest_format(&layer_digest, layer);
	snprintf(config, sizeof(config),
		 "{\"architecture\":\"amd64\",\"os\":\"linux\"%s,\"rootfs\":{\"type\":\"layers\","
		 "\"diff_ids\":[\"%s\"]}}",
		 members, layer);
	IMAGE_OK(blob_put(&layout, config, strlen(config), &config_digest, err));
	snprintf(manifest, sizeof(manifest),
		 "{\"schemaVersion\":2,\"mediaType\":\"" OCI_MEDIA_TYPE_MANIFEST "\","
		 "\"config\":{\"mediaType\":\"" OCI_MEDIA_TYPE_CONFIG
		 "\",\"digest\":\"%s\",\"size\":%zu},\"layers\":[{\"mediaType\":"
		 "\"" OCI_MEDIA_TYPE_LAYER "\",\"digest\":\"%s\",\"size\":%zu}]%s}",
		 digest_format(&config_digest, digest), strlen(config), layer, tar->length,
		 annotations);
	image_put(&layout, OCI_MEDIA_TYPE_MANIFEST, manifest, &image);
	IMAGE_OK(layout_set_name(&layout, "localhost/x:1", &image.descriptor, err));
	layout_close(&layout);
	free(tar->data);
	*tar = (struct tar_bytes){ 0 };
}

/* All of it but digests of the documents, which say nothing. */
static void expect(const char *text)
{
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	struct image_source a = IMAGE_SOURCE_INIT, b = IMAGE_SOURCE_INIT;
	struct diff_list list = { .arena = &arena };
	char got[4096] = "";
	size_t used = 0;

	IMAGE_OK(image_open("oci:a", NULL, NULL, &arena, &a, err));
	IMAGE_OK(image_open("oci:b", NULL, NULL, &arena, &b, err));
	IMAGE_OK(diff_images(&a, &b, &list, err));
	for (size_t i = 0; i < list.len; i++) {
		const struct difference *d = &list.items[i];

		if (strcmp(d->name, "config") == 0 || strncmp(d->name, "layer ", 6) == 0 ||
		    strncmp(d->name, "diff id ", 8) == 0)
			continue;
		used += (size_t)snprintf(got + used, sizeof(got) - used,
					 "%d %s%s%s: %.20s | %.20s\n", (int)d->where, d->name,
					 d->what ? " " : "", d->what ? d->what : "",
					 d->a ? d->a : "-", d->b ? d->b : "-");
	}
	assert_string_equal(got, text);
	image_close(&a);
	image_close(&b);
	assert_int_equal(folder_remove(AT_FDCWD, "a"), 0);
	assert_int_equal(folder_remove(AT_FDCWD, "b"), 0);
}

static void expect_digest(void)
{
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	struct image_source a = IMAGE_SOURCE_INIT, b = IMAGE_SOURCE_INIT;
	struct diff_list list = { .arena = &arena };

	IMAGE_OK(image_open("oci:a", NULL, NULL, &arena, &a, err));
	IMAGE_OK(image_open("oci:b", NULL, NULL, &arena, &b, err));
	IMAGE_OK(diff_images(&a, &b, &list, err));
	assert_int_equal(list.len, 1);
	assert_string_equal(list.items[0].name, "digest");
	assert_string_equal(list.items[0].a, a.docs.descriptor->digest);
	assert_string_equal(list.items[0].b, b.docs.descriptor->digest);
	image_close(&a);
	image_close(&b);
}

static void same(void **state)
{
	struct tar_bytes tar = { 0 };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		tar_file(&tar, "x", "1");
		make_image(i ? "a" : "b", &tar, "", "");
	}
	expect("");
}

static void files(void **state)
{
	struct tar_bytes tar = { 0 };

	(void)state;
	tar_folder(&tar, "a");
	tar_file(&tar, "a/changed", "1");
	tar_file(&tar, "a-b", "between");
	tar_file(&tar, "gone/x", "12");
	tar_link(&tar, "l", "a");
	tar_link(&tar, "m", "a");
	tar_add_as(&tar, '3', "n", "", NULL, 0, 0644, 0);
	make_image("a", &tar, "", "");
	tar_add_as(&tar, '5', "a", "", NULL, 0, 01777, 3);
	tar_file(&tar, "a/changed", "2");
	tar_file(&tar, "a-b", "between");
	tar_folder(&tar, "l");
	tar_link(&tar, "m", "b");
	tar_pax(&tar, "SCHILY.xattr.user.x", "v", 1);
	tar_file(&tar, "n", "new");
	tar_hardlink(&tar, "o", "n");
	make_image("b", &tar, "", "");
	expect("2 /a mode: 0755 | 1777\n"
	       "2 /a owner: 0:0 | 3:3\n"
	       "2 /a/changed content: sha256:6b86b273ff34f | sha256:d4735e3a265e1\n"
	       "2 /gone: folder | -\n"
	       "2 /gone/x: file, 2 bytes | -\n"
	       "2 /l type: link | folder\n"
	       "2 /m link target: a | b\n"
	       "2 /n type: character device | file, 3 bytes\n"
	       "2 /o: - | file, 3 bytes\n");
}

static void attributes(void **state)
{
	struct tar_bytes tar = { 0 };

	(void)state;
	tar_pax(&tar, "SCHILY.xattr.user.a", "1", 1);
	tar_file(&tar, "x", "1");
	tar_file(&tar, "y", "1");
	make_image("a", &tar, "", "");
	tar_pax(&tar, "SCHILY.xattr.user.b", "2", 1);
	tar_file(&tar, "x", "1");
	tar_hardlink(&tar, "y", "x");
	make_image("b", &tar, "", "");
	expect("2 /x names: 1 | 2\n"
	       "2 /x user.a: 0x31 | -\n"
	       "2 /x user.b: - | 0x32\n"
	       "2 /y names: 1 | 2\n"
	       "2 /y user.b: - | 0x32\n");
}

static void documents(void **state)
{
	struct tar_bytes tar = { 0 };

	(void)state;
	tar_file(&tar, "x", "1");
	make_image("a", &tar,
		   ",\"author\":\"a\",\"config\":{\"User\":\"1\",\"Env\":[\"A=1\",\"B=2\"],"
		   "\"Cmd\":[\"/x\",\"y z\"],\"Labels\":{\"k\":\"v\",\"gone\":\"g\"},"
		   "\"ExposedPorts\":{\"80/tcp\":{}}},\"history\":[{\"created_by\":\"one\"}]",
		   ",\"annotations\":{\"p\":\"q\"}");
	tar_file(&tar, "x", "1");
	make_image("b", &tar,
		   ",\"config\":{\"User\":\"2\",\"Env\":[\"B=2\",\"A=3\"],"
		   "\"Cmd\":[\"/x\"],\"Labels\":{\"k\":\"w\"},"
		   "\"Healthcheck\":{\"Test\":[\"CMD\",\"t\"],\"Retries\":3}},"
		   "\"history\":[{\"created_by\":\"two\"}]",
		   ",\"annotations\":{\"p\":\"r\"}");
	expect("0 annotations.p: q | r\n"
	       "1 author: a | -\n"
	       "1 User: 1 | 2\n"
	       "1 Env: A=1 | -\n"
	       "1 Env: - | A=3\n"
	       "1 Cmd: \"/x\" \"y z\" | \"/x\"\n"
	       "1 ExposedPorts: 80/tcp | -\n"
	       "1 Labels.k: v | w\n"
	       "1 Labels.gone: g | -\n"
	       "1 Healthcheck.Test: - | \"CMD\" \"t\"\n"
	       "1 Healthcheck.Retries: - | 3\n"
	       "1 history 1:  one |  two\n");
}

/* Other bytes that say the same are a difference all the same. */
static void only_bytes(void **state)
{
	struct tar_bytes tar = { 0 };

	(void)state;
	tar_file(&tar, "x", "1");
	make_image("a", &tar, "", "");
	tar_file(&tar, "x", "1");
	make_image("b", &tar, "", " ");
	expect_digest();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(same),       cmocka_unit_test(files),
		cmocka_unit_test(attributes), cmocka_unit_test(documents),
		cmocka_unit_test(only_bytes),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
