/* SPDX-License-Identifier: Apache-2.0 */
/*
 * members.h - chunks of 512 KiB, the first two of 384 KiB, become gzip members, by as many threads as there are processors, in order.
 */
#ifndef CARTEFILE_MEMBERS_H
#define CARTEFILE_MEMBERS_H

#include "cartefile-to-oci/layout.h"
#include "cartefile-to-oci/tar.h"

#define MEMBERS_SIZE ((size_t)512 << 10)
/* The first two, so that two processors have as much to do each with a layer of one small program. */
#define MEMBERS_FIRST_SIZE ((size_t)384 << 10)
/* How much of a chunk may be zero bytes for it to be worth level 2; layer_compressor tells the rule. */
#define MEMBERS_LEVEL2_FROM 28 /* per cent */
#define MEMBERS_LEVEL2_TO 70
/* A small layer is to be quick: so many chunks have level 1 in any case. */
#define MEMBERS_LEVEL1_FIRST 2

struct members;

/** members_begin - @input gets its first buffer. @blob stays the caller's. */
int members_begin(struct blob_writer *blob, struct members **ret, struct tar_out *input,
		  struct oci_error *err);

/** members_add - what @input holds is the next member; it gets another buffer. */
int members_add(struct members *members, struct tar_out *input, struct oci_error *err);

/** members_end - wait for and write what is left. Frees, also when it fails. */
int members_end(struct members *members, struct oci_error *err);
void members_abandon(struct members *members); /* NULL is fine */

#endif
