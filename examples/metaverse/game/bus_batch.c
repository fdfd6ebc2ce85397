/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bus_batch.c - see bus_batch.h.
 */
#include <stdlib.h>

#include "game/bus_batch.h"

/* the next datagram, whose memory may be there from an earlier tick */
static struct writer *begin(struct bus_batch *batch, const char *replica)
{
	struct writer *grown, *datagram;

	if (batch->count == batch->room) {
		grown = realloc(batch->datagrams, (batch->room + 1) * sizeof(*grown));
		if (!grown)
			return NULL;
		batch->datagrams = grown;
		datagram = &grown[batch->room];
		*datagram = (struct writer){ .data = malloc(BUS_DATAGRAM_MAX),
					     .size = BUS_DATAGRAM_MAX };
		if (!datagram->data)
			return NULL;
		batch->room++;
	}
	if (!batch->datagrams)
		return NULL;
	datagram = &batch->datagrams[batch->count++];
	datagram->length = 0;
	datagram->overrun = false;
	bus_write_header(datagram, replica);
	return datagram;
}

void bus_batch_add(struct bus_batch *batch, const char *replica, const struct bus_record *record)
{
	struct writer *last = batch->count > 0 ? &batch->datagrams[batch->count - 1] : NULL;

	if (!last || last->size - last->length < BUS_RECORD_MAX)
		last = begin(batch, replica);
	if (last)
		bus_write(last, record);
	else
		batch->lost = true;
}

void bus_batch_clear(struct bus_batch *batch)
{
	batch->count = 0;
	batch->lost = false;
}

void bus_batch_free(struct bus_batch *batch)
{
	for (size_t i = 0; i < batch->room; i++)
		free(batch->datagrams[i].data);
	free(batch->datagrams);
	*batch = (struct bus_batch){ 0 };
}
