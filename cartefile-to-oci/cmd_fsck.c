/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd_fsck.c - the store is read, all of it. Exit status 1: something was found.
 */
#include <stdio.h>
#include <sys/mman.h>

#include "cartefile-to-oci/cmds.h"
#include "cartefile-to-oci/rootless.h"
#include "cartefile-to-oci/store.h"

struct fsck_args {
	const char *store;
	bool repair;
};

static const struct opt fsck_opts[] = {
	CMD_STORE_OPTION(fsck_args),
	{ "repair", 0, OPT_FLAG, offsetof(struct fsck_args, repair), NULL,
	  "remove what is damaged or left over; names stay" },
	{ .name = NULL },
};

static void print_line(void *ctx, const char *line)
{
	(void)ctx;
	puts(line);
}

struct job {
	struct store *store;
	bool repair;
	int *found; /* shared with the process that looks */
};

static int look(void *ctx, const struct rootless *ids, struct oci_error *err)
{
	struct job *job = ctx;
	int r = store_fsck(job->store, job->repair, print_line, NULL, err);

	(void)ids;
	*job->found = r > 0;
	if (fflush(stdout) != 0 && r >= 0)
		r = err_sys(err, errno, "write to stdout");
	return r < 0 ? r : 0;
}

static int fsck_run(void *options, char **operands, int count, struct oci_error *err)
{
	struct fsck_args *args = options;
	struct store store = STORE_INIT;
	struct job job = { .store = &store, .repair = args->repair };
	int r = store_open(args->store, &store, err);

	(void)operands;
	(void)count;
	if (r < 0)
		return r;
	job.found = mmap(NULL, sizeof(*job.found), PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	r = job.found == MAP_FAILED ? err_nomem(err)
				    : rootless_run_for_layers(store.layout.fd, look, &job, err);
	if (r == 0 && !*job.found)
		printf("%s: clean\n", store.path);
	if (r == 0 && *job.found)
		r = ERR_FAILED;
	store_close(&store);
	return r;
}

const struct cmd cmd_fsck = {
	.command = {
		.name = "fsck",
		.usage = "[OPTIONS]",
		.summary = "check that what the store holds is whole",
		.opts = fsck_opts,
		.positional_after = -1,
		.min_operands = 0,
		.max_operands = 0,
	},
	.options_size = sizeof(struct fsck_args),
	.run = fsck_run,
};
