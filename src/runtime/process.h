/* SPDX-License-Identifier: Apache-2.0 */
/*
 * process.h - what the container's process is given before it is executed.
 *
 * process_plan checks and converts the process object once, in the parent
 * (names to numbers, lists to masks); the process_set_* functions are the
 * child's steps, for create and exec alike. They use no heap, so they may run in a
 * child cloned from a threaded parent.
 */
#ifndef CARTE_RUNTIME_PROCESS_H
#define CARTE_RUNTIME_PROCESS_H

#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

#include <ocispec-lite/runtime.h>

struct process_caps {
	uint64_t bounding;
	uint64_t permitted;
	uint64_t effective;
	uint64_t inheritable;
	uint64_t ambient;
};

struct process_rlimit {
	int resource;
	struct rlimit limit;
};

/* struct sched_attr of sched_setattr(2), which Debian 12's libc lacks */
struct process_sched {
	uint32_t size;
	uint32_t policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime;
	uint64_t deadline;
	uint64_t period;
	uint32_t util_min;
	uint32_t util_max;
};

struct process_mempolicy {
	int mode;                /* MPOL_* with MPOL_F_* or'ed in */
	unsigned long nodes[16]; /* 1024 nodes */
};

struct process_plan {
	const char *where; /* document path prefix for messages: "process" or "" */
	char **args;       /* NULL-terminated */
	char **env;        /* NULL-terminated, duplicates removed (the last one counts) */
	size_t env_len;
	size_t env_size; /* entries that env has room for, the final NULL not counted */
	char *home;      /* room for "HOME=..." of process_set_home, or NULL: HOME is set */
	const char *cwd;
	uid_t uid;
	gid_t gid;
	gid_t *groups;
	size_t groups_len;
	int umask;     /* -1: leave */
	bool has_caps; /* false: process.capabilities is absent, all sets empty */
	struct process_caps caps;
	struct process_rlimit *rlimits;
	size_t rlimits_len;
	bool no_new_privileges;
	bool terminal;
	unsigned short rows; /* 0: unknown */
	unsigned short columns;
	bool has_oom_score_adj;
	int oom_score_adj;
	const struct process_sched *sched; /* NULL: leave */
	int ioprio;                        /* ioprio_set(2) value, -1: leave */
	cpu_set_t *affinity_initial;       /* execCPUAffinity, exec only; NULL: leave */
	cpu_set_t *affinity_final;
	size_t affinity_size;                      /* bytes of each */
	long personality;                          /* personality(2) value, -1: leave */
	const struct process_mempolicy *mempolicy; /* NULL: leave */
	const char *apparmor;                      /* NULL or "": leave */
	const char *selinux;
};

/**
 * process_plan - from config.json's process (and linux.personality, linux.memoryPolicy).
 * @linux_: NULL for exec
 * @where: document path prefix for messages: "process" or ""
 */
int process_plan(struct oci_arena *arena, const struct oci_process *process,
		 const struct oci_linux *linux_, const char *where, struct process_plan **ret,
		 struct oci_error *err);

/** Room for entries that process_env_set adds behind the config's own. */
#define PROCESS_ENV_SPARE 8

/**
 * process_env_set - add "NAME=VALUE", or put it in the place of the entry of that name. For what the runtime itself
 * adds (LISTEN_FDS, NOTIFY_SOCKET): at most PROCESS_ENV_SPARE new names.
 * @entry: must live as long as the plan
 */
int process_env_set(struct process_plan *plan, char *entry, struct oci_error *err);

/** process_env_get - the value of a variable of the plan, or NULL. */
const char *process_env_get(const struct process_plan *plan, const char *name);

/* The child's steps, in the order in which a child calls them. Each does nothing where the plan asks nothing. */
int process_set_affinity(const struct process_plan *plan, bool final, struct oci_error *err);
int process_set_oom_score_adj(const struct process_plan *plan, int procfd, struct oci_error *err);
/**
 * process_set_oom_score_adj_of - the same from outside, for a process that will not be allowed to (user namespaces).
 * @pid: 0: the caller
 * @lenient: rootless: a value that we may not set is left as it is, as runc does
 */
int process_set_oom_score_adj_of(const struct process_plan *plan, int procfd, pid_t pid,
				 bool lenient, struct oci_error *err);
int process_set_scheduler(const struct process_plan *plan, struct oci_error *err);
int process_set_ioprio(const struct process_plan *plan, struct oci_error *err);
int process_set_rlimits(const struct process_plan *plan, pid_t pid,
			struct oci_error *err); /* prlimit; pid 0: itself */
int process_set_mempolicy(const struct process_plan *plan, struct oci_error *err);
int process_set_personality(const struct process_plan *plan, struct oci_error *err);
/** process_set_keyring - a new session keyring "_ses.ID", readable and searchable by the container's root. */
int process_set_keyring(const char *id, const char *selinux_label, struct oci_error *err);
/** process_set_lsm - AppArmor and SELinux exec labels, through the private procfs. */
int process_set_lsm(const struct process_plan *plan, int procfd, struct oci_error *err);
int process_set_no_new_privs(const struct process_plan *plan, struct oci_error *err);
/** process_drop_bounding - leave only caps.bounding in the bounding set. */
int process_drop_bounding(const struct process_plan *plan, struct oci_error *err);
/**
 * process_set_user - groups, gid, uid, umask; capabilities are kept for process_set_caps.
 * @deny_setgroups: /proc/PID/setgroups says deny: additional groups must be none
 */
int process_set_user(const struct process_plan *plan, bool deny_setgroups, struct oci_error *err);
/** process_set_caps - the final five sets, ambient last. */
int process_set_caps(const struct process_plan *plan, struct oci_error *err);
/**
 * process_set_cwd - chdir and then check that getcwd is below "/" (CVE-2024-21626). Made when missing, as runc does,
 * with the user's ownership. Called before the user changes, and again after it when that failed with EACCES.
 */
int process_set_cwd(const struct process_plan *plan, bool create, struct oci_error *err);
/**
 * process_set_home - HOME=... from the container's /etc/passwd when unset or empty, numeric uid only. Changes plan->env
 * in memory reserved by process_plan.
 */
int process_set_home(struct process_plan *plan, struct oci_error *err);
/**
 * process_find_executable - resolve args[0] in the container: with a slash as it is (relative to cwd), else through the
 * container's PATH.
 * @ret_path: in @buf
 * Errors carry the texts that engines match:
 * `exec: "foo": executable file not found in $PATH`, `exec: "/x": stat /x: no such file or directory`,
 * `exec: "/proc": is a directory: permission denied`, `exec: "/etc/passwd": permission denied`
 */
int process_find_executable(const struct process_plan *plan, char *buf, size_t size,
			    const char **ret_path, struct oci_error *err);

/**
 * process_exec - execve; comes back only on failure: `exec: "/x": exec format error`, also ENOENT of a script's
 * interpreter.
 */
int process_exec(const struct process_plan *plan, const char *path, struct oci_error *err);

#endif
