/* SPDX-License-Identifier: Apache-2.0 */
/*
 * accounts.c - the primary key decides who is the first of two replicas that get the same name.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "common/db.h"
#include "login/accounts.h"

static const char schema[] =
	"CREATE TABLE IF NOT EXISTS accounts (name TEXT PRIMARY KEY, hash TEXT "
	"NOT NULL, created INTEGER NOT NULL) WITHOUT ROWID;";

int accounts_open(struct accounts *accounts, const char *folder, struct oci_error *err)
{
	char path[PATH_MAX];
	int r;

	memset(accounts, 0, sizeof(*accounts));
	if ((size_t)snprintf(path, sizeof(path), "%s/accounts.db", folder) >= sizeof(path))
		return err_set(err, ENAMETOOLONG, "%s: the path is too long", folder);
	r = db_open(path, schema, &accounts->db, err);
	if (r == 0)
		r = db_prepare(accounts->db,
			       "INSERT INTO accounts VALUES (?1, ?2, strftime('%s', 'now'))",
			       &accounts->insert, err);
	if (r == 0)
		r = db_prepare(accounts->db, "SELECT hash FROM accounts WHERE name = ?1",
			       &accounts->select, err);
	return r;
}

void accounts_close(struct accounts *accounts)
{
	(void)sqlite3_finalize(accounts->insert);
	(void)sqlite3_finalize(accounts->select);
	(void)sqlite3_close(accounts->db);
	memset(accounts, 0, sizeof(*accounts));
}

int accounts_add(struct accounts *accounts, const char *name, const char *hash)
{
	db_text(accounts->insert, 1, name);
	db_text(accounts->insert, 2, hash);
	return db_step(accounts->insert);
}

int accounts_find(struct accounts *accounts, const char *name, char ret_hash[PASSWORD_HASH_MAX])
{
	const char *hash;
	int r;

	db_text(accounts->select, 1, name);
	r = db_step(accounts->select);
	if (r <= 0)
		return r < 0 ? r : -ENOENT;
	hash = (const char *)sqlite3_column_text(accounts->select, 0);
	if (hash && strlen(hash) < PASSWORD_HASH_MAX)
		memcpy(ret_hash, hash, strlen(hash) + 1);
	else
		r = -EIO;
	db_done(accounts->select);
	return r < 0 ? r : 0;
}
