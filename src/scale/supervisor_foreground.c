/* SPDX-License-Identifier: Apache-2.0 */
/*
 * supervisor_foreground.c - replicas that `carte run` starts in its terminal: prepared here, started there, looked for until they run.
 *
 * Whoever ran it tells its end (supervisor_finished); should it die first, the pidfd does.
 */
#include <inttypes.h>
#include <string.h>

#include "base/mem.h"
#include "scale/supervisor-private.h"

#define LOOK_FIRST_MS 20
#define LOOK_LAST_MS 1000
#define LOOK_TIMEOUT_MS 10000
#define NEVER_STARTED_MS 60000

static void look_again(struct supervisor *sv, struct replica *replica)
{
	struct replica_work *work = replica_work(replica);
	int64_t since = loop_now(sv->loop) - work->prepared_at;
	int64_t delay = since / 4;

	if (delay < LOOK_FIRST_MS)
		delay = LOOK_FIRST_MS;
	replica_wake(sv, replica, delay > LOOK_LAST_MS ? LOOK_LAST_MS : delay);
}

static void found(struct supervisor *sv, struct replica *replica, const char *text, size_t length)
{
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	struct oci_state *state = NULL;

	if (oci_state_parse(&arena, "state", text, length, &state, NULL) < 0)
		return;
	/* half made it is still its runner's */
	if (state->status != OCI_STATUS_RUNNING || state->pid.value <= 0)
		return;
	replica_work(replica)->container = true;
	replica_started(sv, replica, (pid_t)state->pid.value);
}

static void look_done(void *ctx, const struct job_result *result)
{
	struct replica *replica = ctx;
	struct replica_work *work = replica_work(replica);
	struct supervisor *sv = work->sv;

	replica_idle(sv, replica);
	if (replica->pid == 0 && !work->ended && result->status == 0)
		found(sv, replica, result->out, result->out_length);
	if (replica->pid > 0 || work->ended)
		return;
	if (loop_now(sv->loop) - work->prepared_at < NEVER_STARTED_MS) {
		look_again(sv, replica);
		return;
	}
	replica_reason(replica, "nobody started it within %d s", NEVER_STARTED_MS / 1000);
	work->ended = true;
}

void foreground_look(struct supervisor *sv, struct replica *replica)
{
	struct replica_work *work = replica_work(replica);
	const char *argv[] = { supervisor_runtime(sv, replica),
			       "--root",
			       supervisor_runtime_root(sv, replica),
			       "state",
			       replica->id,
			       NULL };
	struct job_spec spec = {
		.argv = argv, .stdout_fd = -1, .stderr_fd = -1, .timeout_ms = LOOK_TIMEOUT_MS
	};

	if (work->prepared_at == 0) {
		work->prepared_at = loop_now(sv->loop);
		look_again(sv, replica);
		return;
	}
	/* the turn comes for other reasons too */
	if (work->timer.place != 0)
		return;
	replica_busy(sv, replica, BUSY_OTHER);
	if (job_start(sv->loop, &spec, look_done, replica, &work->job, NULL) < 0) {
		replica_idle(sv, replica);
		look_again(sv, replica);
	}
}
