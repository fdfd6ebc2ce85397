/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scene.c FOLDER - the API and page over a supervisor without containers, with services to be seen; prints the page's address
 * and ends with its standard input.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/error.h"
#include "scale/http.h"
#include "unit/fake_supervisor.h"

static const char shop[] =
	"{\"name\":\"shop\",\"services\":{"
	"\"web\":{\"image\":\"registry.example/shop/web:2.4\",\"replicas\":3,\"port\":8080,"
	"\"limits\":{\"cpu_milli\":500,\"memory\":67108864},\"scale\":{\"min\":1,\"max\":8}},"
	"\"db\":{\"image\":\"postgres:16\",\"limits\":{\"memory\":26000000}}}}";
static const char school[] =
	"{\"name\":\"school-of-the-long-names\",\"services\":{"
	"\"simulation-server-with-a-long-name\":{\"image\":\"missing\",\"replicas\":1},"
	"\"map\":{\"image\":\"map:1\",\"replicas\":2}}}";

static void stdin_ended(void *ctx, uint32_t events)
{
	char byte;

	(void)events;
	if (read(STDIN_FILENO, &byte, 1) <= 0)
		loop_stop(ctx);
}

static int listen_local(const char *folder)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s/carte.sock", folder);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    listen(fd, 64) < 0) {
		perror("scene: listen");
		exit(1);
	}
	return fd;
}

static void write_log(const char *folder)
{
	char path[4096];
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/shop-web-1.log", folder);
	file = fopen(path, "w");
	if (!file)
		exit(1);
	for (int i = 1; i <= 40; i++)
		fprintf(file, "10.88.0.%d GET /<script>window.bad=1</script> %d\n", i, 200 + i);
	if (fclose(file) != 0)
		exit(1);
}

static void turn(struct loop *loop, int times)
{
	for (int i = 0; i < times; i++)
		(void)loop_once(loop, 10);
}

static void play(struct supervisor *sv, struct loop *loop)
{
	static const unsigned counts[] = { 2, 5, 7, 4, 3 };
	struct service *web;
	unsigned admitted;

	if (supervisor_up(sv, shop, sizeof(shop) - 1, false, NULL) < 0 ||
	    supervisor_up(sv, school, sizeof(school) - 1, false, NULL) < 0)
		exit(1);
	turn(loop, 10);
	web = supervisor_service(sv, "shop", "web");
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		(void)supervisor_scale(sv, web, counts[i], "scene", &admitted, NULL);
		turn(loop, 20);
	}
	(void)supervisor_scale(sv, web, -1, "scene", &admitted, NULL);
	(void)snprintf(web->rollout, sizeof(web->rollout), "replica 2 of 3 is replaced");
	turn(loop, 10);
}

int main(int argc, char **argv)
{
	struct oci_error err = OCI_ERROR_INIT;
	struct http_options options = { .listen = "127.0.0.1:0" };
	struct loop_watch end = { 0 };
	char token[HTTP_TOKEN_SIZE];
	struct supervisor *sv = NULL;
	struct loop *loop = NULL;
	struct http *http = NULL;

	if (argc != 2 || loop_new(&loop, &err) < 0 || fake_new(loop, argv[1], &sv) < 0 ||
	    http_token(argv[1], token, &err) < 0)
		return 1;
	options.token = token;
	options.socket = listen_local(argv[1]);
	if (http_new(sv, &options, &http, &err) < 0) {
		fprintf(stderr, "scene: %s\n", err.message);
		return 1;
	}
	write_log(argv[1]);
	play(sv, loop);
	printf("http://%s/?token=%s\n", http_listen(http), token);
	(void)fflush(stdout);
	if (loop_watch_add(loop, &end, STDIN_FILENO, EPOLLIN, stdin_ended, loop) < 0 ||
	    loop_run(loop, &err) < 0)
		return 1;
	loop_watch_remove(&end);
	http_free(http);
	supervisor_free(sv);
	loop_free(loop);
	return 0;
}
