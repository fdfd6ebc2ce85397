/* SPDX-License-Identifier: Apache-2.0 */
/*
 * members.h - chunks of 1 MiB become gzip members, by as many threads as there are processors, in order.
 */
#ifndef CARTEFILE_MEMBERS_H
#define CARTEFILE_MEMBERS_H

#include "cartefile-to-oci/layout.h"
#include "cartefile-to-oci/tar.h"

#define MEMBERS_LEVEL 1
#define MEMBERS_SIZE ((size_t)1 << 20)

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
