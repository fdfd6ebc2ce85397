/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_http.c - what the API answers: routes, their words, and the documents.
 */
#include "http-stage.h"
#include "scale/api.h"
#include "scale/embed.h"

static void answers_about_itself(void **state)
{
	(void)state;
	assert_int_equal(ask("GET", "/v1/info", NULL), 200);
	assert_has("\"runtime\":\"/usr/bin/carte-runtime\"");
	assert_has("\"cpuMilli\":2000");
	assert_has("\"limitedBy\":\"host\"");
	assert_has("?token=" TOKEN); /* over the unix socket only */
	assert_int_equal(ask("GET", "/healthz", NULL), 200);
	assert_string_equal(client_body(), "ok\n");
	assert_int_equal(ask("HEAD", "/healthz", NULL), 200);
	assert_string_equal(client_body(), "");
	assert_int_equal(ask("GET", "/", NULL), 200);
	assert_has("text/html");
	assert_has("Content-Security-Policy: default-src 'none'");
	assert_has("X-Content-Type-Options: nosniff");
	assert_int_equal(ask("GET", "/page.js", NULL), 200);
	assert_has("text/javascript");
}

static void keeps_projects(void **state)
{
	(void)state;
	assert_int_equal(ask("PUT", "/v1/projects/shop", WEB), 200);
	assert_string_equal(client_body(),
			    "{\"project\":\"shop\",\"services\":["
			    "{\"name\":\"web\",\"revision\":1,\"change\":\"created\"},"
			    "{\"name\":\"db\",\"revision\":1,\"change\":\"created\"}]}\n");
	shop_up();
	assert_int_equal(ask("PUT", "/v1/projects/shop",
			     "{\"name\":\"shop\",\"services\":{\"web\":{\"image\":\"web:2\"},"
			     "\"db\":{\"image\":\"db:1\"}}}"),
			 200);
	assert_has("{\"name\":\"web\",\"revision\":2,\"change\":\"updated\"}");
	assert_has("{\"name\":\"db\",\"revision\":1,\"change\":\"unchanged\"}");
	assert_int_equal(ask("PUT", "/v1/projects/shop?forceRecreate=1", WEB), 200);
	assert_string_equal(fake_last(sv), "up shop force");
	assert_int_equal(ask("GET", "/v1/projects", NULL), 200);
	assert_has("{\"name\":\"shop\",\"services\":2,");
	assert_int_equal(ask("GET", "/v1/projects/shop", NULL), 200);
	assert_string_equal(
		client_body(),
		"{\"name\":\"shop\",\"document\":{\"name\":\"shop\",\"services\":{}}}\n");
	assert_int_equal(ask("DELETE", "/v1/projects/shop?volumes=1", NULL), 202);
	assert_string_equal(fake_last(sv), "down shop volumes");
	assert_int_equal(ask("GET", "/v1/projects/shop/wait", NULL), 200);
	assert_has("\"settled\":true");
	assert_int_equal(ask("GET", "/v1/projects/shop", NULL), 404);
}

static void shows_services(void **state)
{
	(void)state;
	shop_up();
	assert_int_equal(ask("GET", "/v1/services?project=shop", NULL), 200);
	assert_has("{\"project\":\"shop\",\"name\":\"web\",\"image\":\"web:1\",\"revision\":1,"
		   "\"desired\":2,\"ready\":2,\"running\":2,\"replicas\":2,\"stopped\":false,"
		   "\"policy\":\"target\",\"manual\":false,\"min\":1,\"max\":8,"
		   "\"ports\":[\"0.0.0.0:8080->80/tcp\"],\"rollout\":\"\",\"reason\":\"\"");
	assert_int_equal(ask("GET", "/v1/services?project=other", NULL), 200);
	assert_string_equal(client_body(), "[]\n");
	assert_int_equal(ask("GET", "/v1/services/shop/web", NULL), 200);
	assert_has("\"replicas\":[{\"id\":");
	assert_has("\"name\":\"shop-web-2\"");
	assert_has("\"address\":\"10.88.0.4\"");
	assert_int_equal(ask("GET", "/v1/containers", NULL), 200);
	assert_has("\"name\":\"shop-db-1\"");
	assert_has("\"state\":\"ready\"");
}

static void scales(void **state)
{
	(void)state;
	shop_up();
	assert_int_equal(ask("POST", "/v1/services/shop/web/scale", "{\"replicas\":5}"), 200);
	assert_string_equal(client_body(), "{\"desired\":5,\"admitted\":5,\"reason\":\"\"}\n");
	assert_string_equal(fake_last(sv), "scale web 5 by cli");
	assert_int_equal(ask("POST", "/v1/services/shop/web/scale", "{\"replicas\":500}"), 200);
	assert_has("\"admitted\":20,\"reason\":\"the pool carries 20 replicas\"");
	assert_int_equal(ask("GET", "/v1/services/shop/web", NULL), 200);
	assert_has("\"policy\":\"manual\",\"manual\":true");
	assert_int_equal(ask("POST", "/v1/services/shop/web/scale", "{\"auto\":true}"), 200);
	assert_string_equal(fake_last(sv), "scale web -1 by cli");
	assert_int_equal(ask("GET", "/v1/services/shop/web/decisions?limit=1", NULL), 200);
	assert_has("\"from\":5,\"to\":500,\"why\":\"asked for\",\"inputs\":{\"who\":\"test\"}}]");
	assert_not("\"from\":2");
	assert_int_equal(ask("GET", "/v1/services/shop/web/revisions", NULL), 200);
	assert_has("\"words\":\"up\",\"document\":{\"image\":\"web\"}}]");
}

static void commands_services(void **state)
{
	(void)state;
	shop_up();
	assert_int_equal(ask("POST", "/v1/services/shop/web/stop", "{}"), 202);
	assert_string_equal(fake_last(sv), "stop web");
	assert_int_equal(ask("POST", "/v1/services/shop/web/start", NULL), 202);
	assert_string_equal(fake_last(sv), "start web");
	assert_int_equal(ask("POST", "/v1/services/shop/web/restart", "{}"), 202);
	assert_int_equal(ask("POST", "/v1/services/shop/web/rollback", "{}"), 409);
	assert_has("\"kind\":\"state\"");
	assert_int_equal(ask("POST", "/v1/services/shop/web/rollout", "{\"paused\":true}"), 409);
	assert_has("is not being updated");
	assert_int_equal(ask("POST", "/v1/services/shop/web/rollout", "{}"), 400);
	assert_has("expected \\\"paused\\\": true or false");
}

static void runs_in_the_background(void **state)
{
	(void)state;
	assert_int_equal(ask("POST", "/v1/containers?wait=1", ONE), 201);
	assert_int_equal(ask("GET", "/v1/containers/one", NULL), 200);
	assert_has("\"logPath\":\"/tmp/");
	assert_has("\"config\":null");
	assert_int_equal(ask("POST", "/v1/containers/one/start", "{}"), 409);
	assert_int_equal(ask("POST", "/v1/containers/on/stop?wait=1", "{\"grace\":3}"), 200);
	assert_string_equal(fake_last(sv), "stop one 3000");
	assert_int_equal(ask("GET", "/v1/containers", NULL), 200);
	assert_string_equal(client_body(), "[]\n");
	assert_int_equal(ask("GET", "/v1/containers?all=1", NULL), 200);
	assert_has("\"state\":\"exited\"");
	assert_has("\"exitStatus\":143");
	assert_int_equal(ask("POST", "/v1/containers/one/start?wait=1", "{}"), 200);
	assert_int_equal(ask("POST", "/v1/containers/one/restart?wait=1", "{}"), 200);
	assert_int_equal(ask("POST", "/v1/containers/one/pause", "{}"), 202);
	assert_int_equal(ask("POST", "/v1/containers/one/pause", "{}"), 409);
	assert_int_equal(ask("POST", "/v1/containers/one/unpause", "{}"), 202);
	assert_int_equal(ask("POST", "/v1/containers/one/kill", "{\"signal\":\"hup\"}"), 200);
	assert_string_equal(fake_last(sv), "kill one 1");
	assert_int_equal(ask("POST", "/v1/containers/one/kill", "{\"signal\":\"SIGRTMIN+2\"}"),
			 200);
	assert_int_equal(ask("POST", "/v1/containers/one/kill", "{}"), 200);
	assert_string_equal(fake_last(sv), "kill one 9");
	assert_int_equal(ask("DELETE", "/v1/containers/one", NULL), 409);
	assert_int_equal(ask("DELETE", "/v1/containers/one?force=1", NULL), 200);
}

static void tells_what_could_not_start(void **state)
{
	(void)state;
	assert_int_equal(
		ask("POST", "/v1/containers?wait=1",
		    "{\"name\":\"default\",\"services\":{\"bad\":{\"image\":\"missing\"}}}"),
		500);
	assert_has("{\"error\":\"default-bad-1 could not be started: no image missing\","
		   "\"kind\":\"failed\"}");
}

static void refuses_with_words(void **state)
{
	static const struct {
		const char *method, *uri, *body;
		int status;
		const char *kind, *words;
	} cases[] = {
		{ "GET", "/nothing", NULL, 404, "not-found", "GET /nothing: no such route" },
		{ "GET", "/v1/services/shop", NULL, 404, "not-found", "no such route" },
		{ "GET", "/v1/services/a/b/c/d", NULL, 404, "not-found", "no such route" },
		{ "GET", "/v1/services/shop/", NULL, 404, "not-found", "no such route" },
		{ "POST", "/v1/info", NULL, 405, "usage", "POST is not allowed for /v1/info" },
		{ "PATCH", "/v1/projects/shop", NULL, 405, "usage", "PATCH is not allowed" },
		{ "GET", "/v1/services/shop/none", NULL, 404, "not-found",
		  "no service none in project shop" },
		{ "GET", "/v1/containers/none", NULL, 404, "not-found", "no container none" },
		{ "GET", "/v1/containers/shop-web", NULL, 400, "usage", "fits 2 containers" },
		{ "GET", "/v1/%zz", NULL, 400, "usage", "not well formed" },
		{ "GET", "/v1/%00", NULL, 400, "usage", "not well formed" },
		{ "GET", "/v1/%ff", NULL, 400, "usage", "not well formed" },
		{ "GET", "/v1/info?a=%", NULL, 400, "usage", "not well escaped" },
		{ "GET", "/v1/info?1&2&3&4&5&6&7&8&9&10&11&12&13&14&15&16&17", NULL, 400, "usage",
		  "more than 16 parameters" },
		{ "GET", "/v1/containers?all=yes", NULL, 400, "usage", "all: expected 1 or 0" },
		{ "GET", "/v1/events?after=-1", NULL, 400, "usage", "after: expected a whole" },
		{ "GET", "/v1/projects/shop/wait?timeout=x", NULL, 400, "usage", "timeout: " },
		{ "POST", "/v1/services/shop/web/scale", "{", 422, "document", "no JSON" },
		{ "POST", "/v1/services/shop/web/scale", "[1]", 400, "usage",
		  "expected an object" },
		{ "POST", "/v1/services/shop/web/scale", "{}", 400, "usage",
		  "expected either \\\"replicas\\\" or \\\"auto\\\": true" },
		{ "POST", "/v1/services/shop/web/scale", "{\"replicas\":1,\"auto\":true}", 400,
		  "usage", "expected either" },
		{ "POST", "/v1/services/shop/web/scale", "{\"replicas\":-1}", 400, "usage",
		  "replicas: expected a whole number from 0 to 10000" },
		{ "POST", "/v1/services/shop/web/scale", "{\"replicas\":1.5}", 400, "usage",
		  "replicas: expected a whole number" },
		{ "POST", "/v1/services/shop/web/scale", "{\"replica\":1}", 400, "usage",
		  "replica: no such member" },
		{ "POST", "/v1/services/shop/web/scale", "{\"auto\":1}", 400, "usage",
		  "auto: expected true or false" },
		{ "POST", "/v1/services/shop/web/stop", "{\"x\":1}", 400, "usage",
		  "x: no such member" },
		{ "POST", "/v1/services/shop/web/rollback", "{\"revision\":9}", 409, "state", "" },
		{ "POST", "/v1/containers/shop-db-1/kill", "{\"signal\":\"SIGNOPE\"}", 400, "usage",
		  "signal: no signal is called SIGNOPE" },
		{ "POST", "/v1/containers/shop-db-1/kill", "{\"signal\":\"99\"}", 400, "usage",
		  "no signal is called 99" },
		{ "POST", "/v1/containers/shop-db-1/kill", "{\"signal\":9}", 400, "usage",
		  "signal: expected a string" },
		{ "POST", "/v1/containers/shop-db-1/finished", "{}", 400, "usage",
		  "status: required" },
		{ "POST", "/v1/containers/shop-db-1/stop", "{\"grace\":\"1\"}", 400, "usage",
		  "grace: expected a whole number" },
		{ "POST", "/v1/containers", "", 422, "document", "services: required" },
		{ "PUT", "/v1/projects/other", WEB, 422, "document",
		  "name: expected other, got shop" },
		{ "PUT", "/v1/projects/other", "{}", 422, "document",
		  "x-carte.name: expected other, got none" },
		{ "PUT", "/v1/projects/other", "[]", 422, "document", "got none" },
		{ "PUT", "/v1/projects/other", "{\"x-carte\":{\"name\":\"b\"}}", 422, "document",
		  "x-carte.name: expected other, got b" },
		{ "PUT", "/v1/projects/shop", "{\"name\":\"shop\",\"x-carte\":{\"name\":\"b\"}}",
		  422, "document", "x-carte.name: expected shop, got b" },
		{ "PUT", "/v1/projects/x", "{\"name\":\"x\",\"services\":{\"a\":{}}}", 422,
		  "document", "document:1:1: services.a.image: required" },
		{ "HEAD", "/v1/events?follow=1", NULL, 400, "", "" },
	};

	(void)state;
	shop_up();
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char kind[64];
		int status = ask(cases[i].method, cases[i].uri, cases[i].body);

		if (status != cases[i].status)
			fail_msg("%s %s: expected %d: %s", cases[i].method, cases[i].uri,
				 cases[i].status, client.text);
		snprintf(kind, sizeof(kind), "\"kind\":\"%s", cases[i].kind);
		if (cases[i].kind[0])
			assert_has(kind);
		assert_has(cases[i].words);
	}
	assert_int_equal(ask("POST", "/v1/info", NULL), 405);
	assert_has("Allow: GET\r\n");
}

static void gives_stats(void **state)
{
	(void)state;
	shop_up();
	assert_int_equal(ask("GET", "/v1/containers/shop-web-1/stats", NULL), 200);
	assert_has("\"name\":\"shop-web-1\"");
	assert_has("\"cpuPercent\":20"); /* 200 thousandths */
	assert_has("\"cpuPressure\":5");
	assert_has("\"memory\":25165824,\"memoryLimit\":67108864");
	assert_has("\"rxBytes\":null");
	assert_int_equal(ask("GET", "/v1/stats", NULL), 200);
	assert_has("\"name\":\"shop-web-2\"");
	assert_has("\"cpuPercent\":10,");
	assert_int_equal(ask("POST", "/v1/containers/shop-web-1/stop?wait=1", "{}"), 200);
	assert_int_equal(ask("GET", "/v1/containers/shop-web-1/stats", NULL), 409);
	assert_has("shop-web-1 does not run");
}

static void tails_logs(void **state)
{
	(void)state;
	shop_up();
	assert_int_equal(ask("GET", "/v1/containers/shop-db-1/logs", NULL), 200);
	assert_string_equal(client_body(), "");
	write_file("shop-db-1.log.1", "one\ntwo\nthree\n");
	write_file("shop-db-1.log", "four\nfive\n");
	assert_int_equal(ask("GET", "/v1/containers/shop-db-1/logs?tail=1", NULL), 200);
	assert_string_equal(client_body(), "five\n");
	assert_has("text/plain");
	assert_int_equal(ask("GET", "/v1/containers/shop-db-1/logs?tail=2", NULL), 200);
	assert_string_equal(client_body(), "four\nfive\n");
	assert_int_equal(ask("GET", "/v1/containers/shop-db-1/logs?tail=3", NULL), 200);
	assert_string_equal(client_body(), "three\nfour\nfive\n");
	assert_int_equal(ask("GET", "/v1/containers/shop-db-1/logs?tail=99", NULL), 200);
	assert_string_equal(client_body(), "one\ntwo\nthree\nfour\nfive\n");
	assert_int_equal(ask("GET", "/v1/containers/shop-db-1/logs?tail=0", NULL), 200);
	assert_string_equal(client_body(), "");
}

/* ---- documents --------------------------------------------------------------------------------------------------- */

/* Every sample belongs to the family that was announced last, and no family comes twice. */
static void writes_metrics(void **state)
{
	static char seen[64 * 1024];
	char family[128] = "";
	char *line;
	char *rest;
	unsigned samples = 0;

	(void)state;
	shop_up();
	assert_int_equal(ask("POST", "/v1/services/shop/web/scale", "{\"replicas\":3}"), 200);
	assert_int_equal(ask("GET", "/v1/projects/shop/wait", NULL), 200);
	assert_int_equal(ask("GET", "/metrics", NULL), 200);
	assert_has("text/plain; version=0.0.4");
	assert_has("\ncarte_replicas{project=\"shop\",service=\"web\",state=\"ready\"} 3\n");
	assert_has("\ncarte_replicas_desired{project=\"shop\",service=\"web\"} 3\n");
	assert_has("\ncarte_replica_start_seconds_bucket{project=\"shop\",service=\"web\",le=\"+"
		   "Inf\"} 3\n");
	assert_has("\ncarte_replica_start_seconds_count{project=\"shop\",service=\"web\"} 3\n");
	assert_has("\ncarte_scale_decisions_total{project=\"shop\",service=\"web\"} 1\n");
	assert_has("\ncarte_replica_memory_bytes{project=\"shop\",service=\"web\",replica=\"shop-"
		   "web-2\"} 12582912\n");
	assert_has("\ncarte_pool_cpu_cores 2\n");
	assert_has("\nprocess_resident_memory_bytes ");
	rest = strstr(client.text, "\r\n\r\n") + 4;
	seen[0] = '\0';
	while ((line = strsep(&rest, "\n")) && *line) {
		char name[128];

		if (sscanf(line, "# HELP %127s", name) == 1) {
			char mark[140];

			snprintf(mark, sizeof(mark), " %s ", name);
			assert_null(strstr(seen, mark));
			strcat(seen, mark);
			continue;
		}
		if (sscanf(line, "# TYPE %127s", family) == 1)
			continue;
		assert_memory_equal(line, family, strlen(family));
		assert_non_null(strchr(line, ' '));
		samples++;
	}
	assert_true(samples > 60);
}

/* One that was made an hour ago and is started now has taken no hour, and one that is healthy again has not been started. */
static void counts_starts(void **state)
{
	struct service *web;
	struct replica *replica;

	(void)state;
	shop_up();
	web = supervisor_service(sv, "shop", "web");
	replica = web->replicas;
	replica->made_ms -= 3600000;
	replica->again = true;
	fake_emit(sv, "replica", "ready", web, replica, -1, "");
	replica->recovered = true;
	replica->started_ms -= 3600000;
	fake_emit(sv, "replica", "ready", web, replica, -1, "");
	assert_int_equal(ask("GET", "/metrics", NULL), 200);
	assert_has("\ncarte_replica_start_seconds_bucket{project=\"shop\",service=\"web\",le=\"60"
		   "\"} 3\n");
	assert_has("\ncarte_replica_start_seconds_count{project=\"shop\",service=\"web\"} 3\n");
}

static bool has_route(const char *method, const char *pattern)
{
	for (const struct api_route *route = api_routes; route->method; route++)
		if (strcasecmp(route->method, method) == 0 && strcmp(route->pattern, pattern) == 0)
			return true;
	return false;
}

static void describes_every_route(void **state)
{
	yajl_val root = NULL;
	struct oci_error err = OCI_ERROR_INIT;
	yajl_val paths;
	unsigned operations = 0;
	unsigned routes = 0;

	(void)state;
	if (json_read((const char *)embed_openapi_json, embed_openapi_json_length, &root, &err) < 0)
		fail_msg("openapi.json: %s", err.message);
	assert_string_equal(YAJL_GET_STRING(json_member(root, "openapi")), "3.0.3");
	paths = json_member(root, "paths");
	assert_true(YAJL_IS_OBJECT(paths));
	for (const struct api_route *route = api_routes; route->method; route++)
		routes++;
	for (size_t i = 0; i < paths->u.object.len; i++) {
		yajl_val path = paths->u.object.values[i];

		for (size_t k = 0; k < path->u.object.len; k++) {
			const char *method = path->u.object.keys[k];

			if (strcmp(method, "parameters") == 0)
				continue;
			if (!has_route(method, paths->u.object.keys[i]))
				fail_msg("openapi.json: no route %s %s", method,
					 paths->u.object.keys[i]);
			assert_non_null(json_member(path->u.object.values[k], "responses"));
			assert_non_null(json_member(path->u.object.values[k], "summary"));
			operations++;
		}
	}
	/* each route is there, as there are as many of both and each operation is a route */
	assert_int_equal(operations, routes);
	yajl_tree_free(root);
}

static int begin_scaler(void **state)
{
	is_scaler_asked = true;
	return begin(state);
}

static void shows_forecasts(void **state)
{
	static const char shop[] =
		"{\"name\":\"shop\",\"services\":{\"web\":{\"image\":\"web:1\","
		"\"scale\":{\"min\":1,\"max\":8,\"predict\":1}},\"db\":{\"image\":\"db:1\"}}}";
	int status = 404;

	(void)state;
	assert_int_equal(ask("PUT", "/v1/projects/shop", shop), 200);
	assert_int_equal(ask("GET", "/v1/projects/shop/wait?timeout=10", NULL), 200);
	/* from its first round on */
	for (int i = 0; i < 1000 && status == 404; i++) {
		(void)loop_once(loop, 5);
		status = ask("GET", "/v1/services/shop/web/forecast", NULL);
	}
	assert_int_equal(status, 200);
	assert_has("{\"mode\":\"forecast-only\",\"open\":false,\"gate\":");
	assert_has("\"models\":[{\"model\":\"persistence\",\"loss\":null,");
	assert_has("\"candidates\":[],\"ahead\":[");
	assert_has("\"planMicroseconds\":");
	assert_int_equal(ask("GET", "/v1/services/shop/web", NULL), 200);
	assert_has("\"policy\":\"predict\"");
	assert_int_equal(ask("GET", "/metrics", NULL), 200);
	assert_has("\n# TYPE carte_forecast_plans_total counter\n");
	assert_has("\ncarte_forecast_open{project=\"shop\",service=\"web\"} 0\n");
	assert_not("carte_forecast_open{project=\"shop\",service=\"db\"}");
	assert_int_equal(ask("GET", "/v1/services/shop/db/forecast", NULL), 404);
	assert_has("db: nothing is forecast: its policy is not predict");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(answers_about_itself),
		TEST(keeps_projects),
		TEST(shows_services),
		TEST(scales),
		TEST(commands_services),
		TEST(runs_in_the_background),
		TEST(tells_what_could_not_start),
		TEST(refuses_with_words),
		TEST(gives_stats),
		TEST(tails_logs),
		TEST(writes_metrics),
		TEST(counts_starts),
		TEST(describes_every_route),
		cmocka_unit_test_setup_teardown(shows_forecasts, begin_scaler, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
