/* SPDX-License-Identifier: Apache-2.0 */
/*
 * net_operation.h - an attach or a detach on its way: plugins run beside the loop, one at a time for each replica.
 */
#ifndef CARTE_SCALE_NET_OPERATION_H
#define CARTE_SCALE_NET_OPERATION_H

#include <ocispec-lite/error.h>

#include "scale/job.h"
#include "scale/net_parts.h"

struct net_operation {
	struct net *net;
	struct net_operation *next;
	char id[NET_ID_SIZE];
	bool detach; /* or an attach that failed and is undone */
	bool started;
	char *configs[NET_MAX]; /* attach: of each place */
	size_t count, at;
	struct net_result result;
	struct oci_error err;
	struct job *job;
	bool adding; /* what the job does */
	char plugin[32], network[NET_NAME_SIZE];
	net_done done;
	void *ctx;
};

/** net_operation_add - to the end of the line; owned by the line. */
void net_operation_add(struct net *net, struct net_operation *operation);
void net_operations_cancel(struct net *net);
void net_operation_free(struct net_operation *operation);

#endif
