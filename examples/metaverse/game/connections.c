/* SPDX-License-Identifier: Apache-2.0 */
/*
 * connections.c - what libwebsockets calls: HTTP requests, users at WebSockets, and the descriptors that it watches for us.
 *
 *   GET /healthz, /metrics
 *   GET /play?token=T&room=R   the WebSocket of message.h; without a room: the lobby
 */
#include <errno.h>
#include <libwebsockets.h>
#include <stdlib.h>
#include <string.h>

#include "game/game.h"
#include "map/web.h"

#define ARGUMENT_MAX \
	1024 /* libwebsockets gives up at the first one that does not fit, whichever is sought */

/* of one connection: a request, and when that has become a WebSocket, its user */
struct connection {
	struct web web;
	bool has_web;
	struct session session;
};

static struct game *game_of(struct lws *wsi)
{
	return lws_context_user(lws_get_context(wsi));
}

/* ---- HTTP ------------------------------------------------------------------------------------------------------ */
static int answer_metrics(struct web *web, struct game *game)
{
	struct web_answer answer = { .status = 200, .type = METRICS_TYPE };

	if (metrics_text(&game->metrics, &answer.body, &answer.length) < 0)
		return -1;
	return web_answer(web, &answer);
}

static int route(struct web *web, struct game *game)
{
	unsigned int status = 500;
	const char *health = server_health(&game->server, &status);

	if (web->method == WEB_OPTIONS)
		return web_answer(web, &(struct web_answer){ .status = 204 });
	if (web->method != WEB_GET && web->method != WEB_HEAD)
		return web_error(web, 405, "that is not what one can do here");
	if (strcmp(web->path, "/healthz") == 0)
		return web_text(web, status, "text/plain", health);
	if (strcmp(web->path, "/metrics") == 0)
		return answer_metrics(web, game);
	if (strcmp(web->path, "/play") == 0)
		return web_error(web, 426, "this is a WebSocket");
	return web_error(web, 404, "there is nothing here");
}

static int on_request(struct connection *connection, struct lws *wsi)
{
	struct game *game = game_of(wsi);

	if (connection->has_web) /* one request for a connection, see map/web.h */
		return -1;
	connection->has_web = true;
	if (web_begin(&connection->web, wsi, &game->metrics, game->server.replica) < 0)
		return -1;
	return route(&connection->web, game);
}

/* ---- WebSockets ------------------------------------------------------------------------------------------------ */
static bool room_of(struct lws *wsi, char room[NAME_MAX_LENGTH + 1])
{
	char text[ARGUMENT_MAX];
	const char *value = lws_get_urlarg_by_name(wsi, "room=", text, sizeof(text));

	if (!value || !*value)
		value = LOBBY;
	if (!token_is_name(value))
		return false;
	(void)lws_strncpy(room, value, NAME_MAX_LENGTH + 1);
	return true;
}

/* may this request become a WebSocket? 0, or the answer's result */
static int admit(struct web *web, struct game *game)
{
	char room[NAME_MAX_LENGTH + 1];
	struct token_user user;
	int r;

	if (strcmp(web->path, "/play") != 0)
		return web_error(web, 404, "the WebSocket is at /play");
	if (server_state(&game->server) != SERVER_READY)
		return web_error(web, 503, "this replica takes nobody now, try again");
	r = web_user(web->wsi, &game->key, &user);
	if (r < 0)
		return web_error(web, 401,
				 r == -ETIME ? "the token has expired: log in again"
					     : "a good token is needed: log in first");
	if (!room_of(web->wsi, room))
		return web_error(web, 400, "a room's name is 1 to 32 of a-z, 0-9, - and _");
	if (world_is_full(&game->play.world, room))
		return web_error(web, 503, "the room is full");
	return 0;
}

static int on_upgrade(struct lws *wsi, const char *to)
{
	struct game *game = game_of(wsi);
	struct web web;
	int r = web_begin(&web, wsi, &game->metrics, game->server.replica);

	if (r == 0 && strcasecmp(to, "websocket") != 0)
		r = web_error(&web, 400, "a connection can become a WebSocket, nothing else");
	else if (r == 0)
		r = admit(&web, game);
	if (web.is_answered) {
		(void)web_writable(&web);
		r = -1;
	}
	web_end(&web);
	return r < 0 ? -1 : 0;
}

/* the 101 is libwebsockets' own answer */
static int add_replica(struct lws *wsi, struct lws_process_html_args *args)
{
	const char *replica = game_of(wsi)->server.replica;
	unsigned char *at = (unsigned char *)args->p, *end = at + args->max_len;

	if (lws_add_http_header_by_name(
		    wsi, (const unsigned char *)"x-replica:", (const unsigned char *)replica,
		    (int)strlen(replica), &at, end))
		return -1;
	args->max_len -= lws_ptr_diff(at, args->p);
	args->p = (char *)at;
	return 0;
}

static int on_user(struct session *session, struct lws *wsi)
{
	struct game *game = game_of(wsi);
	char room[NAME_MAX_LENGTH + 1];
	struct token_user user;

	if (web_user(wsi, &game->key, &user) < 0 || !room_of(wsi, room))
		return -1;
	return session_begin(session, &game->play, wsi, user.name, room) < 0 ? -1 : 0;
}

static void connection_end(struct connection *connection)
{
	session_end(&connection->session);
	if (connection->has_web)
		web_end(&connection->web);
	connection->has_web = false;
}

static int on_connection(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
			 size_t length)
{
	struct connection *connection = user;

	switch (reason) {
	case LWS_CALLBACK_HTTP:
		return on_request(connection, wsi);
	case LWS_CALLBACK_HTTP_WRITEABLE:
		return connection->has_web ? web_writable(&connection->web) : 0;
	case LWS_CALLBACK_TIMER:
		if (connection->has_web)
			web_stalled(&connection->web);
		return 0;
	case LWS_CALLBACK_HTTP_CONFIRM_UPGRADE:
		return on_upgrade(wsi, in);
	case LWS_CALLBACK_ADD_HEADERS:
		return add_replica(wsi, in);
	case LWS_CALLBACK_ESTABLISHED:
		return on_user(&connection->session, wsi);
	case LWS_CALLBACK_RECEIVE:
		return session_receive(&connection->session, in, length);
	case LWS_CALLBACK_SERVER_WRITEABLE:
		return session_writable(&connection->session);
	case LWS_CALLBACK_CLOSED:
	case LWS_CALLBACK_CLOSED_HTTP:
	case LWS_CALLBACK_WSI_DESTROY:
		if (connection)
			connection_end(connection);
		return 0;
	default:
		return 0;
	}
}

/* ---- other descriptors ----------------------------------------------------------------------------------------- */
static int on_descriptor(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
			 size_t length)
{
	const struct watch *watch = lws_get_opaque_user_data(wsi);

	(void)user;
	(void)in;
	(void)length;
	if (reason == LWS_CALLBACK_RAW_RX_FILE && watch)
		watch->ready(watch->game);
	return 0;
}

static const struct lws_protocols protocols[] = {
	{ .name = "game",
	  .callback = on_connection,
	  .per_session_data_size = sizeof(struct connection),
	  .rx_buffer_size = MESSAGE_MAX },
	{ .name = "descriptor", .callback = on_descriptor },
	{ .name = NULL },
};

const struct lws_protocols *game_protocols(void)
{
	return protocols;
}
