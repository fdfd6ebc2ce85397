/* SPDX-License-Identifier: Apache-2.0 */
/*
 * supervisor_adopt.c - after a start, whatever ended the one before: the database says what is wanted and what was known, the runtime
 * what is. One pass; then the turn mends the difference. What the database does not know is nobody's and goes.
 */
#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <ocispec-lite/table.h>

#include "base/io.h"
#include "base/mem.h"
#include "scale/replica_secrets.h"
#include "scale/supervisor-private.h"

#define LIST_TIMEOUT_MS 30000
#define LIST_AGAIN_MS 1000
#define SWEEP_AGAIN_MS 3000

/* ---- the database ---------------------------------------------------------------------------------------------------------------- */

struct loading {
	struct supervisor *sv;
	struct project *project;
	struct oci_error *err;
};

static int load_revision_spec(struct supervisor *sv, struct service *service, uint64_t number)
{
	struct revision *revision = revision_find(sv, service, number, NULL);
	const struct spec_service *spec =
		revision && revision->document
			? spec_service_find(revision->document->spec, service->spec->name)
			: NULL;

	if (!spec)
		return -ENOENT;
	service->spec = spec;
	service_work(service)->document = revision->document;
	return 0;
}

static void read_ports(struct service_work *work, const char *text)
{
	char *end;

	for (size_t i = 0; i < ARRAY_LEN(work->published); i++) {
		unsigned long port = strtoul(text, &end, 10);

		if (end == text)
			return;
		work->published[i] = (uint16_t)port;
		text = end;
	}
}

static int load_service(void *ctx, const struct store_service *row)
{
	struct loading *loading = ctx;
	struct service *service = service_new(loading->project, row->name);
	struct service_work *work;

	if (!service)
		return err_nomem(loading->err);
	work = service_work(service);
	service->desired = row->desired;
	service->stopped = row->stopped;
	service->manual = row->manual;
	service->revision = row->revision;
	work->removed = row->removed;
	work->rollout = (enum rollout_phase)row->rollout;
	(void)snprintf(service->rollout, sizeof(service->rollout), "%s", row->words);
	read_ports(work, row->ports);
	return 0;
}

static void find_specs(struct supervisor *sv, struct project *project)
{
	FOR_EACH(service, service, project->services)
	{
		const struct spec_service *spec =
			project->spec ? spec_service_find(project->spec, service->spec->name)
				      : NULL;

		if (spec && !service_work(service)->removed) {
			service->spec = spec;
			service_work(service)->document = project_work(project)->current;
			(void)revision_find(sv, service, service->revision, NULL);
		} else {
			(void)load_revision_spec(sv, service, service->revision);
		}
	}
}

struct project_row {
	struct project_row *next;
	char *name;
	int removing;
};

static int load_project(void *ctx, const struct store_project *row)
{
	struct loading *loading = ctx;
	struct project *project = project_new(loading->sv, row->name);
	struct document *document;
	struct project_work *work;
	int r;

	if (!project)
		return err_nomem(loading->err);
	work = project_work(project);
	project->removing = row->removing != 0;
	work->volumes = row->removing == 2;
	r = document_load(loading->sv, row->name, row->document, row->length, &document,
			  loading->err);
	if (r < 0)
		return r;
	work->documents = work->current = document;
	project->spec = document->spec;
	return 0;
}

static void read_places(struct replica *replica, const char *text)
{
	struct replica_work *work = replica_work(replica);
	struct net_result *net = text[0] ? calloc(1, sizeof(*net)) : NULL;

	while (net && *text && net->count < NET_MAX) {
		struct net_place *place = &net->places[net->count];
		size_t length = strcspn(text, " ");
		char address[INET_ADDRSTRLEN] = "";

		if (sscanf(text, "%63[^=]=%15[0-9.]", place->network, address) == 2 &&
		    inet_pton(AF_INET, address, &place->address) == 1)
			net->count++;
		text += length + (text[length] == ' ');
	}
	work->net = net;
	if (net && net->count > 0)
		replica->address = net->places[0].address;
}

static void load_flags(struct replica *replica, unsigned flags)
{
	struct replica_work *work = replica_work(replica);

	replica->wanted = flags & STORE_WANTED;
	replica->stopped_by_hand = flags & STORE_STOPPED;
	replica->foreground = flags & STORE_FOREGROUND;
	replica->paused = flags & STORE_PAUSED;
	replica->oom_killed = flags & STORE_OOM;
	work->ended = flags & STORE_ENDED;
	work->attached = flags & STORE_ATTACHED;
	work->maybe_attached = !work->attached;
	work->configured = flags & STORE_CONFIGURED;
	work->deps_met = flags & STORE_DEPS_MET;
}

static void load_spec(struct supervisor *sv, struct replica *replica)
{
	struct replica_work *work = replica_work(replica);
	const struct spec_service *spec = NULL;

	work->spec = replica->service->spec;
	work->document = service_work(replica->service)->document;
	work->revision = replica->revision == replica->service->revision
				 ? revision_current(replica->service)
				 : NULL;
	if (!work->revision)
		work->revision = revision_find(sv, replica->service, replica->revision, NULL);
	if (replica_is_current(replica) || !work->revision || !work->revision->document)
		return;
	spec = spec_service_find(work->revision->document->spec, replica->service->spec->name);
	if (spec) {
		work->spec = spec;
		work->document = work->revision->document;
	}
}

static int load_replica(void *ctx, const struct store_replica *row)
{
	struct loading *loading = ctx;
	struct supervisor *sv = loading->sv;
	struct service *service = supervisor_service(sv, row->project, row->service);
	struct replica *replica;
	struct replica_work *work;

	/* its service's row has gone with it: the sweep takes what is left */
	if (!service)
		return 0;
	replica = replica_new(sv, service);
	if (!replica)
		return err_nomem(loading->err);
	work = replica_work(replica);
	(void)snprintf(replica->id, sizeof(replica->id), "%s", row->id);
	(void)snprintf(replica->name, sizeof(replica->name), "%s", row->name);
	(void)snprintf(replica->reason, sizeof(replica->reason), "%s", row->reason);
	replica->slot = row->slot;
	replica->revision = row->revision;
	replica->start_ticks = row->start_ticks;
	replica->restarts = row->restarts;
	replica->exit_status = row->exit_status;
	replica->made_ms = row->made_ms;
	replica->started_ms = row->started_ms;
	replica->ready_ms = row->ready_ms;
	replica->exited_ms = row->exited_ms;
	/* who saw it become ready has measured that */
	replica->again = true;
	memcpy(replica->published, service_work(service)->published, sizeof(replica->published));
	work->failures = row->failures;
	work->image_id = row->image[0] ? oci_arena_strdup(&work->probe_arena, row->image) : NULL;
	load_flags(replica, row->flags);
	load_spec(sv, replica);
	read_places(replica, row->places);
	work->unsaved = false;
	/* until the runtime says otherwise: it ran, and what became of it is not known */
	work->was_running = row->pid > 0;
	return replica_paths(sv, replica) < 0 ? err_nomem(loading->err) : 0;
}

static int load_boot(struct supervisor *sv, bool *ret_rebooted, struct oci_error *err)
{
	CLEANUP_FREE char *known = NULL;
	char boot[64] = "";
	int r;

	(void)io_read_small(AT_FDCWD, "/proc/sys/kernel/random/boot_id", boot, sizeof(boot));
	r = store_meta_get(sv->store, "boot", &known, err);
	if (r < 0 && r != -ENOENT)
		return r;
	*ret_rebooted = known && strcmp(known, boot) != 0;
	return known && !*ret_rebooted ? 0 : store_meta_put(sv->store, "boot", boot, err);
}

/* What the kernel had is gone: namespaces, addresses, processes. "always" means that a stop by hand ends here too. */
static void after_reboot(struct supervisor *sv)
{
	FOR_EACH(project, project, sv->projects)
	FOR_EACH(service, service, project->services)
	FOR_EACH(replica, replica, service->replicas)
	{
		struct replica_work *work = replica_work(replica);

		work->attached = false;
		work->failures = 0;
		replica->paused = false;
		if (work->spec->restart.condition == SPEC_RESTART_ALWAYS)
			replica->stopped_by_hand = work->ended = false;
		work->unsaved = true;
	}
}

int supervisor_load(struct supervisor *sv, struct oci_error *err)
{
	struct loading loading = { .sv = sv, .err = err };
	bool rebooted = false;
	int r = load_boot(sv, &rebooted, err);

	if (r == 0)
		r = store_projects(sv->store, load_project, &loading, err);
	for (struct project *project = sv->projects; project && r == 0; project = project->next) {
		loading.project = project;
		r = store_services(sv->store, project->name, load_service, &loading, err);
		if (r == 0)
			find_specs(sv, project);
	}
	if (r == 0)
		r = store_replicas(sv->store, load_replica, &loading, err);
	if (r == 0 && rebooted)
		after_reboot(sv);
	return r;
}

/* ---- the runtime ------------------------------------------------------------------------------------------------------------------- */

struct listed {
	char *id;
	char *status;
	struct oci_i64 pid;
};

static const struct oci_row listed_rows[] = {
	OCI_ROW_STRING(struct listed, id, "id", .flags = OCI_REQUIRED),
	OCI_ROW_STRING(struct listed, status, "status"),
	OCI_ROW_I64(struct listed, pid, "pid"),
};
static const OCI_TABLE(listed_table, struct listed, listed_rows);

static struct replica *by_id(struct supervisor *sv, const char *id)
{
	FOR_EACH(project, project, sv->projects)
	FOR_EACH(service, service, project->services)
	FOR_EACH(replica, replica, service->replicas)
	if (strcmp(replica->id, id) == 0)
		return replica;
	return NULL;
}

static void adopt(struct supervisor *sv, struct replica *replica, const struct listed *listed)
{
	struct replica_work *work = replica_work(replica);
	const char *status = listed->status ? listed->status : "";
	bool runs = strcmp(status, "running") == 0 || strcmp(status, "paused") == 0;
	pid_t pid = (pid_t)listed->pid.value;
	uint64_t ticks = process_start_ticks(pid);
	uint64_t known = replica->start_ticks;

	work->container = true;
	/* the same number, but another process: the one that was has ended */
	if (!runs || pid <= 0 || ticks == 0 || (work->was_running && known && known != ticks))
		return;
	if (replica_watch(sv, replica, pid) < 0)
		return;
	work->was_running = false;
	replica->paused = strcmp(status, "paused") == 0;
	work->unsaved = true;
	/* the crash came between its start and the note of it */
	if (known != ticks)
		replica->started_ms = supervisor_clock(sv);
	/* what has an address has its place; where the note of that is missing, the network knows it */
	work->run_at = loop_now(sv->loop);
	/* one that served goes on serving; its probe says if that has changed meanwhile */
	replica->state = REPLICA_STARTED;
	if (replica->ready_ms > 0 && replica->ready_ms >= replica->started_ms) {
		replica->state = REPLICA_READY;
		work->ready_at = work->run_at;
	}
	work->image_wanted = !work->spec->stop_signal;
	event_emit(sv, "replica", "adopt", NULL, NULL, replica, -1, "pid %d", (int)pid);
	if (!work->attached && replica_needs_net(replica))
		make_network(sv, replica);
	work->probe_wanted = true;
}

static void stranger_gone(void *ctx, const struct job_result *result)
{
	(void)ctx;
	(void)result;
}

static void remove_stranger(struct supervisor *sv, const char *id)
{
	const char *argv[] = {
		sv->options.runtime, "--root", sv->runtime_root, "delete", "--force", id, NULL
	};
	struct job_spec spec = {
		.argv = argv, .stdout_fd = -1, .stderr_fd = -1, .timeout_ms = LIST_TIMEOUT_MS
	};

	event_emit(sv, "replica", "sweep", NULL, NULL, NULL, -1,
		   "container %.64s is nobody's, and removed", id);
	(void)job_start(sv->loop, &spec, stranger_gone, sv, NULL, NULL);
}

/* ---- what a crash left ------------------------------------------------------------------------------------------------------------- */

static void sweep_folder(struct supervisor *sv, const char *folder, bool bundles)
{
	char path[PATH_MAX], id[REPLICA_ID_SIZE];
	CLEANUP_CLOSEDIR DIR *dir = NULL;
	const struct dirent *entry;

	(void)snprintf(path, sizeof(path), "%s/%s", sv->options.state_dir, folder);
	dir = opendir(path);
	while (dir && (entry = readdir(dir))) {
		if (strlen(entry->d_name) < REPLICA_ID_SIZE - 1)
			continue;
		(void)snprintf(id, sizeof(id), "%.32s", entry->d_name);
		if (by_id(sv, id))
			continue;
		(void)snprintf(path, sizeof(path), "%s/%s/%s", sv->options.state_dir, folder,
			       entry->d_name);
		if (bundles)
			(void)replica_config_remove(path, NULL);
		else
			(void)unlink(path);
	}
}

static size_t count_replicas(struct supervisor *sv)
{
	size_t count = 0;

	FOR_EACH(project, project, sv->projects)
	FOR_EACH(service, service, project->services)
	FOR_EACH(replica, replica, service->replicas)
	count++;
	return count;
}

static bool is_known(void *ctx, const char *id)
{
	return by_id(ctx, id) != NULL;
}

static void sweep_rest(struct supervisor *sv)
{
	size_t len = count_replicas(sv), i = 0;
	CLEANUP_FREE const char **ids = calloc(len + 1, sizeof(*ids));
	struct oci_error err = OCI_ERROR_INIT;

	if (!ids)
		return;
	FOR_EACH(project, project, sv->projects)
	FOR_EACH(service, service, project->services)
	FOR_EACH(replica, replica, service->replicas)
	ids[i++] = replica->id;
	if (net_clean(sv->net, ids, len, &err) < 0)
		event_emit(sv, "network", "fail", NULL, NULL, NULL, -1, "clean: %s", err.message);
	sweep_folder(sv, "bundles", true);
	hosts_sweep(sv);
	secrets_sweep(sv->options.run_dir, is_known, sv);
	sweep_folder(sv, "logs", false);
}

/* ---- the pass ----------------------------------------------------------------------------------------------------------------------- */

/* It ran when the one before us ended, and does not run now; or it is to run, and never did. */
static void settle(struct supervisor *sv, struct replica *replica)
{
	struct replica_work *work = replica_work(replica);

	if (replica->pid > 0 || !work->was_running)
		return;
	work->was_running = false;
	replica->start_ticks = 0;
	replica->exited_ms = supervisor_clock(sv);
	replica->exit_status = -1;
	work->unsaved = true;
	event_emit(sv, "replica", "die", NULL, NULL, replica, -1,
		   "ended while no supervisor ran, its status is not known");
	if (replica_goal(replica) == GOAL_RUN) {
		/* it had been well for as long as anybody knows */
		work->ready_at = replica->ready_ms > 0 ? loop_now(sv->loop) : 0;
		replica_failed_once(sv, replica, -1, true);
	} else if (replica->foreground && !work->ended) {
		work->ended = true;
	}
}

static void list_done(void *ctx, const struct job_result *result);

static int list_start(struct supervisor *sv, struct oci_error *err)
{
	const char *argv[] = {
		sv->options.runtime, "--root", sv->runtime_root, "list", "--format", "json", NULL
	};
	struct job_spec spec = {
		.argv = argv, .stdout_fd = -1, .stderr_fd = -1, .timeout_ms = LIST_TIMEOUT_MS
	};

	return job_start(sv->loop, &spec, list_done, sv, &sv->sweep_job, err);
}

static void list_again(void *ctx)
{
	struct supervisor *sv = ctx;
	struct oci_error err = OCI_ERROR_INIT;

	if (!sv->quiescing && list_start(sv, &err) < 0)
		(void)loop_timer_set(sv->loop, &sv->sweep_timer, LIST_AGAIN_MS, list_again, sv);
}

static int read_list(struct supervisor *sv, const struct job_result *result, bool first)
{
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	struct oci_error err = OCI_ERROR_INIT;
	void *list = NULL;
	size_t len = 0;
	int r = 0;

	/* of nothing, some runtimes say null */
	if (result->status != 0 || (strncmp(result->out, "null", 4) != 0 && result->out_length > 1))
		r = result->status != 0
			    ? err_set(&err, EIO, "%s", result->err)
			    : oci_table_parse_list(&listed_table, &arena, "list", result->out,
						   result->out_length, &list, &len, &err);
	if (r < 0) {
		event_emit(sv, "replica", "fail", NULL, NULL, NULL, -1,
			   "the runtime does not list its containers: %.200s", err.message);
		return r;
	}
	for (size_t i = 0; i < len; i++) {
		const struct listed *listed = (const struct listed *)list + i;
		struct replica *replica = by_id(sv, listed->id);

		if (!replica)
			remove_stranger(sv, listed->id);
		else if (first && replica->pid == 0)
			adopt(sv, replica, listed);
	}
	return 0;
}

static void list_done(void *ctx, const struct job_result *result)
{
	struct supervisor *sv = ctx;
	bool first = sv->adopting;

	sv->sweep_job = NULL;
	if (read_list(sv, result, first) < 0) {
		(void)loop_timer_set(sv->loop, &sv->sweep_timer, LIST_AGAIN_MS, list_again, sv);
		return;
	}
	if (!first)
		return;
	FOR_EACH(project, project, sv->projects)
	FOR_EACH(service, service, project->services)
	FOR_EACH(replica, replica, service->replicas)
	settle(sv, replica);
	sweep_rest(sv);
	sv->adopting = false;
	supervisor_turn_soon(sv);
	(void)loop_timer_set(sv->loop, &sv->trim_timer, SUPERVISOR_TRIM_MS, supervisor_trim, sv);
	/* once more: a run that the one before us had begun may have ended only now */
	if (count_replicas(sv) > 0 || result->out_length > 8)
		(void)loop_timer_set(sv->loop, &sv->sweep_timer, SWEEP_AGAIN_MS, list_again, sv);
}

void supervisor_adopt(struct supervisor *sv)
{
	sv->adopting = true;
	list_again(sv);
}
