/* SPDX-License-Identifier: Apache-2.0 */
/*
 * state.h - what the runtime remembers of a container: one folder, one small file.
 *
 * ROOT/ID/state.json is written before anything else of the container exists
 * and rewritten (temporary name, rename) once its process runs; state, kill,
 * ps, delete and the like read only it. The container's init holds a flock on
 * an empty file beside it until it executes the user's program: that, and
 * nothing that could go stale, is the difference between "created" and
 * "running". Not on state.json: a descriptor in the container may be found
 * there, and one of any kind can be opened again for writing.
 */
#ifndef CARTE_RUNTIME_STATE_H
#define CARTE_RUNTIME_STATE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <ocispec-lite/runtime.h>

#include "runtime/cgroup/cgroup.h"
#include "runtime/rdt.h"

#define STATE_FILE "state.json"
#define STATE_NEW_FILE "state.json.new"
#define STATE_LOCK_FILE "init.lock"
#define STATE_SECCOMP_CACHE ".seccomp" /* in the state root; no ID starts with a dot */
#define STATE_START_SOCKET "start.sock"

struct state {
	char *oci_version; /* of config.json */
	char *id;
	char *bundle;               /* absolute */
	char *rootfs;               /* absolute */
	char *created;              /* RFC 3339, UTC */
	char *owner;                /* user name or number of the caller of create */
	struct oci_i64 pid;         /* init; absent while it is being created */
	struct oci_u64 start_time;  /* its field 22 of /proc/PID/stat, clock ticks since boot */
	struct oci_i64 creator_pid; /* the create or run that works on it */
	struct oci_u64 creator_start_time;
	struct cgroup cgroup;
	struct rdt_group rdt;
	struct oci_bool private_pid_ns; /* init's death kills every process of the container */
	struct oci_bool new_keyring;    /* a session keyring of its own, which exec joins */
	struct oci_bool lent_user_ns;   /* config.json has none, it was made for an ordinary user */
	struct oci_bool hooks;          /* config.json has hooks that start or delete must run */
	struct oci_bool checkpointed; /* it was dumped and stopped: a restore may take its place */
	struct oci_pair *annotations;
	size_t annotations_len;

	/* found out at load, not stored */
	enum oci_status status; /* CREATING, CREATED, RUNNING, PAUSED, STOPPED */
};

/** state_check_id - [A-Za-z0-9_+.-]+, not starting with '.', at most 255 bytes. */
int state_check_id(const char *id, struct oci_error *err);

/**
 * state_load - read ROOT/ID/state.json and find out the container's status.
 * Return: 0; -ENOENT with "container does not exist".
 */
int state_load(struct oci_arena *arena, const char *root, const char *id, struct state **ret,
	       struct oci_error *err);

/**
 * state_pidfd - a pidfd of the container's init, checked against its start time, so that a reused pid is never taken
 * for it. Return: fd; -ESRCH with "container not running" when it is gone (a zombie is).
 */
int state_pidfd(const struct state *state, struct oci_error *err);

/** state_to_oci - the document of `state` and of hooks; shares @state's memory. */
void state_to_oci(const struct state *state, enum oci_status status, struct oci_state *ret);

/** struct state_dir - an opened and locked state folder, held by create, run, start and delete. */
struct state_dir {
	int root_fd;
	int fd;
	const char *id;
};

#define STATE_DIR_INIT               \
	{                            \
		-EBADF, -EBADF, NULL \
	}

/** state_dir_create - make ROOT (0711; 0700 and sticky when rootless) and ROOT/ID, locked. -EEXIST: "container with given ID already exists" */
int state_dir_create(const char *root, const char *id, bool rootless, struct state_dir *ret,
		     struct oci_error *err);

/**
 * state_dir_open - open and lock an existing one.
 * @wait: false: -EBUSY at once when another command holds it
 */
int state_dir_open(const char *root, const char *id, bool wait, struct state_dir *ret,
		   struct oci_error *err);

/**
 * state_dir_exists - is there a folder for this ID? state_already_exists, state_no_container - the words that engines
 * know for it.
 */
bool state_dir_exists(const char *root, const char *id);
int state_already_exists(struct oci_error *err);
int state_no_container(struct oci_error *err);

/**
 * state_dir_unlock - let other commands work on the container for a while; state_dir_relock - wait for them, and take
 * it up again. -ENOENT: it was deleted meanwhile, and what has its ID now, if anything, is another one.
 */
void state_dir_unlock(const struct state_dir *dir);
int state_dir_relock(const struct state_dir *dir, struct oci_error *err);

/** state_dir_close - unlock and close; state_dir_remove - delete the folder with all its files first. */
void state_dir_close(struct state_dir *dir);
int state_dir_remove(struct state_dir *dir, struct oci_error *err);

/** state_save - write the file (temporary name, rename). */
int state_save(const struct state_dir *dir, const struct state *state, struct oci_error *err);

/**
 * state_lock_init - the lock file, empty and locked. The child inherits the fd, and with it the lock, and
 * loses both by its execve. Return: fd or -errno.
 */
int state_lock_init(const struct state_dir *dir, struct oci_error *err);

/** state_list - every ID below @root, sorted; -ENOENT gives an empty list. */
int state_list(struct oci_arena *arena, const char *root, char ***ret, size_t *ret_len,
	       struct oci_error *err);

/** struct proc_stat - of /proc/PID/stat (proc(5)). */
struct proc_stat {
	uint64_t start_time; /* field 22, clock ticks since boot */
	uint32_t ignored;    /* field 33: signals 1..31 that it ignores, bit N-1 */
};

/** proc_stat_read - -ESRCH when there is no such process or it is a zombie. */
int proc_stat_read(pid_t pid, struct proc_stat *ret);

#endif
