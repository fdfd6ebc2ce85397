/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd_forward.c - advise, backtest, export, simulate: verbs of carte-scale, which gets all words, --help too. So their options are its
 * table's, in carte-scale(8), and nothing is said twice here.
 */
#include "base/error.h"
#include "cli/cmds.h"
#include "cli/start.h"

static const struct opt no_opts[] = { { .name = NULL } };

/* Under our name, which is then that of its usage and of its failures. */
static int forward(const char *verb, char **operands, int count, struct oci_error *err)
{
	CLEANUP_WORDS struct words words = { 0 };
	char program[PATH_MAX];
	int r = start_find("carte-scale", program, err);

	if (r < 0)
		return r;
	words_add(&words, "carte");
	words_add(&words, verb);
	words_add_list(&words, (const char *const *)operands, (size_t)count);
	r = words_end(&words, err);
	return r < 0 ? r : start_as(program, words.items, err);
}

#define FORWARDED(verb, words, what)                                                            \
	static int verb##_run(void *options, char **operands, int count, struct oci_error *err) \
	{                                                                                       \
		(void)options;                                                                  \
		return forward(#verb, operands, count, err);                                    \
	}                                                                                       \
	const struct cmd cmd_##verb = {                                                           \
		.command = {                                                                      \
			.name = #verb,                                                            \
			.usage = words,                                                           \
			.summary = what,                                                          \
			.opts = no_opts,                                                          \
			.positional_after = 0,                                                    \
			.max_operands = -1,                                                       \
		},                                                                                \
		.run = verb##_run,                                                                \
	}

FORWARDED(advise, "[OPTIONS]", "whether one host is enough for a recorded load");
FORWARDED(backtest, "[OPTIONS] TRACE...", "judge policies of scaling by recorded loads");
FORWARDED(export, "--to swarm|kubernetes|nomad [OPTIONS]",
	  "hand a Compose file over to an engine of many hosts");
FORWARDED(simulate, "[OPTIONS] --load TRACE FILE",
	  "foretell what a service would do under a recorded load");
