/* SPDX-License-Identifier: Apache-2.0 */
/*
 * udp.c - see udp.h. Datagrams are taken and answered in batches: at 200 players a system call for each would be most of
 * the work.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>
#include <stdio.h>

#include "base/error.h"
#include "game/play.h"
#include "game/udp.h"
#include "game/udp_session.h"
#include "game/wire.h"

#define BATCH 64
#define BATCHES_AT_ONCE 8       /* then WebSockets have their turn */
#define SOCKET_BUFFER (1 << 20) /* bytes: a tick's worth of 200 players, many times */

struct udp {
	struct udp_setup setup;
	int fd;
	bool is_open;
	double heard;
	struct udp_sessions sessions;
	struct outbox outbox;
	uint8_t *states; /* the datagrams of a room's tick; kept for the next */
	size_t states_room;
	struct mmsghdr headers[BATCH];
	struct iovec parts[BATCH];
	union address from[BATCH];
	uint8_t requests[BATCH][WIRE_REQUEST_MAX];
};

static int bind_any(int family, uint16_t port)
{
	union address address = { .any.sa_family = (sa_family_t)family };
	int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), off = 0;
	socklen_t length = family == AF_INET6 ? sizeof(address.v6) : sizeof(address.v4);

	if (fd < 0)
		return -errno;
	if (family == AF_INET6) {
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
		address.v6.sin6_port = htobe16(port);
	} else {
		address.v4.sin_port = htobe16(port);
	}
	if (bind(fd, &address.any, length) < 0) {
		int saved = errno;

		(void)close(fd);
		return -saved;
	}
	return fd;
}

int udp_open(const struct udp_setup *setup, struct udp **ret, struct oci_error *err)
{
	struct udp *udp = calloc(1, sizeof(*udp));
	int size = SOCKET_BUFFER;
	uint32_t seed = 0;

	if (!udp)
		return err_nomem(err);
	udp->setup = *setup;
	udp->fd = bind_any(AF_INET6, setup->port);
	if (udp->fd == -EAFNOSUPPORT || udp->fd == -EADDRNOTAVAIL)
		udp->fd = bind_any(AF_INET, setup->port);
	if (udp->fd < 0) {
		int r = udp->fd;

		free(udp);
		return err_sys(err, -r, "bind UDP port %u", setup->port);
	}
	/* the kernel cuts it down to what it allows */
	(void)setsockopt(udp->fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	(void)setsockopt(udp->fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	(void)getrandom(&seed, sizeof(seed), 0);
	udp->sessions.seed = seed;
	udp->outbox.fd = udp->fd;
	*ret = udp;
	return 0;
}

int udp_fd(const struct udp *udp)
{
	return udp->fd;
}

uint16_t udp_port(const struct udp *udp, bool *ret_has_v6)
{
	union address address = { .any.sa_family = AF_UNSPEC };
	socklen_t length = sizeof(address);

	(void)getsockname(udp->fd, &address.any, &length);
	*ret_has_v6 = address.any.sa_family == AF_INET6;
	return be16toh(*ret_has_v6 ? address.v6.sin6_port : address.v4.sin_port);
}

double udp_silence(const struct udp *udp)
{
	return clock_seconds() - udp->heard;
}

/* ---- sessions -------------------------------------------------------------------------------------------------- */
static void let_go(struct udp *udp, struct udp_session *session)
{
	struct player *player = session->player;

	udp_session_remove(&udp->sessions, session);
	if (player)
		play_leave(udp->setup.play, player);
}

static void answer_sign(struct udp *udp, const union address *to, enum wire_type type)
{
	uint8_t sign[4];

	outbox_answer(&udp->outbox, to, sign, wire_sign(sign, type));
}

static void refuse(struct udp *udp)
{
	metric_add(&udp->setup.counts->refused, 1);
}

/* of a HELLO that was said already: the one who sent it has seen no WELCOME, or the network has doubled it */
static bool is_same(const struct udp_session *session, const char *name, const char *room)
{
	return session && strcmp(session->name, name) == 0 && strcmp(session->room, room) == 0;
}

/* @before: who has had this address; NULL: nobody */
static struct udp_session *begin(struct udp *udp, const union address *from,
				 struct udp_session *before, const char *name, const char *room)
{
	struct udp_session *session;

	if (before)
		let_go(udp, before);
	if (udp->sessions.waiting_count >= UDP_WAITING_MAX)
		let_go(udp, udp->sessions.waiting);
	session = calloc(1, sizeof(*session));
	if (!session)
		return NULL;
	session->address = *from;
	(void)snprintf(session->name, sizeof(session->name), "%s", name);
	(void)snprintf(session->room, sizeof(session->room), "%s", room);
	do
		session->id = play_new_id(udp->setup.play);
	while (udp_session_of_id(&udp->sessions, session->id));
	(void)getrandom(&session->cookie, sizeof(session->cookie), 0);
	udp_session_add(&udp->sessions, session);
	return session;
}

static void on_hello(struct udp *udp, const union address *from, const struct wire_request *hello,
		     size_t size)
{
	struct token_user user;
	struct udp_session *session;
	bool is_known;
	uint8_t welcome[OUTBOX_SMALL];
	size_t length = wire_welcome(welcome, sizeof(welcome), 0, 0, udp->setup.play->replica);

	if (!udp->is_open) {
		answer_sign(udp, from, WIRE_MOVED);
		return;
	}
	/* nothing may be made larger by being sent here: HELLO has to be the longer one, and has padding for it */
	if (length == 0 || length >= size ||
	    token_check(udp->setup.key, hello->token, (int64_t)time(NULL), &user) < 0) {
		refuse(udp);
		return;
	}
	session = udp_session_of_address(&udp->sessions, from);
	is_known = is_same(session, user.name, hello->room);
	/* who has a seat keeps it, however full the room is */
	if (!(is_known && session->player) && world_is_full(&udp->setup.play->world, hello->room)) {
		answer_sign(udp, from, WIRE_BYE);
		return;
	}
	if (!is_known)
		session = begin(udp, from, session, user.name, hello->room);
	if (!session)
		return;
	session->heard = clock_seconds();
	length = wire_welcome(welcome, sizeof(welcome), session->id, session->cookie,
			      udp->setup.play->replica);
	outbox_answer(&udp->outbox, from, welcome, length);
}

/* the session that a POS or BYE belongs to, by all three: id, cookie, address */
static struct udp_session *session_of(struct udp *udp, const union address *from,
				      const struct wire_request *request)
{
	struct udp_session *session = udp_session_of_id(&udp->sessions, request->id);

	if (!session) {
		if (request->type == WIRE_POS)
			answer_sign(udp, from, WIRE_MOVED);
		return NULL;
	}
	if (session->cookie != request->cookie) {
		refuse(udp);
		return NULL;
	}
	if (address_equal(&session->address, from))
		return session;
	/* whoever forwards for it gave it another port; it can show that this one is its own, by a HELLO */
	if (request->type == WIRE_POS)
		answer_sign(udp, from, WIRE_MOVED);
	return NULL;
}

static int start_playing(struct udp *udp, struct udp_session *session,
			 const struct wire_request *pos)
{
	struct arrival arrival = {
		.name = session->name,
		.room = session->room,
		.kind = PLAYER_UDP,
		.owner = session,
		.id = session->id,
		.place = pos->place,
	};
	struct player *player;
	int r = play_enter(udp->setup.play, &arrival, &player);

	if (r < 0)
		return r;
	session->seq = pos->seq;
	udp_session_play(&udp->sessions, session, player);
	return 0;
}

static void on_pos(struct udp *udp, const union address *from, const struct wire_request *pos)
{
	struct udp_session *session = session_of(udp, from, pos);
	uint8_t ack[OUTBOX_SMALL];

	if (!session)
		return;
	session->heard = clock_seconds();
	if (!session->player && start_playing(udp, session, pos) < 0) {
		let_go(udp, session);
		answer_sign(udp, from, WIRE_BYE);
		return;
	}
	/* one that was overtaken on its way is acknowledged, but it is not where the player is */
	if ((int32_t)(pos->seq - session->seq) > 0) {
		session->seq = pos->seq;
		world_move(session->player, &pos->place);
	}
	outbox_answer(&udp->outbox, from, ack, wire_ack(ack, sizeof(ack), pos));
}

static void on_bye(struct udp *udp, const union address *from, const struct wire_request *bye)
{
	struct udp_session *session = session_of(udp, from, bye);

	if (session)
		let_go(udp, session);
}

/* ---- datagrams ------------------------------------------------------------------------------------------------- */
static void take(struct udp *udp, const union address *from, const uint8_t *data, size_t size)
{
	struct wire_request request;

	if (wire_parse(data, size, &request) < 0) {
		refuse(udp);
		return;
	}
	switch (request.type) {
	case WIRE_HELLO:
		on_hello(udp, from, &request, size);
		break;
	case WIRE_POS:
		on_pos(udp, from, &request);
		break;
	default:
		on_bye(udp, from, &request);
	}
}

static int receive_batch(struct udp *udp)
{
	for (int i = 0; i < BATCH; i++) {
		udp->parts[i] =
			(struct iovec){ .iov_base = udp->requests[i], .iov_len = WIRE_REQUEST_MAX };
		udp->headers[i].msg_hdr = (struct msghdr){
			.msg_name = &udp->from[i],
			.msg_namelen = sizeof(udp->from[i]),
			.msg_iov = &udp->parts[i],
			.msg_iovlen = 1,
		};
	}
	return recvmmsg(udp->fd, udp->headers, BATCH, MSG_DONTWAIT, NULL);
}

static void count(struct udp *udp, int received)
{
	struct udp_counts *counts = udp->setup.counts;

	metric_add(&counts->received, received);
	metric_set(&counts->answered, (long long)udp->outbox.sent);
	metric_set(&counts->unsent, (long long)udp->outbox.unsent);
}

void udp_receive(struct udp *udp)
{
	int n = BATCH;

	for (int batch = 0; batch < BATCHES_AT_ONCE && n == BATCH; batch++) {
		n = receive_batch(udp);
		if (n <= 0)
			return;
		udp->heard = clock_seconds();
		for (int i = 0; i < n; i++) {
			/* longer than anything that is sent here */
			if (udp->headers[i].msg_hdr.msg_flags & MSG_TRUNC)
				refuse(udp);
			else
				take(udp, &udp->from[i], udp->requests[i], udp->headers[i].msg_len);
		}
		outbox_flush(&udp->outbox);
		count(udp, n);
	}
}

/* writes the room's STATEs one after the other, each WIRE_DATAGRAM_MAX after the last; returns how many there are */
static size_t write_states(struct udp *udp, struct room *room, uint32_t tick, size_t *ret_last)
{
	size_t many = (room->count + WIRE_STATE_PLAYERS - 1) / WIRE_STATE_PLAYERS, n = 0, done = 0;
	struct wire_player players[WIRE_STATE_PLAYERS];
	struct player *player = room->players;

	if (many > udp->states_room) {
		uint8_t *grown = realloc(udp->states, many * WIRE_DATAGRAM_MAX);

		if (!grown)
			return 0;
		udp->states = grown;
		udp->states_room = many;
	}
	for (; player && done < many; player = player->next_in_room) {
		players[n++] = (struct wire_player){ .id = player->id, .place = player->place };
		if (n < WIRE_STATE_PLAYERS && player->next_in_room)
			continue;
		*ret_last = wire_state(udp->states + done++ * WIRE_DATAGRAM_MAX, WIRE_DATAGRAM_MAX,
				       tick, players, n);
		n = 0;
	}
	return done;
}

void udp_send_state(struct udp *udp, struct room *room, uint32_t tick)
{
	const size_t full = 10 + WIRE_STATE_PLAYERS * 16;
	size_t last = 0, many = write_states(udp, room, tick, &last);
	const struct player *player;

	for (player = room->players; player; player = player->next_in_room) {
		const struct udp_session *session = player->owner;

		if (player->kind != PLAYER_UDP)
			continue;
		for (size_t i = 0; i < many; i++)
			outbox_add(&udp->outbox, &session->address,
				   udp->states + i * WIRE_DATAGRAM_MAX, i + 1 < many ? full : last);
	}
	outbox_flush(&udp->outbox); /* before the next room's are written there */
	count(udp, 0);
}

/* ---- ends ------------------------------------------------------------------------------------------------------ */
void udp_expire(struct udp *udp)
{
	struct udp_session *session, *next;
	double now = clock_seconds();

	for (session = udp->sessions.waiting; session; session = next) {
		next = session->next;
		if (now - session->heard > UDP_WAITING_SECONDS)
			let_go(udp, session);
	}
	for (session = udp->sessions.playing; session; session = next) {
		next = session->next;
		if (now - session->heard > UDP_SILENT_SECONDS)
			let_go(udp, session);
	}
}

void udp_set_open(struct udp *udp, bool open)
{
	udp->is_open = open;
}

size_t udp_move(struct udp *udp, size_t many)
{
	struct udp_session *session;

	while (many-- > 0 && (session = udp->sessions.playing) != NULL) {
		answer_sign(udp, &session->address, WIRE_MOVED);
		let_go(udp, session);
	}
	outbox_flush(&udp->outbox);
	return udp->sessions.playing_count;
}

void udp_close(struct udp *udp)
{
	struct udp_session *session;

	if (!udp)
		return;
	while ((session = udp->sessions.playing) != NULL ||
	       (session = udp->sessions.waiting) != NULL)
		let_go(udp, session);
	free(udp->states);
	free(udp);
}
