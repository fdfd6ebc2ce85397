/* SPDX-License-Identifier: Apache-2.0 */
/*
 * limits.c - a bucket is a row; one that is missing is full, so a row that has had a minute may go.
 */
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/error.h"
#include "common/db.h"
#include "login/limits.h"

#define MINUTE 60.0
#define KEY_MAX 96
#define PRUNE_EVERY 256

static const char schema[] = "CREATE TABLE IF NOT EXISTS buckets (key TEXT PRIMARY KEY, tries REAL "
			     "NOT NULL, at REAL NOT "
			     "NULL) WITHOUT ROWID; PRAGMA synchronous=OFF;";

/* ?1 key, ?2 tries of a full bucket, ?3 now; a clock that was set back fills nothing */
#define FILLED "min(?2, tries + max(0, ?3 - at) * ?2 / 60.0)"
static const char sql_take[] =
	"INSERT INTO buckets VALUES (?1, ?2 - 1, ?3) ON CONFLICT (key) DO UPDATE SET tries "
	"= " FILLED " - 1, at = ?3 WHERE " FILLED " >= 1 RETURNING 1";
static const char sql_look[] = "SELECT " FILLED " FROM buckets WHERE key = ?1";
static const char sql_give[] = "UPDATE buckets SET tries = min(?2, tries + 1) WHERE key = ?1";
static const char sql_prune[] = "DELETE FROM buckets WHERE at < ?1 - 60";

static double now(void)
{
	struct timespec t = { 0, 0 };

	(void)clock_gettime(CLOCK_REALTIME, &t); /* the other replicas' too */
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int limits_open(struct limits *limits, const char *folder, struct oci_error *err)
{
	char path[PATH_MAX];
	int r;

	limits->db = NULL;
	limits->take = limits->look = limits->give = limits->prune = NULL;
	if ((size_t)snprintf(path, sizeof(path), "%s/limits.db", folder) >= sizeof(path))
		return err_set(err, ENAMETOOLONG, "%s: the path is too long", folder);
	r = db_open(path, schema, &limits->db, err);
	if (r == 0)
		r = db_prepare(limits->db, sql_take, &limits->take, err);
	if (r == 0)
		r = db_prepare(limits->db, sql_look, &limits->look, err);
	if (r == 0)
		r = db_prepare(limits->db, sql_give, &limits->give, err);
	if (r == 0)
		r = db_prepare(limits->db, sql_prune, &limits->prune, err);
	return r;
}

void limits_close(struct limits *limits)
{
	(void)sqlite3_finalize(limits->take);
	(void)sqlite3_finalize(limits->look);
	(void)sqlite3_finalize(limits->give);
	(void)sqlite3_finalize(limits->prune);
	(void)sqlite3_close(limits->db);
	limits->take = limits->look = limits->give = limits->prune = NULL;
	limits->db = NULL;
}

static void bind(sqlite3_stmt *s, const char *key, unsigned full)
{
	db_text(s, 1, key);
	(void)sqlite3_bind_double(s, 2, full);
}

static int wait_for(struct limits *limits, const char *key, unsigned full)
{
	double left = 0;
	int r;

	bind(limits->look, key, full);
	(void)sqlite3_bind_double(limits->look, 3, now());
	r = db_step(limits->look);
	if (r < 0)
		return r;
	if (r > 0) {
		left = sqlite3_column_double(limits->look, 0);
		db_done(limits->look);
	}
	left = ceil((1 - left) * MINUTE / full);
	return left < 1 ? 1 : left > MINUTE ? (int)MINUTE : (int)left;
}

static int take(struct limits *limits, const char *key, unsigned full)
{
	int r;

	bind(limits->take, key, full);
	(void)sqlite3_bind_double(limits->take, 3, now());
	r = db_step(limits->take);
	if (r <= 0)
		return r < 0 ? r : wait_for(limits, key, full);
	/* A row tells that it was taken; the statement ends, and is written, with the step behind it. */
	return db_step(limits->take);
}

static void give(struct limits *limits, const char *key, unsigned full)
{
	bind(limits->give, key, full);
	(void)db_step(limits->give);
}

static void keys_of(const char *name, const char *address, char name_key[KEY_MAX],
		    char address_key[KEY_MAX])
{
	(void)snprintf(name_key, KEY_MAX, "name %.32s", name);
	(void)snprintf(address_key, KEY_MAX, "address %.64s", address);
}

int limits_take(struct limits *limits, const char *name, const char *address)
{
	char name_key[KEY_MAX], address_key[KEY_MAX];
	int r;

	keys_of(name, address, name_key, address_key);
	if (++limits->taken % PRUNE_EVERY == 0) {
		(void)sqlite3_bind_double(limits->prune, 1, now());
		(void)db_step(limits->prune);
	}
	r = take(limits, name_key, limits->name_tries);
	if (r != 0)
		return r;
	r = take(limits, address_key, limits->address_tries);
	if (r != 0)
		give(limits, name_key, limits->name_tries);
	return r;
}

void limits_give(struct limits *limits, const char *name, const char *address)
{
	char name_key[KEY_MAX], address_key[KEY_MAX];

	keys_of(name, address, name_key, address_key);
	give(limits, name_key, limits->name_tries);
	give(limits, address_key, limits->address_tries);
}
