/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd_up.c - up and down: a Compose file's project becomes what is wanted, or is forgotten.
 */
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>

#include "base/io.h"
#include "cli/build.h"
#include "cli/common.h"
#include "cli/logs.h"
#include "cli/project.h"
#include "cli/store.h"

#define WAIT_SECONDS 300
#define LOOK_SECONDS 2 /* `up -d` without --wait: what cannot be is often known at once */

struct up_args {
	struct project_args project;
	struct opt_list scale;
	bool detach, build, no_build, force_recreate, wait, quiet_pull, volumes;
	uint32_t timeout;
	bool timeout_given;
	const char *timeout_text;
};

static const struct opt up_opts[] = {
	{ "build", 0, OPT_FLAG, offsetof(struct up_args, build), NULL,
	  "build the images of services with a build; without it those that are missing" },
	{ "detach", 'd', OPT_FLAG, offsetof(struct up_args, detach), NULL,
	  "do not follow the logs" },
	PROJECT_OPTIONS(struct up_args, project),
	{ "force-recreate", 0, OPT_FLAG, offsetof(struct up_args, force_recreate), NULL,
	  "new containers even where nothing has changed" },
	{ "no-build", 0, OPT_FLAG, offsetof(struct up_args, no_build), NULL,
	  "build nothing, even what is missing" },
	{ "remove-orphans", 0, OPT_IGNORED_FLAG, 0, NULL,
	  "accepted for compatibility; services that are not in the file any more always go" },
	{ "scale", 0, OPT_LIST, offsetof(struct up_args, scale), "SERVICE=N",
	  "so many replicas, instead of the file's number; repeatable" },
	{ "timeout", 't', OPT_STRING, offsetof(struct up_args, timeout_text), "SECONDS",
	  "for --wait and for stopping; default: 300" },
	{ "wait", 0, OPT_FLAG, offsetof(struct up_args, wait), NULL,
	  "until all is ready, or cannot be; implies -d" },
	{ .name = NULL },
};

static int parse_timeout(struct up_args *args, struct oci_error *err)
{
	args->timeout = WAIT_SECONDS;
	if (args->timeout_text && parse_u32(args->timeout_text, &args->timeout) < 0)
		return err_set_as(err, ERR_USAGE, EINVAL,
				  "invalid value \"%s\" for --timeout: expected seconds",
				  args->timeout_text);
	return 0;
}

/* ---- images ------------------------------------------------------------------------------------------------------------ */

static int build_one(const struct up_args *args, const char *name, yajl_val service,
		     struct oci_error *err)
{
	yajl_val build = json_get(service, "build");
	const char *image = json_text(service, "image");
	int r;

	if (!build || args->no_build || (!args->build && store_has(image)))
		return 0;
	fprintf(stderr, "%s: building %s\n", name, image);
	r = build_service(json_text(build, "context"), json_text(build, "dockerfile"), image, err);
	return r > 0 ? err_set(err, EIO, "the image of service '%s' was not built", name) : r;
}

static int build_all(const struct up_args *args, yajl_val document, struct oci_error *err)
{
	yajl_val services = json_get(document, "services");
	int r = 0;

	for (size_t i = 0; r == 0 && YAJL_IS_OBJECT(services) && i < services->u.object.len; i++)
		r = build_one(args, services->u.object.keys[i], services->u.object.values[i], err);
	return r;
}

/* ---- the project -------------------------------------------------------------------------------------------------------- */

static int put_project(const struct up_args *args, const char *project, const char *text,
		       struct oci_error *err)
{
	CLEANUP_FREE char *path = NULL;
	CLEANUP_JSON yajl_val answer = NULL;
	yajl_val services;
	int r;

	if (asprintf(&path, "/v1/projects/%s%s", project,
		     args->force_recreate ? "?forceRecreate=1" : "") < 0) {
		path = NULL;
		return err_nomem(err);
	}
	r = client_call("PUT", path, text, strlen(text), &answer, err);
	services = json_get(answer, "services");
	for (size_t i = 0; r == 0 && i < json_count(services); i++)
		fprintf(stderr, "%s/%s: %s\n", project, json_text(json_at(services, i), "name"),
			json_text(json_at(services, i), "change"));
	return r;
}

static int scale_all(const struct up_args *args, const char *project, struct oci_error *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < args->scale.len; i++) {
		CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
		const char *text = args->scale.items[i], *equals = strchr(text, '=');
		char body[64];
		uint32_t count;
		char *name;

		if (!equals || equals == text || parse_u32(equals + 1, &count) < 0)
			return err_set_as(err, ERR_USAGE, EINVAL,
					  "invalid value \"%s\" for --scale: expected SERVICE=N",
					  text);
		name = oci_arena_strndup(&arena, text, (size_t)(equals - text));
		if (!name)
			return err_nomem(err);
		snprintf(body, sizeof(body), "{\"replicas\":%u}", count);
		r = client_post(body, NULL, err, "/v1/services/%s/%s/scale", project,
				client_escape(&arena, name));
	}
	return r;
}

/* 1: settled, 0: not yet. What cannot be is told in @words. */
static int settled(const char *project, uint32_t seconds, char *words, size_t size,
		   struct oci_error *err)
{
	CLEANUP_JSON yajl_val answer = NULL;
	int r = client_get(&answer, err, "/v1/projects/%s/wait?timeout=%u", project, seconds);

	if (r < 0)
		return r;
	snprintf(words, size, "%s", json_text(answer, "words"));
	return json_bool(answer, "settled");
}

static int await(const struct up_args *args, const char *project, struct oci_error *err)
{
	char words[512] = "";
	int r = settled(project, args->wait ? args->timeout : LOOK_SECONDS, words, sizeof(words),
			err);

	if (r < 0)
		return r;
	if (r > 0 && *words)
		return err_set_as(err, ERR_STATE, EIO, "%s: %s", project, words);
	if (r == 0 && args->wait)
		return err_set_as(err, ERR_TIMEOUT, ETIMEDOUT, "%s is not ready after %u s%s%s",
				  project, args->timeout, *words ? ": " : "", words);
	return 0;
}

/* ---- in the foreground --------------------------------------------------------------------------------------------------- */

#define STATUS_INTERRUPTED 130

static int stop_all(const struct up_args *args, const char *project, struct oci_error *err)
{
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	CLEANUP_JSON yajl_val services = NULL;
	char words[512];
	int r = client_get(&services, err, "/v1/services?project=%s", project);

	fprintf(stderr, "\n%s: stopping; ^C again leaves that to the supervisor\n", project);
	for (size_t i = 0; r == 0 && i < json_count(services); i++)
		r = client_post("{}", NULL, err, "/v1/services/%s/%s/stop", project,
				client_escape(&arena, json_text(json_at(services, i), "name")));
	return r < 0 ? r : settled(project, args->timeout, words, sizeof(words), err);
}

static int follow(const struct up_args *args, const char *project, struct oci_error *err)
{
	CLEANUP_CLOSE int signals = -1;
	struct log_request request = {
		.project = project, .follow = true, .prefix = true, .tail = -1
	};
	struct signalfd_siginfo info;
	sigset_t set;
	int r;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	if (sigprocmask(SIG_BLOCK, &set, NULL) == 0)
		signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (signals < 0)
		return err_sys(err, errno, "signals");
	request.signal_fd = signals;
	r = log_show(&request, err);
	if (r < 0 || read(signals, &info, sizeof(info)) != (ssize_t)sizeof(info))
		return r;
	(void)sigprocmask(SIG_UNBLOCK, &set, NULL);
	r = stop_all(args, project, err);
	return r < 0 ? r : STATUS_INTERRUPTED;
}

static int up(struct up_args *args, struct oci_error *err)
{
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	CLEANUP_FREE char *text = NULL;
	CLEANUP_JSON yajl_val document = NULL;
	const char *project;
	int r = parse_timeout(args, err);

	if (r == 0)
		r = project_read(&args->project, &text, &document, err);
	if (r != 0)
		return r;
	project = project_name(document);
	r = build_all(args, document, err);
	if (r == 0)
		r = put_project(args, client_escape(&arena, project), text, err);
	if (r == 0)
		r = scale_all(args, project, err);
	if (r < 0)
		return r;
	return args->detach || args->wait ? await(args, project, err) : follow(args, project, err);
}

static int up_run(void *options, char **operands, int count, struct oci_error *err)
{
	struct up_args *args = options;
	int r = up(args, err);

	(void)operands;
	(void)count;
	project_args_free(&args->project);
	opt_list_free(&args->scale);
	return r;
}

const struct cmd cmd_up = {
	.command = {
		.name = "up",
		.usage = "[OPTIONS]",
		.summary = "start or change the services of a Compose file",
		.opts = up_opts,
		.positional_after = -1,
	},
	.options_size = sizeof(struct up_args),
	.run = up_run,
};

/* ---- down --------------------------------------------------------------------------------------------------------------- */

static const struct opt down_opts[] = {
	PROJECT_OPTIONS(struct up_args, project),
	{ "remove-orphans", 0, OPT_IGNORED_FLAG, 0, NULL, "accepted for compatibility" },
	{ "timeout", 't', OPT_STRING, offsetof(struct up_args, timeout_text), "SECONDS",
	  "how long to wait until all is gone; default: 300" },
	{ "volumes", 'v', OPT_FLAG, offsetof(struct up_args, volumes), NULL, "its volumes too" },
	{ .name = NULL },
};

static int delete_project(const struct up_args *args, const char *name, struct oci_error *err)
{
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	const char *project = client_escape(&arena, name);
	char *path = oci_arena_printf(&arena, "/v1/projects/%s%s", project,
				      args->volumes ? "?volumes=1" : "");
	struct oci_error words = OCI_ERROR_INIT;
	char why[512] = "";
	int r;

	if (!path)
		return err_nomem(err);
	r = client_call("DELETE", path, NULL, 0, NULL, &words);
	if (r < 0 && err_kind(&words) == ERR_NOT_FOUND) {
		fprintf(stderr, "%s: there is no such project, nothing to do\n", name);
		return 0;
	}
	if (r < 0)
		return err_copy(err, &words);
	r = settled(project, args->timeout, why, sizeof(why), &words);
	if (r < 0 && err_kind(&words) != ERR_NOT_FOUND) /* gone already */
		return err_copy(err, &words);
	if (r == 0)
		return err_set_as(err, ERR_TIMEOUT, ETIMEDOUT, "%s is not gone after %u s%s%s",
				  name, args->timeout, *why ? ": " : "", why);
	fprintf(stderr, "%s: removed\n", name);
	return 0;
}

static int down(struct up_args *args, struct oci_error *err)
{
	CLEANUP_FREE char *text = NULL;
	CLEANUP_JSON yajl_val document = NULL;
	int r = parse_timeout(args, err);

	if (r == 0 && args->project.name && !args->project.files.len)
		return delete_project(args, args->project.name, err);
	if (r == 0)
		r = project_read(&args->project, &text, &document, err);
	return r != 0 ? r : delete_project(args, project_name(document), err);
}

static int down_run(void *options, char **operands, int count, struct oci_error *err)
{
	struct up_args *args = options;
	int r = down(args, err);

	(void)operands;
	(void)count;
	project_args_free(&args->project);
	return r;
}

const struct cmd cmd_down = {
	.command = {
		.name = "down",
		.usage = "[OPTIONS]",
		.summary = "stop and remove the services of a project",
		.opts = down_opts,
		.positional_after = -1,
	},
	.options_size = sizeof(struct up_args),
	.run = down_run,
};
