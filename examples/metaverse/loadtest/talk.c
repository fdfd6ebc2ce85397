/* SPDX-License-Identifier: Apache-2.0 */
/*
 * talk.c - what students do that others see: tiles set on the map, chats in the page. Measured until another student sees it, who may be at
 * another replica.
 */
#include <inttypes.h>
#include <string.h>

#include "course.h"
#include "common/json.h"

#define BEAT_US 250000 /* a page tells its position; every fourth time it pings too */
#define BEATS_PER_PING 4

/* 20 to 40 seconds from now */
static uint64_t now_and_then(struct student *student)
{
	return clock_us() + 20000000 + student_random(student, 20000) * 1000ull;
}

/* ---- the map ----------------------------------------------------------------------------------------------------- */

/* each student has cells of his own */
static void edit_make(const struct student *student, unsigned *x, unsigned *y, unsigned *tile)
{
	unsigned size = student->course->map_size;

	*x = student->number % size;
	*y = student->number / size % size;
	*tile = student->edits % 8;
}

static void on_edit(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct student *student = timer->data;
	struct course *course = student->course;
	unsigned x, y, tile;
	char text[128];

	(void)events;
	if (student->live.has_joined) {
		student->edits++;
		edit_make(student, &x, &y, &tile);
		(void)snprintf(text, sizeof(text), "{\"t\":\"set\",\"x\":%u,\"y\":%u,\"tile\":%u}",
			       x, y, tile);
		student->edit_us = clock_us();
		if (socket_send(student->live.socket, text) == 0)
			course->result->edits_due += course->lives - 1;
	}
	timer_at(loop, timer, now_and_then(student));
}

static void take_edit(struct student *student, const struct json *json)
{
	struct result *result = student->course->result;
	const char *by = json_string(json, "by");
	struct student *author = by ? student_named(student->course, by) : NULL;
	unsigned x, y, tile;
	double at_x, at_y, of;

	if (!author || author == student || !author->edit_us)
		return;
	edit_make(author, &x, &y, &tile);
	if (!json_number(json, "x", &at_x) || !json_number(json, "y", &at_y) ||
	    !json_number(json, "tile", &of) || at_x != x || at_y != y || of != tile)
		return;
	result->edits_shown++;
	result_ok(result, STEP_EDIT, author->edit_us, NULL);
}

static void live_message(struct student *student, const char *type, const struct json *json)
{
	const char *words;

	if (strcmp(type, "set") == 0) {
		take_edit(student, json);
	} else if (strcmp(type, "error") == 0) {
		words = json_string(json, "error");
		result_failed(student->course->result, STEP_EDIT, KIND_WRONG,
			      words ? words : "an error without words");
	}
}

static void live_joined(struct student *student, bool first)
{
	struct course *course = student->course;

	course->lives += student->live.has_joined ? 1 : -1u;
	if (!first)
		return;
	result_ok(course->result, STEP_READY, student->ready_us, NULL);
	timer_at(course->loop, &student->edit, now_and_then(student));
	game_join(&student->play, clock_us());
	if (student->has_page)
		seat_open(&student->page, clock_us());
}

void live_init(struct student *student)
{
	student->live = (struct seat){ .student = student,
				       .step = STEP_LIVE,
				       .address = &student->map,
				       .message = live_message,
				       .joined = live_joined };
	ev_init(&student->edit, on_edit);
	student->edit.data = student;
}

/* ---- the page ---------------------------------------------------------------------------------------------------- */

/* the other pages of the room */
static unsigned listeners(const struct student *student)
{
	const struct course *course = student->course;
	unsigned count = 0;

	for (unsigned i = 0; i < course->options->students; i++)
		count += course->students[i].page.has_joined && &course->students[i] != student &&
			 strcmp(course->students[i].room, student->room) == 0;
	return count;
}

static void chat(struct student *student, uint64_t now)
{
	char text[128];

	if (now < student->chat_next_us)
		return;
	student->chats++;
	student->chat_us = now;
	student->chat_next_us = now_and_then(student);
	(void)snprintf(text, sizeof(text), "{\"t\":\"chat\",\"text\":\"who has seen tile %u?\"}",
		       student->chats);
	if (socket_send(student->page.socket, text) == 0)
		student->course->result->chats_due += listeners(student);
}

static void on_beat(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct student *student = timer->data;
	const struct game *play = &student->play;
	uint64_t now = clock_us();
	char text[160];

	(void)events;
	timer_at(loop, timer, now + BEAT_US);
	if (!student->page.has_joined)
		return;
	(void)snprintf(text, sizeof(text),
		       "{\"t\":\"pos\",\"x\":%.2f,\"y\":%.2f,\"dir\":%.2f,\"seq\":%u}",
		       (double)play->x, (double)play->y, (double)play->dir, student->beats);
	(void)socket_send(student->page.socket, text);
	if (student->beats++ % BEATS_PER_PING == 0) {
		(void)snprintf(text, sizeof(text), "{\"t\":\"ping\",\"ts\":%.3f}",
			       (double)(now - student->course->result->begin_us) / 1000);
		(void)socket_send(student->page.socket, text);
	}
	chat(student, now);
}

static void page_message(struct student *student, const char *type, const struct json *json)
{
	struct result *result = student->course->result;
	const char *from, *text;
	struct student *author;
	unsigned number;
	double ts;

	if (strcmp(type, "pong") == 0 && json_number(json, "ts", &ts) && ts >= 0) {
		result_ok(result, STEP_PING, result->begin_us + (uint64_t)(ts * 1000), NULL);
	} else if (strcmp(type, "chat") == 0) {
		from = json_string(json, "from");
		text = json_string(json, "text");
		author = from ? student_named(student->course, from) : NULL;
		if (!author || author == student || !text ||
		    sscanf(text, "who has seen tile %u?", &number) != 1 || number != author->chats)
			return;
		result->chats_shown++;
		result_ok(result, STEP_CHAT, author->chat_us, NULL);
	} else if (strcmp(type, "error") == 0) {
		text = json_string(json, "error");
		result_failed(result, STEP_CHAT, KIND_WRONG,
			      text ? text : "an error without words");
	}
}

static void page_joined(struct student *student, bool first)
{
	struct course *course = student->course;

	if (!first)
		return;
	student->chat_next_us = now_and_then(student);
	timer_at(course->loop, &student->page_beat, clock_us() + student_random(student, BEAT_US));
}

void page_init(struct student *student)
{
	student->page = (struct seat){ .student = student,
				       .step = STEP_PAGE,
				       .address = &student->game,
				       .message = page_message,
				       .joined = page_joined };
	ev_init(&student->page_beat, on_beat);
	student->page_beat.data = student;
}

void talk_stop(struct student *student)
{
	ev_timer_stop(student->course->loop, &student->edit);
	ev_timer_stop(student->course->loop, &student->page_beat);
}
