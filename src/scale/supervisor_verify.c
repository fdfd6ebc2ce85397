/* SPDX-License-Identifier: Apache-2.0 */
/*
 * supervisor_verify.c - our nftables tables are put back when another program removes them (a firewall that flushes the whole ruleset).
 *
 * The kernel tells of each change of the ruleset. The first word of it is enough: the socket is closed, and opened again before the next
 * look, so that neither our own exchanges nor a busy firewall cost more than one look in VERIFY_MS, and a quiet host costs nothing.
 */
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "scale/supervisor-private.h"

#define VERIFY_MS 2000

static int changes_open(void)
{
	const struct sockaddr_nl address = { .nl_family = AF_NETLINK,
					     .nl_groups = 1u << (NFNLGRP_NFTABLES - 1) };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_NETFILTER);

	if (fd >= 0 && bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		fd_closep(&fd);
	return fd;
}

void verify_end(struct supervisor *sv)
{
	loop_watch_remove(&sv->verify_watch);
	loop_timer_cancel(&sv->verify_timer);
	fd_closep(&sv->verify_fd);
	sv->verify_fd = -1;
}

static void verify_fired(void *ctx)
{
	struct supervisor *sv = ctx;
	struct oci_error err = OCI_ERROR_INIT;

	if (!sv->projects || !sv->balance || sv->quiescing)
		return;
	/* before the look: what changes after it is told */
	verify_begin(sv);
	if (balance_verify(sv->balance, &err) < 0)
		event_emit(sv, "network", "fail", NULL, NULL, NULL, -1, "%s", err.message);
	net_verify(sv->net);
	if (sv->busy == 0)
		(void)loop_timer_set(sv->loop, &sv->trim_timer, SUPERVISOR_TRIM_MS, supervisor_trim,
				     sv);
}

static void changed(void *ctx, uint32_t events)
{
	struct supervisor *sv = ctx;

	(void)events;
	verify_end(sv);
	(void)loop_timer_set(sv->loop, &sv->verify_timer, VERIFY_MS, verify_fired, sv);
}

void verify_begin(struct supervisor *sv)
{
	int fd;

	if (sv->verify_fd >= 0 || sv->verify_timer.place != 0 || !sv->projects || !sv->balance)
		return;
	fd = changes_open();
	if (fd < 0)
		return;
	if (loop_watch_add(sv->loop, &sv->verify_watch, fd, EPOLLIN, changed, sv) < 0) {
		(void)close(fd);
		return;
	}
	sv->verify_fd = fd;
}
