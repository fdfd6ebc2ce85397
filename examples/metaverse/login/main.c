/* SPDX-License-Identifier: Apache-2.0 */
/*
 * login - accounts, passwords, tokens, and the page of the class.
 *
 *   POST /accounts {"name","password"}   201, 409, 400
 *   POST /login {"name","password"}      200 {"token","name","expires"}, 401, 429 with Retry-After
 *   GET /me                              200 {"name","expires"}
 *   GET /config                          200 {"asset","map","game"}: where the others are
 *   GET /                                the page
 *
 * The state is SQLite's, on a volume that the replicas share; a replica itself has none.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/io.h"
#include "base/mem.h"
#include "login/login.h"

#define PAGE_MAX (4U << 20)

struct options {
	struct server_options server;
	uint32_t threads, name_tries, address_tries;
	const char *data, *page;
};

static const struct opt rows[] = {
	SERVER_OPTS(struct options, server),
	{ "data", 0, OPT_STRING, offsetof(struct options, data), "DIR",
	  "where the databases are (DATA_DIR; default: /data)" },
	{ "page", 0, OPT_STRING, offsetof(struct options, page), "FILE",
	  "what GET / answers (PAGE_FILE; default: /usr/share/metaverse/index.html)" },
	{ "threads", 0, OPT_U32, offsetof(struct options, threads), "N",
	  "how many hash passwords (THREADS; default: as many as there are processors)" },
	{ "name-tries", 0, OPT_U32, offsetof(struct options, name_tries), "N",
	  "wrong passwords of a name in a minute (NAME_TRIES; default: 5)" },
	{ "address-tries", 0, OPT_U32, offsetof(struct options, address_tries), "N",
	  "wrong passwords from an address in a minute (ADDRESS_TRIES; default: 120)" },
	{ .name = NULL },
};

static const struct opt_command command = {
	.name = "login",
	.usage = "[OPTIONS]",
	.summary = "Accounts and tokens of the class.",
	.opts = rows,
	.positional_after = -1,
};

static struct login login = {
	.places = { { "asset", NULL, 8002 }, { "map", NULL, 8003 }, { "game", NULL, 8004 } },
};
static struct worker workers[WORK_THREADS_MAX];
static struct metrics metrics;
static struct token_key key;

static const char *variable(const char *name, const char *otherwise)
{
	const char *text = getenv(name);

	return text && *text ? text : otherwise;
}

static int read_options(struct server *server, struct options *options, int argc, char **argv,
			struct oci_error *err)
{
	const struct server_variable more[] = {
		{ "THREADS", &options->threads },
		{ "NAME_TRIES", &options->name_tries },
		{ "ADDRESS_TRIES", &options->address_tries },
		{ "ASSET_PORT", &login.places[0].port },
		{ "MAP_PORT", &login.places[1].port },
		{ "GAME_PORT", &login.places[2].port },
		{ NULL, NULL },
	};
	int r = server_init(server, &command, options, &options->server, more, argc, argv, err);

	if (r != 0)
		return r;
	if (!options->data || !options->page)
		return err_set(err, EINVAL, "--data, --page: a folder and a file are needed");
	if (options->threads == 0)
		options->threads = server_processors();
	if (options->threads > WORK_THREADS_MAX)
		options->threads = WORK_THREADS_MAX;
	if (options->name_tries == 0 || options->address_tries == 0)
		return err_set(err, EINVAL, "--name-tries, --address-tries: at least 1");
	login.places[0].url = variable("ASSET_URL", NULL);
	login.places[1].url = variable("MAP_URL", NULL);
	login.places[2].url = variable("GAME_URL", NULL);
	return 0;
}

static int open_workers(const struct options *options, struct oci_error *err)
{
	int r = 0;

	for (uint32_t i = 0; r == 0 && i < options->threads; i++) {
		workers[i].limits.name_tries = options->name_tries;
		workers[i].limits.address_tries = options->address_tries;
		r = accounts_open(&workers[i].accounts, options->data, err);
		if (r == 0)
			r = limits_open(&workers[i].limits, options->data, err);
		if (r == 0) {
			r = work_add_thread(&login.work, &workers[i]);
			if (r < 0)
				(void)err_sys(err, -r, "a thread");
		}
	}
	return r;
}

static void close_workers(void)
{
	for (size_t i = 0; i < ARRAY_LEN(workers); i++) {
		limits_close(&workers[i].limits);
		accounts_close(&workers[i].accounts);
	}
}

static int serve(struct server *server, const struct options *options, struct http *http,
		 struct oci_error *err)
{
	int r;

	if (server_wait(server, options->server.startup_delay))
		return 0;
	r = open_workers(options, err);
	if (r < 0)
		return r;
	server_set_ready(server);
	(void)server_wait(server, -1);
	server_say(server, "draining");
	http_drain(http, options->server.drain);
	return 0;
}

static int run(struct server *server, const struct options *options, struct oci_error *err)
{
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	struct http http = { .server = server,
			     .metrics = &metrics,
			     .key = &key,
			     .routes = login_routes,
			     .data = &login,
			     .threads = 1 };
	int r = token_key_load(&key, err);

	if (r < 0)
		return r;
	r = io_read_at(AT_FDCWD, options->page, PAGE_MAX, &arena, &login.page, &login.page_length);
	if (r < 0)
		server_say(server, "%s: %s: GET / is not answered", options->page, strerror(-r));
	metrics_init(&metrics);
	metrics.extra = login_metrics;
	metrics.extra_count = login_metrics_count;
	metrics.histograms = login_histograms;
	metrics.histogram_count = login_histograms_count;
	work_init(&login.work, login_work);
	r = http_start(&http, (uint16_t)options->server.port, err);
	if (r == 0)
		r = serve(server, options, &http, err);
	work_stop(&login.work);
	/* what waited has got its answer just now */
	http_drain(&http, 1);
	http_stop(&http);
	close_workers();
	return r;
}

int main(int argc, char **argv)
{
	struct options options = { .server = { .port = 8001, .drain = 10 },
				   .name_tries = 5,
				   .address_tries = 120,
				   .data = variable("DATA_DIR", "/data"),
				   .page = variable("PAGE_FILE",
						    "/usr/share/metaverse/index.html") };
	struct oci_error err = OCI_ERROR_INIT;
	struct server server;
	int r = read_options(&server, &options, argc, argv, &err);

	if (r == 0)
		r = run(&server, &options, &err);
	if (r < 0)
		(void)fprintf(stderr, "login: %s\n", err.message);
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
