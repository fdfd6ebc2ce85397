/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hello.c - answers every HTTP request on 127.0.0.1:PORT with one line. SIGTERM ends it.
 */
#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void end(int sig)
{
	(void)sig;
	_exit(0);
}

int main(int argc, char **argv)
{
	static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 25\r\nConnection: close\r\n\r\n"
				     "hello from a small image\n";
	struct sockaddr_in address = { .sin_family = AF_INET };
	int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;
	char request[4096];

	if (argc != 2) {
		fprintf(stderr, "usage: %s PORT\n", argv[0]);
		return 2;
	}
	address.sin_port = htons((unsigned short)atoi(argv[1]));
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	signal(SIGTERM, end);
	signal(SIGPIPE, SIG_IGN);
	(void)setsockopt(server, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(server, (struct sockaddr *)&address, sizeof(address)) < 0 || listen(server, 16) < 0) {
		perror("hello");
		return 1;
	}
	for (;;) {
		int client = accept(server, NULL, NULL);

		if (client < 0)
			continue;
		if (read(client, request, sizeof(request)) > 0 && write(client, answer, strlen(answer)) < 0)
			perror("hello: write");
		close(client);
	}
}
