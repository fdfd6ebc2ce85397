/* SPDX-License-Identifier: Apache-2.0 */
/*
 * udpecho.c - answers each packet on PORT with its host name, a blank and the packet. SIGTERM ends it.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>
#include <poll.h>
#include <signal.h>

int main(int argc, char **argv)
{
	struct sockaddr_in address = { .sin_family = AF_INET }, peer;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct pollfd fds[2] = { { .fd = fd, .events = POLLIN }, { .events = POLLIN } };
	char buf[1500];
	size_t name;
	sigset_t term;

	(void)sigemptyset(&term);
	(void)sigaddset(&term, SIGTERM);
	(void)sigprocmask(SIG_BLOCK, &term, NULL);
	fds[1].fd = signalfd(-1, &term, SFD_CLOEXEC);
	address.sin_port = htons((uint16_t)atoi(argc > 1 ? argv[1] : "9"));
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    gethostname(buf, 64) < 0) {
		perror("udpecho");
		return 1;
	}
	name = strlen(buf);
	buf[name++] = ' ';
	while (poll(fds, 2, -1) > 0 && !(fds[1].revents & POLLIN)) {
		socklen_t size = sizeof(peer);
		ssize_t n = recvfrom(fd, buf + name, sizeof(buf) - name, MSG_DONTWAIT,
				     (struct sockaddr *)&peer, &size);

		if (n >= 0)
			(void)sendto(fd, buf, name + (size_t)n, 0, (struct sockaddr *)&peer, size);
	}
	return 0;
}
