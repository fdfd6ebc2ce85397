/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plan.h - what criu is to be told about a container, as plain data.
 *
 * Filled from config.json, the container's and the host's mountinfo and the
 * descriptors of its first process; nothing here knows criu's protocol.
 */
#ifndef CARTE_RUNTIME_CHECKPOINT_PLAN_H
#define CARTE_RUNTIME_CHECKPOINT_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include <ocispec-lite/arena.h>
#include <ocispec-lite/runtime.h>

struct cgroup;
struct cr_options;
struct ns_plan;
struct oci_error;
struct rootfs;

enum cr_action {
	CR_DUMP,
	CR_PRE_DUMP,
	CR_RESTORE,
};

/** struct cr_pair - mounts: identifier and path; joined namespaces: kind and path; cgroup roots: controller and path. */
struct cr_pair {
	char *key;
	char *value;
};

struct cr_pairs {
	struct cr_pair *items;
	size_t len, room;
};

/** struct cr_fd - a descriptor that stands for something outside: "pipe:[12]", "file[1a:2b]", "extRootNetNS". */
struct cr_fd {
	int fd;
	char *key;
};

#define CR_FDS_MAX 8

struct cr_plan {
	enum cr_action action;
	const struct cr_options *options;
	int images_fd;
	int work_fd;
	const char *log_file;    /* in the work folder */
	const char *root;        /* of the container, on the host */
	const char *config_file; /* criu's own settings; NULL: none */
	const char *
		freeze_cgroup; /* absolute path on the host; NULL: processes are stopped one by one */
	pid_t pid;             /* dump: the container's init */
	struct cr_pairs
		mounts; /* external mounts. Dump: mount point, identifier; restore: identifier, path */
	struct cr_pairs external;     /* dump: resource with identifier in key */
	struct cr_pairs joins;        /* restore: namespaces that are there already */
	struct cr_pairs cgroup_roots; /* restore: where the container's cgroups are now */
	struct cr_fd fds[CR_FDS_MAX]; /* restore */
	size_t fds_len;
};

int cr_pairs_add(struct oci_arena *arena, struct cr_pairs *pairs, const char *key,
		 const char *value, struct oci_error *err);

/** cr_fds_add - @key is kept, not copied. */
int cr_fds_add(struct cr_plan *plan, int fd, char *key, struct oci_error *err);

/** struct cr_mount - a line of mountinfo(5). */
struct cr_mount {
	unsigned id;
	char *root;  /* in its file system */
	char *point; /* where it is mounted */
	char *type;
};

struct cr_mounts {
	struct cr_mount *items;
	size_t len;
};

/** cr_mounts_parse - @text is changed, and the result points into it. */
int cr_mounts_parse(struct oci_arena *arena, char *text, struct cr_mounts *ret,
		    struct oci_error *err);

/** cr_mounts_read - of a process; 0: our own. */
int cr_mounts_read(struct oci_arena *arena, pid_t pid, struct cr_mounts *ret,
		   struct oci_error *err);

/** struct cr_place - where a container's mounts are looked up. */
struct cr_place {
	const struct oci_config *config;
	const struct rootfs *rootfs;
	const struct cgroup *cgroup;
	int root_fd;                     /* dump: its root as it runs; restore: the root folder */
	const struct cr_mounts *inside;  /* dump: the container's mounts; NULL for restore */
	const struct cr_mounts *outside; /* the host's */
};

/**
 * cr_plan_mounts - every mount whose source is not the container's own: binds, with the mounts that came along below
 * them, device nodes, masked files, cgroups bound from the host's hierarchies.
 */
int cr_plan_mounts(struct oci_arena *arena, const struct cr_place *place, struct cr_plan *plan,
		   struct oci_error *err);

/**
 * cr_plan_namespaces - dump: network and pid namespaces joined by path are told to be external; restore: those are
 * inherited by descriptor (opened here, owned by the caller), the others joined by name.
 */
int cr_plan_namespaces(struct oci_arena *arena, const struct ns_plan *ns, struct cr_plan *plan,
		       struct oci_error *err);

/** cr_plan_freezer - the container's cgroup to be frozen while it is dumped, or NULL in the plan. */
int cr_plan_freezer(struct oci_arena *arena, const struct cgroup *cgroup, struct cr_plan *plan,
		    struct oci_error *err);

/**
 * cr_plan_cgroup_roots - @text: /proc/PID/cgroup of criu, which stands in the container's cgroups.
 */
int cr_plan_cgroup_roots(struct oci_arena *arena, char *text, struct cr_plan *plan,
			 struct oci_error *err);

/** cr_plan_config_file - annotation org.criu.config, else the runtime's own in /etc/criu. */
void cr_plan_config_file(const struct oci_config *config, struct cr_plan *plan);

#endif
