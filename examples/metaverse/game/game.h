/* SPDX-License-Identifier: Apache-2.0 */
/*
 * game.h - one replica of the game: what is watched, and in what order it ends.
 *
 * All of it is one thread: libwebsockets' loop waits for users, for UDP, for the other replicas, for the clock and for
 * signals alike.
 */
#ifndef METAVERSE_GAME_H
#define METAVERSE_GAME_H

#include "common/server.h"
#include "common/token.h"
#include "game/bus.h"
#include "game/play.h"
#include "game/ticker.h"
#include "game/udp.h"

struct lws_context;
struct lws_protocols;
struct lws_vhost;
struct oci_error;

struct game_options {
	struct server_options server;
	const char *bus; /* NULL: alone */
};

struct game;

/** struct watch - a descriptor that libwebsockets waits for, and closes at its end. */
struct watch {
	void (*ready)(struct game *game);
	struct game *game;
};

enum game_watch { WATCH_SIGNALS, WATCH_UDP, WATCH_TICKS, WATCH_BUS, WATCH_FOLDER, WATCHES };

/** struct game - zeros but for what game_run() is given. */
struct game {
	struct server server;
	struct game_options options;
	struct token_key key;
	struct metrics metrics;
	struct play play;
	struct ticker ticker;
	struct udp *udp;
	struct bus *bus;
	struct udp_counts udp_counts;
	struct bus_counts bus_counts;
	struct lws_context *context;
	struct lws_vhost *vhost;
	struct metric rooms, remote;
	struct watch watches[WATCHES];
	size_t moves_per_tick;           /* while draining */
	double ready_at, draining_since; /* clock_seconds() */
	bool done;
};

/** game_run - serve until a signal and what follows it. Return: 0 or -errno with words. */
int game_run(struct game *game, struct oci_error *err);

/** game_protocols - for libwebsockets: HTTP and WebSockets first. The context's user is the game. */
const struct lws_protocols *game_protocols(void);

#endif
