/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_store.c - the store: places, records, temporary files, layers, gc, fsck; and what is left when a build is killed at
 * any system call, or the disk is full.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <sched.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

#include "cartefile-to-oci/store-private.h"
#include "forked.h"
#include "image.h"

static char folder[] = "/tmp/carte-test-store-XXXXXX";
static char where[128]; /* a fresh one for each test */
static struct store store = STORE_INIT;
static unsigned tests_run;
static bool on_tmpfs;

/* where the flushes of other programs do not matter, and the size can be set */
static void mount_tmpfs(void)
{
	if (geteuid() != 0 || unshare(CLONE_NEWNS) ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("tmpfs", folder, "tmpfs", 0, "size=64m"))
		return;
	on_tmpfs = true;
}

static int setup_group(void **state)
{
	(void)state;
	if (!mkdtemp(folder))
		return -1;
	mount_tmpfs();
	return 0;
}

static int teardown_group(void **state)
{
	(void)state;
	if (!on_tmpfs)
		return folder_remove(AT_FDCWD, folder);
	return umount(folder) || rmdir(folder);
}

static int setup(void **state)
{
	(void)state;
	snprintf(where, sizeof(where), "%s/%u", folder, tests_run++);
	IMAGE_OK(store_open(where, &store, err));
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	store_close(&store);
	temp_force_named(false);
	(void)umask(022);
	return folder_remove(AT_FDCWD, where);
}

static char lines[8192];

static void note(void *ctx, const char *line)
{
	(void)ctx;
	strncat(lines, line, sizeof(lines) - strlen(lines) - 2);
	strcat(lines, "\n");
}

static int fsck(bool repair)
{
	struct oci_error err = OCI_ERROR_INIT;
	int r;

	lines[0] = '\0';
	r = store_fsck(&store, repair, note, NULL, &err);
	if (r < 0)
		print_error("fsck: %s\n", err.message);
	return r;
}

static void clean(void)
{
	int r = fsck(false);

	if (r)
		print_error("%s", lines);
	assert_int_equal(r, 0);
}

/* ---- places -------------------------------------------------------------------------------------------------------------- */

static void default_places(void *unused)
{
	char cwd[300], expected[400];
	struct store s;

	(void)unused;
	setenv("CARTE_STORE", strcat(strcpy((char[200]){ 0 }, where), "/env"), 1);
	IMAGE_OK(store_open(NULL, &s, err));
	snprintf(expected, sizeof(expected), "%s/env", where);
	REQUIRE_TEXT(s.path, expected);
	store_close(&s);
	REQUIRE(!chdir(where) && getcwd(cwd, sizeof(cwd)));
	IMAGE_OK(store_open("rel/../other", &s, err));
	snprintf(expected, sizeof(expected), "%s/other", cwd);
	REQUIRE_TEXT(s.path, expected);
	store_close(&s);
	if (geteuid() == 0) {
		REQUIRE(!chmod(where, 0777) && !chmod(folder, 0755));
		REQUIRE(!setresuid(65534, 65534, 65534));
	}
	unsetenv("CARTE_STORE");
	setenv("XDG_DATA_HOME", strcat(strcpy((char[200]){ 0 }, where), "/xdg"), 1);
	IMAGE_OK(store_open(NULL, &s, err));
	snprintf(expected, sizeof(expected), "%s/xdg/carte", where);
	REQUIRE_TEXT(s.path, expected);
	store_close(&s);
	setenv("XDG_DATA_HOME", "relative", 1);
	setenv("HOME", where, 1);
	IMAGE_OK(store_open(NULL, &s, err));
	snprintf(expected, sizeof(expected), "%s/.local/share/carte", where);
	REQUIRE_TEXT(s.path, expected);
	store_close(&s);
	unsetenv("HOME");
	{
		struct oci_error err = OCI_ERROR_INIT;

		REQUIRE(store_open(NULL, &s, &err) == -ENOENT);
		REQUIRE_TEXT(err.message,
			     "no place for the store: use --store, or set CARTE_STORE or HOME");
	}
}

static void places(void **state)
{
	(void)state;
	assert_int_equal(forked(default_places, NULL), 0);
}

/* A store of root's: others may read it, and are told what to do when they want to write. */
static void as_nobody(void *unused)
{
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	struct oci_error words = OCI_ERROR_INIT;
	struct oci_descriptor *found;
	char expected[600], none[200];
	struct digest digest;
	struct store s;

	(void)unused;
	REQUIRE(!setresgid(65534, 65534, 65534) && !setresuid(65534, 65534, 65534));
	IMAGE_OK(store_open(where, &s, err));
	IMAGE_OK(layout_resolve(&s.layout, "x:1", NULL, &arena, &found, err));
	REQUIRE(blob_put(&s.layout, "new", 3, &digest, &words) == -EACCES);
	snprintf(expected, sizeof(expected),
		 "%s is not writable; name another place with --store or -o, or set CARTE_STORE: "
		 "Permission denied",
		 where);
	REQUIRE_TEXT(words.message, expected);
	store_close(&s);
	words = (struct oci_error)OCI_ERROR_INIT;
	snprintf(none, sizeof(none), "%s/none", where);
	REQUIRE(store_open(none, &s, &words) == -EACCES);
	snprintf(expected, sizeof(expected),
		 "the store is not writable (use --store, or set CARTE_STORE): make the folder %s: "
		 "Permission denied",
		 none);
	REQUIRE_TEXT(words.message, expected);
}

static void a_store_to_read(void **state)
{
	struct image image;

	(void)state;
	if (geteuid() != 0) {
		print_message("skipped: needs root\n");
		skip();
	}
	assert_int_equal(chmod(folder, 0755), 0);
	image_make(&store.layout, "x", "amd64", &image);
	IMAGE_OK(layout_set_name(&store.layout, "x:1", &image.descriptor, err));
	assert_int_equal(forked(as_nobody, NULL), 0);
}

/* ---- records ------------------------------------------------------------------------------------------------------------- */

/* What is there already is used, not written; what is other is replaced. */
static void record_again(void **state)
{
	static const struct timespec old[2] = { { .tv_sec = 1000000 }, { .tv_sec = 1000000 } };
	struct digest key = { { 9 } };
	char hex[DIGEST_HEX_LENGTH + 1], path[400], *text;
	struct stat first, again;
	size_t length;

	(void)state;
	snprintf(path, sizeof(path), "%s/cache/layer/%s", where, digest_hex(&key, hex));
	IMAGE_OK(store_cache_put(&store, "layer", &key, "one", 3, err));
	assert_int_equal(utimensat(AT_FDCWD, path, old, 0), 0);
	assert_int_equal(stat(path, &first), 0);
	IMAGE_OK(store_cache_put(&store, "layer", &key, "one", 3, err));
	assert_int_equal(stat(path, &again), 0);
	assert_true(again.st_ino == first.st_ino);
	assert_true(again.st_mtime > first.st_mtime); /* gc sees that it is used */
	IMAGE_OK(store_cache_put(&store, "layer", &key, "two", 3, err));
	assert_int_equal(store_cache_get(&store, "layer", &key, &text, &length, NULL), 1);
	assert_string_equal(text, "two");
	free(text);
	assert_int_equal(unlink(path), 0);
	clean();
}

static void records(void **state)
{
	struct digest key = { { 1 } }, other = { { 2 } };
	char hex[DIGEST_HEX_LENGTH + 1], path[400], *text;
	size_t length;
	FILE *file;

	(void)state;
#define GET(kind, key) store_cache_get(&store, kind, key, &text, &length, NULL)
	assert_int_equal(GET("layer", &key), 0);
	IMAGE_OK(store_cache_put(&store, "layer", &key, "some\0thing", 10, err));
	assert_int_equal(GET("layer", &key), 1);
	assert_int_equal(length, 10);
	assert_memory_equal(text, "some\0thing", 11);
	free(text);
	IMAGE_OK(store_cache_put(&store, "layer", &key, "", 0, err));
	assert_int_equal(GET("layer", &key), 1);
	assert_int_equal(length, 0);
	free(text);
	assert_int_equal(GET("layer", &other), 0);
	assert_int_equal(GET("listing", &key), 0);
	FAILS(store_cache_put(&store, "../x", &key, "", 0, err), EINVAL,
	      "'../x' is no kind of record");
	clean();

	/* under another key or of another kind, and damaged: as if it was not there */
	digest_hex(&key, hex);
	snprintf(path, sizeof(path), "%s/cache/layer/%s", where, hex);
	hex[0] = 'f';
	assert_int_equal(
		link(path, strcat(strcat(strcpy((char[400]){ 0 }, where), "/cache/layer/"), hex)),
		0);
	assert_true(hex_parse(hex, "", &other));
	assert_int_equal(GET("layer", &other), 0);
	file = fopen(path, "ae");
	assert_non_null(file);
	fputs("x", file);
	fclose(file);
	assert_int_equal(GET("layer", &key), 0);
	assert_int_equal(truncate(path, 3), 0);
	assert_int_equal(GET("layer", &key), 0);
	assert_int_equal(fsck(false), 2);
	assert_int_equal(fsck(true), 2);
	assert_non_null(strstr(lines, ": is no whole record (removed)\n"));
	clean();
}

/* ---- temporary files and folders ----------------------------------------------------------------------------------------- */

static void temps(void **state)
{
	char *path, *dead, deep[400];
	struct store other;
	int fd, dead_fd, file = store_temp_file(&store, NULL);

	(void)state;
	assert_true(file >= 0);
	assert_int_equal(write(file, "x", 1), 1);
	close(file);
	IMAGE_OK(store_temp_folder(&store, &fd, &path, err));
	IMAGE_OK(store_temp_folder(&store, &dead_fd, &dead, err));
	image_write_file(path, "alive", "");
	image_write_file(dead, "dead", "");
	snprintf(deep, sizeof(deep), "%s/locked", dead);
	assert_int_equal(mkdir(deep, 0755), 0);
	image_write_file(deep, "file", "");
	assert_int_equal(chmod(deep, 0), 0);
	assert_int_equal(chmod(dead, 0), 0);
	close(dead_fd);
	assert_int_equal(image_entries(where, "tmp"), 2);
	/* one that cannot be opened, without root, is its process's as long as that lives */
	assert_int_equal(rename(dead, strcat(strcpy((char[400]){ 0 }, where), "/tmp/999999999-1")),
			 0);
	IMAGE_OK(store_open(where, &other, err)); /* sweeps */
	store_close(&other);
	assert_int_equal(image_entries(where, "tmp"), 1);
	assert_int_equal(access(strcat(strcpy((char[400]){ 0 }, path), "/alive"), F_OK), 0);
	store_temp_remove(fd, path);
	assert_int_equal(image_entries(where, "tmp"), 0);
	free(dead);
}

static void very_deep_folders_are_removed(void **state)
{
	int fd = openat(store.layout.fd, "tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC), next;

	(void)state;
	for (int i = 0; i < 3000; i++) { /* 6 KB of path and more fds than are allowed */
		assert_int_equal(mkdirat(fd, "d", 0755), 0);
		assert_int_equal(mkdirat(fd, ".r-1", 0), 0);
		assert_int_equal(symlinkat("/", fd, "link"), 0);
		next = openat(fd, "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		assert_true(next >= 0);
		assert_int_equal(fchmod(fd, i % 2 ? 0555 : 0), 0);
		close(fd);
		fd = next;
	}
	close(fd);
	assert_int_equal(chmod(strcat(strcpy((char[200]){ 0 }, where), "/tmp"), 0700), 0);
	assert_int_equal(folder_remove(store.layout.fd, "tmp"), 0);
	assert_int_equal(faccessat(store.layout.fd, "tmp", F_OK, 0), -1);
	assert_int_equal(mkdirat(store.layout.fd, "tmp", 0700), 0);
	assert_int_equal(access("/etc", F_OK), 0);
}

static void publish_layer(const struct digest *diff_id, const char *content)
{
	char *path;
	int fd;

	IMAGE_OK(store_temp_folder(&store, &fd, &path, err));
	image_write_file(path, "file", content);
	IMAGE_OK(store_layer_publish(&store, path, diff_id, err));
	store_temp_remove(fd, path);
}

static void layers(void **state)
{
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	struct digest id = { { 3 } };
	char path[400], hex[DIGEST_HEX_LENGTH + 1];
	int fd;

	(void)state;
	assert_int_equal(store_layer(&store, &id), -ENOENT);
	publish_layer(&id, "first");
	publish_layer(&id, "second");
	fd = store_layer(&store, &id);
	assert_true(fd >= 0);
	close(fd);
	snprintf(path, sizeof(path), "%s/layers/%s", where, digest_hex(&id, hex));
	assert_string_equal(image_read_file(path, "file", &arena), "first");
	assert_int_equal(image_entries(where, "tmp"), 0);
	clean();
}

/* ---- gc -------------------------------------------------------------------------------------------------------------------- */

static void age(const char *sub, const struct digest *key, int days)
{
	struct timespec times[2] = { { .tv_sec = time(NULL) - days * 86400 },
				     { .tv_sec = time(NULL) - days * 86400 } };
	char path[400], hex[DIGEST_HEX_LENGTH + 1];

	snprintf(path, sizeof(path), "%s/%s", sub, digest_hex(key, hex));
	assert_int_equal(utimensat(store.layout.fd, path, times, 0), 0);
}

static void gc(void **state)
{
	struct image keep, lose, inner;
	struct store_gc_result result;
	struct digest key = { { 9 } }, old = { { 8 } }, used = { { 7 } };
	char text[600], digest[DIGEST_TEXT_SIZE], *got;
	size_t length;

	(void)state;
	image_make(&store.layout, "keep", "amd64", &keep);
	image_make(&store.layout, "lose", "amd64", &lose);
	image_make(&store.layout, "inner", "arm64", &inner);
	snprintf(text, sizeof(text),
		 "{\"schemaVersion\":2,\"manifests\":[{\"mediaType\":\"%s\",\"digest\":\"%s\","
		 "\"size\":%d}]}",
		 inner.type, inner.digest, (int)inner.descriptor.size.value);
	publish_layer(&inner.layer, "inner");
	publish_layer(&keep.layer, "keep");
	publish_layer(&lose.layer, "lose");
	IMAGE_OK(store_explain_put(&store, &keep.manifest, "{}", 2, err));
	IMAGE_OK(store_explain_put(&store, &lose.manifest, "{}", 2, err));
	IMAGE_OK(store_cache_put(&store, "layer", &lose.layer, "by key", 6, err));
	IMAGE_OK(store_cache_put(&store, "layer", &keep.layer, "stays", 5, err));
	digest_format(&lose.layer, digest);
	IMAGE_OK(store_cache_put(&store, "layer", &key, digest, strlen(digest), err));
	IMAGE_OK(store_cache_put(&store, "path", &old, "old", 3, err));
	IMAGE_OK(store_cache_put(&store, "path", &used, "used", 4, err));
	age("cache/path", &old, 31);
	age("cache/path", &used, 31);
	assert_int_equal(store_cache_get(&store, "path", &used, &got, &length, NULL), 1);
	free(got);
	image_put(&store.layout, OCI_MEDIA_TYPE_INDEX, text, &inner);
	IMAGE_OK(layout_set_name(&store.layout, "multi:1", &inner.descriptor, err));
	IMAGE_OK(layout_set_name(&store.layout, "keep:1", &keep.descriptor, err));
	IMAGE_OK(layout_set_name(&store.layout, "lose:1", &lose.descriptor, err));
	IMAGE_OK(store_gc(&store, true, &result, err));
	assert_int_equal(result.blobs, 0);
	assert_int_equal(result.records, 1);
	assert_int_equal(image_entries(where, "cache/path"), 2);

	IMAGE_OK(layout_remove_name(&store.layout, "lose:1", err));
	for (int dry = 1; dry >= 0; dry--) {
		IMAGE_OK(store_gc(&store, dry, &result, err));
		assert_int_equal(result.blobs, 3);
		assert_int_equal(result.layers, 1);
		assert_int_equal(result.records, 4);
		assert_true(result.bytes > 300);
	}
	assert_int_equal(image_entries(where, "blobs/sha256"), 7);
	assert_int_equal(image_entries(where, "layers"), 2);
	assert_int_equal(image_entries(where, "explain"), 1);
	assert_int_equal(image_entries(where, "cache/layer"), 1);
	assert_int_equal(image_entries(where, "cache/path"), 1);
	clean();
	IMAGE_OK(store_gc(&store, false, &result, err));
	assert_int_equal(result.blobs + result.layers + result.records, 0);
}

static void gc_does_not_guess(void **state)
{
	char path[BLOB_PATH_SIZE];
	struct store_gc_result result;
	struct image image;
	struct stat st;

	(void)state;
	image_make(&store.layout, "keep", "amd64", &image);
	IMAGE_OK(layout_set_name(&store.layout, "keep:1", &image.descriptor, err));
	blob_path(&image.manifest, path);
	assert_int_equal(fstatat(store.layout.fd, path, &st, 0), 0);
	image_write_file(where, path, "");
	FAILS(store_gc(&store, false, &result, err), EINVAL,
	      "cannot tell what is needed (see fsck): %s/%s: expected %d bytes, there are 0", where,
	      path, (int)st.st_size);
	assert_int_equal(image_entries(where, "blobs/sha256"), 3);
}

/* A build that has blobs without a name yet must not lose them. */
static void gc_waits_for_builds(void **state)
{
	struct store_gc_result result;
	int ready[2], status;
	struct image image;
	struct store mine;
	char byte;
	pid_t pid;

	(void)state;
	assert_int_equal(pipe(ready), 0);
	(void)fflush(NULL);
	store_close(&store);
	pid = fork();
	if (pid == 0) {
		IMAGE_OK(store_open(where, &mine, err));
		image_make(&mine.layout, "late", "amd64", &image);
		IMAGE_OK(layout_flush(&mine.layout, err));
		if (write(ready[1], "", 1) != 1)
			_exit(1);
		(void)usleep(200000);
		IMAGE_OK(layout_set_name(&mine.layout, "late:1", &image.descriptor, err));
		_exit(0);
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	IMAGE_OK(store_open(where, &store, err));
	IMAGE_OK(store_gc(&store, false, &result, err));
	assert_int_equal(result.blobs, 0);
	assert_int_equal(image_entries(where, "blobs/sha256"), 3);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	clean();
	close(ready[0]);
	close(ready[1]);
}

/* ---- fsck ------------------------------------------------------------------------------------------------------------------ */

static void fsck_findings(void **state)
{
	char expected[4096], hex[DIGEST_HEX_LENGTH + 1];
	struct image image;

	(void)state;
	clean();
	image_make(&store.layout, "layer", "amd64", &image);
	IMAGE_OK(layout_set_name(&store.layout, "x:1", &image.descriptor, err));
	clean();
	digest_hex(&image.layer, hex);
	image_write_file(where, image_blob_file(&image.layer), "reyal");
	snprintf(expected, sizeof(expected), "blobs/sha256/%s: the content has another digest\n",
		 hex);
	assert_int_equal(fsck(false), 1);
	assert_string_equal(lines, expected);
	snprintf(expected, sizeof(expected),
		 "blobs/sha256/%s: the content has another digest (removed)\n"
		 "image x:1: %s/blobs/sha256/%s: No such file or directory\n",
		 hex, where, hex);
	assert_int_equal(fsck(true), 2);
	assert_string_equal(lines, expected);
	snprintf(expected, sizeof(expected),
		 "image x:1: %s/blobs/sha256/%s: No such file or directory\n", where, hex);
	assert_int_equal(fsck(true), 1);
	assert_string_equal(lines, expected);
	/* made again, it is whole */
	image_make(&store.layout, "layer", "amd64", &image);
	IMAGE_OK(layout_flush(&store.layout, err));
	clean();
}

static void fsck_finds_what_does_not_belong(void **state)
{
	char expected[2048];

	(void)state;
	image_write_file(where, "blobs/sha256/notes", "");
	assert_int_equal(fsck(true), 1);
	assert_string_equal(lines, "blobs/sha256/notes: is no blob (removed)\n");
	image_write_file(where, "layers/notes", "");
	assert_int_equal(fsck(true), 1);
	assert_string_equal(lines, "layers/notes: is no unpacked layer (removed)\n");
	image_write_file(where, "cache/notes", "");
	assert_int_equal(fsck(true), 1);
	assert_string_equal(lines, "cache/notes: is no folder of records (removed)\n");
	image_write_file(where, "explain/notes", "");
	assert_int_equal(fsck(true), 1);
	assert_string_equal(lines, "explain/notes: is no explanation of an image (removed)\n");
	image_write_file(where, "tmp/notes", "");
	assert_int_equal(fsck(false), 1);
	assert_string_equal(lines, "1 temporary files whose owners are gone\n");
	assert_int_equal(fsck(true), 1);
	assert_string_equal(lines, "1 temporary files whose owners are gone (removed)\n");
	clean();
	image_write_file(where, "index.json", "{}");
	snprintf(expected, sizeof(expected),
		 "%s/index.json: schemaVersion: required field is missing (restore it from a copy, "
		 "or "
		 "remove it: the next build makes a new one)\n",
		 where);
	assert_int_equal(fsck(true), 1);
	assert_string_equal(lines, expected);
}

/* ---- crashes ------------------------------------------------------------------------------------------------------------------ */

/* What a build does to a store, all of it. */
static int work(const char *path, unsigned number, struct oci_error *err)
{
	char content[64], name[64], *folder_path = NULL, *big;
	struct digest digest, key;
	struct image image;
	struct store mine;
	int fd = -1, r = store_open(path, &mine, err);

	if (r < 0)
		return r;
	snprintf(content, sizeof(content), "content %u", number);
	snprintf(name, sizeof(name), "crash:%u", number % 7);
	big = calloc(1, 100000);
	memcpy(big, content, sizeof(content));
	r = blob_put(&mine.layout, big, 100000, &digest, err);
	free(big);
	if (r == 0)
		r = digest_of(content, strlen(content), &key, err);
	if (r == 0)
		r = store_cache_put(&mine, "layer", &key, content, sizeof(content), err);
	if (r == 0)
		r = store_temp_folder(&mine, &fd, &folder_path, err);
	if (r == 0) {
		int file = openat(fd, "file", O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

		r = file < 0 ? err_sys(err, errno, "open") : io_write_all(file, content, 60);
		if (r < 0)
			err_sys(err, -r, "write");
		fd_closep(&file);
	}
	if (r == 0)
		r = store_layer_publish(&mine, folder_path, &key, err);
	store_temp_remove(fd, folder_path);
	if (r == 0)
		r = blob_put(&mine.layout, content, strlen(content), &digest, err);
	if (r == 0)
		r = layout_flush(&mine.layout, err);
	if (r == 0)
		r = image_try(&mine.layout, content, "amd64", &image, err);
	if (r == 0)
		r = store_explain_put(&mine, &image.manifest, "{}", 2, err);
	if (r == 0)
		r = layout_set_name(&mine.layout, name, &image.descriptor, err);
	store_close(&mine);
	return r;
}

/* After whatever happened: clean, and the next one does it. */
static void check_after(unsigned number)
{
	IMAGE_OK(store_open(where, &store, err));
	clean();
	assert_int_equal(image_entries(where, "tmp"), 0);
	IMAGE_OK(work(where, number, err));
	clean();
	store_close(&store);
	if (number % 20 == 0)
		assert_int_equal(folder_remove(AT_FDCWD, where), 0);
}

/* Run @work up to its @stop-th system call, entered or left. Return: whether it was killed there. */
static bool killed_at(unsigned stop)
{
	int status;
	pid_t pid;

	(void)fflush(NULL);
	pid = fork();
	if (pid == 0) {
		if (ptrace(PTRACE_TRACEME, 0, NULL, NULL))
			_exit(99);
		(void)raise(SIGSTOP);
		_exit(work(where, stop, NULL) < 0 ? 98 : 0);
	}
	for (unsigned i = 0;; i++) {
		if (waitpid(pid, &status, 0) != pid)
			return false;
		if (WIFEXITED(status)) {
			if (WEXITSTATUS(status) == 99) {
				print_message("skipped: ptrace is not allowed\n");
				skip();
			}
			assert_int_equal(WEXITSTATUS(status), 0);
			return false;
		}
		if (i == stop)
			break;
		assert_int_equal(ptrace(PTRACE_SYSCALL, pid, NULL, NULL), 0);
	}
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, &status, 0);
	return true;
}

static void crashes(void)
{
	unsigned stop = 1;

	store_close(&store);
	assert_int_equal(folder_remove(AT_FDCWD, where), 0);
	for (; killed_at(stop); stop++)
		check_after(stop + 100000);
	print_message("killed at %u places\n", stop - 1);
	assert_true(stop > 150);
}

static void killed_at_any_system_call(void **state)
{
	(void)state;
	crashes();
}

static void killed_without_unnamed_files(void **state)
{
	(void)state;
	temp_force_named(true);
	crashes();
}

static void limited(void *arg)
{
	unsigned limit = *(unsigned *)arg;
	struct rlimit rlimit = { limit, limit };

	REQUIRE(!setrlimit(RLIMIT_FSIZE, &rlimit));
	REQUIRE(work(where, limit, NULL) == 0);
}

static void file_size_limits(void **state)
{
	static const unsigned limits[] = { 0, 1, 20, 30, 100, 200, 1000, 4096, 99999 };

	(void)state;
	store_close(&store);
	for (size_t i = 0; i < ARRAY_LEN(limits); i++) {
		unsigned limit = limits[i];

		/* on a fresh store: from its first file on */
		assert_int_equal(folder_remove(AT_FDCWD, where), 0);
		assert_int_equal(forked(limited, &limit), 128 + SIGXFSZ);
		check_after(limit + 1);
	}
}

static void full_disk(void **state)
{
	unsigned failed = 0, number = 1;

	(void)state;
	if (!on_tmpfs) {
		print_message("skipped: needs root, for a small tmpfs\n");
		skip();
	}
	store_close(&store);
	assert_int_equal(folder_remove(AT_FDCWD, where), 0);
	for (unsigned blocks = 1; blocks < 60; blocks++) {
		struct oci_error err = OCI_ERROR_INIT;
		char size[32];
		int r;

		snprintf(size, sizeof(size), "size=%uk", blocks * 4);
		assert_int_equal(mount(NULL, folder, NULL, MS_REMOUNT, size), 0);
		r = work(where, number++, &err);
		assert_int_equal(mount(NULL, folder, NULL, MS_REMOUNT, "size=64m"), 0);
		if (r < 0) {
			failed++;
			assert_int_equal(r, -ENOSPC);
			assert_non_null(strstr(err.message, ": No space left on device"));
		}
		check_after(1000000 + number);
		assert_int_equal(folder_remove(AT_FDCWD, where), 0);
	}
	print_message("the disk was full %u times\n", failed);
	assert_true(failed > 20);
}

/* Builds, and gc beside them; all names are whole in the end. */
static void many_at_once(void **state)
{
	pid_t pids[9];
	int status;

	(void)state;
	(void)fflush(NULL);
	store_close(&store);
	for (unsigned p = 0; p < ARRAY_LEN(pids); p++) {
		pids[p] = fork();
		for (unsigned i = 0; pids[p] == 0 && i < 15; i++) {
			struct store_gc_result result;
			struct store mine;

			if (p > 0) {
				IMAGE_OK(work(where, p * 1000 + i, err));
				continue;
			}
			IMAGE_OK(store_open(where, &mine, err));
			IMAGE_OK(store_gc(&mine, false, &result, err));
			store_close(&mine);
		}
		if (pids[p] == 0)
			_exit(0);
	}
	for (size_t p = 0; p < ARRAY_LEN(pids); p++) {
		assert_int_equal(waitpid(pids[p], &status, 0), pids[p]);
		assert_int_equal(status, 0);
	}
	IMAGE_OK(store_open(where, &store, err));
	clean();
	assert_int_equal(image_entries(where, "tmp"), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(places),
		TEST(a_store_to_read),
		TEST(records),
		TEST(record_again),
		TEST(temps),
		TEST(very_deep_folders_are_removed),
		TEST(layers),
		TEST(gc),
		TEST(gc_does_not_guess),
		TEST(gc_waits_for_builds),
		TEST(fsck_findings),
		TEST(fsck_finds_what_does_not_belong),
		TEST(killed_at_any_system_call),
		TEST(killed_without_unnamed_files),
		TEST(file_size_limits),
		TEST(full_disk),
		TEST(many_at_once),
	};

	return cmocka_run_group_tests(tests, setup_group, teardown_group);
}
