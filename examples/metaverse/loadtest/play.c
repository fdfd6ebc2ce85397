/* SPDX-License-Identifier: Apache-2.0 */
/*
 * play.c - the game by UDP: HELLO until there is a WELCOME, then a position 20 times a second, each of which wants its ACK.
 *
 * Positions go out at their times whatever was answered. A position without an answer is lost, whichever of the two did not arrive,
 * unless its replica ended: then it counts with those that could not even be sent until a replica said WELCOME. That a replica ended
 * is seen by what a position gets: another one does not know the player (MOVED), or nobody has the port. The name proves nothing when it
 * is the same, since one that was started again has the name that it had. A new seat is asked for from a new port: the host keeps a flow
 * at its replica as long as the flow lives.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "course.h"
#include "game/bytes.h"

#define HELLO_SIZE 300
#define HELLO_US 250000  /* between two HELLOs */
#define HELLOS_A_PORT 3  /* then from another one */
#define STEP_LENGTH 0.1f /* cells that one walks between two positions */

enum { HELLO = 1, WELCOME, POS, ACK, STATE, BYE, MOVED };

static void header(struct writer *out, uint8_t type)
{
	write_bytes(out, "CG\1", 3);
	write_u8(out, type);
}

/* ---- a socket ---------------------------------------------------------------------------------------------------- */

static void port_close(struct game *game)
{
	if (game->fd < 0)
		return;
	ev_io_stop(game->student->course->loop, &game->io);
	close(game->fd);
	game->fd = -1;
}

/* addresses only: a name would stop the loop while it is looked up */
static int port_open(struct game *game)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_port = htons((uint16_t)game->student->game.port) };
	int one = 1;

	port_close(game);
	if (inet_pton(AF_INET, game->student->game.host, &to.sin_addr) != 1)
		return -EINVAL;
	game->fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (game->fd < 0)
		return -errno;
	(void)setsockopt(game->fd, SOL_SOCKET, SO_TIMESTAMPNS, &one, sizeof(one));
	if (connect(game->fd, (const struct sockaddr *)&to, sizeof(to)) < 0) {
		port_close(game);
		return -ENETUNREACH;
	}
	ev_io_set(&game->io, game->fd, EV_READ);
	ev_io_start(game->student->course->loop, &game->io);
	return 0;
}

/* ---- HELLO ------------------------------------------------------------------------------------------------------- */

static void send_hello(struct game *game)
{
	const struct student *student = game->student;
	const char *room = student->room;
	uint8_t data[1024] = { 0 };
	struct writer out = { .data = data, .size = sizeof(data) };

	header(&out, HELLO);
	write_u16(&out, (uint16_t)strlen(student->token));
	write_bytes(&out, student->token, strlen(student->token));
	write_u8(&out, (uint8_t)strlen(room));
	write_bytes(&out, room, strlen(room));
	/* what is refused now is tried again by the timer */
	(void)send(game->fd, data, out.length < HELLO_SIZE ? HELLO_SIZE : out.length, 0);
}

static void on_hello(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct game *game = timer->data;
	struct result *result = game->student->course->result;
	uint64_t now = clock_us();
	char words[WORDS_MAX];

	(void)events;
	if (game->hellos > 0) {
		(void)snprintf(words, sizeof(words), "%s: no WELCOME", game->student->name);
		result_failed(result, STEP_HELLO, KIND_TIMEOUT, words);
	}
	if (now - game->intended_us > GIVE_UP_US) {
		student_drop(game->student, SERVICE_GAME);
		return;
	}
	if (game->fd < 0 || game->hellos % HELLOS_A_PORT == 0) {
		int r = port_open(game);

		if (r < 0)
			result_failed(result, STEP_HELLO, KIND_OTHER, strerror(-r));
	}
	game->hellos++;
	if (game->fd >= 0)
		send_hello(game);
	timer_at(loop, timer, now + HELLO_US);
}

void game_join(struct game *game, uint64_t intended_us)
{
	game->intended_us = intended_us;
	game->hellos = 0;
	timer_at(game->student->course->loop, &game->hello, intended_us);
}

/* what was under way is the interruption's; who is to blame is known when somebody says WELCOME */
static void game_lost(struct game *game, enum cause cause)
{
	struct course *course = game->student->course;

	if (!game->has_joined || course->over)
		return;
	for (size_t i = 0; i < WINDOW; i++) {
		game->pending += game->window[i].open;
		game->window[i].open = false;
	}
	course->result->rejoins[SERVICE_GAME][cause]++;
	course->online--;
	game->has_joined = false;
	game->told = cause != CAUSE_SILENT;
	game_join(game, clock_us());
}

static void take_welcome(struct game *game, struct reader *in)
{
	struct student *student = game->student;
	struct course *course = student->course;
	char replica[REPLICA_NAME];

	if (game->has_joined)
		return; /* to a HELLO that was sent twice */
	game->id = read_u32(in);
	game->cookie = read_u64(in);
	read_text(in, replica, read_u8(in), sizeof(replica) - 1);
	if (in->overrun) {
		result_failed(course->result, STEP_HELLO, KIND_WRONG,
			      "a WELCOME that is too short");
		return;
	}
	ev_timer_stop(course->loop, &game->hello);
	game->has_joined = true;
	game->has_tick = false;
	course->online++;
	if (game->ever) {
		result_ok(course->result, STEP_REJOIN, game->intended_us, NULL);
		if (game->told || strcmp(replica, game->replica) != 0)
			course->result->lost_with_replica += game->pending;
		else
			course->result->lost += game->pending;
		game->pending = 0;
	} else {
		result_ok(course->result, STEP_HELLO, game->intended_us, NULL);
		game->ever = student->arrived = true;
		course->result->arrived++;
		game->next_us = clock_us();
		timer_at(course->loop, &game->timer, game->next_us);
	}
	(void)snprintf(game->replica, sizeof(game->replica), "%s", replica);
	game->heard_us = clock_us();
}

/* ---- positions --------------------------------------------------------------------------------------------------- */

static void walk(struct game *game)
{
	struct student *student = game->student;
	float side = (float)student->course->map_size - 1;

	/* a step aside, ahead or none at each position; where one looks is chosen by itself, and mostly stays */
	if (student_random(student, 10) == 0)
		game->dir = (float)student_random(student, 8) * 0.785398f;
	game->x += STEP_LENGTH * (1 - (float)student_random(student, 3));
	game->y += STEP_LENGTH * (1 - (float)student_random(student, 3));
	game->x = game->x < 0 ? 0 : game->x > side ? side : game->x;
	game->y = game->y < 0 ? 0 : game->y > side ? side : game->y;
}

static void send_position(struct game *game, uint64_t intended_us)
{
	struct result *result = game->student->course->result;
	struct position *position = &game->window[game->seq % WINDOW];
	uint8_t data[64];
	struct writer out = { .data = data, .size = sizeof(data) };
	uint64_t now = clock_us();

	result->sent++;
	if (!game->has_joined) {
		game->pending++;
		return;
	}
	result->lost += position->open; /* 3 seconds ago */
	walk(game);
	header(&out, POS);
	write_u32(&out, game->id);
	write_u64(&out, game->cookie);
	write_u32(&out, game->seq++);
	write_u64(&out, now);
	write_f32(&out, game->x);
	write_f32(&out, game->y);
	write_f32(&out, game->dir);
	*position = (struct position){ .intended_us = intended_us, .sent_us = now, .open = true };
	hist_add(&result->late, now - intended_us);
	/* ECONNREFUSED is of an earlier one */
	if (send(game->fd, data, out.length, 0) < 0 && errno == ECONNREFUSED)
		game_lost(game, CAUSE_CLOSED);
}

static void take_ack(struct game *game, struct reader *in, uint64_t came_us)
{
	struct result *result = game->student->course->result;
	uint32_t id = read_u32(in), seq = read_u32(in);
	struct position *position = &game->window[seq % WINDOW];
	uint64_t sent_us = read_u64(in);

	if (in->overrun || id != game->id || !game->has_joined || !position->open ||
	    sent_us != position->sent_us)
		return;
	position->open = false;
	result->answered++;
	/* also over the end of a replica */
	if (game->answered_us && came_us > game->answered_us &&
	    came_us - game->answered_us > result->longest_gap_us)
		result->longest_gap_us = came_us - game->answered_us;
	game->heard_us = game->answered_us = came_us;
	result_between(result, STEP_MOVE, position->intended_us, came_us, game->replica);
	result_between(result, STEP_WIRE, position->sent_us, came_us, NULL);
}

static void take_state(struct game *game, struct reader *in, size_t size, uint64_t now)
{
	struct result *result = game->student->course->result;
	uint32_t tick = read_u32(in);
	unsigned players = read_u16(in);

	if (in->overrun || in->left < (size_t)players * 16)
		return;
	result->states++;
	result->state_bytes += size;
	if (game->has_tick && tick == game->tick) {
		game->counting += players;
		return;
	}
	if (game->has_tick) {
		/* a room in which nobody moves has none: only neighbours tell how regular they are */
		if (tick == game->tick + 1)
			result_between(result, STEP_TICK, game->tick_us, now, NULL);
		game->seen = game->counting;
	}
	game->has_tick = true;
	game->tick = tick;
	game->tick_us = now;
	game->counting = players;
}

static void take(struct game *game, const uint8_t *data, size_t size, uint64_t came_us)
{
	struct reader in = { .at = data, .left = size };
	char magic[3] = "";

	read_bytes(&in, magic, sizeof(magic));
	if (in.overrun || memcmp(magic, "CG\1", sizeof(magic)) != 0)
		return;
	switch (read_u8(&in)) {
	case WELCOME:
		take_welcome(game, &in);
		break;
	case ACK:
		take_ack(game, &in, came_us);
		break;
	case STATE:
		take_state(game, &in, size, came_us);
		break;
	case MOVED:
		game_lost(game, CAUSE_MOVED);
		break;
	default:
		break;
	}
}

/* of our clock, from the kernel's note of when the datagram came: how late this program gets to it is not the server's fault */
static uint64_t arrival_us(struct msghdr *msg)
{
	struct timespec came = { 0 }, now = { 0 };
	int64_t ago = 0;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c))
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPNS) {
			memcpy(&came, CMSG_DATA(c), sizeof(came));
			(void)clock_gettime(CLOCK_REALTIME, &now);
			ago = (now.tv_sec - came.tv_sec) * 1000000 +
			      (now.tv_nsec - came.tv_nsec) / 1000;
		}
	/* that clock may be set meanwhile */
	return clock_us() - (ago > 0 && ago < 10000000 ? (uint64_t)ago : 0);
}

static void receive(struct game *game)
{
	uint8_t data[2048];
	union {
		char bytes[CMSG_SPACE(sizeof(struct timespec))];
		struct cmsghdr aligned;
	} control;
	struct iovec to = { data, sizeof(data) };
	ssize_t n = 0;

	while (game->fd >= 0) {
		struct msghdr msg = { .msg_iov = &to,
				      .msg_iovlen = 1,
				      .msg_control = &control,
				      .msg_controllen = sizeof(control) };

		n = recvmsg(game->fd, &msg, 0);
		if (n < 0)
			break;
		take(game, data, (size_t)n, arrival_us(&msg));
	}
	if (n < 0 && errno == ECONNREFUSED)
		game_lost(game, CAUSE_CLOSED);
}

static void on_datagram(struct ev_loop *loop, ev_io *io, int events)
{
	(void)loop;
	(void)events;
	receive(io->data);
}

static void on_position(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct game *game = timer->data;
	const struct options *options = game->student->course->options;
	uint64_t now = clock_us();

	(void)events;
	if (game->has_joined && now - game->heard_us > options->silence * 1000ull) {
		receive(game); /* what waits to be read is not silence */
		if (game->has_joined && now - game->heard_us > options->silence * 1000ull)
			game_lost(game, CAUSE_SILENT);
	}
	for (; game->next_us <= now; game->next_us += 1000000 / options->rate) {
		if (options->positions && game->positions++ == options->positions) {
			course_finished(game->student->course);
			return;
		}
		send_position(game, game->next_us);
	}
	timer_at(loop, timer, game->next_us);
}

/* ---- begin and end ----------------------------------------------------------------------------------------------- */

void game_init(struct game *game, struct student *student)
{
	game->student = student;
	game->fd = -1;
	game->x = (float)(student->number * 7 % 60);
	game->y = (float)(student->number * 11 % 60);
	ev_init(&game->io, on_datagram);
	ev_init(&game->timer, on_position);
	ev_init(&game->hello, on_hello);
	game->io.data = game->timer.data = game->hello.data = game;
}

void game_stop(struct game *game)
{
	ev_timer_stop(game->student->course->loop, &game->timer);
	ev_timer_stop(game->student->course->loop, &game->hello);
}

void game_leave(struct game *game)
{
	struct course *course = game->student->course;
	uint8_t data[32];
	struct writer out = { .data = data, .size = sizeof(data) };

	for (size_t i = 0; i < WINDOW; i++) {
		course->result->lost += game->window[i].open;
		game->window[i].open = false;
	}
	/* interrupted, and nobody had said WELCOME when the class was over */
	course->result->lost += game->pending;
	game->pending = 0;
	if (game->has_joined) {
		game->has_joined = false;
		course->online--;
		header(&out, BYE);
		write_u32(&out, game->id);
		write_u64(&out, game->cookie);
		(void)send(game->fd, data, out.length, 0);
	}
	port_close(game);
}
