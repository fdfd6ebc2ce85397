/* SPDX-License-Identifier: Apache-2.0 */
/*
 * course.h - the class and its students: what each does, and when.
 *
 * A student comes within the ramp, asks where the servers are, logs in, fetches assets, opens the map, and plays until the end: by UDP at
 * a steady rate, and some with a page open too, in which they chat. Each step has the time at which it should begin, and
 * keeps it when it has to be tried again.
 */
#ifndef LOADTEST_COURSE_H
#define LOADTEST_COURSE_H

#include <ev.h>
#include <stdbool.h>
#include <stdint.h>

#include "http.h"
#include "result.h"
#include "socket.h"

#define GIVE_UP_US \
	20000000 /* a step that has not succeeded by then is not tried again: the student is dropped */
#define WINDOW 64 /* positions whose answers are waited for: 3 s of them */

struct json;

struct options {
	const char *host;
	uint32_t port; /* of login */
	uint32_t students, ramp, seconds, seed, rate, assets, pages, positions;
	uint32_t room_size;
	uint32_t silence; /* milliseconds */
	const char *map, *room, *password, *json;
	bool limits, quiet;
};

struct address {
	char host[128];
	unsigned port;
};

enum stage {
	STAGE_CONFIG,
	STAGE_LOGIN,
	STAGE_LIST,
	STAGE_ASSET,
	STAGE_MAP,
	STAGE_HEIGHT,
	STAGE_PLAY,
	STAGE_DROPPED
};

/** struct seat - a WebSocket that is opened again when it is lost: the map, or the page of the game. */
struct seat {
	struct student *student;
	enum step step;
	const struct address *address;
	void (*message)(struct student *student, const char *type, const struct json *json);
	void (*joined)(struct student *student, bool first);
	struct socket *socket;
	ev_timer timer; /* the next try, or the end of waiting for the welcome */
	uint64_t intended_us;
	unsigned tries;
	bool wanted, has_joined, ever, moved;
};

struct position {
	uint64_t intended_us, sent_us;
	bool open;
};

/** struct game - the player of a student, by UDP. */
struct game {
	struct student *student;
	int fd; /* -1: none */
	ev_io io;
	ev_timer timer;       /* the next position */
	ev_timer hello;       /* the next HELLO */
	uint64_t intended_us; /* of the HELLO */
	uint64_t next_us;     /* of the next position */
	uint64_t heard_us;    /* WELCOME or ACK */
	uint64_t answered_us; /* the last ACK; 0: none yet */
	unsigned hellos, positions;
	bool has_joined, ever, told; /* told: that the replica ended */
	uint32_t id, seq;
	uint64_t cookie;
	char replica[REPLICA_NAME];
	struct position window[WINDOW];
	uint64_t pending; /* positions without an answer in the interruption that is not over yet */
	float x, y, dir;
	uint32_t tick;
	uint64_t tick_us;
	bool has_tick;
	unsigned seen, counting; /* players in the last whole tick; in this one so far */
};

struct student {
	struct course *course;
	unsigned number;
	char name[33];
	uint64_t random;
	enum stage stage;
	ev_timer timer;
	uint64_t intended_us, ready_us;
	unsigned tries, fetched;
	struct http *http;
	char token[600], asset_id[65], room[33];
	struct address login, asset, map, game;
	struct seat live, page;
	struct game play;
	bool arrived, has_page;
	ev_timer edit, page_beat;
	uint64_t edit_us, chat_us, chat_next_us;
	unsigned edits, chats, beats;
};

struct course {
	struct ev_loop *loop;
	const struct options *options;
	struct result *result;
	struct sockets *sockets;
	struct student *students;
	unsigned map_size; /* cells of a side */
	unsigned online, lives, finished;
	ev_timer end; /* of the class: its owner's */
	bool over;
};

/** course_new - nobody comes before course_begin(). 0 or -errno. */
int course_new(struct course *course, struct ev_loop *loop, const struct options *options,
	       struct result *result);
void course_begin(struct course *course);
/** course_over - no more positions, edits or chats; what was sent may still be answered. */
void course_over(struct course *course);
/** course_finished - a student has sent all his positions; when all have, the timer `end` goes off. */
void course_finished(struct course *course);
/** course_leave - what has not been answered is lost; everybody says good-bye. */
void course_leave(struct course *course);
void course_free(struct course *course);

/** student_random - below @below. */
unsigned student_random(struct student *student, unsigned below);
/** student_named - NULL: none of this class. */
struct student *student_named(struct course *course, const char *name);
void student_drop(struct student *student, enum service service);
/** backoff_s - the pause before the next try, of 0.1 to 2 seconds, with some chance in it. */
double backoff_s(struct student *student, unsigned tries);

void seat_open(struct seat *seat, uint64_t intended_us);
void seat_leave(struct seat *seat);

void live_init(struct student *student);
void page_init(struct student *student);
void talk_stop(struct student *student);

void game_init(struct game *game, struct student *student);
void game_join(struct game *game, uint64_t intended_us);
void game_stop(struct game *game);
void game_leave(struct game *game);

/** timer_at - @timer goes off at @us of the monotonic clock. */
void timer_at(struct ev_loop *loop, ev_timer *timer, uint64_t us);

#endif
