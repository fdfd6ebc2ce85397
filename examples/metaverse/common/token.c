/* SPDX-License-Identifier: Apache-2.0 */
/*
 * token.c - nothing of a token is looked at before its signature is found to be right.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <ocispec-lite/error.h>

#include "base/io.h"
#include "base/mem.h"
#include "common/token.h"

#define MAC_SIZE 32
#define BASE64_SIZE(n) (((n) + 2) / 3 * 4 + 1)
/* name, blank, digits of an int64 */
#define CLAIM_MAX (TOKEN_NAME_MAX + 1 + 19)

int token_key_load(struct token_key *ret_key, struct oci_error *err)
{
	const char *path = getenv("TOKEN_KEY_FILE");
	CLEANUP_CLOSE int fd = -1;
	size_t have = 0;
	ssize_t got;

	if (!path || !*path)
		path = "/run/secrets/token_key";
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return oci_error_sys(err, errno, "%s: the key of the tokens (TOKEN_KEY_FILE)",
				     path);
	do {
		got = RETRY_EINTR(read(fd, ret_key->bytes + have, sizeof(ret_key->bytes) - have));
		if (got < 0)
			return oci_error_sys(err, errno, "%s", path);
		have += (size_t)got;
	} while (got > 0 && have < sizeof(ret_key->bytes));
	if (have < TOKEN_KEY_MIN)
		return oci_error_set(
			err, EINVAL,
			"%s: a key has at least %d bytes, this one %zu: head -c 32 /dev/urandom "
			"makes one",
			path, TOKEN_KEY_MIN, have);
	ret_key->length = have;
	return 0;
}

bool token_is_name(const char *name)
{
	size_t length = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_-");

	return length >= 1 && length <= TOKEN_NAME_MAX && name[length] == '\0';
}

static void replace(char *text, size_t length, char from, char to)
{
	for (size_t i = 0; i < length; i++)
		if (text[i] == from)
			text[i] = to;
}

/* RFC 4648, section 5, without the padding */
static void base64url(const unsigned char *data, size_t length, char *text)
{
	int n = EVP_EncodeBlock((unsigned char *)text, data, (int)length);

	while (n > 0 && text[n - 1] == '=')
		n--;
	text[n] = '\0';
	replace(text, (size_t)n, '+', '-');
	replace(text, (size_t)n, '/', '_');
}

/* of something that is signed, so it is what base64url made */
static int base64url_decode(const char *text, size_t length, char out[CLAIM_MAX + 4])
{
	char padded[BASE64_SIZE(CLAIM_MAX) + 4];
	size_t whole = (length + 3) / 4 * 4;
	int n;

	if (length == 0 || whole >= sizeof(padded) || whole / 4 * 3 > CLAIM_MAX + 3)
		return -EBADMSG;
	memset(padded, '=', whole);
	memcpy(padded, text, length);
	replace(padded, length, '-', '+');
	replace(padded, length, '_', '/');
	n = EVP_DecodeBlock((unsigned char *)out, (const unsigned char *)padded, (int)whole);
	if (n < 0)
		return -EBADMSG;
	n -= (int)(whole - length);
	if (n < 1)
		return -EBADMSG;
	out[n] = '\0';
	return 0;
}

static int sign(const struct token_key *key, const char *text, size_t length,
		char out[BASE64_SIZE(MAC_SIZE)])
{
	unsigned char mac[EVP_MAX_MD_SIZE];
	unsigned size = 0;

	if (!HMAC(EVP_sha256(), key->bytes, (int)key->length, (const unsigned char *)text, length,
		  mac, &size) ||
	    size != MAC_SIZE)
		return -EIO;
	base64url(mac, MAC_SIZE, out);
	return 0;
}

int token_make(const struct token_key *key, const struct token_user *user, char text[TOKEN_MAX])
{
	char claim[CLAIM_MAX + 1], encoded[BASE64_SIZE(CLAIM_MAX)], mac[BASE64_SIZE(MAC_SIZE)];
	int n, r;

	if (!token_is_name(user->name) || user->expires < 0)
		return -EINVAL;
	n = snprintf(claim, sizeof(claim), "%s %" PRId64, user->name, user->expires);
	if (n < 0 || (size_t)n >= sizeof(claim))
		return -EINVAL;
	base64url((const unsigned char *)claim, (size_t)n, encoded);
	n = snprintf(text, TOKEN_MAX, "v1.%s", encoded);
	if (n < 0 || n >= TOKEN_MAX)
		return -EINVAL;
	r = sign(key, text, (size_t)n, mac);
	if (r < 0)
		return r;
	return snprintf(text + n, TOKEN_MAX - (size_t)n, ".%s", mac) < TOKEN_MAX - n ? 0 : -EINVAL;
}

static int read_claim(char *claim, struct token_user *user)
{
	char *blank = strchr(claim, ' ');

	if (!blank)
		return -EBADMSG;
	*blank = '\0';
	if (!token_is_name(claim) || parse_i64(blank + 1, &user->expires) < 0)
		return -EBADMSG;
	memcpy(user->name, claim, (size_t)(blank - claim) + 1);
	return 0;
}

int token_check(const struct token_key *key, const char *text, int64_t now,
		struct token_user *ret_user)
{
	char mac[BASE64_SIZE(MAC_SIZE)], claim[CLAIM_MAX + 4];
	struct token_user user = { .name = "" };
	const char *dot;
	size_t length;

	if (!text)
		return -EBADMSG;
	length = strnlen(text, TOKEN_MAX);
	if (length >= TOKEN_MAX || strncmp(text, "v1.", 3) != 0)
		return -EBADMSG;
	dot = strchr(text + 3, '.');
	if (!dot || sign(key, text, (size_t)(dot - text), mac) < 0)
		return -EBADMSG;
	/* The lengths are no secret. */
	if (strlen(dot + 1) != strlen(mac) || CRYPTO_memcmp(dot + 1, mac, strlen(mac)) != 0)
		return -EBADMSG;
	if (base64url_decode(text + 3, (size_t)(dot - text) - 3, claim) < 0 ||
	    read_claim(claim, &user) < 0)
		return -EBADMSG;
	if (user.expires <= now)
		return -ETIME;
	*ret_user = user;
	return 0;
}

const char *token_pick(const char *authorization, const char *query)
{
	if (authorization && strncasecmp(authorization, "Bearer ", 7) == 0)
		return authorization + 7 + strspn(authorization + 7, " ");
	return query;
}
