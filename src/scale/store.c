/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store.c - opening, checking and making the database; transactions.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "scale/store-private.h"

#define SCHEMA_VERSION 1

static const char schema[] =
	"CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;"
	"CREATE TABLE project (name TEXT PRIMARY KEY, document TEXT NOT NULL, removing INTEGER NOT "
	"NULL)"
	" WITHOUT ROWID;"
	"CREATE TABLE service (project TEXT NOT NULL, name TEXT NOT NULL, desired INTEGER NOT NULL,"
	" stopped INTEGER NOT NULL, manual INTEGER NOT NULL, removed INTEGER NOT NULL,"
	" revision INTEGER NOT NULL, rollout INTEGER NOT NULL, words TEXT NOT NULL, ports TEXT NOT "
	"NULL,"
	" PRIMARY KEY (project, name)) WITHOUT ROWID;"
	"CREATE TABLE revision (project TEXT NOT NULL, service TEXT NOT NULL, number INTEGER NOT "
	"NULL,"
	" at INTEGER NOT NULL, digest TEXT NOT NULL, document TEXT NOT NULL, words TEXT NOT NULL,"
	" PRIMARY KEY (project, service, number)) WITHOUT ROWID;"
	"CREATE TABLE replica (id TEXT PRIMARY KEY, project TEXT NOT NULL, service TEXT NOT NULL,"
	" name TEXT NOT NULL, slot INTEGER NOT NULL, revision INTEGER NOT NULL, flags INTEGER NOT "
	"NULL,"
	" pid INTEGER NOT NULL, start_ticks INTEGER NOT NULL, restarts INTEGER NOT NULL,"
	" failures INTEGER NOT NULL, exit_status INTEGER NOT NULL, made INTEGER NOT NULL,"
	" started INTEGER NOT NULL, ready INTEGER NOT NULL, exited INTEGER NOT NULL,"
	" places TEXT NOT NULL, image TEXT NOT NULL, reason TEXT NOT NULL) WITHOUT ROWID;"
	"CREATE TABLE event (serial INTEGER PRIMARY KEY, at INTEGER NOT NULL, kind TEXT NOT NULL,"
	" action TEXT NOT NULL, project TEXT NOT NULL, service TEXT NOT NULL, replica TEXT NOT "
	"NULL,"
	" id TEXT NOT NULL, words TEXT NOT NULL, status INTEGER NOT NULL);"
	"CREATE TABLE decision (serial INTEGER PRIMARY KEY, project TEXT NOT NULL, service TEXT "
	"NOT NULL,"
	" at INTEGER NOT NULL, before INTEGER NOT NULL, after INTEGER NOT NULL, inputs TEXT NOT "
	"NULL,"
	" why TEXT NOT NULL);"
	"CREATE INDEX decision_of ON decision (project, service, serial);";

/* They came later, and those who do not know them pass them over: that takes no other version. */
static const char schema_timing[] =
	"CREATE TABLE IF NOT EXISTS timing (serial INTEGER PRIMARY KEY, project TEXT NOT NULL,"
	" service TEXT NOT NULL, kind INTEGER NOT NULL, ms INTEGER NOT NULL);"
	"CREATE INDEX IF NOT EXISTS timing_of ON timing (project, service, kind, serial);";
static const char schema_learned[] =
	"CREATE TABLE IF NOT EXISTS learned (project TEXT NOT NULL, service TEXT NOT NULL,"
	" bytes BLOB NOT NULL, PRIMARY KEY (project, service));";

static int code_of(int sqlite)
{
	switch (sqlite & 0xff) {
	case SQLITE_FULL:
		return ENOSPC;
	case SQLITE_NOMEM:
		return ENOMEM;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return EBUSY;
	case SQLITE_PERM:
	case SQLITE_AUTH:
		return EACCES;
	case SQLITE_READONLY:
		return EROFS;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return EUCLEAN;
	default:
		return EIO;
	}
}

int store_failure(struct store *store, int code, const char *doing, struct oci_error *err)
{
	int number = code_of(code);

	if (number == EUCLEAN)
		return err_set_as(
			err, ERR_DAMAGED, number,
			"%s: the database is damaged (%s); move it away, or put back a copy",
			store->path, sqlite3_errmsg(store->db));
	if (number == ENOSPC)
		return err_set_as(err, ERR_RESOURCES, number,
				  "%s: %s: no space left on the file system", store->path, doing);
	return err_set(err, number, "%s: %s: %s", store->path, doing, sqlite3_errmsg(store->db));
}

static int execute(struct store *store, const char *sql, struct oci_error *err)
{
	int r = sqlite3_exec(store->db, sql, NULL, NULL, NULL);

	return r == SQLITE_OK ? 0 : store_failure(store, r, "prepare the database", err);
}

/* One value of a PRAGMA, as text. */
static int pragma(struct store *store, const char *sql, char *ret, size_t size,
		  struct oci_error *err)
{
	sqlite3_stmt *stmt = NULL;
	int r = sqlite3_prepare_v2(store->db, sql, -1, &stmt, NULL);

	if (r == SQLITE_OK)
		r = sqlite3_step(stmt);
	if (r == SQLITE_ROW)
		(void)snprintf(ret, size, "%s", store_text(stmt, 0));
	(void)sqlite3_finalize(stmt);
	return r == SQLITE_ROW ? 0 : store_failure(store, r, "read the database", err);
}

static int check(struct store *store, unsigned *ret_version, struct oci_error *err)
{
	char text[256] = "";
	int r = pragma(store, "PRAGMA user_version", text, sizeof(text), err);

	if (r < 0)
		return r;
	*ret_version = (unsigned)strtoul(text, NULL, 10);
	if (*ret_version > SCHEMA_VERSION)
		return err_set_as(
			err, ERR_UNSUPPORTED, ENOTSUP,
			"%s: written by a newer carte-scale (schema %u, this one knows %d)",
			store->path, *ret_version, SCHEMA_VERSION);
	r = pragma(store, "PRAGMA integrity_check(1)", text, sizeof(text), err);
	if (r == 0 && strcmp(text, "ok") != 0)
		r = err_set_as(err, ERR_DAMAGED, EUCLEAN,
			       "%s: the database is damaged (%s); move it away, or put back a copy",
			       store->path, text);
	return r;
}

static int make_schema(struct store *store, struct oci_error *err)
{
	char sql[64];
	int r = execute(store, "BEGIN IMMEDIATE", err);

	(void)snprintf(sql, sizeof(sql), "PRAGMA user_version = %d", SCHEMA_VERSION);
	if (r == 0)
		r = execute(store, schema, err);
	if (r == 0)
		r = execute(store, sql, err);
	return r == 0 ? execute(store, "COMMIT", err) : r;
}

static int prepare(struct store *store, struct oci_error *err)
{
	unsigned version = 0;
	int r = execute(store, "PRAGMA busy_timeout = 5000", err);

	if (r == 0)
		r = check(store, &version, err);
	/* 2000 pages of 4 KiB are no more than this small database needs; its cache counts as our memory */
	if (r == 0)
		r = execute(store,
			    "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;"
			    "PRAGMA cache_size = -512; PRAGMA wal_autocheckpoint = 500;"
			    "PRAGMA journal_size_limit = 4194304",
			    err);
	if (r == 0 && version == 0)
		r = make_schema(store, err);
	if (r == 0)
		r = execute(store, schema_timing, err);
	if (r == 0)
		r = execute(store, schema_learned, err);
	return r;
}

static struct store *store_new(const char *path)
{
	struct store *store = calloc(1, sizeof(*store));

	if (!store)
		return NULL;
	store->path = strdup(path);
	if (store->path)
		return store;
	free(store);
	return NULL;
}

static int look(struct store *store, struct oci_error *err)
{
	unsigned version = 0;
	char text[32] = "";
	int r = execute(store, "PRAGMA busy_timeout = 5000", err);

	if (r == 0)
		r = check(store, &version, err);
	if (r == 0)
		r = pragma(store, "SELECT count(*) FROM sqlite_schema WHERE name = 'timing'", text,
			   sizeof(text), err);
	if (r == 0 && strcmp(text, "1") != 0)
		r = err_set_as(err, ERR_NOT_FOUND, ENOENT,
			       "%s: no supervisor has measured anything yet", store->path);
	return r;
}

int store_look(const char *path, struct store **ret, struct oci_error *err)
{
	struct store *store;
	int r;

	if (access(path, F_OK) < 0 && errno != ENOENT)
		return err_sys(err, errno, "open %s", path);
	if (access(path, F_OK) < 0)
		return err_set_as(err, ERR_NOT_FOUND, ENOENT,
				  "%s: there is no database of a supervisor", path);
	store = store_new(path);
	if (!store)
		return err_nomem(err);
	r = sqlite3_open_v2(path, &store->db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL);
	r = r == SQLITE_OK ? look(store, err) : store_failure(store, r, "open", err);
	if (r < 0) {
		store_close(store);
		return r;
	}
	*ret = store;
	return 0;
}

int store_open(const char *path, struct store **ret, struct oci_error *err)
{
	struct store *store = store_new(path);
	mode_t mask;
	int r;

	if (!store)
		return err_nomem(err);
	/* documents hold what people put in environments and secrets */
	mask = umask(077);
	r = sqlite3_open_v2(path, &store->db,
			    SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL);
	r = r == SQLITE_OK ? prepare(store, err) : store_failure(store, r, "open", err);
	(void)umask(mask);
	if (r < 0) {
		store_close(store);
		return r;
	}
	*ret = store;
	return 0;
}

void store_close(struct store *store)
{
	if (!store)
		return;
	for (size_t i = 0; i < Q_COUNT; i++)
		(void)sqlite3_finalize(store->statements[i]);
	(void)sqlite3_close(store->db);
	free(store->path);
	free(store);
}

int store_begin(struct store *store, bool durable, struct oci_error *err)
{
	/* the pragma counts from the next transaction on */
	if (durable != store->durable) {
		int r = execute(
			store,
			durable ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL", err);

		if (r < 0)
			return r;
		store->durable = durable;
	}
	return store_run(store, Q_BEGIN, err, "");
}

int store_commit(struct store *store, struct oci_error *err)
{
	return store_run(store, Q_COMMIT, err, "");
}

void store_rollback(struct store *store)
{
	/* some failures have rolled back already */
	if (!sqlite3_get_autocommit(store->db))
		(void)sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
}
