/* SPDX-License-Identifier: Apache-2.0 */
/* test_layer_read.c - what comes out of tars, good and hostile, compressed in every way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <bzlib.h>
#include <libdeflate.h>
#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

#include "base/error.h"
#include "base/mem.h"
#include "cartefile-to-oci/layer_read.h"
#include "unit/tar-bytes.h"

/* Everything that was read, as text: one line for each entry. */
struct report {
	char text[8192];
	struct oci_error err;
	struct digest blob, diff_id;
};

static void describe(struct layer_reader *reader, const struct layer_entry *e, struct report *r)
{
	static const char *const marks[] = { "", "whiteout ", "opaque " };
	size_t used = strlen(r->text);
	const void *data;
	ssize_t n;

	used += (size_t)snprintf(r->text + used, sizeof(r->text) - used, "%s%d '%s' %o %u %llu",
				 marks[e->mark], (int)e->type, e->path, e->mode, e->uid,
				 (unsigned long long)e->size);
	if (e->hardlink)
		used += (size_t)snprintf(r->text + used, sizeof(r->text) - used, " = '%s'",
					 e->hardlink);
	if (e->target)
		used += (size_t)snprintf(r->text + used, sizeof(r->text) - used, " -> '%s'",
					 e->target);
	for (size_t i = 0; i < e->xattrs_len; i++)
		used += (size_t)snprintf(r->text + used, sizeof(r->text) - used, " %s=%.*s",
					 e->xattrs[i].name, (int)e->xattrs[i].length,
					 (const char *)e->xattrs[i].value);
	if (e->size > 0 && e->size < 100) {
		used += (size_t)snprintf(r->text + used, sizeof(r->text) - used, " \"");
		while ((n = layer_data(reader, &data, &r->err)) > 0)
			used += (size_t)snprintf(r->text + used, sizeof(r->text) - used, "%.*s",
						 (int)n, (const char *)data);
		if (n < 0)
			return; /* the next entry says it again */
		used += (size_t)snprintf(r->text + used, sizeof(r->text) - used, "\"");
	}
	(void)snprintf(r->text + used, sizeof(r->text) - used, "\n");
}

static int read_as(const struct layer_input *input, struct report *report)
{
	struct layer_reader *reader = NULL;
	const struct layer_entry *entry;
	int r;

	*report = (struct report){ .err = OCI_ERROR_INIT };
	r = layer_open(input, &reader, &report->err);
	if (r < 0) {
		assert_null(reader);
		return r;
	}
	while ((r = layer_next(reader, &entry, &report->err)) > 0)
		describe(reader, entry, report);
	if (r == 0) {
		layer_digests(reader, &report->blob, &report->diff_id);
		assert_int_equal(layer_next(reader, &entry, &report->err), 0);
	}
	layer_close(reader);
	return r;
}

static int read_layer(struct tar_bytes *tar, struct report *report)
{
	struct layer_input input = { .name = "x.tar", .is_layer = true };
	CLEANUP_CLOSE int fd = tar_fd(tar);

	input.fd = fd;
	return read_as(&input, report);
}

static void expect(struct tar_bytes *tar, const char *text)
{
	struct report report;
	int r;

	tar_end(tar);
	r = read_layer(tar, &report);
	assert_string_equal(report.err.message, "");
	assert_int_equal(r, 0);
	assert_string_equal(report.text, text);
}

static void expect_error(struct tar_bytes *tar, const char *message)
{
	struct report report;

	tar_end(tar);
	assert_true(read_layer(tar, &report) < 0);
	assert_string_equal(report.err.message, message);
}

static void entries(void **state)
{
	struct tar_bytes tar = { 0 };

	(void)state;
	tar_folder(&tar, "./");
	tar_folder(&tar, "./usr/");
	tar_file(&tar, "/usr//./x", "hello");
	tar_hardlink(&tar, "usr/y", "./usr/x");
	tar_link(&tar, "usr/l", "../../etc");
	tar_add_as(&tar, '3', "null", "", NULL, 0, 0666, 7);
	tar_add_as(&tar, '6', "pipe", "", NULL, 0, 04711, 0);
	tar_file(&tar, "usr/.wh.gone", "");
	tar_file(&tar, ".wh..wh..opq", "");
	tar_file(&tar, "usr/.wh..wh..opq", "");
	expect(&tar, "1 '' 755 0 0\n"
		     "1 'usr' 755 0 0\n"
		     "2 'usr/x' 644 0 5 \"hello\"\n"
		     "2 'usr/y' 644 0 0 = 'usr/x'\n"
		     "3 'usr/l' 777 0 0 -> '../../etc'\n"
		     "5 'null' 666 7 0\n"
		     "4 'pipe' 4711 0 0\n"
		     "whiteout 2 'usr/gone' 644 0 0\n"
		     "opaque 2 '' 644 0 0\n"
		     "opaque 2 'usr' 644 0 0\n");
}

static void extended(void **state)
{
	struct tar_bytes tar = { 0 };

	(void)state;
	tar_pax(&tar, "path", "caf\xc3\xa9/\xff\xfe", 8);
	tar_file(&tar, "short", "x");
	tar_pax(&tar, "SCHILY.xattr.user.b", "two", 3);
	tar_file(&tar, "b", "");
	tar_pax(&tar, "SCHILY.xattr.security.selinux", "label", 5);
	tar_file(&tar, "c", "");
	tar_pax(&tar, "SCHILY.xattr.security.capability", "caps", 4);
	tar_file(&tar, "d", "");
	tar_pax(&tar, "uid", "3000000000", 10);
	tar_file(&tar, "e", "");
	expect(&tar, "2 'caf\xc3\xa9/\xff\xfe' 644 0 1 \"x\"\n"
		     "2 'b' 644 0 0 user.b=two\n"
		     "2 'c' 644 0 0\n"
		     "2 'd' 644 0 0 security.capability=caps\n"
		     "2 'e' 644 3000000000 0\n");
}

/* A sparse file's holes are zeros (GNU format 1.0: the map is in the content). */
static void sparse(void **state)
{
	static const char map[512] = "1\n3\n2\n";
	char content[1024] = { 0 };
	struct tar_bytes tar = { 0 };
	struct layer_input input = { .name = "x.tar" };
	struct oci_error err = OCI_ERROR_INIT;
	struct layer_reader *reader;
	const struct layer_entry *entry;
	unsigned char got[16];
	size_t have = 0;
	uint64_t offset;
	const void *data;
	ssize_t n;

	(void)state;
	memcpy(content, map, sizeof(map));
	memcpy(content + 512, "ab", 2);
	{
		static const char pax[] = "22 GNU.sparse.major=1\n22 GNU.sparse.minor=0\n"
					  "30 GNU.sparse.name=holes/file\n"
					  "28 GNU.sparse.realsize=0008\n";

		tar_add_as(&tar, 'x', "pax", "", pax, sizeof(pax) - 1, 0644, 0);
	}
	tar_add_as(&tar, '0', "GNUSparseFile.0/x", "", content, 514, 0644, 0);
	tar_end(&tar);
	input.fd = tar_fd(&tar);
	assert_int_equal(layer_open(&input, &reader, &err), 0);
	assert_int_equal(layer_next(reader, &entry, &err), 1);
	assert_string_equal(entry->path, "holes/file");
	assert_int_equal(entry->size, 8);
	assert_false(layer_offset(reader, &offset));
	while ((n = layer_data(reader, &data, &err)) > 0) {
		memcpy(got + have, data, (size_t)n);
		have += (size_t)n;
	}
	assert_int_equal(n, 0);
	assert_int_equal(have, 8);
	assert_memory_equal(got, "\0\0\0ab\0\0\0", 8);
	layer_close(reader);
	close(input.fd);
}

static void refused_names(void **state)
{
	static const struct {
		char type;
		const char *name, *link, *message;
	} cases[] = {
		{ '0', "../x", "", "x.tar: entry '../x': '..' in '../x'" },
		{ '0', "a/../../x", "", "x.tar: entry 'a/../../x': '..' in 'a/../../x'" },
		{ '1', "x", "../../etc/shadow", "x.tar: entry 'x': '..' in '../../etc/shadow'" },
		{ '1', "x", "./", "x.tar: entry 'x': a hard link to the root" },
		{ '2', "./", "/etc",
		  "x.tar: entry './': the root of an image can only be a folder" },
		{ '2', "x", "", "x.tar: entry 'x': a symbolic link to nothing" },
		{ '0', "a/.wh.", "",
		  "x.tar: entry 'a/.wh.': a whiteout of nothing that can be removed" },
		{ '0', ".wh...", "",
		  "x.tar: entry '.wh...': a whiteout of nothing that can be removed" },
		{ '0', ".wh..", "",
		  "x.tar: entry '.wh..': a whiteout of nothing that can be removed" },
		{ '0', ".wh..wh.plnk", "",
		  "x.tar: entry '.wh..wh.plnk': a whiteout mark that is not known" },
		{ '0', ".wh.a/b", "",
		  "x.tar: entry '.wh.a/b': below a whiteout (a name that begins with .wh.)" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct tar_bytes tar = { 0 };

		tar_add_as(&tar, cases[i].type, cases[i].name, cases[i].link, NULL, 0, 0644, 0);
		expect_error(&tar, cases[i].message);
	}
}

static void refused_attributes(void **state)
{
	struct tar_bytes tar = { 0 };
	char long_name[300] = { 0 };

	(void)state;
	tar_pax(&tar, "SCHILY.xattr.trusted.overlay.redirect", "/etc", 4);
	tar_folder(&tar, "a");
	expect_error(&tar, "x.tar: entry 'a': the extended attribute trusted.overlay.redirect is "
			   "overlayfs's own");
	tar_pax(&tar, "SCHILY.xattr.user.overlay.opaque", "y", 1);
	tar_folder(&tar, "a");
	expect_error(&tar, "x.tar: entry 'a': the extended attribute user.overlay.opaque is "
			   "overlayfs's own");
	tar_pax(&tar, "uid", "4294967295", 10);
	tar_file(&tar, "a", "");
	expect_error(&tar, "x.tar: entry 'a': owner 4294967295:0 is not possible");
	memset(long_name, 'n', 256);
	tar_pax(&tar, "path", long_name, 256);
	tar_file(&tar, "a", "");
	{
		char message[512];

		(void)snprintf(message, sizeof(message),
			       "x.tar: entry '%s': a name of 256 bytes, at most 255 are possible",
			       long_name);
		expect_error(&tar, message);
	}
}

static void not_a_layer(void **state)
{
	struct layer_input input = { .name = "x.tar" };
	struct tar_bytes tar = { 0 };
	struct report report;

	(void)state;
	tar_file(&tar, "a/.wh.b", "");
	tar_end(&tar);
	input.fd = tar_fd(&tar);
	assert_int_equal(read_as(&input, &report), -EINVAL);
	assert_string_equal(report.err.message,
			    "x.tar: entry 'a/.wh.b': a name that begins with .wh. cannot be in an "
			    "image: it would mean a whiteout");
	close(input.fd);
	tar_append(&tar, "", 0, 512);
	input.fd = tar_fd(&tar);
	assert_int_equal(read_as(&input, &report), -EINVAL);
	assert_string_equal(report.err.message, "x.tar: is empty");
	close(input.fd);
	tar_append(&tar, "this is only some text", 22, 1);
	input.fd = tar_fd(&tar);
	assert_int_equal(read_as(&input, &report), -EINVAL);
	assert_string_equal(report.err.message, "x.tar: is no tar archive");
	close(input.fd);
}

static void truncated(void **state)
{
	struct tar_bytes tar = { 0 };
	struct report report;

	(void)state;
	tar_file(&tar, "a", "0123456789");
	tar.length -= 505;
	assert_true(read_layer(&tar, &report) < 0);
	assert_string_equal(report.err.message, "x.tar: tar: Truncated tar archive");
}

/* ---- compression ---------------------------------------------------------------------------------------------------- */
typedef size_t (*compressor)(const unsigned char *data, size_t length, unsigned char *out,
			     size_t room);

static size_t by_zlib(const unsigned char *data, size_t length, unsigned char *out, size_t room)
{
	z_stream z = { 0 };

	assert_int_equal(deflateInit2(&z, 1, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY), Z_OK);
	z.next_in = (unsigned char *)data;
	z.avail_in = (uInt)length;
	z.next_out = out;
	z.avail_out = (uInt)room;
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	assert_int_equal(deflateEnd(&z), Z_OK);
	return z.total_out;
}

/* members of 1 MiB, with an empty one between */
static size_t by_libdeflate(const unsigned char *data, size_t length, unsigned char *out,
			    size_t room)
{
	struct libdeflate_compressor *c = libdeflate_alloc_compressor(1);
	size_t used = 0;

	while (length > 0) {
		size_t n = length < 1u << 20 ? length : 1u << 20;
		size_t got = libdeflate_gzip_compress(c, data, n, out + used, room - used);

		assert_true(got > 0);
		used += got;
		data += n;
		length -= n;
		used += libdeflate_gzip_compress(c, data, 0, out + used, room - used);
	}
	libdeflate_free_compressor(c);
	return used;
}

static size_t by_zstd(const unsigned char *data, size_t length, unsigned char *out, size_t room)
{
	/* two frames, the first one tiny */
	size_t first = ZSTD_compress(out, room, data, 512, 1);

	return first + ZSTD_compress(out + first, room - first, data + 512, length - 512, 1);
}

static size_t by_xz(const unsigned char *data, size_t length, unsigned char *out, size_t room)
{
	size_t used = 0;

	assert_int_equal(
		lzma_easy_buffer_encode(0, LZMA_CHECK_CRC32, NULL, data, length, out, &used, room),
		LZMA_OK);
	return used;
}

static size_t by_bzip2(const unsigned char *data, size_t length, unsigned char *out, size_t room)
{
	unsigned used = (unsigned)room;

	assert_int_equal(BZ2_bzBuffToBuffCompress((char *)out, &used, (char *)data,
						  (unsigned)length, 1, 0, 0),
			 BZ_OK);
	return used;
}

/* A tar of some MiB that does not compress to nothing; the digest of its bytes. */
static struct tar_bytes big_tar(struct digest *ret)
{
	size_t size = 5 * 1024 * 1024 + 77;
	unsigned char *content = malloc(size);
	struct tar_bytes tar = { 0 };
	uint32_t x = 1;

	assert_non_null(content);
	for (size_t i = 0; i < size; i++) {
		x = x * 1664525 + 1013904223;
		content[i] = (unsigned char)(x >> (i % 100000 < 30000 ? 24 : 30));
	}
	tar_add_as(&tar, '0', "big", "", content, size, 0600, 0);
	tar_file(&tar, "small", "end");
	tar_end(&tar);
	tar_append(&tar, "padding that counts", 19, 512);
	free(content);
	assert_int_equal(digest_of(tar.data, tar.length, ret, NULL), 0);
	return tar;
}

static struct tar_bytes compressed(compressor compress, struct digest *ret_diff_id)
{
	struct tar_bytes tar = big_tar(ret_diff_id), out = { 0 };

	out.data = malloc(tar.length + 100000);
	assert_non_null(out.data);
	out.length = compress(tar.data, tar.length, out.data, tar.length + 100000);
	free(tar.data);
	return out;
}

static const compressor all[] = { by_zlib, by_libdeflate, by_zstd, by_xz, by_bzip2 };

static void compressions(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		struct digest diff_id, blob;
		struct tar_bytes bytes = compressed(all[i], &diff_id);
		struct layer_input input = { .name = "b", .blob = &blob, .diff_id = &diff_id };
		struct report report;

		assert_int_equal(digest_of(bytes.data, bytes.length, &blob, NULL), 0);
		input.blob_size = (int64_t)bytes.length;
		input.fd = tar_fd(&bytes);
		assert_int_equal(read_as(&input, &report), 0);
		assert_string_equal(report.text,
				    "2 'big' 600 0 5242957\n2 'small' 644 0 3 \"end\"\n");
		assert_true(digest_equal(&report.blob, &blob));
		assert_true(digest_equal(&report.diff_id, &diff_id));
		close(input.fd);
	}
}

/* Every cut and every trailing byte is noticed, with words of the compression. */
static void damaged_compressions(void **state)
{
	static const char *const early[] = { "b: gzip: ends too early", "b: gzip: ends too early",
					     "b: zstd: ends too early", "b: xz: ends too early",
					     "b: bzip2: ends too early" };
	static const char *const behind[] = {
		"b: gzip: there are other bytes behind its end",
		"b: gzip: there are other bytes behind its end",
		"b: zstd: Unknown frame descriptor",
		"b: xz: is damaged",
		"b: bzip2: is damaged",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		struct digest diff_id;
		struct tar_bytes bytes = compressed(all[i], &diff_id);
		struct layer_input input = { .name = "b" };
		struct report report;
		size_t length = bytes.length;

		tar_append(&bytes, "garbage, more of it", 19, 1);
		input.fd = tar_fd(&bytes);
		assert_true(read_as(&input, &report) < 0);
		assert_string_equal(report.err.message, behind[i]);
		/* (the empty member at the end of the second kind takes more than 10 bytes) */
		assert_int_equal(ftruncate(input.fd, (off_t)length - 5), 0);
		assert_int_equal(lseek(input.fd, 0, SEEK_SET), 0);
		assert_true(read_as(&input, &report) < 0);
		assert_string_equal(report.err.message, early[i]);
		close(input.fd);
	}
}

static void promises(void **state)
{
	struct digest diff_id, blob, wrong = { { 1 } };
	struct tar_bytes bytes = compressed(by_libdeflate, &diff_id);
	struct layer_input input = { .name = "b", .is_layer = true, .blob = &blob };
	char a[DIGEST_TEXT_SIZE], b[DIGEST_TEXT_SIZE], message[512];
	struct report report;
	size_t length = bytes.length;

	(void)state;
	assert_int_equal(digest_of(bytes.data, bytes.length, &blob, NULL), 0);
	input.fd = tar_fd(&bytes);
	input.blob_size = (int64_t)length - 1;
	assert_int_equal(read_as(&input, &report), -EINVAL);
	(void)snprintf(message, sizeof(message),
		       "b: has more than the %zu bytes that its descriptor says", length - 1);
	assert_string_equal(report.err.message, message);

	assert_int_equal(lseek(input.fd, 0, SEEK_SET), 0);
	input.blob_size = (int64_t)length + 1;
	assert_int_equal(read_as(&input, &report), -EINVAL);
	(void)snprintf(message, sizeof(message), "b: has %zu bytes, its descriptor says %zu",
		       length, length + 1);
	assert_string_equal(report.err.message, message);

	assert_int_equal(lseek(input.fd, 0, SEEK_SET), 0);
	input.blob_size = (int64_t)length;
	input.blob = &wrong;
	assert_int_equal(read_as(&input, &report), -EINVAL);
	(void)snprintf(message, sizeof(message), "b: its digest is %s, not %s",
		       digest_format(&blob, a), digest_format(&wrong, b));
	assert_string_equal(report.err.message, message);

	assert_int_equal(lseek(input.fd, 0, SEEK_SET), 0);
	input.blob = &blob;
	input.diff_id = &wrong;
	assert_int_equal(read_as(&input, &report), -EINVAL);
	(void)snprintf(message, sizeof(message), "b: the digest of its tar is %s, not %s",
		       digest_format(&diff_id, a), digest_format(&wrong, b));
	assert_string_equal(report.err.message, message);
	close(input.fd);
}

static void layers_are_gzip_or_zstd(void **state)
{
	struct digest diff_id;
	struct tar_bytes bytes = compressed(by_xz, &diff_id);
	struct report report;

	(void)state;
	assert_int_equal(read_layer(&bytes, &report), -EINVAL);
	assert_string_equal(report.err.message,
			    "x.tar: is compressed by xz; layers are gzip, zstd or plain tars");
}

static void bomb(void **state)
{
	size_t size = 600u << 20;
	struct tar_bytes bytes = { 0 };
	struct report report;
	ZSTD_CCtx *c = ZSTD_createCCtx();
	void *zeros =
		mmap(NULL, size, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	size_t used;

	(void)state;
	assert_ptr_not_equal(zeros, MAP_FAILED);
	bytes.data = malloc(1u << 20);
	assert_non_null(bytes.data);
	used = ZSTD_compressCCtx(c, bytes.data, 1u << 20, zeros, size, 1);
	assert_false(ZSTD_isError(used));
	bytes.length = used;
	ZSTD_freeCCtx(c);
	munmap(zeros, size);
	assert_int_equal(read_layer(&bytes, &report), -EFBIG);
	assert_non_null(strstr(report.err.message, "bytes become more than 1100 times as many, it "
						   "looks like a decompression bomb"));
}

/* An uncompressed tar: where contents are, and that they are jumped over. */
static void offsets(void **state)
{
	struct digest diff_id;
	struct tar_bytes bytes = big_tar(&diff_id);
	struct layer_input input = { .name = "b", .jump = true };
	struct oci_error err = OCI_ERROR_INIT;
	struct layer_reader *reader;
	const struct layer_entry *entry;
	uint64_t offset;
	char got[4] = "";

	(void)state;
	input.fd = tar_fd(&bytes);
	assert_int_equal(layer_open(&input, &reader, &err), 0);
	assert_int_equal(layer_next(reader, &entry, &err), 1);
	assert_true(layer_offset(reader, &offset));
	assert_int_equal(offset, 512);
	assert_int_equal(layer_next(reader, &entry, &err), 1);
	assert_string_equal(entry->path, "small");
	assert_true(layer_offset(reader, &offset));
	assert_int_equal(pread(input.fd, got, 3, (off_t)offset), 3);
	assert_string_equal(got, "end");
	assert_int_equal(layer_next(reader, &entry, &err), 0);
	layer_close(reader);
	close(input.fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(entries),
		cmocka_unit_test(extended),
		cmocka_unit_test(sparse),
		cmocka_unit_test(refused_names),
		cmocka_unit_test(refused_attributes),
		cmocka_unit_test(not_a_layer),
		cmocka_unit_test(truncated),
		cmocka_unit_test(compressions),
		cmocka_unit_test(damaged_compressions),
		cmocka_unit_test(promises),
		cmocka_unit_test(layers_are_gzip_or_zstd),
		cmocka_unit_test(bomb),
		cmocka_unit_test(offsets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
