/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store.h - the database: what is wanted, what is known of each replica, events and decisions.
 *
 * SQLite in WAL mode. A transaction is either durable (what somebody asked for: synchronous=FULL, a power cut after the answer
 * forgets nothing) or not (what the supervisor saw: it survives the supervisor, and a power cut loses the last moments at most).
 * A database that is damaged, or of a newer version, is refused with one line; nothing in it is changed then.
 */
#ifndef CARTE_SCALE_STORE_H
#define CARTE_SCALE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "scale/model.h"
#include "scale/supervisor.h"

struct store;
struct oci_error;

#define STORE_EVENTS_MAX 10000
#define STORE_DECISIONS_MAX 500 /* of each service */
#define STORE_REVISIONS_MAX 20  /* of each service, besides those that replicas have */

int store_open(const char *path, struct store **ret, struct oci_error *err);
/** store_look - only to read, beside a supervisor that writes. -ENOENT with words: there is none. */
int store_look(const char *path, struct store **ret, struct oci_error *err);
void store_close(struct store *store);

/** store_begin, store_commit, store_rollback - one transaction at a time. A failed one of a full disk is rolled back by the caller. */
int store_begin(struct store *store, bool durable, struct oci_error *err);
int store_commit(struct store *store, struct oci_error *err);
void store_rollback(struct store *store);

/** store_meta_put, store_meta_get - a word by a key; *ret is heap, -ENOENT without words. */
int store_meta_put(struct store *store, const char *key, const char *value, struct oci_error *err);
int store_meta_get(struct store *store, const char *key, char **ret, struct oci_error *err);

/** struct store_project - valid during the callback, as all of these. */
struct store_project {
	const char *name;
	const char *document; /* normalised */
	size_t length;
	int removing; /* 0; 1: on its way out; 2: and its volumes with it */
};
int store_project_put(struct store *store, const struct store_project *project,
		      struct oci_error *err);
int store_project_remove(struct store *store, const char *name, struct oci_error *err);
int store_projects(struct store *store, int (*each)(void *ctx, const struct store_project *project),
		   void *ctx, struct oci_error *err);

struct store_service {
	const char *project, *name;
	unsigned desired;
	bool stopped, manual, removed;
	uint64_t revision;
	int rollout;       /* enum rollout_phase */
	const char *words; /* service.rollout */
	const char *ports; /* "8080 0 443": published ones of spec ports, in order */
};
int store_service_put(struct store *store, const struct store_service *service,
		      struct oci_error *err);
/** store_service_remove - and its revisions, decisions, timings, and what was learned. */
int store_service_remove(struct store *store, const char *project, const char *name,
			 struct oci_error *err);
int store_services(struct store *store, const char *project,
		   int (*each)(void *ctx, const struct store_service *service), void *ctx,
		   struct oci_error *err);

struct store_revision {
	const char *project, *service;
	uint64_t number;
	int64_t at_ms;
	const char *digest;   /* of what needs new replicas */
	const char *document; /* the whole project, as it was then */
	const char *words;
};
int store_revision_put(struct store *store, const struct store_revision *revision,
		       struct oci_error *err);
/** store_revisions - newest first; @number: that one alone, 0: all. A callback's return other than 0 ends it and is returned. */
int store_revisions(struct store *store, const char *project, const char *service, uint64_t number,
		    int (*each)(void *ctx, const struct store_revision *revision), void *ctx,
		    struct oci_error *err);
/** store_revisions_prune - keep the newest, and all from @oldest_used on. */
int store_revisions_prune(struct store *store, const char *project, const char *service,
			  uint64_t oldest_used, struct oci_error *err);

/** flags of a replica that survive the supervisor */
#define STORE_WANTED 1u
#define STORE_STOPPED 2u /* by hand */
#define STORE_ENDED 4u   /* its policy says that it is not restarted */
#define STORE_FOREGROUND 8u
#define STORE_PAUSED 16u
#define STORE_OOM 32u
#define STORE_ATTACHED 64u    /* has its place in the networks */
#define STORE_CONFIGURED 128u /* its bundle is written */
#define STORE_DEPS_MET 256u

struct store_replica {
	const char *id, *project, *service, *name;
	unsigned slot;
	uint64_t revision;
	unsigned flags;
	int64_t pid;
	uint64_t start_ticks;
	unsigned restarts, failures;
	int exit_status;
	int64_t made_ms, started_ms, ready_ms, exited_ms;
	const char *places; /* "KEY=ADDRESS KEY=ADDRESS" */
	const char *image;  /* its digest */
	const char *reason;
};
int store_replica_put(struct store *store, const struct store_replica *replica,
		      struct oci_error *err);
int store_replica_remove(struct store *store, const char *id, struct oci_error *err);
int store_replicas(struct store *store, int (*each)(void *ctx, const struct store_replica *replica),
		   void *ctx, struct oci_error *err);

/** store_event_put - @event's serial is the caller's; old ones beyond STORE_EVENTS_MAX go. */
int store_event_put(struct store *store, const struct supervisor_event *event,
		    struct oci_error *err);
int store_events(struct store *store, uint64_t after, unsigned limit,
		 int (*each)(void *ctx, const struct supervisor_event *event), void *ctx,
		 struct oci_error *err);
uint64_t store_event_last(struct store *store);

/** enum store_timing - what was measured of a replica; in store_timings ascending. */
enum store_timing {
	STORE_TIMING_ALL,    /* asked for to ready, all waiting included */
	STORE_TIMING_CREATE, /* its turn to made: network, bundle */
	STORE_TIMING_START,  /* made to running */
	STORE_TIMING_READY,  /* running to ready */
	STORE_TIMING_STOP,   /* told to end to ended */
	STORE_TIMING_DELETE, /* ended to gone */
	STORE_TIMING_FAIL,   /* running to an end that nobody asked for */
	STORE_TIMINGS
};
#define STORE_TIMINGS_MAX 200 /* of each service and kind: the newest */
int store_timing_put(struct store *store, const char *project, const char *service,
		     enum store_timing kind, int64_t ms, struct oci_error *err);
/** store_timings - oldest first. */
int store_timings(struct store *store, const char *project, const char *service,
		  int (*each)(void *ctx, enum store_timing kind, int64_t ms), void *ctx,
		  struct oci_error *err);

int store_decision_put(struct store *store, const char *project, const char *service,
		       const struct scale_decision *decision, struct oci_error *err);
int store_decisions(struct store *store, const char *project, const char *service, unsigned limit,
		    int (*each)(void *ctx, const struct scale_decision *decision), void *ctx,
		    struct oci_error *err);

/** store_learned_put - what the autoscaler has learned of a service's load: bytes of its own. */
int store_learned_put(struct store *store, const char *project, const char *service,
		      const void *bytes, size_t length, struct oci_error *err);
/** store_learned_get - *ret: heap. 0, -ENOENT without words. */
int store_learned_get(struct store *store, const char *project, const char *service, void **ret,
		      size_t *ret_length, struct oci_error *err);

#endif
