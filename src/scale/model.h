/* SPDX-License-Identifier: Apache-2.0 */
/*
 * model.h - what is: projects, services and replicas as the supervisor knows them. The supervisor alone changes them;
 * others (http, autoscaler, tests) read.
 */
#ifndef CARTE_SCALE_MODEL_H
#define CARTE_SCALE_MODEL_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <ocispec-lite/arena.h>

#include "scale/loop.h"
#include "scale/spec.h"

#define REPLICA_ID_SIZE 33 /* 32 hexadecimal digits: the container's ID at the runtime */

enum replica_state {
	REPLICA_PENDING =
		1, /* wanted; waits for a dependency, an image, room in the pool, or the end of a back-off */
	REPLICA_CREATED,   /* bundle and network are there, the runtime has created it */
	REPLICA_STARTED,   /* its program runs, no probe has been tried */
	REPLICA_PROBING,   /* probes have not succeeded yet */
	REPLICA_READY,     /* gets traffic */
	REPLICA_UNHEALTHY, /* was ready, probes fail: no traffic; restarted by the policy */
	REPLICA_DRAINING,  /* no new traffic; then SIGTERM, grace, SIGKILL */
	REPLICA_EXITED,    /* ended and is not restarted; kept for `ps -a`, `logs`, `start` */
	REPLICA_FAILED,    /* ended or could not be made; back-off runs, or attempts are used up */
	REPLICA_DELETED,   /* being removed */
};

const char *replica_state_word(enum replica_state state);

struct service;

/** struct replica - one container. Times *_ms are CLOCK_REALTIME since 1970; 0: not yet. */
struct replica {
	struct service *service;
	struct replica *next;
	char id[REPLICA_ID_SIZE];
	char name[256];
	unsigned slot; /* from 1 in its service; the numbers of replicas that went are used again */
	uint64_t revision; /* of the service when it was made */
	enum replica_state state;
	bool paused;
	bool foreground; /* run by `carte run` in its terminal: the supervisor starts and restarts nothing */
	bool wanted;          /* false: on its way out */
	bool stopped_by_hand; /* `carte stop` */
	pid_t pid;            /* of its init, on the host; 0: none */
	int pidfd;            /* -1: none */
	uint64_t
		start_ticks; /* of /proc/PID/stat: with pid, the identity that survives the supervisor */
	unsigned restarts; /* since it was made */
	int exit_status;   /* last one; 128 + N for a signal; -1: unknown */
	bool oom_killed;   /* last end */
	int64_t made_ms, started_ms, ready_ms, exited_ms;
	bool recovered; /* ready_ms: it is healthy again, which is no start at all */
	bool again; /* ready_ms is no first time, or not of the first try: from made_ms to it is no start delay */
	struct in_addr address; /* in its first network; 0: none */
	uint16_t published
		[64];     /* host ports of spec ports, in order, after "any free port" was chosen */
	char reason[256]; /* of pending, failed, unhealthy: words for people */
	char *bundle;     /* absolute paths, heap */
	char *log_path;
	char *cgroup; /* "cgroup path" in the runtime's state, for the sampler; NULL before create */
	void *private; /* of the supervisor */
};

/** struct scale_decision - one that was made, with what it was made from. */
struct scale_decision {
	int64_t at_ms; /* CLOCK_REALTIME */
	unsigned from, to;
	char *inputs; /* JSON object: metrics, recommendations, limits; heap */
	char *why;    /* one line for people; heap */
};

struct project;

struct service {
	struct project *project;
	struct service *next;
	const struct spec_service *spec; /* in the project's arena */
	uint64_t revision;               /* counts up with each change that needs new replicas */
	unsigned desired;                /* what somebody or the autoscaler asked for */
	bool stopped;                    /* `carte stop`: keep the replicas, ended */
	bool manual; /* `carte scale` was used: the autoscaler keeps out until `carte scale --auto` */
	struct replica *replicas;
	char rollout[256]; /* "", or what a rolling update is doing: words for people */
	char reason[256];  /* why fewer run than are wanted, "" when they do */
	void *private;
};

struct project {
	struct project *next;
	struct oci_arena arena;
	struct spec_project *spec;
	struct service *services;
	bool removing;
	void *private;    /* of the supervisor */
	const char *name; /* of the spec, and still there when that is exchanged */
};

/** service_count - replicas in @state; 0: wanted ones in any state. */
unsigned service_count(const struct service *service, enum replica_state state);

#endif
