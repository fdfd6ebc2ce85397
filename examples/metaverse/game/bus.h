/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bus.h - the replicas of the game tell one another what their players do, over datagram sockets in a shared folder.
 *
 * FOLDER/REPLICA.sock is a replica. Each sends its news to all others once per tick, and once a second (and after a
 * datagram that found no room) all its players, so that one that was slow, stopped or new agrees again. A socket that
 * nobody has open any more is removed by who finds it so.
 */
#ifndef METAVERSE_BUS_H
#define METAVERSE_BUS_H

#include <stdbool.h>

#include "common/metrics.h"

struct bus;
struct oci_error;
struct play;

/** struct bus_counts - for /metrics; static storage, the caller's. */
struct bus_counts {
	struct metric peers, sent, received, refused, unsent;
};

/**
 * bus_open - appear in the folder, which is made when it is not there.
 * @play, @counts, @folder: borrowed
 * Return: 0 or -errno with words; -EADDRINUSE: a replica of this name is running.
 */
int bus_open(struct play *play, struct bus_counts *counts, const char *folder, struct bus **ret,
	     struct oci_error *err);

/** bus_fd, bus_folder_fd - to be watched for input; then bus_receive, bus_look. The caller may close them. */
int bus_fd(const struct bus *bus);
int bus_folder_fd(const struct bus *bus);

/** bus_receive - what other replicas have sent. */
void bus_receive(struct bus *bus);

/** bus_look - who is in the folder. */
void bus_look(struct bus *bus);

/** bus_tick - sends the news of @play and empties them; @all: all players too. */
void bus_tick(struct bus *bus, bool all);

/** bus_close - disappear from the folder; players of others leave. NULL is fine. */
void bus_close(struct bus *bus);

#endif
