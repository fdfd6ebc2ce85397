/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd_rmi.c - names are taken from the store; what nothing needs then is for gc.
 */
#include <stdio.h>

#include "base/log.h"
#include "cartefile-to-oci/cmds.h"
#include "cartefile-to-oci/store.h"

struct rmi_args {
	const char *store;
};

static const struct opt rmi_opts[] = {
	CMD_STORE_OPTION(rmi_args),
	{ .name = NULL },
};

static int rmi_run(void *options, char **operands, int count, struct oci_error *err)
{
	const struct log_target log = { .program = "cartefile-to-oci" };
	struct rmi_args *args = options;
	struct store store = STORE_INIT;
	int r = store_open(args->store, &store, err);

	for (int i = 0; i < count && store.lock >= 0; i++) {
		struct oci_error words = OCI_ERROR_INIT;

		if (layout_remove_name(&store.layout, operands[i], &words) == 0) {
			printf("%s\n", operands[i]);
			continue;
		}
		/* the others go all the same; the last failure is main's to tell */
		if (err->code)
			log_failure(&log, err);
		*err = words;
		r = -words.code;
	}
	store_close(&store);
	return r;
}

const struct cmd cmd_rmi = {
	.command = {
		.name = "rmi",
		.usage = "[OPTIONS] NAME|DIGEST...",
		.summary = "take names from the store; gc then removes what nothing needs",
		.opts = rmi_opts,
		.positional_after = -1,
		.min_operands = 1,
		.max_operands = -1,
	},
	.options_size = sizeof(struct rmi_args),
	.run = rmi_run,
};
