/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bus.c - see bus.h. Nothing here waits: a replica that does not read loses news, and gets all players once it does.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <stdio.h>

#include "base/error.h"
#include "base/mem.h"
#include "game/bus.h"
#include "game/play.h"

#define PEERS_MAX 64
#define PEER_SILENT_SECONDS 4 /* then its players have left; it says something each second */
#define DATAGRAMS_AT_ONCE 64
#define SUFFIX ".sock"

struct bus_peer {
	struct bus_peer *next;
	struct sockaddr_un address;
	uint32_t round; /* its last BEGIN */
	bool behind;    /* it needs all players */
	double heard;   /* clock_seconds() */
	char name[BUS_REPLICA_MAX + 1];
};

struct bus {
	struct play *play;
	struct bus_counts *counts;
	const char *folder;
	int fd, folder_fd;
	uint32_t round;
	size_t peer_count;
	struct bus_peer *peers;
	struct bus_batch all; /* kept for its memory */
	struct sockaddr_un own;
	uint8_t datagram[BUS_DATAGRAM_MAX];
};

int bus_fd(const struct bus *bus)
{
	return bus->fd;
}

int bus_folder_fd(const struct bus *bus)
{
	return bus->folder_fd;
}

/* ---- players of others ----------------------------------------------------------------------------------------- */
/* those of the peer who were not named since its last BEGIN, or all */
static void forget_players(struct bus *bus, const struct bus_peer *peer, bool all)
{
	struct player *player, *next;

	for (size_t i = 0; i < WORLD_BUCKETS; i++)
		for (player = bus->play->world.buckets[i]; player; player = next) {
			next = player->next_in_bucket;
			if (player->kind == PLAYER_REMOTE && player->owner == peer &&
			    (all || player->round != peer->round))
				play_leave(bus->play, player);
		}
}

/* the player that a record names, if it is this peer's */
static struct player *player_of(struct bus *bus, const struct bus_peer *peer, uint32_t id)
{
	struct player *player = world_find(&bus->play->world, id);

	return player && player->kind == PLAYER_REMOTE && player->owner == peer ? player : NULL;
}

static void on_place(struct player *player, const struct place *place)
{
	if (player->place.x != place->x || player->place.y != place->y ||
	    player->place.dir != place->dir)
		world_move(player, place);
}

static void on_join(struct bus *bus, struct bus_peer *peer, const struct bus_record *join)
{
	struct arrival arrival = {
		.name = join->name,
		.room = join->room,
		.kind = PLAYER_REMOTE,
		.owner = peer,
		.id = join->id,
		.place = join->place,
	};
	struct player *player = player_of(bus, peer, join->id);

	if (player)
		on_place(player, &join->place);
	else if (play_enter(bus->play, &arrival, &player) < 0)
		return;
	player->round = peer->round;
}

static void on_record(struct bus *bus, struct bus_peer *peer, const struct bus_record *record)
{
	struct player *player;

	switch (record->type) {
	case BUS_JOIN:
		on_join(bus, peer, record);
		break;
	case BUS_PLACE:
		player = player_of(bus, peer, record->id);
		if (player)
			on_place(player, &record->place);
		break;
	case BUS_LEAVE:
		player = player_of(bus, peer, record->id);
		if (player)
			play_leave(bus->play, player);
		break;
	case BUS_CHAT:
		play_chat(bus->play, record->room, record->name, record->text, false);
		break;
	case BUS_BEGIN:
		peer->round = record->id;
		break;
	case BUS_END:
		if (record->id == peer->round)
			forget_players(bus, peer, false);
		break;
	}
}

/* ---- peers ----------------------------------------------------------------------------------------------------- */
static int address_of(const char *folder, const char *prefix, const char *name,
		      struct sockaddr_un *ret)
{
	int n;

	*ret = (struct sockaddr_un){ .sun_family = AF_UNIX };
	n = snprintf(ret->sun_path, sizeof(ret->sun_path), "%s/%s%s" SUFFIX, folder, prefix, name);
	return n < 0 || (size_t)n >= sizeof(ret->sun_path) ? -ENAMETOOLONG : 0;
}

static struct bus_peer *peer_get(struct bus *bus, const char *name)
{
	struct bus_peer *peer;

	for (peer = bus->peers; peer; peer = peer->next)
		if (strcmp(peer->name, name) == 0)
			return peer;
	if (bus->peer_count >= PEERS_MAX || strcmp(name, bus->play->replica) == 0)
		return NULL;
	peer = calloc(1, sizeof(*peer));
	if (!peer)
		return NULL;
	if (address_of(bus->folder, "", name, &peer->address) < 0) {
		free(peer);
		return NULL;
	}
	(void)snprintf(peer->name, sizeof(peer->name), "%s", name);
	peer->behind = true;
	peer->heard = clock_seconds();
	peer->next = bus->peers;
	bus->peers = peer;
	metric_set(&bus->counts->peers, (long long)++bus->peer_count);
	return peer;
}

static void peer_remove(struct bus *bus, struct bus_peer *peer)
{
	struct bus_peer **at = &bus->peers;

	forget_players(bus, peer, true);
	while (*at && *at != peer)
		at = &(*at)->next;
	if (*at)
		*at = peer->next;
	metric_set(&bus->counts->peers, (long long)--bus->peer_count);
	free(peer);
}

/* ---- the folder ------------------------------------------------------------------------------------------------ */
static int socket_at(const struct sockaddr_un *address)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd >= 0 && bind(fd, (const struct sockaddr *)address, sizeof(*address)) < 0) {
		int saved = errno;

		(void)close(fd);
		return -saved;
	}
	return fd < 0 ? -errno : fd;
}

/* whether somebody has the socket of this name open */
static bool is_alive(const struct sockaddr_un *address)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	bool alive =
		fd >= 0 && connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0;

	if (fd >= 0)
		(void)close(fd);
	return alive;
}

/* The name appears when its socket can be sent to, not before: others take one that refuses for a dead one's. */
static int appear(struct bus *bus)
{
	struct sockaddr_un early;
	int fd, r = address_of(bus->folder, ".", bus->play->replica, &early);

	if (r < 0)
		return r;
	(void)unlink(early.sun_path);
	fd = socket_at(&early);
	if (fd < 0)
		return fd;
	if (rename(early.sun_path, bus->own.sun_path) < 0) {
		r = -errno;
		(void)close(fd);
		return r;
	}
	return fd;
}

static void look_at(struct bus *bus, const char *entry)
{
	size_t length = strlen(entry), suffix = sizeof(SUFFIX) - 1;
	char name[BUS_REPLICA_MAX + 1];

	if (entry[0] == '.' || length <= suffix || length - suffix > BUS_REPLICA_MAX ||
	    strcmp(entry + length - suffix, SUFFIX) != 0)
		return;
	memcpy(name, entry, length - suffix);
	name[length - suffix] = '\0';
	(void)peer_get(bus, name);
}

static void look_around(struct bus *bus)
{
	DIR *dir = opendir(bus->folder);
	struct dirent *entry;

	if (!dir)
		return;
	while ((entry = readdir(dir)) != NULL)
		look_at(bus, entry->d_name);
	(void)closedir(dir);
}

/* Somebody took the socket for a dead one, or tidied up; the number stays the same for who watches it. */
static void appear_again(struct bus *bus)
{
	int fd;

	if (access(bus->own.sun_path, F_OK) == 0)
		return;
	fd = appear(bus);
	if (fd < 0)
		return;
	(void)dup3(fd, bus->fd, O_CLOEXEC);
	(void)close(fd);
}

void bus_look(struct bus *bus)
{
	char events[4096] __attribute__((aligned(__alignof__(struct inotify_event))));

	/* what it says is looked for in the folder itself */
	while (read(bus->folder_fd, events, sizeof(events)) > 0)
		;
	appear_again(bus);
	look_around(bus);
}

/* ---- in and out ------------------------------------------------------------------------------------------------ */
static void take(struct bus *bus, size_t length)
{
	struct reader in = { .at = bus->datagram, .left = length };
	char name[BUS_REPLICA_MAX + 1];
	struct bus_record record;
	struct bus_peer *peer;
	int r = bus_read_header(&in, name);

	peer = r < 0 ? NULL : peer_get(bus, name);
	if (!peer) {
		metric_add(&bus->counts->refused, 1);
		return;
	}
	peer->heard = clock_seconds();
	while ((r = bus_read(&in, &record)) > 0)
		on_record(bus, peer, &record);
	metric_add(r < 0 ? &bus->counts->refused : &bus->counts->received, 1);
}

void bus_receive(struct bus *bus)
{
	for (int i = 0; i < DATAGRAMS_AT_ONCE; i++) {
		ssize_t n = recv(bus->fd, bus->datagram, sizeof(bus->datagram), MSG_DONTWAIT);

		if (n < 0)
			return;
		take(bus, (size_t)n);
	}
}

/* 0; -EAGAIN: it does not read; -ECONNREFUSED or -ENOENT: it is gone */
static int send_batch(struct bus *bus, struct bus_peer *peer, const struct bus_batch *batch)
{
	for (size_t i = 0; i < batch->count; i++) {
		const struct writer *datagram = &batch->datagrams[i];
		ssize_t n = sendto(bus->fd, datagram->data, datagram->length, MSG_DONTWAIT,
				   (const struct sockaddr *)&peer->address, sizeof(peer->address));

		if (n < 0) {
			metric_add(&bus->counts->unsent, (long long)(batch->count - i));
			return errno == ECONNREFUSED || errno == ENOENT ? -errno : -EAGAIN;
		}
		metric_add(&bus->counts->sent, 1);
	}
	return 0;
}

static void write_all(struct bus *bus)
{
	struct bus_record record = { .type = BUS_BEGIN, .id = ++bus->round };
	const struct room *room;
	const struct player *player;

	bus_batch_clear(&bus->all);
	bus_batch_add(&bus->all, bus->play->replica, &record);
	record.type = BUS_JOIN;
	for (room = bus->play->world.rooms; room; room = room->next)
		for (player = room->players; player; player = player->next_in_room) {
			if (player->kind == PLAYER_REMOTE)
				continue;
			record.id = player->id;
			record.place = player->place;
			memcpy(record.name, player->name, sizeof(record.name));
			memcpy(record.room, room->name, sizeof(record.room));
			bus_batch_add(&bus->all, bus->play->replica, &record);
		}
	record.type = BUS_END;
	record.id = bus->round;
	bus_batch_add(&bus->all, bus->play->replica, &record);
}

static int tick_peer(struct bus *bus, struct bus_peer *peer, bool all)
{
	int r = send_batch(bus, peer, &bus->play->news);

	if (r == -EAGAIN)
		peer->behind = true;
	else if (r == 0 && (peer->behind || all))
		r = send_batch(bus, peer, &bus->all);
	if (r == 0)
		peer->behind = false;
	return r;
}

static bool any_behind(const struct bus *bus)
{
	const struct bus_peer *peer;

	for (peer = bus->peers; peer; peer = peer->next)
		if (peer->behind)
			return true;
	return false;
}

void bus_tick(struct bus *bus, bool all)
{
	struct bus_peer *peer, *next;
	double now = clock_seconds();

	all |= bus->play->news.lost;
	if (all || any_behind(bus))
		write_all(bus);
	for (peer = bus->peers; peer; peer = next) {
		int r = tick_peer(bus, peer, all);

		next = peer->next;
		if (r == -ECONNREFUSED)
			(void)unlink(peer->address.sun_path);
		if (r == -ECONNREFUSED || r == -ENOENT)
			peer_remove(bus, peer);
		else if (now - peer->heard > PEER_SILENT_SECONDS)
			forget_players(bus, peer, true);
	}
	bus_batch_clear(&bus->play->news);
}

/* ---- open and close -------------------------------------------------------------------------------------------- */
static int open_folder(struct bus *bus, struct oci_error *err)
{
	if (mkdir(bus->folder, 0770) < 0 && errno != EEXIST)
		return err_sys(err, errno, "%s, where replicas meet (--bus= is for one alone)",
			       bus->folder);
	bus->folder_fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (bus->folder_fd < 0)
		return err_sys(err, errno, "inotify_init1");
	if (inotify_add_watch(bus->folder_fd, bus->folder,
			      IN_MOVED_TO | IN_CREATE | IN_DELETE | IN_ONLYDIR) < 0)
		return err_sys(err, errno, "watch %s", bus->folder);
	return 0;
}

static int open_socket(struct bus *bus, struct oci_error *err)
{
	if (address_of(bus->folder, ".", bus->play->replica, &bus->own) < 0 ||
	    address_of(bus->folder, "", bus->play->replica, &bus->own) < 0)
		return err_set(err, ENAMETOOLONG,
			       "%s/%s" SUFFIX ": a socket's path has at most %zu bytes",
			       bus->folder, bus->play->replica, sizeof(bus->own.sun_path) - 2);
	if (is_alive(&bus->own))
		return err_set(
			err, EADDRINUSE,
			"%s: a replica of this name is running; each needs a host name of its own",
			bus->own.sun_path);
	bus->fd = appear(bus);
	return bus->fd < 0 ? err_sys(err, -bus->fd, "%s", bus->own.sun_path) : 0;
}

int bus_open(struct play *play, struct bus_counts *counts, const char *folder, struct bus **ret,
	     struct oci_error *err)
{
	struct bus *bus = calloc(1, sizeof(*bus));
	int r;

	if (!bus)
		return err_nomem(err);
	bus->play = play;
	bus->counts = counts;
	bus->folder = folder;
	bus->fd = bus->folder_fd = -1;
	r = open_folder(bus, err);
	if (r == 0)
		r = open_socket(bus, err);
	if (r < 0) {
		if (bus->folder_fd >= 0)
			(void)close(bus->folder_fd);
		free(bus);
		return r;
	}
	look_around(bus);
	*ret = bus;
	return 0;
}

void bus_close(struct bus *bus)
{
	if (!bus)
		return;
	while (bus->peers)
		peer_remove(bus, bus->peers);
	(void)unlink(bus->own.sun_path);
	bus_batch_free(&bus->all);
	free(bus);
}
