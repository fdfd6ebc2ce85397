/* SPDX-License-Identifier: Apache-2.0 */
/*
 * netlink.c - the two things we do to links ourselves: lo up, and removal of what a plugin left (rtnetlink(7)).
 */
#include <errno.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "scale/net_parts.h"

struct link_request {
	struct nlmsghdr header;
	struct ifinfomsg info;
	struct rtattr attr;
	char name[IFNAMSIZ];
};

struct link_answer {
	struct nlmsghdr header;
	struct nlmsgerr error;
	char rest[512];
};

int netlink_link_delete(const char *name)
{
	struct link_request request = {
		.header = { .nlmsg_len = sizeof(request),
			    .nlmsg_type = RTM_DELLINK,
			    .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK },
		.attr = { .rta_len = RTA_LENGTH(IFNAMSIZ), .rta_type = IFLA_IFNAME },
	};
	struct link_answer answer;
	CLEANUP_CLOSE int fd = -1;
	ssize_t n;

	if (strlen(name) >= IFNAMSIZ)
		return -EINVAL;
	strcpy(request.name, name);
	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	if (fd < 0)
		return -errno;
	if (send(fd, &request, sizeof(request), 0) < 0)
		return -errno;
	n = RETRY_EINTR(recv(fd, &answer, sizeof(answer), 0));
	if (n < 0)
		return -errno;
	if ((size_t)n < sizeof(answer.header) + sizeof(answer.error.error) ||
	    answer.header.nlmsg_type != NLMSG_ERROR)
		return -EPROTO;
	return answer.error.error;
}

int netlink_link_up(const char *name)
{
	struct ifreq request = { 0 };
	CLEANUP_CLOSE int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	(void)strncpy(request.ifr_name, name, sizeof(request.ifr_name) - 1);
	if (ioctl(fd, SIOCGIFFLAGS, &request) < 0)
		return -errno;
	request.ifr_flags |= IFF_UP;
	return ioctl(fd, SIOCSIFFLAGS, &request) < 0 ? -errno : 0;
}
