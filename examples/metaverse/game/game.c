/* SPDX-License-Identifier: Apache-2.0 */
/*
 * game.c - see game.h.
 *
 * The end: /healthz says so at once and nobody new is taken; users are told to move within a second or two, a few with each
 * tick, so that the others do not get them all at the same moment; when they are gone, or the time is over, so is this.
 */
#include <errno.h>
#include <libwebsockets.h>
#include <ocispec-lite/error.h> /* not base/error.h: OpenSSL, which libwebsockets includes, has an ERR_STATE too */
#include <unistd.h>

#include "base/mem.h"
#include "game/game.h"

#define MOVE_SECONDS 2.0 /* in which all are told; at most half of the time there is */
#define SILENCE_SECONDS \
	1.0 /* of UDP: those who have not heard MOVED send something, and hear it again */
#define DESCRIPTORS_MAX 4096
#define HEADS_MAX 256 /* of requests that are being read */
#define PORT_TRIES 20
#define HEAD_SECONDS 10 /* that a client has for the head of its request */

static const lws_retry_bo_t liveness = {
	.secs_since_valid_ping =
		20, /* a laptop that was closed says nothing, not even that it left */
	.secs_since_valid_hangup = 35,
};

/* ---- the end --------------------------------------------------------------------------------------------------- */
static void start_draining(struct game *game)
{
	double seconds = game->options.server.drain / 2.0;

	if (seconds > MOVE_SECONDS)
		seconds = MOVE_SECONDS;
	game->draining_since = clock_seconds();
	game->moves_per_tick =
		(size_t)(game->play.world.local / (seconds * TICKS_PER_SECOND + 1)) + 1;
	udp_set_open(game->udp, false);
	server_say(&game->server, "draining: %u players", game->play.world.local);
}

static void move_some(struct game *game, size_t many)
{
	struct session *session;

	for (session = game->play.sessions; session; session = session->next)
		if (session->player && many > 0) {
			session_move(session);
			many--;
		}
	(void)udp_move(game->udp, many);
}

static bool has_drained(const struct game *game)
{
	double seconds = clock_seconds() - game->draining_since;

	if (seconds >= game->options.server.drain)
		return true;
	return game->play.world.local == 0 && !game->play.sessions &&
	       udp_silence(game->udp) >= SILENCE_SECONDS;
}

/* ---- what is watched ------------------------------------------------------------------------------------------- */
static void on_signal(struct game *game)
{
	if (server_state(&game->server) != SERVER_DRAINING && server_wait(&game->server, 0))
		start_draining(game);
}

static void on_udp(struct game *game)
{
	udp_receive(game->udp);
}

static void on_bus(struct game *game)
{
	bus_receive(game->bus);
}

static void on_folder(struct game *game)
{
	bus_look(game->bus);
}

static void tick_state(struct game *game)
{
	switch (server_state(&game->server)) {
	case SERVER_STARTING:
		if (clock_seconds() < game->ready_at)
			break;
		server_set_ready(&game->server);
		udp_set_open(game->udp, true);
		break;
	case SERVER_READY:
		break;
	case SERVER_DRAINING:
		move_some(game, game->moves_per_tick);
		game->done = has_drained(game);
		break;
	}
}

static void on_tick(struct game *game)
{
	uint64_t passed = ticker_take(&game->ticker, TICKS_PER_SECOND);
	double begin = clock_seconds();
	bool is_second;

	if (passed == 0)
		return;
	is_second =
		game->play.tick / TICKS_PER_SECOND != (game->play.tick + passed) / TICKS_PER_SECOND;
	game->play.tick += (uint32_t)passed;
	tick_state(game);
	if (is_second)
		udp_expire(game->udp);
	play_tick(&game->play, game->udp, is_second);
	if (game->bus)
		bus_tick(game->bus, is_second);
	else
		bus_batch_clear(&game->play.news);
	metric_set(&game->rooms, game->play.world.room_count);
	metric_set(&game->remote, game->play.world.players - game->play.world.local);
	histogram_observe(&game->ticker.work, clock_seconds() - begin);
}

static int watch(struct game *game, enum game_watch which, int fd, void (*ready)(struct game *))
{
	lws_adopt_desc_t adopt = {
		.vh = game->vhost,
		.type = LWS_ADOPT_RAW_FILE_DESC,
		.fd.filefd = fd,
		.vh_prot_name = "descriptor",
		.opaque = &game->watches[which],
	};

	game->watches[which] = (struct watch){ .ready = ready, .game = game };
	return lws_adopt_descriptor_vhost_via_info(&adopt) ? 0 : -ENOMEM;
}

/* a descriptor is libwebsockets' from its adoption on, also when that fails */
static int watch_all(struct game *game)
{
	int r = watch(game, WATCH_SIGNALS, game->server.signals, on_signal);

	if (r == 0)
		r = watch(game, WATCH_UDP, udp_fd(game->udp), on_udp);
	if (r == 0)
		r = watch(game, WATCH_TICKS, game->ticker.fd, on_tick);
	if (r == 0 && game->bus)
		r = watch(game, WATCH_BUS, bus_fd(game->bus), on_bus);
	if (r == 0 && game->bus)
		r = watch(game, WATCH_FOLDER, bus_folder_fd(game->bus), on_folder);
	return r;
}

/* ---- the beginning --------------------------------------------------------------------------------------------- */
static void count(struct game *game)
{
	static struct histogram *histograms[2];
	static struct metric *extra[] = { [12] = NULL };
	struct udp_counts *udp = &game->udp_counts;
	struct bus_counts *bus = &game->bus_counts;
	size_t n = 0;

	metrics_init(&game->metrics);
#define COUNT(m, word, kind_, words) \
	((m).name = "metaverse_" word, (m).help = (words), (m).kind = (kind_), extra[n++] = &(m))
	COUNT(game->rooms, "rooms", METRIC_GAUGE, "Rooms with players.");
	COUNT(game->remote, "remote_players", METRIC_GAUGE, "Players of other replicas.");
	COUNT(game->ticker.missed, "ticks_missed_total", METRIC_COUNTER,
	      "Ticks that did not happen.");
	COUNT(udp->received, "udp_received_total", METRIC_COUNTER, "Datagrams from clients.");
	COUNT(udp->answered, "udp_sent_total", METRIC_COUNTER, "Datagrams to clients.");
	COUNT(udp->refused, "udp_refused_total", METRIC_COUNTER, "Datagrams that were no good.");
	COUNT(udp->unsent, "udp_unsent_total", METRIC_COUNTER,
	      "Datagrams that the kernel did not take.");
	COUNT(bus->peers, "bus_peers", METRIC_GAUGE, "Other replicas that are known.");
	COUNT(bus->sent, "bus_sent_total", METRIC_COUNTER, "Datagrams to other replicas.");
	COUNT(bus->received, "bus_received_total", METRIC_COUNTER, "Datagrams of other replicas.");
	COUNT(bus->refused, "bus_refused_total", METRIC_COUNTER,
	      "Datagrams of replicas that were no good.");
	COUNT(bus->unsent, "bus_unsent_total", METRIC_COUNTER,
	      "Datagrams that a replica did not take.");
#undef COUNT
	game->metrics.extra = extra;
	game->metrics.extra_count = n;
	game->ticker.lateness.name = "metaverse_tick_lateness_seconds";
	game->ticker.lateness.help = "Time from when a tick was due to when it began.";
	game->ticker.work.name = "metaverse_tick_seconds";
	game->ticker.work.help = "Time that a tick took.";
	histograms[0] = &game->ticker.lateness;
	histograms[1] = &game->ticker.work;
	game->metrics.histograms = histograms;
	game->metrics.histogram_count = ARRAY_LEN(histograms);
}

/* the same port for TCP; -EADDRINUSE: it is somebody's */
static int listen_http(struct game *game)
{
	struct lws_context_creation_info info = { 0 };
	bool has_v6 = false;

	info.port = udp_port(game->udp, &has_v6);
	info.options = LWS_SERVER_OPTION_EXPLICIT_VHOSTS | LWS_SERVER_OPTION_VALIDATE_UTF8 |
		       LWS_SERVER_OPTION_FAIL_UPON_UNABLE_TO_BIND;
	if (!has_v6)
		info.options |= LWS_SERVER_OPTION_DISABLE_IPV6;
	info.protocols = game_protocols();
	info.user = game;
	info.fd_limit_per_thread = DESCRIPTORS_MAX;
	info.max_http_header_pool = HEADS_MAX;
	info.timeout_secs = HEAD_SECONDS;
	info.retry_and_idle_policy = &liveness;
	info.vhost_name = "game";
	if (!game->context)
		game->context = lws_create_context(&info);
	if (!game->context)
		return -ENOMEM;
	game->vhost = lws_create_vhost(game->context, &info);
	if (!game->vhost)
		return -EADDRINUSE;
	server_say(&game->server, "%s is listening on port %d", game->server.replica, info.port);
	return 0;
}

static int open_port(struct game *game, struct oci_error *err)
{
	struct udp_setup setup = {
		.play = &game->play,
		.key = &game->key,
		.counts = &game->udp_counts,
		.port = (uint16_t)game->options.server.port,
	};

	/* any port is asked for: one that is free for UDP need not be so for TCP */
	for (int tries = setup.port ? 1 : PORT_TRIES; tries > 0; tries--) {
		int r = udp_open(&setup, &game->udp, err);

		if (r == 0)
			r = listen_http(game);
		if (r == -ENOMEM)
			return oci_error_set(err, ENOMEM, "libwebsockets cannot start");
		if (r != -EADDRINUSE || err->code)
			return r;
		(void)close(udp_fd(game->udp));
		udp_close(game->udp);
		game->udp = NULL;
	}
	return oci_error_set(err, EADDRINUSE, "TCP port %u is somebody's; --port is another one",
			     setup.port);
}

static int open_all(struct game *game, struct oci_error *err)
{
	int r = token_key_load(&game->key, err);

	if (r == 0)
		r = open_port(game, err);
	if (r == 0 && game->options.bus)
		r = bus_open(&game->play, &game->bus_counts, game->options.bus, &game->bus, err);
	if (r < 0)
		return r;
	r = ticker_open(&game->ticker, TICKS_PER_SECOND);
	if (r == 0)
		r = watch_all(game);
	return r < 0 ? oci_error_sys(err, -r, "the event loop") : 0;
}

/* who is still here leaves, and the other replicas hear of it */
static void close_all(struct game *game)
{
	struct session *session;

	for (session = game->play.sessions; session; session = session->next)
		if (session->player)
			session_move(session);
	udp_close(game->udp);
	if (game->bus)
		bus_tick(game->bus, false);
	bus_close(game->bus);
	if (game->context)
		lws_context_destroy(game->context);
	play_free(&game->play);
}

int game_run(struct game *game, struct oci_error *err)
{
	int r;

	lws_set_log_level(LLL_ERR, NULL);
	count(game);
	play_init(&game->play, &game->metrics, game->server.replica);
	r = open_all(game, err);
	game->ready_at = clock_seconds() + game->options.server.startup_delay / 1e3;
	while (r == 0 && !game->done)
		if (lws_service(game->context, 0) < 0)
			r = oci_error_set(err, EIO, "libwebsockets' loop has ended");
	close_all(game);
	return r;
}
