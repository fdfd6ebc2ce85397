/* SPDX-License-Identifier: Apache-2.0 */
/*
 * compress.h - the pipe of a layer: tar bytes are hashed, compressed and written to a blob, in one pass and bounded memory.
 *
 * gzip: every half MiB is a member of its own, so that processors share the work and the bytes depend neither on how many they are nor on
 * who was first (RFC 1952 2.2: a file is a series of members). A layer of less than that never starts a thread.
 */
#ifndef CARTEFILE_COMPRESS_H
#define CARTEFILE_COMPRESS_H

#include "cartefile-to-oci/layer_write.h"
#include "cartefile-to-oci/tar.h"

struct compress;

/** compress_begin - @to: where the blob goes; NULL: only the diff id is computed. */
int compress_begin(enum layer_compression compression, const struct layout *to,
		   struct compress **ret, struct oci_error *err);

/** compress_input - where the tar is written; tar_end before compress_end. */
struct tar_out *compress_input(struct compress *compress);

/** compress_end - the blob gets its name; all but @entries of the result. Frees, also when it fails. */
int compress_end(struct compress *compress, struct layer_result *ret, struct oci_error *err);
void compress_abandon(struct compress *compress); /* NULL is fine */

#endif
