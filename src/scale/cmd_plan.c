/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd_plan.c - explain without acting: what of a Compose file the host would carry, or why a running service has the number it has.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/io.h"
#include "base/mem.h"
#include "base/places.h"
#include "scale/autoscale-private.h"
#include "scale/cmds.h"
#include "scale/compose.h"
#include "scale/json.h"
#include "scale/pool.h"

#define ANSWER_MAX ((size_t)8 << 20)
#define DECISIONS "10"

extern char **environ;

struct plan_args {
	struct opt_list files;
	const char *project, *env_file, *service;
};

#define ARG(member) offsetof(struct plan_args, member)

static const struct opt plan_opts[] = {
	{ "file", 'f', OPT_LIST, ARG(files), "FILE",
	  "a Compose file, - for standard input; later ones are merged over it" },
	{ "project-name", 'p', OPT_STRING, ARG(project), "NAME", "the project's name" },
	{ "env-file", 0, OPT_STRING, ARG(env_file), "FILE", "variables instead of .env" },
	{ "service", 0, OPT_STRING, ARG(service), "PROJECT/SERVICE",
	  "explain what the running supervisor decided about this service" },
	{ .name = NULL },
};

static double gib(int64_t bytes)
{
	return (double)bytes / (double)((int64_t)1 << 30);
}

/* ---- a file ----------------------------------------------------------------------------------------------------------- */

static void print_pool(const struct pool *pool)
{
	printf("pool (%s): %.2f cores, %.2f GiB of memory to reserve; %.2f GiB are available, %.2f "
	       "GiB "
	       "are kept free\n",
	       pool->limited_by, (double)pool->cpu_milli / 1000, gib(pool->memory),
	       gib(pool->available), gib(pool->memory_reserve));
}

static void print_metrics(const struct spec_scale *scale, struct oci_arena *arena)
{
	for (size_t i = 0; i < scale->metrics_len; i++)
		printf("%s%s %.6g%s", i ? ", " : "",
		       autoscale_metric_words(&scale->metrics[i], arena), scale->metrics[i].target,
		       scale->metrics[i].kind == SPEC_METRIC_HTTP ? "" : "%");
}

static void print_policy(const struct spec_scale *scale, unsigned calendar, struct oci_arena *arena)
{
	if (!scale->given || scale->policy == SPEC_SCALE_MANUAL) {
		printf("  the number is set by hand\n");
		return;
	}
	printf("  automatic: from %lld to %lld", (long long)scale->min, (long long)scale->max);
	if (spec_scale_measures(scale)) {
		printf(", looked at every %.4g s; on average of the ready replicas ",
		       (double)scale->period_ms / 1000);
		print_metrics(scale, arena);
	}
	if (scale->policy == SPEC_SCALE_PREDICT)
		printf(scale->predict.act ? "; forecasts may raise the number"
					  : "; forecasts are only told and recorded");
	printf("\n");
	if (calendar)
		printf("  the calendar asks for at least %u now\n", calendar);
}

static void print_service(const struct pool_wish *wish, unsigned calendar, struct oci_arena *arena)
{
	const struct spec_service *spec = wish->service->spec;
	const struct spec_resources *needs = &spec->resources;

	printf("%s: %u wanted, %u of them can be carried (priority %lld)\n", spec->name,
	       wish->wanted, wish->admitted, (long long)spec->scale.priority);
	if (needs->cpu_reserved_milli > 0 || needs->memory_reserved > 0)
		printf("  each reserves %.2f cores and %.2f GiB of memory\n",
		       needs->cpu_reserved_milli > 0 ? (double)needs->cpu_reserved_milli / 1000 : 0,
		       needs->memory_reserved > 0 ? gib(needs->memory_reserved) : 0);
	if (wish->reason[0])
		printf("  %s\n", wish->reason);
	print_policy(&spec->scale, calendar, arena);
}

static unsigned calendar_now(const struct spec_scale *scale)
{
	return scale->calendar_len ? calendar_minimum(scale->calendar, scale->calendar_len,
						      (int64_t)time(NULL), NULL)
				   : 0;
}

static int plan_project(const struct spec_project *project, struct oci_arena *arena,
			struct oci_error *err)
{
	size_t count = project->services_len;
	struct service *services = oci_arena_array(arena, count + 1, sizeof(*services));
	struct pool_wish *wishes = oci_arena_array(arena, count + 1, sizeof(*wishes));
	struct pool pool = { 0 };
	int r;

	if (!services || !wishes)
		return err_nomem(err);
	r = pool_measure(&pool, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < count; i++) {
		const struct spec_service *spec = &project->services[i];

		services[i].spec = spec;
		wishes[i] = (struct pool_wish){ .service = &services[i],
						.wanted = spec_first_number(
							spec, calendar_now(&spec->scale)) };
	}
	pool_admit(&pool, wishes, count);
	print_pool(&pool);
	for (size_t i = 0; i < count; i++)
		print_service(&wishes[i], calendar_now(&project->services[i].scale), arena);
	return 0;
}

static int plan_files(const struct plan_args *args, struct oci_arena *arena, struct oci_error *err)
{
	const struct compose_options options = { .project = args->project,
						 .environment = environ,
						 .env_file = args->env_file };
	const char *const *files = args->files.items;
	struct spec_project *project;
	int r = compose_load_here(files, args->files.len, &options, arena, &project, err);

	return r < 0 ? r : plan_project(project, arena, err);
}

/* ---- the running supervisor ------------------------------------------------------------------------------------------- */

static int read_answer(const char *text, size_t length, const char *service, yajl_val *ret,
		       struct oci_error *err)
{
	const char *body = strstr(text, "\r\n\r\n");
	yajl_val error;
	int r;

	if (length < 12 || strncmp(text, "HTTP/1.", 7) != 0 || !body)
		return err_set(err, EPROTO, "the supervisor's answer is no HTTP");
	body += 4;
	r = json_read(body, length - (size_t)(body - text), ret, err);
	if (r < 0 || strncmp(text + 9, "200", 3) == 0)
		return r;
	error = json_member(*ret, "error");
	r = err_set_as(err, strncmp(text + 9, "404", 3) == 0 ? ERR_NOT_FOUND : ERR_FAILED, EIO,
		       "%s: %s", service,
		       YAJL_IS_STRING(error) ? YAJL_GET_STRING(error)
					     : "the supervisor refused to tell");
	yajl_tree_free(*ret);
	return r;
}

static int ask(const char *path, const char *service, struct oci_arena *arena, yajl_val *ret,
	       struct oci_error *err)
{
	const char *at = places_socket(NULL, arena);
	CLEANUP_CLOSE int fd = at ? io_connect_unix(SOCK_STREAM, at) : -ENOMEM;
	char *request = oci_arena_printf(arena, "GET %s HTTP/1.0\r\nHost: carte\r\n\r\n", path);
	size_t length;
	char *text;
	int r;

	if (fd == -ENOENT || fd == -ECONNREFUSED)
		return err_set_as(err, ERR_NOT_FOUND, -fd,
				  "no supervisor answers at %s: nothing is running", at);
	if (fd < 0)
		return err_sys(err, -fd, "connect to the supervisor");
	if (!request)
		return err_nomem(err);
	r = io_write_all(fd, request, strlen(request));
	if (r == 0)
		r = io_read_fd(fd, ANSWER_MAX, arena, &text, &length);
	return r < 0 ? err_sys(err, -r, "talk to the supervisor")
		     : read_answer(text, length, service, ret, err);
}

static long long number(yajl_val object, const char *key)
{
	yajl_val value = json_member(object, key);

	return YAJL_IS_INTEGER(value) ? YAJL_GET_INTEGER(value) : -1;
}

static const char *text_of(yajl_val object, const char *key)
{
	yajl_val value = json_member(object, key);

	return YAJL_IS_STRING(value) ? YAJL_GET_STRING(value) : "";
}

static void print_decisions(yajl_val list)
{
	if (!YAJL_IS_ARRAY(list) || !YAJL_GET_ARRAY(list)->len) {
		printf("no decision has been made yet\n");
		return;
	}
	for (size_t i = 0; i < YAJL_GET_ARRAY(list)->len; i++) {
		yajl_val each = YAJL_GET_ARRAY(list)->values[i];
		long long from = number(each, "from"), to = number(each, "to");

		if (from == to)
			printf("%s  stays at %lld: %s\n", text_of(each, "at"), to,
			       text_of(each, "why"));
		else
			printf("%s  from %lld to %lld: %s\n", text_of(each, "at"), from, to,
			       text_of(each, "why"));
	}
}

static int plan_service(const char *name, struct oci_arena *arena, struct oci_error *err)
{
	char *path = oci_arena_printf(arena, "/v1/services/%s", name);
	yajl_val service = NULL, decisions = NULL;
	int r;

	if (!path)
		return err_nomem(err);
	if (!strchr(name, '/') || name[strcspn(name, " ?#%\r\n")])
		return err_set_as(err, ERR_USAGE, EINVAL, "--service %s: expected PROJECT/SERVICE",
				  name);
	r = ask(path, name, arena, &service, err);
	if (r < 0)
		return r;
	printf("%s: %lld wanted, %lld ready, policy %s\n", name, number(service, "desired"),
	       number(service, "ready"), text_of(service, "policy"));
	if (*text_of(service, "reason"))
		printf("  %s\n", text_of(service, "reason"));
	yajl_tree_free(service);
	path = oci_arena_printf(arena, "%s/decisions?limit=" DECISIONS, path);
	r = path ? ask(path, name, arena, &decisions, err) : err_nomem(err);
	if (r < 0)
		return r;
	print_decisions(decisions);
	yajl_tree_free(decisions);
	return 0;
}

static int plan_run(void *options, char **operands, int count, struct oci_error *err)
{
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	struct plan_args *args = options;
	int r;

	(void)operands;
	(void)count;
	if (args->service && args->files.len)
		r = err_set_as(err, ERR_USAGE, EINVAL,
			       "--file and --service: one of them, a file or what is running");
	else if (args->service)
		r = plan_service(args->service, &arena, err);
	else
		r = plan_files(args, &arena, err);
	opt_list_free(&args->files);
	return r;
}

const struct cmd cmd_plan = {
	.command = {
		.name = "plan",
		.usage = "[OPTIONS]",
		.summary = "explain what would run, or why so many run, and do nothing",
		.opts = plan_opts,
		.positional_after = -1,
	},
	.options_size = sizeof(struct plan_args),
	.run = plan_run,
};
