/* SPDX-License-Identifier: Apache-2.0 */
/*
 * catalog.c - a connection for readers, under a lock, as each statement takes less than a request's way through the kernel; and
 * one for writers.
 */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <string.h>

#include "asset/catalog.h"
#include "base/error.h"
#include "base/mem.h"
#include "common/db.h"
#include "common/json.h"

static const char schema[] =
	"CREATE TABLE IF NOT EXISTS assets (id TEXT NOT NULL, author TEXT NOT NULL, name TEXT NOT "
	"NULL, category TEXT NOT NULL, type TEXT NOT NULL, size INTEGER NOT NULL, created INTEGER "
	"NOT "
	"NULL, PRIMARY KEY (id, author)) WITHOUT ROWID;"
	"CREATE INDEX IF NOT EXISTS assets_created ON assets (created);"
	"CREATE INDEX IF NOT EXISTS assets_author ON assets (author, size);";

#define COLUMNS "id, author, name, category, type, size, created"

void asset_write(FILE *out, const struct asset *asset)
{
	(void)fprintf(out, "{\"id\":\"%s\",\"name\":", asset->id);
	json_write_string(out, asset->name);
	(void)fprintf(out, ",\"category\":\"%s\",\"type\":", asset->category);
	json_write_string(out, asset->type);
	(void)fprintf(out,
		      ",\"size\":%" PRId64 ",\"author\":\"%s\",\"created\":%" PRId64
		      ",\"etag\":\"\\\"%s\\\"\"}",
		      asset->size, asset->author, asset->created, asset->id);
}

int catalog_open(struct catalog *catalog, const char *folder, struct oci_error *err)
{
	const struct {
		sqlite3_stmt **statement;
		sqlite3 **db;
		const char *sql;
	} all[] = {
		{ &catalog->put, &catalog->write_db,
		  "INSERT INTO assets (" COLUMNS ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) "
		  "ON CONFLICT (id, author) DO UPDATE SET name = ?3, category = ?4, "
		  "type = ?5" },
		{ &catalog->get, &catalog->db,
		  "SELECT " COLUMNS " FROM assets WHERE id = ?1 ORDER BY created, author LIMIT 1" },
		{ &catalog->list, &catalog->db,
		  "SELECT " COLUMNS " FROM assets WHERE ?1 IS NULL OR category = ?1 "
		  "ORDER BY created DESC, id LIMIT ?2" },
		{ &catalog->drop, &catalog->write_db,
		  "DELETE FROM assets WHERE id = ?1 AND author = ?2 RETURNING 1" },
		{ &catalog->others, &catalog->write_db,
		  "SELECT count(*) FROM assets WHERE id = ?1" },
		{ &catalog->used, &catalog->db,
		  "SELECT coalesce(sum(size), 0) FROM assets WHERE author = ?1" },
	};
	char path[PATH_MAX];
	int r;

	memset(catalog, 0, sizeof(*catalog));
	(void)pthread_mutex_init(&catalog->lock, NULL);
	(void)pthread_mutex_init(&catalog->write_lock, NULL);
	if ((size_t)snprintf(path, sizeof(path), "%s/assets.db", folder) >= sizeof(path))
		return err_set(err, ENAMETOOLONG, "%s: the path is too long", folder);
	r = db_open(path, schema, &catalog->db, err);
	if (r == 0)
		r = db_open(path, schema, &catalog->write_db, err);
	for (size_t i = 0; r == 0 && i < ARRAY_LEN(all); i++)
		r = db_prepare(*all[i].db, all[i].sql, all[i].statement, err);
	return r;
}

void catalog_close(struct catalog *catalog)
{
	(void)sqlite3_finalize(catalog->put);
	(void)sqlite3_finalize(catalog->get);
	(void)sqlite3_finalize(catalog->list);
	(void)sqlite3_finalize(catalog->drop);
	(void)sqlite3_finalize(catalog->others);
	(void)sqlite3_finalize(catalog->used);
	(void)sqlite3_close(catalog->db);
	(void)sqlite3_close(catalog->write_db);
	(void)pthread_mutex_destroy(&catalog->lock);
	(void)pthread_mutex_destroy(&catalog->write_lock);
}

static void copy_column(sqlite3_stmt *s, int column, char *out, size_t size)
{
	const char *text = (const char *)sqlite3_column_text(s, column);

	(void)snprintf(out, size, "%s", text ? text : "");
}

static void read_row(sqlite3_stmt *s, struct asset *asset)
{
	copy_column(s, 0, asset->id, sizeof(asset->id));
	copy_column(s, 1, asset->author, sizeof(asset->author));
	copy_column(s, 2, asset->name, sizeof(asset->name));
	copy_column(s, 3, asset->category, sizeof(asset->category));
	copy_column(s, 4, asset->type, sizeof(asset->type));
	asset->size = sqlite3_column_int64(s, 5);
	asset->created = sqlite3_column_int64(s, 6);
}

/* the write lock of all replicas, then the words, then all or nothing */
static int begin(struct catalog *catalog)
{
	int r;

	(void)pthread_mutex_lock(&catalog->write_lock);
	r = db_run(catalog->write_db, "BEGIN IMMEDIATE");
	if (r < 0)
		(void)pthread_mutex_unlock(&catalog->write_lock);
	return r;
}

static int end(struct catalog *catalog, int r)
{
	if (r == 0)
		r = db_run(catalog->write_db, "COMMIT");
	if (r < 0)
		(void)db_run(catalog->write_db, "ROLLBACK");
	(void)pthread_mutex_unlock(&catalog->write_lock);
	return r;
}

static int insert(sqlite3_stmt *s, const struct asset *asset)
{
	db_text(s, 1, asset->id);
	db_text(s, 2, asset->author);
	db_text(s, 3, asset->name);
	db_text(s, 4, asset->category);
	db_text(s, 5, asset->type);
	(void)sqlite3_bind_int64(s, 6, asset->size);
	(void)sqlite3_bind_int64(s, 7, asset->created);
	return db_step(s);
}

int catalog_put(struct catalog *catalog, const struct store *store, const struct asset *asset,
		const char *temp)
{
	int r = begin(catalog);

	if (r < 0)
		return r;
	r = insert(catalog->put, asset);
	if (r == 0)
		r = store_publish(store, temp, asset->id);
	return end(catalog, r);
}

int catalog_get(struct catalog *catalog, const char *id, struct asset *ret)
{
	int r;

	(void)pthread_mutex_lock(&catalog->lock);
	db_text(catalog->get, 1, id);
	r = db_step(catalog->get);
	if (r > 0) {
		read_row(catalog->get, ret);
		db_done(catalog->get);
	}
	(void)pthread_mutex_unlock(&catalog->lock);
	return r == 0 ? -ENOENT : r < 0 ? r : 0;
}

static int count_of(struct catalog *catalog, const char *id, int64_t *ret)
{
	int r;

	db_text(catalog->others, 1, id);
	r = db_step(catalog->others);
	if (r <= 0)
		return r < 0 ? r : -EIO;
	*ret = sqlite3_column_int64(catalog->others, 0);
	db_done(catalog->others);
	return 0;
}

static int remove_entry(struct catalog *catalog, const struct store *store, const char *id,
			const char *author)
{
	int64_t left = 0;
	int dropped, r;

	db_text(catalog->drop, 1, id);
	db_text(catalog->drop, 2, author);
	dropped = db_step(catalog->drop);
	if (dropped > 0)
		db_done(catalog->drop);
	r = dropped < 0 ? dropped : count_of(catalog, id, &left);
	if (r < 0)
		return r;
	if (dropped == 0)
		return left > 0 ? -EPERM : -ENOENT;
	return left == 0 ? store_remove(store, id) : 0;
}

int catalog_remove(struct catalog *catalog, const struct store *store, const char *id,
		   const char *author)
{
	int r = begin(catalog);

	return r < 0 ? r : end(catalog, remove_entry(catalog, store, id, author));
}

int catalog_list(struct catalog *catalog, const char *category, FILE *out)
{
	struct asset asset;
	const char *before = "[";
	int r;

	(void)pthread_mutex_lock(&catalog->lock);
	if (category)
		db_text(catalog->list, 1, category);
	(void)sqlite3_bind_int(catalog->list, 2, CATALOG_LIST_MAX);
	while ((r = db_step(catalog->list)) > 0) {
		read_row(catalog->list, &asset);
		(void)fputs(before, out);
		asset_write(out, &asset);
		before = ",";
	}
	(void)pthread_mutex_unlock(&catalog->lock);
	(void)fputs(*before == '[' ? "[]" : "]", out);
	return r;
}

int catalog_used(struct catalog *catalog, const char *author, uint64_t *ret)
{
	int r;

	(void)pthread_mutex_lock(&catalog->lock);
	db_text(catalog->used, 1, author);
	r = db_step(catalog->used);
	if (r > 0) {
		*ret = (uint64_t)sqlite3_column_int64(catalog->used, 0);
		db_done(catalog->used);
	}
	(void)pthread_mutex_unlock(&catalog->lock);
	return r > 0 ? 0 : r < 0 ? r : -EIO;
}
