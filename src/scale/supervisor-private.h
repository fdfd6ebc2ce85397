/* SPDX-License-Identifier: Apache-2.0 */
/*
 * supervisor-private.h - what the supervisor knows besides model.h, and how its files work together.
 *
 *   supervisor.c           making, freeing, the turn: services, replicas, ports, hosts files, database
 *   supervisor_model.c     making and freeing projects, services, replicas
 *   supervisor_find.c      lookups
 *   supervisor_document.c  documents: the current one of a project, those of old revisions
 *   supervisor_up.c        up and down
 *   supervisor_rights.c    what an ordinary user's supervisor refuses
 *   supervisor_command.c   the other commands
 *   supervisor_settled.c   is all as wanted?
 *   supervisor_admit.c     the host's pool shared among services
 *   supervisor_service.c   how many, rolling updates
 *   supervisor_replica.c   one replica: the next step
 *   supervisor_make.c      the steps up: image, network, run, probe
 *   supervisor_bundle.c    the bundle between them
 *   supervisor_foreground.c  replicas that somebody else starts
 *   supervisor_take.c      the steps down: drain, signals, delete, detach, forget
 *   supervisor_timing.c    how long steps took
 *   supervisor_exit.c      how an end is noticed and what it means
 *   supervisor_adopt.c     after a start: what the database says, what the runtime says
 *   supervisor_ports.c     published ports
 *   supervisor_verify.c    nftables tables that another program removed
 *   supervisor_hosts.c     hosts files
 *   supervisor_event.c     events
 *   supervisor_save.c      rows of services and replicas, the flush
 */
#ifndef CARTE_SCALE_SUPERVISOR_PRIVATE_H
#define CARTE_SCALE_SUPERVISOR_PRIVATE_H

#include "base/error.h"
#include "scale/balance.h"
#include "scale/compose.h"
#include "scale/decide.h"
#include "scale/image.h"
#include "scale/job.h"
#include "scale/logs.h"
#include "scale/net.h"
#include "scale/oom.h"
#include "scale/pool.h"
#include "scale/probe.h"
#include "scale/replica_config.h"
#include "scale/store.h"
#include "scale/supervisor.h"

#define DIGEST_LENGTH 32 /* of what was asked for; behind it "+N" of one that was asked for again */
#define DIGEST_SIZE 56

/** struct document - a project as somebody gave it. The current one, and those whose replicas still run. */
struct document {
	struct document *next;
	struct oci_arena arena;
	struct spec_project *spec;
	char *text;
	size_t length;
	bool used; /* of the collection */
};

/** struct revision - a service's: what was asked for, by its digest. */
struct revision {
	struct revision *next;
	uint64_t number;
	char digest[DIGEST_SIZE];
	struct document *document; /* NULL: in the database alone */
};

struct project_work {
	struct document *current;
	struct document *documents; /* all, the current one too */
	bool volumes;               /* removing: its volumes go as well */
	bool hosts_stale;
};

enum rollout_phase { ROLLOUT_NONE, ROLLOUT_UPDATING, ROLLOUT_PAUSED, ROLLOUT_BACK };

struct service_work {
	struct document *document;  /* that service->spec is of; NULL: of the service itself */
	struct oci_arena arena;     /* of a spec that no document has any more */
	struct revision *revisions; /* those that replicas have, and the current one */
	bool removed;
	bool unsaved;
	unsigned admitted;   /* how many of the desired ones the pool carries */
	char admission[256]; /* why no more, "" */
	uint16_t published[64];
	enum rollout_phase rollout;
	unsigned rollout_failures;
	int64_t next_batch; /* loop time */
};

enum stop_phase { STOP_NONE, STOP_DRAIN, STOP_TERM, STOP_KILL, STOP_FORCE };
enum busy { BUSY_NO, BUSY_IMAGE, BUSY_NET, BUSY_RUN, BUSY_DELETE, BUSY_OTHER };

/** struct image_wait - outlives the replica that asked, if that has gone meanwhile. */
struct image_wait {
	struct replica *replica; /* NULL: nobody cares any more */
};

struct replica_work {
	struct supervisor *sv;
	struct revision *revision;
	const struct spec_service *spec; /* of its revision */
	struct document *document;       /* that has @spec */
	const struct image *image;
	const char *image_id;   /* digest; of the database, after an adoption */
	struct net_result *net; /* NULL: not attached */
	struct job *job;
	struct image_wait *image_wait;
	struct probe *probe;
	struct spec_probe *image_probe; /* SPEC_PROBE_IMAGE resolved */
	struct oci_arena probe_arena;
	struct loop_watch exit_watch;
	struct loop_timer timer;  /* of a back-off, a drain, a grace */
	struct loop_timer status; /* of an exit status that comes late */
	enum busy busy;
	enum stop_phase phase;
	int64_t grace_ms;    /* of the stop that is asked for; -1: the service's */
	int64_t phase_until; /* loop time: the next phase of the stop */
	int64_t retry_at;    /* loop time; 0: no back-off runs */
	int64_t ready_at;    /* loop time when it became ready; 0: it is not */
	int64_t run_at;      /* loop time of the start */
	int64_t asked_at, turn_at, made_at, told_at,
		ended_at;    /* loop times of steps that are measured; 0: not */
	int64_t prepared_at; /* of a foreground one */
	int status_tries;
	unsigned failures, make_failures; /* of its program; of making it */
	unsigned take_tries;              /* of the step down at hand that have failed */
	bool attached, configured, container, ended, deps_met, building, deleting;
	bool restarting, force, no_drain, pausing, unhealthy, oom_told;
	bool hosts_fresh;    /* its hosts file is to be written before it starts */
	bool failed_counted; /* by the rolling update that made it */
	bool probe_wanted;   /* alive, its probe waits for the image */
	bool image_wanted;   /* adopted, its stop signal is the image's */
	bool maybe_attached; /* adopted: the crash may have come before the note of it */
	bool unsaved, forgotten;
	bool measured; /* its run was ours, and begun by us: run_at tells how long it takes to be ready */
	bool was_running; /* of the database: it ran when the supervisor before us ended */
};

struct stray {
	pid_t pid;
	int status;
};
#define STRAYS 64

struct queued_event {
	struct queued_event *next;
	struct supervisor_event event; /* its words follow */
	char text[];
};

struct supervisor {
	struct loop *loop;
	struct supervisor_options options; /* strings are ours */
	struct oci_arena arena;            /* of them */
	const char *runtime_root;
	struct store *store;
	struct images *images;
	struct net *net;
	struct oom *oom;
	struct balance *balance; /* NULL: not allowed to */
	struct project *projects;
	struct supervisor_listener *listeners;
	struct pool pool;
	int64_t pool_at; /* when it was measured; 0: never */
	struct loop_timer admit_timer;
	struct loop_timer turn_timer, hosts_timer, save_timer, rotate_timer, weights_timer,
		sweep_timer, trim_timer, verify_timer;
	struct loop_watch verify_watch;
	int verify_fd; /* of changes of nftables; -1: none */
	struct job *sweep_job;
	bool adopting, quiescing, ports_stale, in_turn, save_failed, rootless;
	unsigned building, deleting, busy, parallel;
	uint64_t serial;
	struct queued_event *queue, **queue_end;
	size_t queued;
	struct queued_timing *timings, **timings_end; /* see supervisor_timing.c */
	size_t timings_len;
	struct stray strays[STRAYS];
	unsigned stray_next;
	int64_t hosts_delay_ms; /* see supervisor_hosts.c */
};

static inline struct replica_work *replica_work(const struct replica *replica)
{
	return replica->private;
}
static inline struct service_work *service_work(const struct service *service)
{
	return service->private;
}
static inline struct project_work *project_work(const struct project *project)
{
	return (struct project_work *)(void *)project->private;
}

#define FOR_EACH(type, var, list) for (struct type *var = (list); var; var = (var)->next)

/* supervisor.c */
void supervisor_turn_soon(struct supervisor *sv);
void supervisor_turn(struct supervisor *sv);
int64_t supervisor_clock(const struct supervisor *sv); /* CLOCK_REALTIME, ms */

/* supervisor_model.c */
struct project *project_new(struct supervisor *sv, const char *name);
void project_free(struct supervisor *sv, struct project *project);
struct service *service_new(struct project *project, const char *name);
void service_free(struct supervisor *sv, struct service *service);
struct replica *replica_new(struct supervisor *sv, struct service *service);
void replica_free(struct supervisor *sv, struct replica *replica);

/* supervisor_document.c */
int document_load(struct supervisor *sv, const char *project, const char *text, size_t length,
		  struct document **ret, struct oci_error *err);
void document_free(struct document *document);
/** service_digest - of everything that needs new replicas when it changes. */
int service_digest(const struct spec_project *project, const struct spec_service *service,
		   char ret[DIGEST_SIZE], struct oci_error *err);
/** revision_find - in memory, or from the database, its document parsed. */
struct revision *revision_find(struct supervisor *sv, struct service *service, uint64_t number,
			       struct oci_error *err);
struct revision *revision_current(const struct service *service);
/** replica_is_current - of the service's revision, or of one that was the same. */
bool replica_is_current(const struct replica *replica);
/** documents_collect - free those that nothing needs any more, remove networks that went with them. */
void documents_collect(struct supervisor *sv, struct project *project);

/* supervisor_admit.c */
/** admission_turn - share the host's pool among all services: how many each may have, and why no more. */
void admission_turn(struct supervisor *sv);

/* supervisor_service.c */
void service_turn(struct supervisor *sv, struct service *service);
/** service_failed - a replica of the current revision has failed: of account for a rolling update. */
void service_failed(struct supervisor *sv, struct replica *replica);
/** service_gained - a replica serves. */
void service_gained(struct supervisor *sv, struct replica *replica);

/* supervisor_replica.c */
void replica_step(struct supervisor *sv, struct replica *replica);
enum replica_goal replica_goal(const struct replica *replica);
void replica_set_state(struct supervisor *sv, struct replica *replica, enum replica_state state);
void replica_reason(struct replica *replica, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/** replica_wake - step it again in @delay_ms. */
void replica_wake(struct supervisor *sv, struct replica *replica, int64_t delay_ms);
/** replica_done - its program has ended as it should: to a rolling update it is as good as ready. */
bool replica_done(const struct replica *replica);
/** replica_is_ready - it serves from now on. */
void replica_is_ready(struct supervisor *sv, struct replica *replica);
/** supervisor_trim - of a timer: the memory of busy times is given back. */
#define SUPERVISOR_TRIM_MS 2000
void supervisor_trim(void *ctx);
/** replica_busy, replica_idle - an asynchronous step begins, ends. */
void replica_busy(struct supervisor *sv, struct replica *replica, enum busy busy);
void replica_idle(struct supervisor *sv, struct replica *replica);

/* supervisor_make.c */
void make_image(struct supervisor *sv, struct replica *replica);
void make_network(struct supervisor *sv, struct replica *replica);
void make_run(struct supervisor *sv, struct replica *replica);
/** make_failed - a step has failed: back-off. */
void make_failed(struct supervisor *sv, struct replica *replica, const char *doing,
		 const char *words);
/** replica_started - it runs with @pid: watch it, probe it. */
void replica_started(struct supervisor *sv, struct replica *replica, pid_t pid);
void replica_probe(struct supervisor *sv, struct replica *replica);
bool replica_needs_net(const struct replica *replica);
/** replica_netns - path of its network namespace; NULL: the host's. -EAGAIN: the one it shares is not there yet. */
int replica_netns(struct supervisor *sv, const struct replica *replica, char *buf, size_t size,
		  const char **ret);

/** replica_project - as it was in the replica's revision. */
const struct spec_project *replica_project(const struct replica *replica);

/* supervisor_bundle.c */
/** replica_paths - its bundle, log and cgroup, as strings; what it has already stays. 0 or -ENOMEM. */
int replica_paths(struct supervisor *sv, struct replica *replica);
void make_config(struct supervisor *sv, struct replica *replica);
/** bundle_is_whole - its secrets are there too: they are in memory, and a reboot forgets them. */
bool bundle_is_whole(const struct supervisor *sv, const struct replica *replica);

/* supervisor_foreground.c */
/** foreground_look - has it been started meanwhile? */
void foreground_look(struct supervisor *sv, struct replica *replica);

/* supervisor_take.c */
void take_down(struct supervisor *sv, struct replica *replica);
void take_container(struct supervisor *sv, struct replica *replica);
void take_network(struct supervisor *sv, struct replica *replica);
void take_all(struct supervisor *sv, struct replica *replica); /* ACT_FORGET; the turn frees it */
int stop_signal(const struct replica *replica);
int signal_number(const char *name);

/* supervisor_exit.c */
int replica_watch(struct supervisor *sv, struct replica *replica, pid_t pid);
/** replica_oom - the kernel killed one of its processes; of oom.h. @ctx: the replica */
void replica_oom(void *ctx);
void replica_unwatch(struct replica *replica);
void replica_ended(struct supervisor *sv, struct replica *replica, int status);
/** replica_failed_once - count a failure, and decide when it is tried again, if at all. */
void replica_failed_once(struct supervisor *sv, struct replica *replica, int status, bool made);
uint64_t process_start_ticks(pid_t pid); /* 0: there is none, or a zombie */

/* supervisor_adopt.c */
int supervisor_load(struct supervisor *sv, struct oci_error *err);
void supervisor_adopt(struct supervisor *sv);

/* supervisor_rights.c */
/** rights_check - 0, or ERR_PERMISSION: a service needs a network that this process may not make. */
int rights_check(const struct supervisor *sv, const struct spec_project *spec,
		 struct oci_error *err);

/* supervisor_ports.c */
void ports_apply(struct supervisor *sv);
int ports_check(struct supervisor *sv, const char *project, const struct spec_project *spec,
		struct oci_error *err);
int ports_choose(struct supervisor *sv, struct service *service, struct oci_error *err);
void ports_forget(struct supervisor *sv, const struct replica *replica, bool tcp);

/* supervisor_verify.c */
/** verify_begin - listen for changes of nftables, as long as there are projects. */
void verify_begin(struct supervisor *sv);
void verify_end(struct supervisor *sv);

/* supervisor_hosts.c */
void hosts_stale(struct supervisor *sv, struct project *project);
void hosts_write(struct supervisor *sv, struct replica *replica);
/** hosts_shared - its hosts file is that of all who are in the same networks. */
bool hosts_shared(const struct replica *replica);
/** hosts_path - of its hosts file, once its networks are known. 0 or -ENAMETOOLONG. */
int hosts_path(const struct supervisor *sv, const struct replica *replica, char *buf, size_t size);
/** hosts_remove - the shared ones of a project that goes. hosts_sweep - of those that are not there any more. */
void hosts_remove(struct supervisor *sv, const char *project);
void hosts_sweep(struct supervisor *sv);

/* supervisor_event.c */
/** event_emit - to listeners now, to the database with the next flush. @project... NULL: none. */
void event_emit(struct supervisor *sv, const char *kind, const char *action,
		const struct project *project, const struct service *service,
		const struct replica *replica, int status, const char *format, ...)
	__attribute__((format(printf, 8, 9)));
void events_free(struct supervisor *sv);

/* supervisor_timing.c */
/** timing_note - that took from @since, a loop time, until now; 0: it is not known. */
void timing_note(struct supervisor *sv, const struct replica *replica, enum store_timing kind,
		 int64_t since);
int timings_put(struct supervisor *sv, struct oci_error *err);
void timings_free(struct supervisor *sv);

/* supervisor_save.c */
/** save_all - rows that have changed and events; a full disk is tried again later. */
void save_all(struct supervisor *sv);
/** save_durably - one transaction of a command: every unsaved row, and what @also puts. */
int save_durably(struct supervisor *sv, int (*also)(void *ctx, struct oci_error *err), void *ctx,
		 struct oci_error *err);
/** save_command - durably, what a command has changed; the turn follows. */
int save_command(struct supervisor *sv, struct oci_error *err);

#endif
