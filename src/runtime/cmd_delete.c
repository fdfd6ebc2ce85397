/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd_delete.c - remove what is left of a container; with --force, the running container too.
 */
#include <stddef.h>

#include "base/mem.h"
#include "runtime/cmds.h"
#include "runtime/container.h"
#include "runtime/match.h"

struct delete_args {
	bool force;
	bool regex;
};

static const struct opt delete_opts[] = {
	{ "force", 'f', OPT_FLAG, offsetof(struct delete_args, force), NULL,
	  "kill the container first; one that does not exist is no error" },
	{ "regex", 'r', OPT_FLAG, offsetof(struct delete_args, regex), NULL,
	  "CONTAINER-ID is an extended regular expression; delete all that it matches" },
	{ .name = NULL },
};

/* how often a container may be deleted and created by others while we look at it */
#define TRIES 64

/* A folder without a state file is what a killed create left before it made anything else. -EAGAIN: it has one. */
static int delete_remains(struct cmd_context *ctx, const char *id, struct oci_error *err)
{
	struct state_dir dir = STATE_DIR_INIT;
	int r = state_dir_open(ctx->root, id, true, &dir, err);

	if (r < 0)
		return r;
	/* while we waited for the lock a create may have got on with it */
	if (faccessat(dir.fd, STATE_FILE, F_OK, 0) == 0)
		r = -EAGAIN;
	else
		r = state_dir_remove(&dir, err);
	state_dir_close(&dir);
	return r;
}

static int refuse(const struct state *state, bool force, struct oci_error *err)
{
	if (force || state->status == OCI_STATUS_STOPPED || state->status == OCI_STATUS_CREATED)
		return 0;
	(void)err_set_as(err, ERR_STATE, EINVAL,
			 "cannot delete a container that is not stopped: %s",
			 oci_status_name(state->status));
	err_hint(err, "--force kills it first");
	return -EINVAL;
}

static int delete_known(struct cmd_context *ctx, struct oci_arena *arena, struct state *state,
			bool force, struct oci_error *err)
{
	struct state_dir dir = STATE_DIR_INIT;
	int r;

	r = refuse(state, force, err);
	/* before the lock is asked for: a create or run that hangs holds it */
	if (r == 0 && state->status != OCI_STATUS_STOPPED)
		r = container_kill(ctx->root, state, err);
	if (r < 0)
		return r;
	r = state_dir_open(ctx->root, state->id, true, &dir, err);
	if (r < 0)
		return r;
	/* a create that had the lock until now has the last word about pid and cgroups */
	r = state_load(arena, ctx->root, state->id, &state, err);
	if (r == 0)
		r = refuse(state, force, err);
	if (r == 0 && state->status != OCI_STATUS_STOPPED)
		r = container_kill(ctx->root, state, err);
	if (r == 0)
		r = container_destroy(ctx->root, &dir, state, NULL, err);
	state_dir_close(&dir);
	return r;
}

static int delete_one(struct cmd_context *ctx, const char *id, bool force, struct oci_error *err)
{
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	struct oci_error said;
	struct state *state;
	int r = -EAGAIN;

	for (int i = 0; i < TRIES && r == -EAGAIN; i++) {
		said = (struct oci_error)OCI_ERROR_INIT;
		r = state_load(&arena, ctx->root, id, &state, &said);
		if (r == 0)
			r = delete_known(ctx, &arena, state, force, &said);
		/* also while we waited for its lock: somebody's new one may have been killed at once */
		if (r == -ENOENT) {
			said = (struct oci_error)OCI_ERROR_INIT;
			r = delete_remains(ctx, id, &said);
		}
	}
	if (r == -EAGAIN)
		return err_set_as(err, ERR_STATE, EBUSY,
				  "another command is working on the container");
	if (r < 0 && !(r == -ENOENT && force))
		return err_copy(err, &said);
	return 0;
}

struct delete_each {
	struct cmd_context *ctx;
	bool force;
};

static int delete_matched(const char *id, void *arg, struct oci_error *err)
{
	struct delete_each *each = arg;

	return delete_one(each->ctx, id, each->force, err);
}

static int delete_run(struct cmd_context *ctx, void *options, char **operands, int count,
		      struct oci_error *err)
{
	const struct delete_args *args = options;
	struct delete_each each = { ctx, args->force };

	(void)count;
	if (args->regex)
		return match_containers(ctx->root, operands[0], delete_matched, &each, err);
	return delete_one(ctx, operands[0], args->force, err);
}

const struct cmd cmd_delete = {
	.command = {
		.name = "delete",
		.usage = "[OPTIONS] CONTAINER-ID",
		.summary = "remove a container that has stopped or not started",
		.opts = delete_opts,
		.positional_after = -1,
		.min_operands = 1,
		.max_operands = 1,
	},
	.options_size = sizeof(struct delete_args),
	.run = delete_run,
};
