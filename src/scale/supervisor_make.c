/* SPDX-License-Identifier: Apache-2.0 */
/*
 * supervisor_make.c - the steps up: image, network, run, probe. Each ends in replica_idle, and the turn takes the next.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "base/mem.h"
#include "scale/supervisor-private.h"

#define RUN_TIMEOUT_MS 60000

void make_failed(struct supervisor *sv, struct replica *replica, const char *doing,
		 const char *words)
{
	const char *line = strrchr(words, '\n');

	/* what is tried again is no measure of how long it takes */
	replica_work(replica)->asked_at = replica_work(replica)->turn_at =
		replica_work(replica)->made_at = 0;
	/* programs end with what stopped them */
	replica_reason(replica, "%s: %s", doing, line && line[1] ? line + 1 : words);
	event_emit(sv, "replica", "fail", NULL, NULL, replica, -1, "%s", replica->reason);
	replica_failed_once(sv, replica, -1, false);
}

/* ---- image ------------------------------------------------------------------------------------------------------------------ */

static void image_found(void *ctx, const struct image *image, const struct oci_error *err)
{
	struct image_wait *wait = ctx;
	struct replica *replica = wait->replica;
	struct replica_work *work;

	free(wait);
	if (!replica)
		return;
	work = replica_work(replica);
	work->image_wait = NULL;
	replica_idle(work->sv, replica);
	if (err) {
		if (replica->pid > 0) {
			/* it runs, adopted; without its image there is no check of the image's */
			if (work->probe_wanted)
				replica_is_ready(work->sv, replica);
			work->probe_wanted = work->image_wanted = false;
			return;
		}
		make_failed(work->sv, replica, "image", err->message);
		return;
	}
	work->image = image;
	work->image_wanted = false;
	work->unsaved = true;
	if (replica->pid == 0)
		replica_reason(replica, "%s", "");
}

void make_image(struct supervisor *sv, struct replica *replica)
{
	struct replica_work *work = replica_work(replica);
	struct image_wait *wait = calloc(1, sizeof(*wait));
	struct oci_error err = OCI_ERROR_INIT;

	if (!wait)
		return;
	if (replica->pid == 0) {
		replica_set_state(sv, replica, REPLICA_PENDING);
		replica_reason(replica, "finds image %.200s", work->spec->image);
	}
	wait->replica = replica;
	work->image_wait = wait;
	replica_busy(sv, replica, BUSY_IMAGE);
	if (images_find(sv->images, work->spec->image, image_found, wait, &err) < 0) {
		const struct oci_error copy = err;

		image_found(wait, NULL, &copy);
	}
}

/* ---- network ---------------------------------------------------------------------------------------------------------------- */

bool replica_needs_net(const struct replica *replica)
{
	const struct replica_work *work = replica_work(replica);
	enum spec_network_mode mode = work->spec->network_mode;

	/* an ordinary user's: the runtime makes it, in the user namespace of the container */
	return mode == SPEC_NET_BRIDGE || (mode == SPEC_NET_NONE && net_usable(work->sv->net));
}

const struct spec_project *replica_project(const struct replica *replica)
{
	const struct replica_work *work = replica_work(replica);

	return work->document ? work->document->spec : replica->service->project->spec;
}

static void net_attached(void *ctx, const struct net_result *result, const struct oci_error *err)
{
	struct replica *replica = ctx;
	struct replica_work *work = replica_work(replica);

	replica_idle(work->sv, replica);
	if (err) {
		make_failed(work->sv, replica, "network", err->message);
		return;
	}
	free(work->net);
	work->net = malloc(sizeof(*work->net));
	if (work->net)
		*work->net = *result;
	replica->address.s_addr = result->count > 0 ? result->places[0].address.s_addr : 0;
	work->attached = true;
	work->maybe_attached = false;
	work->unsaved = true;
	work->hosts_fresh = false;
	hosts_stale(work->sv, replica->service->project);
}

void make_network(struct supervisor *sv, struct replica *replica)
{
	struct replica_work *work = replica_work(replica);
	struct net_request request = { .id = replica->id,
				       .project = replica_project(replica),
				       .service = work->spec };
	struct oci_error err = OCI_ERROR_INIT;

	replica_busy(sv, replica, BUSY_NET);
	if (net_attach(sv->net, &request, net_attached, replica, &err) < 0) {
		replica_idle(sv, replica);
		make_failed(sv, replica, "network", err.message);
	}
}

static struct replica *target_of(struct supervisor *sv, const struct replica *replica)
{
	const char *target = replica_work(replica)->spec->network_target;
	struct replica *found = NULL;
	struct service *service;

	if (strncmp(target, "service:", 8) != 0)
		return supervisor_replica(sv, target, &found, NULL) == 0 ? found : NULL;
	service = supervisor_service(sv, replica->service->project->name, target + 8);
	for (found = service ? service->replicas : NULL; found; found = found->next)
		if (found->wanted && found->pid > 0)
			return found;
	return NULL;
}

int replica_netns(struct supervisor *sv, const struct replica *replica, char *buf, size_t size,
		  const char **ret)
{
	const struct spec_service *spec = replica_work(replica)->spec;
	const struct replica *target;

	*ret = buf;
	switch (spec->network_mode) {
	case SPEC_NET_HOST:
		*ret = NULL;
		return 0;
	case SPEC_NET_PATH:
		*ret = spec->network_target;
		return 0;
	case SPEC_NET_CONTAINER:
		target = target_of(sv, replica);
		if (!target || target == replica || target->pid == 0)
			return -EAGAIN;
		if (!replica_needs_net(target)) {
			*ret = NULL;
			return 0;
		}
		return net_namespace_path(sv->net, target->id, buf, size);
	default:
		if (!replica_needs_net(replica)) {
			*ret = NULL;
			return 0;
		}
		return net_namespace_path(sv->net, replica->id, buf, size);
	}
}

/* ---- run -------------------------------------------------------------------------------------------------------------------- */

static void run_paths(struct supervisor *sv, const struct replica *replica, char *pid_file,
		      char *log_file)
{
	(void)snprintf(pid_file, PATH_MAX, "%s/tmp/%s.pid", sv->options.run_dir, replica->id);
	(void)snprintf(log_file, PATH_MAX, "%s/tmp/%s.err", sv->options.run_dir, replica->id);
}

/* The runtime's words are in its log: its stderr is the container's. */
static void run_words(const char *log_file, const struct job_result *result, char *buf, size_t size)
{
	ssize_t n = io_read_small(AT_FDCWD, log_file, buf, size);
	char *line;

	if (n <= 0) {
		if (result->timed_out)
			(void)snprintf(buf, size, "the runtime did not answer within %d s",
				       RUN_TIMEOUT_MS / 1000);
		else
			(void)snprintf(buf, size, "the runtime ended with status %d%s",
				       result->status,
				       result->status == 127 ? ": it cannot be executed" : "");
		return;
	}
	/* time="..." level=error msg="WORDS" */
	line = strstr(buf, "msg=\"");
	if (line) {
		size_t length;

		line += 5;
		length = strcspn(line, "\n");
		if (length > 0 && line[length - 1] == '"')
			length--;
		memmove(buf, line, length);
		buf[length] = '\0';
	}
}

static pid_t read_pid(const char *path)
{
	char text[24];
	int64_t pid;

	if (io_read_small(AT_FDCWD, path, text, sizeof(text)) <= 0 || parse_i64(text, &pid) < 0 ||
	    pid <= 0 || pid > INT32_MAX)
		return 0;
	return (pid_t)pid;
}

static void run_done(void *ctx, const struct job_result *result)
{
	struct replica *replica = ctx;
	struct replica_work *work = replica_work(replica);
	struct supervisor *sv = work->sv;
	char pid_file[PATH_MAX], log_file[PATH_MAX], words[1024];
	pid_t pid;

	run_paths(sv, replica, pid_file, log_file);
	replica_idle(sv, replica);
	if (work->building) {
		work->building = false;
		sv->building--;
	}
	pid = result->status == 0 ? read_pid(pid_file) : 0;
	(void)unlink(pid_file);
	work->unsaved = true;
	if (pid > 0) {
		work->container = true;
		replica_started(sv, replica, pid);
		return;
	}
	run_words(log_file, result, words, sizeof(words));
	(void)unlink(log_file);
	/* something of that name may be there, of a run that nobody waited for: the next step deletes it, and the bundle is new */
	work->container = true;
	work->configured = false;
	make_failed(sv, replica, "start", words);
}

static int run_job(struct supervisor *sv, struct replica *replica, struct oci_error *err)
{
	struct replica_work *work = replica_work(replica);
	CLEANUP_CLOSE int log = -EBADF;
	char pid_file[PATH_MAX], log_file[PATH_MAX];
	const char *argv[16] = { supervisor_runtime(sv, replica),
				 "--root",
				 supervisor_runtime_root(sv, replica),
				 "--log",
				 log_file,
				 "--systemd-cgroup" };
	const char *const verb[] = { "run",        "--detach", "--bundle",  replica->bundle,
				     "--pid-file", pid_file,   replica->id, NULL };
	struct job_spec spec = { .argv = argv, .timeout_ms = RUN_TIMEOUT_MS };

	memcpy(argv + (sv->options.systemd_cgroup ? 6 : 5), verb, sizeof(verb));
	run_paths(sv, replica, pid_file, log_file);
	log = work->spec->log_none ? open("/dev/null", O_WRONLY | O_CLOEXEC)
				   : logs_open(replica->log_path, err);
	if (log < 0)
		return work->spec->log_none ? err_sys(err, errno, "open /dev/null") : log;
	spec.stdout_fd = spec.stderr_fd = log;
	return job_start(sv->loop, &spec, run_done, replica, &work->job, err);
}

void make_run(struct supervisor *sv, struct replica *replica)
{
	struct replica_work *work = replica_work(replica);
	struct oci_error err = OCI_ERROR_INIT;

	if (!bundle_is_whole(sv, replica)) {
		work->configured = false;
		supervisor_turn_soon(sv);
		return;
	}
	if (!work->hosts_fresh) {
		hosts_write(sv, replica);
		work->hosts_fresh = true;
	}
	if (replica->state != REPLICA_FAILED)
		replica_set_state(sv, replica, REPLICA_CREATED);
	timing_note(sv, replica, STORE_TIMING_CREATE, work->turn_at);
	work->turn_at = 0;
	work->made_at = loop_now(sv->loop);
	replica_busy(sv, replica, BUSY_RUN);
	if (run_job(sv, replica, &err) < 0) {
		replica_idle(sv, replica);
		make_failed(sv, replica, "start", err.message);
	}
}

/* ---- running ------------------------------------------------------------------------------------------------------------------ */

static void probe_changed(void *ctx, enum probe_health health, const char *words)
{
	struct replica *replica = ctx;
	struct replica_work *work = replica_work(replica);
	struct supervisor *sv = work->sv;

	if (work->phase != STOP_NONE)
		return;
	if (health == PROBE_HEALTHY) {
		if (work->unhealthy)
			event_emit(sv, "health", "healthy", NULL, NULL, replica, -1,
				   "healthy again");
		replica_is_ready(sv, replica);
		return;
	}
	replica_reason(replica, "%s", words ? words : "");
	if (health == PROBE_STARTING || work->unhealthy)
		return;
	work->unhealthy = true;
	replica_set_state(sv, replica, REPLICA_UNHEALTHY);
	event_emit(sv, "health", "unhealthy", NULL, NULL, replica, -1, "%s", replica->reason);
	service_failed(sv, replica);
	/* swarm's way: a check that fails is an end of the program, as far as the policy goes */
	if (work->spec->restart.condition != SPEC_RESTART_NO && !replica->foreground)
		work->restarting = true;
}

static const struct spec_probe *probe_spec(struct replica *replica)
{
	struct replica_work *work = replica_work(replica);
	struct spec_probe *probe;

	if (work->spec->probe.kind != SPEC_PROBE_IMAGE)
		return &work->spec->probe;
	if (work->image_probe || !work->image)
		return work->image_probe;
	probe = oci_arena_alloc(&work->probe_arena, sizeof(*probe));
	if (probe && image_probe(work->image, &work->probe_arena, probe, NULL) < 0)
		probe->kind = SPEC_PROBE_NONE;
	work->image_probe = probe;
	return probe;
}

void replica_probe(struct supervisor *sv, struct replica *replica)
{
	struct replica_work *work = replica_work(replica);
	const struct spec_probe *spec = probe_spec(replica);
	struct oci_error err = OCI_ERROR_INIT;
	struct probe_target target = { .spec = spec,
				       .runtime = supervisor_runtime(sv, replica),
				       .runtime_root = supervisor_runtime_root(sv, replica),
				       .id = replica->id,
				       .address = replica->address };
	char netns[PATH_MAX];

	if (!spec && work->spec->image[0]) {
		work->probe_wanted = true;
		make_image(sv, replica);
		return;
	}
	work->probe_wanted = false;
	if (!spec || spec->kind == SPEC_PROBE_NONE) {
		replica_is_ready(sv, replica);
		return;
	}
	/* without an address of its own it is asked from inside of where it is */
	if (replica->address.s_addr == 0 && spec->kind != SPEC_PROBE_EXEC &&
	    replica_netns(sv, replica, netns, sizeof(netns), &target.netns) < 0)
		target.netns = NULL;
	if (replica->state != REPLICA_READY)
		replica_set_state(sv, replica, REPLICA_PROBING);
	if (probe_start(sv->loop, &target, probe_changed, replica, &work->probe, &err) < 0)
		replica_reason(replica, "probe: %s", err.message);
}

static void rotate(void *ctx)
{
	struct supervisor *sv = ctx;
	bool any = false;

	FOR_EACH(project, project, sv->projects)
	FOR_EACH(service, service, project->services)
	FOR_EACH(replica, replica, service->replicas)
	{
		const struct spec_service *spec = replica_work(replica)->spec;

		if (replica->pid == 0 || spec->log_none || !replica->log_path)
			continue;
		any = true;
		if (spec->log_max_size > 0)
			(void)logs_rotate(replica->log_path, spec->log_max_size,
					  spec->log_max_files, NULL);
	}
	if (any)
		(void)loop_timer_set(sv->loop, &sv->rotate_timer, 10000, rotate, sv);
}

void replica_started(struct supervisor *sv, struct replica *replica, pid_t pid)
{
	struct replica_work *work = replica_work(replica);

	timing_note(sv, replica, STORE_TIMING_START, work->made_at);
	work->measured = work->made_at > 0;
	work->made_at = work->told_at = 0;
	work->run_at = loop_now(sv->loop);
	work->ready_at = 0;
	work->make_failures = 0;
	work->failed_counted = false;
	work->restarting = work->force = work->no_drain = work->unhealthy = false;
	work->phase = STOP_NONE;
	work->grace_ms = -1;
	work->unsaved = true;
	replica->paused = false;
	replica->started_ms = supervisor_clock(sv);
	replica->exited_ms = 0;
	replica->oom_killed = false;
	replica_reason(replica, "%s", "");
	/* -1: it has ended already, and what it ended with has been seen to */
	if (replica_watch(sv, replica, pid) < 0)
		return;
	replica_set_state(sv, replica, REPLICA_STARTED);
	event_emit(sv, "replica", "start", NULL, NULL, replica, -1, "pid %d", (int)pid);
	hosts_stale(sv, replica->service->project);
	if (sv->rotate_timer.place == 0)
		(void)loop_timer_set(sv->loop, &sv->rotate_timer, 10000, rotate, sv);
	replica_probe(sv, replica);
}
