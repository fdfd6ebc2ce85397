/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_compose.c - the Compose reader and writer: what is read is what was meant, what is written reads as the same, files merge,
 * variables are replaced.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/io.h"
#include "base/mem.h"
#include "scale/compose.h"

static char *no_environment[] = { NULL };
static char *environment[] = { (char *)"FULL=value", (char *)"EMPTY=", (char *)"N=3", NULL };
static char data[4096];

static struct oci_arena arena;

static int setup(void **state)
{
	(void)state;
	arena = (struct oci_arena)OCI_ARENA_INIT;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	oci_arena_free(&arena);
	return 0;
}

static struct spec_project *load_with(const char *text, const struct compose_options *options)
{
	struct oci_error err = OCI_ERROR_INIT;
	struct spec_project *project = NULL;

	if (compose_load("c.yaml", text, strlen(text), options, &arena, &project, &err) < 0)
		fail_msg("%s", err.message);
	return project;
}

static struct spec_project *load(const char *text)
{
	struct compose_options options = { .directory = "/top/My Project",
					   .environment = environment };

	return load_with(text, &options);
}

static void refused(const char *text, const char *words)
{
	struct compose_options options = { .directory = "/top", .environment = environment };
	struct oci_error err = OCI_ERROR_INIT;
	struct spec_project *project = NULL;

	assert_int_equal(
		compose_load("c.yaml", text, strlen(text), &options, &arena, &project, &err),
		-EINVAL);
	assert_string_equal(err.message, words);
	assert_int_equal(err_kind(&err), ERR_DOCUMENT);
	assert_string_equal(err.file, "c.yaml");
	assert_null(project);
}

static const struct spec_service *first(const char *keys)
{
	char *text = oci_arena_printf(&arena, "services:\n  web:\n    image: web\n%s", keys);

	return &load(text)->services[0];
}

static void test_defaults(void **state)
{
	const struct spec_project *project = load("services: {web: {image: web}}");
	const struct spec_service *web = spec_service_find(project, "web");

	(void)state;
	assert_string_equal(project->name, "myproject");
	assert_string_equal(project->directory, "/top/My Project");
	assert_int_equal(web->replicas, 1);
	assert_int_equal(web->restart.condition, SPEC_RESTART_NO);
	assert_int_equal(web->restart.max_attempts, -1);
	assert_int_equal(web->restart.delay_ms, 1000);
	assert_int_equal(web->stop_grace_ms, 10000);
	assert_int_equal(web->probe.kind, SPEC_PROBE_IMAGE);
	assert_int_equal(web->probe.retries, -1);
	assert_int_equal(web->resources.memory, -1);
	assert_int_equal(web->resources.cpu_milli, -1);
	assert_true(web->oom_score_adj == INT64_MIN);
	assert_int_equal(web->log_max_size, 10 << 20);
	assert_int_equal(web->update.parallelism, 1);
	assert_int_equal(web->update.monitor_ms, 5000);
	assert_false(web->scale.given);
	assert_int_equal(web->scale.drain_ms, -1);
	assert_int_equal(web->scale.min, 0);
	assert_false(web->command_given);
	assert_int_equal(web->networks_len, 1);
	assert_string_equal(web->networks[0].network, "default");
	assert_string_equal(spec_network_find(project, "default")->name, "myproject_default");
}

static void test_ports(void **state)
{
	const struct spec_service *web =
		first("    ports: ['8080:80', '127.0.0.1:70-71:170-171/udp', 90, {target: 1, "
		      "published: 2}, '127.0.0.1::5']\n");

	(void)state;
	assert_int_equal(web->ports_len, 6);
	assert_int_equal(web->ports[0].published, 8080);
	assert_int_equal(web->ports[0].target, 80);
	assert_int_equal(web->ports[0].protocol, SPEC_TCP);
	assert_null(web->ports[0].host_ip);
	assert_string_equal(web->ports[2].host_ip, "127.0.0.1");
	assert_int_equal(web->ports[2].published, 71);
	assert_int_equal(web->ports[2].target, 171);
	assert_int_equal(web->ports[2].protocol, SPEC_UDP);
	assert_int_equal(web->ports[3].published, 0);
	assert_int_equal(web->ports[3].target, 90);
	assert_int_equal(web->ports[4].published, 2);
	assert_int_equal(web->ports[5].published, 0);
	assert_string_equal(web->ports[5].host_ip, "127.0.0.1");
}

static void test_words(void **state)
{
	const struct spec_service *web =
		first("    command: a \"b c\" 'd \"e' f\\ g \"\" h'i'\n    entrypoint: []\n");
	static const char *const words[] = { "a", "b c", "d \"e", "f g", "", "hi" };

	(void)state;
	assert_int_equal(web->command.len, ARRAY_LEN(words));
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		assert_string_equal(web->command.items[i], words[i]);
	assert_true(web->entrypoint_given);
	assert_int_equal(web->entrypoint.len, 0);
}

static void test_units(void **state)
{
	static const struct {
		const char *text;
		int64_t bytes;
	} sizes[] = { { "512", 512 },
		      { "1k", 1024 },
		      { "2KB", 2048 },
		      { "3kib", 3072 },
		      { "1.5m", 3 << 19 },
		      { "1gb", 1 << 30 },
		      { "1T", INT64_C(1) << 40 },
		      { "7b", 7 } };
	static const struct {
		const char *text;
		int64_t ms;
	} times[] = { { "1m30s", 90000 }, { "500ms", 500 }, { "1.5s", 1500 },  { "2h", 7200000 },
		      { "0", 0 },         { "1us", 1 },     { "1d", 86400000 } };
	static const struct {
		const char *text;
		int64_t milli;
	} cpus[] = {
		{ "0.5", 500 }, { "2", 2000 }, { "0.001", 1 }, { "1.2345", 1235 }, { "0", -1 }
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++)
		assert_int_equal(
			first(oci_arena_printf(&arena, "    mem_limit: %s\n", sizes[i].text))
				->resources.memory,
			sizes[i].bytes);
	for (size_t i = 0; i < ARRAY_LEN(times); i++)
		assert_int_equal(first(oci_arena_printf(&arena, "    stop_grace_period: %s\n",
							times[i].text))
					 ->stop_grace_ms,
				 times[i].ms);
	for (size_t i = 0; i < ARRAY_LEN(cpus); i++)
		assert_int_equal(first(oci_arena_printf(&arena, "    cpus: %s\n", cpus[i].text))
					 ->resources.cpu_milli,
				 cpus[i].milli);
}

static void test_substitution(void **state)
{
	static const struct {
		const char *text, *means;
	} cases[] = {
		{ "$FULL", "value" },
		{ "${FULL}s", "values" },
		{ "a$FULL-b", "avalue-b" },
		{ "$$FULL", "$FULL" },
		{ "x${NONE}", "x" },
		{ "${NONE:-d}", "d" },
		{ "${NONE-d}", "d" },
		{ "${EMPTY:-d}", "d" },
		{ "x${EMPTY-d}", "x" },
		{ "${FULL:-d}", "value" },
		{ "x${NONE:+r}", "x" },
		{ "x${EMPTY:+r}", "x" },
		{ "x${EMPTY+r}", "xr" },
		{ "${FULL:+r}", "r" },
		{ "${FULL:?words}", "value" },
		{ "x${EMPTY?words}", "x" },
		{ "${NONE:-${ALSO_NONE:-deep}}", "deep" },
		{ "${NONE:-a$$b}", "a$b" },
		{ "${NONE:-{}x}", "{x}" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const char *keys = oci_arena_printf(&arena, "    user: '%s'\n", cases[i].text);

		assert_string_equal(first(keys)->user, cases[i].means);
	}
	/* keys are not touched, a number may come from a variable */
	assert_string_equal(first("    labels: {$FULL: x}\n")->labels.items[0].key, "$FULL");
	assert_int_equal(first("    scale: $N\n")->replicas, 3);
	refused("services: {web: {image: '${NONE?no image}'}}",
		"c.yaml:1:25: services.web.image: variable NONE is not set: no image");
}

static void test_without_environment(void **state)
{
	struct compose_options options = { .directory = "/top" };
	const struct spec_project *project =
		load_with("services: {web: {image: web, user: '$FULL$$'}}", &options);

	(void)state;
	assert_string_equal(project->services[0].user, "$FULL$$");
	options.normalised = true;
	project = load_with("services: {web: {image: web, user: '$FULL$$'}}", &options);
	assert_string_equal(project->services[0].user, "$FULL$");
}

static void test_anchors(void **state)
{
	const struct spec_project *project = load("x-a: &a {image: a, user: u}\n"
						  "x-b: &b {image: b, hostname: h}\n"
						  "services:\n"
						  "  one: *a\n"
						  "  two:\n"
						  "    <<: [*a, *b]\n"
						  "    user: mine\n");
	const struct spec_service *two = spec_service_find(project, "two");

	(void)state;
	assert_string_equal(spec_service_find(project, "one")->image, "a");
	assert_string_equal(two->image, "a");
	assert_string_equal(two->user, "mine");
	assert_string_equal(two->hostname, "h");
}

static void test_restart(void **state)
{
	const struct spec_service *web = first("    restart: on-failure:4\n");

	(void)state;
	assert_int_equal(web->restart.condition, SPEC_RESTART_ON_FAILURE);
	assert_int_equal(web->restart.max_attempts, 4);
	assert_int_equal(first("    restart: no\n")->restart.condition, SPEC_RESTART_NO);
	web = first("    deploy: {restart_policy: {delay: 5s}}\n");
	assert_int_equal(web->restart.condition, SPEC_RESTART_ALWAYS);
	assert_int_equal(web->restart.delay_ms, 5000);
	web = first(
		"    restart: unless-stopped\n    deploy: {restart_policy: {condition: any}}\n");
	assert_int_equal(web->restart.condition, SPEC_RESTART_UNLESS_STOPPED);
	web = first("    restart: always\n    deploy: {restart_policy: {condition: none}}\n");
	assert_int_equal(web->restart.condition, SPEC_RESTART_NO);
}

static void test_health(void **state)
{
	const struct spec_probe *probe = &first("    healthcheck: {test: x y}\n")->probe;

	(void)state;
	assert_int_equal(probe->kind, SPEC_PROBE_EXEC);
	assert_int_equal(probe->command.len, 3);
	assert_string_equal(probe->command.items[2], "x y");
	assert_int_equal(probe->interval_ms, 30000);
	assert_int_equal(first("    healthcheck: {disable: true}\n")->probe.kind, SPEC_PROBE_NONE);
	probe = &first("    healthcheck: {interval: 5s}\n")->probe;
	assert_int_equal(probe->kind, SPEC_PROBE_IMAGE);
	assert_int_equal(probe->interval_ms, 5000);
	assert_int_equal(probe->timeout_ms, -1);
	/* x-carte's is the one that counts */
	probe = &first("    x-carte: {probe: {http: {port: 80}}}\n    healthcheck: {test: x}\n")
			 ->probe;
	assert_int_equal(probe->kind, SPEC_PROBE_HTTP);
	assert_int_equal(probe->port, 80);
	assert_string_equal(probe->path, "/");
}

static void test_scale(void **state)
{
	const struct spec_scale *scale =
		&first("    x-carte: {scale: {min: 2, max: 9, metric: cpu, target: 60%}}\n")->scale;

	(void)state;
	assert_true(scale->given);
	assert_int_equal(scale->policy, SPEC_SCALE_TARGET);
	assert_int_equal(scale->metrics_len, 1);
	assert_int_equal(scale->metrics[0].kind, SPEC_METRIC_CPU);
	assert_true(scale->metrics[0].target == 60);
	assert_true(scale->tolerance == 0.1);
	assert_int_equal(scale->window_down_ms, 60000);
	assert_int_equal(first("    x-carte: {scale: {min: 2, max: 9}}\n")->replicas, 2);
	scale = &first("    x-carte: {scale: {max: 9, calendar: [{cron: '0 9 * * 1', duration: 1h, "
		       "min: 3}]}}\n")
			 ->scale;
	assert_int_equal(scale->policy, SPEC_SCALE_CALENDAR);
	assert_int_equal(scale->calendar[0].duration_ms, 3600000);
}

static void test_predict(void **state)
{
	const struct spec_scale *scale =
		&first("    x-carte: {scale: {max: 9, metric: cpu, target: 60,"
		       " policy: predict}}\n")
			 ->scale;

	(void)state;
	assert_int_equal(scale->policy, SPEC_SCALE_PREDICT);
	assert_false(scale->predict.act);
	assert_true(scale->predict.quantile == 0.95);
	assert_int_equal(scale->predict.horizon_ms, -1);
	assert_true(scale->predict.weight == 100);
	assert_int_equal(scale->predict.churn_ms, 10000);
	assert_true(scale->predict.capacity == -1);
	scale = &first("    x-carte: {scale: {max: 9, metric: cpu, target: 60, policy: predict,"
		       " predict: {mode: act, quantile: 0.9, horizon: 5m, weight: 20, churn: 1m,"
		       " capacity: 150%}}}\n")
			 ->scale;
	assert_true(scale->predict.act);
	assert_true(scale->predict.quantile == 0.9);
	assert_int_equal(scale->predict.horizon_ms, 300000);
	assert_true(scale->predict.weight == 20);
	assert_int_equal(scale->predict.churn_ms, 60000);
	assert_true(scale->predict.capacity == 150);
}

static void test_modes(void **state)
{
	static const struct {
		const char *text;
		unsigned mode;
	} cases[] = { { "0440", 0440 }, { "0o440", 0440 }, { "288", 0440 }, { "'440'", 0440 } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const char *keys = oci_arena_printf(
			&arena,
			"    secrets: [{source: s, mode: %s}]\nsecrets: {s: {content: x}}\n",
			cases[i].text);

		assert_int_equal(first(keys)->files[0].mode, cases[i].mode);
	}
	assert_int_equal(first("    tmpfs: '/run:mode=1777,size=1k'\n")->mounts[0].mode, 01777);
}

static void test_profiles(void **state)
{
	static const char text[] = "services: {a: {image: a}, b: {image: b, profiles: [x]}, c: "
				   "{image: c, profiles: [y]}}";
	const char *const wanted[] = { "x", NULL };
	struct compose_options options = { .directory = "/top", .environment = no_environment };

	(void)state;
	assert_int_equal(load_with(text, &options)->services_len, 1);
	options.profiles = wanted;
	assert_int_equal(load_with(text, &options)->services_len, 2);
	options.profiles = (const char *const[]){ "*", NULL };
	assert_int_equal(load_with(text, &options)->services_len, 3);
}

static void test_large_alias(void **state)
{
	char *text = malloc(300000), *p = text;
	struct compose_options options = { .directory = "/top", .environment = environment };
	struct spec_project *project;
	struct oci_error err = OCI_ERROR_INIT;

	(void)state;
	assert_non_null(text);
	p += sprintf(p, "x-a: &a '%0200000d'\nx-b: [", 0);
	for (int i = 0; i < 200; i++)
		p += sprintf(p, "*a, ");
	sprintf(p, "x]\nservices: {web: {image: web}}\n");
	assert_int_equal(compose_load("c", text, strlen(text), &options, &arena, &project, &err),
			 -EINVAL);
	assert_non_null(strstr(err.message, "too large, with all aliases"));
	free(text);
}

/* ---- files of tests/data/compose ------------------------------------------------------------------------------------- */

static char *emit(const struct spec_project *project)
{
	struct oci_error err = OCI_ERROR_INIT;
	char *text;
	size_t length;

	if (compose_emit(project, &arena, &text, &length, &err) < 0)
		fail_msg("%s", err.message);
	assert_int_equal(strlen(text), length);
	return text;
}

static struct spec_project *load_files(const char *const *files, size_t count)
{
	struct compose_options options = { .environment = environment };
	struct oci_error err = OCI_ERROR_INIT;
	struct spec_project *project = NULL;

	if (compose_load_files(files, count, &options, &arena, &project, &err) < 0)
		fail_msg("%s", err.message);
	return project;
}

/* What is written reads as the same, as JSON and as YAML. */
static void check_fixed(const struct spec_project *project)
{
	struct compose_options options = { .directory = "/elsewhere", .normalised = true };
	struct oci_error err = OCI_ERROR_INIT;
	char *text = emit(project), *yaml;
	size_t length;

	assert_string_equal(emit(load_with(text, &options)), text);
	assert_int_equal(compose_emit_yaml(project, &arena, &yaml, &length, &err), 0);
	assert_string_equal(emit(load_with(yaml, &options)), text);
}

static void test_fixed_point(void **state)
{
	static const char *const names[] = { "full.yaml", "full-new.yaml", "anchors.json" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		const char *path = oci_arena_printf(&arena, "%s/compose/%s", data, names[i]);

		check_fixed(load_files(&path, 1));
	}
	check_fixed(load("services: {web: {image: web, environment: {A: "
			 "\"\\x7f\\e\\t\\n\\u2028\\N\\ufeff\\U0001f600\\\"\","
			 " B: 'true', C: '~', D: '', E: '$$x', F: ' a ', G: '# b', H: '- c', I: "
			 "'0x1f', J: null}}}"));
}

static void test_full(void **state)
{
	const char *path = oci_arena_printf(&arena, "%s/compose/full.yaml", data);
	const struct spec_project *project = load_files(&path, 1);
	const struct spec_service *web = spec_service_find(project, "web");

	(void)state;
	assert_int_equal(project->services_len, 4);
	assert_string_equal(web->image, "localhost/web:1");
	assert_int_equal(web->restart.condition, SPEC_RESTART_UNLESS_STOPPED);
	assert_int_equal(web->restart.max_attempts, 7);
	assert_int_equal(web->stop_grace_ms, 90000);
	assert_string_equal(web->stop_signal, "SIGINT");
	assert_int_equal(web->command.len, 5);
	/* env_file first, environment over it */
	assert_string_equal(web->environment.items[0].key, "FROM_FILE");
	assert_string_equal(web->environment.items[0].value, "quoted # not a comment");
	assert_string_equal(web->environment.items[1].value, "yes");
	assert_string_equal(web->environment.items[2].key, "A");
	assert_string_equal(web->environment.items[2].value, "1");
	assert_null(web->environment.items[4].value);
	assert_int_equal(web->mounts_len, 8);
	assert_true(web->mounts[0].create_source && web->mounts[0].read_only);
	assert_false(web->mounts[3].create_source);
	assert_int_equal(web->mounts[6].size, 64 << 20);
	assert_string_equal(web->files[0].target, "/app");
	assert_int_equal(web->files[1].mode, 0440);
	assert_string_equal(web->files[3].target, "/run/secrets/other");
	assert_int_equal(web->resources.memory, 512 << 20);
	assert_int_equal(web->resources.cpu_reserved_milli, 250);
	assert_int_equal(web->update.order, SPEC_START_FIRST);
	assert_true(web->no_new_privileges);
	assert_int_equal(web->probe.start_interval_ms, 50);
	assert_int_equal(spec_service_find(project, "shared")->network_mode, SPEC_NET_CONTAINER);
	assert_string_equal(spec_service_find(project, "shared")->network_target, "service:db");
}

static const char *in_folder(const char *folder, const char *name, const char *text)
{
	const char *path = oci_arena_printf(&arena, "%s/%s", folder, name);
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(text, file);
	assert_int_equal(fclose(file), 0);
	return path;
}

static void test_merge(void **state)
{
	char folder[] = "/tmp/carte-test-compose-XXXXXX";
	const struct spec_project *project;
	const struct spec_service *web;
	const char *files[2];

	(void)state;
	assert_non_null(mkdtemp(folder));
	files[0] = in_folder(folder, "a.yaml",
			     "services:\n"
			     "  web:\n"
			     "    image: a\n"
			     "    command: one\n"
			     "    environment: [A=1, B=2, build=x]\n"
			     "    ports: ['80:80', '81:81']\n"
			     "    volumes: ['./x:/x', './y:/y']\n"
			     "    dns: 1.1.1.1\n"
			     "    depends_on: [db]\n"
			     "    build: .\n"
			     "    user: u\n"
			     "    cap_add: [A]\n"
			     "    healthcheck: {test: [CMD, a, b], retries: 5}\n"
			     "  db: {image: db}\n");
	files[1] = in_folder(folder, "b.yaml",
			     "services:\n"
			     "  web:\n"
			     "    command: [two]\n"
			     "    environment: {B: 3, C: 4, build: y}\n"
			     "    ports: ['81:81', '82:82']\n"
			     "    volumes: ['./z:/y:ro']\n"
			     "    dns: [2.2.2.2]\n"
			     "    depends_on: {new: {condition: service_started}}\n"
			     "    build: {dockerfile: D}\n"
			     "    user: !reset null\n"
			     "    cap_add: !override [B]\n"
			     "    healthcheck: {test: [CMD, c]}\n"
			     "  new: {image: new}\n");
	project = load_files(files, 2);
	web = spec_service_find(project, "web");
	assert_int_equal(project->services_len, 3);
	assert_string_equal(web->image, "a");
	assert_int_equal(web->command.len, 1);
	assert_string_equal(web->command.items[0], "two");
	assert_int_equal(web->environment.len, 4);
	assert_string_equal(web->environment.items[1].value, "3");
	assert_string_equal(web->environment.items[2].value, "y");
	assert_int_equal(web->ports_len, 3);
	assert_int_equal(web->mounts_len, 2);
	assert_string_equal(web->mounts[1].source, oci_arena_printf(&arena, "%s/z", folder));
	assert_true(web->mounts[1].read_only);
	assert_int_equal(web->dns.len, 2);
	assert_int_equal(web->depends_on_len, 2);
	assert_string_equal(web->build.cartefile, oci_arena_printf(&arena, "%s/D", folder));
	assert_null(web->user);
	assert_int_equal(web->cap_add.len, 1);
	assert_int_equal(web->probe.command.len, 1);
	assert_int_equal(web->probe.retries, 5);
	check_fixed(project);
	unlink(files[0]);
	unlink(files[1]);
	assert_int_equal(rmdir(folder), 0);
}

static void test_find(void **state)
{
	char folder[] = "/tmp/carte-test-compose-XXXXXX";
	struct oci_error err = OCI_ERROR_INIT;
	const char *a, *b, *below;
	char *found;

	(void)state;
	assert_non_null(mkdtemp(folder));
	below = oci_arena_printf(&arena, "%s/below", folder);
	assert_int_equal(mkdir(below, 0700), 0);
	assert_int_equal(compose_find(below, &arena, &found, &err), -ENOENT);
	assert_int_equal(err_kind(&err), ERR_NOT_FOUND);
	a = in_folder(folder, "docker-compose.yml", "");
	assert_int_equal(compose_find(below, &arena, &found, NULL), 0);
	assert_string_equal(found, a);
	b = in_folder(below, "compose.yml", "");
	assert_int_equal(compose_find(below, &arena, &found, NULL), 0);
	assert_string_equal(found, b);
	unlink(a);
	unlink(b);
	rmdir(below);
	assert_int_equal(rmdir(folder), 0);
}

static void test_dot_env(void **state)
{
	char folder[] = "/tmp/carte-test-compose-XXXXXX";
	const char *env, *file;
	const struct spec_project *project;

	(void)state;
	assert_non_null(mkdtemp(folder));
	env = in_folder(folder, ".env", "FULL=not this\nNEW='$x'\nTWICE=${NEW}2\n");
	file = in_folder(
		folder, "c.yaml",
		"services: {web: {image: '$FULL', user: '$NEW', hostname: '${TWICE:+h}'}}");
	project = load_files(&file, 1);
	assert_string_equal(project->services[0].image, "value");
	assert_string_equal(project->services[0].user, "$x");
	assert_string_equal(project->services[0].hostname, "h");
	unlink(env);
	unlink(file);
	assert_int_equal(rmdir(folder), 0);
}

/* A 0 that is given is not the same as none: a secret without an owner is the program's. It is so behind the document, too. */
static void test_file_owners(void **state)
{
	static const struct {
		const char *given;
		uint32_t uid, gid;
		bool owned;
	} cases[] = {
		{ "", 0, 0, false },
		{ ", uid: '0'", 0, 0, true },
		{ ", gid: 0", 0, 0, true },
		{ ", uid: '7'", 7, 0, true },
		{ ", uid: 7, gid: '8'", 7, 8, true },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct spec_project *project = load(
			oci_arena_printf(&arena,
					 "services: {web: {image: web, secrets: [{source: s%s}]}}\n"
					 "secrets: {s: {content: x}}\n",
					 cases[i].given));

		for (unsigned times = 0; times < 2; times++) {
			const struct spec_file *file = &project->services[0].files[0];

			assert_int_equal(file->uid, cases[i].uid);
			assert_int_equal(file->gid, cases[i].gid);
			assert_int_equal(file->owned, cases[i].owned);
			project = load(emit(project));
		}
	}
}

static char *emit_service(const struct spec_service *service)
{
	struct oci_error err = OCI_ERROR_INIT;
	char *text;
	size_t length;

	assert_int_equal(compose_emit_service(service, true, &arena, &text, &length, &err), 0);
	return text;
}

/* who asks for a number of replicas wants them kept */
static void test_restart_of_many(void **state)
{
	(void)state;
	assert_int_equal(first("    scale: 3\n")->restart.condition, SPEC_RESTART_NO);
	assert_int_equal(first("    deploy: {replicas: 3}\n")->restart.condition,
			 SPEC_RESTART_ALWAYS);
	assert_int_equal(first("    x-carte: {scale: {max: 3}}\n")->restart.condition,
			 SPEC_RESTART_ALWAYS);
	assert_int_equal(first("    restart: 'no'\n    deploy: {replicas: 3}\n")->restart.condition,
			 SPEC_RESTART_NO);
	assert_int_equal(
		first("    deploy: {replicas: 3, restart_policy: {condition: on-failure}}\n")
			->restart.condition,
		SPEC_RESTART_ON_FAILURE);
}

static void test_revision(void **state)
{
	char *one = emit_service(first("    scale: 1\n"));

	(void)state;
	assert_string_equal(emit_service(first("    scale: 5\n")), one);
	assert_string_equal(
		emit_service(first("    restart: 'no'\n    x-carte: {scale: {max: 5}}\n")), one);
	assert_string_not_equal(emit_service(first("    user: x\n")), one);
}

static void test_resolve(void **state)
{
	struct spec_project *project =
		load("services: {web: {image: web}}\n"
		     "secrets: {a: {environment: FULL}}\n"
		     "configs: {b: {environment: NONE}, c: {content: 'x'}}\n");
	struct oci_error err = OCI_ERROR_INIT;

	(void)state;
	assert_int_equal(compose_resolve(project, environment, &arena, &err), -EINVAL);
	assert_string_equal(err.message, "configs.b: variable NONE is not set");
	project = load("services: {web: {image: web}}\nsecrets: {a: {environment: FULL}}\n");
	assert_int_equal(compose_resolve(project, environment, &arena, NULL), 0);
	assert_string_equal(spec_file_find(project, "a", true)->content, "value");
	assert_null(spec_file_find(project, "a", true)->environment);
	check_fixed(project);
}

int main(void)
{
	const char *source = getenv("top_srcdir");
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_defaults, setup, teardown),
		cmocka_unit_test_setup_teardown(test_ports, setup, teardown),
		cmocka_unit_test_setup_teardown(test_words, setup, teardown),
		cmocka_unit_test_setup_teardown(test_units, setup, teardown),
		cmocka_unit_test_setup_teardown(test_substitution, setup, teardown),
		cmocka_unit_test_setup_teardown(test_without_environment, setup, teardown),
		cmocka_unit_test_setup_teardown(test_anchors, setup, teardown),
		cmocka_unit_test_setup_teardown(test_restart, setup, teardown),
		cmocka_unit_test_setup_teardown(test_health, setup, teardown),
		cmocka_unit_test_setup_teardown(test_scale, setup, teardown),
		cmocka_unit_test_setup_teardown(test_predict, setup, teardown),
		cmocka_unit_test_setup_teardown(test_modes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_file_owners, setup, teardown),
		cmocka_unit_test_setup_teardown(test_profiles, setup, teardown),
		cmocka_unit_test_setup_teardown(test_large_alias, setup, teardown),
		cmocka_unit_test_setup_teardown(test_fixed_point, setup, teardown),
		cmocka_unit_test_setup_teardown(test_full, setup, teardown),
		cmocka_unit_test_setup_teardown(test_merge, setup, teardown),
		cmocka_unit_test_setup_teardown(test_find, setup, teardown),
		cmocka_unit_test_setup_teardown(test_dot_env, setup, teardown),
		cmocka_unit_test_setup_teardown(test_restart_of_many, setup, teardown),
		cmocka_unit_test_setup_teardown(test_revision, setup, teardown),
		cmocka_unit_test_setup_teardown(test_resolve, setup, teardown),
	};

	snprintf(data, sizeof(data), "%s/tests/data", source ? source : "..");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
