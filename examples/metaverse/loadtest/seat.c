/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seat.c - a WebSocket that a student wants to have: opened, and opened again when it is lost, until he leaves.
 */
#include <string.h>

#include "course.h"
#include "common/json.h"

#define WELCOME_S 15.0 /* a replica that took the connection and says nothing for so long is left */

static void on_message(void *ctx, const char *text, size_t length);
static void on_closed(void *ctx, enum kind kind, int code, const char *words);

static const struct socket_events events = { on_message, on_closed };

static void failed(struct seat *seat, enum kind kind, const char *why)
{
	struct student *student = seat->student;
	char words[WORDS_MAX];

	(void)snprintf(words, sizeof(words), "%s: %s", student->name, why);
	result_failed(student->course->result, seat->step, kind, words);
	if (clock_us() - seat->intended_us > GIVE_UP_US) {
		student_drop(student, step_service(seat->step));
		return;
	}
	timer_at(student->course->loop, &seat->timer,
		 clock_us() + (uint64_t)(backoff_s(student, seat->tries++) * 1e6));
}

static void try(struct seat *seat)
{
	struct student *student = seat->student;
	struct ev_loop *loop = student->course->loop;
	const struct options *options = student->course->options;
	char path[800];

	if (seat->step == STEP_LIVE)
		(void)snprintf(path, sizeof(path), "/maps/%s/live?token=%s", options->map,
			       student->token);
	else
		(void)snprintf(path, sizeof(path), "/play?room=%s&token=%s", student->room,
			       student->token);
	seat->moved = false;
	seat->socket = socket_open(student->course->sockets, seat->address->host,
				   seat->address->port, path, &events, seat);
	if (!seat->socket) {
		failed(seat, KIND_REFUSED, "the connection could not be begun");
		return;
	}
	timer_at(loop, &seat->timer, clock_us() + (uint64_t)(WELCOME_S * 1e6));
}

static void on_timer(struct ev_loop *loop, ev_timer *timer, int revents)
{
	struct seat *seat = timer->data;

	(void)loop;
	(void)revents;
	if (!seat->socket) {
		try(seat);
		return;
	}
	socket_close(seat->socket);
	seat->socket = NULL;
	failed(seat, KIND_TIMEOUT, "no welcome");
}

static void welcome(struct seat *seat, const struct json *json)
{
	struct result *result = seat->student->course->result;
	const char *replica = json_string(json, "replica");
	bool first = !seat->ever;

	ev_timer_stop(seat->student->course->loop, &seat->timer);
	seat->has_joined = seat->ever = true;
	if (first)
		result_ok(result, seat->step, seat->intended_us, replica);
	else
		result_ok(result, STEP_REJOIN, seat->intended_us, NULL);
	seat->joined(seat->student, first);
}

static void on_message(void *ctx, const char *text, size_t length)
{
	static const char state[] = "{\"t\":\"state\"";
	struct seat *seat = ctx;
	const char *type;

	/* 20 times a second, and nothing in it is looked at here */
	if (length >= sizeof(state) - 1 && memcmp(text, state, sizeof(state) - 1) == 0)
		return;
	CLEANUP_JSON struct json *json = json_parse(text, length);
	type = json ? json_string(json, "t") : NULL;
	if (!type) {
		result_failed(seat->student->course->result, seat->step, KIND_WRONG,
			      "a message that is no JSON object with \"t\"");
		return;
	}
	if (strcmp(type, "moved") == 0)
		seat->moved = true;
	else if (strcmp(type, "welcome") == 0 && !seat->has_joined)
		welcome(seat, json);
	else
		seat->message(seat->student, type, json);
}

static void on_closed(void *ctx, enum kind kind, int code, const char *words)
{
	struct seat *seat = ctx;
	struct course *course = seat->student->course;

	seat->socket = NULL;
	ev_timer_stop(course->loop, &seat->timer);
	if (!seat->wanted || course->over)
		return;
	if (!seat->has_joined) {
		failed(seat, kind, words);
		return;
	}
	seat->has_joined = false;
	course->result->rejoins[step_service(seat->step)]
			       [seat->moved || code == 1012 ? CAUSE_MOVED : CAUSE_CLOSED]++;
	seat->joined(seat->student, false); /* it is not any more */
	seat_open(seat, clock_us());
}

void seat_open(struct seat *seat, uint64_t intended_us)
{
	seat->wanted = true;
	seat->tries = 0;
	seat->intended_us = intended_us;
	seat->timer.data = seat;
	ev_set_cb(&seat->timer, on_timer);
	timer_at(seat->student->course->loop, &seat->timer, intended_us);
}

void seat_leave(struct seat *seat)
{
	bool was = seat->has_joined;

	ev_timer_stop(seat->student->course->loop, &seat->timer);
	seat->wanted = seat->has_joined = false;
	socket_close(seat->socket);
	seat->socket = NULL;
	if (was)
		seat->joined(seat->student, false);
}
