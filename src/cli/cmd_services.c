/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd_services.c - services, rollout, rollback, history.
 */
#include <string.h>

#include "base/io.h"
#include "cli/common.h"
#include "cli/store.h"

struct services_args {
	const char *project, *format, *revision;
	bool quiet, follow, no_trunc;
};

static const struct opt services_opts[] = {
	FORMAT_OPTION(struct services_args),
	{ "project", 'p', OPT_STRING, offsetof(struct services_args, project), "NAME",
	  "only those of a project" },
	{ "quiet", 'q', OPT_FLAG, offsetof(struct services_args, quiet), NULL,
	  "only PROJECT/SERVICE" },
	{ .name = NULL },
};

static void put_note(struct table *table, yajl_val service)
{
	const char *rollout = json_text(service, "rollout"), *reason = json_text(service, "reason");

	if (*rollout)
		table_cell(table, BLUE, "%s", rollout);
	else if (*reason)
		table_cell(table, YELLOW, "%s", reason);
	else
		table_cell(table, GREY, "%s", json_bool(service, "stopped") ? "stopped" : "");
}

static void put_service(struct table *table, yajl_val service)
{
	long long desired = json_int(service, "desired", 0), ready = json_int(service, "ready", 0);
	long long min = json_int(service, "min", -1), max = json_int(service, "max", -1);
	const char *policy = json_text(service, "policy"), *ports = "";
	yajl_val list = json_get(service, "ports");

	for (size_t i = 0; ports && i < json_count(list); i++)
		ports = oci_arena_printf(&table->arena, "%s%s%s", ports, i ? ", " : "",
					 YAJL_GET_STRING(json_at(list, i)));
	table_cell(table, BOLD, "%s/%s", json_text(service, "project"), json_text(service, "name"));
	table_cell(table, ready >= desired ? GREEN : YELLOW, "%lld/%lld", ready, desired);
	if (*policy && strcmp(policy, "manual") != 0 && max >= 0)
		table_cell(table, PLAIN, "%s %lld-%lld", policy, min, max);
	else
		table_cell(table, PLAIN, "%s", policy);
	table_cell(table, PLAIN, "%s", json_text(service, "image"));
	table_cell(table, PLAIN, "%lld", json_int(service, "revision", 0));
	table_cell(table, PLAIN, "%s", ports ? ports : "");
	put_note(table, service);
}

static int services_run(void *options, char **operands, int count, struct oci_error *err)
{
	static const char *const heads[] = { "SERVICE",  "READY", "POLICY", "IMAGE",
					     "REVISION", "PORTS", "NOTE",   NULL };
	const struct services_args *args = options;
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	CLEANUP_JSON yajl_val list = NULL;
	CLEANUP_TABLE struct table table = { 0 };
	bool json;
	int r = common_format(args->format, &json, err);

	(void)operands;
	(void)count;
	if (r == 0)
		r = client_get(&list, err, "/v1/services%s%s", args->project ? "?project=" : "",
			       args->project ? client_escape(&arena, args->project) : "");
	if (r < 0)
		return r;
	if (json)
		return json_print(list, stdout, err);
	table_start(&table, heads);
	for (size_t i = 0; i < json_count(list); i++) {
		if (args->quiet)
			printf("%s/%s\n", json_text(json_at(list, i), "project"),
			       json_text(json_at(list, i), "name"));
		else
			put_service(&table, json_at(list, i));
	}
	return args->quiet ? 0 : table_print(&table, stdout, (size_t)term_width(), err);
}

const struct cmd cmd_services = {
	.command = {
		.name = "services",
		.usage = "[OPTIONS]",
		.summary = "list services and how many replicas are ready",
		.opts = services_opts,
		.positional_after = -1,
	},
	.options_size = sizeof(struct services_args),
	.run = services_run,
};

/* ---- one service -------------------------------------------------------------------------------------------------------- */

/* "/v1/services/P/S", in the refs' arena */
static int service_path(struct refs *refs, const char *text, const char **ret, struct ref *ref,
			struct oci_error *err)
{
	int r = refs_load(refs, err);

	return r < 0 ? r : refs_service_path(refs, text, ref, ret, err);
}

/* ---- rollout ------------------------------------------------------------------------------------------------------------ */

#define ROLLOUT_MS 200

static const struct opt rollout_opts[] = {
	{ "follow", 'f', OPT_FLAG, offsetof(struct services_args, follow), NULL,
	  "until it has ended" },
	{ .name = NULL },
};

static void print_rollout(yajl_val service, char *last, size_t size)
{
	char line[512];
	const char *rollout = json_text(service, "rollout"), *reason = json_text(service, "reason");

	snprintf(line, sizeof(line), "%s/%s: revision %lld, %lld of %lld ready, %s%s%s",
		 json_text(service, "project"), json_text(service, "name"),
		 json_int(service, "revision", 0), json_int(service, "ready", 0),
		 json_int(service, "desired", 0), *rollout ? rollout : "no update is going on",
		 *reason ? "; " : "", reason);
	if (strcmp(line, last) == 0)
		return;
	snprintf(last, size, "%s", line);
	term_put(stdout, line, 0);
	(void)putchar('\n');
	(void)fflush(stdout);
}

/* A word before the service's name. */
static int rollout_order(const char *word, const char *path, struct oci_error *err)
{
	bool pause = strcmp(word, "pause") == 0;

	if (!pause && strcmp(word, "resume") != 0)
		return err_set_as(err, ERR_USAGE, EINVAL, "no such word '%s': pause or resume",
				  word);
	return client_post(pause ? "{\"paused\":true}" : "{\"paused\":false}", NULL, err,
			   "%s/rollout", path);
}

static int rollout_run(void *options, char **operands, int count, struct oci_error *err)
{
	const struct services_args *args = options;
	CLEANUP_REFS struct refs refs = { 0 };
	char last[512] = "";
	const char *path = NULL;
	struct ref ref = { 0 };
	int r = service_path(&refs, operands[count - 1], &path, &ref, err);
	bool on;

	if (r == 0 && count == 2)
		r = rollout_order(operands[0], path, err);
	on = r == 0;
	while (on) {
		CLEANUP_JSON yajl_val service = NULL;

		r = client_get(&service, err, "%s", path);
		if (r < 0)
			return r;
		print_rollout(service, last, sizeof(last));
		on = args->follow && *json_text(service, "rollout");
		if (on)
			common_sleep(ROLLOUT_MS);
	}
	return r;
}

const struct cmd cmd_rollout = {
	.command = {
		.name = "rollout",
		.usage = "[OPTIONS] [pause|resume] SERVICE",
		.summary = "tell how far a rolling update is; pause it, or let it go on",
		.opts = rollout_opts,
		.positional_after = -1,
		.min_operands = 1,
		.max_operands = 2,
	},
	.options_size = sizeof(struct services_args),
	.run = rollout_run,
};

/* ---- rollback ----------------------------------------------------------------------------------------------------------- */

static const struct opt rollback_opts[] = {
	{ "to-revision", 0, OPT_STRING, offsetof(struct services_args, revision), "N",
	  "one that 'carte history SERVICE' lists; default: the one before" },
	{ .name = NULL },
};

static int rollback_run(void *options, char **operands, int count, struct oci_error *err)
{
	const struct services_args *args = options;
	CLEANUP_REFS struct refs refs = { 0 };
	char body[64] = "{}";
	const char *path = NULL;
	struct ref ref = { 0 };
	uint32_t revision;
	int r;

	(void)count;
	if (args->revision) {
		if (parse_u32(args->revision, &revision) < 0 || revision == 0)
			return err_set_as(
				err, ERR_USAGE, EINVAL,
				"invalid value \"%s\" for --to-revision: expected a number",
				args->revision);
		snprintf(body, sizeof(body), "{\"revision\":%u}", revision);
	}
	r = service_path(&refs, operands[0], &path, &ref, err);
	if (r == 0)
		r = client_post(body, NULL, err, "%s/rollback", path);
	if (r == 0)
		printf("%s\n", operands[0]);
	return r;
}

const struct cmd cmd_rollback = {
	.command = {
		.name = "rollback",
		.usage = "[OPTIONS] SERVICE",
		.summary = "go back to an earlier revision of a service",
		.opts = rollback_opts,
		.positional_after = -1,
		.min_operands = 1,
		.max_operands = 1,
	},
	.options_size = sizeof(struct services_args),
	.run = rollback_run,
};

/* ---- history ------------------------------------------------------------------------------------------------------------ */

static const struct opt history_opts[] = {
	FORMAT_OPTION(struct services_args),
	{ "no-trunc", 0, OPT_FLAG, offsetof(struct services_args, no_trunc), NULL,
	  "whole digests, lines are not cut" },
	{ .name = NULL },
};

static int print_revisions(yajl_val list, struct oci_error *err)
{
	static const char *const heads[] = { "REVISION", "SINCE", "WHAT", NULL };
	CLEANUP_TABLE struct table table = { 0 };

	table_start(&table, heads);
	for (size_t i = 0; i < json_count(list); i++) {
		yajl_val revision = json_at(list, i);

		table_cell(&table, PLAIN, "%lld", json_int(revision, "revision", 0));
		table_cell(&table, PLAIN, "%s ago",
			   words_age(&table.arena, json_text(revision, "at")));
		table_cell(&table, PLAIN, "%s", json_text(revision, "words"));
	}
	return table_print(&table, stdout, (size_t)term_width(), err);
}

/* The n'th entry of the history that made a layer. */
static yajl_val history_of(yajl_val config, size_t layer)
{
	yajl_val list = json_get(config, "history");

	for (size_t i = 0, n = 0; i < json_count(list); i++)
		if (!json_bool(json_at(list, i), "empty_layer") && n++ == layer)
			return json_at(list, i);
	return NULL;
}

/* Newest first, as docker. */
static int print_layers(const struct store_image *image, bool whole, struct oci_error *err)
{
	static const char *const heads[] = { "LAYER", "CREATED", "CREATED BY", "SIZE", NULL };
	CLEANUP_TABLE struct table table = { 0 };
	yajl_val layers = json_get(image->manifest, "layers");

	table_start(&table, heads);
	for (size_t i = json_count(layers); i-- > 0;) {
		yajl_val layer = json_at(layers, i), made = history_of(image->config, i);
		const char *digest = json_text(layer, "digest"), *hex = strchr(digest, ':');
		const char *by = json_text(made, "created_by"),
			   *comment = json_text(made, "comment");
		const char *at = json_text(made, "created");

		table_cell(&table, PLAIN, "%.*s", whole ? 128 : SHORT_ID, hex ? hex + 1 : digest);
		table_cell(&table, PLAIN, "%.19s", *at ? at : "-");
		table_cell(&table, PLAIN, "%s", *by ? by : comment);
		table_cell(&table, PLAIN, "%s",
			   words_size(&table.arena, json_int(layer, "size", 0)));
	}
	return table_print(&table, stdout, whole ? 0 : (size_t)term_width(), err);
}

static int image_history(const struct services_args *args, const char *name, bool json,
			 struct oci_error *err)
{
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	CLEANUP_STORE_IMAGE struct store_image image = { 0 };
	int r = store_find(name, &arena, &image, err);

	if (r < 0)
		return r;
	return json ? json_print(image.config, stdout, err)
		    : print_layers(&image, args->no_trunc, err);
}

/* A service's name, else an image's. */
static int history_run(void *options, char **operands, int count, struct oci_error *err)
{
	const struct services_args *args = options;
	CLEANUP_REFS struct refs refs = { 0 };
	CLEANUP_JSON yajl_val list = NULL;
	struct oci_error words = OCI_ERROR_INIT;
	const char *path = NULL;
	struct ref ref = { 0 };
	bool json;
	int r = common_format(args->format, &json, err);

	(void)count;
	if (r < 0)
		return r;
	if (store_has(operands[0]))
		return image_history(args, operands[0], json, err);
	r = service_path(&refs, operands[0], &path, &ref, &words);
	if (r < 0 && err_kind(&words) == ERR_NOT_FOUND)
		return err_set_as(err, ERR_NOT_FOUND, ENOENT, "no image and no service '%s'",
				  operands[0]);
	if (r < 0)
		return err_copy(err, &words);
	r = client_get(&list, err, "%s/revisions", path);
	if (r < 0)
		return r;
	return json ? json_print(list, stdout, err) : print_revisions(list, err);
}

const struct cmd cmd_history = {
	.command = {
		.name = "history",
		.usage = "[OPTIONS] SERVICE|IMAGE",
		.summary = "list the revisions of a service, or the layers of an image",
		.opts = history_opts,
		.positional_after = -1,
		.min_operands = 1,
		.max_operands = 1,
	},
	.options_size = sizeof(struct services_args),
	.run = history_run,
};
