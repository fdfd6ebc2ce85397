/* SPDX-License-Identifier: Apache-2.0 */
/*
 * asset - pictures, sounds and models that users upload.
 *
 *   POST /assets?name=N&category=C   the bytes, up to 64 MB: 201 {"id","size","etag"}
 *   GET /assets[?category=C]         [{"id","name","category","type","size","author","created","etag"}]
 *   GET, HEAD /assets/ID             the bytes: ETag, If-None-Match, Range
 *   GET /assets/ID/meta              one of the list
 *   DELETE /assets/ID                by its author: 204
 *
 * Each of them needs a token. Files and the catalogue are on a volume that the replicas share; a replica itself has no state.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "asset/answers.h"
#include "base/error.h"
#include "base/mem.h"

struct options {
	struct server_options server;
	uint32_t threads, quota;
	const char *data;
};

static const struct opt rows[] = {
	SERVER_OPTS(struct options, server),
	{ "data", 0, OPT_STRING, offsetof(struct options, data), "DIR",
	  "where files and catalogue are (DATA_DIR; default: /data)" },
	{ "threads", 0, OPT_U32, offsetof(struct options, threads), "N",
	  "how many serve connections (THREADS; default: 4)" },
	{ "quota", 0, OPT_U32, offsetof(struct options, quota), "MB",
	  "no more uploads of an author who has so much (QUOTA_MB; default: 1024)" },
	{ .name = NULL },
};

static const struct opt_command command = {
	.name = "asset",
	.usage = "[OPTIONS]",
	.summary = "Files that users upload.",
	.opts = rows,
	.positional_after = -1,
};

static struct shelf shelf = { .store = { -1, -1 } };
static struct metrics metrics;
static struct token_key key;

static int read_options(struct server *server, struct options *options, int argc, char **argv,
			struct oci_error *err)
{
	const struct server_variable more[] = {
		{ "THREADS", &options->threads },
		{ "QUOTA_MB", &options->quota },
		{ NULL, NULL },
	};
	int r = server_init(server, &command, options, &options->server, more, argc, argv, err);

	if (r == 0 && !options->data)
		return err_set(err, EINVAL, "--data: a folder is needed");
	if (r == 0 && (options->threads == 0 || options->threads > 64))
		return err_set(err, EINVAL, "--threads: 1 to 64");
	return r;
}

static int serve(struct server *server, const struct options *options, struct http *http,
		 struct oci_error *err)
{
	int r;

	if (server_wait(server, options->server.startup_delay))
		return 0;
	shelf.quota = (uint64_t)options->quota << 20;
	r = store_open(&shelf.store, options->data, err);
	if (r == 0)
		r = catalog_open(&shelf.catalog, options->data, err);
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
	struct http http = { .server = server,
			     .metrics = &metrics,
			     .key = &key,
			     .routes = asset_routes,
			     .data = &shelf,
			     .threads = options->threads };
	int r = token_key_load(&key, err);

	if (r < 0)
		return r;
	metrics_init(&metrics);
	metrics.extra = asset_metrics;
	metrics.extra_count = asset_metrics_count;
	r = http_start(&http, (uint16_t)options->server.port, err);
	if (r == 0)
		r = serve(server, options, &http, err);
	http_stop(&http);
	catalog_close(&shelf.catalog);
	store_close(&shelf.store);
	return r;
}

int main(int argc, char **argv)
{
	const char *data = getenv("DATA_DIR");
	struct options options = { .server = { .port = 8002, .drain = 10 },
				   .threads = 4,
				   .quota = 1024,
				   .data = data && *data ? data : "/data" };
	struct oci_error err = OCI_ERROR_INIT;
	struct server server;
	int r = read_options(&server, &options, argc, argv, &err);

	if (r == 0)
		r = run(&server, &options, &err);
	if (r < 0)
		(void)fprintf(stderr, "asset: %s\n", err.message);
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
