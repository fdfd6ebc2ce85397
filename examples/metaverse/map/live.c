/* SPDX-License-Identifier: Apache-2.0 */
/*
 * live.c - see live.h. A message for many is made once and counted; whoever does not read what he is sent is closed, so
 * that the memory of one process is bounded whatever its clients do.
 */
#include "map/live.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/json.h"
#include "common/metrics.h"
#include "map/message.h"
#include "map/room.h"

#define QUEUE_MAX 512    /* messages that a user has not yet read */
#define TEXT_MAX 512     /* bytes of a message from a user */
#define SETS_BURST 200.0 /* edits at once */
#define SETS_RATE 50.0   /* edits per second in the long run */
#define CLOSE_SERVICE_RESTART \
	1012 /* RFC 6455 7.4 and its registry; libwebsockets 4.1 has no name for it */

struct open_map {
	struct live *live;
	struct room room;
	struct user *users;
	bool folds; /* the saver is at it */
	struct open_map *next;
};

struct user {
	struct lws *wsi;
	struct open_map *map;
	char name[TOKEN_NAME_MAX + 1];
	struct message *queue[QUEUE_MAX]; /* a ring */
	unsigned first, count;
	char text[TEXT_MAX + 1];
	size_t length;
	double allowance, since; /* edits, seconds */
	bool was_moved;          /* closed when the queue is empty */
	bool is_slow;            /* closed at once */
	bool is_refused;         /* was closed, and is not gone yet */
	struct user *next;       /* of the map */
};

struct live {
	const struct store *store;
	struct saver *saver;
	const char *replica;
	struct open_map *maps;
	unsigned users;
};

/* ---- messages ---- */

/* At the loop's next turn, without a close frame: there is no room for one. */
static void cut(struct user *user)
{
	user->is_slow = true;
	lws_set_timeout(user->wsi, PENDING_TIMEOUT_USER_REASON_BASE, LWS_TO_KILL_ASYNC);
}

static void send_to(struct user *user, struct message *message)
{
	if (!message || user->is_slow || user->was_moved || user->is_refused)
		return;
	if (user->count == QUEUE_MAX) {
		cut(user);
		return;
	}
	message->holders++;
	user->queue[(user->first + user->count++) % QUEUE_MAX] = message;
	(void)lws_callback_on_writable(user->wsi);
}

static void send_to_all(const struct open_map *map, struct message *message)
{
	for (struct user *user = map->users; user; user = user->next)
		send_to(user, message);
}

static void send_error(struct user *user, const char *words)
{
	struct message *message;
	struct draft draft;

	if (!draft_begin(&draft, "error"))
		return;
	(void)fputs(",\"error\":", draft.out);
	json_write_string(draft.out, words);
	message = draft_end(&draft);
	send_to(user, message);
	message_release(message);
}

/* Between the elements of a list; there is none before the first. */
struct list {
	FILE *out;
	const char *comma;
};

static void put_change(void *context, uint32_t x, uint32_t y, uint8_t tile)
{
	struct list *list = context;

	(void)fprintf(list->out, "%s[%u,%u,%u]", list->comma, x, y, tile);
	list->comma = ",";
}

static void put_state(FILE *out, const struct open_map *map)
{
	struct list list = { .out = out, .comma = "" };

	(void)fprintf(out,
		      ",\"map\":\"%s\",\"version\":%" PRIu64 ",\"size\":%u,\"n\":%" PRIu64
		      ",\"edits\":[",
		      map->room.doc.name, map->room.doc.version, map->room.doc.size,
		      map->room.journal.lines);
	room_changes(&map->room, put_change, &list);
	(void)fputc(']', out);
}

static void put_users(FILE *out, const struct open_map *map)
{
	(void)fputs(",\"scope\":\"replica\",\"users\":[", out);
	for (const struct user *user = map->users; user; user = user->next)
		(void)fprintf(out, "\"%s\"%s", user->name, user->next ? "," : "");
	(void)fputc(']', out);
}

static struct message *who(const struct open_map *map, bool is_welcome)
{
	struct draft draft;

	if (!draft_begin(&draft, is_welcome ? "welcome" : "who"))
		return NULL;
	(void)fputs(",\"replica\":", draft.out);
	json_write_string(draft.out, map->live->replica);
	if (is_welcome)
		put_state(draft.out, map);
	put_users(draft.out, map);
	return draft_end(&draft);
}

static void send_who(struct user *user, bool is_welcome)
{
	struct message *message = who(user->map, is_welcome);

	if (!message)
		cut(user); /* without it the user knows nothing: better to connect again */
	send_to(user, message);
	message_release(message);
}

/* ---- maps ---- */

static void on_edited(void *context, const struct edit *edit, uint64_t line)
{
	struct open_map *map = context;
	struct message *message;
	struct draft draft;

	if (!draft_begin(&draft, "set"))
		return;
	(void)fprintf(draft.out, ",\"x\":%u,\"y\":%u,\"tile\":%u,\"by\":\"%s\",\"n\":%" PRIu64,
		      edit->x, edit->y, edit->tile, edit->by, line);
	message = draft_end(&draft);
	send_to_all(map, message);
	message_release(message);
}

static void on_replaced(void *context)
{
	struct open_map *map = context;
	struct message *message;
	struct draft draft;

	map->folds = false;
	if (!draft_begin(&draft, "map"))
		return;
	put_state(draft.out, map);
	message = draft_end(&draft);
	send_to_all(map, message);
	message_release(message);
}

static struct open_map *find(const struct live *live, const char *name)
{
	for (struct open_map *map = live->maps; map; map = map->next)
		if (strcmp(map->room.doc.name, name) == 0)
			return map;
	return NULL;
}

static int open_map(struct live *live, const char *name, struct open_map **ret_map)
{
	struct open_map *map = calloc(1, sizeof(*map));
	int r;

	if (!map)
		return -ENOMEM;
	map->live = live;
	r = room_open(&map->room, live->store, name,
		      &(struct room_events){
			      .edited = on_edited, .replaced = on_replaced, .context = map });
	if (r < 0) {
		room_close(&map->room);
		free(map);
		return r;
	}
	map->next = live->maps;
	live->maps = map;
	*ret_map = map;
	return 0;
}

static void close_map(struct open_map *map)
{
	struct open_map **at = &map->live->maps;

	while (*at != map)
		at = &(*at)->next;
	*at = map->next;
	room_close(&map->room);
	free(map);
}

/* One that failed may be tried again, with the next edit; on_replaced is for those that did not. */
static void on_folded(struct save *save)
{
	struct open_map *map = find(save->context, save->doc.name);

	if (save->result < 0 && map)
		map->folds = false;
}

/* The journal has grown long: the server itself saves the map as it is now. */
static void fold(struct open_map *map)
{
	size_t cells = (size_t)map->room.doc.size * map->room.doc.size;
	struct save *save;

	if (map->folds || map->room.journal.lines < ROOM_FOLD_LINES)
		return;
	save = calloc(1, sizeof(*save));
	if (!save)
		return;
	save->doc = map->room.doc;
	save->doc.edits = map->room.journal.lines;
	save->terms.is_fold = true;
	save->terms.version = map->room.doc.version;
	save->done = on_folded;
	save->context = map->live; /* which outlives the map, and all saves */
	save->doc.tiles = malloc(cells);
	if (!save->doc.tiles) {
		free(save);
		return;
	}
	memcpy(save->doc.tiles, map->room.tiles, cells);
	map->folds = true;
	saver_add(map->live->saver, save);
}

void live_changed(struct live *live, const char *name)
{
	for (struct open_map *map = live->maps; map; map = map->next)
		if (!name || strcmp(map->room.doc.name, name) == 0) {
			(void)room_follow(
				&map->room); /* what fails now is tried again with the next edit */
			fold(map);
		}
}

/* ---- users ---- */

struct live *live_new(const struct store *store, struct saver *saver, const char *replica)
{
	struct live *live = calloc(1, sizeof(*live));

	if (live)
		*live = (struct live){ .store = store, .saver = saver, .replica = replica };
	return live;
}

void live_free(struct live *live)
{
	free(live);
}

unsigned live_users(const struct live *live)
{
	return live->users;
}

int live_join(struct live *live, struct lws *wsi, const char *map_name, const char *name,
	      struct user **ret_user)
{
	struct open_map *map = find(live, map_name);
	struct user *user;
	int r = map ? 0 : open_map(live, map_name, &map);

	if (r < 0)
		return r;
	user = calloc(1, sizeof(*user));
	if (!user) {
		if (!map->users)
			close_map(map);
		return -ENOMEM;
	}
	user->wsi = wsi;
	user->map = map;
	(void)lws_strncpy(user->name, name, sizeof(user->name));
	user->allowance = SETS_BURST;
	user->since = clock_seconds();
	user->next = map->users;
	map->users = user;
	live->users++;
	send_who(user, true);
	*ret_user = user;
	return 0;
}

void live_leave(struct user *user)
{
	struct open_map *map = user->map;
	struct user **at = &map->users;

	while (*at != user)
		at = &(*at)->next;
	*at = user->next;
	map->live->users--;
	for (; user->count > 0; user->count--, user->first = (user->first + 1) % QUEUE_MAX)
		message_release(user->queue[user->first]);
	free(user);
	if (!map->users)
		close_map(map);
}

static bool may_set(struct user *user)
{
	double now = clock_seconds();

	user->allowance += (now - user->since) * SETS_RATE;
	user->since = now;
	if (user->allowance > SETS_BURST)
		user->allowance = SETS_BURST;
	if (user->allowance < 1.0)
		return false;
	user->allowance -= 1.0;
	return true;
}

/* -1: not there, or not a whole number in 0..@most */
static int number(const struct json *json, const char *member, int most)
{
	double value = 0;

	if (!json_number(json, member, &value) || value < 0 || value > most || value != (int)value)
		return -1;
	return (int)value;
}

static void on_set(struct user *user, const struct json *json)
{
	int x = number(json, "x", DOC_SIZE_MAX - 1), y = number(json, "y", DOC_SIZE_MAX - 1),
	    tile = number(json, "tile", 255);
	struct edit edit = { .x = (uint32_t)x, .y = (uint32_t)y, .tile = (uint8_t)tile };
	int r;

	if (x < 0 || y < 0 || tile < 0) {
		send_error(
			user,
			"set: x, y and tile must be whole numbers of the map; tile is at most 255");
		return;
	}
	if (!may_set(user)) {
		send_error(user, "set: too many edits, go slower");
		return;
	}
	memcpy(edit.by, user->name, sizeof(edit.by));
	r = room_set(&user->map->room, &edit);
	if (r == -ERANGE)
		send_error(user, "set: the map has no such cell");
	else if (r < 0)
		send_error(user, r == -ENOSPC ? "set: the disk is full"
					      : "set: cannot be kept now, try again");
	fold(user->map);
}

static void on_message(struct user *user, size_t length)
{
	CLEANUP_JSON struct json *json = json_parse(user->text, length);
	const char *kind = json ? json_string(json, "t") : NULL;

	if (kind && strcmp(kind, "set") == 0)
		on_set(user, json);
	else if (kind && strcmp(kind, "who") == 0)
		send_who(user, false);
	else
		send_error(user, "a message is {\"t\":\"set\",...} or {\"t\":\"who\"}");
}

static int refuse(struct user *user, enum lws_close_status status, const char *words)
{
	char reason[64];

	user->is_refused = true;
	(void)lws_strncpy(reason, words, sizeof(reason));
	lws_close_reason(user->wsi, status, (unsigned char *)reason, strlen(reason));
	return -1;
}

int live_receive(struct user *user, const char *text, size_t length, bool is_binary)
{
	if (user->is_refused)
		return 0;
	if (is_binary)
		return refuse(user, LWS_CLOSE_STATUS_UNACCEPTABLE_OPCODE, "text only");
	if (user->length + length > TEXT_MAX)
		return refuse(user, LWS_CLOSE_STATUS_MESSAGE_TOO_LARGE, "at most 512 bytes");
	memcpy(user->text + user->length, text, length);
	user->length += length;
	if (!lws_is_final_fragment(user->wsi) || lws_remaining_packet_payload(user->wsi) > 0)
		return 0;
	length = user->length;
	user->text[length] = '\0';
	user->length = 0;
	on_message(user, length);
	return 0;
}

int live_writable(struct user *user)
{
	struct message *message;
	int n;

	if (user->is_refused || user->is_slow)
		return 0; /* the close frame is on its way */
	if (user->count == 0)
		return user->was_moved
			       ? refuse(user, (enum lws_close_status)CLOSE_SERVICE_RESTART, "moved")
			       : 0;
	message = user->queue[user->first];
	user->first = (user->first + 1) % QUEUE_MAX;
	user->count--;
	n = lws_write(user->wsi, (unsigned char *)message->bytes + LWS_PRE, message->length,
		      LWS_WRITE_TEXT);
	message_release(message);
	if (n < 0)
		return -1;
	if (user->count > 0 || user->was_moved)
		(void)lws_callback_on_writable(user->wsi);
	return 0;
}

void live_move(struct live *live, unsigned count)
{
	struct message *message = NULL;
	struct draft draft;

	if (draft_begin(&draft, "moved"))
		message = draft_end(&draft);
	for (struct open_map *map = live->maps; map; map = map->next)
		for (struct user *user = map->users; user && count > 0; user = user->next) {
			if (user->was_moved)
				continue;
			send_to(user, message);
			user->was_moved = true;
			(void)lws_callback_on_writable(user->wsi);
			count--;
		}
	message_release(message);
}
