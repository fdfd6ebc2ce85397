/* SPDX-License-Identifier: Apache-2.0 */
/*
 * run.h - what `carte run` was told, and the project document that it makes of it.
 */
#ifndef CARTE_CLI_RUN_H
#define CARTE_CLI_RUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <yajl/yajl_gen.h>

#include "base/opts.h"

struct oci_arena;
struct oci_error;

#define RUN_PROJECT "default"

/** struct run_args - the options as they were given; NULL and false: not given. */
struct run_args {
	bool detach, publish_all, remove, interactive, tty, read_only, init, privileged,
		no_healthcheck, oom_kill_disable;
	const char *name, *hostname, *domainname, *ip, *memory, *memory_swap, *memory_reservation,
		*cpus, *cpu_shares, *cpuset, *pids_limit, *user, *workdir, *restart, *stop_signal,
		*stop_timeout, *shm_size, *cidfile, *pid, *ipc, *userns, *runtime, *oom_score_adj,
		*log_driver;
	const char *health_cmd, *health_interval, *health_timeout, *health_retries,
		*health_start_period, *health_start_interval;
	struct opt_list env, env_file, publish, volume, mount, network, network_alias, tmpfs,
		cap_add, cap_drop, security_opt, ulimit, sysctl, device, label, add_host, dns,
		dns_search, log_opt, group_add, annotation;
	struct opt_list entrypoint; /* a list, for an empty one is not the same as none */
};

/** run_document - the project's document (compose_load reads it), with the one service @name. Text lives as long as @gen. */
int run_document(const struct run_args *args, const char *name, char **command, int count,
		 yajl_gen gen, struct oci_arena *arena, const char **ret_text, size_t *ret_length,
		 struct oci_error *err);

/* ---- parts, in files of their own ---------------------------------------------------------------------------------- */

/** struct run_mount - one of -v, --mount, --tmpfs. */
struct run_mount {
	enum { RUN_BIND, RUN_VOLUME, RUN_TMPFS } type;
	const char *source; /* NULL: an anonymous volume */
	const char *target;
	bool read_only, create_source;
	int64_t size;     /* -1 */
	const char *mode; /* octal, NULL */
};

/** run_volume - SOURCE:TARGET[:OPTIONS] or TARGET; run_mount - type=...,...; run_tmpfs - TARGET[:OPTIONS]. Text in @arena. */
int run_volume(const char *text, struct oci_arena *arena, struct run_mount *ret,
	       struct oci_error *err);
int run_mount(const char *text, struct oci_arena *arena, struct run_mount *ret,
	      struct oci_error *err);
int run_tmpfs(const char *text, struct oci_arena *arena, struct run_mount *ret,
	      struct oci_error *err);

/** struct run_ports - one -p: @count ports from @published (0: any free ones) to @target. */
struct run_ports {
	const char *host_ip; /* NULL */
	unsigned published, target, count;
	bool udp;
};

int run_ports(const char *text, struct oci_arena *arena, struct run_ports *ret,
	      struct oci_error *err);

/** run_put_ports - "ports" of the service: what -p says, then with -P what else @image exposes. */
int run_put_ports(const struct run_args *args, const char *image, yajl_gen gen,
		  struct oci_arena *arena, struct oci_error *err);

/** struct run_env - NAME=VALUE pairs; a later one of the same name wins. In an arena. */
struct run_env {
	const char **names, **values;
	size_t len;
};

/** run_env - --env-file, then --env; a name alone is given the value that it has here, or left out. */
int run_env(const struct run_args *args, struct oci_arena *arena, struct run_env *ret,
	    struct oci_error *err);

#endif
