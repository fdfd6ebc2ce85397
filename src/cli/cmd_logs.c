/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd_logs.c - logs and attach: what containers have written and write.
 */
#include <string.h>
#include <sys/signalfd.h>

#include "base/io.h"
#include "cli/common.h"
#include "cli/logs.h"

struct logs_args {
	bool follow, timestamps, no_prefix, sig_proxy;
	const char *tail, *since, *until, *project;
};

static const struct opt logs_opts[] = {
	{ "follow", 'f', OPT_FLAG, offsetof(struct logs_args, follow), NULL,
	  "go on until the containers have ended" },
	{ "no-log-prefix", 0, OPT_FLAG, offsetof(struct logs_args, no_prefix), NULL,
	  "no names before the lines" },
	{ "project", 'p', OPT_STRING, offsetof(struct logs_args, project), "NAME",
	  "all containers of a project" },
	{ "since", 0, OPT_STRING, offsetof(struct logs_args, since), "TIME",
	  "refused: the lines have no times" },
	{ "tail", 'n', OPT_STRING, offsetof(struct logs_args, tail), "LINES",
	  "only the last lines of each; default: all" },
	{ "timestamps", 't', OPT_FLAG, offsetof(struct logs_args, timestamps), NULL,
	  "with -f: when each line came; a line of before has no time" },
	{ "until", 0, OPT_STRING, offsetof(struct logs_args, until), "TIME",
	  "refused: the lines have no times" },
	{ .name = NULL },
};

static int parse_tail(const char *text, long long *ret, struct oci_error *err)
{
	uint32_t lines;

	*ret = -1;
	if (!text || strcmp(text, "all") == 0)
		return 0;
	if (parse_u32(text, &lines) < 0)
		return err_set_as(err, ERR_USAGE, EINVAL,
				  "invalid value \"%s\" for --tail: expected a number or all",
				  text);
	*ret = lines;
	return 0;
}

static int logs_run(void *options, char **operands, int count, struct oci_error *err)
{
	const struct logs_args *args = options;
	struct log_request request = { .project = args->project,
				       .operands = operands,
				       .count = count,
				       .follow = args->follow,
				       .prefix = count > 1 || args->project,
				       .no_prefix = args->no_prefix,
				       .times = args->timestamps,
				       .signal_fd = -1 };
	const char *timed = args->since                         ? "since"
			    : args->until                       ? "until"
			    : args->timestamps && !args->follow ? "timestamps"
								: NULL;

	if (timed)
		return err_set_as(
			err, ERR_UNSUPPORTED, EOPNOTSUPP,
			"--%s: the lines have no times, for a container writes its log "
			"itself and no process stands between; %s",
			timed,
			strcmp(timed, "timestamps") == 0
				? "with -f lines that come have the time when they came"
				: "let the program write the time, or see 'carte events'");
	if (!count && !args->project)
		return err_set_as(err, ERR_USAGE, EINVAL,
				  "whose? Name containers or services, or a project with -p");
	if (parse_tail(args->tail, &request.tail, err) < 0)
		return -EINVAL;
	return log_show(&request, err);
}

const struct cmd cmd_logs = {
	.command = {
		.name = "logs",
		.usage = "[OPTIONS] [CONTAINER|SERVICE...]",
		.summary = "print what containers have written",
		.opts = logs_opts,
		.positional_after = -1,
		.max_operands = -1,
	},
	.options_size = sizeof(struct logs_args),
	.run = logs_run,
};

/* ---- attach ------------------------------------------------------------------------------------------------------------ */

static const struct opt attach_opts[] = {
	{ "detach-keys", 0, OPT_IGNORED_STRING, 0, "KEYS",
	  "accepted for compatibility; nothing is typed into a container" },
	{ "no-stdin", 0, OPT_IGNORED_FLAG, 0, NULL,
	  "accepted for compatibility; standard input never goes to the container" },
	{ "sig-proxy", 0, OPT_FLAG, offsetof(struct logs_args, sig_proxy), NULL,
	  "^C and SIGTERM go to the container; default: they end attach" },
	{ .name = NULL },
};

static int signals_of_ours(struct oci_error *err)
{
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	fd = sigprocmask(SIG_BLOCK, &set, NULL) < 0
		     ? -1
		     : signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return fd < 0 ? err_sys(err, errno, "signals") : fd;
}

static int pass_signal(int fd, const char *id, struct oci_error *err)
{
	struct signalfd_siginfo info;
	char name[32], body[64];

	if (read(fd, &info, sizeof(info)) != (ssize_t)sizeof(info))
		return err_sys(err, errno, "signals");
	snprintf(body, sizeof(body), "{\"signal\":\"%s\"}",
		 common_signal_name((int)info.ssi_signo, name));
	return client_post(body, NULL, err, "/v1/containers/%s/kill", id);
}

static int attach_run(void *options, char **operands, int count, struct oci_error *err)
{
	const struct logs_args *args = options;
	CLEANUP_JSON yajl_val container = NULL, end = NULL;
	CLEANUP_CLOSE int signals = -1;
	struct log_request request = { .count = 1, .follow = true };
	char *id;
	int r = common_container(operands[0], &container, err);

	(void)count;
	if (r == 0 && !container_runs(container))
		return err_set_as(err, ERR_STATE, ESRCH, "'%s' does not run", operands[0]);
	if (r < 0)
		return r;
	id = (char *)json_text(container, "id");
	request.operands = &id;
	signals = signals_of_ours(err);
	if (signals < 0)
		return signals;
	request.signal_fd = signals;
	r = log_show(&request, err);
	if (r < 0 || !args->sig_proxy)
		return r;
	/* a signal ended the following, or the program's end did */
	if (client_get(&end, NULL, "/v1/containers/%s", id) < 0 || !container_runs(end))
		return 0;
	r = pass_signal(signals, id, err);
	return r < 0 ? r : log_show(&request, err);
}

const struct cmd cmd_attach = {
	.command = {
		.name = "attach",
		.usage = "[OPTIONS] CONTAINER",
		.summary = "follow what a container writes from now on",
		.opts = attach_opts,
		.positional_after = -1,
		.min_operands = 1,
		.max_operands = 1,
	},
	.options_size = sizeof(struct logs_args),
	.run = attach_run,
};
