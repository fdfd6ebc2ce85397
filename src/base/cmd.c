/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd.c - see cmd.h.
 */
#include <string.h>

#include "base/cmd.h"
#include "base/mem.h"

#define OPTIONS_SIZE_MAX 2048

const struct cmd *cmd_find(const struct cmd *const *table, const char *name)
{
	for (size_t i = 0; table[i]; i++)
		if (strcmp(table[i]->command.name, name) == 0)
			return table[i];
	return NULL;
}

int cmd_call(const struct cmd *cmd, const char *program, int argc, char **argv,
	     struct oci_error *err)
{
	_Alignas(max_align_t) char options[OPTIONS_SIZE_MAX] = { 0 };
	char **operands = NULL;
	int count = 0, r;

	if (cmd->options_size > sizeof(options))
		return err_set(err, ENOBUFS, "%s: the options do not fit", cmd->command.name);
	r = opt_parse(&cmd->command, argc, argv, options, &operands, &count, err);
	if (r == 1) {
		CLEANUP_FREE char *title = NULL;

		if (asprintf(&title, "%s %s", program, cmd->command.name) < 0) {
			title = NULL;
			return err_nomem(err);
		}
		opt_print_help(&cmd->command, title, stdout);
		return 0;
	}
	return r < 0 ? r : cmd->run(options, operands, count, err);
}

void cmd_print_table(const struct cmd *const *table, FILE *out)
{
	for (size_t i = 0; table[i]; i++)
		fprintf(out, "  %-10s %s\n", table[i]->command.name, table[i]->command.summary);
}
