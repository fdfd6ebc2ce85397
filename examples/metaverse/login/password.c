/* SPDX-License-Identifier: Apache-2.0 */
/*
 * password.c - the work area of crypt_r is 32 KB: from the heap, and wiped.
 */
#include <crypt.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "login/password.h"

/* A hash like any other, whose password nobody knows: it was made of 32 random bytes. */
#define NOBODY "$y$j9T$XQ0cT7nrkgvdoyKj8cVHm1$u.jRHoPMjaSm.KETFwQIAw0OmMUngsPWBhsvjC6iZ72"

_Static_assert(PASSWORD_HASH_MAX >= CRYPT_OUTPUT_SIZE, "a hash fits");

static int hash(const char *password, const char *setting, char ret_hash[PASSWORD_HASH_MAX])
{
	struct crypt_data *area = calloc(1, sizeof(*area));
	const char *made;
	int r = 0;

	if (!area)
		return -ENOMEM;
	made = crypt_r(password, setting, area);
	/* What is no hash begins with '*' (crypt(3)). */
	if (!made || *made == '*' || strlen(made) >= PASSWORD_HASH_MAX)
		r = errno == ENOMEM ? -ENOMEM : -EINVAL;
	else
		memcpy(ret_hash, made, strlen(made) + 1);
	OPENSSL_cleanse(area, sizeof(*area));
	free(area);
	return r;
}

int password_hash(const char *password, char ret_hash[PASSWORD_HASH_MAX])
{
	char setting[CRYPT_GENSALT_OUTPUT_SIZE];

	if (!crypt_gensalt_rn("$y$", 0, NULL, 0, setting, (int)sizeof(setting)))
		return errno ? -errno : -EINVAL;
	return hash(password, setting, ret_hash);
}

bool password_check(const char *password, const char *expected)
{
	char made[PASSWORD_HASH_MAX];
	const char *setting = expected ? expected : NOBODY;

	if (hash(password, setting, made) < 0 || strlen(made) != strlen(setting))
		return false;
	return CRYPTO_memcmp(made, setting, strlen(made)) == 0 && expected;
}
