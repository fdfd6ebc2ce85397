/* SPDX-License-Identifier: Apache-2.0 */
/*
 * message.c - see message.h.
 */
#include <errno.h>
#include <stdio.h>

#include "common/json.h"
#include "game/message.h"

static const char *parse_pos(const struct json *json, struct message *out)
{
	double x = 0, y = 0, dir = 0;

	if (!json_number(json, "x", &x) || !json_number(json, "y", &y))
		return "pos: x and y are numbers";
	out->place.x = (float)x;
	out->place.y = (float)y;
	(void)json_number(json, "dir", &dir);
	out->place.dir = (float)dir;
	if (!place_valid(&out->place))
		return "pos: x, y and dir are between -1000000 and 1000000";
	return NULL;
}

static const char *parse_chat(const struct json *json, struct message *out)
{
	const char *text = json_string(json, "text");

	/* yajl lets half of a surrogate pair pass, and a browser ends the connection at a text frame with one */
	if (!text || !json_is_text(text, CHAT_MAX_LENGTH))
		return "chat: text is 1 to 500 bytes of UTF-8 without control characters";
	(void)snprintf(out->text, sizeof(out->text), "%s", text);
	return NULL;
}

static const char *parse(const struct json *json, struct message *out)
{
	const char *t = json_string(json, "t");

	(void)json_number(json, "ts", &out->ts);
	if (!t)
		return "t is pos, chat or ping";
	if (strcmp(t, "pos") == 0)
		return parse_pos(json, out);
	if (strcmp(t, "chat") == 0) {
		out->type = MESSAGE_CHAT;
		return parse_chat(json, out);
	}
	out->type = MESSAGE_PING;
	return strcmp(t, "ping") == 0 ? NULL : "t is pos, chat or ping";
}

int message_parse(const char *text, size_t length, struct message *ret, const char **ret_why)
{
	CLEANUP_JSON struct json *json = json_parse(text, length);

	memset(ret, 0, sizeof(*ret));
	*ret_why = json ? parse(json, ret) : "a message is a JSON object";
	return *ret_why ? -EINVAL : 0;
}

void message_welcome(FILE *out, const struct player *player, const char *replica)
{
	const struct player *other;
	const char *comma = "";

	(void)fputs("{\"t\":\"welcome\",\"replica\":", out);
	json_write_string(out, replica);
	/* names of players and rooms have nothing to escape */
	(void)fprintf(out, ",\"id\":%u,\"name\":\"%s\",\"room\":\"%s\",\"players\":[", player->id,
		      player->name, player->room->name);
	for (other = player->room->players; other; other = other->next_in_room) {
		if (other == player)
			continue;
		(void)fprintf(out,
			      "%s{\"id\":%u,\"name\":\"%s\",\"x\":%.9g,\"y\":%.9g,\"dir\":%.9g}",
			      comma, other->id, other->name, (double)other->place.x,
			      (double)other->place.y, (double)other->place.dir);
		comma = ",";
	}
	(void)fputs("]}", out);
}

void message_state(FILE *out, const struct room *room, uint32_t tick)
{
	const struct player *player;
	const char *comma = "";

	(void)fputs("{\"t\":\"state\",\"players\":[", out);
	for (player = room->players; player; player = player->next_in_room) {
		/* a thousandth of a cell is finer than any screen */
		(void)fprintf(out, "%s[%u,%.3f,%.3f,%.3f]", comma, player->id,
			      (double)player->place.x, (double)player->place.y,
			      (double)player->place.dir);
		comma = ",";
	}
	(void)fprintf(out, "],\"tick\":%u}", tick);
}

void message_join(FILE *out, const struct player *player)
{
	(void)fprintf(out, "{\"t\":\"join\",\"id\":%u,\"name\":\"%s\"}", player->id, player->name);
}

void message_leave(FILE *out, uint32_t id)
{
	(void)fprintf(out, "{\"t\":\"leave\",\"id\":%u}", id);
}

void message_chat(FILE *out, const char *from, const char *text)
{
	(void)fprintf(out, "{\"t\":\"chat\",\"from\":\"%s\",\"text\":", from);
	json_write_string(out, text);
	(void)fputc('}', out);
}

void message_pong(FILE *out, double ts)
{
	(void)fprintf(out, "{\"t\":\"pong\",\"ts\":%.17g}", ts);
}

void message_error(FILE *out, const char *why)
{
	(void)fputs("{\"t\":\"error\",\"error\":", out);
	json_write_string(out, why);
	(void)fputc('}', out);
}
