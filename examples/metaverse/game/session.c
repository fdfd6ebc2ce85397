/* SPDX-License-Identifier: Apache-2.0 */
/*
 * session.c - see session.h. libwebsockets has checked what comes to be WebSocket frames, and text to be UTF-8.
 */
#include <errno.h>
#include <libwebsockets.h>
#include <stdlib.h>
#include <string.h>

#include "common/metrics.h"
#include "game/play.h"
#include "game/session.h"

#define CLOSE_SERVICE_RESTART \
	1012 /* of RFC 6455's registry; libwebsockets 4.1 has no name for it */

/* ---- out ------------------------------------------------------------------------------------------------------- */
void session_close(struct session *session, unsigned int code)
{
	if (session->close_code == 0)
		session->close_code = code;
	(void)lws_callback_on_writable(session->wsi);
}

void session_send(struct session *session, struct packet *packet)
{
	if (session->close_code)
		return;
	if (!packet_line_add(&session->line, packet)) {
		packet_line_clear(&session->line);
		session_close(session, LWS_CLOSE_STATUS_POLICY_VIOLATION);
		return;
	}
	(void)lws_callback_on_writable(session->wsi);
}

void session_send_state(struct session *session, struct packet *packet)
{
	packet_put(session->state);
	session->state = packet_get(packet);
	(void)lws_callback_on_writable(session->wsi);
}

/* sends what was written to the draft to this one only */
static void send_draft(struct session *session, struct packet_draft *draft)
{
	struct packet *packet = packet_end(draft);

	if (!packet)
		return;
	session_send(session, packet);
	packet_put(packet);
}

static struct packet *next_packet(struct session *session)
{
	struct packet *packet = packet_line_next(&session->line);

	/* the line first: a state names players whose join is in it */
	if (!packet && !session->close_code) {
		packet = session->state;
		session->state = NULL;
	}
	return packet;
}

int session_writable(struct session *session)
{
	struct packet *packet = next_packet(session);
	int n;

	if (!packet && session->close_code) {
		lws_close_reason(session->wsi, (enum lws_close_status)session->close_code, NULL, 0);
		return -1;
	}
	if (!packet)
		return 0;
	n = lws_write(session->wsi, (unsigned char *)packet->data + LWS_PRE, packet->length,
		      LWS_WRITE_TEXT);
	packet_put(packet);
	if (n < 0)
		return -1;
	if (session->line.count > 0 || session->state || session->close_code)
		(void)lws_callback_on_writable(session->wsi);
	return 0;
}

/* ---- in -------------------------------------------------------------------------------------------------------- */
static bool allow(struct allowance *allowance, double rate, double most)
{
	double now = clock_seconds();

	allowance->left += (now - allowance->since) * rate;
	allowance->since = now;
	if (allowance->left > most)
		allowance->left = most;
	if (allowance->left < 1)
		return false;
	allowance->left -= 1;
	return true;
}

static void complain(struct session *session, const char *why)
{
	struct packet_draft draft;

	if (++session->errors > SESSION_ERRORS_MAX) {
		session_close(session, LWS_CLOSE_STATUS_POLICY_VIOLATION);
		return;
	}
	if (packet_begin(&draft)) {
		message_error(draft.out, why);
		send_draft(session, &draft);
	}
}

static void on_chat(struct session *session, const struct message *message)
{
	if (allow(&session->chats, SESSION_CHATS_PER_SECOND, SESSION_CHATS_AT_ONCE))
		play_chat(session->play, session->player->room->name, session->player->name,
			  message->text, true);
	else
		complain(session, "chat: too fast, wait a second");
}

static void on_ping(struct session *session, const struct message *message)
{
	struct packet_draft draft;

	if (!packet_begin(&draft))
		return;
	message_pong(draft.out, message->ts);
	send_draft(session, &draft);
}

static void on_message(struct session *session, const char *text, size_t length)
{
	struct message message;
	const char *why;

	if (!session->player) /* it has been moved, and does not know yet */
		return;
	if (!allow(&session->messages, SESSION_MESSAGES_PER_SECOND,
		   2 * SESSION_MESSAGES_PER_SECOND)) {
		complain(session, "too many messages");
		return;
	}
	if (message_parse(text, length, &message, &why) < 0) {
		complain(session, why);
		return;
	}
	switch (message.type) {
	case MESSAGE_POS:
		world_move(session->player, &message.place);
		break;
	case MESSAGE_CHAT:
		on_chat(session, &message);
		break;
	case MESSAGE_PING:
		on_ping(session, &message);
		break;
	}
}

static int refuse(struct session *session, enum lws_close_status status)
{
	lws_close_reason(session->wsi, status, NULL, 0);
	return -1;
}

int session_receive(struct session *session, const char *text, size_t length)
{
	if (lws_frame_is_binary(session->wsi))
		return refuse(session, LWS_CLOSE_STATUS_UNACCEPTABLE_OPCODE);
	if (session->partial_length + length > MESSAGE_MAX)
		return refuse(session, LWS_CLOSE_STATUS_MESSAGE_TOO_LARGE);
	if (!session->partial)
		session->partial = malloc(MESSAGE_MAX + 1);
	if (!session->partial)
		return -1;
	memcpy(session->partial + session->partial_length, text, length);
	session->partial_length += length;
	if (!lws_is_final_fragment(session->wsi) || lws_remaining_packet_payload(session->wsi) > 0)
		return 0;
	session->partial[session->partial_length] = '\0';
	on_message(session, session->partial, session->partial_length);
	session->partial_length = 0;
	return 0;
}

/* ---- begin and end --------------------------------------------------------------------------------------------- */
static void welcome(struct session *session)
{
	struct packet_draft draft;

	if (!packet_begin(&draft))
		return;
	message_welcome(draft.out, session->player, session->play->replica);
	send_draft(session, &draft);
}

int session_begin(struct session *session, struct play *play, struct lws *wsi, const char *name,
		  const char *room)
{
	struct arrival arrival = {
		.name = name, .room = room, .kind = PLAYER_WEB, .owner = session
	};
	double now = clock_seconds();
	int r;

	*session = (struct session){ .wsi = wsi, .play = play };
	session->messages = (struct allowance){ SESSION_MESSAGES_PER_SECOND, now };
	session->chats = (struct allowance){ SESSION_CHATS_AT_ONCE, now };
	arrival.id = play_new_id(play);
	r = play_enter(play, &arrival, &session->player);
	if (r < 0) {
		*session = (struct session){ 0 };
		return r;
	}
	session->next = play->sessions;
	play->sessions = session;
	welcome(session);
	return 0;
}

static void leave(struct session *session)
{
	struct player *player = session->player;

	session->player = NULL;
	if (player)
		play_leave(session->play, player);
}

void session_end(struct session *session)
{
	struct session **at;

	if (!session->wsi)
		return;
	leave(session);
	at = &session->play->sessions;
	while (*at && *at != session)
		at = &(*at)->next;
	if (*at)
		*at = session->next;
	packet_line_clear(&session->line);
	packet_put(session->state);
	free(session->partial);
	*session = (struct session){ 0 };
}

void session_move(struct session *session)
{
	struct packet_draft draft;

	leave(session);
	if (packet_begin(&draft)) {
		(void)fputs("{\"t\":\"moved\"}", draft.out);
		send_draft(session, &draft);
	}
	session_close(session, CLOSE_SERVICE_RESTART);
}
