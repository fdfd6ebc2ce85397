/* SPDX-License-Identifier: Apache-2.0 */
/*
 * supervisor_exit.c - how the end of a replica is noticed, and what follows.
 *
 * Its init is watched by a pidfd. Whose child it is decides how its exit status is learnt: ours (the runtime that made it has ended, and
 * we are a subreaper) by waitid; of an adopted one, which an earlier supervisor had made, by PIDFD_GET_INFO (6.15) after its parent has
 * reaped it; else it stays unknown, -1.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/io.h"
#include "base/mem.h"
#include "base/sys.h"
#include "base/sys_process.h"
#include "scale/supervisor-private.h"

#define STATUS_TRIES 40 /* of 50 ms: a parent that reaps late */
#define STATUS_WAIT_MS 50

uint64_t process_start_ticks(pid_t pid)
{
	char path[32], text[1024];
	const char *at;

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	if (io_read_small(AT_FDCWD, path, text, sizeof(text)) <= 0)
		return 0;
	at = strrchr(text, ')');
	if (!at || at[1] != ' ' || at[2] == 'Z' || at[2] == 'X')
		return 0;
	/* field 22; the blank behind the name comes before field 3 */
	for (unsigned field = 2; at && field < 22; field++)
		at = strchr(at + 1, ' ');
	return at ? strtoull(at + 1, NULL, 10) : 0;
}

void replica_unwatch(struct replica *replica)
{
	oom_remove(replica_work(replica)->sv->oom, replica);
	loop_watch_remove(&replica_work(replica)->exit_watch);
	loop_timer_cancel(&replica_work(replica)->status);
	fd_closep(&replica->pidfd);
	replica->pidfd = -1;
}

/* ---- the end --------------------------------------------------------------------------------------------------------------------- */

void replica_failed_once(struct supervisor *sv, struct replica *replica, int status, bool made)
{
	struct replica_work *work = replica_work(replica);
	int64_t now = loop_now(sv->loop);
	struct restart_input input = { .policy = &work->spec->restart,
				       .exit_status = status,
				       .failures = made ? work->failures : work->make_failures,
				       .healthy_ms = work->ready_at > 0 ? now - work->ready_at : -1,
				       .made = made };
	struct restart_output output;

	decide_restart(&input, &output);
	if (made)
		work->failures = output.failures;
	else
		work->make_failures = output.failures;
	work->unsaved = true;
	if (made && status != 0)
		replica_reason(replica,
			       status < 0 ? "ended, its status is not known"
					  : "exited with status %d",
			       status);
	if (!made || status != 0)
		service_failed(sv, replica);
	work->ready_at = 0;
	if (!output.restart || replica->foreground) {
		work->ended = true;
		if (output.exhausted && status != 0 && made)
			replica_reason(replica,
				       "exited with status %d; %" PRId64 " attempts are used up",
				       status, work->spec->restart.max_attempts);
		supervisor_turn_soon(sv);
		return;
	}
	if (made)
		replica->restarts++;
	work->retry_at = output.delay_ms > 0 ? now + output.delay_ms : 0;
	if (output.delay_ms > 0) {
		if (made)
			replica_reason(replica,
				       "exited with status %d; again in %" PRId64 ".%01d s", status,
				       output.delay_ms / 1000, (int)(output.delay_ms % 1000 / 100));
		replica_set_state(sv, replica, REPLICA_FAILED);
	}
	supervisor_turn_soon(sv);
}

static void say_oom(struct supervisor *sv, const struct replica *replica)
{
	event_emit(sv, "oom", "kill", NULL, NULL, replica, -1,
		   "the kernel killed a process for want of memory");
}

/* one of its processes; the init need not be it */
void replica_oom(void *ctx)
{
	struct replica *replica = ctx;

	replica_work(replica)->oom_told = true;
	say_oom(replica_work(replica)->sv, replica);
}

static void say_end(struct supervisor *sv, const struct replica *replica)
{
	if (replica->oom_killed && !replica_work(replica)->oom_told)
		say_oom(sv, replica);
	event_emit(sv, "replica", "die", NULL, NULL, replica, replica->exit_status,
		   replica->exit_status < 0 ? "ended, its status is not known"
					    : "exited with status %d",
		   replica->exit_status);
}

void replica_ended(struct supervisor *sv, struct replica *replica, int status)
{
	struct replica_work *work = replica_work(replica);
	bool asked = work->phase != STOP_NONE;
	bool by_policy = work->unhealthy && work->restarting;

	if (asked)
		timing_note(sv, replica, STORE_TIMING_STOP, work->told_at);
	else if (status != 0 && work->measured)
		timing_note(sv, replica, STORE_TIMING_FAIL, work->run_at);
	work->told_at = work->asked_at = 0;
	work->ended_at = asked && !replica->wanted ? loop_now(sv->loop) : 0;
	probe_stop(work->probe);
	work->probe = NULL;
	work->probe_wanted = false;
	replica->oom_killed = oom_kills(sv->oom, replica) > 0;
	replica_unwatch(replica);
	loop_timer_cancel(&work->timer);
	replica->pid = 0;
	replica->start_ticks = 0;
	replica->paused = false;
	replica->exit_status = status;
	replica->exited_ms = supervisor_clock(sv);
	work->phase = STOP_NONE;
	work->phase_until = 0;
	work->grace_ms = -1;
	work->unsaved = true;
	/* the namespace it was to be in may be another's at the next start */
	if (work->spec->network_mode == SPEC_NET_CONTAINER)
		work->configured = false;
	ports_forget(sv, replica, false);
	say_end(sv, replica);
	if (asked && work->restarting && !by_policy) {
		replica->restarts++;
		work->ready_at = 0;
		replica_set_state(sv, replica, REPLICA_CREATED);
	} else if (!asked || by_policy) {
		replica_set_state(sv, replica, REPLICA_CREATED);
		replica_failed_once(sv, replica, by_policy ? -1 : status, true);
	}
	work->restarting = work->unhealthy = false;
	supervisor_turn_soon(sv);
}

static int status_of(int wait_status)
{
	return WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : 128 + WTERMSIG(wait_status);
}

/* Is the status worth waiting for? Where the policy does not ask for it, the new one starts at once. */
static bool status_matters(const struct replica *replica)
{
	enum spec_restart condition = replica_work(replica)->spec->restart.condition;

	return condition == SPEC_RESTART_NO || condition == SPEC_RESTART_ON_FAILURE ||
	       replica_work(replica)->phase != STOP_NONE;
}

static void init_ended(void *ctx, uint32_t events);

static void ask_again(void *ctx)
{
	init_ended(ctx, EPOLLIN);
}

static void init_ended(void *ctx, uint32_t events)
{
	struct replica *replica = ctx;
	struct replica_work *work = replica_work(replica);
	siginfo_t info = { 0 };
	int status, r;

	(void)events;
	if (waitid(P_PIDFD, (id_t)replica->pidfd, &info, WEXITED | WNOHANG) == 0) {
		if (info.si_pid == 0)
			return;
		status = info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
		replica_ended(work->sv, replica, status);
		return;
	}
	r = sys_pidfd_exit_status(replica->pidfd, &status);
	if (r == -EAGAIN && work->status_tries++ < (status_matters(replica) ? STATUS_TRIES : 1)) {
		/* it stays readable: wait by the clock */
		loop_watch_remove(&work->exit_watch);
		(void)loop_timer_set(work->sv->loop, &work->status,
				     work->status_tries == 1 ? 2 : STATUS_WAIT_MS, ask_again,
				     replica);
		return;
	}
	replica_ended(work->sv, replica, r == 0 ? status_of(status) : -1);
}

/* It may be gone before we have a pidfd: a child of ours stays a zombie, or was reaped among the strays. */
static int ended_before(struct supervisor *sv, pid_t pid)
{
	for (unsigned i = 0; i < STRAYS; i++)
		if (sv->strays[i].pid == pid) {
			sv->strays[i].pid = 0;
			return sv->strays[i].status;
		}
	return -1;
}

int replica_watch(struct supervisor *sv, struct replica *replica, pid_t pid)
{
	struct replica_work *work = replica_work(replica);
	int fd = sys_pidfd_open(pid, 0);
	int r;

	work->status_tries = 0;
	replica->pid = pid;
	work->oom_told = false;
	/*
	 * Without a memory controller nobody is killed by one. Also of one that has ended already, whose cgroup is still there: it may have been
	 * killed at once.
	 */
	if (replica->cgroup)
		(void)oom_add(sv->oom, replica->cgroup, pid, replica);
	if (fd < 0) {
		replica_ended(sv, replica, ended_before(sv, pid));
		return -ESRCH;
	}
	replica->pidfd = fd;
	replica->start_ticks = process_start_ticks(pid);
	r = loop_watch_add(sv->loop, &work->exit_watch, fd, EPOLLIN, init_ended, replica);
	if (r < 0) {
		replica_ended(sv, replica, -1);
		return r;
	}
	return 0;
}
