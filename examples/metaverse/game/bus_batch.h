/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bus_batch.h - records for other replicas, packed into as few datagrams as they need.
 */
#ifndef METAVERSE_BUS_BATCH_H
#define METAVERSE_BUS_BATCH_H

#include "game/bus_wire.h"

/* few large datagrams: a socket's queue has a length in datagrams (net.unix.max_dgram_qlen, 10 in a new namespace) */
#define BUS_DATAGRAM_MAX 32768

/** struct bus_batch - starts as zeros. @lost: memory ran out, and a record with it. */
struct bus_batch {
	struct writer *datagrams;
	size_t count, room;
	bool lost;
};

/** bus_batch_add - appends a record; a datagram that is begun starts with @replica. */
void bus_batch_add(struct bus_batch *batch, const char *replica, const struct bus_record *record);

/** bus_batch_clear - empty; keeps the memory. */
void bus_batch_clear(struct bus_batch *batch);

void bus_batch_free(struct bus_batch *batch);

#endif
