/* SPDX-License-Identifier: Apache-2.0 */
/*
 * supervisor.h - keeps what is like what is wanted. Level-triggered: each turn compares the two from whatever state it finds, so that
 * a crash at any moment needs no special way back.
 */
#ifndef CARTE_SCALE_SUPERVISOR_H
#define CARTE_SCALE_SUPERVISOR_H

#include "scale/model.h"

struct supervisor;
struct oci_error;

struct supervisor_options {
	const char *
		state_dir; /* /var/lib/carte: database, logs, volumes, bundles; survives a reboot */
	const char *run_dir;       /* /run/carte: sockets, namespaces, the runtime's state */
	const char *runtime;       /* path of carte-runtime or another OCI runtime */
	const char *converter;     /* path of cartefile-to-oci */
	const char *store;         /* its image store; NULL: its default */
	const char *cni_path;      /* folder of the CNI plugins: /usr/lib/cni */
	const char *cgroup_parent; /* "carte": containers are in carte/PROJECT/ID */
	bool systemd_cgroup;
};

int supervisor_new(struct loop *loop, const struct supervisor_options *options,
		   struct supervisor **ret, struct oci_error *err);
/** supervisor_adopting - it is not known yet what runs: before that nobody is to be answered. Needs turns of the loop. */
bool supervisor_adopting(const struct supervisor *sv);
/** supervisor_free - containers go on running. */
void supervisor_free(struct supervisor *sv);

/** supervisor_reap - on SIGCHLD: reap children that nobody waits for (the supervisor is a subreaper). */
void supervisor_reap(struct supervisor *sv);
/** supervisor_say - an event of the program around it, of kind "service". */
void supervisor_say(struct supervisor *sv, const char *action, const char *words);
/** supervisor_quiesce - begin nothing new; true when nothing is under way. Before supervisor_free. */
bool supervisor_quiesce(struct supervisor *sv);
/** supervisor_runtime - the runtime program of a replica, and the root of its state. */
const char *supervisor_runtime(const struct supervisor *sv, const struct replica *replica);
const char *supervisor_runtime_root(const struct supervisor *sv, const struct replica *replica);

const struct supervisor_options *supervisor_options(const struct supervisor *sv);
struct loop *supervisor_loop(struct supervisor *sv);
struct project *supervisor_projects(struct supervisor *sv); /* a list, by name */
struct project *supervisor_project(struct supervisor *sv, const char *name);
struct service *supervisor_service(struct supervisor *sv, const char *project, const char *service);
/** supervisor_replica - by name, unambiguous prefix of the name, or of the ID (>= 1 digit). 0, -ENOENT, -ENOTUNIQ with words. */
int supervisor_replica(struct supervisor *sv, const char *ref, struct replica **ret,
		       struct oci_error *err);

/*
 * Commands. Each checks, writes the desired state to the database (synchronously: when it returns 0, a power cut forgets nothing),
 * and returns; the work is done by the loop. ERR_NOT_FOUND, ERR_EXISTS, ERR_STATE, ERR_DOCUMENT as err_kind.
 */
int supervisor_up(struct supervisor *sv, const char *document, size_t length, bool force_recreate,
		  struct oci_error *err);
int supervisor_down(struct supervisor *sv, const char *project, bool volumes,
		    struct oci_error *err);
/**
 * supervisor_run - a service of one replica in project "default". @document: a project with that one service.
 * @foreground: everything is prepared and left for the caller to start with `RUNTIME run`, see supervisor_finished.
 */
int supervisor_run(struct supervisor *sv, const char *document, size_t length, bool foreground,
		   struct replica **ret, struct oci_error *err);
int supervisor_finished(struct supervisor *sv, struct replica *replica, int status,
			struct oci_error *err);
/** supervisor_scale - @count: wanted; or -1: back to the autoscaler. ret_admitted: how many the pool carries now. */
int supervisor_scale(struct supervisor *sv, struct service *service, int64_t count, const char *who,
		     unsigned *ret_admitted, struct oci_error *err);
int supervisor_service_stop(struct supervisor *sv, struct service *service, struct oci_error *err);
int supervisor_service_start(struct supervisor *sv, struct service *service, struct oci_error *err);
int supervisor_service_restart(struct supervisor *sv, struct service *service,
			       struct oci_error *err);
/** supervisor_rollout_pause - the update that goes on is left as it is, or goes on again. ERR_STATE: there is none. */
int supervisor_rollout_pause(struct supervisor *sv, struct service *service, bool pause,
			     struct oci_error *err);
int supervisor_rollback(struct supervisor *sv, struct service *service, uint64_t revision,
			struct oci_error *err); /* 0: the one before */
int supervisor_start(struct supervisor *sv, struct replica *replica, struct oci_error *err);
int supervisor_stop(struct supervisor *sv, struct replica *replica, int64_t grace_ms,
		    struct oci_error *err); /* -1: the service's */
int supervisor_restart(struct supervisor *sv, struct replica *replica, int64_t grace_ms,
		       struct oci_error *err);
int supervisor_remove(struct supervisor *sv, struct replica *replica, bool force,
		      struct oci_error *err);
int supervisor_kill(struct supervisor *sv, struct replica *replica, int signal,
		    struct oci_error *err);
int supervisor_pause(struct supervisor *sv, struct replica *replica, bool pause,
		     struct oci_error *err);

/** supervisor_settled - every service of @project (NULL: all) is as wanted, or cannot be (then @ret_words says why, once). */
bool supervisor_settled(struct supervisor *sv, const char *project, char *ret_words, size_t size);

/** struct supervisor_event - one line of `carte events`; also kept in the database. */
struct supervisor_event {
	uint64_t serial;
	int64_t at_ms; /* CLOCK_REALTIME */
	const char *
		kind; /* "replica", "service", "project", "scale", "rollout", "health", "oom", "image", "network" */
	const char *action;                           /* "create", "start", "ready", "die", ... */
	const char *project, *service, *replica, *id; /* "" where there is none */
	const char *words;
	int status; /* exit status; -1: none */
};

/** struct supervisor_listener - is told of every event and every change of a replica's state. Owned by the caller. */
struct supervisor_listener {
	struct supervisor_listener *next;
	void (*event)(void *ctx, const struct supervisor_event *event);
	void *ctx;
};
void supervisor_listen(struct supervisor *sv, struct supervisor_listener *listener);
void supervisor_unlisten(struct supervisor *sv, struct supervisor_listener *listener);

/** supervisor_events - those after @serial, oldest first, at most @limit (0: all that are kept). */
int supervisor_events(struct supervisor *sv, uint64_t after, unsigned limit,
		      int (*each)(void *ctx, const struct supervisor_event *event), void *ctx,
		      struct oci_error *err);
/** supervisor_decisions - of a service's autoscaler, newest first. */
int supervisor_decisions(struct supervisor *sv, const struct service *service, unsigned limit,
			 int (*each)(void *ctx, const struct scale_decision *decision), void *ctx,
			 struct oci_error *err);
/** supervisor_revisions - of a service, newest first. */
int supervisor_revisions(struct supervisor *sv, const struct service *service,
			 int (*each)(void *ctx, uint64_t revision, int64_t at_ms,
				     const char *document, const char *words),
			 void *ctx, struct oci_error *err);

/** supervisor_decide - of the autoscaler: record and apply. */
int supervisor_decide(struct supervisor *sv, struct service *service,
		      const struct scale_decision *decision, struct oci_error *err);

/** supervisor_learn - keep what was learned of a service's load, until another is kept or the service goes. */
int supervisor_learn(struct supervisor *sv, const struct service *service, const void *bytes,
		     size_t length, struct oci_error *err);
/** supervisor_learned - *ret: heap. 0, -ENOENT without words: nothing. */
int supervisor_learned(struct supervisor *sv, const struct service *service, void **ret,
		       size_t *ret_length, struct oci_error *err);

#endif
