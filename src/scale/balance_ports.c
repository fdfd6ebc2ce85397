/* SPDX-License-Identifier: Apache-2.0 */
/*
 * balance_ports.c - which ports of the host are free to be published: those that can be bound.
 *
 * What another program's NAT rules take before a packet reaches a socket is not seen here.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "scale/balance.h"

static int port_bind(enum spec_protocol protocol, struct in_addr host, uint16_t *port)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_port = htons(*port),
				       .sin_addr = host };
	socklen_t length = sizeof(address);
	CLEANUP_CLOSE int fd = -1;
	int one = 1;

	fd = socket(AF_INET, (protocol == SPEC_UDP ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	/* connections that wait for their end do not listen (TIME_WAIT, tcp(7)) */
	if (protocol == SPEC_TCP && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) < 0)
		return -errno;
	if (bind(fd, (struct sockaddr *)&address, length) < 0 ||
	    getsockname(fd, (struct sockaddr *)&address, &length) < 0)
		return -errno;
	*port = ntohs(address.sin_port);
	return 0;
}

static const char *protocol_word(enum spec_protocol protocol)
{
	return protocol == SPEC_UDP ? "udp" : "tcp";
}

int balance_port_check(enum spec_protocol protocol, struct in_addr host, uint16_t port,
		       struct oci_error *err)
{
	char text[INET_ADDRSTRLEN];
	int r = port_bind(protocol, host, &port);

	(void)inet_ntop(AF_INET, &host, text, sizeof(text));
	if (r == -EADDRINUSE)
		return err_set_as(err, ERR_EXISTS, EADDRINUSE,
				  "port %s:%u/%s is in use by a program of the host", text, port,
				  protocol_word(protocol));
	if (r == -EACCES)
		return err_set_as(err, ERR_PERMISSION, EACCES,
				  "port %u/%s is below net.ipv4.ip_unprivileged_port_start: "
				  "CAP_NET_BIND_SERVICE is needed",
				  port, protocol_word(protocol));
	if (r == -EADDRNOTAVAIL)
		return err_set(err, EADDRNOTAVAIL, "port %s:%u/%s: the host has no such address",
			       text, port, protocol_word(protocol));
	if (r < 0)
		return err_sys(err, -r, "port %s:%u/%s", text, port, protocol_word(protocol));
	return 0;
}

int balance_port_choose(enum spec_protocol protocol, struct in_addr host, uint16_t *ret,
			struct oci_error *err)
{
	uint16_t port = 0;
	int r = port_bind(protocol, host, &port);

	if (r < 0)
		return err_sys(err, -r, "choose a free %s port", protocol_word(protocol));
	*ret = port;
	return 0;
}
