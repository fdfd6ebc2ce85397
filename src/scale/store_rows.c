/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_rows.c - the statements, and rows as structs.
 */
#include <stdarg.h>
#include <string.h>

#include "base/mem.h"
#include "scale/store-private.h"

static const char *const sql[Q_COUNT] = {
	[Q_BEGIN] = "BEGIN IMMEDIATE",
	[Q_COMMIT] = "COMMIT",
	[Q_META_PUT] = "INSERT OR REPLACE INTO meta VALUES (?,?)",
	[Q_META_GET] = "SELECT value FROM meta WHERE key = ?",
	[Q_PROJECT_PUT] = "INSERT OR REPLACE INTO project VALUES (?,?,?)",
	[Q_PROJECT_REMOVE] = "DELETE FROM project WHERE name = ?",
	[Q_PROJECTS] = "SELECT name, document, removing FROM project ORDER BY name",
	[Q_SERVICE_PUT] = "INSERT OR REPLACE INTO service VALUES (?,?,?,?,?,?,?,?,?,?)",
	[Q_SERVICE_REMOVE] = "DELETE FROM service WHERE project = ? AND name = ?",
	[Q_SERVICE_REVISIONS_REMOVE] = "DELETE FROM revision WHERE project = ? AND service = ?",
	[Q_SERVICE_DECISIONS_REMOVE] = "DELETE FROM decision WHERE project = ? AND service = ?",
	[Q_SERVICE_LEARNED_REMOVE] = "DELETE FROM learned WHERE project = ? AND service = ?",
	[Q_SERVICE_TIMINGS_REMOVE] = "DELETE FROM timing WHERE project = ? AND service = ?",
	[Q_SERVICES] =
		"SELECT project, name, desired, stopped, manual, removed, revision, rollout, words,"
		" ports FROM service WHERE project = ? ORDER BY name",
	[Q_REVISION_PUT] = "INSERT OR REPLACE INTO revision VALUES (?,?,?,?,?,?,?)",
	[Q_REVISIONS] = "SELECT project, service, number, at, digest, document, words FROM revision"
			" WHERE project = ?1 AND service = ?2 AND (?3 = 0 OR number = ?3)"
			" ORDER BY number DESC",
	[Q_REVISIONS_PRUNE] =
		"DELETE FROM revision WHERE project = ?1 AND service = ?2 AND number < ?3"
		" AND number NOT IN (SELECT number FROM revision WHERE project = ?1"
		" AND service = ?2 ORDER BY number DESC LIMIT ?4)",
	[Q_REPLICA_PUT] =
		"INSERT OR REPLACE INTO replica VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
	[Q_REPLICA_REMOVE] = "DELETE FROM replica WHERE id = ?",
	[Q_REPLICAS] = "SELECT id, project, service, name, slot, revision, flags, pid, "
		       "start_ticks, restarts,"
		       " failures, exit_status, made, started, ready, exited, places, image, "
		       "reason FROM replica"
		       " ORDER BY project, service, slot, made",
	[Q_EVENT_PUT] = "INSERT OR REPLACE INTO event VALUES (?,?,?,?,?,?,?,?,?,?)",
	[Q_EVENT_PRUNE] = "DELETE FROM event WHERE serial <= ?",
	[Q_EVENTS] = "SELECT serial, at, kind, action, project, service, replica, id, words, status"
		     " FROM event WHERE serial > ? ORDER BY serial LIMIT ?",
	[Q_EVENT_LAST] = "SELECT max(serial) FROM event",
	[Q_DECISION_PUT] = "INSERT INTO decision (project, service, at, before, after, inputs, why)"
			   " VALUES (?,?,?,?,?,?,?)",
	[Q_DECISION_PRUNE] =
		"DELETE FROM decision WHERE project = ?1 AND service = ?2 AND serial <="
		" (SELECT serial FROM decision WHERE project = ?1 AND service = ?2"
		" ORDER BY serial DESC LIMIT 1 OFFSET ?3)",
	[Q_DECISIONS] = "SELECT at, before, after, inputs, why FROM decision"
			" WHERE project = ? AND service = ? ORDER BY serial DESC LIMIT ?",
	[Q_LEARNED_PUT] = "INSERT OR REPLACE INTO learned VALUES (?,?,?)",
	[Q_LEARNED_GET] = "SELECT bytes FROM learned WHERE project = ? AND service = ?",
	[Q_TIMING_PUT] = "INSERT INTO timing (project, service, kind, ms) VALUES (?,?,?,?)",
	[Q_TIMING_PRUNE] =
		"DELETE FROM timing WHERE project = ?1 AND service = ?2 AND kind = ?3 AND serial <="
		" (SELECT serial FROM timing WHERE project = ?1 AND service = ?2 AND kind = ?3"
		" ORDER BY serial DESC LIMIT 1 OFFSET ?4)",
	[Q_TIMINGS] = "SELECT kind, ms FROM timing WHERE project = ? AND service = ?"
		      " ORDER BY serial",
};

const char *store_text(sqlite3_stmt *stmt, int column)
{
	const unsigned char *text = sqlite3_column_text(stmt, column);

	return text ? (const char *)text : "";
}

static int bind_values(sqlite3_stmt *stmt, const char *letters, va_list ap)
{
	int r = SQLITE_OK;

	for (int i = 1; *letters && r == SQLITE_OK; letters++, i++) {
		const char *text;
		const void *bytes;

		switch (*letters) {
		case 's':
			text = va_arg(ap, const char *);
			r = sqlite3_bind_text(stmt, i, text ? text : "", -1, SQLITE_STATIC);
			break;
		case 'b':
			bytes = va_arg(ap, const void *);
			r = sqlite3_bind_blob64(stmt, i, bytes, va_arg(ap, size_t), SQLITE_STATIC);
			break;
		case 'i':
		case 'U': /* unsigned; SQLite knows no more than 63 bits either */
			r = sqlite3_bind_int64(stmt, i, va_arg(ap, int64_t));
			break;
		case 'u':
			r = sqlite3_bind_int64(stmt, i, (int64_t)va_arg(ap, unsigned));
			break;
		default:
			r = sqlite3_bind_int64(stmt, i, (int64_t)va_arg(ap, int));
		}
	}
	return r;
}

static sqlite3_stmt *bind_list(struct store *store, enum statement number, struct oci_error *err,
			       const char *letters, va_list ap)
{
	sqlite3_stmt *stmt = store->statements[number];
	int r = SQLITE_OK;

	if (!stmt) {
		r = sqlite3_prepare_v3(store->db, sql[number], -1, SQLITE_PREPARE_PERSISTENT, &stmt,
				       NULL);
		store->statements[number] = stmt;
	}
	if (r == SQLITE_OK)
		r = bind_values(stmt, letters, ap);
	if (r != SQLITE_OK) {
		(void)store_failure(store, r, "prepare a statement", err);
		return NULL;
	}
	return stmt;
}

sqlite3_stmt *store_bind(struct store *store, enum statement number, struct oci_error *err,
			 const char *letters, ...)
{
	sqlite3_stmt *stmt;
	va_list ap;

	va_start(ap, letters);
	stmt = bind_list(store, number, err, letters, ap);
	va_end(ap);
	return stmt;
}

int store_step(struct store *store, sqlite3_stmt *stmt, struct oci_error *err)
{
	int r = sqlite3_step(stmt);

	if (r == SQLITE_ROW)
		return 1;
	(void)sqlite3_reset(stmt);
	return r == SQLITE_DONE ? 0 : store_failure(store, r, "use the database", err);
}

int store_run(struct store *store, enum statement number, struct oci_error *err,
	      const char *letters, ...)
{
	sqlite3_stmt *stmt;
	va_list ap;
	int r;

	va_start(ap, letters);
	stmt = bind_list(store, number, err, letters, ap);
	va_end(ap);
	if (!stmt)
		return -EIO;
	r = store_step(store, stmt, err);
	if (r == 1)
		(void)sqlite3_reset(stmt);
	return r < 0 ? r : 0;
}

/* ---- words by key ------------------------------------------------------------------------------------------------ */

int store_meta_put(struct store *store, const char *key, const char *value, struct oci_error *err)
{
	return store_run(store, Q_META_PUT, err, "ss", key, value);
}

int store_meta_get(struct store *store, const char *key, char **ret, struct oci_error *err)
{
	sqlite3_stmt *stmt = store_bind(store, Q_META_GET, err, "s", key);
	int r = stmt ? store_step(store, stmt, err) : -EIO;
	char *text;

	if (r <= 0)
		return r == 0 ? -ENOENT : r;
	text = strdup(store_text(stmt, 0));
	(void)sqlite3_reset(stmt);
	if (!text)
		return err_nomem(err);
	*ret = text;
	return 0;
}

/* ---- what is wanted ---------------------------------------------------------------------------------------------- */

int store_project_put(struct store *store, const struct store_project *project,
		      struct oci_error *err)
{
	return store_run(store, Q_PROJECT_PUT, err, "ssd", project->name, project->document,
			 project->removing);
}

int store_project_remove(struct store *store, const char *name, struct oci_error *err)
{
	return store_run(store, Q_PROJECT_REMOVE, err, "s", name);
}

int store_projects(struct store *store, int (*each)(void *ctx, const struct store_project *project),
		   void *ctx, struct oci_error *err)
{
	sqlite3_stmt *stmt = store_bind(store, Q_PROJECTS, err, "");
	int r = stmt ? 0 : -EIO;

	while (r == 0 && (r = store_step(store, stmt, err)) == 1) {
		struct store_project project = { .name = store_text(stmt, 0),
						 .document = store_text(stmt, 1),
						 .length = (size_t)sqlite3_column_bytes(stmt, 1),
						 .removing = sqlite3_column_int(stmt, 2) };

		r = each(ctx, &project);
		if (r != 0)
			(void)sqlite3_reset(stmt);
	}
	return r;
}

int store_service_put(struct store *store, const struct store_service *s, struct oci_error *err)
{
	return store_run(store, Q_SERVICE_PUT, err, "ssudddUdss", s->project, s->name, s->desired,
			 (int)s->stopped, (int)s->manual, (int)s->removed, s->revision, s->rollout,
			 s->words, s->ports);
}

int store_service_remove(struct store *store, const char *project, const char *name,
			 struct oci_error *err)
{
	int r = store_run(store, Q_SERVICE_REMOVE, err, "ss", project, name);

	if (r == 0)
		r = store_run(store, Q_SERVICE_REVISIONS_REMOVE, err, "ss", project, name);
	if (r == 0)
		r = store_run(store, Q_SERVICE_DECISIONS_REMOVE, err, "ss", project, name);
	if (r == 0)
		r = store_run(store, Q_SERVICE_LEARNED_REMOVE, err, "ss", project, name);
	if (r == 0)
		r = store_run(store, Q_SERVICE_TIMINGS_REMOVE, err, "ss", project, name);
	return r;
}

int store_services(struct store *store, const char *project,
		   int (*each)(void *ctx, const struct store_service *service), void *ctx,
		   struct oci_error *err)
{
	sqlite3_stmt *stmt = store_bind(store, Q_SERVICES, err, "s", project);
	int r = stmt ? 0 : -EIO;

	while (r == 0 && (r = store_step(store, stmt, err)) == 1) {
		struct store_service service = {
			.project = store_text(stmt, 0),
			.name = store_text(stmt, 1),
			.desired = (unsigned)sqlite3_column_int64(stmt, 2),
			.stopped = sqlite3_column_int(stmt, 3) != 0,
			.manual = sqlite3_column_int(stmt, 4) != 0,
			.removed = sqlite3_column_int(stmt, 5) != 0,
			.revision = (uint64_t)sqlite3_column_int64(stmt, 6),
			.rollout = sqlite3_column_int(stmt, 7),
			.words = store_text(stmt, 8),
			.ports = store_text(stmt, 9),
		};

		r = each(ctx, &service);
		if (r != 0)
			(void)sqlite3_reset(stmt);
	}
	return r;
}

int store_revision_put(struct store *store, const struct store_revision *revision,
		       struct oci_error *err)
{
	return store_run(store, Q_REVISION_PUT, err, "ssUisss", revision->project,
			 revision->service, revision->number, revision->at_ms, revision->digest,
			 revision->document, revision->words);
}

int store_revisions(struct store *store, const char *project, const char *service, uint64_t number,
		    int (*each)(void *ctx, const struct store_revision *revision), void *ctx,
		    struct oci_error *err)
{
	sqlite3_stmt *stmt = store_bind(store, Q_REVISIONS, err, "ssU", project, service, number);
	int r = stmt ? 0 : -EIO;

	while (r == 0 && (r = store_step(store, stmt, err)) == 1) {
		struct store_revision revision = {
			.project = store_text(stmt, 0),
			.service = store_text(stmt, 1),
			.number = (uint64_t)sqlite3_column_int64(stmt, 2),
			.at_ms = sqlite3_column_int64(stmt, 3),
			.digest = store_text(stmt, 4),
			.document = store_text(stmt, 5),
			.words = store_text(stmt, 6),
		};

		r = each(ctx, &revision);
		if (r != 0)
			(void)sqlite3_reset(stmt);
	}
	return r;
}

int store_revisions_prune(struct store *store, const char *project, const char *service,
			  uint64_t oldest_used, struct oci_error *err)
{
	return store_run(store, Q_REVISIONS_PRUNE, err, "ssUd", project, service, oldest_used,
			 STORE_REVISIONS_MAX);
}

/* ---- what is ----------------------------------------------------------------------------------------------------- */

int store_replica_put(struct store *store, const struct store_replica *r, struct oci_error *err)
{
	return store_run(store, Q_REPLICA_PUT, err, "ssssuUuiUuudiiiisss", r->id, r->project,
			 r->service, r->name, r->slot, r->revision, r->flags, r->pid,
			 r->start_ticks, r->restarts, r->failures, r->exit_status, r->made_ms,
			 r->started_ms, r->ready_ms, r->exited_ms, r->places, r->image, r->reason);
}

int store_replica_remove(struct store *store, const char *id, struct oci_error *err)
{
	return store_run(store, Q_REPLICA_REMOVE, err, "s", id);
}

static void replica_of_row(sqlite3_stmt *stmt, struct store_replica *ret)
{
	*ret = (struct store_replica){
		.id = store_text(stmt, 0),
		.project = store_text(stmt, 1),
		.service = store_text(stmt, 2),
		.name = store_text(stmt, 3),
		.slot = (unsigned)sqlite3_column_int64(stmt, 4),
		.revision = (uint64_t)sqlite3_column_int64(stmt, 5),
		.flags = (unsigned)sqlite3_column_int64(stmt, 6),
		.pid = sqlite3_column_int64(stmt, 7),
		.start_ticks = (uint64_t)sqlite3_column_int64(stmt, 8),
		.restarts = (unsigned)sqlite3_column_int64(stmt, 9),
		.failures = (unsigned)sqlite3_column_int64(stmt, 10),
		.exit_status = sqlite3_column_int(stmt, 11),
		.made_ms = sqlite3_column_int64(stmt, 12),
		.started_ms = sqlite3_column_int64(stmt, 13),
		.ready_ms = sqlite3_column_int64(stmt, 14),
		.exited_ms = sqlite3_column_int64(stmt, 15),
		.places = store_text(stmt, 16),
		.image = store_text(stmt, 17),
		.reason = store_text(stmt, 18),
	};
}

int store_replicas(struct store *store, int (*each)(void *ctx, const struct store_replica *replica),
		   void *ctx, struct oci_error *err)
{
	sqlite3_stmt *stmt = store_bind(store, Q_REPLICAS, err, "");
	int r = stmt ? 0 : -EIO;

	while (r == 0 && (r = store_step(store, stmt, err)) == 1) {
		struct store_replica replica;

		replica_of_row(stmt, &replica);
		r = each(ctx, &replica);
		if (r != 0)
			(void)sqlite3_reset(stmt);
	}
	return r;
}

/* ---- what happened ----------------------------------------------------------------------------------------------- */

int store_event_put(struct store *store, const struct supervisor_event *e, struct oci_error *err)
{
	int r = store_run(store, Q_EVENT_PUT, err, "Uisssssssd", e->serial, e->at_ms, e->kind,
			  e->action, e->project, e->service, e->replica, e->id, e->words,
			  e->status);

	if (r == 0 && ++store->events_put % 256 == 0 && e->serial > STORE_EVENTS_MAX)
		r = store_run(store, Q_EVENT_PRUNE, err, "U", e->serial - STORE_EVENTS_MAX);
	return r;
}

uint64_t store_event_last(struct store *store)
{
	sqlite3_stmt *stmt = store_bind(store, Q_EVENT_LAST, NULL, "");
	uint64_t last = 0;

	if (stmt && store_step(store, stmt, NULL) == 1) {
		last = (uint64_t)sqlite3_column_int64(stmt, 0);
		(void)sqlite3_reset(stmt);
	}
	return last;
}

int store_events(struct store *store, uint64_t after, unsigned limit,
		 int (*each)(void *ctx, const struct supervisor_event *event), void *ctx,
		 struct oci_error *err)
{
	sqlite3_stmt *stmt =
		store_bind(store, Q_EVENTS, err, "Ui", after, limit ? (int64_t)limit : (int64_t)-1);
	int r = stmt ? 0 : -EIO;

	while (r == 0 && (r = store_step(store, stmt, err)) == 1) {
		struct supervisor_event event = {
			.serial = (uint64_t)sqlite3_column_int64(stmt, 0),
			.at_ms = sqlite3_column_int64(stmt, 1),
			.kind = store_text(stmt, 2),
			.action = store_text(stmt, 3),
			.project = store_text(stmt, 4),
			.service = store_text(stmt, 5),
			.replica = store_text(stmt, 6),
			.id = store_text(stmt, 7),
			.words = store_text(stmt, 8),
			.status = sqlite3_column_int(stmt, 9),
		};

		r = each(ctx, &event);
		if (r != 0)
			(void)sqlite3_reset(stmt);
	}
	return r;
}

int store_decision_put(struct store *store, const char *project, const char *service,
		       const struct scale_decision *decision, struct oci_error *err)
{
	int r = store_run(store, Q_DECISION_PUT, err, "ssiuuss", project, service, decision->at_ms,
			  decision->from, decision->to, decision->inputs, decision->why);

	return r < 0 ? r
		     : store_run(store, Q_DECISION_PRUNE, err, "ssd", project, service,
				 STORE_DECISIONS_MAX);
}

int store_decisions(struct store *store, const char *project, const char *service, unsigned limit,
		    int (*each)(void *ctx, const struct scale_decision *decision), void *ctx,
		    struct oci_error *err)
{
	sqlite3_stmt *stmt = store_bind(store, Q_DECISIONS, err, "ssi", project, service,
					limit ? (int64_t)limit : (int64_t)-1);
	int r = stmt ? 0 : -EIO;

	while (r == 0 && (r = store_step(store, stmt, err)) == 1) {
		struct scale_decision decision = {
			.at_ms = sqlite3_column_int64(stmt, 0),
			.from = (unsigned)sqlite3_column_int64(stmt, 1),
			.to = (unsigned)sqlite3_column_int64(stmt, 2),
			.inputs = (char *)(uintptr_t)store_text(stmt, 3),
			.why = (char *)(uintptr_t)store_text(stmt, 4),
		};

		r = each(ctx, &decision);
		if (r != 0)
			(void)sqlite3_reset(stmt);
	}
	return r;
}

int store_learned_put(struct store *store, const char *project, const char *service,
		      const void *bytes, size_t length, struct oci_error *err)
{
	return store_run(store, Q_LEARNED_PUT, err, "ssb", project, service, bytes, length);
}

int store_learned_get(struct store *store, const char *project, const char *service, void **ret,
		      size_t *ret_length, struct oci_error *err)
{
	sqlite3_stmt *stmt = store_bind(store, Q_LEARNED_GET, err, "ss", project, service);
	int r = stmt ? store_step(store, stmt, err) : -EIO;
	const void *bytes;
	size_t length;
	void *copy;

	if (r <= 0)
		return r == 0 ? -ENOENT : r;
	/* in this order: the length is that of the value as it was asked for last */
	bytes = sqlite3_column_blob(stmt, 0);
	length = (size_t)sqlite3_column_bytes(stmt, 0);
	copy = malloc(length + 1);
	if (copy && bytes)
		memcpy(copy, bytes, length);
	(void)sqlite3_reset(stmt);
	if (!copy)
		return err_nomem(err);
	*ret = copy;
	*ret_length = length;
	return 0;
}
