/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spec.h - what is wanted: a project of services, as a Compose file says it, after all defaults and short forms are resolved.
 *
 * Plain data; everything a struct points to lives in the arena that the file was read into. Conventions:
 *   string        NULL: not given
 *   time          int64_t milliseconds, _ms; -1: not given
 *   size          int64_t bytes; -1: not given or without limit
 *   processor     int64_t thousandths of a core, _milli; -1: not given
 *   array         pointer and count
 */
#ifndef CARTE_SCALE_SPEC_H
#define CARTE_SCALE_SPEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct strings {
	const char **items;
	size_t len;
};

/** struct spec_pair - environment, labels, sysctls, driver options; @value NULL: an environment variable without a value. */
struct spec_pair {
	const char *key;
	const char *value;
};

struct spec_pairs {
	struct spec_pair *items;
	size_t len;
};

enum spec_protocol { SPEC_TCP = 1, SPEC_UDP };

/** struct spec_port - one published port; ranges are expanded to one of these each. */
struct spec_port {
	enum spec_protocol protocol;
	const char *host_ip; /* NULL: all addresses of the host */
	uint16_t published;  /* 0: any free port, chosen once and kept */
	uint16_t target;
};

/** struct spec_network_use - a service's place in a network. */
struct spec_network_use {
	const char *network;    /* key in the project's networks */
	const char *ipv4;       /* fixed address; only with one replica */
	struct strings aliases; /* further host names; the service's own is implied */
};

enum spec_network_mode {
	SPEC_NET_BRIDGE, /* CNI networks, see spec_service.networks */
	SPEC_NET_NONE,
	SPEC_NET_HOST,
	SPEC_NET_CONTAINER, /* network_target: a container's or "service:NAME"'s name */
	SPEC_NET_PATH,      /* network_target: a namespace's path */
};

enum spec_mount_type { SPEC_BIND = 1, SPEC_VOLUME, SPEC_TMPFS };

/** struct spec_mount - volumes, tmpfs, configs (SPEC_BIND, read-only) and secrets (content in memory, see spec_file). */
struct spec_mount {
	enum spec_mount_type type;
	const char *
		source; /* bind: absolute path; volume: key in the project's volumes, NULL: anonymous */
	const char *target; /* absolute path in the container */
	bool read_only;
	bool create_source; /* bind: make the folder if it is missing (the short form's meaning) */
	int64_t size;       /* tmpfs */
	uint32_t mode;      /* tmpfs; 0: 01777 */
};

/** struct spec_file - a config or secret that a service sees as a file. */
struct spec_file {
	const char *name;   /* key in the project's configs or secrets */
	const char *target; /* absolute path in the container */
	uint32_t uid, gid, mode;
	bool owned; /* @uid or @gid is given, 0 too; a secret whose is not is the program's */
	bool secret;
};

/** struct spec_file_source - the project's configs and secrets. One of @path, @environment, @content. */
struct spec_file_source {
	const char *name;
	const char *path;        /* absolute, read when a replica is made */
	const char *environment; /* variable of whoever runs `up`; resolved to @content then */
	const char *content;
	bool secret;
};

struct spec_ulimit {
	const char *name; /* "nofile" */
	int64_t soft, hard;
};

enum spec_probe_kind {
	SPEC_PROBE_NONE,  /* no health check: ready once it runs */
	SPEC_PROBE_IMAGE, /* not said: the image's own, if it has one */
	SPEC_PROBE_EXEC,
	SPEC_PROBE_HTTP, /* x-carte.probe.http */
	SPEC_PROBE_TCP,  /* x-carte.probe.tcp */
};

/** struct spec_probe - healthcheck (compose), or x-carte.probe. */
struct spec_probe {
	enum spec_probe_kind kind;
	struct strings command; /* exec: argv; CMD-SHELL is { "/bin/sh", "-c", TEXT } */
	uint16_t port;          /* http, tcp */
	const char *path;       /* http: "/healthz" */
	int64_t interval_ms, timeout_ms, start_period_ms, start_interval_ms;
	int64_t retries;
};

enum spec_condition { SPEC_STARTED = 1, SPEC_HEALTHY, SPEC_COMPLETED };

struct spec_dependency {
	const char *service;
	enum spec_condition condition;
	bool restart;  /* restart me when that one is restarted by hand */
	bool optional; /* required: false */
};

enum spec_restart {
	SPEC_RESTART_NO,
	SPEC_RESTART_ALWAYS,
	SPEC_RESTART_ON_FAILURE,
	SPEC_RESTART_UNLESS_STOPPED
};

struct spec_restart_policy {
	enum spec_restart condition;
	int64_t max_attempts; /* -1: no limit */
	int64_t delay_ms; /* first back-off; doubled to 60 s, again from the start after 10 minutes of health */
	int64_t window_ms; /* how long a replica must live for a start to have succeeded; -1: not given */
};

enum spec_update_order { SPEC_STOP_FIRST, SPEC_START_FIRST };
enum spec_failure_action {
	SPEC_ON_FAILURE_PAUSE,
	SPEC_ON_FAILURE_CONTINUE,
	SPEC_ON_FAILURE_ROLLBACK
};

/** struct spec_update - deploy.update_config, deploy.rollback_config. */
struct spec_update {
	int64_t parallelism; /* 0: all at once */
	int64_t delay_ms;
	int64_t monitor_ms; /* how long a new replica is watched for failure */
	double max_failure_ratio;
	enum spec_update_order order;
	enum spec_failure_action failure_action;
};

struct spec_resources {
	int64_t cpu_milli;   /* limit; -1: none */
	int64_t memory;      /* limit */
	int64_t memory_swap; /* limit of memory and swap together; -1: as much again as memory */
	int64_t pids;        /* limit; -1: none */
	int64_t cpu_reserved_milli;
	int64_t memory_reserved;
	int64_t cpu_shares; /* -1: not given */
	const char *cpuset;
};

enum spec_scale_policy {
	SPEC_SCALE_MANUAL,
	SPEC_SCALE_TARGET,
	SPEC_SCALE_CALENDAR,
	SPEC_SCALE_PREDICT, /* target, with forecasts that only raise */
};

/** spec_scale_policies - the words, by enum spec_scale_policy; NULL at the end. */
extern const char *const spec_scale_policies[];

enum spec_metric_kind {
	SPEC_METRIC_CPU = 1, /* use / limit (or / reservation, or / one core): target in per cent */
	SPEC_METRIC_MEMORY,  /* use / limit: target in per cent */
	SPEC_METRIC_CPU_PRESSURE, /* PSI some, share of the own window: target in per cent */
	SPEC_METRIC_THROTTLED, /* throttled / all periods of the own window: target in per cent */
	SPEC_METRIC_HTTP,      /* a number that each replica serves in Prometheus text */
};

struct spec_metric {
	enum spec_metric_kind kind;
	const char *name; /* http: the metric's name, labels allowed: sessions{room="a"} */
	uint16_t port;    /* http */
	const char *path; /* http; default "/metrics" */
	double target;    /* average per ready replica */
};

/** struct spec_rate - how fast a service may grow or shrink: at most the larger of both per period. */
struct spec_rate {
	int64_t replicas; /* -1: not given */
	double percent;   /* -1: not given */
	int64_t period_ms;
};

/** struct spec_calendar - a minimum of replicas while a window is open, local time. */
struct spec_calendar {
	const char *cron; /* minute hour day month weekday: when it opens */
	int64_t duration_ms;
	int64_t min;
};

/** struct spec_predict - x-carte.scale.predict: how far forecasts are believed. */
struct spec_predict {
	bool act; /* mode act; default forecast-only: it is told and recorded, nothing more */
	double quantile;    /* upper quantile of the load that counts, 0.5 ... 0.999; 0.95 */
	int64_t horizon_ms; /* how far ahead; -1: as the measured start delay demands */
	double weight; /* load without a replica for a second costs as much as so many replica-seconds; 100 */
	int64_t churn_ms; /* a start costs as much as a replica that is ready for so long; 10000 */
	double capacity;  /* what a replica carries, per cent of its target; -1: see predict.h */
};

/** struct spec_scale - x-carte.scale. */
struct spec_scale {
	bool given;
	int64_t min, max;
	enum spec_scale_policy policy;
	struct spec_metric *metrics;
	size_t metrics_len;
	double tolerance;                     /* 0.1 */
	int64_t period_ms;                    /* between evaluations: 2000 */
	int64_t window_up_ms, window_down_ms; /* stabilisation: 0, 60000 */
	struct spec_rate up, down;
	struct spec_calendar *calendar;
	size_t calendar_len;
	int64_t drain_ms; /* no new connections, then this long before SIGTERM; -1: 0 without ports, else 2000 */
	int64_t priority;            /* the lower shrinks first when the pool is short; 0 */
	bool least_connections;      /* balance: least-connections; default round-robin */
	struct spec_predict predict; /* with policy predict */
};

struct spec_build {
	const char *context;   /* absolute */
	const char *cartefile; /* absolute; NULL: context/Cartefile */
};

struct spec_service {
	const char *name;
	const char *container_name; /* only with one replica; NULL: PROJECT-SERVICE-SLOT */
	const char *image;
	bool built; /* @build is given: `up` builds it and tags it as @image */
	struct spec_build build;
	struct strings command; /* NULL items: the image's */
	struct strings entrypoint;
	bool command_given, entrypoint_given; /* given and empty means none */
	struct spec_pairs environment;        /* env_file and environment, merged, later wins */
	struct spec_port *ports;
	size_t ports_len;
	struct spec_port *exposed; /* of expose: only for engines that need a list of inner ports */
	size_t exposed_len;
	enum spec_network_mode network_mode;
	const char *network_target;
	struct spec_network_use *networks;
	size_t networks_len;
	struct spec_mount *mounts;
	size_t mounts_len;
	struct spec_file *files;
	size_t files_len;
	const char *user, *working_dir, *hostname, *domainname;
	bool read_only, init, tty, stdin_open, privileged, no_new_privileges, seccomp_unconfined,
		oom_kill_disable;
	const char *seccomp_profile, *apparmor_profile, *selinux_label; /* security_opt */
	const char *pid_mode, *ipc_mode,
		*userns_mode; /* NULL or "host"; ipc also "shareable", "private" */
	const char *runtime;  /* another OCI runtime's name or path */
	struct strings cap_add, cap_drop, dns, dns_search, group_add, devices;
	struct spec_pairs extra_hosts; /* key: name, value: address */
	struct spec_ulimit *ulimits;
	size_t ulimits_len;
	struct spec_pairs sysctls, labels, annotations;
	struct spec_probe probe;
	struct spec_dependency *depends_on;
	size_t depends_on_len;
	struct spec_restart_policy restart;
	const char *stop_signal;         /* "SIGTERM"; NULL: the image's, or SIGTERM */
	int64_t stop_grace_ms;           /* 10000 */
	int64_t shm_size, oom_score_adj; /* -1, INT64_MIN: not given */
	int64_t log_max_size;            /* logging.options.max-size; 10 MiB */
	int64_t log_max_files;
	bool log_none;    /* logging.driver none */
	int64_t replicas; /* deploy.replicas or scale; 1 */
	struct spec_resources resources;
	struct spec_update update, rollback;
	struct spec_scale scale;
	bool remove; /* `carte run --rm`: forget it when it has ended */
};

struct spec_network {
	const char *key;
	const char *name; /* PROJECT_key; @external: as it is */
	bool external, internal;
	const char
		*driver; /* NULL or "bridge", "host", "none", or a CNI plugin's: macvlan, ipvlan */
	const char *subnet, *gateway, *ip_range; /* ipam.config[0] */
	struct spec_pairs options;
};

struct spec_volume {
	const char *key;
	const char *name; /* PROJECT_key; @external: as it is */
	bool external;
};

struct spec_project {
	const char *name;
	const char *directory;         /* of the file; relative paths have been resolved with it */
	struct spec_service *services; /* in the file's order */
	size_t services_len;
	struct spec_network *networks;
	size_t networks_len;
	struct spec_volume *volumes;
	size_t volumes_len;
	struct spec_file_source *files; /* configs and secrets */
	size_t files_len;
};

/** spec_scale_measures - does the number follow metrics? */
bool spec_scale_measures(const struct spec_scale *scale);

/** spec_first_number - replicas that a service begins with: the file's, within what is automatic about it. @calendar: the minimum of now */
unsigned spec_first_number(const struct spec_service *spec, unsigned calendar);

/** spec_service_find, spec_network_find, spec_volume_find, spec_file_find - by name or key; NULL: none. */
const struct spec_service *spec_service_find(const struct spec_project *project, const char *name);
const struct spec_network *spec_network_find(const struct spec_project *project, const char *key);
const struct spec_volume *spec_volume_find(const struct spec_project *project, const char *key);
const struct spec_file_source *spec_file_find(const struct spec_project *project, const char *name,
					      bool secret);

/** spec_whole_cpu - what 100 per cent of the metric cpu are, in thousandths of a core: the limit, else what is reserved, else a core. */
int64_t spec_whole_cpu(const struct spec_service *service);

#endif
