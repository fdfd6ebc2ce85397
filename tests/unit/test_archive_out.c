/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_archive_out.c - images as files: the same bytes each time, and what other tools make of them.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <zstd.h>

#include "cartefile-to-oci/archive_out.h"
#include "cartefile-to-oci/layout-private.h"
#include "image.h"

#define TAR_SIZE_MAX 3000000

static char folder[] = "/tmp/carte-test-archive-XXXXXX";
static struct layout layout = LAYOUT_INIT;

static int setup(void **state)
{
	char path[128];

	(void)state;
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof(path), "%s/layout", folder);
	IMAGE_OK(layout_open(&layout, path, LAYOUT_CREATE, err));
	return 0;
}

static int teardown(void **state)
{
	char command[128];

	(void)state;
	layout_close(&layout);
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	return system(command);
}

static int run(char *output, size_t size, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* A command of the shell, in the folder; what it prints. */
static int run(char *output, size_t size, const char *format, ...)
{
	char command[2048];
	size_t used = (size_t)snprintf(command, sizeof(command), "cd %s && ", folder);
	va_list ap;
	FILE *pipe;

	va_start(ap, format);
	(void)vsnprintf(command + used, sizeof(command) - used, format, ap);
	va_end(ap);
	pipe = popen(command, "re");
	assert_non_null(pipe);
	used = fread(output, 1, size - 1, pipe);
	output[used] = '\0';
	return pclose(pipe);
}

static size_t read_whole(char buf[TAR_SIZE_MAX], const char *name, const char *suffix)
{
	char path[128];
	size_t length;
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s.%s", folder, name, suffix);
	file = fopen(path, "re");
	assert_non_null(file);
	length = fread(buf, 1, TAR_SIZE_MAX, file);
	fclose(file);
	return length;
}

enum packing { PLAIN, GZIP, ZSTD };

/* A tar with one file, of 2 MB so that it is read in pieces; gzip in two members, as we write it. */
static size_t make_tar(char *buf, const char *name, enum packing packing)
{
	static char tar[TAR_SIZE_MAX];
	char output[64];
	size_t length;

	assert_int_equal(run(output, sizeof(output),
			     "printf %%02000000d 1 >%s && tar --format=ustar --owner=0 --group=0 "
			     "--mode=0644 --mtime=@0 "
			     "-cf %s.tar %s && { head -c 100000 %s.tar | gzip -n && tail -c "
			     "+100001 %s.tar | gzip -n; } >%s.gz",
			     name, name, name, name, name, name),
			 0);
	length = read_whole(tar, name, packing == GZIP ? "gz" : "tar");
	if (packing == ZSTD)
		return ZSTD_compress(buf, TAR_SIZE_MAX, tar, length, 1);
	memcpy(buf, tar, length);
	return length;
}

/* An image with a layer of each packing; the last one is a repetition of the first. */
static void make_image(struct image *ret, bool wrong_diff_id)
{
	static const struct {
		enum packing packing;
		const char *type, *name;
	} parts[] = {
		{ GZIP, OCI_MEDIA_TYPE_LAYER_GZIP, "a" },
		{ ZSTD, OCI_MEDIA_TYPE_LAYER_ZSTD, "b" },
		{ PLAIN, OCI_MEDIA_TYPE_LAYER, "b" },
		{ GZIP, OCI_MEDIA_TYPE_LAYER_GZIP, "a" },
	};
	static char packed[TAR_SIZE_MAX], unpacked[TAR_SIZE_MAX];
	char config[2048], layers[2048] = "", ids[1024] = "", manifest[4096], text[100];
	struct digest blob, id;

	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		size_t length = make_tar(packed, parts[i].name, parts[i].packing);
		size_t tar = make_tar(unpacked, parts[i].name, PLAIN);

		IMAGE_OK(blob_put(&layout, packed, length, &blob, err));
		IMAGE_OK(digest_of(unpacked, tar - wrong_diff_id, &id, err));
		sprintf(ids + strlen(ids), "%s\"%s\"", i ? "," : "", digest_format(&id, text));
		sprintf(layers + strlen(layers),
			"%s{\"mediaType\":\"%s\",\"digest\":\"%s\",\"size\":%zu}", i ? "," : "",
			parts[i].type, digest_format(&blob, text), length);
	}
	sprintf(config,
		"{\"architecture\":\"amd64\",\"os\":\"linux\",\"config\":{\"Cmd\":[\"/a\"]},"
		"\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[%s]}}",
		ids);
	IMAGE_OK(blob_put(&layout, config, strlen(config), &ret->config, err));
	sprintf(manifest,
		"{\"schemaVersion\":2,\"mediaType\":\"" OCI_MEDIA_TYPE_MANIFEST "\","
		"\"config\":{\"mediaType\":\"" OCI_MEDIA_TYPE_CONFIG
		"\",\"digest\":\"%s\",\"size\":%zu},\"layers\":[%s]}",
		digest_format(&ret->config, text), strlen(config), layers);
	image_put(&layout, OCI_MEDIA_TYPE_MANIFEST, manifest, ret);
}

static char *file_at(const char *name)
{
	static char paths[2][128];
	static unsigned turn;

	turn ^= 1;
	snprintf(paths[turn], sizeof(paths[turn]), "%s/%s", folder, name);
	return paths[turn];
}

static void oci_archive(void **state)
{
	char output[8192], hex[DIGEST_HEX_LENGTH + 1];
	struct image image;

	(void)state;
	make_image(&image, false);
	IMAGE_OK(archive_write_oci(&layout, &image.descriptor, "localhost/x:1", file_at("o.tar"),
				   err));
	/* over the old one, at another time, by another umask: the same */
	assert_int_equal(run(output, sizeof(output), "cp o.tar first.tar && sleep 1"), 0);
	(void)umask(077);
	IMAGE_OK(archive_write_oci(&layout, &image.descriptor, "localhost/x:1", file_at("o.tar"),
				   err));
	(void)umask(022);
	assert_int_equal(run(output, sizeof(output), "cmp o.tar first.tar"), 0);
	assert_int_equal(run(output, sizeof(output),
			     "tar --utc --numeric-owner -tvf o.tar | grep -v blobs/sha256/. | sed "
			     "'s/ *[0-9]* 1970/ 1970/'"),
			 0);
	assert_string_equal(output, "drwxr-xr-x 0/0 1970-01-01 00:00 blobs/\n"
				    "drwxr-xr-x 0/0 1970-01-01 00:00 blobs/sha256/\n"
				    "-rw-r--r-- 0/0 1970-01-01 00:00 index.json\n"
				    "-rw-r--r-- 0/0 1970-01-01 00:00 oci-layout\n");
	/* five different blobs; each is what its name says, in order */
	assert_int_equal(run(output, sizeof(output),
			     "mkdir o && tar -xf o.tar -C o && cd o/blobs/sha256 && ls | wc -l && "
			     "for f in *; do echo \"$f  $f\"; done | sha256sum -c --quiet && "
			     "tar -tf ../../../o.tar | LC_ALL=C sort -c && cat ../../index.json"),
			 0);
	assert_memory_equal(output, "5\n", 2);
	assert_non_null(strstr(output, digest_hex(&image.manifest, hex)));
	assert_non_null(strstr(output, "\"org.opencontainers.image.ref.name\":\"localhost/x:1\""));
	if (run(output, sizeof(output), "command -v skopeo") != 0) {
		print_message("skopeo is not installed\n");
		return;
	}
	assert_int_equal(run(output, sizeof(output),
			     "skopeo inspect --raw oci-archive:o.tar:localhost/x:1 | sha256sum"),
			 0);
	assert_memory_equal(output, hex, DIGEST_HEX_LENGTH);
}

static void docker_archive(void **state)
{
	char output[8192], hex[DIGEST_HEX_LENGTH + 1];
	struct image image;

	(void)state;
	make_image(&image, false);
	IMAGE_OK(archive_write_docker(&layout, &image.descriptor, "localhost/x:1", file_at("d.tar"),
				      err));
	assert_int_equal(
		run(output, sizeof(output),
		    "mkdir d && tar -xf d.tar -C d && cd d && for f in ????????????*; do "
		    "echo \"${f%%.*}  $f\"; done | grep -v manifest | sha256sum -c --quiet && "
		    "tar -tf $(ls | grep 'tar$' | head -n 1) && ls | wc -l && cat manifest.json"),
		0);
	/* two different layers, the config, the list */
	assert_true(strncmp(output, "a\n4\n", 4) == 0 || strncmp(output, "b\n4\n", 4) == 0);
	assert_non_null(strstr(output, "\"RepoTags\":[\"localhost/x:1\"]"));
	assert_non_null(strstr(output, digest_hex(&image.config, hex)));
	if (run(output, sizeof(output), "command -v skopeo") != 0) {
		print_message("skopeo is not installed\n");
		return;
	}
	assert_int_equal(run(output, sizeof(output),
			     "skopeo inspect --config docker-archive:d.tar:localhost/x:1"),
			 0);
	assert_non_null(strstr(output, "\"architecture\": \"amd64\""));
	assert_int_equal(run(output, sizeof(output),
			     "skopeo copy -q docker-archive:d.tar oci:again 2>&1 && echo copied"),
			 0);
	assert_string_equal(output, "copied\n");
}

#define FAILS(call, code, ...)                                                    \
	do {                                                                      \
		struct oci_error fails_err_ = OCI_ERROR_INIT, *err = &fails_err_; \
		char fails_text_[4096];                                           \
		int fails_r_ = (call);                                            \
		snprintf(fails_text_, sizeof(fails_text_), __VA_ARGS__);          \
		assert_string_equal(err->message, fails_text_);                   \
		assert_int_equal(fails_r_, -(code));                              \
	} while (0)

static void failures_leave_nothing(void **state)
{
	char output[512], digest[DIGEST_TEXT_SIZE];
	struct image image;

	(void)state;
	make_image(&image, false);
	FAILS(archive_write_oci(&layout, &image.descriptor, NULL, "/dev/null", err), EINVAL,
	      "/dev/null: is no regular file");
	FAILS(archive_write_oci(&layout, &image.descriptor, NULL, folder, err), EINVAL,
	      "%s: is no regular file", folder);
	FAILS(archive_write_oci(&layout, &image.descriptor, NULL, file_at("no/x.tar"), err), ENOENT,
	      "%s/no/x.tar: No such file or directory", folder);
	make_image(&image, true);
	{
		CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
		struct image_docs docs;

		IMAGE_OK(layout_read_image(&layout, &image.descriptor, &arena, &docs, err));
		strcpy(digest, docs.manifest->layers[0].digest);
	}
	FAILS(archive_write_docker(&layout, &image.descriptor, NULL, file_at("bad.tar"), err),
	      EINVAL,
	      "%s/layout: %s: the uncompressed layer has another diff id than the config says",
	      folder, digest);
	temp_force_named(true);
	FAILS(archive_write_docker(&layout, &image.descriptor, NULL, file_at("bad.tar"), err),
	      EINVAL,
	      "%s/layout: %s: the uncompressed layer has another diff id than the config says",
	      folder, digest);
	temp_force_named(false);
	image_write_file(layout.name, image_blob_file(&image.config), "short");
	FAILS(archive_write_oci(&layout, &image.descriptor, NULL, file_at("bad.tar"), err), EINVAL,
	      "%s: expected 397 bytes, there are 5",
	      strcat(strcat(strcpy((char[300]){ 0 }, layout.name), "/"),
		     image_blob_file(&image.config)));
	assert_int_equal(run(output, sizeof(output), "ls -A | grep -E 'bad|tmp' | wc -l"), 0);
	assert_string_equal(output, "0\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(oci_archive),
		cmocka_unit_test(docker_archive),
		cmocka_unit_test(failures_leave_nothing),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
