/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd_events.c - `events`: statistics at an interval and out-of-memory events, one JSON object a line.
 *
 * Three descriptors are waited for: the container's pidfd, whose end ends the
 * command, the kernel's out-of-memory notification, and a timer.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/error.h"
#include "base/io.h"
#include "base/mem.h"
#include "runtime/cmds.h"
#include "runtime/duration.h"
#include "runtime/events.h"
#include "runtime/state.h"

struct events_options {
	const char *interval;
	bool stats;
};

static int make_timer(int64_t ns, struct oci_error *err)
{
	struct timespec every = { ns / 1000000000, ns % 1000000000 };
	struct itimerspec spec = { every, every };
	CLEANUP_CLOSE int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);

	if (fd < 0 || timerfd_settime(fd, 0, &spec, NULL) < 0)
		return err_sys(err, errno, "timer");
	return TAKE_FD(fd);
}

static int watch(const struct state *state, int64_t interval_ns, struct oci_error *err)
{
	struct oci_error why = OCI_ERROR_INIT;
	CLEANUP_CLOSE int pidfd = state_pidfd(state, err);
	CLEANUP_CLOSE int timer = -EBADF;
	/* without a memory controller nobody tells; poll ignores a negative descriptor */
	CLEANUP_CLOSE int oom = cgroup_oom_fd(&state->cgroup, &why);
	uint64_t expirations, kills = 0;

	if (oom >= 0) /* what happened before is no news */
		(void)cgroup_oom_happened(&state->cgroup, oom, &kills);
	if (pidfd < 0)
		return pidfd;
	timer = make_timer(interval_ns, err);
	if (timer < 0)
		return timer;
	for (;;) {
		struct pollfd polls[] = { { pidfd, POLLIN, 0 },
					  { oom, POLLIN, 0 },
					  { timer, POLLIN, 0 } };
		int r = RETRY_EINTR(poll(polls, ARRAY_LEN(polls), -1));

		if (r < 0)
			return err_sys(err, errno, "poll");
		r = 0;
		if (polls[1].revents && cgroup_oom_happened(&state->cgroup, oom, &kills))
			r = event_print("oom", state->id, NULL, 0, err);
		if (r < 0 || polls[0].revents)
			return r;
		if (polls[2].revents &&
		    RETRY_EINTR(read(timer, &expirations, sizeof(expirations))) > 0)
			r = event_print_stats(state, err);
		if (r < 0)
			return r;
	}
}

static int events_run(struct cmd_context *ctx, void *opts, char **operands, int count,
		      struct oci_error *err)
{
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	const struct events_options *options = opts;
	const char *interval = options->interval ? options->interval : "5s";
	struct state *state;
	int64_t ns;
	int r;

	(void)count;
	if (duration_parse(interval, &ns) < 0)
		return err_set(
			err, EINVAL,
			"invalid value \"%s\" for --interval: expected a duration such as 5s or"
			" 250ms",
			interval);
	if (ns == 0)
		return err_set_as(err, ERR_USAGE, EINVAL,
				  "duration interval must be greater than 0");
	r = state_load(&arena, ctx->root, operands[0], &state, err);
	if (r < 0)
		return r;
	if (state->status == OCI_STATUS_STOPPED || !state->pid.present)
		return err_set(err, ESRCH, "container with id %s is not running", state->id);
	return options->stats ? event_print_stats(state, err) : watch(state, ns, err);
}

static const struct opt events_opts[] = {
	{ "interval", 0, OPT_STRING, offsetof(struct events_options, interval), "DURATION",
	  "time between two statistics (default: 5s)" },
	{ "stats", 0, OPT_FLAG, offsetof(struct events_options, stats), NULL,
	  "print the statistics once and exit" },
	{ .name = NULL },
};

const struct cmd cmd_events = {
	.command = {
		.name = "events",
		.usage = "[OPTIONS] CONTAINER-ID",
		.summary = "print statistics and out-of-memory events of a container",
		.opts = events_opts,
		.positional_after = -1,
		.min_operands = 1,
		.max_operands = 1,
	},
	.options_size = sizeof(struct events_options),
	.run = events_run,
};
