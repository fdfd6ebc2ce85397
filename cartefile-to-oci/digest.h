/* SPDX-License-Identifier: Apache-2.0 */
/*
 * digest.h - sha256 as the images write it (image-spec descriptor.md#digests). The only place that knows OpenSSL.
 */
#ifndef CARTEFILE_DIGEST_H
#define CARTEFILE_DIGEST_H

#include <stdbool.h>
#include <stddef.h>

struct oci_error;

#define DIGEST_HEX_LENGTH 64
#define DIGEST_TEXT_SIZE (sizeof("sha256:") + DIGEST_HEX_LENGTH) /* with the NUL */

struct digest {
	unsigned char bytes[32];
};

/** struct digest_state - one that is being computed; digest_begin and digest_end in pairs, or digest_abandon. */
struct digest_state {
	void *sha;
};

int digest_begin(struct digest_state *state, struct oci_error *err);
void digest_add(struct digest_state *state, const void *data, size_t length);
void digest_end(struct digest_state *state, struct digest *ret);
void digest_abandon(struct digest_state *state); /* safe on {0}, and after digest_end */

/** digest_of - of bytes in memory. */
int digest_of(const void *data, size_t length, struct digest *ret, struct oci_error *err);

/** digest_parse - "sha256:" and 64 small hexadecimal digits; -EINVAL, -EOPNOTSUPP for another algorithm; no words. */
int digest_parse(const char *text, struct digest *ret);

/** digest_format - "sha256:..." in the caller's buffer. digest_hex - without the algorithm. Return: @buf. */
char *digest_format(const struct digest *digest, char buf[DIGEST_TEXT_SIZE]);
char *digest_hex(const struct digest *digest, char buf[DIGEST_HEX_LENGTH + 1]);

bool digest_equal(const struct digest *a, const struct digest *b);

#endif
