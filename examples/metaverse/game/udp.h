/* SPDX-License-Identifier: Apache-2.0 */
/*
 * udp.h - the players that come by UDP (wire.h is what they say).
 *
 * A HELLO makes a session that is nobody yet: whoever can write another's address into a datagram gets no player and
 * makes the server send nothing but one WELCOME. The first POS with its cookie, from the same address, makes the player.
 */
#ifndef METAVERSE_UDP_H
#define METAVERSE_UDP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/metrics.h"
#include "common/token.h"

struct oci_error;
struct play;
struct room;
struct udp;

/** struct udp_counts - for /metrics; static storage, the caller's. */
struct udp_counts {
	struct metric received, answered, refused, unsent;
};

/** struct udp_setup - all borrowed, as long as the struct udp lives. */
struct udp_setup {
	struct play *play;
	const struct token_key *key;
	struct udp_counts *counts;
	uint16_t port; /* 0: any that is free */
};

/** udp_open - bind the port, for IPv6 and IPv4 or what there is. Return: 0 or -errno with words. */
int udp_open(const struct udp_setup *setup, struct udp **ret, struct oci_error *err);

/** udp_fd - to be watched for input; the caller may close it, and calls nothing else but udp_close() then. */
int udp_fd(const struct udp *udp);

/** udp_port - what it is bound to; @ret_has_v6: false where there is no IPv6. */
uint16_t udp_port(const struct udp *udp, bool *ret_has_v6);

/** udp_receive - takes what has come; answers it. */
void udp_receive(struct udp *udp);

/** udp_send_state - the places of a room's players to those of them that came by UDP. */
void udp_send_state(struct udp *udp, struct room *room, uint32_t tick);

/** udp_expire - lets those go who have not been heard for too long; to be called once a second. */
void udp_expire(struct udp *udp);

/** udp_set_open - whether a HELLO is welcome, or gets MOVED; at first it is not. */
void udp_set_open(struct udp *udp, bool open);

/** udp_move - tells MOVED to at most @count players and lets them go. Return: how many are left. */
size_t udp_move(struct udp *udp, size_t count);

/** udp_silence - seconds since something came. */
double udp_silence(const struct udp *udp);

/** udp_close - frees sessions and their players; NULL is fine. The descriptor is the event loop's, and stays. */
void udp_close(struct udp *udp);

#endif
