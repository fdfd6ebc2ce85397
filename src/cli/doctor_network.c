/* SPDX-License-Identifier: Apache-2.0 */
/*
 * doctor_network.c - networks of containers: nftables, the CNI plugins, forwarding.
 */
#include <fcntl.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "base/io.h"
#include "base/mem.h"
#include "base/program.h"
#include "cli/doctor.h"

#define CNI_FOLDER "/usr/lib/cni"
#define ANSWER_SECONDS 2

/* Ask nf_tables for its generation: 0, or -errno. The kernel loads the module for that if it may. */
static int ask_nftables(void)
{
	struct {
		struct nlmsghdr head;
		struct nfgenmsg body;
	} ask = { .head = { .nlmsg_len = sizeof(ask),
			    .nlmsg_type = NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETGEN,
			    .nlmsg_flags = NLM_F_REQUEST },
		  .body = { .version = NFNETLINK_V0 } };
	CLEANUP_CLOSE int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);
	_Alignas(struct nlmsghdr) char answer[1024];
	const struct nlmsghdr *head = (const struct nlmsghdr *)answer;
	struct timeval patience = { ANSWER_SECONDS, 0 };
	ssize_t n;

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) < 0 ||
	    send(fd, &ask, sizeof(ask), 0) < 0)
		return -errno;
	n = recv(fd, answer, sizeof(answer), 0);
	if (n < 0)
		return -errno;
	if ((size_t)n < NLMSG_LENGTH(sizeof(struct nlmsgerr)) || head->nlmsg_type != NLMSG_ERROR)
		return 0;
	return ((const struct nlmsgerr *)NLMSG_DATA(head))->error;
}

static void check_nftables(struct findings *findings)
{
	int r = ask_nftables();

	if (r == 0)
		doctor_add(findings, DOCTOR_OK, "nftables", NULL, "the kernel answers");
	else if (r == -EPERM || r == -EACCES)
		doctor_add(findings, DOCTOR_WARN, "nftables",
			   "ports are published by root's supervisor; or use --network host",
			   "not for this user");
	else
		doctor_add(findings, DOCTOR_BAD, "nftables",
			   "modprobe nf_tables, or a kernel with CONFIG_NF_TABLES",
			   "the kernel does not answer: %s", strerror(-r));
}

static void check_plugins(struct findings *findings)
{
	static const char *const needed[] = { "bridge", "host-local", "loopback" };
	const char *folder = getenv("CNI_PATH");
	char path[PATH_MAX];

	if (!folder || !*folder)
		folder = CNI_FOLDER;
	for (size_t i = 0; i < ARRAY_LEN(needed); i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, needed[i]);
		if (access(path, X_OK) == 0)
			continue;
		doctor_add(findings, DOCTOR_BAD, "CNI plugins",
			   "apt install containernetworking-plugins", "%s is missing in %s",
			   needed[i], folder);
		return;
	}
	doctor_add(findings, DOCTOR_OK, "CNI plugins", NULL, "in %s", folder);
}

static void check_forwarding(struct findings *findings)
{
	char text[16] = "";
	bool on =
		io_read_small(AT_FDCWD, "/proc/sys/net/ipv4/ip_forward", text, sizeof(text)) > 0 &&
		text[0] != '0';

	doctor_add(
		findings, on ? DOCTOR_OK : DOCTOR_WARN, "forwarding",
		"sysctl -w net.ipv4.ip_forward=1; the first network of containers turns it on, too",
		"net.ipv4.ip_forward is %s", on ? "on" : "off");
}

static void check_names(struct findings *findings)
{
	char path[PATH_MAX];
	bool found = program_find("dnsmasq", path) == 0;

	doctor_add(findings, DOCTOR_OK, "names", NULL, "%s",
		   found ? "hosts files, and dnsmasq is installed"
			 : "hosts files; dnsmasq (optional) is not installed");
}

void doctor_network(struct findings *findings)
{
	check_nftables(findings);
	check_plugins(findings);
	check_forwarding(findings);
	check_names(findings);
}
