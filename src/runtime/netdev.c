/* SPDX-License-Identifier: Apache-2.0 */
/*
 * netdev.c - network devices, by rtnetlink.
 *
 * Requests are built in one fixed buffer with every size checked
 * (CVE-2021-43784: a 16-bit length that wrapped). The caller's own network
 * namespace is never changed: what is done inside the container's goes
 * through a socket that a short-lived child opened there and handed back.
 */
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "base/error.h"
#include "base/io.h"
#include "base/mem.h"
#include "base/sys.h"
#include "runtime/netdev.h"

#define ADDRESSES_MAX 256 /* of one device */
#define DUMP_MAX 32768    /* the kernel's largest piece of a dump */

struct address {
	struct ifaddrmsg head;
	uint32_t flags; /* IFA_FLAGS: more than the 8 bits in head */
	uint32_t metric;
	bool has_broadcast;
	unsigned char local[16];
	unsigned char peer[16];
	unsigned char broadcast[4];
};

struct addresses {
	struct address items[ADDRESSES_MAX];
	size_t len;
};

struct request {
	union {
		struct nlmsghdr head;
		char bytes[512];
	};
	bool overflow;
};

static const char *name_inside(const struct oci_net_device *device)
{
	return device->name ? device->name : device->key;
}

/* dev_valid_name of the kernel */
static bool is_device_name(const char *name)
{
	if (!*name || strlen(name) >= IFNAMSIZ || !strcmp(name, ".") || !strcmp(name, ".."))
		return false;
	return !strpbrk(name, "/: \t\n\v\f\r\xa0");
}

int netdev_check(const struct oci_net_device *devices, size_t count, struct oci_error *err)
{
	for (size_t i = 0; i < count; i++) {
		if (!is_device_name(devices[i].key))
			return err_set(err, EINVAL,
				       "linux.netDevices: \"%s\" is no name of a device",
				       devices[i].key);
		if (!is_device_name(name_inside(&devices[i])))
			return err_set(err, EINVAL,
				       "linux.netDevices.%s.name: \"%s\" is no name of a device",
				       devices[i].key, devices[i].name);
		for (size_t k = 0; k < i; k++)
			if (!strcmp(name_inside(&devices[i]), name_inside(&devices[k])))
				return err_set(
					err, EINVAL, "linux.netDevices.%s: \"%s\" is taken by %s",
					devices[i].key, name_inside(&devices[i]), devices[k].key);
	}
	return 0;
}

static void request_begin(struct request *req, uint16_t type, uint16_t flags, const void *body,
			  size_t size)
{
	memset(req, 0, sizeof(*req));
	req->head.nlmsg_len = (uint32_t)NLMSG_LENGTH(size);
	req->head.nlmsg_type = type;
	req->head.nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
	memcpy(NLMSG_DATA(&req->head), body, size);
}

static void request_add(struct request *req, uint16_t type, const void *data, size_t size)
{
	size_t at = NLMSG_ALIGN(req->head.nlmsg_len);
	struct rtattr *attr = (struct rtattr *)(req->bytes + at);

	if (size > sizeof(req->bytes) || at + RTA_SPACE(size) > sizeof(req->bytes)) {
		req->overflow = true;
		return;
	}
	attr->rta_type = type;
	attr->rta_len = (uint16_t)RTA_LENGTH(size);
	memcpy(RTA_DATA(attr), data, size);
	req->head.nlmsg_len = (uint32_t)(at + RTA_SPACE(size));
}

static int netlink_open(void)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

	return fd < 0 ? -errno : fd;
}

static int netlink_send(int fd, const struct request *req)
{
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };

	if (req->overflow)
		return -EMSGSIZE;
	if (RETRY_EINTR(sendto(fd, req->bytes, req->head.nlmsg_len, 0, (struct sockaddr *)&kernel,
			       sizeof(kernel))) < 0)
		return -errno;
	return 0;
}

/* One piece of an answer, from the kernel and from nobody else. */
static ssize_t netlink_recv(int fd, void *buf, size_t size)
{
	for (;;) {
		struct sockaddr_nl from = { 0 };
		socklen_t length = sizeof(from);
		ssize_t n = RETRY_EINTR(
			recvfrom(fd, buf, size, MSG_TRUNC, (struct sockaddr *)&from, &length));

		if (n < 0)
			return -errno;
		if ((size_t)n > size)
			return -EMSGSIZE;
		if (length == sizeof(from) && from.nl_pid == 0)
			return n;
	}
}

static int error_of(const struct nlmsghdr *msg)
{
	const struct nlmsgerr *e = NLMSG_DATA(msg);

	return msg->nlmsg_len >= NLMSG_LENGTH(sizeof(*e)) ? e->error : -EBADMSG;
}

/* Send and wait for the acknowledgement. */
static int netlink_do(int fd, struct request *req)
{
	union {
		struct nlmsghdr head;
		char bytes[4096];
	} answer;
	ssize_t n;
	int r;

	req->head.nlmsg_flags |= NLM_F_ACK;
	r = netlink_send(fd, req);
	if (r < 0)
		return r;
	n = netlink_recv(fd, &answer, sizeof(answer));
	if (n < 0)
		return (int)n;
	if (!NLMSG_OK(&answer.head, (size_t)n) || answer.head.nlmsg_type != NLMSG_ERROR)
		return -EBADMSG;
	return error_of(&answer.head);
}

static void copy_bytes(void *to, size_t size, const struct rtattr *attr)
{
	memcpy(to, RTA_DATA(attr), RTA_PAYLOAD(attr) < size ? RTA_PAYLOAD(attr) : size);
}

/* Keep an address that is permanent and global: the others the kernel makes again, or they would be stale. */
static int keep_address(const struct nlmsghdr *msg, int index, struct addresses *list)
{
	const struct ifaddrmsg *head = NLMSG_DATA(msg);
	struct address a = { .flags = head->ifa_flags };
	const struct rtattr *attr = IFA_RTA(head);
	size_t length;

	if (msg->nlmsg_len < NLMSG_LENGTH(sizeof(*head)))
		return -EBADMSG;
	length = IFA_PAYLOAD(msg);
	if (msg->nlmsg_type != RTM_NEWADDR || head->ifa_index != (unsigned)index ||
	    head->ifa_scope != RT_SCOPE_UNIVERSE ||
	    (head->ifa_family != AF_INET && head->ifa_family != AF_INET6))
		return 0;
	for (bool local = false; RTA_OK(attr, length); attr = RTA_NEXT(attr, length)) {
		if (attr->rta_type == IFA_LOCAL) {
			copy_bytes(a.local, sizeof(a.local), attr);
			local = true;
		} else if (attr->rta_type == IFA_ADDRESS) {
			copy_bytes(a.peer, sizeof(a.peer), attr);
			if (!local)
				copy_bytes(a.local, sizeof(a.local), attr);
		} else if (attr->rta_type == IFA_BROADCAST) {
			copy_bytes(a.broadcast, sizeof(a.broadcast), attr);
			a.has_broadcast = true;
		} else if (attr->rta_type == IFA_FLAGS) {
			copy_bytes(&a.flags, sizeof(a.flags), attr);
		} else if (attr->rta_type == IFA_RT_PRIORITY) {
			copy_bytes(&a.metric, sizeof(a.metric), attr);
		}
	}
	if (!(a.flags & IFA_F_PERMANENT))
		return 0;
	if (list->len == ADDRESSES_MAX)
		return -E2BIG;
	a.head = *head;
	list->items[list->len++] = a;
	return 0;
}

/* Before the move: it flushes them all. */
static int read_addresses(int fd, int index, struct addresses *list)
{
	const struct ifaddrmsg any = { .ifa_family = AF_UNSPEC };
	CLEANUP_FREE char *buf = malloc(DUMP_MAX);
	struct request req;
	int failed = 0, r;

	if (!buf)
		return -ENOMEM;
	request_begin(&req, RTM_GETADDR, NLM_F_DUMP, &any, sizeof(any));
	r = netlink_send(fd, &req);
	while (!r) {
		const struct nlmsghdr *msg = (const struct nlmsghdr *)buf;
		ssize_t n = netlink_recv(fd, buf, DUMP_MAX);

		if (n < 0)
			return (int)n;
		for (size_t left = (size_t)n; NLMSG_OK(msg, left); msg = NLMSG_NEXT(msg, left)) {
			if (msg->nlmsg_type == NLMSG_DONE)
				return failed;
			if (msg->nlmsg_type == NLMSG_ERROR)
				return error_of(msg);
			if (!failed) /* the dump is read to its end: the socket is used again */
				failed = keep_address(msg, index, list);
		}
	}
	return r;
}

static int add_address(int fd, int index, const struct address *a)
{
	bool v4 = a->head.ifa_family == AF_INET;
	size_t size = v4 ? 4 : 16;
	struct ifaddrmsg head = { .ifa_family = a->head.ifa_family,
				  .ifa_prefixlen = a->head.ifa_prefixlen,
				  .ifa_scope = a->head.ifa_scope,
				  .ifa_index = (unsigned)index };
	/* state of the old namespace: duplicate address detection starts anew */
	uint32_t flags =
		a->flags & ~(uint32_t)(IFA_F_SECONDARY | IFA_F_TENTATIVE | IFA_F_DADFAILED |
				       IFA_F_DEPRECATED | IFA_F_PERMANENT);
	struct request req;

	request_begin(&req, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, &head, sizeof(head));
	request_add(&req, IFA_LOCAL, a->local, size);
	request_add(&req, IFA_ADDRESS, a->peer, size);
	request_add(&req, IFA_FLAGS, &flags, sizeof(flags));
	if (v4 && a->has_broadcast)
		request_add(&req, IFA_BROADCAST, a->broadcast, sizeof(a->broadcast));
	if (a->metric)
		request_add(&req, IFA_RT_PRIORITY, &a->metric, sizeof(a->metric));
	return netlink_do(fd, &req);
}

static int link_up(int fd, int index)
{
	const struct ifinfomsg head = { .ifi_index = index,
					.ifi_flags = IFF_UP,
					.ifi_change = IFF_UP };
	struct request req;

	request_begin(&req, RTM_NEWLINK, 0, &head, sizeof(head));
	return netlink_do(fd, &req);
}

/*
 * Move and rename in one request. The kernel moves first and renames in the
 * new place, so a failure may leave the device there: see move_back.
 * @type: IFLA_NET_NS_FD or IFLA_NET_NS_PID
 */
static int link_move(int fd, int index, const char *name, uint16_t type, int netns)
{
	const struct ifinfomsg head = { .ifi_index = index };
	struct request req;

	request_begin(&req, RTM_NEWLINK, 0, &head, sizeof(head));
	request_add(&req, type, &netns, sizeof(netns));
	request_add(&req, IFLA_IFNAME, name, strlen(name) + 1);
	return netlink_do(fd, &req);
}

/* Down first: an IPv4 address is set again, and routes must not flap in the new place. */
static int link_down(int fd, int index)
{
	const struct ifinfomsg head = { .ifi_index = index, .ifi_change = IFF_UP };
	struct request req;

	request_begin(&req, RTM_NEWLINK, 0, &head, sizeof(head));
	return netlink_do(fd, &req);
}

/* The index of @name in the namespace of socket @fd. */
static int link_index(int fd, const char *name)
{
	const struct ifinfomsg head = { .ifi_family = AF_UNSPEC };
	union {
		struct nlmsghdr head;
		char bytes[16384];
	} answer;
	const struct ifinfomsg *info = NLMSG_DATA(&answer.head);
	struct request req;
	ssize_t n;
	int r;

	request_begin(&req, RTM_GETLINK, 0, &head, sizeof(head));
	request_add(&req, IFLA_IFNAME, name, strlen(name) + 1);
	r = netlink_send(fd, &req);
	if (r < 0)
		return r;
	n = netlink_recv(fd, &answer, sizeof(answer));
	if (n < 0)
		return (int)n;
	if (!NLMSG_OK(&answer.head, (size_t)n))
		return -EBADMSG;
	if (answer.head.nlmsg_type == NLMSG_ERROR)
		return error_of(&answer.head);
	if (answer.head.nlmsg_type != RTM_NEWLINK ||
	    answer.head.nlmsg_len < NLMSG_LENGTH(sizeof(*info)))
		return -EBADMSG;
	return info->ifi_index;
}

/*
 * A netlink socket belongs to the namespace in which it was made, whoever
 * holds it; so a child enters, makes one, and sends it back.
 */
static int open_inside(int netns_fd, struct oci_error *err)
{
	struct clone_args args = { 0 }; /* no exit signal: the caller's SIGCHLD is not disturbed */
	CLEANUP_CLOSE int ours = -EBADF;
	CLEANUP_CLOSE int theirs = -EBADF;
	int pair[2], fd = -EBADF, code = EIO;
	size_t count = 0;
	ssize_t n;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		return err_sys(err, errno, "socketpair");
	ours = pair[0];
	theirs = pair[1];
	pid = sys_clone3(&args);
	if (pid < 0)
		return err_sys(err, -pid, "clone");
	if (!pid) {
		int r = setns(netns_fd, CLONE_NEWNET) ? -errno : netlink_open();

		code = r < 0 ? -r : 0;
		_exit(io_send_fds(theirs, &code, sizeof(code), &r, r < 0 ? 0 : 1) < 0);
	}
	fd_closep(&theirs);
	n = io_recv_fds(ours, &code, sizeof(code), &fd, 1, &count);
	(void)RETRY_EINTR(waitpid(pid, NULL, __WALL));
	if (n == sizeof(code) && !code && count == 1)
		return fd;
	return err_sys(err, n == sizeof(code) && code ? code : EIO,
		       "enter the container's network namespace");
}

/* Words for one device; strerror's capital letters are not what engines look for. */
static int device_failed(const struct oci_net_device *device, const char *what, int r,
			 struct oci_error *err)
{
	if (r == -ENODEV && !*what)
		return err_set(err, ENODEV, "linux.netDevices.%s: no such device", device->key);
	if (r == -EEXIST && !*what)
		return err_set(err, EEXIST,
			       "linux.netDevices.%s: the name \"%s\" is taken in the container",
			       device->key, name_inside(device));
	return err_sys(err, -r, "linux.netDevices.%s: %s", device->key, what);
}

/* Where the device came from, with its name and addresses; whatever fails here, the first error counts. */
static void move_back(const struct oci_net_device *device, int out, int in,
		      const struct addresses *list)
{
	int index = link_index(in, device->key);

	if (index < 0)
		index = link_index(in, name_inside(device));
	if (index < 0 || link_down(in, index) < 0 ||
	    link_move(in, index, device->key, IFLA_NET_NS_PID, (int)getpid()) < 0)
		return;
	index = link_index(out, device->key);
	for (size_t i = 0; i < list->len && index > 0; i++)
		(void)add_address(out, index, &list->items[i]);
}

static int settle(const struct oci_net_device *device, int in, const struct addresses *list,
		  struct oci_error *err)
{
	int index = link_index(in, name_inside(device)); /* it may be another one there */
	int r;

	if (index < 0)
		return device_failed(device, "find after the move", index, err);
	for (size_t i = 0; i < list->len; i++) {
		r = add_address(in, index, &list->items[i]);
		if (r < 0 && r != -EEXIST)
			return device_failed(device, "add address", r, err);
	}
	r = link_up(in, index);
	return r < 0 ? device_failed(device, "set up", r, err) : 0;
}

static int move_one(const struct oci_net_device *device, int out, int in, int netns_fd,
		    struct addresses *list, struct oci_error *err)
{
	const char *name = name_inside(device);
	int index = link_index(out, device->key), r;

	if (index < 0)
		return device_failed(device, "", index, err);
	if (link_index(in, name) >= 0)
		return device_failed(device, "", -EEXIST, err);
	list->len = 0;
	r = read_addresses(out, index, list);
	if (r < 0)
		return device_failed(device, "read addresses", r, err);
	r = link_down(out, index); /* a device that is up cannot be renamed before 6.2 */
	if (r < 0)
		return device_failed(device, "set down", r, err);
	r = link_move(out, index, name, IFLA_NET_NS_FD, netns_fd);
	r = r < 0 ? device_failed(device, "move", r, err) : settle(device, in, list, err);
	if (r < 0)
		move_back(device, out, in, list);
	return r;
}

int netdev_move(const struct oci_net_device *devices, size_t count, int netns_fd,
		struct oci_error *err)
{
	CLEANUP_FREE struct addresses *list = NULL;
	CLEANUP_CLOSE int out = -EBADF;
	CLEANUP_CLOSE int in = -EBADF;
	int r = 0;

	if (!count)
		return 0;
	list = malloc(sizeof(*list));
	if (!list)
		return err_nomem(err);
	out = netlink_open();
	if (out < 0)
		return err_sys(err, -out, "open a netlink socket");
	in = open_inside(netns_fd, err);
	if (in < 0)
		return in;
	for (size_t i = 0; i < count && !r; i++)
		r = move_one(&devices[i], out, in, netns_fd, list, err);
	return r;
}

int netdev_loopback_up(struct oci_error *err)
{
	CLEANUP_CLOSE int fd = netlink_open();
	int r;

	if (fd < 0)
		return err_sys(err, -fd, "open a netlink socket");
	r = link_up(fd, 1); /* the first device of every namespace, LOOPBACK_IFINDEX */
	if (r < 0)
		return err_sys(err, -r, "set lo up");
	return 0;
}
