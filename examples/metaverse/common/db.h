/* SPDX-License-Identifier: Apache-2.0 */
/*
 * db.h - an SQLite file on a volume that several replicas share: WAL, and patience with the others' locks.
 */
#ifndef METAVERSE_DB_H
#define METAVERSE_DB_H

#include <sqlite3.h>

struct oci_error;

/**
 * db_open - open or make @path and see that it has @schema ("CREATE TABLE IF NOT EXISTS ..."), one replica at a time.
 * @ret_db: for sqlite3_close
 * Return: 0 or -EIO with words.
 */
int db_open(const char *path, const char *schema, sqlite3 **ret_db, struct oci_error *err);

/** db_prepare - a statement that is kept. 0 or -EIO with words. */
int db_prepare(sqlite3 *db, const char *sql, sqlite3_stmt **ret, struct oci_error *err);

/** db_text - bind a text that lives until the statement is done. */
void db_text(sqlite3_stmt *statement, int index, const char *text);

/**
 * db_step - one step. Return: 1: a row; 0: no more of them, the statement is reset; -EEXIST: a constraint; -EBUSY: the others
 * did not let go; -EIO. On failure it is reset.
 */
int db_step(sqlite3_stmt *statement);

/** db_done - reset a statement that has given what was wanted. */
void db_done(sqlite3_stmt *statement);

/** db_run - words without a result: "BEGIN IMMEDIATE". 0, or as db_step. */
int db_run(sqlite3 *db, const char *sql);

#endif
