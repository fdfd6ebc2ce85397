/* SPDX-License-Identifier: Apache-2.0 */
/*
 * drive-private.h - an external scaler for Docker Swarm: our policies, carried out by `docker service scale`.
 *
 * Everything is asked of the docker program, so that contexts, certificates and ssh work as its user has set them up. What is kept
 * between rounds is the history of each service's decisions, in memory.
 */
#ifndef CARTE_SCALE_DRIVE_PRIVATE_H
#define CARTE_SCALE_DRIVE_PRIVATE_H

#include <netinet/in.h>

#include "scale/autoscale.h"
#include "scale/json.h"
#include "scale/loop.h"

struct oci_arena;
struct oci_error;

struct drive_service {
	const struct spec_service *spec;
	const char *name; /* STACK_SERVICE */
	struct autoscale_history history;
};

/** struct drive_node - the address of a node, which docker was asked for in this round. */
struct drive_node {
	struct drive_node *next;
	const char *id;
	bool found;
	struct in_addr address;
};

struct drive {
	struct loop *loop;
	struct oci_arena *round;  /* lasts a round */
	struct drive_node *nodes; /* in @round */
	const char *docker;       /* the program */
	const char *const *
		hosts; /* daemons of the nodes, as docker -H takes them, for docker stats; none: the one that docker asks */
	size_t hosts_len;
	struct drive_service *services;
	size_t services_len;
	bool once; /* tell every decision, not changes alone */
};

/** struct drive_task - a replica as the swarm tells of it. */
struct drive_task {
	yajl_val document;
	const char *container; /* its ID; "" before it has one */
	bool running;
	bool unplaced; /* no node has room for it */
	double cpu,
		memory; /* per cent, of one core and of its limit, by docker stats; NAN: not known */
};

struct drive_tasks {
	struct drive_task *items;
	size_t len;
};

/* "" when it is no text */
static inline const char *drive_text(yajl_val value)
{
	return YAJL_IS_STRING(value) ? value->u.string : "";
}

/* All of @arena, which lasts a look at a service. drive_ask.c */
int drive_docker(struct drive *drive, const char *host, const char *const *words,
		 struct oci_arena *arena, char **ret, struct oci_error *err);
int drive_replicas(struct drive *drive, const char *name, struct oci_arena *arena, unsigned *ret,
		   struct oci_error *err);
/** drive_tasks - those that shall run. *ret_document: for yajl_tree_free once they are no longer used. */
int drive_tasks(struct drive *drive, const char *name, struct oci_arena *arena,
		struct drive_tasks *ret, yajl_val *ret_document, struct oci_error *err);
/** drive_endpoint - where a replica's @port is reached: its node's port, else its own address in a network. 0 or -ENOENT. */
int drive_endpoint(struct drive *drive, const struct drive_task *task, uint16_t port,
		   struct in_addr *ret_address, uint16_t *ret_port);

/** drive_measure - what was measured for each of the service's metrics; as many as it has. drive_measure.c */
int drive_measure(struct drive *drive, const struct drive_service *service,
		  struct drive_tasks *tasks, struct oci_arena *arena, struct autoscale_metric **ret,
		  struct oci_error *err);

/** drive_round - one look at every service; the first failure is told, after the others had their turn. drive.c */
int drive_round(struct drive *drive, struct oci_error *err);

#endif
