/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd_exec.c - a further program in a container: this process becomes the runtime's exec.
 */
#include <string.h>

#include "base/caps.h"
#include "base/io.h"
#include "cli/common.h"
#include "cli/start.h"
#include "cli/user.h"

struct exec_args {
	bool detach, interactive, tty, privileged;
	const char *user, *workdir;
	struct opt_list env;
};

static const struct opt exec_opts[] = {
	{ "detach", 'd', OPT_FLAG, offsetof(struct exec_args, detach), NULL,
	  "return as soon as the program runs" },
	{ "env", 'e', OPT_LIST, offsetof(struct exec_args, env), "NAME=VALUE",
	  "set a variable; repeatable" },
	{ "interactive", 'i', OPT_FLAG, offsetof(struct exec_args, interactive), NULL,
	  "standard input is the program's" },
	{ "privileged", 0, OPT_FLAG, offsetof(struct exec_args, privileged), NULL,
	  "with all capabilities" },
	{ "tty", 't', OPT_FLAG, offsetof(struct exec_args, tty), NULL,
	  "the program gets a terminal" },
	{ "user", 'u', OPT_STRING, offsetof(struct exec_args, user), "USER[:GROUP]",
	  "names of the container's /etc/passwd and /etc/group, or numbers" },
	{ "workdir", 'w', OPT_STRING, offsetof(struct exec_args, workdir), "DIR",
	  "where the program starts" },
	{ .name = NULL },
};

static void add_options(struct words *words, const struct exec_args *args, const char *user)
{
	if (args->detach)
		words_add(words, "--detach");
	if (args->tty)
		words_add(words, "--tty");
	words_add_option(words, "--user", user);
	words_add_option(words, "--cwd", args->workdir);
	for (size_t i = 0; i < args->env.len; i++)
		words_add_option(words, "--env", args->env.items[i]);
	for (size_t i = 0; args->privileged && i < CAPS_COUNT; i++)
		words_add_option(words, "--cap", caps_names[i]);
}

static int exec_in(const struct exec_args *args, yajl_val container, char **command, int count,
		   struct oci_error *err)
{
	CLEANUP_WORDS struct words words = { 0 };
	char runtime[PATH_MAX], user[64];
	int r = container_runtime(container, runtime, err);

	if (r == 0 && args->user)
		r = user_find((pid_t)json_int(container, "pid", 0), args->user, user, err);
	if (r < 0)
		return r;
	words_add(&words, runtime);
	words_add_option(&words, "--root", json_text(container, "runtimeRoot"));
	words_add(&words, "exec");
	add_options(&words, args, args->user ? user : NULL);
	words_add(&words, json_text(container, "id"));
	for (int i = 0; i < count; i++)
		words_add(&words, command[i]);
	r = words_end(&words, err);
	if (r == 0 && !args->interactive && !args->tty && !freopen("/dev/null", "r", stdin))
		r = err_sys(err, errno, "/dev/null");
	return r < 0 ? r : start_instead(words.items, err);
}

static int exec_run(void *options, char **operands, int count, struct oci_error *err)
{
	struct exec_args *args = options;
	CLEANUP_JSON yajl_val container = NULL;
	int r = 0;

	if (args->tty && args->interactive && !isatty(STDIN_FILENO))
		r = err_set_as(err, ERR_USAGE, ENOTTY, "-t: standard input is no terminal");
	if (r == 0)
		r = common_container(operands[0], &container, err);
	if (r == 0 && !container_runs(container))
		r = err_set_as(err, ERR_STATE, ESRCH, "'%s' does not run", operands[0]);
	if (r == 0)
		r = exec_in(args, container, operands + 1, count - 1, err);
	opt_list_free(&args->env);
	return r;
}

const struct cmd cmd_exec = {
	.command = {
		.name = "exec",
		.usage = "[OPTIONS] CONTAINER|SERVICE COMMAND [ARGUMENT...]",
		.summary = "run a further program in a container",
		.opts = exec_opts,
		.positional_after = 1,
		.min_operands = 2,
		.max_operands = -1,
	},
	.options_size = sizeof(struct exec_args),
	.run = exec_run,
};
