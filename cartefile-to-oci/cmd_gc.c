/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd_gc.c - the store is rid of what no name needs.
 */
#include <stdio.h>

#include "cartefile-to-oci/cmds.h"
#include "cartefile-to-oci/store.h"

struct gc_args {
	const char *store;
	bool dry_run;
};

static const struct opt gc_opts[] = {
	CMD_STORE_OPTION(gc_args),
	{ "dry-run", 'n', OPT_FLAG, offsetof(struct gc_args, dry_run), NULL,
	  "only say what would go" },
	{ .name = NULL },
};

static void print_count(size_t count, const char *one, const char *many, const char **between)
{
	if (count == 0)
		return;
	printf("%s%zu %s", *between, count, count == 1 ? one : many);
	*between = ", ";
}

static void print_result(const struct store_gc_result *result, bool dry_run)
{
	const char *between = "";

	print_count(result->blobs, "blob", "blobs", &between);
	print_count(result->layers, "unpacked layer", "unpacked layers", &between);
	print_count(result->records, "record", "records", &between);
	print_count(result->temps, "temporary file", "temporary files", &between);
	if (!between[0])
		printf("nothing to remove\n");
	else
		printf(" %s, %llu bytes\n", dry_run ? "would go" : "removed",
		       (unsigned long long)result->bytes);
}

static int gc_run(void *options, char **operands, int count, struct oci_error *err)
{
	struct store_gc_result result = { 0 };
	struct gc_args *args = options;
	struct store store = STORE_INIT;
	int r = store_open(args->store, &store, err);

	(void)operands;
	(void)count;
	if (r == 0)
		r = store_gc(&store, args->dry_run, &result, err);
	if (r == 0)
		print_result(&result, args->dry_run);
	store_close(&store);
	return r;
}

const struct cmd cmd_gc = {
	.command = {
		.name = "gc",
		.usage = "[OPTIONS]",
		.summary = "remove from the store what no name needs",
		.opts = gc_opts,
		.positional_after = -1,
		.min_operands = 0,
		.max_operands = 0,
	},
	.options_size = sizeof(struct gc_args),
	.run = gc_run,
};
