/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd_inspect.c - everything that is known of a container or a service, as JSON.
 */
#include "cli/common.h"

static const struct opt inspect_opts[] = { { .name = NULL } };

struct inspect {
	struct refs refs;
	yajl_val found[64];
	size_t len;
};

static int inspect_one(void *ctx, const char *operand, struct oci_error *err)
{
	struct inspect *inspect = ctx;
	struct oci_arena *arena = &inspect->refs.arena;
	yajl_val *slot = &inspect->found[inspect->len];
	struct ref ref;
	int r = refs_find(&inspect->refs, operand, &ref, err);

	if (r < 0)
		return r;
	if (inspect->len == ARRAY_LEN(inspect->found))
		return err_set_as(err, ERR_USAGE, E2BIG, "at most %zu at once",
				  ARRAY_LEN(inspect->found));
	r = ref.service
		    ? client_get(slot, err, "/v1/services/%s/%s", client_escape(arena, ref.project),
				 client_escape(arena, ref.service_name))
		    : client_get(slot, err, "/v1/containers/%s", ref.id);
	if (r == 0)
		inspect->len++;
	return r;
}

/* Always an array, as scripts expect. */
static int inspect_run(void *options, char **operands, int count, struct oci_error *err)
{
	struct inspect inspect = { 0 };
	struct yajl_val_s list = { .type = yajl_t_array };
	int status = 0, r = refs_load(&inspect.refs, err);

	(void)options;
	if (r == 0) {
		status = common_each("inspect", operands, count, inspect_one, &inspect);
		list.u.array.values = inspect.found;
		list.u.array.len = inspect.len;
		r = json_print(&list, stdout, err);
	}
	for (size_t i = 0; i < inspect.len; i++)
		yajl_tree_free(inspect.found[i]);
	refs_freep(&inspect.refs);
	return r < 0 ? r : status;
}

const struct cmd cmd_inspect = {
	.command = {
		.name = "inspect",
		.usage = "CONTAINER|SERVICE...",
		.summary = "print all that is known, as JSON",
		.opts = inspect_opts,
		.positional_after = -1,
		.min_operands = 1,
		.max_operands = -1,
	},
	.run = inspect_run,
};
