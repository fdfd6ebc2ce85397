/* SPDX-License-Identifier: Apache-2.0 */
/*
 * supervisor-stage.h - a supervisor whose images, networks, ports and probes are of the test (fake_parts.c), and whose runtime is a
 * shell script that runs plain processes: no rights are needed, and a replica starts within milliseconds.
 */
#ifndef CARTE_TESTS_SUPERVISOR_STAGE_H
#define CARTE_TESTS_SUPERVISOR_STAGE_H

#include "base/error.h"
#include "scale.h"
#include "scale/supervisor.h"

/** struct parts - what the fakes do, and what they were asked. */
struct parts {
	const char *folder; /* networks are files in it: they survive a supervisor */
	bool no_image;      /* images_find fails */
	bool no_network;    /* net_attach fails */
	bool ordinary_user; /* no networks can be made */
	bool unhealthy;     /* probes that are started say so, else they succeed */
	bool silent;        /* probes say nothing */
	bool loses_one;     /* the next probe that is started says healthy, then not */
	unsigned attached, detached, configs, removed, probes, swept;
	unsigned watched;        /* oom_add without oom_remove */
	unsigned backends;       /* of the last balance_apply */
	unsigned least_backends; /* since somebody set it to a large number */
	uint16_t busy_port;      /* balance_port_check refuses it */
};
extern struct parts parts;

struct stage {
	char folder[64];
	struct loop *loop;
	struct supervisor *sv;
	unsigned events;
	char last[256]; /* "kind action words" of the last event */
	struct supervisor_listener listener;
};

void stage_open(struct stage *stage);
/** stage_restart - another supervisor in its place; containers go on. */
void stage_restart(struct stage *stage);
void stage_begin(struct stage *stage);
void stage_end(struct stage *stage);
/** stage_close - everything down, and nothing left. */
void stage_close(struct stage *stage);

/** stage_program - what replicas that start from now on do: lines of sh. */
void stage_program(struct stage *stage, const char *script);
/** stage_fail - the runtime's run fails with these words; NULL: no more. */
void stage_fail(struct stage *stage, const char *words);
/** stage_up - @services: members of "services" in JSON, of project "p"; expects success. */
void stage_up(struct stage *stage, const char *services);
int stage_try_up(struct stage *stage, const char *services, struct oci_error *err);
/** stage_wait - turn until @met, at most 10 seconds. */
#define stage_wait(stage, met)                                                          \
	do {                                                                            \
		unsigned turns_ = 0;                                                    \
		while (!(met) && turns_++ < 2000)                                       \
			(void)loop_once((stage)->loop, 5);                              \
		if (!(met))                                                             \
			fail_msg("line %d: never: %s (last event: %s)", __LINE__, #met, \
				 (stage)->last);                                        \
	} while (0)
/** stage_settle - until all is as wanted; the words why not, or "". */
const char *stage_settle(struct stage *stage);
/** stage_idle - some turns, for what must not happen. */
void stage_idle(struct stage *stage, unsigned ms);

struct service *stage_service(struct stage *stage, const char *name);
struct replica *stage_replica(struct stage *stage, const char *name);
unsigned stage_ready(struct stage *stage, const char *service);
/** stage_containers - that the runtime knows; stage_networks - places that are taken. */
unsigned stage_containers(const struct stage *stage);
unsigned stage_networks(const struct stage *stage);

#endif
