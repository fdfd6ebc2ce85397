/* SPDX-License-Identifier: Apache-2.0 */
/*
 * layer_gzip.c - gzip, of one member or of many (RFC 1952 2.2).
 *
 * libdeflate takes half of zlib's time but wants a member whole. Ours are small on purpose (layer_write.c), so each is tried
 * with it first; one that does not fit the buffers goes through zlib from its beginning, as a stream. A try costs at
 * most what is in the buffers, which is less than the member that made it fail.
 */
#include <libdeflate.h>
#include <stdlib.h>
#include <zlib.h>

#include "base/error.h"
#include "base/mem.h"
#include "cartefile-to-oci/layer_stream.h"

struct gzip {
	struct libdeflate_decompressor *whole;
	z_stream z;
	bool z_begun;
	bool in_member; /* zlib is in the middle of one */
	bool first;
};

static int gzip_begin(struct layer_stream *stream, struct oci_error *err)
{
	struct gzip *gzip = calloc(1, sizeof(*gzip));

	stream->state = gzip;
	if (!gzip)
		return err_nomem(err);
	gzip->first = true;
	gzip->whole = libdeflate_alloc_decompressor();
	/* 15 + 16: the largest window, and the gzip wrapping only (zlib.h, inflateInit2) */
	if (!gzip->whole || inflateInit2(&gzip->z, 15 + 16) != Z_OK)
		return err_nomem(err);
	gzip->z_begun = true;
	return 0;
}

static void gzip_end(struct layer_stream *stream)
{
	struct gzip *gzip = stream->state;

	if (!gzip)
		return;
	if (gzip->z_begun)
		(void)inflateEnd(&gzip->z);
	if (gzip->whole)
		libdeflate_free_decompressor(gzip->whole);
	free(gzip);
	stream->state = NULL;
}

/* 1: a member begins, 0: there is nothing more. */
static int next_member(struct layer_stream *stream, struct gzip *gzip, struct oci_error *err)
{
	int r = 0;

	/* filled up by halves, so that moving what is left costs no more than reading, however small the members are */
	if (stream->have < LAYER_IN_SIZE / 2 && !stream->ended)
		r = layer_stream_fill(stream, err);
	if (r < 0)
		return r;
	if (stream->have == 0)
		return 0;
	if (!gzip->first && (stream->have < 2 || stream->in[stream->at] != 0x1f ||
			     stream->in[stream->at + 1] != 0x8b))
		return layer_stream_bad(stream, "there are other bytes behind its end", err);
	gzip->first = false;
	return 1;
}

static bool try_whole(struct layer_stream *stream, struct gzip *gzip, size_t *ret_length)
{
	size_t used;

	if (libdeflate_gzip_decompress_ex(gzip->whole, stream->in + stream->at, stream->have,
					  stream->out, LAYER_OUT_SIZE, &used,
					  ret_length) != LIBDEFLATE_SUCCESS)
		return false;
	stream->at += used;
	stream->have -= used;
	return true;
}

/* 1 and the whole member, 0: it does not fit. */
static int decode_whole(struct layer_stream *stream, struct gzip *gzip, size_t *ret_length,
			struct oci_error *err)
{
	int r;

	if (try_whole(stream, gzip, ret_length))
		return 1;
	if (stream->ended || stream->have == LAYER_IN_SIZE)
		return 0;
	r = layer_stream_fill(stream, err);
	return r < 0 ? r : try_whole(stream, gzip, ret_length);
}

/* Go on in a member until the buffer is full or the member ends. */
static ssize_t decode_stream(struct layer_stream *stream, struct gzip *gzip, struct oci_error *err)
{
	z_stream *z = &gzip->z;
	int r, status;

	z->next_out = stream->out;
	z->avail_out = LAYER_OUT_SIZE;
	while (gzip->in_member && z->avail_out > 0) {
		if (stream->have == 0) {
			r = layer_stream_fill(stream, err);
			if (r < 0)
				return r;
			if (stream->have == 0)
				return layer_stream_bad(stream, "ends too early", err);
		}
		z->next_in = stream->in + stream->at;
		z->avail_in = (uInt)stream->have;
		status = inflate(z, Z_NO_FLUSH);
		stream->at += stream->have - z->avail_in;
		stream->have = z->avail_in;
		if (status == Z_STREAM_END)
			gzip->in_member = false;
		else if (status == Z_MEM_ERROR)
			return err_nomem(err);
		else if (status != Z_OK && status != Z_BUF_ERROR)
			return layer_stream_bad(stream, z->msg ? z->msg : "is damaged", err);
	}
	return (ssize_t)(LAYER_OUT_SIZE - z->avail_out);
}

/* One member, or as much of it as fits; 0: the end, or an empty one. */
static ssize_t decode_member(struct layer_stream *stream, struct gzip *gzip, struct oci_error *err)
{
	size_t length;
	int r = decode_whole(stream, gzip, &length, err);

	if (r != 0)
		return r < 0 ? r : (ssize_t)length;
	if (inflateReset(&gzip->z) != Z_OK)
		return layer_stream_bad(stream, "is damaged", err);
	gzip->in_member = true;
	return decode_stream(stream, gzip, err);
}

static ssize_t gzip_decode(struct layer_stream *stream, struct oci_error *err)
{
	struct gzip *gzip = stream->state;
	ssize_t n = 0;
	int r;

	while (n == 0) { /* members may be empty */
		if (gzip->in_member) {
			n = decode_stream(stream, gzip, err);
			continue;
		}
		r = next_member(stream, gzip, err);
		if (r <= 0)
			return r;
		n = decode_member(stream, gzip, err);
	}
	return n;
}

const struct layer_codec layer_gzip = { "gzip", gzip_begin, gzip_decode, gzip_end };
