/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd_gc.c - the store is rid of what no name needs.
 */
#include <stdio.h>
#include <sys/mman.h>

#include "cartefile-to-oci/cmds.h"
#include "cartefile-to-oci/rootless.h"
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

struct job {
	struct store *store;
	bool dry_run;
	struct store_gc_result *result; /* shared with the process that collects */
};

static int collect(void *ctx, const struct rootless *ids, struct oci_error *err)
{
	struct job *job = ctx;

	(void)ids;
	return store_gc(job->store, job->dry_run, job->result, err);
}

static int gc_run(void *options, char **operands, int count, struct oci_error *err)
{
	struct gc_args *args = options;
	struct store store = STORE_INIT;
	struct job job = { .store = &store, .dry_run = args->dry_run };
	int r = store_open(args->store, &store, err);

	(void)operands;
	(void)count;
	if (r < 0)
		return r;
	job.result = mmap(NULL, sizeof(*job.result), PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	r = job.result == MAP_FAILED ? err_nomem(err)
				     : rootless_run_for_layers(store.layout.fd, collect, &job, err);
	if (r == 0)
		print_result(job.result, args->dry_run);
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
