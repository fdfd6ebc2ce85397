/* SPDX-License-Identifier: Apache-2.0 */
/*
 * layer_stream.c - read, decompress, hash; see layer_stream.h.
 *
 * libarchive's own filters give no way to see what goes between them and the tar reader, where the diff id is; so the tar
 * reader gets plain bytes from here. What must hold: neither the bytes of a blob over its promised size, nor more than a
 * bounded multiple of what was read, are ever handed on.
 */
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "cartefile-to-oci/layer_stream.h"

/*
 * A bomb is what takes a disk for the price of a letter. deflate cannot do more than 1032:1 (RFC 1951: 258 bytes from two bits);
 * zstd, xz and bzip2 can do thousands of times that, and are given no more, beyond an amount that harms nobody.
 */
#define RATIO_MAX 1100u
#define FREE_BYTES (256ull << 20)
#define OUT_MAX (64ull << 30)

int layer_stream_bad(const struct layer_stream *stream, const char *what, struct oci_error *err)
{
	return err_set_as(err, ERR_DOCUMENT, EINVAL, "%s: %s: %s", stream->name,
			  stream->codec->name, what);
}

static int promised_more(const struct layer_stream *stream, struct oci_error *err)
{
	return err_set_as(err, ERR_DOCUMENT, EINVAL,
			  "%s: has more than the %llu bytes that its descriptor says", stream->name,
			  (unsigned long long)stream->size);
}

int layer_stream_fill(struct layer_stream *stream, struct oci_error *err)
{
	if (stream->at > 0 && stream->have > 0)
		memmove(stream->in, stream->in + stream->at, stream->have);
	stream->at = 0;
	while (!stream->ended && stream->have < LAYER_IN_SIZE) {
		ssize_t n = RETRY_EINTR(
			read(stream->fd, stream->in + stream->have, LAYER_IN_SIZE - stream->have));

		if (n < 0)
			return err_sys(err, errno, "read %s", stream->name);
		if (n == 0) {
			stream->ended = true;
			break;
		}
		if (stream->hashing)
			digest_add(&stream->in_hash, stream->in + stream->have, (size_t)n);
		stream->have += (size_t)n;
		stream->in_total += (size_t)n;
		if (stream->promised_size && stream->in_total > stream->size)
			return promised_more(stream, err);
	}
	return 0;
}

static const struct layer_codec *detect(const unsigned char *data, size_t length)
{
	static const struct {
		const struct layer_codec *codec;
		unsigned char length, magic[6];
	} magics[] = {
		{ &layer_gzip, 2, { 0x1f, 0x8b } },
		{ &layer_zstd, 4, { 0x28, 0xb5, 0x2f, 0xfd } },
		{ &layer_xz, 6, { 0xfd, '7', 'z', 'X', 'Z', 0 } },
		{ &layer_bzip2, 3, { 'B', 'Z', 'h' } },
	};

	for (size_t i = 0; i < ARRAY_LEN(magics); i++)
		if (length >= magics[i].length &&
		    memcmp(data, magics[i].magic, magics[i].length) == 0)
			return magics[i].codec;
	/* a skippable frame may come first (RFC 8878 3.1.2) */
	if (length >= 4 && (data[0] & 0xf0) == 0x50 && memcmp(data + 1, "\x2a\x4d\x18", 3) == 0)
		return &layer_zstd;
	return NULL;
}

/* A tar's first bytes are a name, which may begin as one of the magics does; but then "ustar" is where it is in a tar. */
static bool is_ustar(const unsigned char *data, size_t length)
{
	return length >= 512 && memcmp(data + 257, "ustar", 5) == 0;
}

static int begin_codec(struct layer_stream *stream, const struct layer_input *input,
		       struct oci_error *err)
{
	const struct layer_codec *codec = NULL;

	if (!is_ustar(stream->in, stream->have))
		codec = detect(stream->in, stream->have);
	if (!codec)
		return 0;
	if (input->is_layer && codec != &layer_gzip && codec != &layer_zstd)
		return err_set_as(err, ERR_DOCUMENT, EINVAL,
				  "%s: is compressed by %s; layers are gzip, zstd or plain tars",
				  stream->name, codec->name);
	stream->codec = codec;
	stream->out = malloc(LAYER_OUT_SIZE);
	if (!stream->out)
		return err_nomem(err);
	return codec->begin(stream, err);
}

int layer_stream_open(struct layer_stream *stream, const struct layer_input *input,
		      struct oci_error *err)
{
	int r = 0;

	*stream = (struct layer_stream){ .fd = input->fd, .name = input->name };
	stream->hashing = !input->jump;
	stream->promised_size = input->blob != NULL;
	stream->size = input->blob ? (uint64_t)input->blob_size : 0;
	stream->in = malloc(LAYER_IN_SIZE);
	if (!stream->in)
		return err_nomem(err);
	if (stream->hashing) {
		r = digest_begin(&stream->in_hash, err);
		if (r == 0)
			r = digest_begin(&stream->out_hash, err);
	}
	if (r == 0)
		r = layer_stream_fill(stream, err);
	if (r == 0)
		r = begin_codec(stream, input, err);
	if (r < 0)
		layer_stream_close(stream);
	return r;
}

void layer_stream_close(struct layer_stream *stream)
{
	if (stream->codec)
		stream->codec->end(stream);
	stream->codec = NULL;
	digest_abandon(&stream->in_hash);
	digest_abandon(&stream->out_hash);
	mem_freep(&stream->in);
	mem_freep(&stream->out);
}

int layer_stream_inflated(struct layer_stream *stream, uint64_t length, struct oci_error *err)
{
	if (length > OUT_MAX || stream->out_total + length > OUT_MAX)
		return err_set_as(err, ERR_DOCUMENT, EFBIG, "%s: holds more than %llu GiB",
				  stream->name, OUT_MAX >> 30);
	stream->out_total += length;
	if (stream->out_total > FREE_BYTES &&
	    (stream->out_total - FREE_BYTES) / RATIO_MAX > stream->in_total)
		return err_set_as(err, ERR_DOCUMENT, EFBIG,
				  "%s: its %llu bytes become more than %u times as many, it looks "
				  "like a decompression bomb",
				  stream->name, (unsigned long long)stream->in_total, RATIO_MAX);
	return 0;
}

ssize_t layer_stream_read(struct layer_stream *stream, const void **ret, struct oci_error *err)
{
	ssize_t n;
	int r;

	if (stream->codec) {
		n = stream->codec->decode(stream, err);
		if (n > 0 && stream->hashing)
			digest_add(&stream->out_hash, stream->out, (size_t)n);
		*ret = stream->out;
	} else {
		if (stream->have == 0) {
			r = layer_stream_fill(stream, err);
			if (r < 0)
				return r;
		}
		n = (ssize_t)stream->have;
		*ret = stream->in + stream->at;
		stream->at = stream->have = 0;
	}
	if (n <= 0)
		return n;
	r = layer_stream_inflated(stream, (uint64_t)n, err);
	return r < 0 ? r : n;
}

int64_t layer_stream_skip(struct layer_stream *stream, int64_t length)
{
	off_t here, end;

	if (stream->codec || stream->hashing || stream->have > 0 || length <= 0)
		return 0;
	here = lseek(stream->fd, 0, SEEK_CUR);
	end = here < 0 ? -1 : lseek(stream->fd, 0, SEEK_END);
	if (end < 0) /* no seekable file */
		return 0;
	/* never past the end: the tar reader has to see that something is missing */
	if (length > end - here)
		length = end - here;
	if (lseek(stream->fd, here + length, SEEK_SET) < 0)
		return 0;
	stream->in_total += (uint64_t)length;
	stream->out_total += (uint64_t)length;
	return length;
}

static int wrong_digest(const struct layer_stream *stream, const char *of,
			const struct digest *have, const struct digest *promised,
			struct oci_error *err)
{
	char a[DIGEST_TEXT_SIZE], b[DIGEST_TEXT_SIZE];

	return err_set_as(err, ERR_DOCUMENT, EINVAL, "%s: %s is %s, not %s", stream->name, of,
			  digest_format(have, a), digest_format(promised, b));
}

int layer_stream_finish(struct layer_stream *stream, const struct layer_input *input,
			struct oci_error *err)
{
	const void *data;
	ssize_t n;

	if (stream->finished || !stream->hashing)
		return 0;
	do
		n = layer_stream_read(stream, &data, err);
	while (n > 0);
	if (n < 0)
		return (int)n;
	stream->finished = true;
	digest_end(&stream->in_hash, &stream->in_digest);
	digest_end(&stream->out_hash, &stream->out_digest);
	if (!stream->codec)
		stream->out_digest = stream->in_digest;
	if (input->blob && stream->in_total != stream->size)
		return err_set_as(err, ERR_DOCUMENT, EINVAL,
				  "%s: has %llu bytes, its descriptor says %llu", stream->name,
				  (unsigned long long)stream->in_total,
				  (unsigned long long)stream->size);
	if (input->blob && !digest_equal(&stream->in_digest, input->blob))
		return wrong_digest(stream, "its digest", &stream->in_digest, input->blob, err);
	if (input->diff_id && !digest_equal(&stream->out_digest, input->diff_id))
		return wrong_digest(stream, "the digest of its tar", &stream->out_digest,
				    input->diff_id, err);
	return 0;
}
