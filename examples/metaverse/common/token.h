/* SPDX-License-Identifier: Apache-2.0 */
/*
 * token.h - who sends a request: a name and an hour, signed with a key that all of the servers share.
 *
 * "v1." b64url(NAME ' ' EXPIRES) "." b64url(HMAC-SHA256(key, what is before the second dot)), without padding. No server
 * keeps sessions, so any replica can answer any request.
 */
#ifndef METAVERSE_TOKEN_H
#define METAVERSE_TOKEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct oci_error;

#define TOKEN_LIFE 3600   /* seconds */
#define TOKEN_NAME_MAX 32 /* bytes */
#define TOKEN_MAX 160     /* bytes with the NUL; a longer one is none */
#define TOKEN_KEY_MIN 32  /* bytes */
#define TOKEN_KEY_MAX 4096

struct token_key {
	unsigned char bytes[TOKEN_KEY_MAX];
	size_t length;
};

/** struct token_user - what a good token says. */
struct token_user {
	char name[TOKEN_NAME_MAX + 1];
	int64_t expires; /* seconds since 1970 */
};

/**
 * token_key_load - read the key: all bytes of the file that TOKEN_KEY_FILE names, else of /run/secrets/token_key.
 * Return: 0 or -errno with words; a key of less than TOKEN_KEY_MIN bytes is -EINVAL.
 */
int token_key_load(struct token_key *ret_key, struct oci_error *err);

/** token_is_name - 1 to 32 of [a-z0-9_-]. */
bool token_is_name(const char *name);

/** token_make - sign; @text gets the token with a NUL. Return: 0, or -EINVAL when @user has no such name or time. */
int token_make(const struct token_key *key, const struct token_user *user, char text[TOKEN_MAX]);

/**
 * token_check - verify in a time that does not tell how much of the signature is right.
 * @text: may be anything, or NULL
 * @now: seconds since 1970
 * Return: 0; -EBADMSG: it is not one of ours; -ETIME: it was one, until it expired.
 */
int token_check(const struct token_key *key, const char *text, int64_t now,
		struct token_user *ret_user);

/**
 * token_pick - of a request: what "Authorization: Bearer T" has, else the query's. Either may be NULL.
 * Return: into one of the two, or NULL.
 */
const char *token_pick(const char *authorization, const char *query);

#endif
