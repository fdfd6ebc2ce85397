/* SPDX-License-Identifier: Apache-2.0 */
/*
 * main.c - global options, dispatch, and the one line of a failure.
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/io.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/seal.h"
#include "runtime/checkpoint/criu.h"
#include "runtime/cmds.h"
#include "runtime/seccomp.h"

#define PROGRAM "carte-runtime"
#define OPTIONS_SIZE_MAX 512

const struct cmd *const cmd_table[] = {
	&cmd_checkpoint, &cmd_create,  &cmd_delete, &cmd_events, &cmd_exec,
	&cmd_features,   &cmd_kill,    &cmd_list,   &cmd_mounts, &cmd_pause,
	&cmd_ps,         &cmd_restore, &cmd_resume, &cmd_run,    &cmd_spec,
	&cmd_start,      &cmd_state,   &cmd_stats,  &cmd_update, NULL,
};

struct global_args {
	const char *root;
	const char *log;
	const char *log_format;
	const char *log_level;
	const char *cgroup_manager;
	const char *rootless;
	bool systemd_cgroup;
	bool debug;
	bool version;
};

static const struct opt global_opts[] = {
	{ "root", 0, OPT_STRING, offsetof(struct global_args, root), "DIR",
	  "folder of the containers' state; default: /run/" PROGRAM ", or $XDG_RUNTIME_DIR/" PROGRAM
	  " without root" },
	{ "log", 0, OPT_STRING, offsetof(struct global_args, log), "FILE",
	  "append a failure to FILE (or syslog:ID, journald:ID) as well" },
	{ "log-format", 0, OPT_STRING, offsetof(struct global_args, log_format), "FORMAT",
	  "text (default) or json" },
	{ "log-level", 0, OPT_STRING, offsetof(struct global_args, log_level), "LEVEL",
	  "error (default), warning, info or debug" },
	{ "debug", 0, OPT_FLAG, offsetof(struct global_args, debug), NULL,
	  "the same as --log-level debug" },
	{ "cgroup-manager", 0, OPT_STRING, offsetof(struct global_args, cgroup_manager), "MANAGER",
	  "cgroupfs (default), systemd or disabled" },
	{ "systemd-cgroup", 0, OPT_FLAG, offsetof(struct global_args, systemd_cgroup), NULL,
	  "the same as --cgroup-manager systemd" },
	{ "rootless", 0, OPT_STRING, offsetof(struct global_args, rootless), "MODE",
	  "auto or true: an ordinary user's container may do without a cgroup; false: not" },
	{ "version", 'v', OPT_FLAG, offsetof(struct global_args, version), NULL,
	  "print the version" },
	{ "V", 'V', OPT_FLAG, offsetof(struct global_args, version), NULL, NULL },
	{ .name = NULL },
};

static const struct opt_command program = {
	.name = PROGRAM,
	.usage = "[GLOBAL OPTIONS] COMMAND [OPTIONS] [ARGUMENTS]",
	.summary = "an OCI runtime: containers from bundles",
	.opts = global_opts,
	.positional_after = 1,
	.min_operands = 0,
	.max_operands = -1,
};

static void print_program_help(void)
{
	opt_print_help(&program, PROGRAM, stdout);
	printf("\nCommands:\n");
	for (size_t i = 0; cmd_table[i]; i++)
		printf("  %-10s %s\n", cmd_table[i]->command.name, cmd_table[i]->command.summary);
	printf("\n'" PROGRAM " COMMAND --help' tells the options of a command.\n");
}

static int printed(const struct log_target *log, int status, struct oci_error *err)
{
	if (fflush(stdout) == 0)
		return status;
	err_sys(err, errno, "write to stdout");
	log_failure(log, err);
	return 1;
}

#ifdef HAVE_LIBDBUS
#define SYSTEMD_WORD " +SYSTEMD"
#else
#define SYSTEMD_WORD " -SYSTEMD"
#endif

static void print_version(void)
{
	const char *seccomp = seccomp_library_version();

	printf(PROGRAM " version " PACKAGE_VERSION "\n");
#ifdef CARTE_COMMIT
	printf("commit: " CARTE_COMMIT "\n");
#endif
	printf("spec: " OCI_RUNTIME_SPEC_VERSION "\n");
	if (seccomp)
		printf("libseccomp: %s\n", seccomp);
	printf("features:%s +CGROUP-V1 +CGROUP-V2" SYSTEMD_WORD " %s\n",
	       seccomp ? " +SECCOMP" : " -SECCOMP", criu_is_built() ? "+CRIU" : "-CRIU");
}

/* Root of a user namespace that an ordinary user made (podman) keeps its state with that user. */
static bool in_user_namespace(void)
{
	char map[64];
	unsigned inside, outside, count;

	if (io_read_small(AT_FDCWD, "/proc/self/uid_map", map, sizeof(map)) < 0)
		return false;
	return sscanf(map, "%u %u %u", &inside, &outside, &count) == 3 &&
	       !(inside == 0 && outside == 0 && count == ~0U);
}

static const char *default_root(struct oci_arena *arena, bool *ret_rootless)
{
	const char *runtime_dir = getenv("XDG_RUNTIME_DIR");
	const char *user = getenv("USER");

	*ret_rootless = geteuid() != 0;
	if (runtime_dir && *runtime_dir && !*ret_rootless && !(user && strcmp(user, "root") == 0))
		*ret_rootless = in_user_namespace();
	if (*ret_rootless && runtime_dir && *runtime_dir)
		return oci_arena_printf(arena, "%s/" PROGRAM, runtime_dir);
	/* what a login would have set it to (pam_systemd(8)) */
	if (*ret_rootless)
		return oci_arena_printf(arena, "/run/user/%u/" PROGRAM, (unsigned)geteuid());
	return "/run/" PROGRAM;
}

static int set_root(struct cmd_context *ctx, struct oci_arena *arena, const char *root,
		    struct oci_error *err)
{
	const char *chosen = default_root(arena, &ctx->rootless);
	char *full, *cwd = NULL;

	if (root)
		chosen = root;
	if (!chosen)
		return err_nomem(err);
	if (chosen[0] != '/')
		cwd = getcwd(NULL, 0);
	full = chosen[0] == '/' ? oci_arena_strdup(arena, chosen)
	       : cwd            ? oci_arena_printf(arena, "%s/%s", cwd, chosen)
				: NULL;
	free(cwd);
	if (!full)
		return err_sys(err, errno, "--root %s", chosen);
	ctx->root = path_clean(full);
	if (strcmp(ctx->root, "/") == 0)
		return err_set_as(err, ERR_USAGE, EINVAL,
				  "--root / is refused: use a folder of its own");
	return 0;
}

static bool is_log_level(const char *word)
{
	static const char *const words[] = { "error", "warning", "info", "debug" };

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (strcmp(word, words[i]) == 0)
			return true;
	return false;
}

static int set_log(struct cmd_context *ctx, const struct global_args *args, struct oci_error *err)
{
	ctx->log.file = args->log;
	if (args->log_format) {
		ctx->log.json = strcmp(args->log_format, "json") == 0;
		if (!ctx->log.json && strcmp(args->log_format, "text") != 0)
			return err_set_as(err, ERR_USAGE, EINVAL,
					  "unknown log format '%s': expected text or json",
					  args->log_format);
	}
	ctx->log.debug = args->debug || (args->log_level && strcmp(args->log_level, "debug") == 0);
	if (args->log_level && !is_log_level(args->log_level))
		return err_set_as(err, ERR_USAGE, EINVAL,
				  "unknown log level '%s': expected error, warning, info or debug",
				  args->log_level);
	return 0;
}

/* As runc has it: what "false" forbids is to do without a cgroup that cannot be had. */
static int set_rootless(struct cmd_context *ctx, const char *mode, struct oci_error *err)
{
	static const char *const words[] = { "auto", "true", "1", "false", "0" };

	for (size_t i = 0; mode && i < ARRAY_LEN(words); i++) {
		if (strcmp(mode, words[i]) != 0)
			continue;
		ctx->cgroup_required = i >= 3;
		return 0;
	}
	return mode ? err_set(err, EINVAL, "unknown --rootless '%s': expected auto, true or false",
			      mode)
		    : 0;
}

static int set_context(struct cmd_context *ctx, struct oci_arena *arena,
		       const struct global_args *args, struct oci_error *err)
{
	int r = set_log(ctx, args, err);

	if (r == 0)
		r = set_root(ctx, arena, args->root, err);
	if (r < 0)
		return r;
	r = set_rootless(ctx, args->rootless, err);
	if (r < 0)
		return r;
	if (args->systemd_cgroup)
		ctx->cgroup_manager = CGROUP_MANAGER_SYSTEMD;
	if (args->cgroup_manager &&
	    cgroup_manager_parse(args->cgroup_manager, &ctx->cgroup_manager) < 0)
		return err_set_as(
			err, ERR_USAGE, EINVAL,
			"unknown cgroup manager '%s': expected cgroupfs, systemd or disabled",
			args->cgroup_manager);
	return 0;
}

static const struct cmd *find_command(const char *name)
{
	for (size_t i = 0; cmd_table[i]; i++)
		if (strcmp(cmd_table[i]->command.name, name) == 0)
			return cmd_table[i];
	return NULL;
}

static int run_command(struct cmd_context *ctx, const struct cmd *cmd, int argc, char **argv,
		       char **all_argv, struct oci_error *err)
{
	_Alignas(max_align_t) char options[OPTIONS_SIZE_MAX] = { 0 };
	const char *name = cmd->command.name;
	char **operands = NULL;
	int count = 0, r; /* a line that could not be parsed has no operands to name */

	if (cmd->options_size > sizeof(options))
		return err_set(err, ENOBUFS, "%s: the options do not fit", name);
	r = opt_parse(&cmd->command, argc, argv, options, &operands, &count, err);
	if (r == 1) {
		CLEANUP_FREE char *title = NULL;

		if (asprintf(&title, PROGRAM " %s", name) < 0)
			return err_nomem(err);
		opt_print_help(&cmd->command, title, stdout);
		return 0;
	}
	if (r < 0)
		err_hint(err, "'" PROGRAM " %s --help' lists its options", name);
	if (r == 0 && cmd->enters_container)
		r = seal_self(all_argv, err);
	if (r == 0)
		r = cmd->run(ctx, options, operands, count, err);
	if (r < 0 && cmd->id_operand == 1 && count > 1)
		err_prefix(err, "%s %s '%s': ", name, operands[0], operands[1]);
	else if (r < 0 && cmd->command.min_operands > 0 && count > 0)
		err_prefix(err, "%s '%s': ", name, operands[0]);
	else if (r < 0)
		err_prefix(err, "%s: ", name);
	return r;
}

/*
 * A caller that closed one of them must not have a state file or a socket of ours take its place: the terminal's
 * dup2 would end that, and the container would find it as its standard input.
 */
static int fill_standard_fds(struct oci_error *err)
{
	struct pollfd fds[3] = { { .fd = 0 }, { .fd = 1 }, { .fd = 2 } };

	if (poll(fds, 3, 0) < 0)
		return err_sys(err, errno, "look at the standard file descriptors");
	for (int i = 0; i < 3; i++)
		/* by name: the host's; the lowest free number is this one */
		if ((fds[i].revents & POLLNVAL) && open("/dev/null", O_RDWR) < 0)
			return err_sys(err, errno, "open /dev/null");
	return 0;
}

int main(int argc, char **argv)
{
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	struct cmd_context ctx = { .log = { .program = PROGRAM } };
	struct oci_error err = OCI_ERROR_INIT;
	struct global_args args = { 0 };
	const struct cmd *cmd = NULL;
	char **all, **operands;
	int count, r;
	sigset_t none;

	r = fill_standard_fds(&err);
	/* inherited as ignored, it would take the ends of our own children from us (waitpid(2), NOTES) */
	(void)signal(SIGCHLD, SIG_DFL);
	/* nor shall a container begin with what the caller blocked */
	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	/* parsing sorts argv; a sealed copy starts from the words as they came */
	all = oci_arena_array(&arena, (size_t)argc + 1, sizeof(*all));
	if (r == 0 && !all)
		r = err_nomem(&err);
	if (r == 0) {
		memcpy(all, argv, (size_t)argc * sizeof(*all));
		r = opt_parse(&program, argc, argv, &args, &operands, &count, &err);
	}
	if (r < 0) /* what could be read of the line says where the failure goes */
		(void)set_log(&ctx, &args, NULL);
	if (r == 0 && args.version) {
		print_version();
		return printed(&ctx.log, 0, &err);
	}
	if (r == 1 || (r == 0 && count == 0)) {
		print_program_help();
		return printed(&ctx.log, r == 1 ? 0 : 1, &err);
	}
	if (r == 0)
		r = set_context(&ctx, &arena, &args, &err);
	if (r == 0) {
		cmd = find_command(operands[0]);
		r = cmd ? run_command(&ctx, cmd, count, operands, all, &err)
			: err_set_as(&err, ERR_USAGE, EINVAL,
				     "unknown command '%s'; '" PROGRAM " --help' lists them",
				     operands[0]);
	}
	if (r >= 0)
		return r;
	log_failure(&ctx.log, &err);
	return cmd && cmd->failure_status ? cmd->failure_status : (int)err_kind(&err);
}
