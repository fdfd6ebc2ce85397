/* SPDX-License-Identifier: Apache-2.0 */
/*
 * accounts.h - names and hashes, in a database that all replicas share. One of these for each thread.
 */
#ifndef METAVERSE_ACCOUNTS_H
#define METAVERSE_ACCOUNTS_H

#include <sqlite3.h>

#include "login/password.h"

struct oci_error;

struct accounts {
	sqlite3 *db;
	sqlite3_stmt *insert, *select;
};

/** accounts_open - @folder/accounts.db. Whatever it returns, accounts_close may follow. 0 or -errno with words. */
int accounts_open(struct accounts *accounts, const char *folder, struct oci_error *err);
void accounts_close(struct accounts *accounts);

/** accounts_add - 0; -EEXIST: the name is taken; other -errno. */
int accounts_add(struct accounts *accounts, const char *name, const char *hash);

/** accounts_find - 0; -ENOENT: there is no such name; other -errno. */
int accounts_find(struct accounts *accounts, const char *name, char ret_hash[PASSWORD_HASH_MAX]);

#endif
