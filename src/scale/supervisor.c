/* SPDX-License-Identifier: Apache-2.0 */
/*
 * supervisor.c - making and freeing it, and its turn: services, replicas, ports, database, in this order, from whatever it finds.
 */
#include <dirent.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fnv.h"
#include "base/mem.h"
#include "scale/replica_secrets.h"
#include "scale/supervisor-private.h"
#include "scale/view.h"

int64_t supervisor_clock(const struct supervisor *sv)
{
	(void)sv;
	return view_clock_ms();
}

/* ---- the turn ------------------------------------------------------------------------------------------------------- */

static void turn_fired(void *ctx)
{
	supervisor_turn(ctx);
}

void supervisor_turn_soon(struct supervisor *sv)
{
	(void)loop_timer_set(sv->loop, &sv->turn_timer, 0, turn_fired, sv);
}

/* A service that was removed from its project, and whose last replica has gone. */
static bool service_over(struct supervisor *sv, struct service *service)
{
	struct service_work *work = service_work(service);
	struct project *project = service->project;
	bool kept = !work->removed && !project->removing;

	if (kept || service->replicas)
		return false;
	if (store_service_remove(sv->store, project->name, service->spec->name, NULL) < 0)
		return false;
	event_emit(sv, "service", "remove", project, service, NULL, -1, "removed");
	sv->ports_stale = true;
	service_free(sv, service);
	return true;
}

static void remove_tree(const char *path)
{
	struct oci_error err = OCI_ERROR_INIT;

	/* a volume is a folder like a bundle */
	(void)replica_config_remove(path, &err);
}

/* The runtime removes a container's cgroup, not its parents'. An empty one can be removed, and nothing else is. */
static void remove_cgroups(struct supervisor *sv, const char *project)
{
	CLEANUP_CLOSEDIR DIR *dir = NULL;
	const struct dirent *entry;
	char path[PATH_MAX];

	if (sv->options.systemd_cgroup || sv->rootless)
		return;
	dir = opendir("/sys/fs/cgroup");
	while (dir && (entry = readdir(dir))) {
		if (entry->d_type != DT_DIR || strcmp(entry->d_name, "..") == 0)
			continue;
		(void)snprintf(path, sizeof(path), "/sys/fs/cgroup/%s/%s/%s", entry->d_name,
			       sv->options.cgroup_parent, project);
		(void)rmdir(path);
		*strrchr(path, '/') = '\0';
		(void)rmdir(path);
	}
}

static void project_remove_rest(struct supervisor *sv, struct project *project)
{
	struct project_work *work = project_work(project);
	const struct spec_project *spec = project->spec;
	struct oci_error err = OCI_ERROR_INIT;

	for (size_t i = 0; spec && i < spec->networks_len; i++)
		if (!spec->networks[i].external && sv->net &&
		    net_network_remove(sv->net, &spec->networks[i], &err) < 0) {
			event_emit(sv, "network", "fail", project, NULL, NULL, -1, "%s",
				   err.message);
			err = (struct oci_error)OCI_ERROR_INIT;
		}
	for (size_t i = 0; spec && work->volumes && i < spec->volumes_len; i++) {
		char path[PATH_MAX];

		if (spec->volumes[i].external)
			continue;
		(void)snprintf(path, sizeof(path), "%s/volumes/%s", sv->options.state_dir,
			       spec->volumes[i].name);
		remove_tree(path);
	}
}

static bool project_over(struct supervisor *sv, struct project *project)
{
	if (!project->removing || project->services)
		return false;
	if (store_project_remove(sv->store, project->name, NULL) < 0)
		return false;
	project_remove_rest(sv, project);
	remove_cgroups(sv, project->name);
	hosts_remove(sv, project->name);
	event_emit(sv, "project", "remove", project, NULL, NULL, -1, "removed");
	project_free(sv, project);
	sv->ports_stale = true;
	return true;
}

static void turn_of_service(struct supervisor *sv, struct service *service)
{
	struct replica *next;

	service_turn(sv, service);
	for (struct replica *replica = service->replicas; replica; replica = next) {
		next = replica->next;
		replica_step(sv, replica);
		if (replica_work(replica)->forgotten)
			replica_free(sv, replica);
	}
}

static void turn_of_project(struct supervisor *sv, struct project *project)
{
	struct service *next;

	for (struct service *service = project->services; service; service = next) {
		next = service->next;
		turn_of_service(sv, service);
		(void)service_over(sv, service);
	}
	if (!project_over(sv, project))
		documents_collect(sv, project);
}

void supervisor_turn(struct supervisor *sv)
{
	struct project *next;

	if (sv->adopting || sv->in_turn)
		return;
	sv->in_turn = true;
	if (!sv->quiescing) {
		admission_turn(sv);
		for (struct project *project = sv->projects; project; project = next) {
			next = project->next;
			turn_of_project(sv, project);
		}
		if (sv->ports_stale)
			ports_apply(sv);
	}
	save_all(sv);
	sv->in_turn = false;
}

/* ---- children --------------------------------------------------------------------------------------------------------- */

static bool waited_for(struct supervisor *sv, pid_t pid)
{
	if (job_owns(pid))
		return true;
	FOR_EACH(project, project, sv->projects)
	FOR_EACH(service, service, project->services)
	FOR_EACH(replica, replica, service->replicas)
	if (replica->pid == pid && replica->pidfd >= 0)
		return true;
	return false;
}

/*
 * What the containers leave behind is ours, since we are a subreaper; also an init that ended before the program that made it has told
 * us its number. Those are remembered for a while.
 */
void supervisor_reap(struct supervisor *sv)
{
	siginfo_t info;

	for (;;) {
		info.si_pid = 0;
		if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) < 0 || info.si_pid == 0)
			return;
		/* its own pidfd is ready as well: it is next, and then the rest */
		if (waited_for(sv, info.si_pid))
			return;
		if (waitid(P_PID, (id_t)info.si_pid, &info, WEXITED | WNOHANG) < 0)
			return;
		sv->strays[sv->stray_next++ % STRAYS] = (struct stray){
			.pid = info.si_pid,
			.status = info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status
		};
	}
}

/* ---- making and freeing ---------------------------------------------------------------------------------------------- */

static int copy_options(struct supervisor *sv, const struct supervisor_options *from,
			struct oci_error *err)
{
	const char *const *in[] = { &from->state_dir,    &from->run_dir, &from->runtime,
				    &from->converter,    &from->store,   &from->cni_path,
				    &from->cgroup_parent };
	const char **out[] = { &sv->options.state_dir,    &sv->options.run_dir,
			       &sv->options.runtime,      &sv->options.converter,
			       &sv->options.store,        &sv->options.cni_path,
			       &sv->options.cgroup_parent };

	sv->options.systemd_cgroup = from->systemd_cgroup;
	sv->options.cgroup_parent = "carte";
	for (size_t i = 0; i < ARRAY_LEN(in); i++) {
		if (!*in[i])
			continue;
		*out[i] = oci_arena_strdup(&sv->arena, *in[i]);
		if (!*out[i])
			return err_nomem(err);
	}
	sv->runtime_root = oci_arena_printf(&sv->arena, "%s/runtime", sv->options.run_dir);
	return sv->runtime_root ? 0 : err_nomem(err);
}

static int make_folders(struct supervisor *sv, struct oci_error *err)
{
	static const char *const in_state[] = { "bundles", "logs", "volumes", "hosts" };
	static const char *const in_run[] = { "runtime", "tmp" };
	char path[PATH_MAX];

	for (size_t i = 0; i < ARRAY_LEN(in_state); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", sv->options.state_dir, in_state[i]);
		/* users of the containers pass through it, nobody lists it */
		if (mkdir(path, i == 1 ? 0700 : 0711) < 0 && errno != EEXIST)
			return err_sys(err, errno, "make %s", path);
	}
	for (size_t i = 0; i < ARRAY_LEN(in_run); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", sv->options.run_dir, in_run[i]);
		if (mkdir(path, 0700) < 0 && errno != EEXIST)
			return err_sys(err, errno, "make %s", path);
	}
	return 0;
}

/* The usual place has the usual name; others have one of their own, so that two supervisors do not meet. */
static void table_name(const struct supervisor *sv, const char *usual, char *buf, size_t size)
{
	const char *run = sv->options.run_dir;

	if (strcmp(run, "/run/carte") == 0)
		(void)snprintf(buf, size, "%s", usual);
	else
		(void)snprintf(buf, size, "%s-%08x", usual, fnv_add(FNV_BEGIN, run, strlen(run)));
}

static int make_parts(struct supervisor *sv, struct oci_error *err)
{
	struct images_options images = { .state_dir = sv->options.state_dir,
					 .converter = sv->options.converter,
					 .store = sv->options.store };
	struct net_options net = { .state_dir = sv->options.state_dir,
				   .run_dir = sv->options.run_dir,
				   .cni_path = sv->options.cni_path };
	struct oci_error why = OCI_ERROR_INIT;
	char path[PATH_MAX], table[32], net_table[32];
	int r;

	table_name(sv, "carte", table, sizeof(table));
	table_name(sv, "carte-net", net_table, sizeof(net_table));
	net.table = net_table;
	(void)snprintf(path, sizeof(path), "%s/carte.db", sv->options.state_dir);
	r = store_open(path, &sv->store, err);
	if (r == 0) {
		sv->serial = store_event_last(sv->store);
		r = images_new(sv->loop, &images, &sv->images, err);
	}
	if (r == 0)
		r = oom_new(sv->loop, replica_oom, &sv->oom, err);
	if (r == 0)
		r = net_new(sv->loop, &net, &sv->net, err);
	if (r == 0 && balance_new(table, &sv->balance, &why) < 0) {
		sv->balance = NULL;
		event_emit(sv, "network", "fail", NULL, NULL, NULL, -1,
			   "ports are not published: %s", why.message);
	}
	return r;
}

int supervisor_new(struct loop *loop, const struct supervisor_options *options,
		   struct supervisor **ret, struct oci_error *err)
{
	struct supervisor *sv = calloc(1, sizeof(*sv));
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	int r;

	if (!sv)
		return err_nomem(err);
	sv->loop = loop;
	sv->queue_end = &sv->queue;
	sv->timings_end = &sv->timings;
	sv->verify_fd = -1;
	sv->parallel = cores > 0 ? 2 * (unsigned)cores : 2;
	sv->rootless = geteuid() != 0;
	sv->ports_stale = true;
	r = copy_options(sv, options, err);
	if (r == 0)
		r = make_folders(sv, err);
	/* the inits of containers become our children when the runtime has ended: their exit status is ours to learn */
	if (r == 0 && prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0)
		r = err_sys(err, errno, "become a subreaper");
	if (r == 0)
		r = make_parts(sv, err);
	if (r == 0)
		r = supervisor_load(sv, err);
	if (r < 0) {
		supervisor_free(sv);
		return r;
	}
	supervisor_adopt(sv);
	*ret = sv;
	return 0;
}

void supervisor_free(struct supervisor *sv)
{
	if (!sv)
		return;
	if (sv->store)
		save_all(sv);
	while (sv->projects)
		project_free(sv, sv->projects);
	if (sv->sweep_job)
		job_cancel(sv->sweep_job);
	if (sv->options.run_dir)
		secrets_tidy(sv->options.run_dir);
	loop_timer_cancel(&sv->turn_timer);
	loop_timer_cancel(&sv->admit_timer);
	loop_timer_cancel(&sv->hosts_timer);
	loop_timer_cancel(&sv->save_timer);
	loop_timer_cancel(&sv->rotate_timer);
	loop_timer_cancel(&sv->weights_timer);
	loop_timer_cancel(&sv->sweep_timer);
	loop_timer_cancel(&sv->trim_timer);
	verify_end(sv);
	images_free(sv->images);
	oom_free(sv->oom);
	net_free(sv->net);
	balance_free(sv->balance);
	store_close(sv->store);
	events_free(sv);
	timings_free(sv);
	oci_arena_free(&sv->arena);
	free(sv);
}

bool supervisor_quiesce(struct supervisor *sv)
{
	sv->quiescing = true;
	return sv->busy == 0;
}

bool supervisor_adopting(const struct supervisor *sv)
{
	return sv->adopting;
}

const struct supervisor_options *supervisor_options(const struct supervisor *sv)
{
	return &sv->options;
}

struct loop *supervisor_loop(struct supervisor *sv)
{
	return sv->loop;
}
