/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd_system.c - df, prune, info, doctor: the disk, the supervisor, the host.
 */
#include <ftw.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/common.h"
#include "cli/doctor.h"
#include "cli/start.h"
#include "cli/store.h"

struct system_args {
	const char *format;
	bool force, all;
};

static const struct opt system_opts[] = {
	{ "all", 'a', OPT_IGNORED_FLAG, 0, NULL, "accepted for compatibility" },
	{ "force", 'f', OPT_FLAG, offsetof(struct system_args, force), NULL, "prune: do not ask" },
	FORMAT_OPTION(struct system_args),
	{ .name = NULL },
};

/* ---- df ------------------------------------------------------------------------------------------------------------------ */

#define WALK_FDS 32

/* nftw(3) has no place for a context; each name of a file counts its share. */
static struct {
	long long bytes, entries;
} walk;

static int walk_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)path;
	if (type == FTW_F || type == FTW_SL)
		walk.bytes += (long long)st->st_blocks * 512 /
			      (st->st_nlink ? (long long)st->st_nlink : 1);
	walk.entries += ftw->level == 1;
	return 0;
}

static void put_size(struct table *table, const char *what, const char *folder, const char *part,
		     const char *how)
{
	CLEANUP_FREE char *path = NULL;

	if (asprintf(&path, "%s/%s", folder, part) < 0) {
		path = NULL;
		return;
	}
	walk.bytes = walk.entries = 0;
	(void)nftw(path, walk_entry, WALK_FDS, FTW_PHYS | FTW_MOUNT);
	table_cell(table, PLAIN, "%s", what);
	table_cell(table, PLAIN, "%lld", walk.entries);
	table_cell(table, PLAIN, "%s", words_size(&table->arena, walk.bytes));
	table_cell(table, GREY, "%s", how);
	table_cell(table, GREY, "%s", path);
}

static int system_df(struct oci_error *err)
{
	static const char *const heads[] = { "WHAT", "COUNT", "SIZE", "TO REMOVE", "WHERE", NULL };
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	CLEANUP_TABLE struct table table = { 0 };
	CLEANUP_JSON yajl_val info = NULL;
	const char *store, *state;
	int r = store_path(&arena, &store, err);

	if (r == 0)
		r = client_get(&info, err, "/v1/info");
	if (r < 0)
		return r;
	state = json_text(info, "stateDir");
	table_start(&table, heads);
	put_size(&table, "image blobs", store, "blobs/sha256", "rmi, system prune");
	put_size(&table, "unpacked layers", store, "layers", "system prune");
	put_size(&table, "build cache", store, "cache", "system prune");
	put_size(&table, "templates", state, "images", "by itself");
	put_size(&table, "containers", state, "bundles", "rm, down");
	put_size(&table, "logs", state, "logs", "rm, down; max-size");
	put_size(&table, "volumes", state, "volumes", "down -v");
	return table_print(&table, stdout, (size_t)term_width(), err);
}

/* ---- prune ---------------------------------------------------------------------------------------------------------------- */

static int confirm(struct oci_error *err)
{
	char answer[16] = "";

	if (!isatty(STDIN_FILENO))
		return err_set_as(
			err, ERR_USAGE, EINVAL,
			"containers that ended and what no image needs would go: say so with -f");
	printf("Remove containers that ended, and what no name of the store needs? [y/N] ");
	(void)fflush(stdout);
	return fgets(answer, sizeof(answer), stdin) && (*answer == 'y' || *answer == 'Y');
}

static int prune_containers(struct oci_error *err)
{
	CLEANUP_JSON yajl_val list = NULL;
	unsigned count = 0;
	int r = client_get(&list, err, "/v1/containers?all=1");

	for (size_t i = 0; r == 0 && i < json_count(list); i++) {
		yajl_val container = json_at(list, i);
		char path[128];

		/* a project's replicas are its services' affair */
		if (strcmp(json_text(container, "state"), "exited") != 0 ||
		    strcmp(json_text(container, "project"), "default") != 0)
			continue;
		snprintf(path, sizeof(path), "/v1/containers/%.64s", json_text(container, "id"));
		r = client_call("DELETE", path, NULL, 0, NULL, err);
		if (r == 0) {
			count++;
			printf("%s\n", json_text(container, "name"));
		}
	}
	printf("%u container%s removed\n", count, count == 1 ? "" : "s");
	return r;
}

static int system_prune(const struct system_args *args, struct oci_error *err)
{
	char program[PATH_MAX];
	int r = args->force ? 1 : confirm(err);

	if (r <= 0)
		return r;
	r = prune_containers(err);
	if (r == 0)
		r = start_find("cartefile-to-oci", program, err);
	return r < 0 ? r : start_wait((const char *const[]){ program, "gc", NULL }, err);
}

/* ---- info ----------------------------------------------------------------------------------------------------------------- */

static int system_info(bool json, struct oci_error *err)
{
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	CLEANUP_JSON yajl_val info = NULL;
	int r = client_get(&info, err, "/v1/info");
	yajl_val pool = json_get(info, "pool"), counts = json_get(info, "counts");

	if (r < 0)
		return r;
	if (json)
		return json_print(info, stdout, err);
	printf("version      %s\n", json_text(info, "version"));
	printf("supervisor   process %lld, for %s\n", json_int(info, "pid", 0),
	       words_age(&arena, json_text(info, "started")));
	printf("state        %s\n", json_text(info, "stateDir"));
	printf("run          %s\n", json_text(info, "runDir"));
	printf("runtime      %s\n", json_text(info, "runtime"));
	printf("pool         %.1f processors, %s of memory, %s available",
	       (double)json_int(pool, "cpuMilli", 0) / 1000,
	       words_size(&arena, json_int(pool, "memory", 0)),
	       words_size(&arena, json_int(pool, "available", 0)));
	printf("%s%s\n", *json_text(pool, "limitedBy") ? ", limited by " : "",
	       json_text(pool, "limitedBy"));
	for (size_t i = 0; YAJL_IS_OBJECT(counts) && i < counts->u.object.len; i++)
		printf("%-12s %lld\n", counts->u.object.keys[i],
		       json_int(counts, counts->u.object.keys[i], 0));
	return 0;
}

static int system_run(void *options, char **operands, int count, struct oci_error *err)
{
	const struct system_args *args = options;
	bool json;
	int r = common_format(args->format, &json, err);

	(void)count;
	if (r < 0)
		return r;
	if (strcmp(operands[0], "df") == 0)
		return system_df(err);
	if (strcmp(operands[0], "prune") == 0)
		return system_prune(args, err);
	if (strcmp(operands[0], "info") == 0)
		return system_info(json, err);
	if (strcmp(operands[0], "doctor") == 0)
		return doctor_report(json, err);
	return err_set_as(err, ERR_USAGE, EINVAL, "no such word '%s': df, prune, info or doctor",
			  operands[0]);
}

const struct cmd cmd_system = {
	.command = {
		.name = "system",
		.usage = "[OPTIONS] df|prune|info|doctor",
		.summary = "disk use, removal of what is not needed, the supervisor, the host",
		.opts = system_opts,
		.positional_after = -1,
		.min_operands = 1,
		.max_operands = 1,
	},
	.options_size = sizeof(struct system_args),
	.run = system_run,
};

/* ---- doctor --------------------------------------------------------------------------------------------------------------- */

static const struct opt doctor_opts[] = {
	FORMAT_OPTION(struct system_args),
	{ .name = NULL },
};

static int doctor_run(void *options, char **operands, int count, struct oci_error *err)
{
	const struct system_args *args = options;
	bool json;
	int r = common_format(args->format, &json, err);

	(void)operands;
	(void)count;
	return r < 0 ? r : doctor_report(json, err);
}

const struct cmd cmd_doctor = {
	.command = {
		.name = "doctor",
		.usage = "[OPTIONS]",
		.summary = "check what this host has and say how to mend it",
		.opts = doctor_opts,
		.positional_after = -1,
	},
	.options_size = sizeof(struct system_args),
	.run = doctor_run,
};
