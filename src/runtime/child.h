/* SPDX-License-Identifier: Apache-2.0 */
/*
 * child.h - the process between clone3 and execve.
 *
 * Everything it needs was prepared by the parent and is reached through
 * struct child, which the clone copied. It runs a table of named steps; the
 * first that fails is reported in one message and the process ends.
 */
#ifndef CARTE_RUNTIME_CHILD_H
#define CARTE_RUNTIME_CHILD_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <ocispec-lite/runtime.h>

#include "runtime/namespaces.h"

struct landlock_plan;
struct process_plan;
struct rootfs;
struct seccomp_program;
struct state;

struct child {
	/* set by the parent */
	const char *id;
	const struct oci_config *config;
	const struct state *state; /* for hooks and the seccomp agent */
	struct ns_plan *ns;
	struct rootfs *rootfs; /* NULL for exec */
	struct process_plan *process;
	const struct seccomp_program *seccomp; /* NULL: none */
	const struct landlock_plan *landlock;  /* NULL: none */
	const struct state_dir *dir;           /* its fds, and so its lock, are not for the child */
	int sync_fd;
	int peer_fd;         /* the parent's end of it */
	int lock_fd;         /* init's lock, see state_lock_init; lost by execve */
	int start_fd;        /* listening start.sock; -1: the parent starts */
	int console_fd;      /* connected console socket; -1: none */
	int agent_fd;        /* connected seccomp agent; -1: none */
	bool joining;        /* exec: a further process, not the first */
	int init_pidfd;      /* exec: whose namespaces are joined */
	uint64_t late_joins; /* CLONE_NEW* to be joined by the child, for exec: child_join_before */
	bool keyring;
	bool core_cookie;    /* a new core scheduling cookie; one of another it has inherited */
	bool enters_cgroups; /* by itself, see child_enter_cgroups; else the parent moves it */
	bool in_v2;          /* clone3 puts it into the v2 cgroup */
	bool user_ns;        /* made or joined: ids are those of that namespace */
	bool await_id_maps;
	bool hooks;         /* the parent has hooks to run before the root is entered */
	unsigned inherited; /* fds behind stderr that the program gets */
	sigset_t mask;      /* signal mask that the program gets */
	uint32_t ignored;   /* signals 1..31 that the caller ignores, bit N-1 */

	/* the child's own */
	int proc_fd;     /* private procfs, opened when first needed; -1 */
	int master;      /* pty */
	int landlock_fd; /* its rules, -1 */
	bool setgroups_denied;
	bool in_cgroup;
	pid_t outer_pid; /* its pid where the runtime runs */
	char exe[4096];
	const char *exe_path;
};

/** struct child_step - a row of a child's table. */
struct child_step {
	const char *name;
	int (*run)(struct child *child, struct oci_error *err);
};

/** child_prepare - a child with nothing open and nothing asked for. */
void child_prepare(struct child *child, const char *id, const sigset_t *mask);

/** child_init_main, child_join_main - what clone3's child runs for create and for exec; never return. */
_Noreturn void child_init_main(void *child);
_Noreturn void child_join_main(void *child);

/** child_join_before - exec's part in the process in between, spawn.before: it ends in all of the container's namespaces. */
int child_join_before(void *child, struct oci_error *err);

/** child_await_cgroup_ns - rootfs_options.await_cgroup of the first process. */
int child_await_cgroup_ns(void *child, struct oci_error *err);

/* What both tables share; child.c. */
_Noreturn void child_run(struct child *child, const struct child_step *steps, size_t count);
int child_become_root(struct child *child, struct oci_error *err);
/** child_setgroups_denied - user_namespaces(7): may a process of @pid's user namespace change its groups? 0: our own */
bool child_setgroups_denied(pid_t pid);
int child_enter_cgroups(struct child *child, struct oci_error *err);
int child_await_cgroup(struct child *child, struct oci_error *err);
int child_make_keyring(struct child *child, struct oci_error *err);
int child_open_terminal(struct child *child, struct oci_error *err);
int child_set_attributes(struct child *child, struct oci_error *err);
int child_prepare_landlock(struct child *child, struct oci_error *err);
int child_filter_early(struct child *child, struct oci_error *err);
int child_drop_privileges(struct child *child, struct oci_error *err);
int child_find_program(struct child *child, struct oci_error *err);
int child_await_start(struct child *child, struct oci_error *err);
int child_execute(struct child *child, struct oci_error *err);

/** child_close_all_but - of the fds behind those that the program gets, keep those in @kept (-1: none). */
void child_close_all_but(const struct child *child, const int *kept, size_t count);

/** child_has_start_hooks - then it says SYNC_START (once more) behind them, before it executes the program. */
bool child_has_start_hooks(const struct child *child);

/** child_need_procfs - open child->proc_fd. */
int child_need_procfs(struct child *child, struct oci_error *err);

#endif
