/* SPDX-License-Identifier: Apache-2.0 */
/*
 * game - the rooms of the class: who walks where, and who says what.
 *
 *   GET /play       a WebSocket (message.h)
 *   UDP             the same port (wire.h)
 *
 * Replicas share a folder, over which a player of one is seen by those of the others (bus.h); no state is kept.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"
#include "game/game.h"

static const struct opt rows[] = {
	SERVER_OPTS(struct game_options, server),
	{ "bus", 0, OPT_STRING, offsetof(struct game_options, bus), "FOLDER",
	  "where the replicas find one another (BUS_DIR; default: /data/bus); empty: alone" },
	{ .name = NULL },
};

static const struct opt_command command = {
	.name = "game",
	.usage = "[OPTIONS]",
	.summary = "Rooms of players, over WebSockets and UDP.",
	.opts = rows,
	.positional_after = -1,
};

static struct game game = { .options = { .server = { .port = 8004, .drain = 10 } } };

int main(int argc, char **argv)
{
	const char *bus = getenv("BUS_DIR");
	struct oci_error err = OCI_ERROR_INIT;
	int r;

	game.options.bus = bus && *bus ? bus : "/data/bus";
	r = server_init(&game.server, &command, &game.options, &game.options.server, NULL, argc,
			argv, &err);
	if (r > 0)
		return EXIT_SUCCESS;
	if (r == 0)
		r = game_run(&game, &err);
	if (r < 0)
		server_say(&game.server, "%s", err.message);
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
