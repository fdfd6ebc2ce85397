/* SPDX-License-Identifier: Apache-2.0 */
/*
 * password.h - yescrypt, by libxcrypt: one hash takes a processor for some 50 ms, and 16 MB.
 */
#ifndef METAVERSE_PASSWORD_H
#define METAVERSE_PASSWORD_H

#include <stdbool.h>

#define PASSWORD_MIN 6
#define PASSWORD_MAX 256
#define PASSWORD_HASH_MAX 384 /* CRYPT_OUTPUT_SIZE */

/** password_hash - with a salt of its own. 0 or -errno. */
int password_hash(const char *password, char ret_hash[PASSWORD_HASH_MAX]);

/**
 * password_check - is it the password of @hash?
 * @hash: NULL: of no account; this takes as long, so that nobody learns which names there are. False.
 */
bool password_check(const char *password, const char *hash);

#endif
