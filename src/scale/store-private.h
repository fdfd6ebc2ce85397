/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store-private.h - statements by number, run with values by letters.
 */
#ifndef CARTE_SCALE_STORE_PRIVATE_H
#define CARTE_SCALE_STORE_PRIVATE_H

#include <sqlite3.h>

#include "base/error.h"
#include "scale/store.h"

enum statement {
	Q_BEGIN,
	Q_COMMIT,
	Q_META_PUT,
	Q_META_GET,
	Q_PROJECT_PUT,
	Q_PROJECT_REMOVE,
	Q_PROJECTS,
	Q_SERVICE_PUT,
	Q_SERVICE_REMOVE,
	Q_SERVICE_REVISIONS_REMOVE,
	Q_SERVICE_DECISIONS_REMOVE,
	Q_SERVICE_LEARNED_REMOVE,
	Q_SERVICE_TIMINGS_REMOVE,
	Q_SERVICES,
	Q_REVISION_PUT,
	Q_REVISIONS,
	Q_REVISIONS_PRUNE,
	Q_REPLICA_PUT,
	Q_REPLICA_REMOVE,
	Q_REPLICAS,
	Q_EVENT_PUT,
	Q_EVENT_PRUNE,
	Q_EVENTS,
	Q_EVENT_LAST,
	Q_DECISION_PUT,
	Q_DECISION_PRUNE,
	Q_DECISIONS,
	Q_LEARNED_PUT,
	Q_LEARNED_GET,
	Q_TIMING_PUT,
	Q_TIMING_PRUNE,
	Q_TIMINGS,
	Q_COUNT
};

struct store {
	sqlite3 *db;
	char *path;
	sqlite3_stmt *statements[Q_COUNT]; /* prepared at first use */
	unsigned events_put;
	bool durable;
};

/** store_bind - a statement with values: s const char * (NULL is ""), i int64_t, u unsigned, U uint64_t, d int, b const void * and size_t. NULL on failure. */
sqlite3_stmt *store_bind(struct store *store, enum statement number, struct oci_error *err,
			 const char *letters, ...);
/** store_run - bind, step once, reset. */
int store_run(struct store *store, enum statement number, struct oci_error *err,
	      const char *letters, ...);
/** store_step - 1: a row; 0: the end, and the statement is reset; -errno. */
int store_step(struct store *store, sqlite3_stmt *stmt, struct oci_error *err);
const char *store_text(sqlite3_stmt *stmt, int column);
/** store_failure - sqlite's last error as ours. */
int store_failure(struct store *store, int code, const char *doing, struct oci_error *err);

#endif
