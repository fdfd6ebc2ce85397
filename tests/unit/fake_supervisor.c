/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fake_supervisor.c - see the header. It also stands in for what reads cgroups and the host, so that numbers are known.
 */
#include <arpa/inet.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/error.h"
#include "base/mem.h"
#include "scale/compose.h"
#include "scale/json.h"
#include "scale/pool.h"
#include "scale/sampler.h"
#include "unit/fake_supervisor.h"

#define EVENTS_MAX 5000
#define POOL_REPLICAS 20
#define BUSY_MILLI 100 /* thousandths of a core */
#define BUSY_MEMORY (INT64_C(12) << 20)

struct kept_event {
	struct supervisor_event event;
	char text[7][256];
};

struct kept_decision {
	struct service *service;
	struct scale_decision decision;
};

struct supervisor {
	struct loop *loop;
	struct supervisor_options options;
	struct project *projects;
	struct supervisor_listener *listeners;
	struct kept_event *events;
	size_t events_len;
	uint64_t serial;
	struct kept_decision decisions[500];
	size_t decisions_len;
	struct loop_timer timer;
	int64_t slow;
	unsigned made;
	char last[256];
	char folder[512];
};

static int64_t clock_ms(clockid_t clock)
{
	struct timespec ts;

	(void)clock_gettime(clock, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void note(struct supervisor *sv, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void note(struct supervisor *sv, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	(void)vsnprintf(sv->last, sizeof(sv->last), format, ap);
	va_end(ap);
}

const char *fake_last(const struct supervisor *sv)
{
	return sv->last;
}

/* ---- events ------------------------------------------------------------------------------------------------------ */

void fake_emit(struct supervisor *sv, const char *kind, const char *action, struct service *service,
	       struct replica *replica, int status, const char *words)
{
	const char *texts[7] = { kind,
				 action,
				 service ? service->project->spec->name : "",
				 service ? service->spec->name : "",
				 replica ? replica->name : "",
				 replica ? replica->id : "",
				 words };
	struct kept_event *kept;

	if (sv->events_len == EVENTS_MAX)
		abort();
	kept = &sv->events[sv->events_len++];
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		(void)snprintf(kept->text[i], sizeof(kept->text[i]), "%s", texts[i]);
	kept->event = (struct supervisor_event){ .serial = ++sv->serial,
						 .at_ms = clock_ms(CLOCK_REALTIME),
						 .kind = kept->text[0],
						 .action = kept->text[1],
						 .project = kept->text[2],
						 .service = kept->text[3],
						 .replica = kept->text[4],
						 .id = kept->text[5],
						 .words = kept->text[6],
						 .status = status };
	for (struct supervisor_listener *l = sv->listeners; l; l = l->next)
		l->event(l->ctx, &kept->event);
}

void supervisor_listen(struct supervisor *sv, struct supervisor_listener *listener)
{
	listener->next = sv->listeners;
	sv->listeners = listener;
}

void supervisor_unlisten(struct supervisor *sv, struct supervisor_listener *listener)
{
	for (struct supervisor_listener **l = &sv->listeners; *l; l = &(*l)->next)
		if (*l == listener) {
			*l = listener->next;
			return;
		}
}

int supervisor_events(struct supervisor *sv, uint64_t after, unsigned limit,
		      int (*each)(void *ctx, const struct supervisor_event *event), void *ctx,
		      struct oci_error *err)
{
	unsigned count = 0;
	int r = 0;

	(void)err;
	for (size_t i = 0; i < sv->events_len && r == 0; i++)
		if (sv->events[i].event.serial > after && (limit == 0 || count++ < limit))
			r = each(ctx, &sv->events[i].event);
	return r;
}

/* ---- states ------------------------------------------------------------------------------------------------------ */

static void reconcile(void *ctx);

static void soon(struct supervisor *sv)
{
	if (sv->timer.place == 0 &&
	    loop_timer_set(sv->loop, &sv->timer, sv->slow, reconcile, sv) < 0)
		abort();
}

static void replica_add(struct supervisor *sv, struct service *service)
{
	struct replica *replica = calloc(1, sizeof(*replica));
	struct replica **end = &service->replicas;
	unsigned slot = 1;

	if (!replica)
		abort();
	for (; *end; end = &(*end)->next)
		if ((*end)->slot >= slot)
			slot = (*end)->slot + 1;
	*end = replica;
	replica->service = service;
	replica->slot = slot;
	replica->revision = service->revision;
	replica->wanted = true;
	replica->state = REPLICA_PENDING;
	replica->pidfd = -1;
	replica->exit_status = -1;
	replica->made_ms = clock_ms(CLOCK_REALTIME);
	sv->made++;
	(void)snprintf(replica->id, sizeof(replica->id), "%08x%024x", 0xabc00000u + sv->made,
		       sv->made);
	if (service->spec->container_name)
		(void)snprintf(replica->name, sizeof(replica->name), "%s",
			       service->spec->container_name);
	else
		(void)snprintf(replica->name, sizeof(replica->name), "%s-%s-%u",
			       service->project->spec->name, service->spec->name, slot);
	if (asprintf(&replica->bundle, "%s/bundles/%s", sv->folder, replica->id) < 0 ||
	    asprintf(&replica->log_path, "%s/%s.log", sv->folder, replica->name) < 0 ||
	    asprintf(&replica->cgroup, "/carte/%s", replica->id) < 0)
		abort();
	fake_emit(sv, "replica", "create", service, replica, -1, "");
}

static void replica_free(struct replica *replica)
{
	free(replica->bundle);
	free(replica->log_path);
	free(replica->cgroup);
	free(replica);
}

static void replica_end(struct supervisor *sv, struct replica *replica, int status)
{
	replica->state = REPLICA_EXITED;
	replica->pid = 0;
	replica->exit_status = status;
	replica->exited_ms = clock_ms(CLOCK_REALTIME);
	fake_emit(sv, "replica", "die", replica->service, replica, status, "");
}

static void step(struct supervisor *sv, struct replica *replica)
{
	struct service *service = replica->service;

	switch (replica->state) {
	case REPLICA_PENDING:
		if (strcmp(service->spec->image, "missing") == 0) {
			replica->state = REPLICA_FAILED;
			(void)snprintf(replica->reason, sizeof(replica->reason),
				       "no image missing");
			fake_emit(sv, "replica", "fail", service, replica, -1, replica->reason);
			break;
		}
		replica->state = REPLICA_CREATED;
		fake_emit(sv, "replica", "create", service, replica, -1, "");
		break;
	case REPLICA_CREATED:
		if (replica->foreground)
			break;
		replica->state = REPLICA_STARTED;
		replica->pid = (pid_t)(100000 + sv->made + replica->slot);
		replica->started_ms = clock_ms(CLOCK_REALTIME);
		replica->address.s_addr = htonl(0x0a580002u + replica->slot);
		fake_emit(sv, "replica", "start", service, replica, -1, "");
		break;
	case REPLICA_STARTED:
		replica->state = REPLICA_READY;
		replica->ready_ms = clock_ms(CLOCK_REALTIME);
		fake_emit(sv, "replica", "ready", service, replica, -1, "");
		break;
	case REPLICA_DRAINING:
		replica_end(sv, replica, 143);
		break;
	default:
		break;
	}
}

static bool is_steady(const struct replica *replica)
{
	return replica->state == REPLICA_READY || replica->state == REPLICA_EXITED ||
	       replica->state == REPLICA_FAILED || replica->state == REPLICA_UNHEALTHY ||
	       replica->state == REPLICA_PROBING ||
	       (replica->state == REPLICA_CREATED && replica->foreground);
}

static bool reconcile_service(struct supervisor *sv, struct service *service)
{
	struct replica **place = &service->replicas;
	unsigned wanted = service->project->removing ? 0 : service->desired;
	unsigned count = 0;
	bool steady = true;

	while (*place) {
		struct replica *replica = *place;

		if (count >= wanted || !replica->wanted) {
			*place = replica->next;
			replica->state = REPLICA_DELETED;
			replica->pid = 0;
			fake_emit(sv, "replica", "remove", service, replica, 143, "");
			replica_free(replica);
			continue;
		}
		count++;
		step(sv, replica);
		steady = steady && is_steady(replica);
		place = &replica->next;
	}
	for (; count < wanted; count++) {
		replica_add(sv, service);
		steady = false;
	}
	return steady;
}

static void project_free(struct project *project)
{
	while (project->services) {
		struct service *service = project->services;

		project->services = service->next;
		while (service->replicas) {
			struct replica *replica = service->replicas;

			service->replicas = replica->next;
			replica_free(replica);
		}
		free(service);
	}
	oci_arena_free(&project->arena);
	free(project);
}

static void reconcile(void *ctx)
{
	struct supervisor *sv = ctx;
	struct project **place = &sv->projects;
	bool steady = true;

	while (*place) {
		struct project *project = *place;

		for (struct service *s = project->services; s; s = s->next)
			steady = reconcile_service(sv, s) && steady;
		if (project->removing) {
			*place = project->next;
			project_free(project);
			continue;
		}
		place = &project->next;
	}
	if (!steady)
		soon(sv);
}

void fake_slow(struct supervisor *sv, int64_t ms)
{
	sv->slow = ms;
}

/* ---- all --------------------------------------------------------------------------------------------------------- */

int fake_new(struct loop *loop, const char *folder, struct supervisor **ret)
{
	struct supervisor *sv = calloc(1, sizeof(*sv));

	if (!sv)
		return -ENOMEM;
	sv->events = calloc(EVENTS_MAX, sizeof(*sv->events));
	if (!sv->events)
		abort();
	sv->loop = loop;
	sv->slow = 10;
	(void)snprintf(sv->folder, sizeof(sv->folder), "%s", folder);
	sv->options = (struct supervisor_options){ .state_dir = sv->folder,
						   .run_dir = sv->folder,
						   .runtime = "/usr/bin/carte-runtime" };
	*ret = sv;
	return 0;
}

void supervisor_free(struct supervisor *sv)
{
	if (!sv)
		return;
	loop_timer_cancel(&sv->timer);
	while (sv->projects) {
		struct project *project = sv->projects;

		sv->projects = project->next;
		project_free(project);
	}
	for (size_t i = 0; i < sv->decisions_len; i++) {
		free(sv->decisions[i].decision.why);
		free(sv->decisions[i].decision.inputs);
	}
	free(sv->events);
	free(sv);
}

const struct supervisor_options *supervisor_options(const struct supervisor *sv)
{
	return &sv->options;
}

struct loop *supervisor_loop(struct supervisor *sv)
{
	return sv->loop;
}

struct project *supervisor_projects(struct supervisor *sv)
{
	return sv->projects;
}

struct project *supervisor_project(struct supervisor *sv, const char *name)
{
	for (struct project *p = sv->projects; p; p = p->next)
		if (strcmp(p->spec->name, name) == 0)
			return p;
	return NULL;
}

struct service *supervisor_service(struct supervisor *sv, const char *project, const char *service)
{
	struct project *p = supervisor_project(sv, project);

	for (struct service *s = p ? p->services : NULL; s; s = s->next)
		if (strcmp(s->spec->name, service) == 0)
			return s;
	return NULL;
}

int supervisor_replica(struct supervisor *sv, const char *ref, struct replica **ret,
		       struct oci_error *err)
{
	size_t length = strlen(ref);
	struct replica *found = NULL;
	unsigned count = 0;

	for (struct project *p = sv->projects; p; p = p->next)
		for (struct service *s = p->services; s; s = s->next)
			for (struct replica *r = s->replicas; r; r = r->next) {
				if (strcmp(r->name, ref) == 0 || strcmp(r->id, ref) == 0) {
					*ret = r;
					return 0;
				}
				if (strncmp(r->name, ref, length) == 0 ||
				    strncmp(r->id, ref, length) == 0) {
					found = r;
					count++;
				}
			}
	if (count > 1)
		return err_set_as(err, ERR_USAGE, ENOTUNIQ, "%s fits %u containers", ref, count);
	if (count == 0)
		return err_set_as(err, ERR_NOT_FOUND, ENOENT, "no container %s", ref);
	*ret = found;
	return 0;
}

/* ---- documents --------------------------------------------------------------------------------------------------- */

static const char *member_text(struct oci_arena *arena, yajl_val object, const char *key)
{
	yajl_val value = json_member(object, key);

	return YAJL_IS_STRING(value) ? oci_arena_strdup(arena, YAJL_GET_STRING(value)) : NULL;
}

static int64_t member_int(yajl_val object, const char *key, int64_t otherwise)
{
	yajl_val value = json_member(object, key);

	return value && YAJL_IS_INTEGER(value) ? YAJL_GET_INTEGER(value) : otherwise;
}

static void read_predict(struct oci_arena *arena, struct spec_scale *scale)
{
	scale->policy = SPEC_SCALE_PREDICT;
	scale->period_ms = 20;
	scale->metrics = oci_arena_array(arena, 1, sizeof(*scale->metrics));
	scale->metrics_len = 1;
	scale->metrics[0] = (struct spec_metric){ .kind = SPEC_METRIC_MEMORY, .target = 50 };
	scale->predict.quantile = 0.95;
	scale->predict.horizon_ms = -1;
}

static void read_service(struct oci_arena *arena, const char *name, yajl_val value,
			 struct spec_service *spec)
{
	yajl_val limits = json_member(value, "limits");
	yajl_val scale = json_member(value, "scale");

	spec->name = oci_arena_strdup(arena, name);
	spec->image = member_text(arena, value, "image");
	spec->container_name = member_text(arena, value, "container_name");
	spec->replicas = member_int(value, "replicas", 1);
	if (spec->replicas < 0 || spec->replicas > POOL_REPLICAS)
		spec->replicas = POOL_REPLICAS;
	spec->stop_grace_ms = 10000;
	spec->resources = (struct spec_resources){
		.cpu_milli = member_int(limits, "cpu_milli", -1),
		.memory = member_int(limits, "memory", -1),
		.pids = member_int(limits, "pids", -1),
	};
	if (scale) {
		spec->scale.given = true;
		spec->scale.policy = SPEC_SCALE_TARGET;
		spec->scale.min = member_int(scale, "min", 1);
		spec->scale.max = member_int(scale, "max", 10);
		if (json_member(scale, "predict"))
			read_predict(arena, &spec->scale);
	}
	if (member_int(value, "port", 0) > 0) {
		spec->ports = oci_arena_array(arena, 1, sizeof(*spec->ports));
		spec->ports_len = 1;
		spec->ports[0] = (struct spec_port){
			.protocol = SPEC_TCP,
			.published = (uint16_t)member_int(value, "port", 0),
			.target = 80,
		};
	}
}

static int read_document(const char *text, size_t length, struct project *project,
			 struct oci_error *err)
{
	struct oci_arena *arena = &project->arena;
	yajl_val root = NULL;
	yajl_val services;
	int r = json_read(text, length, &root, err);

	if (r < 0)
		return r;
	services = json_member(root, "services");
	project->spec = oci_arena_alloc(arena, sizeof(*project->spec));
	project->spec->name = member_text(arena, root, "name");
	if (!project->spec->name || !YAJL_IS_OBJECT(services)) {
		yajl_tree_free(root);
		return err_set_as(err, ERR_DOCUMENT, EINVAL, "document:1:1: services: required");
	}
	project->name = project->spec->name;
	project->spec->services_len = services->u.object.len;
	project->spec->services =
		oci_arena_array(arena, services->u.object.len, sizeof(*project->spec->services));
	for (size_t i = 0; i < services->u.object.len; i++) {
		read_service(arena, services->u.object.keys[i], services->u.object.values[i],
			     &project->spec->services[i]);
		if (!project->spec->services[i].image) {
			r = err_set_as(err, ERR_DOCUMENT, EINVAL,
				       "document:1:1: services.%s.image: required",
				       services->u.object.keys[i]);
			break;
		}
	}
	yajl_tree_free(root);
	return r;
}

int compose_emit(const struct spec_project *project, struct oci_arena *arena, char **ret_text,
		 size_t *ret_length, struct oci_error *err)
{
	*ret_text = oci_arena_printf(arena, "{\"name\":\"%s\",\"services\":{}}", project->name);
	if (!*ret_text)
		return err_nomem(err);
	*ret_length = strlen(*ret_text);
	return 0;
}

static struct service *project_service(struct project *project, const char *name)
{
	for (struct service *s = project->services; s; s = s->next)
		if (strcmp(s->spec->name, name) == 0)
			return s;
	return NULL;
}

static void take_services(struct project *project, struct project *old)
{
	for (size_t i = project->spec->services_len; i-- > 0;) {
		const struct spec_service *spec = &project->spec->services[i];
		struct service *service = calloc(1, sizeof(*service));
		struct service *before = old ? project_service(old, spec->name) : NULL;

		if (!service)
			abort();
		service->project = project;
		service->spec = spec;
		service->revision = 1;
		service->desired = (unsigned)spec->replicas;
		if (before) {
			service->revision =
				before->revision + (strcmp(before->spec->image, spec->image) != 0);
			service->replicas = before->replicas;
			before->replicas = NULL;
			for (struct replica *r = service->replicas; r; r = r->next)
				r->service = service;
		}
		service->next = project->services;
		project->services = service;
	}
}

int supervisor_up(struct supervisor *sv, const char *document, size_t length, bool force_recreate,
		  struct oci_error *err)
{
	struct project *project = calloc(1, sizeof(*project));
	struct project **place = &sv->projects;
	struct project *old = NULL;
	int r;

	if (!project)
		abort();
	r = read_document(document, length, project, err);
	if (r < 0) {
		project_free(project);
		return r;
	}
	note(sv, "up %s%s", project->spec->name, force_recreate ? " force" : "");
	while (*place && strcmp((*place)->spec->name, project->spec->name) != 0)
		place = &(*place)->next;
	if (*place) {
		old = *place;
		*place = old->next;
	}
	take_services(project, old);
	if (old)
		project_free(old);
	project->next = *place;
	*place = project;
	soon(sv);
	return 0;
}

int supervisor_down(struct supervisor *sv, const char *project, bool volumes, struct oci_error *err)
{
	struct project *p = supervisor_project(sv, project);

	if (!p)
		return err_set_as(err, ERR_NOT_FOUND, ENOENT, "no project %s", project);
	note(sv, "down %s%s", project, volumes ? " volumes" : "");
	p->removing = true;
	soon(sv);
	return 0;
}

int supervisor_run(struct supervisor *sv, const char *document, size_t length, bool foreground,
		   struct replica **ret, struct oci_error *err)
{
	struct project *project;
	int r = supervisor_up(sv, document, length, false, err);

	if (r < 0)
		return r;
	project = supervisor_project(sv, "default");
	if (!project || !project->services || project->services->next ||
	    project->services->desired != 1)
		return err_set_as(err, ERR_DOCUMENT, EINVAL,
				  "document: expected project default with one service");
	(void)reconcile_service(sv, project->services);
	project->services->replicas->foreground = foreground;
	*ret = project->services->replicas;
	return 0;
}

int supervisor_finished(struct supervisor *sv, struct replica *replica, int status,
			struct oci_error *err)
{
	(void)err;
	replica_end(sv, replica, status);
	return 0;
}

/* ---- commands ---------------------------------------------------------------------------------------------------- */

int supervisor_scale(struct supervisor *sv, struct service *service, int64_t count, const char *who,
		     unsigned *ret_admitted, struct oci_error *err)
{
	struct kept_decision *kept = &sv->decisions[sv->decisions_len];
	char words[128];

	(void)err;
	note(sv, "scale %s %lld by %s", service->spec->name, (long long)count, who);
	service->manual = count >= 0;
	service->reason[0] = '\0';
	if (count >= 0 && sv->decisions_len < ARRAY_LEN(sv->decisions)) {
		kept->service = service;
		kept->decision = (struct scale_decision){ .at_ms = clock_ms(CLOCK_REALTIME),
							  .from = service->desired,
							  .to = (unsigned)count,
							  .why = strdup("asked for"),
							  .inputs = strdup("{\"who\":\"test\"}") };
		sv->decisions_len++;
		(void)snprintf(words, sizeof(words), "from %u to %lld by %s", service->desired,
			       (long long)count, who);
		fake_emit(sv, "scale", "manual", service, NULL, -1, words);
	}
	if (count > POOL_REPLICAS) {
		(void)snprintf(service->reason, sizeof(service->reason),
			       "the pool carries %d replicas", POOL_REPLICAS);
		count = POOL_REPLICAS;
	}
	if (count >= 0)
		service->desired = (unsigned)count;
	*ret_admitted = service->desired;
	soon(sv);
	return 0;
}

int supervisor_decide(struct supervisor *sv, struct service *service,
		      const struct scale_decision *decision, struct oci_error *err)
{
	bool manual = service->manual;
	unsigned admitted;
	int r = supervisor_scale(sv, service, decision->to, "autoscaler", &admitted, err);

	service->manual = manual;
	return r;
}

int supervisor_decisions(struct supervisor *sv, const struct service *service, unsigned limit,
			 int (*each)(void *ctx, const struct scale_decision *decision), void *ctx,
			 struct oci_error *err)
{
	int r = 0;

	(void)err;
	for (size_t i = sv->decisions_len; i-- > 0 && limit > 0 && r == 0;)
		if (sv->decisions[i].service == service) {
			r = each(ctx, &sv->decisions[i].decision);
			limit--;
		}
	return r;
}

int supervisor_learn(struct supervisor *sv, const struct service *service, const void *bytes,
		     size_t length, struct oci_error *err)
{
	(void)sv;
	(void)service;
	(void)bytes;
	(void)length;
	(void)err;
	return 0;
}

int supervisor_learned(struct supervisor *sv, const struct service *service, void **ret,
		       size_t *ret_length, struct oci_error *err)
{
	(void)sv;
	(void)service;
	(void)ret;
	(void)ret_length;
	(void)err;
	return -ENOENT;
}

int supervisor_revisions(struct supervisor *sv, const struct service *service,
			 int (*each)(void *ctx, uint64_t revision, int64_t at_ms,
				     const char *document, const char *words),
			 void *ctx, struct oci_error *err)
{
	int r = 0;

	(void)sv;
	(void)err;
	for (uint64_t revision = service->revision; revision > 0 && r == 0; revision--)
		r = each(ctx, revision, clock_ms(CLOCK_REALTIME), "{\"image\":\"web\"}", "up");
	return r;
}

static int set_stopped(struct supervisor *sv, struct service *service, bool stopped)
{
	service->stopped = stopped;
	for (struct replica *r = service->replicas; r; r = r->next)
		r->state = stopped ? REPLICA_DRAINING : REPLICA_PENDING;
	note(sv, "%s %s", stopped ? "stop" : "start", service->spec->name);
	soon(sv);
	return 0;
}

int supervisor_service_stop(struct supervisor *sv, struct service *service, struct oci_error *err)
{
	(void)err;
	return set_stopped(sv, service, true);
}

int supervisor_service_start(struct supervisor *sv, struct service *service, struct oci_error *err)
{
	(void)err;
	return set_stopped(sv, service, false);
}

int supervisor_service_restart(struct supervisor *sv, struct service *service,
			       struct oci_error *err)
{
	(void)err;
	for (struct replica *r = service->replicas; r; r = r->next)
		r->restarts++;
	return set_stopped(sv, service, false);
}

int supervisor_rollback(struct supervisor *sv, struct service *service, uint64_t revision,
			struct oci_error *err)
{
	if (revision > service->revision || service->revision < 2)
		return err_set_as(err, ERR_STATE, EINVAL, "%s has no other revision",
				  service->spec->name);
	note(sv, "rollback %s %llu", service->spec->name, (unsigned long long)revision);
	return 0;
}

int supervisor_rollout_pause(struct supervisor *sv, struct service *service, bool pause,
			     struct oci_error *err)
{
	if (!service->rollout[0])
		return err_set_as(err, ERR_STATE, ESRCH, "%s is not being updated",
				  service->spec->name);
	note(sv, "rollout %s %s", service->spec->name, pause ? "pause" : "resume");
	return 0;
}

int supervisor_start(struct supervisor *sv, struct replica *replica, struct oci_error *err)
{
	if (replica->pid > 0)
		return err_set_as(err, ERR_STATE, EALREADY, "%s runs already", replica->name);
	replica->state = REPLICA_CREATED;
	note(sv, "start %s", replica->name);
	soon(sv);
	return 0;
}

int supervisor_stop(struct supervisor *sv, struct replica *replica, int64_t grace_ms,
		    struct oci_error *err)
{
	if (replica->pid == 0)
		return err_set_as(err, ERR_STATE, ESRCH, "%s does not run", replica->name);
	replica->state = REPLICA_DRAINING;
	replica->stopped_by_hand = true;
	note(sv, "stop %s %lld", replica->name, (long long)grace_ms);
	soon(sv);
	return 0;
}

int supervisor_restart(struct supervisor *sv, struct replica *replica, int64_t grace_ms,
		       struct oci_error *err)
{
	(void)err;
	replica->state = REPLICA_CREATED;
	replica->pid = 0;
	replica->restarts++;
	note(sv, "restart %s %lld", replica->name, (long long)grace_ms);
	soon(sv);
	return 0;
}

int supervisor_remove(struct supervisor *sv, struct replica *replica, bool force,
		      struct oci_error *err)
{
	if (replica->pid > 0 && !force)
		return err_set_as(err, ERR_STATE, EBUSY, "%s runs", replica->name);
	note(sv, "remove %s", replica->name);
	replica->wanted = false;
	if (replica->service->desired > 0)
		replica->service->desired--;
	soon(sv);
	return 0;
}

int supervisor_kill(struct supervisor *sv, struct replica *replica, int signal,
		    struct oci_error *err)
{
	(void)err;
	note(sv, "kill %s %d", replica->name, signal);
	return 0;
}

int supervisor_pause(struct supervisor *sv, struct replica *replica, bool pause,
		     struct oci_error *err)
{
	if (replica->paused == pause)
		return err_set_as(err, ERR_STATE, EALREADY, "%s is %spaused", replica->name,
				  pause ? "" : "not ");
	replica->paused = pause;
	note(sv, "%s %s", pause ? "pause" : "unpause", replica->name);
	return 0;
}

bool supervisor_settled(struct supervisor *sv, const char *project, char *ret_words, size_t size)
{
	struct project *p = supervisor_project(sv, project);

	for (struct service *s = p ? p->services : NULL; s; s = s->next) {
		if (service_count(s, REPLICA_FAILED) > 0) {
			(void)snprintf(ret_words, size, "%s: %s", s->spec->name,
				       s->replicas->reason);
			continue;
		}
		if (service_count(s, REPLICA_READY) != s->desired)
			return false;
	}
	return true;
}

/* ---- the host ---------------------------------------------------------------------------------------------------- */

int pool_measure(struct pool *pool, struct oci_error *err)
{
	(void)err;
	pool->cpu_milli = 2000;
	pool->memory = INT64_C(4) << 30;
	pool->memory_reserve = 256 << 20;
	pool->available = INT64_C(3) << 30;
	pool->memory_pressure = 0.01;
	(void)snprintf(pool->limited_by, sizeof(pool->limited_by), "host");
	return 0;
}

/* Odd replicas are twice as busy. */
int sample_read(const struct replica *replica, struct sample *ret, struct oci_error *err)
{
	int64_t now = clock_ms(CLOCK_MONOTONIC) * 1000;
	int64_t milli = BUSY_MILLI * (1 + replica->slot % 2);

	(void)err;
	memset(ret, 0xff, sizeof(*ret));
	ret->at_us = now;
	ret->cpu_us = now / 1000 * milli;
	ret->throttled_us = 0;
	ret->periods = now / 100000;
	ret->throttled_periods = now / 400000;
	ret->memory = BUSY_MEMORY * (1 + replica->slot % 2);
	ret->memory_limit = replica->service->spec->resources.memory;
	ret->pids = 3;
	ret->cpu_pressure_us = now / 20;
	ret->memory_pressure_us = 0;
	return 0;
}

const char *supervisor_runtime(const struct supervisor *sv, const struct replica *replica)
{
	(void)replica;
	return sv->options.runtime;
}

const char *supervisor_runtime_root(const struct supervisor *sv, const struct replica *replica)
{
	(void)replica;
	return sv->folder;
}

void pool_admit(const struct pool *pool, struct pool_wish *wishes, size_t count)
{
	(void)pool;
	for (size_t i = 0; i < count; i++)
		wishes[i].admitted = wishes[i].wanted;
}

double sample_metric(enum spec_metric_kind kind, const struct sample *before,
		     const struct sample *now, int64_t limit_milli)
{
	(void)kind;
	(void)before;
	(void)now;
	(void)limit_milli;
	return 50;
}
