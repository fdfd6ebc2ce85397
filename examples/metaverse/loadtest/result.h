/* SPDX-License-Identifier: Apache-2.0 */
/*
 * result.h - what the class has measured: every step with its latencies and failures, who answered, second by second.
 *
 * Latency counts from the intended time. A step that is tried again keeps it, so that what a server could not answer at once is in the
 * latency and, by its kind, in the failures too.
 */
#ifndef LOADTEST_RESULT_H
#define LOADTEST_RESULT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "hist.h"

enum service { SERVICE_LOGIN, SERVICE_ASSET, SERVICE_MAP, SERVICE_GAME, SERVICES };

enum step {
	STEP_CONFIG, /* GET /config */
	STEP_LOGIN,  /* POST /login */
	STEP_LIST,   /* GET /assets */
	STEP_ASSET,  /* GET /assets/ID: to the first byte */
	STEP_FETCH,  /* the same, to the last */
	STEP_MAP,    /* GET /maps/NAME */
	STEP_HEIGHT, /* GET /height */
	STEP_LIVE,   /* the map's WebSocket: to its welcome */
	STEP_READY,  /* from the first of the map's steps to the end of the last */
	STEP_EDIT,   /* a tile set, until another student's map shows it */
	STEP_HELLO,  /* game by UDP: to the WELCOME */
	STEP_MOVE,   /* position to ACK, from the intended time */
	STEP_WIRE,   /* the same from the time at which the packet left */
	STEP_TICK,   /* between two STATEs */
	STEP_PAGE,   /* the game's WebSocket: to its welcome */
	STEP_PING,
	STEP_CHAT,   /* until another page shows it */
	STEP_REJOIN, /* map or game lost, until there again */
	STEPS,
};

enum kind {
	KIND_REFUSED,
	KIND_RESET,
	KIND_TIMEOUT,
	KIND_CLOSED, /* by the other end, before it had answered */
	KIND_4XX,
	KIND_5XX,
	KIND_WRONG, /* an answer that is not what it should be */
	KIND_OTHER,
	KINDS,
};

enum cause {
	CAUSE_MOVED,  /* the server said so */
	CAUSE_CLOSED, /* the connection ended, or the port was closed */
	CAUSE_SILENT, /* no answer */
	CAUSES,
};

#define REPLICAS_MAX 128
#define REPLICA_NAME 64
#define WORDS_MAX 160

struct replica {
	enum service service;
	char name[REPLICA_NAME];
	uint64_t first_us, last_us; /* since the beginning */
	struct hist hist;
};

struct step_result {
	struct hist hist, second;
	uint64_t failed[KINDS];
	char words[KINDS][WORDS_MAX]; /* of the first one */
};

/** struct second - of one second of the class; microseconds. */
struct second {
	unsigned online;
	uint64_t login_p95, asset_p95, ready_max, move_p50, move_p99;
	uint64_t logins, bytes, sent, lost, failed;
};

struct result {
	uint64_t begin_us;
	struct step_result steps[STEPS];
	struct replica *replicas; /* REPLICAS_MAX of them */
	size_t replicas_len;
	struct second *seconds; /* seconds_max of them */
	size_t seconds_len, seconds_max;
	uint64_t bytes; /* of assets */
	/* the game's positions: every one is answered, lost, or was on its way to a replica that ended */
	uint64_t sent, answered, lost, lost_with_replica;
	uint64_t longest_gap_us; /* between two answers to one student */
	uint64_t states, state_bytes;
	uint64_t edits_shown, edits_due, chats_shown, chats_due;
	uint64_t rejoins[SERVICES][CAUSES];
	unsigned students, arrived, dropped[SERVICES];
	unsigned seen_least, seen_most; /* players in a student's last STATE */
	double cpu_s;                   /* that the generator itself took */
	/* the generator itself: how long after the intended time a position left */
	struct hist late;
	/* totals when the last second ended */
	struct second before;
};

/** result_new - for a class of @seconds. 0 or -ENOMEM; result_free() ends it. */
int result_new(struct result *result, unsigned seconds);
void result_free(struct result *result);

uint64_t clock_us(void);

/** result_ok - @step is done now; @replica may be NULL or empty: nobody said who answered. */
void result_ok(struct result *result, enum step step, uint64_t intended_us, const char *replica);
/** result_between - the same, done at another time than now. */
void result_between(struct result *result, enum step step, uint64_t intended_us, uint64_t done_us,
		    const char *replica);
/** result_failed - @words: what is known, one line; those of the first one are kept. */
void result_failed(struct result *result, enum step step, enum kind kind, const char *words);
/** result_second - a second of the class is over; @online students are in the game. */
void result_second(struct result *result, unsigned online);

const char *step_name(enum step step);
enum service step_service(enum step step);
const char *service_name(enum service service);

/** report_json, report_text - all of it. */
void report_json(const struct result *result, FILE *out);
void report_text(const struct result *result, FILE *out);
/** enum verdict - and exit status. */
enum verdict {
	VERDICT_KEPT = 0,
	VERDICT_BROKEN = 1,
	VERDICT_SLOW = 4, /* only latencies are broken */
	VERDICT_BUSY =
		3, /* the generator itself was late: latencies say nothing of the servers; the rest is kept */
};

/** report_limits - the table of limits with what was measured. */
enum verdict report_limits(const struct result *result, FILE *out);

#endif
