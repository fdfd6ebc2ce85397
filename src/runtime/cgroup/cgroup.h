/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cgroup.h - a container's control groups, whoever manages them.
 *
 * struct cgroup is plain data: planned once at create, written into the state
 * file, and read back by every later verb, so no verb needs a flag or
 * config.json to find the container's cgroups. Managers (cgroupfs on v1 and
 * hybrid hosts, cgroupfs on v2, systemd) stand behind these functions and
 * nowhere else.
 */
#ifndef CARTE_RUNTIME_CGROUP_H
#define CARTE_RUNTIME_CGROUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <ocispec-lite/runtime.h>

enum cgroup_manager {
	CGROUP_MANAGER_CGROUPFS = 0,
	CGROUP_MANAGER_SYSTEMD,
	CGROUP_MANAGER_DISABLED,
};

enum cgroup_mode {
	CGROUP_MODE_NONE = 0, /* no cgroup file system, or the manager is disabled */
	CGROUP_MODE_V1,
	CGROUP_MODE_HYBRID, /* v1 controllers and a v2 hierarchy that the container joins as well */
	CGROUP_MODE_V2,
};

/** struct cgroup_dir - the container's folder in one hierarchy. */
struct cgroup_dir {
	char *controllers; /* "cpu,cpuacct", "name=systemd", "" for v2; as in /proc/self/cgroup */
	char *mount;       /* where the hierarchy is mounted: "/sys/fs/cgroup/cpu" */
	char *path;        /* below it, cleaned, absolute: "/machine/web1" */
	bool made; /* ours, or planned to be: destroy removes it. A create that failed clears it */
};

struct cgroup {
	enum cgroup_manager manager;
	enum cgroup_mode mode;
	char *cgroups_path; /* linux.cgroupsPath as given, or NULL */
	struct cgroup_dir *dirs;
	size_t dirs_len;
	char *slice;                        /* systemd: the unit's slice; NULL otherwise */
	char *unit;                         /* systemd: "carte-web1.scope"; NULL otherwise */
	bool user_bus;                      /* systemd: it is a user's own manager */
	struct cgroup_unit_plan *unit_plan; /* systemd: what create alone knows, in no state file */

	/* between plan and create only, not in the state file */
	bool undelegated; /* an ordinary user may move nothing there: not even tried */
	bool required;    /* an error where an ordinary user would do without one */
};

struct systemd_helper;

/** struct cgroup_request - what create asks of cgroup_plan. */
struct cgroup_request {
	enum cgroup_manager manager;
	const char *cgroups_path; /* linux.cgroupsPath, or NULL */
	const char *id;
	bool rootless; /* an ordinary user asks, or root of a user namespace */
	bool required; /* --rootless=false: not to be done without */
	const struct oci_pair *annotations;
	size_t annotations_len;
	struct systemd_helper *helper; /* of cgroup_expect */
};

/** cgroup_manager_parse - "cgroupfs", "systemd", "disabled" or -EINVAL; cgroup_manager_name the other way. */
int cgroup_manager_parse(const char *name, enum cgroup_manager *ret);
const char *cgroup_manager_name(enum cgroup_manager manager);

/**
 * cgroup_expect - begin what takes long and needs no plan, as soon as the manager is known: a connection to systemd,
 * which is made while we read and check. What does not work is said by cgroup_plan and cgroup_create.
 * @ret: NULL: there is nothing to expect. Lives in @arena; cgroup_expect_end: always, NULL and twice are fine
 */
void cgroup_expect(struct oci_arena *arena, enum cgroup_manager manager,
		   struct systemd_helper **ret);
void cgroup_expect_end(struct systemd_helper *helper);

/**
 * cgroup_plan - find the hierarchies and the container's place in each. Makes nothing, but refuses (-EBUSY)
 * a cgroup in which cgroup_signal would find somebody else's processes.
 *
 * cgroups_path NULL: "/ID"; absolute: below each hierarchy's root; relative: below the runtime's own
 * cgroup, on a v2 host beside it, since a cgroup with processes hands no controllers down. ".." is refused. On the v2 side of a hybrid host, where engines never remove parents, "/a/b" is
 * "/a:b" unless "/a" is there already.
 */
int cgroup_plan(struct oci_arena *arena, const struct cgroup_request *request, struct cgroup **ret,
		struct oci_error *err);

/**
 * cgroup_create - make the folders and write all limits, before any process is inside. Checks @resources
 * first. Refuses a cgroup that is frozen or has processes; an empty left-over is taken over. On failure
 * nothing that it made is left, and `made` is false everywhere.
 *
 * Without privileges, folders that may not be made are taken out of @cgroup (all: mode NONE), unless a
 * limit needs one.
 *
 * The plan is to be in the state file before this is called, so that delete finds whatever a killed
 * runtime has made.
 */
int cgroup_create(struct cgroup *cgroup, const struct oci_resources *resources,
		  struct oci_error *err);

/**
 * cgroup_needs_process - the manager can make the cgroup around a process only (systemd): cgroup_create then
 * checks and makes nothing, and cgroup_start does its work.
 */
bool cgroup_needs_process(const struct cgroup *cgroup);

/**
 * cgroup_start - make the cgroup around @pid, write all limits, put it inside. Called once, after the clone and
 * before the process is told to go on. Does nothing when cgroup_create has made the cgroup.
 */
int cgroup_start(struct cgroup *cgroup, const struct oci_resources *resources, pid_t pid,
		 struct oci_error *err);

/**
 * cgroup_settle - what is left of a cgroup_start that succeeded: our own helper may still be ending. For a moment in
 * which others work and we would wait; before any process that is not ours to know of may see our children.
 */
void cgroup_settle(const struct cgroup *cgroup);

/**
 * cgroup_delegate - give the container's v2 folder, and those of its files that the kernel names for that
 * (/sys/kernel/cgroup/delegate), to a user of the host. Nothing on v1, where it would be no protection
 * (runtime-spec config-linux.md#cgroup-ownership).
 */
int cgroup_delegate(const struct cgroup *cgroup, uid_t uid, gid_t gid, struct oci_error *err);

/** cgroup_v2_fd - an O_PATH dirfd for CLONE_INTO_CGROUP, or -1 where there is no v2 folder. */
int cgroup_v2_fd(const struct cgroup *cgroup);

/**
 * cgroup_enter - put a process into every hierarchy.
 * @pid: 0 is the calling thread itself, to be used by a single-threaded child. Prefer it: on v1 it skips
 *       cgroup_threadgroup_rwsem, whose first write after a quiet time waits for an RCU grace period
 *       (10 ms, against 0.1 ms). It uses no heap. Call it before setns or dropping privileges, and before
 *       unshare(CLONE_NEWCGROUP), which takes the cgroups of that moment as its roots.
 * @skip_v2: clone3 has put it into the v2 one already
 */
int cgroup_enter(const struct cgroup *cgroup, pid_t pid, bool skip_v2, struct oci_error *err);

/**
 * cgroup_join - cgroup_enter for exec. A v2 folder whose container has made cgroups with controllers inside (a
 * systemd does) takes no process any more; then it is the cgroup of @init, which must be below it.
 */
int cgroup_join(const struct cgroup *cgroup, pid_t init, pid_t pid, bool skip_v2,
		struct oci_error *err);

/**
 * cgroup_enter_sub - the same for `exec --cgroup`: @sub is a path below the container's cgroup,
 * @controllers NULL for all hierarchies or a comma list.
 */
int cgroup_enter_sub(const struct cgroup *cgroup, pid_t pid, const char *controllers,
		     const char *sub, struct oci_error *err);

/**
 * cgroup_check - would these resources be accepted on this host? Pure validation of values
 * (ranges, page sizes, device rule syntax, names), used before anything is made.
 */
int cgroup_check(const struct cgroup *cgroup, const struct oci_resources *resources,
		 struct oci_error *err);

/**
 * cgroup_update - write new limits to a live container, in an order that works up and down. When one is
 * refused, the single values written before it are put back. Device rules are left as they are, as
 * runc does: a GPU's hook may have extended them behind our back.
 */
int cgroup_update(const struct cgroup *cgroup, const struct oci_resources *resources,
		  struct oci_error *err);

/**
 * cgroup_devices_replace - put device rules in the place of those that a live container has, in one step. Only v2 can,
 * and only where systemd does not keep rules of its own; cgroup_devices_replaceable tells before anything is done.
 */
int cgroup_devices_replaceable(const struct cgroup *cgroup, struct oci_error *err);
int cgroup_devices_replace(const struct cgroup *cgroup, const struct oci_resources *resources,
			   struct oci_error *err);

/** cgroup_freeze - freeze or thaw, waiting until all processes are; thaws again when freezing fails. */
int cgroup_freeze(const struct cgroup *cgroup, bool frozen, struct oci_error *err);

/** cgroup_is_frozen - cheap: one or two reads. */
bool cgroup_is_frozen(const struct cgroup *cgroup);

/**
 * cgroup_pids - every process below the container's cgroup, sub-cgroups included.
 * @ret: in the arena
 */
int cgroup_pids(const struct cgroup *cgroup, struct oci_arena *arena, pid_t **ret, size_t *ret_len,
		struct oci_error *err);

/**
 * cgroup_signal - send @sig to every process of the cgroup. SIGKILL: by cgroup.kill (5.14) where there is a v2
 * folder, else rounds over cgroup.procs until none is left; frozen ones are thawed so that they die.
 * Return: 0, -ESRCH when there was none.
 */
int cgroup_signal(const struct cgroup *cgroup, int sig, struct oci_error *err);

/**
 * cgroup_destroy - remove the folders that were made, sub-cgroups included, waiting (without sleeping blindly) for
 * processes that are dying. Absent folders are no error. Safe to call at any half-made stage.
 */
int cgroup_destroy(const struct cgroup *cgroup, struct oci_error *err);

/**
 * cgroup_overlap - is @other, of another container, in a cgroup that @cgroup has made, or below one? cgroup_signal
 * and cgroup_destroy of @cgroup would take its processes for their own.
 */
enum cgroup_overlap { CGROUP_APART, CGROUP_SAME, CGROUP_BELOW };
enum cgroup_overlap cgroup_overlap(const struct cgroup *cgroup, const struct cgroup *other);

/** cgroup_exists - is the container's first folder still there? */
bool cgroup_exists(const struct cgroup *cgroup);

/** cgroup_stats_emit - the "data" object of `events --stats`, runc's shape (types/events.go), as malloc'ed JSON. */
int cgroup_stats_emit(const struct cgroup *cgroup, pid_t pid, char **ret_text, size_t *ret_length,
		      struct oci_error *err);

/** struct cgroup_brief - what a person looks at first. */
struct cgroup_brief {
	uint64_t cpu_ns;
	uint64_t memory;
	uint64_t memory_limit; /* UINT64_MAX: none */
	uint64_t pids;
	uint64_t pids_limit; /* UINT64_MAX: none */
	/* percent of the last ten seconds in which some process waited: "1.23"; "": not measured */
	char cpu_pressure[8];
	char memory_pressure[8];
	char io_pressure[8];
};

/** cgroup_stats_brief - what is not to be had is 0, no limit, or "". */
void cgroup_stats_brief(const struct cgroup *cgroup, struct cgroup_brief *ret);

/** cgroup_oom_fd - an eventfd (v1) or inotify fd (v2) that becomes readable when the container runs out of memory. */
int cgroup_oom_fd(const struct cgroup *cgroup, struct oci_error *err);

/**
 * cgroup_oom_happened - to be called once for the base line, then when the fd is readable. Drains it.
 * @seen: 0 before the first call
 * Return: did the container run out of memory since the last call? Other notices are none.
 */
bool cgroup_oom_happened(const struct cgroup *cgroup, int fd, uint64_t *seen);

#endif
