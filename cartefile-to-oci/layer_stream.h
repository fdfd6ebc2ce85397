/* SPDX-License-Identifier: Apache-2.0 */
/*
 * layer_stream.h - the bytes of a tar behind its compression, hashed on both sides, within bounds. Private to layer_read.c.
 */
#ifndef CARTEFILE_LAYER_STREAM_H
#define CARTEFILE_LAYER_STREAM_H

#include "cartefile-to-oci/layer_read.h"

#define LAYER_IN_SIZE (1280u * 1024) /* holds a whole member of ours */
#define LAYER_OUT_SIZE (1024u * 1024)

struct layer_stream;

/**
 * struct layer_codec - one way of compressing.
 * @begin: set stream->state
 * @decode: fill stream->out from the input. Length > 0, 0 at the end of the data, -errno with words.
 * @end: safe when begin failed
 */
struct layer_codec {
	const char *name;
	int (*begin)(struct layer_stream *stream, struct oci_error *err);
	ssize_t (*decode)(struct layer_stream *stream, struct oci_error *err);
	void (*end)(struct layer_stream *stream);
};

extern const struct layer_codec layer_gzip, layer_zstd, layer_xz, layer_bzip2;

/**
 * struct layer_stream
 * @at, @have: what of @in is not used yet; @ended: there is no more behind it
 * @in_total, @out_total: bytes read, and given to the caller (jumped over: counted too)
 */
struct layer_stream {
	int fd;
	const char *name;
	const struct layer_codec *codec; /* NULL: plain */
	void *state;
	unsigned char *in, *out;
	size_t at, have;
	bool ended, hashing, promised_size, finished;
	uint64_t size;
	uint64_t in_total, out_total;
	struct digest_state in_hash, out_hash;
	struct digest in_digest, out_digest;
};

int layer_stream_open(struct layer_stream *stream, const struct layer_input *input,
		      struct oci_error *err);

/** layer_stream_read - the next bytes of the tar; valid until the next call. Length, 0 at the end, -errno with words. */
ssize_t layer_stream_read(struct layer_stream *stream, const void **ret, struct oci_error *err);

/** layer_stream_skip - jump over up to @length bytes, where nothing is hashed; how many were, maybe 0. */
int64_t layer_stream_skip(struct layer_stream *stream, int64_t length);

/** layer_stream_inflated - bytes that are none of the stream but come from it: holes. Counted against bombs. */
int layer_stream_inflated(struct layer_stream *stream, uint64_t length, struct oci_error *err);

/** layer_stream_finish - read the rest, then check what was promised. */
int layer_stream_finish(struct layer_stream *stream, const struct layer_input *input,
			struct oci_error *err);
void layer_stream_close(struct layer_stream *stream);

/** layer_stream_fill - for codecs: read until the buffer is full or the input ends. */
int layer_stream_fill(struct layer_stream *stream, struct oci_error *err);

/** layer_stream_bad - for codecs: -EINVAL with words, "NAME: gzip: ..." */
int layer_stream_bad(const struct layer_stream *stream, const char *what, struct oci_error *err);

#endif
