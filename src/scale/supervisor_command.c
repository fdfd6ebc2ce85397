/* SPDX-License-Identifier: Apache-2.0 */
/*
 * supervisor_command.c - the other commands: each checks, writes down what is wanted, and leaves the rest to the turn.
 */
#include <signal.h>
#include <string.h>

#include "base/mem.h"
#include "base/sys.h"
#include "scale/supervisor-private.h"

/* ---- run ------------------------------------------------------------------------------------------------------------------------------ */

/* The project "default" with one service more; networks and volumes of both. */
static int with_one_more(struct supervisor *sv, const struct spec_project *extra,
			 struct oci_arena *arena, char **ret_text, size_t *ret_length,
			 struct oci_error *err)
{
	const struct project *project = supervisor_project(sv, extra->name);
	struct spec_project all = *extra;

	if (project && project->spec) {
		const struct spec_project *old = project->spec;
		size_t n = 0;

		all.services = oci_arena_array(arena, old->services_len + 1, sizeof(*all.services));
		all.networks = oci_arena_array(arena, old->networks_len + extra->networks_len + 1,
					       sizeof(*all.networks));
		all.volumes = oci_arena_array(arena, old->volumes_len + extra->volumes_len + 1,
					      sizeof(*all.volumes));
		all.files = oci_arena_array(arena, old->files_len + extra->files_len + 1,
					    sizeof(*all.files));
		if (!all.services || !all.networks || !all.volumes || !all.files)
			return err_nomem(err);
		for (size_t i = 0; i < old->services_len; i++) {
			const struct service *service =
				supervisor_service(sv, extra->name, old->services[i].name);

			if (service && !service_work(service)->removed)
				all.services[n++] = old->services[i];
		}
		all.services[n++] = extra->services[0];
		all.services_len = n;
		n = 0;
		for (size_t i = 0; i < old->networks_len; i++)
			if (!spec_network_find(extra, old->networks[i].key))
				all.networks[n++] = old->networks[i];
		for (size_t i = 0; i < extra->networks_len; i++)
			all.networks[n++] = extra->networks[i];
		all.networks_len = n;
		n = 0;
		for (size_t i = 0; i < old->volumes_len; i++)
			if (!spec_volume_find(extra, old->volumes[i].key))
				all.volumes[n++] = old->volumes[i];
		for (size_t i = 0; i < extra->volumes_len; i++)
			all.volumes[n++] = extra->volumes[i];
		all.volumes_len = n;
		n = 0;
		for (size_t i = 0; i < old->files_len; i++)
			if (!spec_file_find(extra, old->files[i].name, old->files[i].secret))
				all.files[n++] = old->files[i];
		for (size_t i = 0; i < extra->files_len; i++)
			all.files[n++] = extra->files[i];
		all.files_len = n;
	}
	return compose_emit(&all, arena, ret_text, ret_length, err);
}

/* Nobody waits for room with a terminal, or for the name of a container that there may never be. */
static int run_refused(struct supervisor *sv, struct service *service, struct oci_error *err)
{
	struct service_work *work = service_work(service);
	int r = err_set_as(err, ERR_RESOURCES, ENOSPC, "container '%s' is not started: %s",
			   service->spec->name, work->admission);

	work->removed = true;
	work->unsaved = true;
	(void)save_command(sv, NULL);
	supervisor_turn_soon(sv);
	return r;
}

static int run_document(struct supervisor *sv, const struct spec_project *extra, bool foreground,
			struct replica **ret, struct oci_error *err)
{
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	struct service *service;
	char *text;
	size_t length;
	int r = with_one_more(sv, extra, &arena, &text, &length, err);

	if (r == 0)
		r = supervisor_up(sv, text, length, false, err);
	if (r < 0)
		return r;
	service = supervisor_service(sv, extra->name, extra->services[0].name);
	/* its one replica is made now, so that it can be told by name */
	if (service && !service->replicas) {
		admission_turn(sv);
		service_turn(sv, service);
	}
	if (!service || !service->replicas)
		return service && service_work(service)->admission[0]
			       ? run_refused(sv, service, err)
			       : err_nomem(err);
	service->replicas->foreground = foreground;
	replica_work(service->replicas)->unsaved = true;
	*ret = service->replicas;
	return save_command(sv, err);
}

int supervisor_run(struct supervisor *sv, const char *text, size_t length, bool foreground,
		   struct replica **ret, struct oci_error *err)
{
	struct document *document;
	const struct service *other;
	int r = document_load(sv, NULL, text, length, &document, err);

	if (r < 0)
		return r;
	if (document->spec->services_len != 1) {
		r = err_set_as(err, ERR_DOCUMENT, EINVAL, "run: one service is expected, got %zu",
			       document->spec->services_len);
	} else {
		const struct spec_service *spec = &document->spec->services[0];

		other = supervisor_service(sv, document->spec->name, spec->name);
		if (other)
			r = err_set_as(err, ERR_EXISTS, EEXIST,
				       service_work(other)->removed
					       ? "container '%s' is still being removed"
					       : "container '%s' exists already",
				       spec->name);
		else if (spec->replicas != 1)
			r = err_set_as(err, ERR_DOCUMENT, EINVAL,
				       "run: one replica is expected, got %lld",
				       (long long)spec->replicas);
	}
	if (r == 0)
		r = run_document(sv, document->spec, foreground, ret, err);
	document_free(document);
	return r;
}

int supervisor_finished(struct supervisor *sv, struct replica *replica, int status,
			struct oci_error *err)
{
	struct replica_work *work = replica_work(replica);

	if (!replica->foreground)
		return err_set_as(err, ERR_STATE, EINVAL, "container %s is not run in a terminal",
				  replica->name);
	/* the runtime deletes it, once its program has ended */
	work->container = true;
	if (replica->started_ms == 0)
		replica->started_ms = supervisor_clock(sv);
	replica_ended(sv, replica, status);
	work->ended = true;
	return save_command(sv, err);
}

/* ---- services ---------------------------------------------------------------------------------------------------------------------------- */

int supervisor_scale(struct supervisor *sv, struct service *service, int64_t count, const char *who,
		     unsigned *ret_admitted, struct oci_error *err)
{
	const struct spec_service *spec = service->spec;
	unsigned before = service->desired;
	bool manual = service->manual;
	int r;

	if (service_work(service)->removed || service->project->removing)
		return err_set_as(err, ERR_STATE, EBUSY, "service %s is being removed", spec->name);
	if (count > 1 && spec->container_name)
		return err_set_as(err, ERR_STATE, EINVAL,
				  "service %s has a container_name: it cannot have %lld replicas",
				  spec->name, (long long)count);
	for (size_t i = 0; i < spec->networks_len; i++)
		if (count > 1 && spec->networks[i].ipv4)
			return err_set_as(
				err, ERR_STATE, EINVAL,
				"service %s has a fixed address: it cannot have %lld replicas",
				spec->name, (long long)count);
	if (count < -1 || count > 10000)
		return err_set_as(err, ERR_USAGE, ERANGE, "%lld replicas: expected 0 to 10000",
				  (long long)count);
	service->manual = count >= 0;
	if (count >= 0)
		service->desired = (unsigned)count;
	service_work(service)->unsaved = true;
	r = save_command(sv, err);
	if (r < 0) {
		service->desired = before;
		service->manual = manual;
		return r;
	}
	if (count < 0)
		event_emit(sv, "scale", "auto", NULL, service, NULL, -1, "by %s",
			   who ? who : "hand");
	else if (before != service->desired)
		event_emit(sv, "scale", "manual", NULL, service, NULL, -1, "from %u to %u by %s",
			   before, service->desired, who ? who : "hand");
	admission_turn(sv);
	if (ret_admitted)
		*ret_admitted = service_work(service)->admitted;
	return 0;
}

struct decided {
	struct store *store;
	const struct service *service;
	const struct scale_decision *decision;
};

static int put_decision(void *ctx, struct oci_error *err)
{
	const struct decided *it = ctx;

	return store_decision_put(it->store, it->service->project->name, it->service->spec->name,
				  it->decision, err);
}

int supervisor_decide(struct supervisor *sv, struct service *service,
		      const struct scale_decision *decision, struct oci_error *err)
{
	struct decided decided = { sv->store, service, decision };
	unsigned before = service->desired;
	int r;

	if (service->desired != decision->to) {
		service->desired = decision->to;
		service_work(service)->unsaved = true;
	}
	r = save_durably(sv, put_decision, &decided, err);
	if (r < 0) {
		service->desired = before;
		return r;
	}
	if (before != decision->to)
		event_emit(sv, "scale", "auto", NULL, service, NULL, -1, "from %u to %u: %s",
			   before, decision->to, decision->why);
	supervisor_turn_soon(sv);
	return 0;
}

static void start_again(struct replica *replica)
{
	struct replica_work *work = replica_work(replica);

	replica->stopped_by_hand = false;
	work->ended = false;
	work->failures = work->make_failures = 0;
	work->retry_at = 0;
	work->unsaved = true;
	loop_timer_cancel(&work->timer);
}

int supervisor_service_stop(struct supervisor *sv, struct service *service, struct oci_error *err)
{
	int r;

	if (service->stopped)
		return 0;
	service->stopped = true;
	service_work(service)->unsaved = true;
	r = save_command(sv, err);
	if (r < 0) {
		service->stopped = false;
		return r;
	}
	event_emit(sv, "service", "stop", NULL, service, NULL, -1, "by hand");
	return 0;
}

int supervisor_service_start(struct supervisor *sv, struct service *service, struct oci_error *err)
{
	bool before = service->stopped;
	int r;

	service->stopped = false;
	service_work(service)->unsaved = true;
	r = save_command(sv, err);
	if (r < 0) {
		service->stopped = before;
		return r;
	}
	FOR_EACH(replica, replica, service->replicas)
	start_again(replica);
	event_emit(sv, "service", "start", NULL, service, NULL, -1, "by hand");
	return 0;
}

static void restart_one(struct supervisor *sv, struct replica *replica)
{
	start_again(replica);
	if (replica->pid > 0 && replica_work(replica)->phase == STOP_NONE)
		replica_work(replica)->restarting = true;
	supervisor_turn_soon(sv);
}

static void restart_all(struct supervisor *sv, struct service *service)
{
	FOR_EACH(replica, replica, service->replicas)
	if (replica->wanted && !replica->foreground)
		restart_one(sv, replica);
}

int supervisor_service_restart(struct supervisor *sv, struct service *service,
			       struct oci_error *err)
{
	int r = supervisor_service_start(sv, service, err);

	if (r < 0)
		return r;
	restart_all(sv, service);
	/* those that said so go along: depends_on.restart */
	FOR_EACH(service, other, service->project->services)
	for (size_t i = 0; i < other->spec->depends_on_len; i++)
		if (other->spec->depends_on[i].restart && !other->stopped &&
		    strcmp(other->spec->depends_on[i].service, service->spec->name) == 0)
			restart_all(sv, other);
	return 0;
}

/* ---- replicas ---------------------------------------------------------------------------------------------------------------------------- */

static int check_stays(const struct replica *replica, struct oci_error *err)
{
	if (replica->wanted)
		return 0;
	return err_set_as(err, ERR_STATE, EBUSY, "container %s is being removed", replica->name);
}

static int check_runs(const struct replica *replica, struct oci_error *err)
{
	if (replica->pid > 0)
		return 0;
	return err_set_as(err, ERR_STATE, ESRCH, "container %s does not run (%s)", replica->name,
			  replica_state_word(replica->state));
}

int supervisor_start(struct supervisor *sv, struct replica *replica, struct oci_error *err)
{
	int r = check_stays(replica, err);

	if (r < 0)
		return r;
	/* one of a stopped service: the others stay stopped, each by hand */
	if (replica->service->stopped) {
		replica->service->stopped = false;
		service_work(replica->service)->unsaved = true;
		FOR_EACH(replica, other, replica->service->replicas)
		{
			other->stopped_by_hand = true;
			replica_work(other)->unsaved = true;
		}
	}
	/* its terminal is gone: from now on it is one of ours */
	if (replica->foreground && replica_work(replica)->ended) {
		replica->foreground = false;
		replica_work(replica)->configured = false;
	}
	start_again(replica);
	return save_command(sv, err);
}

int supervisor_stop(struct supervisor *sv, struct replica *replica, int64_t grace_ms,
		    struct oci_error *err)
{
	int r = check_stays(replica, err);

	if (r < 0)
		return r;
	replica->stopped_by_hand = true;
	replica_work(replica)->grace_ms = grace_ms;
	replica_work(replica)->unsaved = true;
	return save_command(sv, err);
}

int supervisor_restart(struct supervisor *sv, struct replica *replica, int64_t grace_ms,
		       struct oci_error *err)
{
	int r = supervisor_start(sv, replica, err);

	if (r < 0)
		return r;
	replica_work(replica)->grace_ms = grace_ms;
	restart_one(sv, replica);
	return 0;
}

int supervisor_remove(struct supervisor *sv, struct replica *replica, bool force,
		      struct oci_error *err)
{
	struct service *service = replica->service;
	struct replica_work *work = replica_work(replica);
	unsigned desired = service->desired;
	bool removed = service_work(service)->removed;
	int r;

	if (replica->pid > 0 && !force)
		return err_set_as(err, ERR_STATE, EBUSY,
				  "container %s runs: stop it first, or force its removal",
				  replica->name);
	work->force = force;
	if (!replica->wanted)
		return save_command(sv, err);
	replica->wanted = false;
	work->unsaved = true;
	/* one that was removed by hand does not come back; a service of one goes with it, when nobody but `run` made it */
	if (service->desired > 0)
		service->desired--;
	if (strcmp(service->project->name, "default") == 0 && service->desired == 0)
		service_work(service)->removed = true;
	service_work(service)->unsaved = true;
	r = save_command(sv, err);
	if (r < 0) {
		replica->wanted = true;
		service->desired = desired;
		service_work(service)->removed = removed;
	}
	return r;
}

int supervisor_kill(struct supervisor *sv, struct replica *replica, int number,
		    struct oci_error *err)
{
	int r = check_runs(replica, err);

	if (r < 0)
		return r;
	/* what ends it by hand is no failure to be mended */
	if (number == SIGKILL || number == stop_signal(replica)) {
		replica->stopped_by_hand = true;
		replica_work(replica)->unsaved = true;
		replica_work(replica)->no_drain = true;
		r = save_command(sv, err);
	}
	if (r < 0)
		return r;
	r = sys_pidfd_send_signal(replica->pidfd, number);
	return r < 0 ? err_sys(err, -r, "send signal %d to %s", number, replica->name) : 0;
}

static void pause_done(void *ctx, const struct job_result *result)
{
	struct replica *replica = ctx;
	struct replica_work *work = replica_work(replica);
	struct supervisor *sv = work->sv;

	replica_idle(sv, replica);
	if (result->status != 0) {
		event_emit(sv, "replica", "fail", NULL, NULL, replica, -1, "%s: %.200s",
			   work->pausing ? "pause" : "unpause", result->err);
		return;
	}
	replica->paused = work->pausing;
	work->unsaved = true;
	sv->ports_stale = true;
	event_emit(sv, "replica", work->pausing ? "pause" : "unpause", NULL, NULL, replica, -1,
		   "by hand");
}

int supervisor_pause(struct supervisor *sv, struct replica *replica, bool pause,
		     struct oci_error *err)
{
	struct replica_work *work = replica_work(replica);
	const char *argv[] = {
		supervisor_runtime(sv, replica), "--root",    supervisor_runtime_root(sv, replica),
		pause ? "pause" : "resume",      replica->id, NULL
	};
	struct job_spec spec = {
		.argv = argv, .stdout_fd = -1, .stderr_fd = -1, .timeout_ms = 10000
	};
	int r = check_runs(replica, err);

	if (r < 0)
		return r;
	if (replica->paused == pause)
		return err_set_as(err, ERR_STATE, EALREADY, "container %s is %s", replica->name,
				  pause ? "paused already" : "not paused");
	if (work->busy != BUSY_NO)
		return err_set_as(err, ERR_STATE, EBUSY, "container %s is being worked on",
				  replica->name);
	work->pausing = pause;
	replica_busy(sv, replica, BUSY_OTHER);
	r = job_start(sv->loop, &spec, pause_done, replica, &work->job, err);
	if (r < 0)
		replica_idle(sv, replica);
	return r;
}
