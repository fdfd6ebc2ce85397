/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd_mounts.c - add mounts to a container that runs, and remove them.
 */
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/mem.h"
#include "runtime/cmds.h"
#include "runtime/live_mounts.h"

#define DOCUMENT_LIMIT (1u << 20)

struct mounts_args {
	const char *destination;
	const char *source;
	const char *type;
	struct opt_list options;
};

static const struct opt mounts_opts[] = {
	{ "destination", 0, OPT_STRING, offsetof(struct mounts_args, destination), "PATH",
	  "where in the container; instead of FILE" },
	{ "source", 0, OPT_STRING, offsetof(struct mounts_args, source), "PATH",
	  "what to mount there: a path of the host" },
	{ "type", 0, OPT_STRING, offsetof(struct mounts_args, type), "TYPE",
	  "bind (default) or a file system, such as tmpfs" },
	{ "options", 0, OPT_LIST, offsetof(struct mounts_args, options), "OPTION[,OPTION...]",
	  "as mounts[].options of config.json: ro, rbind, size=1m; repeatable" },
	{ .name = NULL },
};

static int read_file(struct oci_arena *arena, const char *file, struct oci_mount **ret,
		     size_t *ret_count, struct oci_error *err)
{
	bool is_stdin = strcmp(file, "-") == 0;
	const char *name = is_stdin ? "stdin" : file;
	size_t length;
	char *text;
	int r;

	if (is_stdin)
		r = io_read_fd(STDIN_FILENO, DOCUMENT_LIMIT, arena, &text, &length);
	else
		r = io_read_at(AT_FDCWD, file, DOCUMENT_LIMIT, arena, &text, &length);
	if (r < 0)
		return err_sys(err, -r, "read %s", name);
	return oci_mounts_parse(arena, name, text, length, ret, ret_count, err);
}

/* --options a,b --options c; in quotes nothing is special, as in config.json a comma cannot be inside one */
static int split_options(struct oci_arena *arena, const struct opt_list *given,
			 struct oci_mount *mount, struct oci_error *err)
{
	size_t room = 1;

	for (size_t i = 0; i < given->len; i++)
		for (const char *p = given->items[i]; *p; p++)
			room += *p == ',';
	mount->options = oci_arena_array(arena, room + given->len, sizeof(*mount->options));
	if (!mount->options)
		return err_nomem(err);
	for (size_t i = 0; i < given->len; i++) {
		char *word, *rest = oci_arena_strdup(arena, given->items[i]);

		if (!rest)
			return err_nomem(err);
		while ((word = strsep(&rest, ",")))
			if (*word)
				mount->options[mount->options_len++] = word;
	}
	return 0;
}

static int from_options(struct oci_arena *arena, const struct mounts_args *args,
			struct oci_mount **ret, size_t *ret_count, struct oci_error *err)
{
	struct oci_mount *mount = oci_arena_alloc(arena, sizeof(*mount));

	if (!mount)
		return err_nomem(err);
	mount->destination = (char *)args->destination;
	mount->type = (char *)(args->type ? args->type : "bind");
	mount->source = (char *)args->source;
	*ret = mount;
	*ret_count = 1;
	return split_options(arena, &args->options, mount, err);
}

static int mounts_run(struct cmd_context *ctx, void *options, char **operands, int count,
		      struct oci_error *err)
{
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	struct mounts_args *args = options;
	const char *file = count == 3 ? operands[2] : NULL;
	const bool add = strcmp(operands[0], "add") == 0;
	struct oci_mount *mounts = NULL;
	size_t len = 0;
	int r;

	if (!add && strcmp(operands[0], "remove") != 0)
		r = err_set_as(err, ERR_USAGE, EINVAL, "unknown action: expected add or remove");
	else if (!file == !args->destination ||
		 (file && (args->source || args->type || args->options.len)))
		r = err_set_as(err, ERR_USAGE, EINVAL,
			       "give either a FILE of mounts or --destination with its options");
	else
		r = file ? read_file(&arena, file, &mounts, &len, err)
			 : from_options(&arena, args, &mounts, &len, err);
	if (r == 0)
		r = add ? live_mounts_add(ctx, operands[1], mounts, len, err)
			: live_mounts_remove(ctx, operands[1], mounts, len, err);
	if (r < 0 && file && err->path[0] == '\0' && strncmp(err->message, "mounts[", 7) == 0)
		err_in_document(err, strcmp(file, "-") == 0 ? "stdin" : file);
	opt_list_free(&args->options);
	return r;
}

const struct cmd cmd_mounts = {
	.command = {
		.name = "mounts",
		.usage = "[OPTIONS] add|remove CONTAINER-ID [FILE]",
		.summary = "add mounts to a container that runs, or remove them",
		.opts = mounts_opts,
		.positional_after = -1,
		.min_operands = 2,
		.max_operands = 3,
	},
	.options_size = sizeof(struct mounts_args),
	.run = mounts_run,
	.enters_container = true,
	.id_operand = 1,
};
