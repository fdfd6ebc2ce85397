/* SPDX-License-Identifier: Apache-2.0 */
/*
 * layer_codecs.c - zstd, and for tars of a FROM line xz and bzip2. Several streams in one file are one, as their own
 * programs have it; memory is bounded whatever a header asks for.
 */
#include <bzlib.h>
#include <lzma.h>
#include <stdlib.h>
#include <zstd.h>

#include "base/error.h"
#include "base/mem.h"
#include "cartefile-to-oci/layer_stream.h"

#define ZSTD_WINDOW_LOG_MAX 27   /* 128 MiB: what zstd -d takes without --memory or --long */
#define XZ_MEMORY (256ull << 20) /* xz -9 needs 65 MiB */

/* See that there is input; 0: there is none left. */
static int want(struct layer_stream *stream, struct oci_error *err)
{
	int r = stream->have > 0 ? 0 : layer_stream_fill(stream, err);

	return r < 0 ? r : stream->have > 0;
}

/* ---- zstd --------------------------------------------------------------------------------------------------------- */
struct zstd {
	ZSTD_DStream *stream;
	bool in_frame;
};

static int zstd_begin(struct layer_stream *stream, struct oci_error *err)
{
	struct zstd *zstd = calloc(1, sizeof(*zstd));

	stream->state = zstd;
	if (zstd)
		zstd->stream = ZSTD_createDStream();
	if (!zstd || !zstd->stream)
		return err_nomem(err);
	if (ZSTD_isError(
		    ZSTD_DCtx_setParameter(zstd->stream, ZSTD_d_windowLogMax, ZSTD_WINDOW_LOG_MAX)))
		return layer_stream_bad(stream, "this libzstd knows no limit of windows", err);
	return 0;
}

static ssize_t zstd_decode(struct layer_stream *stream, struct oci_error *err)
{
	struct zstd *zstd = stream->state;
	ZSTD_outBuffer out = { stream->out, LAYER_OUT_SIZE, 0 };

	while (out.pos < out.size) {
		ZSTD_inBuffer in;
		size_t left, before = out.pos;
		int r = want(stream, err);

		if (r < 0)
			return r;
		if (r == 0 && !zstd->in_frame)
			break;
		in = (ZSTD_inBuffer){ stream->in + stream->at, stream->have, 0 };
		left = ZSTD_decompressStream(zstd->stream, &out, &in);
		if (ZSTD_isError(left))
			return layer_stream_bad(stream, ZSTD_getErrorName(left), err);
		stream->at += in.pos;
		stream->have -= in.pos;
		zstd->in_frame = left != 0;
		/* without input it may still have had something to give */
		if (r == 0 && zstd->in_frame && out.pos == before)
			return layer_stream_bad(stream, "ends too early", err);
	}
	return (ssize_t)out.pos;
}

static void zstd_end(struct layer_stream *stream)
{
	struct zstd *zstd = stream->state;

	if (zstd)
		(void)ZSTD_freeDStream(zstd->stream);
	free(zstd);
	stream->state = NULL;
}

const struct layer_codec layer_zstd = { "zstd", zstd_begin, zstd_decode, zstd_end };

/* ---- xz ----------------------------------------------------------------------------------------------------------- */
static int xz_begin(struct layer_stream *stream, struct oci_error *err)
{
	lzma_stream *xz = calloc(1, sizeof(*xz));

	stream->state = xz;
	if (!xz || lzma_stream_decoder(xz, XZ_MEMORY, LZMA_CONCATENATED) != LZMA_OK)
		return err_nomem(err);
	return 0;
}

static ssize_t xz_decode(struct layer_stream *stream, struct oci_error *err)
{
	lzma_stream *xz = stream->state;

	xz->next_out = stream->out;
	xz->avail_out = LAYER_OUT_SIZE;
	while (xz->avail_out > 0) {
		lzma_ret status;
		int r = want(stream, err);

		if (r < 0)
			return r;
		xz->next_in = stream->in + stream->at;
		xz->avail_in = stream->have;
		status = lzma_code(xz, r == 0 ? LZMA_FINISH : LZMA_RUN);
		stream->at += stream->have - xz->avail_in;
		stream->have = xz->avail_in;
		if (status == LZMA_STREAM_END)
			break;
		if (status == LZMA_MEM_ERROR)
			return err_nomem(err);
		if (status == LZMA_MEMLIMIT_ERROR)
			return layer_stream_bad(stream, "needs more than 256 MiB of memory", err);
		if (status == LZMA_BUF_ERROR)
			return layer_stream_bad(stream, "ends too early", err);
		if (status != LZMA_OK)
			return layer_stream_bad(stream, "is damaged", err);
	}
	return (ssize_t)(LAYER_OUT_SIZE - xz->avail_out);
}

static void xz_end(struct layer_stream *stream)
{
	if (stream->state)
		lzma_end(stream->state);
	mem_freep(&stream->state);
}

const struct layer_codec layer_xz = { "xz", xz_begin, xz_decode, xz_end };

/* ---- bzip2 -------------------------------------------------------------------------------------------------------- */
struct bzip2 {
	bz_stream z;
	bool in_stream;
};

static int bzip2_begin(struct layer_stream *stream, struct oci_error *err)
{
	stream->state = calloc(1, sizeof(struct bzip2));
	return stream->state ? 0 : err_nomem(err);
}

static int bzip2_step(struct layer_stream *stream, struct bzip2 *bzip2, struct oci_error *err)
{
	bz_stream *z = &bzip2->z;
	int status;

	if (!bzip2->in_stream && BZ2_bzDecompressInit(z, 0, 0) != BZ_OK)
		return err_nomem(err);
	bzip2->in_stream = true;
	z->next_in = (char *)stream->in + stream->at;
	z->avail_in = (unsigned)stream->have;
	status = BZ2_bzDecompress(z);
	stream->at += stream->have - z->avail_in;
	stream->have = z->avail_in;
	if (status == BZ_STREAM_END) {
		(void)BZ2_bzDecompressEnd(z);
		bzip2->in_stream = false;
		return 0;
	}
	if (status == BZ_MEM_ERROR)
		return err_nomem(err);
	return status == BZ_OK ? 0 : layer_stream_bad(stream, "is damaged", err);
}

static ssize_t bzip2_decode(struct layer_stream *stream, struct oci_error *err)
{
	struct bzip2 *bzip2 = stream->state;
	char *at = (char *)stream->out;
	unsigned room = LAYER_OUT_SIZE;

	while (room > 0) {
		int r = want(stream, err);

		if (r < 0)
			return r;
		if (r == 0 && !bzip2->in_stream)
			break;
		if (r == 0 && bzip2->z.avail_out != 0)
			return layer_stream_bad(stream, "ends too early", err);
		bzip2->z.next_out = at;
		bzip2->z.avail_out = room;
		r = bzip2_step(stream, bzip2, err);
		if (r < 0)
			return r;
		at = bzip2->z.next_out ? bzip2->z.next_out : at;
		room = LAYER_OUT_SIZE - (unsigned)(at - (char *)stream->out);
	}
	return (ssize_t)(LAYER_OUT_SIZE - room);
}

static void bzip2_end(struct layer_stream *stream)
{
	struct bzip2 *bzip2 = stream->state;

	if (bzip2 && bzip2->in_stream)
		(void)BZ2_bzDecompressEnd(&bzip2->z);
	free(bzip2);
	stream->state = NULL;
}

const struct layer_codec layer_bzip2 = { "bzip2", bzip2_begin, bzip2_decode, bzip2_end };
