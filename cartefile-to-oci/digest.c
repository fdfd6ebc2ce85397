/* SPDX-License-Identifier: Apache-2.0 */
/*
 * digest.c - sha256 by OpenSSL, which uses the processor's own instructions.
 *
 * Not by EVP: OpenSSL 3 then sets up its providers and their names first, which takes longer than a small image to hash.
 */
#define OPENSSL_SUPPRESS_DEPRECATED /* EVP is recommended in place of these calls */
#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "cartefile-to-oci/digest.h"

#define PREFIX "sha256:"

int digest_begin(struct digest_state *state, struct oci_error *err)
{
	SHA256_CTX *sha = malloc(sizeof(*sha));

	state->sha = sha;
	if (!sha)
		return err_nomem(err);
	if (SHA256_Init(sha) != 1) {
		digest_abandon(state);
		return err_set(err, ENOTSUP, "this OpenSSL has no sha256");
	}
	return 0;
}

void digest_add(struct digest_state *state, const void *data, size_t length)
{
	/* cannot fail */
	(void)SHA256_Update(state->sha, data, length);
}

void digest_end(struct digest_state *state, struct digest *ret)
{
	(void)SHA256_Final(ret->bytes, state->sha);
	digest_abandon(state);
}

void digest_abandon(struct digest_state *state)
{
	free(state->sha);
	state->sha = NULL;
}

int digest_of(const void *data, size_t length, struct digest *ret, struct oci_error *err)
{
	struct digest_state state;
	int r = digest_begin(&state, err);

	if (r < 0)
		return r;
	digest_add(&state, data, length);
	digest_end(&state, ret);
	return 0;
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	/* small letters only (descriptor.md#sha-256) */
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int digest_parse(const char *text, struct digest *ret)
{
	struct digest digest;

	if (strncmp(text, PREFIX, sizeof(PREFIX) - 1) != 0)
		return strchr(text, ':') ? -EOPNOTSUPP : -EINVAL;
	text += sizeof(PREFIX) - 1;
	if (strlen(text) != DIGEST_HEX_LENGTH)
		return -EINVAL;
	for (size_t i = 0; i < sizeof(digest.bytes); i++) {
		int high = hex_value(text[2 * i]), low = hex_value(text[2 * i + 1]);

		if (high < 0 || low < 0)
			return -EINVAL;
		digest.bytes[i] = (unsigned char)(high << 4 | low);
	}
	*ret = digest;
	return 0;
}

char *digest_hex(const struct digest *digest, char buf[DIGEST_HEX_LENGTH + 1])
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < sizeof(digest->bytes); i++) {
		buf[2 * i] = digits[digest->bytes[i] >> 4];
		buf[2 * i + 1] = digits[digest->bytes[i] & 15];
	}
	buf[DIGEST_HEX_LENGTH] = '\0';
	return buf;
}

char *digest_format(const struct digest *digest, char buf[DIGEST_TEXT_SIZE])
{
	memcpy(buf, PREFIX, sizeof(PREFIX) - 1);
	digest_hex(digest, buf + sizeof(PREFIX) - 1);
	return buf;
}

bool digest_equal(const struct digest *a, const struct digest *b)
{
	return memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}
