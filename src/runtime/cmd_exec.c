/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd_exec.c - run a further process in a container.
 */
#include <signal.h>
#include <stddef.h>
#include <unistd.h>

#include "base/mem.h"
#include "runtime/cmds.h"
#include "runtime/exec.h"
#include "runtime/terminal.h"

struct exec_args {
	struct exec_options exec;
	bool detach;
};

static const struct opt exec_opts[] = {
	{ "process", 'p', OPT_STRING, offsetof(struct exec_args, exec.process), "FILE",
	  "the process to run, as the process object of config.json" },
	{ "detach", 'd', OPT_FLAG, offsetof(struct exec_args, detach), NULL,
	  "return as soon as the program runs" },
	{ "tty", 't', OPT_FLAG, offsetof(struct exec_args, exec.tty), NULL,
	  "give the process a terminal" },
	{ "console-socket", 0, OPT_STRING, offsetof(struct exec_args, exec.io.console_socket),
	  "SOCKET", "send the terminal's file descriptor to this AF_UNIX socket" },
	{ "pid-file", 0, OPT_STRING, offsetof(struct exec_args, exec.io.pid_file), "FILE",
	  "write the process id to FILE" },
	{ "pidfd-socket", 0, OPT_STRING, offsetof(struct exec_args, exec.io.pidfd_socket), "SOCKET",
	  "send a pidfd of the process to this AF_UNIX socket" },
	{ "preserve-fds", 0, OPT_U32, offsetof(struct exec_args, exec.io.preserve_fds), "N",
	  "pass N more file descriptors, 3 and up, to the process" },
	{ "cwd", 0, OPT_STRING, offsetof(struct exec_args, exec.cwd), "DIR",
	  "working folder in the container" },
	{ "env", 'e', OPT_LIST, offsetof(struct exec_args, exec.env), "NAME=VALUE",
	  "set an environment variable; repeatable" },
	{ "user", 'u', OPT_STRING, offsetof(struct exec_args, exec.user), "UID[:GID]",
	  "run as this user and group, in numbers" },
	{ "additional-gids", 'g', OPT_LIST, offsetof(struct exec_args, exec.additional_gids), "GID",
	  "a further group; repeatable" },
	{ "cap", 'c', OPT_LIST, offsetof(struct exec_args, exec.caps), "CAP",
	  "add a capability to the bounding, permitted and effective sets; repeatable" },
	{ "process-label", 0, OPT_STRING, offsetof(struct exec_args, exec.process_label), "LABEL",
	  "SELinux label of the process" },
	{ "apparmor", 0, OPT_STRING, offsetof(struct exec_args, exec.apparmor), "PROFILE",
	  "AppArmor profile of the process" },
	{ "no-new-privs", 0, OPT_FLAG, offsetof(struct exec_args, exec.no_new_privs), NULL,
	  "the process gains no privileges by execve" },
	{ "cgroup", 0, OPT_LIST, offsetof(struct exec_args, exec.cgroups), "[CTRL,...:]PATH",
	  "run in this cgroup below the container's; repeatable" },
	{ "ignore-paused", 0, OPT_FLAG, offsetof(struct exec_args, exec.ignore_paused), NULL,
	  "go on although the container is paused" },
	{ "no-subreaper", 0, OPT_IGNORED_FLAG, 0, NULL,
	  "accepted for compatibility; the runtime never is a subreaper" },
	{ .name = NULL },
};

static int stay(struct execution *x, const sigset_t *mask, struct oci_error *err)
{
	struct foreground foreground = {
		.master = x->launch.master,
		.pidfd = x->launch.pidfd,
		.pid = x->launch.pid,
		.notify_socket = -1,
		.forward_signals = true,
	};
	int status, r;

	r = foreground_run(&foreground, mask, &status, err);
	if (r < 0) {
		launch_abort(&x->launch);
		/* by name: the caller's own file */
		if (x->options->io.pid_file)
			(void)unlink(x->options->io.pid_file);
	}
	return r < 0 ? r : status;
}

static int exec_run(struct cmd_context *ctx, void *options, char **operands, int count,
		    struct oci_error *err)
{
	struct exec_args *args = options;
	struct execution execution;
	sigset_t mask;
	int r;

	(void)count; /* argv ends with NULL, so the operands do */
	args->exec.args = operands + 1;
	args->exec.io.detach = args->detach;
	sigprocmask(SIG_SETMASK, NULL, &mask);
	r = args->detach ? 0 : foreground_block_signals(&mask, err);
	if (r == 0)
		r = exec_process(&execution, ctx, operands[0], &args->exec, &mask, err);
	if (r == 0) {
		r = args->detach ? 0 : stay(&execution, &mask, err);
		exec_free(&execution);
	}
	opt_list_free(&args->exec.env);
	opt_list_free(&args->exec.caps);
	opt_list_free(&args->exec.additional_gids);
	opt_list_free(&args->exec.cgroups);
	return r;
}

const struct cmd cmd_exec = {
	.command = {
		.name = "exec",
		.usage = "[OPTIONS] CONTAINER-ID [COMMAND [ARGUMENT...]]",
		.summary = "run a further process in a container",
		.opts = exec_opts,
		.positional_after = 1,
		.min_operands = 1,
		.max_operands = -1,
	},
	.options_size = sizeof(struct exec_args),
	.run = exec_run,
	.failure_status = 255, /* as runc's: the others are the program's */
	.enters_container = true,
};
