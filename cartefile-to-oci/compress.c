/* SPDX-License-Identifier: Apache-2.0 */
/*
 * compress.c - the pipe; see compress.h. members.c has the threads.
 */
#include <stdlib.h>
#include <zstd.h>

#include "base/error.h"
#include "base/mem.h"
#include "cartefile-to-oci/compress.h"
#include "cartefile-to-oci/members.h"

#define ZSTD_LEVEL 3
#define BUFFER_SIZE ((size_t)256 << 10)

struct compress {
	struct tar_out input;
	struct digest_state diff_id;
	uint64_t tar_size;
	struct blob_writer *blob; /* NULL: only the diff id */
	struct members *members;  /* gzip */
	ZSTD_CCtx *zstd;
	unsigned char *buffer, *output; /* owned; of gzip the buffers are the members' */
	size_t output_size;
};

/* Every flush begins with this. */
static void take(struct compress *compress)
{
	digest_add(&compress->diff_id, compress->input.buffer, compress->input.used);
	compress->tar_size += compress->input.used;
}

static int flush_nowhere(struct tar_out *out, struct oci_error *err)
{
	(void)err;
	take((struct compress *)out);
	out->used = 0;
	return 0;
}

static int flush_plain(struct tar_out *out, struct oci_error *err)
{
	struct compress *compress = (struct compress *)out;
	int r = blob_write(compress->blob, out->buffer, out->used, err);

	take(compress);
	out->used = 0;
	return r;
}

static int flush_gzip(struct tar_out *out, struct oci_error *err)
{
	struct compress *compress = (struct compress *)out;

	take(compress);
	return members_add(compress->members, out, err);
}

static int run_zstd(struct compress *compress, ZSTD_inBuffer *in, ZSTD_EndDirective directive,
		    struct oci_error *err)
{
	size_t left;

	do {
		ZSTD_outBuffer out = { compress->output, compress->output_size, 0 };
		int r;

		left = ZSTD_compressStream2(compress->zstd, &out, in, directive);
		if (ZSTD_isError(left))
			return err_set(err, ENOMEM, "zstd: %s", ZSTD_getErrorName(left));
		r = blob_write(compress->blob, compress->output, out.pos, err);
		if (r < 0)
			return r;
	} while (directive == ZSTD_e_end ? left > 0 : in->pos < in->size);
	return 0;
}

static int flush_zstd(struct tar_out *out, struct oci_error *err)
{
	ZSTD_inBuffer in = { out->buffer, out->used, 0 };
	int r = run_zstd((struct compress *)out, &in, ZSTD_e_continue, err);

	take((struct compress *)out);
	out->used = 0;
	return r;
}

static int begin_buffer(struct compress *compress,
			int (*flush)(struct tar_out *out, struct oci_error *err),
			struct oci_error *err)
{
	compress->buffer = malloc(BUFFER_SIZE);
	if (!compress->buffer)
		return err_nomem(err);
	compress->input = (struct tar_out){ compress->buffer, BUFFER_SIZE, 0, flush };
	return 0;
}

static int begin_zstd(struct compress *compress, struct oci_error *err)
{
	compress->zstd = ZSTD_createCCtx();
	compress->output_size = ZSTD_CStreamOutSize();
	compress->output = malloc(compress->output_size);
	/* one worker: more would change the bytes */
	if (!compress->zstd || !compress->output ||
	    ZSTD_isError(
		    ZSTD_CCtx_setParameter(compress->zstd, ZSTD_c_compressionLevel, ZSTD_LEVEL)))
		return err_nomem(err);
	return begin_buffer(compress, flush_zstd, err);
}

static int begin(struct compress *compress, enum layer_compression compression,
		 const struct layout *to, struct oci_error *err)
{
	int r = digest_begin(&compress->diff_id, err);

	if (r < 0)
		return r;
	if (!to)
		return begin_buffer(compress, flush_nowhere, err);
	r = blob_begin(to, &compress->blob, err);
	if (r < 0)
		return r;
	switch (compression) {
	case LAYER_ZSTD:
		return begin_zstd(compress, err);
	case LAYER_PLAIN:
		return begin_buffer(compress, flush_plain, err);
	case LAYER_GZIP:
		break;
	}
	compress->input.flush = flush_gzip;
	return members_begin(compress->blob, &compress->members, &compress->input, err);
}

int compress_begin(enum layer_compression compression, const struct layout *to,
		   struct compress **ret, struct oci_error *err)
{
	struct compress *compress = calloc(1, sizeof(*compress));
	int r;

	if (!compress)
		return err_nomem(err);
	r = begin(compress, compression, to, err);
	if (r < 0)
		compress_abandon(compress);
	else
		*ret = compress;
	return r;
}

struct tar_out *compress_input(struct compress *compress)
{
	return &compress->input;
}

int compress_end(struct compress *compress, struct layer_result *ret, struct oci_error *err)
{
	struct layer_result result = { .tar_size = compress->tar_size };
	int r = 0;

	if (compress->members) {
		r = members_end(compress->members, err);
		compress->members = NULL;
	} else if (compress->zstd) {
		ZSTD_inBuffer nothing = { NULL, 0, 0 };

		r = run_zstd(compress, &nothing, ZSTD_e_end, err);
	}
	if (r == 0 && compress->blob) {
		r = blob_commit(compress->blob, &result.blob, &result.size, err);
		compress->blob = NULL;
	}
	digest_end(&compress->diff_id, &result.diff_id);
	compress_abandon(compress);
	if (r == 0)
		*ret = result;
	return r;
}

void compress_abandon(struct compress *compress)
{
	if (!compress)
		return;
	members_abandon(compress->members);
	blob_abandon(compress->blob);
	digest_abandon(&compress->diff_id);
	ZSTD_freeCCtx(compress->zstd);
	free(compress->buffer);
	free(compress->output);
	free(compress);
}
