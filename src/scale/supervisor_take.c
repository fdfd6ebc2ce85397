/* SPDX-License-Identifier: Apache-2.0 */
/*
 * supervisor_take.c - the steps down: out of the balance, drain, signal, grace, kill; then delete, detach, forget.
 */
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/mem.h"
#include "base/sys.h"
#include "scale/replica_secrets.h"
#include "scale/supervisor-private.h"

#define KILL_WAIT_MS 5000
#define DELETE_TIMEOUT_MS 30000
#define RETRY_FIRST_MS 100 /* doubled each time, up to KILL_WAIT_MS */
#define DRAIN_DEFAULT_MS 2000

int signal_number(const char *name)
{
	uint32_t number;

	if (parse_u32(name, &number) == 0)
		return number > 0 && number <= 64 ? (int)number : -EINVAL;
	if (strncmp(name, "SIG", 3) == 0)
		name += 3;
	if (strncmp(name, "RTMIN+", 6) == 0 && parse_u32(name + 6, &number) == 0 && number < 31)
		return SIGRTMIN + (int)number;
	for (int i = 1; i < 32; i++) {
		const char *word = sigabbrev_np(i);

		if (word && strcmp(word, name) == 0)
			return i;
	}
	return -EINVAL;
}

int stop_signal(const struct replica *replica)
{
	const struct replica_work *work = replica_work(replica);
	const char *name = work->spec->stop_signal;
	int number;

	if (!name && work->image)
		name = work->image->stop_signal;
	number = name ? signal_number(name) : SIGTERM;
	return number > 0 ? number : SIGTERM;
}

/*
 * A step down has failed: again, from the same facts. At once when its program was killed, which says nothing of the step; but one that is
 * killed each time waits like any other.
 */
static void take_again(struct supervisor *sv, struct replica *replica, bool killed)
{
	struct replica_work *work = replica_work(replica);
	unsigned tries = work->take_tries++;
	int64_t delay = KILL_WAIT_MS;

	if (killed && tries == 0)
		delay = 0;
	else if (tries < 6)
		delay = RETRY_FIRST_MS << tries;
	work->phase_until = loop_now(sv->loop) + delay;
	replica_wake(sv, replica, delay);
}

/* ---- the runtime's verbs ---------------------------------------------------------------------------------------------------- */

static int runtime_job(struct supervisor *sv, struct replica *replica, const char *verb,
		       const char *option, void (*done)(void *ctx, const struct job_result *result),
		       struct oci_error *err)
{
	const char *argv[] = { supervisor_runtime(sv, replica),
			       "--root",
			       supervisor_runtime_root(sv, replica),
			       verb,
			       option ? option : replica->id,
			       option ? replica->id : NULL,
			       NULL };
	struct job_spec spec = {
		.argv = argv, .stdout_fd = -1, .stderr_fd = -1, .timeout_ms = DELETE_TIMEOUT_MS
	};

	return job_start(sv->loop, &spec, done, replica, &replica_work(replica)->job, err);
}

static void delete_done(void *ctx, const struct job_result *result)
{
	struct replica *replica = ctx;
	struct replica_work *work = replica_work(replica);
	struct supervisor *sv = work->sv;

	replica_idle(sv, replica);
	if (result->status != 0) {
		replica_reason(replica, "delete: %.200s",
			       result->err[0]      ? result->err
			       : result->timed_out ? "the runtime did not answer in time"
			       : result->status == 128 + SIGKILL ? "the runtime was killed"
								 : "the runtime says nothing");
		event_emit(sv, "replica", "fail", NULL, NULL, replica, -1, "%s", replica->reason);
		take_again(sv, replica, result->status == 128 + SIGKILL && !result->timed_out);
		return;
	}
	work->take_tries = 0;
	work->container = false;
	/* forced, it took the process along; the end of it is told by its pidfd */
	work->unsaved = true;
}

void take_container(struct supervisor *sv, struct replica *replica)
{
	struct replica_work *work = replica_work(replica);
	struct oci_error err = OCI_ERROR_INIT;

	if (loop_now(sv->loop) < work->phase_until && replica->pid == 0 && work->phase == STOP_NONE)
		return;
	if (sv->deleting >= sv->parallel)
		return;
	sv->deleting++;
	replica_busy(sv, replica, BUSY_DELETE);
	if (runtime_job(sv, replica, "delete", "--force", delete_done, &err) < 0) {
		replica_idle(sv, replica);
		replica_reason(replica, "%s", err.message);
		take_again(sv, replica, false);
	}
}

static void resume_done(void *ctx, const struct job_result *result)
{
	struct replica *replica = ctx;
	struct replica_work *work = replica_work(replica);

	(void)result;
	replica->paused = false;
	work->unsaved = true;
	replica_idle(work->sv, replica);
}

/* ---- drain, signal, grace, kill ------------------------------------------------------------------------------------------------ */

static void send_signal(const struct replica *replica, int number)
{
	if (replica->pidfd >= 0)
		(void)sys_pidfd_send_signal(replica->pidfd, number);
}

static bool serves_ports(const struct replica *replica)
{
	return replica_work(replica)->spec->ports_len > 0;
}

/* New flows go elsewhere meanwhile; where there is no elsewhere, waiting helps nobody. */
static int64_t drain_ms(const struct replica *replica)
{
	const struct replica_work *work = replica_work(replica);
	const struct service *service = replica->service;
	bool whole =
		service->stopped || service->project->removing || service_work(service)->removed;

	if (replica->state != REPLICA_READY || work->no_drain || work->force || whole)
		return 0;
	if (work->spec->scale.drain_ms >= 0)
		return work->spec->scale.drain_ms;
	return serves_ports(replica) ? DRAIN_DEFAULT_MS : 0;
}

static void phase_enter(struct supervisor *sv, struct replica *replica, enum stop_phase phase,
			int64_t ms)
{
	struct replica_work *work = replica_work(replica);

	work->phase = phase;
	work->phase_until = loop_now(sv->loop) + ms;
}

static void begin(struct supervisor *sv, struct replica *replica)
{
	struct replica_work *work = replica_work(replica);
	int64_t drain = drain_ms(replica);

	probe_stop(work->probe);
	work->probe = NULL;
	work->probe_wanted = false;
	replica_set_state(sv, replica, REPLICA_DRAINING);
	event_emit(sv, "replica", "stop", NULL, NULL, replica, -1, "%s",
		   work->restarting  ? "to be restarted"
		   : replica->wanted ? "to be stopped"
				     : "to be removed");
	phase_enter(sv, replica, STOP_DRAIN, drain);
}

static void next_phase(struct supervisor *sv, struct replica *replica)
{
	struct replica_work *work = replica_work(replica);
	int64_t grace = work->grace_ms >= 0 ? work->grace_ms : work->spec->stop_grace_ms;

	switch (work->phase) {
	case STOP_DRAIN:
		if (!work->force && grace > 0) {
			send_signal(replica, stop_signal(replica));
			work->told_at = loop_now(sv->loop);
			phase_enter(sv, replica, STOP_TERM, grace);
			break;
		}
		/* fall through */
	case STOP_TERM:
		send_signal(replica, SIGKILL);
		phase_enter(sv, replica, STOP_KILL, KILL_WAIT_MS);
		break;
	default:
		/* frozen, or in the kernel's hands: the runtime has more means */
		phase_enter(sv, replica, STOP_FORCE, KILL_WAIT_MS);
		take_container(sv, replica);
		break;
	}
}

void take_down(struct supervisor *sv, struct replica *replica)
{
	struct replica_work *work = replica_work(replica);
	struct oci_error err = OCI_ERROR_INIT;
	int64_t left;

	if (work->phase == STOP_NONE)
		begin(sv, replica);
	if (replica->paused) {
		/* a frozen process takes no signal */
		replica_busy(sv, replica, BUSY_OTHER);
		if (runtime_job(sv, replica, "resume", NULL, resume_done, &err) == 0)
			return;
		replica_idle(sv, replica);
		replica->paused = false;
	}
	left = work->phase_until - loop_now(sv->loop);
	/* force overtakes what is under way */
	if (left <= 0 || (work->force && work->phase < STOP_KILL)) {
		next_phase(sv, replica);
		left = work->phase_until - loop_now(sv->loop);
	}
	if (work->busy == BUSY_NO)
		replica_wake(sv, replica, left);
}

/* ---- network, and the rest -------------------------------------------------------------------------------------------------------- */

static void net_detached(void *ctx, const struct net_result *result, const struct oci_error *err)
{
	struct replica *replica = ctx;
	struct replica_work *work = replica_work(replica);

	(void)result;
	replica_idle(work->sv, replica);
	if (err) {
		replica_reason(replica, "network: %.200s", err->message);
		event_emit(work->sv, "network", "fail", NULL, NULL, replica, -1, "%s",
			   err->message);
		take_again(work->sv, replica, false);
		return;
	}
	work->take_tries = 0;
	ports_forget(work->sv, replica, true);
	free(work->net);
	work->net = NULL;
	work->attached = work->maybe_attached = false;
	work->unsaved = true;
	replica->address.s_addr = 0;
	hosts_stale(work->sv, replica->service->project);
}

void take_network(struct supervisor *sv, struct replica *replica)
{
	const struct replica_work *work = replica_work(replica);
	struct oci_error err = OCI_ERROR_INIT;

	if (loop_now(sv->loop) < work->phase_until)
		return;
	if (sv->deleting >= sv->parallel)
		return;
	replica_busy(sv, replica, BUSY_NET);
	if (net_detach(sv->net, replica->id, net_detached, replica, &err) < 0) {
		replica_idle(sv, replica);
		replica_reason(replica, "network: %.200s", err.message);
		take_again(sv, replica, false);
	}
}

void take_all(struct supervisor *sv, struct replica *replica)
{
	struct replica_work *work = replica_work(replica);
	struct oci_error err = OCI_ERROR_INIT;
	char path[PATH_MAX];

	if (loop_now(sv->loop) < work->phase_until && replica->state == REPLICA_DELETED)
		return;
	replica_set_state(sv, replica, REPLICA_DELETED);
	/* made or not: a crash may have come between the two */
	(void)snprintf(path, sizeof(path), "%s/bundles/%s", sv->options.state_dir, replica->id);
	if (replica_config_remove(path, &err) < 0 && access(path, F_OK) == 0) {
		replica_reason(replica, "remove the bundle: %.200s", err.message);
		take_again(sv, replica, false);
		return;
	}
	secrets_remove(sv->options.run_dir, replica->id);
	(void)snprintf(path, sizeof(path), "%s/logs/%s.log", sv->options.state_dir, replica->id);
	(void)logs_remove(path, NULL);
	if (store_replica_remove(sv->store, replica->id, &err) < 0) {
		replica_reason(replica, "%.200s", err.message);
		take_again(sv, replica, false);
		return;
	}
	work->unsaved = false;
	timing_note(sv, replica, STORE_TIMING_DELETE, work->ended_at);
	event_emit(sv, "replica", "remove", NULL, NULL, replica, replica->exit_status, "removed");
	work->forgotten = true;
	sv->ports_stale = true;
	supervisor_turn_soon(sv);
}
