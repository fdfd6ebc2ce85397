/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_layout.c - image layouts: made, read, named, by many at once, and bad ones.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <sys/wait.h>

#include "cartefile-to-oci/layout-private.h"
#include "image.h"

#define HEX "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static char folder[] = "/tmp/carte-test-layout-XXXXXX";
static char where[128]; /* a fresh one for each test */
static struct layout layout = LAYOUT_INIT;
static unsigned tests_run;

static int setup_group(void **state)
{
	(void)state;
	return mkdtemp(folder) ? 0 : -1;
}

static int teardown_group(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	return system(command);
}

static int setup(void **state)
{
	(void)state;
	snprintf(where, sizeof(where), "%s/%u", folder, tests_run++);
	IMAGE_OK(layout_open(&layout, where, LAYOUT_CREATE, err));
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	layout_close(&layout);
	temp_force_named(false);
	return 0;
}

static void new_layout(void **state)
{
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	struct layout deep = LAYOUT_INIT;
	char path[256];

	(void)state;
	assert_string_equal(image_read_file(where, "oci-layout", &arena),
			    "{\"imageLayoutVersion\":\"1.0.0\"}");
	assert_string_equal(
		image_read_file(where, "index.json", &arena),
		"{\"schemaVersion\":2,\"mediaType\":\"application/vnd.oci.image.index.v1+json\","
		"\"manifests\":[]}");
	assert_int_equal(image_entries(where, ""), 3);
	assert_int_equal(image_entries(where, "blobs/sha256"), 0);
	snprintf(path, sizeof(path), "%s-a/b//c/", where);
	IMAGE_OK(layout_open(&deep, path, LAYOUT_CREATE | LAYOUT_DURABLE, err));
	layout_close(&deep);
	layout_close(&deep);
	IMAGE_OK(layout_open(&deep, path, 0, err));
	layout_close(&deep);
}

static void no_layouts(void **state)
{
	struct layout l;
	char path[256];

	(void)state;
	snprintf(path, sizeof(path), "%s-x", where);
	FAILS(layout_open(&l, path, 0, err), ENOENT, "%s: No such file or directory", path);
	assert_int_equal(mkdir(path, 0755), 0);
	FAILS(layout_open(&l, path, 0, err), EINVAL,
	      "%s: is no OCI image layout: it has no file oci-layout", path);
	image_write_file(path, "notes", "mine");
	FAILS(layout_open(&l, path, LAYOUT_CREATE, err), EINVAL,
	      "%s: is no OCI image layout: it holds 'notes' and no oci-layout; name a new or empty "
	      "folder",
	      path);
	image_write_file(path, "oci-layout", "{\"imageLayoutVersion\":\"2.0\"}");
	FAILS(layout_open(&l, path, 0, err), EOPNOTSUPP,
	      "%s/oci-layout: imageLayoutVersion: expected 1.0.0, got '2.0'", path);
	image_write_file(path, "oci-layout", "{}");
	FAILS(layout_open(&l, path, 0, err), EINVAL,
	      "%s/oci-layout: imageLayoutVersion: required field is missing", path);
	strcat(path, "/notes");
	FAILS(layout_open(&l, path, LAYOUT_CREATE, err), ENOTDIR,
	      "%s: is no OCI image layout: not a folder", path);
	assert_int_equal(l.fd, -EBADF);
}

static void bad_indexes(void **state)
{
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	struct oci_index *index;

	(void)state;
	image_write_file(where, "index.json", "[]");
	FAILS(layout_index(&layout, &arena, &index, err), EINVAL,
	      "%s/index.json: expected object, got array", where);
	image_write_file(where, "index.json",
			 "{\"schemaVersion\":2,\"manifests\":[],\"mediaType\":\"a/b\"}");
	FAILS(layout_index(&layout, &arena, &index, err), EINVAL,
	      "%s/index.json: mediaType: expected application/vnd.oci.image.index.v1+json, got "
	      "'a/b'",
	      where);
	image_write_file(where, "index.json", "");
	assert_int_equal(
		truncate(strcat(strcpy((char[256]){ 0 }, where), "/index.json"), (4 << 20) + 1), 0);
	FAILS(layout_index(&layout, &arena, &index, err), EFBIG,
	      "%s/index.json: a document of more than 4 MiB", where);
	assert_int_equal(unlinkat(layout.fd, "index.json", 0), 0);
	FAILS(layout_index(&layout, &arena, &index, err), ENOENT,
	      "%s/index.json: No such file or directory", where);
}

/* ---- blobs ------------------------------------------------------------------------------------------------------------ */

static void write_blob(const struct layout *to, const char *a, const char *b,
		       struct digest *ret_digest)
{
	struct blob_writer *writer;
	uint64_t size;

	IMAGE_OK(blob_begin(to, &writer, err));
	IMAGE_OK(blob_write(writer, a, strlen(a), err));
	IMAGE_OK(blob_write(writer, b, strlen(b), err));
	IMAGE_OK(blob_commit(writer, ret_digest, &size, err));
	assert_int_equal(size, strlen(a) + strlen(b));
}

static void check_blobs(void)
{
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	char text[DIGEST_TEXT_SIZE], *content;
	struct blob_writer *writer;
	struct digest digest;
	size_t length;

	write_blob(&layout, "hello ", "world\n", &digest);
	assert_string_equal(
		digest_format(&digest, text),
		"sha256:a948904f2f0f479b8f8197694b30184b0d2ed1c1cd2a1ec0fb85d299a192a447");
	assert_int_equal(layout_has_blob(&layout, &digest, 12), 1);
	assert_int_equal(layout_has_blob(&layout, &digest, -1), 1);
	assert_int_equal(layout_has_blob(&layout, &digest, 11), 0);
	IMAGE_OK(layout_read_blob(&layout, &digest, 12, &arena, &content, &length, err));
	assert_int_equal(length, 12);
	assert_string_equal(content, "hello world\n");
	/* again: the first stays */
	write_blob(&layout, "", "hello world\n", &digest);
	assert_int_equal(image_entries(where, "blobs/sha256"), 1);
	IMAGE_OK(blob_begin(&layout, &writer, err));
	IMAGE_OK(blob_write(writer, "x", 1, err));
	blob_abandon(writer);
	blob_abandon(NULL);
	assert_int_equal(image_entries(where, "blobs/sha256"), 1);
	assert_int_equal(image_entries(where, ""), 3);
}

static void blobs(void **state)
{
	(void)state;
	check_blobs();
}

static void blobs_without_unnamed_files(void **state)
{
	(void)state;
	temp_force_named(true);
	check_blobs();
}

static void bad_blobs(void **state)
{
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	char *text, *path;
	struct digest digest, none = { { 1 } };
	size_t length;

	(void)state;
	write_blob(&layout, "12", "3", &digest);
	path = image_blob_file(&digest);
	FAILS(layout_read_blob(&layout, &digest, 4, &arena, &text, &length, err), EINVAL,
	      "%s/%s: expected 4 bytes, there are 3", where, path);
	FAILS(layout_read_blob(&layout, &digest, (4 << 20) + 1, &arena, &text, &length, err), EFBIG,
	      "%s/%s: a document of 4194305 bytes; at most 4 MiB", where, path);
	image_write_file(where, path, "124");
	FAILS(layout_read_blob(&layout, &digest, 3, &arena, &text, &length, err), EINVAL,
	      "%s/%s: the content has another digest", where, path);
	/* one of another size is damaged: it is written anew */
	image_write_file(where, path, "");
	write_blob(&layout, "12", "3", &digest);
	IMAGE_OK(layout_read_blob(&layout, &digest, 3, &arena, &text, &length, err));
	assert_int_equal(unlinkat(layout.fd, path, 0), 0);
	assert_int_equal(symlinkat("/etc/passwd", layout.fd, path), 0);
	assert_int_equal(layout_has_blob(&layout, &digest, -1), 0);
	FAILS(layout_open_blob(&layout, &digest, -1, err), EINVAL, "%s/%s: is no regular file",
	      where, path);
	assert_int_equal(unlinkat(layout.fd, path, 0), 0);
	assert_int_equal(mkfifoat(layout.fd, path, 0644), 0);
	FAILS(layout_open_blob(&layout, &digest, -1, err), EINVAL, "%s/%s: is no regular file",
	      where, path);
	path = image_blob_file(&none);
	FAILS(layout_open_blob(&layout, &none, -1, err), ENOENT, "%s/%s: No such file or directory",
	      where, path);
}

/* As long as before, and other bytes: seen by its time, and written anew. */
static void check_written_to(struct layout *durable)
{
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	struct digest digest, again;
	struct stat st, marked;
	size_t length;
	char *text;

	write_blob(durable, "go", "od", &digest);
	IMAGE_OK(layout_flush(durable, err));
	assert_int_equal(fstatat(layout.fd, image_blob_file(&digest), &marked, 0), 0);
	image_write_file(where, image_blob_file(&digest), "gone");
	assert_int_equal(layout_lists_blob(durable, &digest, 4), 1);
	assert_int_equal(layout_has_blob(durable, &digest, 4), 0);
	write_blob(durable, "go", "od", &again);
	IMAGE_OK(layout_flush(durable, err));
	assert_true(digest_equal(&digest, &again));
	IMAGE_OK(layout_read_blob(durable, &digest, 4, &arena, &text, &length, err));
	assert_string_equal(text, "good");
	/* the same bytes at another time: read once, and known again */
	assert_int_equal(utimensat(layout.fd, image_blob_file(&digest), NULL, 0), 0);
	assert_int_equal(layout_has_blob(durable, &digest, 4), 1);
	assert_int_equal(fstatat(layout.fd, image_blob_file(&digest), &st, 0), 0);
	assert_true(st.st_mtim.tv_sec == marked.st_mtim.tv_sec && st.st_mtim.tv_nsec == 0);
	assert_int_equal(unlinkat(layout.fd, image_blob_file(&digest), 0), 0);
}

static void check_durable(void)
{
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	struct layout durable;
	struct digest digest;
	size_t length;
	char *text;

	IMAGE_OK(layout_open(&durable, where, LAYOUT_DURABLE, err));
	write_blob(&durable, "a", "b", &digest);
	/* here it is there, elsewhere not yet */
	assert_int_equal(layout_has_blob(&durable, &digest, 2), 1);
	assert_int_equal(layout_has_blob(&durable, &digest, 3), 0);
	assert_int_equal(layout_has_blob(&layout, &digest, 2), 0);
	IMAGE_OK(layout_read_blob(&durable, &digest, 2, &arena, &text, &length, err));
	IMAGE_OK(layout_read_blob(&durable, &digest, 2, &arena, &text, &length, err));
	assert_string_equal(text, "ab");
	layout_close(&durable);
	assert_int_equal(image_entries(where, "blobs/sha256"), 0);
	assert_int_equal(image_entries(where, ""), 3);
	IMAGE_OK(layout_open(&durable, where, LAYOUT_DURABLE, err));
	write_blob(&durable, "a", "b", &digest);
	IMAGE_OK(layout_flush(&durable, err));
	IMAGE_OK(layout_flush(&durable, err));
	assert_int_equal(layout_has_blob(&layout, &digest, 2), 1);
	check_written_to(&durable);
	/* two that have the same one wait: the first to come gives it its name */
	{
		struct layout other;

		IMAGE_OK(layout_open(&other, where, LAYOUT_DURABLE, err));
		write_blob(&durable, "sa", "me", &digest);
		write_blob(&other, "sam", "e", &digest);
		IMAGE_OK(layout_flush(&durable, err));
		IMAGE_OK(layout_flush(&other, err));
		layout_close(&other);
		assert_int_equal(layout_has_blob(&layout, &digest, 4), 1);
		assert_int_equal(unlinkat(layout.fd, image_blob_file(&digest), 0), 0);
	}
	/* more than wait at a time */
	for (int i = 0; i < 100; i++) {
		char name[16];

		snprintf(name, sizeof(name), "%d", i);
		write_blob(&durable, name, "", &digest);
	}
	IMAGE_OK(layout_flush(&durable, err));
	assert_int_equal(image_entries(where, "blobs/sha256"), 101);
	assert_int_equal(image_entries(where, ""), 3);
	layout_close(&durable);
}

static void durable_blobs(void **state)
{
	(void)state;
	check_durable();
}

static void durable_blobs_without_unnamed_files(void **state)
{
	(void)state;
	temp_force_named(true);
	check_durable();
}

static void leftovers_are_swept(void **state)
{
	struct blob_writer *writer;
	struct layout other;
	int status;
	pid_t pid;

	(void)state;
	temp_force_named(true);
	IMAGE_OK(blob_begin(&layout, &writer, err)); /* alive: stays */
	(void)fflush(NULL);
	pid = fork();
	if (pid == 0) {
		struct blob_writer *lost;
		struct layout mine;

		IMAGE_OK(layout_open(&mine, where, 0, err));
		IMAGE_OK(blob_begin(&mine, &lost, err));
		(void)kill(getpid(), SIGKILL);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(image_entries(where, ""), 5);
	IMAGE_OK(layout_open(&other, where, LAYOUT_CREATE, err));
	layout_close(&other);
	assert_int_equal(image_entries(where, ""), 4);
	blob_abandon(writer);
	assert_int_equal(image_entries(where, ""), 3);
}

static void copies(void **state)
{
	struct digest digest, big;
	struct layout from;
	char path[256], *text = malloc(1000001);

	(void)state;
	memset(text, 'x', 1000000);
	text[1000000] = '\0';
	snprintf(path, sizeof(path), "%s-from", where);
	IMAGE_OK(layout_open(&from, path, LAYOUT_CREATE, err));
	write_blob(&from, "abc", "", &digest);
	write_blob(&from, text, "y", &big);
	IMAGE_OK(layout_copy_blob(&from, &layout, &digest, 3, err));
	IMAGE_OK(layout_copy_blob(&from, &layout, &big, 1000001, err));
	IMAGE_OK(layout_copy_blob(&from, &layout, &big, 1000001, err));
	assert_int_equal(layout_has_blob(&layout, &big, 1000001), 1);
	assert_int_equal(unlinkat(layout.fd, image_blob_file(&digest), 0), 0);
	image_write_file(path, image_blob_file(&digest), "abd");
	FAILS(layout_copy_blob(&from, &layout, &digest, 3, err), EINVAL,
	      "%s/%s: the content has another digest", path, image_blob_file(&digest));
	assert_int_equal(layout_has_blob(&layout, &digest, -1), 0);
	assert_int_equal(image_entries(where, "blobs/sha256"), 1);
	layout_close(&from);
	free(text);
}

/* ---- names ------------------------------------------------------------------------------------------------------------ */

static struct oci_descriptor *resolve(const char *ref, const char *platform,
				      struct oci_arena *arena)
{
	struct oci_descriptor *ret;

	IMAGE_OK(layout_resolve(&layout, ref, platform, arena, &ret, err));
	return ret;
}

static void names(void **state)
{
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	struct oci_descriptor *found;
	struct image a, b;
	char expected[2048];
	struct stat before, after;

	(void)state;
	FAILS(layout_resolve(&layout, NULL, NULL, &arena, &found, err), ENOENT,
	      "%s: there is no image", where);
	FAILS(layout_resolve(&layout, "x:1", NULL, &arena, &found, err), ENOENT,
	      "%s: no image 'x:1': there is none", where);
	image_make(&layout, "a", "amd64", &a);
	image_make(&layout, "b", "amd64", &b);
	IMAGE_OK(layout_set_name(&layout, "x:1", &a.descriptor, err));
	snprintf(expected, sizeof(expected),
		 "{\"schemaVersion\":2,\"mediaType\":\"application/"
		 "vnd.oci.image.index.v1+json\",\"manifests\":["
		 "{\"mediaType\":\"application/"
		 "vnd.oci.image.manifest.v1+json\",\"digest\":\"%s\",\"size\":%d,"
		 "\"annotations\":{\"io.containerd.image.name\":\"x:1\",\"org.opencontainers.image."
		 "ref.name\":\"x:1\"}}]}",
		 a.digest, (int)a.descriptor.size.value);
	assert_string_equal(image_read_file(where, "index.json", &arena), expected);
	assert_string_equal(resolve("x:1", NULL, &arena)->digest, a.digest);
	assert_string_equal(resolve(NULL, NULL, &arena)->digest, a.digest);
	FAILS(layout_resolve(&layout, "y:1", NULL, &arena, &found, err), ENOENT,
	      "%s: no image 'y:1': there is x:1", where);

	/* the same again: not written */
	assert_int_equal(fstatat(layout.fd, "index.json", &before, 0), 0);
	IMAGE_OK(layout_set_name(&layout, "x:1", &a.descriptor, err));
	assert_int_equal(fstatat(layout.fd, "index.json", &after, 0), 0);
	assert_int_equal(before.st_ino, after.st_ino);

	IMAGE_OK(layout_set_name(&layout, "y:1", &b.descriptor, err));
	FAILS(layout_resolve(&layout, NULL, NULL, &arena, &found, err), EINVAL,
	      "%s: there are 2 images; say which by its name or digest", where);
	FAILS(layout_resolve(&layout, "z", NULL, &arena, &found, err), ENOENT,
	      "%s: no image 'z': there are x:1, y:1", where);
	IMAGE_OK(layout_set_name(&layout, "x:1", &b.descriptor, err));
	assert_string_equal(resolve("x:1", NULL, &arena)->digest, b.digest);
	assert_string_equal(resolve(NULL, NULL, &arena)->digest, b.digest);
	FAILS(layout_remove_name(&layout, b.digest, err), EINVAL,
	      "%s: '%s' stands for 2 entries; remove them by their names", where, b.digest);
	IMAGE_OK(layout_remove_name(&layout, "x:1", err));
	IMAGE_OK(layout_remove_name(&layout, b.digest, err));
	FAILS(layout_remove_name(&layout, "x:1", err), ENOENT, "%s: no image 'x:1': there is none",
	      where);

	IMAGE_OK(layout_set_name(&layout, NULL, &a.descriptor, err));
	IMAGE_OK(layout_set_name(&layout, NULL, &a.descriptor, err));
	FAILS(layout_resolve(&layout, "z", NULL, &arena, &found, err), ENOENT,
	      "%s: no image 'z': there is %s", where, a.digest);
	assert_string_equal(resolve(a.digest, NULL, &arena)->digest, a.digest);
	a.digest[7 + 12] = '\0';
	assert_string_equal(resolve(a.digest + 7, NULL, &arena)->digest + 7,
			    strcat(strcpy((char[80]){ 0 }, a.digest + 7),
				   resolve(NULL, NULL, &arena)->digest + 7 + 12));
	a.digest[7 + 5] = '\0';
	FAILS(layout_resolve(&layout, a.digest + 7, NULL, &arena, &found, err), ENOENT,
	      "%s: no image '%s': there is %s", where, a.digest + 7,
	      resolve(NULL, NULL, &arena)->digest);
}

static void many_names_are_not_all_listed(void **state)
{
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	struct oci_descriptor *found;
	struct image image;

	(void)state;
	image_make(&layout, "a", "amd64", &image);
	for (int i = 0; i < 11; i++) {
		char name[16];

		snprintf(name, sizeof(name), "n:%d", i);
		IMAGE_OK(layout_set_name(&layout, name, &image.descriptor, err));
	}
	FAILS(layout_resolve(&layout, "z", NULL, &arena, &found, err), ENOENT,
	      "%s: no image 'z': there are n:0, n:1, n:2, n:3, n:4, n:5, n:6, n:7 and 3 more",
	      where);
}

static void what_others_wrote_stays(void **state)
{
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	struct image image;
	char expected[2048];

	(void)state;
	image_make(&layout, "a", "amd64", &image);
	image_write_file(
		where, "index.json",
		"{ \"schemaVersion\": 2, \"manifests\": [ "
		"{\"mediaType\":\"a/b\",\"digest\":\"sha512:" HEX HEX
		"\",\"size\":1,\"annotations\":{\"z\":\"1\",\"a\":\"2\"},\"unknown\":1},"
		"{\"mediaType\":\"c/d\",\"digest\":\"sha256:" HEX
		"\",\"size\":1,\"annotations\":{\"org.opencontainers.image.ref.name\":\"x:1\"}}],"
		"\"annotations\":{\"k\":\"v\"}}");
	IMAGE_OK(layout_set_name(&layout, "x:1", &image.descriptor, err));
	snprintf(expected, sizeof(expected),
		 "{\"schemaVersion\":2,\"manifests\":[{\"mediaType\":\"a/"
		 "b\",\"digest\":\"sha512:" HEX HEX
		 "\",\"size\":1,\"annotations\":{\"z\":\"1\",\"a\":\"2\"}},"
		 "{\"mediaType\":\"application/"
		 "vnd.oci.image.manifest.v1+json\",\"digest\":\"%s\",\"size\":%d,"
		 "\"annotations\":{\"io.containerd.image.name\":\"x:1\",\"org.opencontainers.image."
		 "ref.name\":\"x:1\"}}],"
		 "\"annotations\":{\"k\":\"v\"}}",
		 image.digest, (int)image.descriptor.size.value);
	assert_string_equal(image_read_file(where, "index.json", &arena), expected);
	IMAGE_OK(layout_remove_name(&layout, "x:1", err));
	assert_string_equal(image_read_file(where, "index.json", &arena),
			    "{\"schemaVersion\":2,\"manifests\":[{\"mediaType\":\"a/"
			    "b\",\"digest\":\"sha512:" HEX HEX
			    "\",\"size\":1,\"annotations\":{\"z\":\"1\",\"a\":\"2\"}}],"
			    "\"annotations\":{\"k\":\"v\"}}");
}

/* ---- platforms, nested indexes ------------------------------------------------------------------------------------------- */

static int entry(char *buf, size_t size, const struct image *image, const char *rest)
{
	return snprintf(buf, size, "{\"mediaType\":\"%s\",\"digest\":\"%s\",\"size\":%d%s}",
			image->type, image->digest, (int)image->descriptor.size.value, rest);
}

static void platforms(void **state)
{
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	struct image amd, arm, s390, proof, list;
	struct oci_descriptor *found;
	char text[4096], host[64];
	size_t n;

	(void)state;
	image_make(&layout, "1", "amd64", &amd);
	image_make(&layout, "2", "arm64", &arm);
	image_make(&layout, "3", "s390x", &s390);
	image_make(&layout, "4", "unknown", &proof);
	n = (size_t)snprintf(text, sizeof(text), "{\"schemaVersion\":2,\"manifests\":[");
	n += (size_t)entry(text + n, sizeof(text) - n, &amd,
			   ",\"platform\":{\"architecture\":\"amd64\",\"os\":\"linux\"}");
	text[n++] = ',';
	n += (size_t)entry(
		text + n, sizeof(text) - n, &arm,
		",\"platform\":{\"architecture\":\"arm64\",\"os\":\"linux\",\"variant\":\"v8\"}");
	text[n++] = ',';
	n += (size_t)entry(text + n, sizeof(text) - n, &s390, ""); /* its config says so */
	text[n++] = ',';
	n += (size_t)entry(
		text + n, sizeof(text) - n, &proof,
		",\"annotations\":{\"vnd.docker.reference.type\":\"attestation-manifest\"}");
	snprintf(text + n, sizeof(text) - n, "]}");
	image_put(&layout, OCI_MEDIA_TYPE_INDEX, text, &list);
	IMAGE_OK(layout_set_name(&layout, "multi:1", &list.descriptor, err));
	assert_string_equal(resolve("multi:1", "linux/amd64", &arena)->digest, amd.digest);
	assert_string_equal(resolve("multi:1", "linux/arm64", &arena)->digest, arm.digest);
	assert_string_equal(resolve("multi:1", "linux/arm64/v8", &arena)->digest, arm.digest);
	assert_string_equal(resolve(NULL, "linux/s390x", &arena)->digest, s390.digest);
	assert_string_equal(resolve(arm.digest, NULL, &arena)->digest, arm.digest);
	FAILS(layout_resolve(&layout, "multi:1", "linux/arm64/v9", &arena, &found, err), ENOENT,
	      "%s: no image for the platform linux/arm64/v9: there are linux/amd64, "
	      "linux/arm64/v8, linux/s390x",
	      where);
	FAILS(layout_resolve(&layout, "multi:1", "linux/arm", &arena, &found, err), ENOENT,
	      "%s: no image for the platform linux/arm: there are linux/amd64, linux/arm64/v8, "
	      "linux/s390x",
	      where);
	if (strcmp(layout_host_platform(host), "linux/amd64") == 0)
		assert_string_equal(resolve("multi:1", NULL, &arena)->digest, amd.digest);
	/* the only one there is, whatever it is for */
	IMAGE_OK(layout_set_name(&layout, "one:1", &s390.descriptor, err));
	assert_string_equal(resolve("one:1", NULL, &arena)->digest, s390.digest);
	FAILS(layout_resolve(&layout, "one:1", "linux/amd64", &arena, &found, err), ENOENT,
	      "%s: no image for the platform linux/amd64: there is linux/s390x", where);
}

static void nested_indexes(void **state)
{
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	struct oci_descriptor *found;
	char text[1024], entry_text[512], *big;
	struct image image, outer;

	(void)state;
	image_make(&layout, "1", "amd64", &image);
	outer = image;
	outer.descriptor.media_type = outer.type;
	outer.descriptor.digest = outer.digest;
	for (int depth = 1; depth <= 9; depth++) {
		entry(entry_text, sizeof(entry_text), &outer, "");
		snprintf(text, sizeof(text), "{\"schemaVersion\":2,\"manifests\":[%s]}",
			 entry_text);
		image_put(&layout, OCI_MEDIA_TYPE_INDEX, text, &outer);
		IMAGE_OK(layout_set_name(&layout, "deep", &outer.descriptor, err));
		if (depth <= 8)
			assert_string_equal(resolve("deep", NULL, &arena)->digest, image.digest);
	}
	FAILS(layout_resolve(&layout, "deep", NULL, &arena, &found, err), EINVAL,
	      "%s: indexes in indexes, more than 8 deep", where);
	/* small files, much to read: an index of 3 MB, many times */
	big = malloc(3000001);
	memset(big, ' ', 3000000);
	big[3000000] = '\0';
	memcpy(big, "{\"schemaVersion\":2,\"manifests\":[]", 33);
	big[2999999] = '}';
	image_put(&layout, OCI_MEDIA_TYPE_INDEX, big, &outer);
	entry(entry_text, sizeof(entry_text), &outer, "");
	strcpy(big, "{\"schemaVersion\":2,\"manifests\":[");
	for (int i = 0; i < 6; i++)
		strcat(strcat(big, i ? "," : ""), entry_text);
	strcat(big, "]}");
	image_put(&layout, OCI_MEDIA_TYPE_INDEX, big, &outer);
	IMAGE_OK(layout_set_name(&layout, "bomb", &outer.descriptor, err));
	FAILS(layout_resolve(&layout, "bomb", NULL, &arena, &found, err), EFBIG,
	      "%s: more than 16 MiB of indexes in indexes", where);
	free(big);
}

/* ---- images ------------------------------------------------------------------------------------------------------------------- */

static void images(void **state)
{
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	struct image_docs docs;
	struct image image;

	(void)state;
	image_make(&layout, "1", "amd64", &image);
	IMAGE_OK(layout_read_image(&layout, &image.descriptor, &arena, &docs, err));
	assert_true(digest_equal(&docs.config_digest, &image.config));
	assert_true(digest_equal(&docs.manifest_digest, &image.manifest));
	assert_int_equal(docs.manifest->layers_len, 1);
	assert_string_equal(docs.config->architecture, "amd64");
}

/* A manifest in which one thing is wrong. */
static void bad_image(const char *type, int code, const char *words, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

static void bad_image(const char *type, int code, const char *words, const char *format, ...)
{
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	struct image_docs docs;
	struct image image;
	char text[2048], expected[4096];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	image_put(&layout, type, text, &image);
	if (strncmp(words, "BLOB", 4) == 0)
		snprintf(expected, sizeof(expected), "%s/%s%s", where,
			 image_blob_file(&image.manifest), words + 4);
	else if (strncmp(words, "DIGEST", 6) == 0)
		snprintf(expected, sizeof(expected), "%s: %s%s", where, image.digest, words + 6);
	else if (strncmp(words, "IMAGE", 5) == 0)
		snprintf(expected, sizeof(expected), "%s: image %s%s", where, image.digest,
			 words + 5);
	else
		snprintf(expected, sizeof(expected), "%s: %s", where, words);
	FAILS(layout_read_image(&layout, &image.descriptor, &arena, &docs, err), code, "%s",
	      expected);
}

static void bad_images(void **state)
{
	const char *manifest = OCI_MEDIA_TYPE_MANIFEST;
	char config[DIGEST_TEXT_SIZE], small[DIGEST_TEXT_SIZE];
	struct image image;
	struct digest digest;
	struct stat st;
	int size;

	(void)state;
	image_make(&layout, "1", "amd64", &image);
	digest_format(&image.config, config);
	assert_int_equal(fstatat(layout.fd, image_blob_file(&image.config), &st, 0), 0);
	size = (int)st.st_size;
	IMAGE_OK(blob_put(&layout, "{}", 2, &digest, err));
	digest_format(&digest, small);
#define CONFIG_TYPE "application/vnd.oci.image.config.v1+json"
#define MANIFEST(config_type, config, size, layers)                                             \
	"{\"schemaVersion\":2,\"config\":{\"mediaType\":\"" config_type "\",\"digest\":\"%s\"," \
	"\"size\":%d},\"layers\":[" layers "]}",                                                \
		config, size
	bad_image("text/plain", EOPNOTSUPP, "DIGEST is no image manifest but text/plain", "x");
	bad_image(manifest, EINVAL, "BLOB:1:1: invalid JSON: unexpected character", "x");
	bad_image(manifest, EINVAL,
		  "BLOB: mediaType: expected 'application/vnd.oci.image.manifest.v1+json' as in "
		  "its descriptor, got 'application/vnd.oci.image.index.v1+json'",
		  "{\"schemaVersion\":2,\"mediaType\":\"application/"
		  "vnd.oci.image.index.v1+json\",\"layers\":[],"
		  "\"config\":{\"mediaType\":\"a/b\",\"digest\":\"%s\",\"size\":2}}",
		  small);
	bad_image(manifest, EINVAL, "BLOB: manifests: does not belong in this kind of document",
		  "{\"schemaVersion\":2,\"manifests\":[],\"layers\":[]}");
	bad_image(manifest, EOPNOTSUPP, "DIGEST is no image: its config is of type a/b",
		  MANIFEST("a/b", small, 2, ""));
	bad_image(manifest, EOPNOTSUPP,
		  "descriptor: digest sha512:" HEX HEX ": only sha256 is supported",
		  MANIFEST(CONFIG_TYPE, "sha512:" HEX HEX, 2, ""));
	bad_image(manifest, EINVAL, "IMAGE: 0 layers in the manifest, 1 in the config's rootfs",
		  MANIFEST(CONFIG_TYPE, config, size, ""));
	bad_image(
		manifest, EOPNOTSUPP,
		"IMAGE: layers[0]: unsupported media type "
		"application/vnd.oci.image.layer.v1.tar+gzip+encrypted",
		MANIFEST(CONFIG_TYPE, config, size,
			 "{\"mediaType\":\"application/vnd.oci.image.layer.v1.tar+gzip+encrypted\","
			 "\"digest\":\"sha256:" HEX "\",\"size\":1}"));
	bad_image(manifest, EOPNOTSUPP,
		  "layers[0]: digest sha512:" HEX HEX ": only sha256 is supported",
		  MANIFEST(CONFIG_TYPE, config, size,
			   "{\"mediaType\":\"application/vnd.oci.image.layer.v1.tar\","
			   "\"digest\":\"sha512:" HEX HEX "\",\"size\":1}"));
}

/* ---- many at once --------------------------------------------------------------------------------------------------------------- */

#define PROCESSES 8
#define NAMES 12

static void no_name_is_lost(void **state)
{
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	struct oci_index *index;
	pid_t pids[PROCESSES];
	int status;

	(void)state;
	(void)fflush(NULL);
	for (int p = 0; p < PROCESSES; p++) {
		pids[p] = fork();
		for (int i = 0; pids[p] == 0 && i < NAMES; i++) {
			struct layout mine;
			struct image image;
			char name[32];

			IMAGE_OK(layout_open(&mine, where, LAYOUT_CREATE, err));
			snprintf(name, sizeof(name), "p%d:%d", p, i);
			image_make(&mine, i % 2 ? name : "shared", "amd64", &image);
			IMAGE_OK(layout_set_name(&mine, name, &image.descriptor, err));
			layout_close(&mine);
		}
		if (pids[p] == 0)
			_exit(0);
	}
	for (int p = 0; p < PROCESSES; p++) {
		assert_int_equal(waitpid(pids[p], &status, 0), pids[p]);
		assert_int_equal(status, 0);
	}
	IMAGE_OK(layout_index(&layout, &arena, &index, err));
	assert_int_equal(index->manifests_len, PROCESSES * NAMES);
	for (int p = 0; p < PROCESSES; p++) {
		for (int i = 0; i < NAMES; i++) {
			struct image_docs docs;
			char name[32];

			snprintf(name, sizeof(name), "p%d:%d", p, i);
			IMAGE_OK(layout_read_image(&layout, resolve(name, NULL, &arena), &arena,
						   &docs, err));
		}
	}
	assert_int_equal(image_entries(where, ""), 3);
}

static void many_make_one_layout(void **state)
{
	pid_t pids[PROCESSES];
	int status;

	(void)state;
	(void)fflush(NULL);
	for (int p = 0; p < PROCESSES; p++) {
		pids[p] = fork();
		for (int i = 0; pids[p] == 0 && i < 50; i++) {
			struct layout mine;
			char path[256];

			snprintf(path, sizeof(path), "%s-%d/x", where, i);
			IMAGE_OK(layout_open(&mine, path, LAYOUT_CREATE, err));
			layout_close(&mine);
		}
		if (pids[p] == 0)
			_exit(0);
	}
	for (int p = 0; p < PROCESSES; p++) {
		assert_int_equal(waitpid(pids[p], &status, 0), pids[p]);
		assert_int_equal(status, 0);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(new_layout),
		TEST(no_layouts),
		TEST(bad_indexes),
		TEST(blobs),
		TEST(blobs_without_unnamed_files),
		TEST(bad_blobs),
		TEST(durable_blobs),
		TEST(durable_blobs_without_unnamed_files),
		TEST(leftovers_are_swept),
		TEST(copies),
		TEST(names),
		TEST(many_names_are_not_all_listed),
		TEST(what_others_wrote_stays),
		TEST(platforms),
		TEST(nested_indexes),
		TEST(images),
		TEST(bad_images),
		TEST(no_name_is_lost),
		TEST(many_make_one_layout),
	};

	return cmocka_run_group_tests(tests, setup_group, teardown_group);
}
