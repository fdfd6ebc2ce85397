/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd_spec.c - `spec`: a config.json to start from.
 *
 * The same container as `runc spec` describes: a shell with three
 * capabilities in a read-only root. No inheritable and no ambient
 * capabilities, ever (CVE-2022-24769): they would survive the execve of a
 * file that has none.
 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/error.h"
#include "base/io.h"
#include "base/mem.h"
#include "runtime/cmds.h"

struct spec_options {
	const char *bundle;
	const char *file;
	bool rootless;
};

/* Both members of an array of strings. */
#define STRINGS(member, ...)                       \
	.member = (char *[]){ __VA_ARGS__, NULL }, \
	.member##_len = ARRAY_LEN(((char *[]){ __VA_ARGS__ }))
#define NUMBER(n)         \
	{                 \
		true, (n) \
	}

enum mount_row {
	MOUNT_PROC,
	MOUNT_DEV,
	MOUNT_PTS,
	MOUNT_SHM,
	MOUNT_MQUEUE,
	MOUNT_SYS,
	MOUNT_CGROUP,
	MOUNT_COUNT,
};

/* clang-format off */
static const struct oci_mount default_mounts[MOUNT_COUNT] = {
	[MOUNT_PROC] = { .destination = "/proc", .type = "proc", .source = "proc" },
	[MOUNT_DEV] = { .destination = "/dev", .type = "tmpfs", .source = "tmpfs",
			STRINGS(options, "nosuid", "strictatime", "mode=755", "size=65536k") },
	[MOUNT_PTS] = { .destination = "/dev/pts", .type = "devpts", .source = "devpts",
			STRINGS(options, "nosuid", "noexec", "newinstance", "ptmxmode=0666",
				"mode=0620", "gid=5") },
	[MOUNT_SHM] = { .destination = "/dev/shm", .type = "tmpfs", .source = "shm",
			STRINGS(options, "nosuid", "noexec", "nodev", "mode=1777", "size=65536k") },
	[MOUNT_MQUEUE] = { .destination = "/dev/mqueue", .type = "mqueue", .source = "mqueue",
			   STRINGS(options, "nosuid", "noexec", "nodev") },
	[MOUNT_SYS] = { .destination = "/sys", .type = "sysfs", .source = "sysfs",
			STRINGS(options, "nosuid", "noexec", "nodev", "ro") },
	[MOUNT_CGROUP] = { .destination = "/sys/fs/cgroup", .type = "cgroup", .source = "cgroup",
			   STRINGS(options, "nosuid", "noexec", "nodev", "relatime", "ro") },
};

/* No group 5 in a namespace of one id, and a sysfs only for who owns the network namespace. */
static const struct oci_mount rootless_pts = {
	.destination = "/dev/pts", .type = "devpts", .source = "devpts",
	STRINGS(options, "nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"),
};
static const struct oci_mount rootless_sys = {
	.destination = "/sys", .type = "none", .source = "/sys",
	STRINGS(options, "rbind", "nosuid", "noexec", "nodev", "ro"),
};
/* clang-format on */

#define CAPS "CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE"

static struct oci_capabilities capabilities = {
	STRINGS(bounding, CAPS),
	STRINGS(permitted, CAPS),
	STRINGS(effective, CAPS),
};

static struct oci_rlimit rlimits[] = {
	{ .type = "RLIMIT_NOFILE", .soft = NUMBER(1024), .hard = NUMBER(1024) },
};

static struct oci_user user = { .uid = NUMBER(0), .gid = NUMBER(0) };

static struct oci_process process = {
	.terminal = { true, true },
	.user = &user,
	STRINGS(args, "sh"),
	STRINGS(env, "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
		"TERM=xterm"),
	.cwd = "/",
	.capabilities = &capabilities,
	.rlimits = rlimits,
	.rlimits_len = ARRAY_LEN(rlimits),
	.no_new_privileges = { true, true },
};

static struct oci_root root = { .path = "rootfs", .readonly = { true, true } };

static struct oci_device_rule device_rules[] = {
	{ .allow = { true, false }, .access = "rwm" },
};

static struct oci_resources resources = {
	.devices = device_rules,
	.devices_len = ARRAY_LEN(device_rules),
};

static struct oci_namespace namespaces[] = {
	{ .type = OCI_NS_PID }, { .type = OCI_NS_NETWORK }, { .type = OCI_NS_IPC },
	{ .type = OCI_NS_UTS }, { .type = OCI_NS_MOUNT },   { .type = OCI_NS_CGROUP },
};

static struct oci_namespace rootless_namespaces[] = {
	{ .type = OCI_NS_PID },   { .type = OCI_NS_IPC },    { .type = OCI_NS_UTS },
	{ .type = OCI_NS_MOUNT }, { .type = OCI_NS_CGROUP }, { .type = OCI_NS_USER },
};

static struct oci_linux linux_default = {
	.resources = &resources,
	.namespaces = namespaces,
	.namespaces_len = ARRAY_LEN(namespaces),
	STRINGS(masked_paths, "/proc/acpi", "/proc/asound", "/proc/kcore", "/proc/keys",
		"/proc/latency_stats", "/proc/timer_list", "/proc/timer_stats", "/proc/sched_debug",
		"/sys/firmware", "/proc/scsi"),
	STRINGS(readonly_paths, "/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys",
		"/proc/sysrq-trigger"),
};

/* The caller is root inside and itself outside: the one mapping that needs no privilege. */
static struct oci_id_mapping *map_to_root(struct oci_id_mapping *map, uint32_t host_id)
{
	map->container_id = (struct oci_u32)NUMBER(0);
	map->host_id = (struct oci_u32)NUMBER(host_id);
	map->size = (struct oci_u32)NUMBER(1);
	return map;
}

/* config.json in @dirfd, or @file; what is there already is somebody's work. */
static int write_new(const char *bundle, const char *file, const char *text, size_t length,
		     struct oci_error *err)
{
	CLEANUP_CLOSE int dirfd = -EBADF;
	CLEANUP_CLOSE int fd = -EBADF;
	int r;

	/* by name: the folder that the caller gave, on the host */
	dirfd = open(bundle, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dirfd < 0)
		return err_sys(err, errno, "bundle %s", bundle);
	fd = openat(dirfd, file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	if (fd < 0 && errno == EEXIST)
		return err_set_as(err, ERR_EXISTS, EEXIST, "file %s exists, remove it first", file);
	if (fd < 0)
		return err_sys(err, errno, "make %s", file);
	r = io_write_all(fd, text, length);
	if (r < 0) {
		(void)unlinkat(dirfd, file, 0);
		return err_sys(err, -r, "write %s", file);
	}
	return 0;
}

static int spec_run(struct cmd_context *ctx, void *arg, char **operands, int count,
		    struct oci_error *err)
{
	const struct spec_options *options = arg;
	CLEANUP_FREE char *text = NULL;
	struct oci_mount mounts[MOUNT_COUNT];
	struct oci_id_mapping uid_map, gid_map;
	struct oci_linux linux_ = linux_default;
	struct oci_config config = {
		.oci_version = OCI_RUNTIME_SPEC_VERSION,
		.root = &root,
		.mounts = mounts,
		.mounts_len = MOUNT_COUNT,
		.process = &process,
		.hostname = "carte",
		.linux_ = &linux_,
	};
	size_t length;
	int r;

	(void)ctx;
	(void)operands;
	(void)count;
	for (size_t i = 0; i < MOUNT_COUNT; i++)
		mounts[i] = default_mounts[i];
	if (options->rootless) {
		mounts[MOUNT_PTS] = rootless_pts;
		mounts[MOUNT_SYS] = rootless_sys;
		linux_.resources = NULL;
		linux_.namespaces = rootless_namespaces;
		linux_.namespaces_len = ARRAY_LEN(rootless_namespaces);
		linux_.uid_mappings = map_to_root(&uid_map, geteuid());
		linux_.uid_mappings_len = 1;
		linux_.gid_mappings = map_to_root(&gid_map, getegid());
		linux_.gid_mappings_len = 1;
	}
	r = oci_config_emit(&config, OCI_EMIT_INDENT, &text, &length, err);
	if (r < 0)
		return r;
	return write_new(options->bundle ? options->bundle : ".",
			 options->file ? options->file : "config.json", text, length, err);
}

static const struct opt spec_opts[] = {
	{ "bundle", 'b', OPT_STRING, offsetof(struct spec_options, bundle), "DIR",
	  "write into this folder (default: the current one)" },
	{ "file", 'f', OPT_STRING, offsetof(struct spec_options, file), "FILE",
	  "write this file, relative to the folder (default: config.json)" },
	{ "rootless", 0, OPT_FLAG, offsetof(struct spec_options, rootless), NULL,
	  "for a container that is started without root's privileges" },
	{ .name = NULL },
};

const struct cmd cmd_spec = {
	.command = {
		.name = "spec",
		.usage = "[OPTIONS]",
		.summary = "write a config.json to start from",
		.opts = spec_opts,
		.positional_after = -1,
		.min_operands = 0,
		.max_operands = 0,
	},
	.options_size = sizeof(struct spec_options),
	.run = spec_run,
};
