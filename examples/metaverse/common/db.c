/* SPDX-License-Identifier: Apache-2.0 */
/*
 * db.c - changing the journal's mode needs the file for oneself, and SQLite answers "busy" without waiting when two try it at
 * the same time; so opening is done under a lock of a file beside it.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/file.h>

#include "base/error.h"
#include "base/mem.h"
#include "common/db.h"

#define PATIENCE_MS 5000

static int lock_beside(const char *path, struct oci_error *err)
{
	char name[PATH_MAX];
	CLEANUP_CLOSE int fd = -1;

	if ((size_t)snprintf(name, sizeof(name), "%s.lock", path) >= sizeof(name))
		return err_set(err, ENAMETOOLONG, "%s: the path is too long", path);
	fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 || RETRY_EINTR(flock(fd, LOCK_EX)) < 0)
		return err_sys(err, errno, "%s", name);
	return TAKE_FD(fd);
}

int db_open(const char *path, const char *schema, sqlite3 **ret_db, struct oci_error *err)
{
	CLEANUP_CLOSE int lock = lock_beside(path, err);
	sqlite3 *db = NULL;
	int r;

	if (lock < 0)
		return lock;
	r = sqlite3_open_v2(path, &db,
			    SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_FULLMUTEX,
			    NULL);
	if (r == SQLITE_OK)
		r = sqlite3_busy_timeout(db, PATIENCE_MS);
	if (r == SQLITE_OK)
		r = sqlite3_exec(db, "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;", NULL,
				 NULL, NULL);
	if (r == SQLITE_OK)
		r = sqlite3_exec(db, schema, NULL, NULL, NULL);
	if (r != SQLITE_OK) {
		(void)err_set(err, EIO, "%s: %s", path,
			      db ? sqlite3_errmsg(db) : sqlite3_errstr(r));
		(void)sqlite3_close(db);
		return -EIO;
	}
	*ret_db = db;
	return 0;
}

int db_prepare(sqlite3 *db, const char *sql, sqlite3_stmt **ret, struct oci_error *err)
{
	if (sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, ret, NULL) == SQLITE_OK)
		return 0;
	return err_set(err, EIO, "%s: %s", sql, sqlite3_errmsg(db));
}

void db_text(sqlite3_stmt *statement, int index, const char *text)
{
	(void)sqlite3_bind_text(statement, index, text, -1, SQLITE_STATIC);
}

static int errno_of(int code)
{
	switch (code & 0xff) {
	case SQLITE_CONSTRAINT:
		return -EEXIST;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return -EBUSY;
	case SQLITE_FULL:
		return -ENOSPC;
	default:
		return -EIO;
	}
}

void db_done(sqlite3_stmt *statement)
{
	(void)sqlite3_reset(statement);
	(void)sqlite3_clear_bindings(statement);
}

int db_step(sqlite3_stmt *statement)
{
	int code = sqlite3_step(statement);

	if (code == SQLITE_ROW)
		return 1;
	db_done(statement);
	return code == SQLITE_DONE ? 0 : errno_of(code);
}

int db_run(sqlite3 *db, const char *sql)
{
	int code = sqlite3_exec(db, sql, NULL, NULL, NULL);

	return code == SQLITE_OK ? 0 : errno_of(code);
}
