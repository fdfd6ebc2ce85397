/* SPDX-License-Identifier: Apache-2.0 */
/*
 * runtime.h - the documents of the OCI runtime specification 1.3 as C structs.
 *
 * Names are the spec's own, in snake case. Everything a struct points to
 * lives in the arena that the document was parsed into. Conventions:
 *   string        NULL when absent
 *   number, bool  struct oci_i64, oci_u64, oci_u32, oci_bool: .present and .value
 *   enumeration   0 when absent; values in the order of the spec
 *   array         pointer and NAME_len; string arrays are NULL-terminated too
 *   map           array of key and value, in document order
 *   object        pointer, NULL when absent
 */
#ifndef OCISPEC_LITE_RUNTIME_H
#define OCISPEC_LITE_RUNTIME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ocispec-lite/arena.h>
#include <ocispec-lite/error.h>

#ifdef __cplusplus
extern "C" {
#endif

#define OCI_RUNTIME_SPEC_VERSION "1.3.0"

struct oci_bool {
	bool present;
	bool value;
};

struct oci_u32 {
	bool present;
	uint32_t value;
};

struct oci_i64 {
	bool present;
	int64_t value;
};

struct oci_u64 {
	bool present;
	uint64_t value;
};

/** struct oci_pair - an entry of a string map (annotations, sysctl, unified). */
struct oci_pair {
	char *key;
	char *value;
};

/* ---- process (config.md#process) ---------------------------------------- */

struct oci_box {
	struct oci_u64 height; /* rows */
	struct oci_u64 width;  /* columns */
};

struct oci_user {
	struct oci_u32 uid;
	struct oci_u32 gid;
	struct oci_u32 umask;
	uint32_t *additional_gids;
	size_t additional_gids_len;
	char *username; /* Windows only */
};

struct oci_capabilities {
	char **bounding;
	size_t bounding_len;
	char **permitted;
	size_t permitted_len;
	char **effective;
	size_t effective_len;
	char **inheritable;
	size_t inheritable_len;
	char **ambient;
	size_t ambient_len;
};

struct oci_rlimit {
	char *type; /* RLIMIT_NOFILE, ... */
	struct oci_u64 soft;
	struct oci_u64 hard;
};

enum oci_sched_policy {
	OCI_SCHED_NONE = 0,
	OCI_SCHED_OTHER,
	OCI_SCHED_FIFO,
	OCI_SCHED_RR,
	OCI_SCHED_BATCH,
	OCI_SCHED_ISO,
	OCI_SCHED_IDLE,
	OCI_SCHED_DEADLINE,
};

enum oci_sched_flag {
	OCI_SCHED_FLAG_NONE = 0,
	OCI_SCHED_FLAG_RESET_ON_FORK,
	OCI_SCHED_FLAG_RECLAIM,
	OCI_SCHED_FLAG_DL_OVERRUN,
	OCI_SCHED_FLAG_KEEP_POLICY,
	OCI_SCHED_FLAG_KEEP_PARAMS,
	OCI_SCHED_FLAG_UTIL_CLAMP_MIN,
	OCI_SCHED_FLAG_UTIL_CLAMP_MAX,
};

struct oci_scheduler {
	enum oci_sched_policy policy;
	struct oci_i64 nice;
	struct oci_i64 priority;
	int *flags; /* enum oci_sched_flag */
	size_t flags_len;
	struct oci_u64 runtime;  /* ns */
	struct oci_u64 deadline; /* ns */
	struct oci_u64 period;   /* ns */
};

enum oci_io_priority_class {
	OCI_IOPRIO_CLASS_NONE = 0,
	OCI_IOPRIO_CLASS_RT,
	OCI_IOPRIO_CLASS_BE,
	OCI_IOPRIO_CLASS_IDLE,
};

struct oci_io_priority {
	enum oci_io_priority_class class_;
	struct oci_i64 priority;
};

struct oci_exec_cpu_affinity {
	char *initial; /* cpu list, "0-3,7" */
	char *final_;
};

/** struct oci_process - config.md#process; also the document of `exec --process`. */
struct oci_process {
	struct oci_bool terminal;
	struct oci_box *console_size;
	struct oci_user *user;
	char **args;
	size_t args_len;
	char *command_line; /* Windows only */
	char **env;
	size_t env_len;
	char *cwd;
	struct oci_capabilities *capabilities;
	struct oci_rlimit *rlimits;
	size_t rlimits_len;
	struct oci_bool no_new_privileges;
	char *apparmor_profile;
	struct oci_i64 oom_score_adj;
	struct oci_scheduler *scheduler;
	char *selinux_label;
	struct oci_io_priority *io_priority;
	struct oci_exec_cpu_affinity *exec_cpu_affinity;
};

/* ---- mounts, root, hooks (config.md) ------------------------------------ */

struct oci_root {
	char *path;
	struct oci_bool readonly;
};

struct oci_id_mapping {
	struct oci_u32 container_id;
	struct oci_u32 host_id;
	struct oci_u32 size;
};

struct oci_mount {
	char *destination;
	char *type;
	char *source;
	char **options;
	size_t options_len;
	struct oci_id_mapping *uid_mappings;
	size_t uid_mappings_len;
	struct oci_id_mapping *gid_mappings;
	size_t gid_mappings_len;
};

struct oci_hook {
	char *path;
	char **args; /* argv, args[0] included; may be NULL */
	size_t args_len;
	char **env;
	size_t env_len;
	struct oci_i64 timeout; /* s */
};

struct oci_hooks {
	struct oci_hook *prestart;
	size_t prestart_len;
	struct oci_hook *create_runtime;
	size_t create_runtime_len;
	struct oci_hook *create_container;
	size_t create_container_len;
	struct oci_hook *start_container;
	size_t start_container_len;
	struct oci_hook *poststart;
	size_t poststart_len;
	struct oci_hook *poststop;
	size_t poststop_len;
};

/* ---- linux (config-linux.md) -------------------------------------------- */

enum oci_namespace_type {
	OCI_NS_NONE = 0,
	OCI_NS_MOUNT,
	OCI_NS_PID,
	OCI_NS_NETWORK,
	OCI_NS_UTS,
	OCI_NS_IPC,
	OCI_NS_USER,
	OCI_NS_CGROUP,
	OCI_NS_TIME,
};

struct oci_namespace {
	enum oci_namespace_type type;
	char *path; /* NULL: a new one */
};

struct oci_device {
	char *type; /* "c", "b", "u" or "p" */
	char *path;
	struct oci_i64 major;
	struct oci_i64 minor;
	struct oci_u32 file_mode; /* may carry S_IFMT bits, mask with 07777 */
	struct oci_u32 uid;
	struct oci_u32 gid;
};

struct oci_net_device {
	char *key;  /* name on the host */
	char *name; /* name in the container, NULL: the same */
};

struct oci_device_rule {
	struct oci_bool allow;
	char *type;           /* "a", "c", "b"; NULL is "a" */
	struct oci_i64 major; /* absent or -1: any */
	struct oci_i64 minor;
	char *access; /* of "rwm" */
};

struct oci_memory {
	struct oci_i64 limit;       /* bytes; -1 unlimited */
	struct oci_i64 reservation; /* bytes */
	struct oci_i64 swap;        /* bytes, memory plus swap */
	struct oci_i64 kernel;
	struct oci_i64 kernel_tcp;
	struct oci_u64 swappiness; /* 0..100 */
	struct oci_bool disable_oom_killer;
	struct oci_bool use_hierarchy;
	struct oci_bool check_before_update;
};

struct oci_cpu {
	struct oci_u64 shares;
	struct oci_i64 quota;  /* us */
	struct oci_u64 burst;  /* us */
	struct oci_u64 period; /* us */
	struct oci_i64 realtime_runtime;
	struct oci_u64 realtime_period;
	char *cpus;
	char *mems;
	struct oci_i64 idle;
};

struct oci_pids {
	struct oci_i64 limit; /* -1 or 0: unlimited, see config-linux.md#pids */
};

struct oci_weight_device {
	struct oci_i64 major;
	struct oci_i64 minor;
	struct oci_u32 weight;
	struct oci_u32 leaf_weight;
};

struct oci_throttle_device {
	struct oci_i64 major;
	struct oci_i64 minor;
	struct oci_u64 rate;
};

struct oci_block_io {
	struct oci_u32 weight;
	struct oci_u32 leaf_weight;
	struct oci_weight_device *weight_device;
	size_t weight_device_len;
	struct oci_throttle_device *throttle_read_bps_device;
	size_t throttle_read_bps_device_len;
	struct oci_throttle_device *throttle_write_bps_device;
	size_t throttle_write_bps_device_len;
	struct oci_throttle_device *throttle_read_iops_device;
	size_t throttle_read_iops_device_len;
	struct oci_throttle_device *throttle_write_iops_device;
	size_t throttle_write_iops_device_len;
};

struct oci_hugepage_limit {
	char *page_size;      /* "2MB" */
	struct oci_u64 limit; /* bytes */
};

struct oci_interface_priority {
	char *name;
	struct oci_u32 priority;
};

struct oci_network {
	struct oci_u32 class_id;
	struct oci_interface_priority *priorities;
	size_t priorities_len;
};

struct oci_rdma {
	char *key; /* device name */
	struct oci_u32 hca_handles;
	struct oci_u32 hca_objects;
};

/** struct oci_resources - config-linux.md#control-groups; also the document of `update`. */
struct oci_resources {
	struct oci_device_rule *devices;
	size_t devices_len;
	struct oci_memory *memory;
	struct oci_cpu *cpu;
	struct oci_pids *pids;
	struct oci_block_io *block_io;
	struct oci_hugepage_limit *hugepage_limits;
	size_t hugepage_limits_len;
	struct oci_network *network;
	struct oci_rdma *rdma;
	size_t rdma_len;
	struct oci_pair *unified;
	size_t unified_len;
};

enum oci_seccomp_action {
	OCI_SECCOMP_ACT_NONE = 0,
	OCI_SECCOMP_ACT_KILL,
	OCI_SECCOMP_ACT_KILL_PROCESS,
	OCI_SECCOMP_ACT_KILL_THREAD,
	OCI_SECCOMP_ACT_TRAP,
	OCI_SECCOMP_ACT_ERRNO,
	OCI_SECCOMP_ACT_TRACE,
	OCI_SECCOMP_ACT_ALLOW,
	OCI_SECCOMP_ACT_LOG,
	OCI_SECCOMP_ACT_NOTIFY,
};

enum oci_seccomp_op {
	OCI_SECCOMP_OP_NONE = 0,
	OCI_SECCOMP_CMP_NE,
	OCI_SECCOMP_CMP_LT,
	OCI_SECCOMP_CMP_LE,
	OCI_SECCOMP_CMP_EQ,
	OCI_SECCOMP_CMP_GE,
	OCI_SECCOMP_CMP_GT,
	OCI_SECCOMP_CMP_MASKED_EQ,
};

enum oci_seccomp_flag {
	OCI_SECCOMP_FLAG_NONE = 0,
	OCI_SECCOMP_FLAG_TSYNC,
	OCI_SECCOMP_FLAG_LOG,
	OCI_SECCOMP_FLAG_SPEC_ALLOW,
	OCI_SECCOMP_FLAG_WAIT_KILLABLE_RECV,
};

/* SCMP_ARCH_*, in the order of config-linux.md#seccomp */
enum oci_seccomp_arch {
	OCI_SECCOMP_ARCH_NONE = 0,
	OCI_SECCOMP_ARCH_X86,
	OCI_SECCOMP_ARCH_X86_64,
	OCI_SECCOMP_ARCH_X32,
	OCI_SECCOMP_ARCH_ARM,
	OCI_SECCOMP_ARCH_AARCH64,
	OCI_SECCOMP_ARCH_LOONGARCH64,
	OCI_SECCOMP_ARCH_M68K,
	OCI_SECCOMP_ARCH_MIPS,
	OCI_SECCOMP_ARCH_MIPS64,
	OCI_SECCOMP_ARCH_MIPS64N32,
	OCI_SECCOMP_ARCH_MIPSEL,
	OCI_SECCOMP_ARCH_MIPSEL64,
	OCI_SECCOMP_ARCH_MIPSEL64N32,
	OCI_SECCOMP_ARCH_PPC,
	OCI_SECCOMP_ARCH_PPC64,
	OCI_SECCOMP_ARCH_PPC64LE,
	OCI_SECCOMP_ARCH_S390,
	OCI_SECCOMP_ARCH_S390X,
	OCI_SECCOMP_ARCH_SH,
	OCI_SECCOMP_ARCH_SHEB,
	OCI_SECCOMP_ARCH_PARISC,
	OCI_SECCOMP_ARCH_PARISC64,
	OCI_SECCOMP_ARCH_RISCV64,
};

struct oci_seccomp_arg {
	struct oci_u32 index;
	struct oci_u64 value;
	struct oci_u64 value_two;
	enum oci_seccomp_op op;
};

struct oci_seccomp_rule {
	char **names;
	size_t names_len;
	enum oci_seccomp_action action;
	struct oci_u32 errno_ret;
	struct oci_seccomp_arg *args;
	size_t args_len;
};

struct oci_seccomp {
	enum oci_seccomp_action default_action;
	struct oci_u32 default_errno_ret;
	int *architectures; /* enum oci_seccomp_arch */
	size_t architectures_len;
	int *flags; /* enum oci_seccomp_flag */
	size_t flags_len;
	char *listener_path;
	char *listener_metadata;
	struct oci_seccomp_rule *syscalls;
	size_t syscalls_len;
};

struct oci_intel_rdt {
	char *clos_id;
	char **schemata;
	size_t schemata_len;
	char *l3_cache_schema;
	char *mem_bw_schema;
	struct oci_bool enable_monitoring;
};

enum oci_mempolicy_mode {
	OCI_MPOL_NONE = 0,
	OCI_MPOL_DEFAULT,
	OCI_MPOL_BIND,
	OCI_MPOL_INTERLEAVE,
	OCI_MPOL_WEIGHTED_INTERLEAVE,
	OCI_MPOL_PREFERRED,
	OCI_MPOL_PREFERRED_MANY,
	OCI_MPOL_LOCAL,
};

enum oci_mempolicy_flag {
	OCI_MPOL_F_NONE = 0,
	OCI_MPOL_F_NUMA_BALANCING,
	OCI_MPOL_F_RELATIVE_NODES,
	OCI_MPOL_F_STATIC_NODES,
};

struct oci_memory_policy {
	enum oci_mempolicy_mode mode;
	char *nodes;
	int *flags; /* enum oci_mempolicy_flag */
	size_t flags_len;
};

enum oci_personality_domain {
	OCI_PERSONALITY_NONE = 0,
	OCI_PERSONALITY_LINUX,
	OCI_PERSONALITY_LINUX32,
};

struct oci_personality {
	enum oci_personality_domain domain;
	char **flags;
	size_t flags_len;
};

struct oci_time_offset {
	struct oci_i64 secs;
	struct oci_u32 nanosecs;
};

struct oci_time_offsets {
	struct oci_time_offset *boottime;
	struct oci_time_offset *monotonic;
};

enum oci_propagation {
	OCI_PROPAGATION_NONE = 0,
	OCI_PROPAGATION_PRIVATE,
	OCI_PROPAGATION_SHARED,
	OCI_PROPAGATION_SLAVE,
	OCI_PROPAGATION_UNBINDABLE,
	/* accepted by runc and crun too, though the schema does not list them */
	OCI_PROPAGATION_RPRIVATE,
	OCI_PROPAGATION_RSHARED,
	OCI_PROPAGATION_RSLAVE,
	OCI_PROPAGATION_RUNBINDABLE,
};

struct oci_linux {
	struct oci_id_mapping *uid_mappings;
	size_t uid_mappings_len;
	struct oci_id_mapping *gid_mappings;
	size_t gid_mappings_len;
	struct oci_pair *sysctl;
	size_t sysctl_len;
	struct oci_resources *resources;
	char *cgroups_path;
	struct oci_namespace *namespaces;
	size_t namespaces_len;
	struct oci_device *devices;
	size_t devices_len;
	struct oci_net_device *net_devices;
	size_t net_devices_len;
	struct oci_seccomp *seccomp;
	enum oci_propagation rootfs_propagation;
	char **masked_paths;
	size_t masked_paths_len;
	char **readonly_paths;
	size_t readonly_paths_len;
	char *mount_label;
	struct oci_intel_rdt *intel_rdt;
	struct oci_memory_policy *memory_policy;
	struct oci_personality *personality;
	struct oci_time_offsets *time_offsets;
};

/** struct oci_config - config.json of a bundle (config.md). */
struct oci_config {
	char *oci_version;
	struct oci_root *root;
	struct oci_mount *mounts;
	size_t mounts_len;
	struct oci_process *process;
	char *hostname;
	char *domainname;
	struct oci_hooks *hooks;
	struct oci_pair *annotations;
	size_t annotations_len;
	struct oci_linux *linux_; /* `linux` is a macro of GNU C */
};

/* ---- state (runtime.md#state) ------------------------------------------- */

enum oci_status {
	OCI_STATUS_NONE = 0,
	OCI_STATUS_CREATING,
	OCI_STATUS_CREATED,
	OCI_STATUS_RUNNING,
	OCI_STATUS_STOPPED,
	OCI_STATUS_PAUSED, /* not in the spec; every runtime has it */
};

/** struct oci_state - what hooks read on stdin and `state` prints. */
struct oci_state {
	char *oci_version;
	char *id;
	enum oci_status status;
	struct oci_i64 pid;
	char *bundle;
	char *rootfs;  /* not in the spec; absolute; BuildKit reads it */
	char *created; /* not in the spec; RFC 3339; CRI-O reads it */
	char *owner;   /* not in the spec; runc prints it */
	struct oci_pair *annotations;
	size_t annotations_len;
};

/** struct oci_process_state - what a seccomp agent receives (config-linux.md#containerprocessstate). */
struct oci_process_state {
	char *oci_version;
	char **fds;
	size_t fds_len;
	struct oci_i64 pid;
	char *metadata;
	struct oci_state *state;
};

/* ---- features (features.md, features-linux.md) -------------------------- */

struct oci_features_cgroup {
	struct oci_bool v1;
	struct oci_bool v2;
	struct oci_bool systemd;
	struct oci_bool systemd_user;
	struct oci_bool rdma;
};

struct oci_features_seccomp {
	struct oci_bool enabled;
	char **actions;
	size_t actions_len;
	char **operators;
	size_t operators_len;
	char **archs;
	size_t archs_len;
	char **known_flags;
	size_t known_flags_len;
	char **supported_flags;
	size_t supported_flags_len;
};

/** struct oci_features_enabled - {"enabled": bool}: apparmor, selinux, intelRdt, idmap, netDevices */
struct oci_features_enabled {
	struct oci_bool enabled;
};

struct oci_features_mount_extensions {
	struct oci_features_enabled *idmap;
};

struct oci_features_intel_rdt {
	struct oci_bool enabled;
	struct oci_bool schemata;
	struct oci_bool monitoring;
};

struct oci_features_memory_policy {
	char **modes;
	size_t modes_len;
	char **flags;
	size_t flags_len;
};

struct oci_features_linux {
	char **namespaces;
	size_t namespaces_len;
	char **capabilities;
	size_t capabilities_len;
	struct oci_features_cgroup *cgroup;
	struct oci_features_seccomp *seccomp;
	struct oci_features_enabled *apparmor;
	struct oci_features_enabled *selinux;
	struct oci_features_intel_rdt *intel_rdt;
	struct oci_features_memory_policy *memory_policy;
	struct oci_features_mount_extensions *mount_extensions;
	struct oci_features_enabled *net_devices;
};

struct oci_features {
	char *oci_version_min;
	char *oci_version_max;
	char **hooks;
	size_t hooks_len;
	char **mount_options;
	size_t mount_options_len;
	struct oci_features_linux *linux_;
	struct oci_pair *annotations;
	size_t annotations_len;
	char **potentially_unsafe_config_annotations;
	size_t potentially_unsafe_config_annotations_len;
};

/* ---- reading and writing ------------------------------------------------ */

#define OCI_EMIT_INDENT 1u /* two spaces and newlines, for people; else one line without spaces */

/**
 * oci_config_parse, oci_process_parse, oci_resources_parse, oci_state_parse,
 * oci_process_state_parse, oci_features_parse - read one JSON document.
 * @arena: owns all that *ret points to
 * @name: what messages call the document, e.g. "config.json"
 * @text: @length bytes, need not be NUL-terminated; at most 16 MiB
 * @ret: written only on success
 *
 * Validates as it reads: types, ranges, enumerations, patterns, required
 * members, duplicate keys, UTF-8, nesting. Unknown members are skipped, as
 * the spec demands (config.md#extensibility); JSON null stands for an absent
 * member.
 *
 * Return: 0, or -errno with a message such as
 * "config.json: linux.resources.memory.limit: expected integer, got string".
 */
int oci_config_parse(struct oci_arena *arena, const char *name, const char *text, size_t length,
		     struct oci_config **ret, struct oci_error *err);
int oci_process_parse(struct oci_arena *arena, const char *name, const char *text, size_t length,
		      struct oci_process **ret, struct oci_error *err);
int oci_resources_parse(struct oci_arena *arena, const char *name, const char *text, size_t length,
			struct oci_resources **ret, struct oci_error *err);
int oci_state_parse(struct oci_arena *arena, const char *name, const char *text, size_t length,
		    struct oci_state **ret, struct oci_error *err);
int oci_process_state_parse(struct oci_arena *arena, const char *name, const char *text,
			    size_t length, struct oci_process_state **ret, struct oci_error *err);
int oci_features_parse(struct oci_arena *arena, const char *name, const char *text, size_t length,
		       struct oci_features **ret, struct oci_error *err);

/** oci_mounts_parse - the same of a list of mounts by itself: [{"destination": "/x", ...}, ...] */
int oci_mounts_parse(struct oci_arena *arena, const char *name, const char *text, size_t length,
		     struct oci_mount **ret, size_t *ret_length, struct oci_error *err);

/**
 * oci_config_emit, ... - write a document as JSON.
 * @flags: OCI_EMIT_INDENT or 0
 * @ret_text: malloc'ed, NUL-terminated, ends in a newline when indented; the
 *            caller frees it
 */
int oci_config_emit(const struct oci_config *config, unsigned flags, char **ret_text,
		    size_t *ret_length, struct oci_error *err);
int oci_process_emit(const struct oci_process *process, unsigned flags, char **ret_text,
		     size_t *ret_length, struct oci_error *err);
int oci_resources_emit(const struct oci_resources *resources, unsigned flags, char **ret_text,
		       size_t *ret_length, struct oci_error *err);
int oci_state_emit(const struct oci_state *state, unsigned flags, char **ret_text,
		   size_t *ret_length, struct oci_error *err);
int oci_process_state_emit(const struct oci_process_state *state, unsigned flags, char **ret_text,
			   size_t *ret_length, struct oci_error *err);
int oci_features_emit(const struct oci_features *features, unsigned flags, char **ret_text,
		      size_t *ret_length, struct oci_error *err);

/**
 * oci_enum_name - the spec's word for a value, e.g. (oci_status) OCI_STATUS_CREATED
 * is "created"; NULL for a value that is none.
 */
const char *oci_namespace_type_name(enum oci_namespace_type type);
const char *oci_status_name(enum oci_status status);
const char *oci_seccomp_action_name(enum oci_seccomp_action action);
const char *oci_seccomp_op_name(enum oci_seccomp_op op);
const char *oci_seccomp_flag_name(enum oci_seccomp_flag flag);
const char *oci_seccomp_arch_name(enum oci_seccomp_arch arch);

/** oci_annotation - the value of an annotation, or NULL. */
const char *oci_annotation(const struct oci_pair *pairs, size_t count, const char *key);

#ifdef __cplusplus
}
#endif
#endif
