/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd_features.c - `features`: what this build can do (features.md, features-linux.md).
 *
 * Engines decide by this document before they make a container, so every
 * line of it is either asked of the code that acts, or stands in the one table
 * below and is changed together with that code. Nothing goes to stderr: some
 * engines read both streams as one.
 */
#include <stdint.h>
#include <unistd.h>

#include "base/caps.h"
#include "base/error.h"
#include "base/io.h"
#include "base/mem.h"
#include "runtime/checkpoint/criu.h"
#include "runtime/cmds.h"
#include "runtime/process.h"
#include "runtime/rootfs.h"
#include "runtime/seccomp.h"

#define VERSION_MIN "1.0.0"
#define YES                \
	{                  \
		true, true \
	}
#define NO                  \
	{                   \
		true, false \
	}

/* ---- what cannot be asked: change a line when the code behind it changes ---------------------- */

static struct oci_features_cgroup cgroup_features = {
	.v1 = YES,
	.v2 = YES,
#ifdef HAVE_LIBDBUS
	.systemd = YES,
	.systemd_user = YES,
#else
	.systemd = NO,
	.systemd_user = NO,
#endif
	.rdma = YES,
};

static struct oci_features_intel_rdt intel_rdt_features = {
	.enabled = YES,
	.schemata = YES,
	.monitoring = YES,
};

static char *memory_policy_modes[] = {
	"MPOL_DEFAULT",   "MPOL_BIND",           "MPOL_INTERLEAVE", "MPOL_WEIGHTED_INTERLEAVE",
	"MPOL_PREFERRED", "MPOL_PREFERRED_MANY", "MPOL_LOCAL",
};

static char *memory_policy_flags[] = {
	"MPOL_F_NUMA_BALANCING",
	"MPOL_F_RELATIVE_NODES",
	"MPOL_F_STATIC_NODES",
};

static struct oci_features_memory_policy memory_policy_features = {
	.modes = memory_policy_modes,
	.modes_len = ARRAY_LEN(memory_policy_modes),
	.flags = memory_policy_flags,
	.flags_len = ARRAY_LEN(memory_policy_flags),
};

static struct oci_features_enabled enabled = { YES };

static struct oci_features_mount_extensions mount_extensions = { .idmap = &enabled };

static char *hook_names[] = {
	"prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop",
};

/* OCI_NS_* in the order of the alphabet */
static const enum oci_namespace_type namespace_types[] = {
	OCI_NS_CGROUP, OCI_NS_IPC,  OCI_NS_MOUNT, OCI_NS_NETWORK,
	OCI_NS_PID,    OCI_NS_TIME, OCI_NS_USER,  OCI_NS_UTS,
};

/* They choose what the container's root is made of: an engine must not let strangers set them. */
static char *unsafe_annotations[] = {
	"io.carte.rootfs.layers",
	"io.carte.rootfs.upper",
	"io.carte.rootfs.work",
	"org.systemd.property.",
};

/* ---- the document --------------------------------------------------------------------------- */

/* The emitter only reads; members are not const because parsing fills the same structs. */
static char **names_of(const char *const *names)
{
	return (char **)(uintptr_t)names;
}

static size_t count_names(const char *const *names)
{
	size_t n = 0;

	while (names[n])
		n++;
	return n;
}

static int fill_linux(struct oci_arena *arena, struct oci_features_linux *f, struct oci_error *err)
{
	f->namespaces = oci_arena_array(arena, ARRAY_LEN(namespace_types) + 1, sizeof(char *));
	if (!f->namespaces)
		return err_nomem(err);
	for (size_t i = 0; i < ARRAY_LEN(namespace_types); i++)
		f->namespaces[f->namespaces_len++] =
			(char *)oci_namespace_type_name(namespace_types[i]);
	f->capabilities = names_of(caps_names);
	f->capabilities_len = count_names(caps_names);
	f->cgroup = &cgroup_features;
	/* "enabled" is about the runtime, not the host: features-linux.md#apparmor */
	f->apparmor = &enabled;
	f->selinux = &enabled;
	f->intel_rdt = &intel_rdt_features;
	f->memory_policy = &memory_policy_features;
	f->mount_extensions = &mount_extensions;
	f->net_devices = &enabled;
	return seccomp_features(arena, &f->seccomp, err);
}

static int fill_annotations(struct oci_arena *arena, struct oci_features *f, struct oci_error *err)
{
	const char *library = seccomp_library_version();
	const struct oci_pair pairs[] = {
		{ "io.carte.version", PACKAGE_VERSION },
		{ "org.opencontainers.runc.checkpoint.enabled",
		  criu_is_built() ? "true" : "false" },
		{ "io.github.seccomp.libseccomp.version", (char *)library },
	};

	f->annotations = oci_arena_array(arena, ARRAY_LEN(pairs), sizeof(*f->annotations));
	if (!f->annotations)
		return err_nomem(err);
	for (size_t i = 0; i < ARRAY_LEN(pairs); i++)
		if (pairs[i].value)
			f->annotations[f->annotations_len++] = pairs[i];
	return 0;
}

static int fill(struct oci_arena *arena, struct oci_features *f, struct oci_error *err)
{
	int r;

	f->oci_version_min = VERSION_MIN;
	f->oci_version_max = OCI_RUNTIME_SPEC_VERSION;
	f->hooks = hook_names;
	f->hooks_len = ARRAY_LEN(hook_names);
	f->mount_options = names_of(rootfs_mount_option_names());
	f->mount_options_len = count_names(rootfs_mount_option_names());
	f->potentially_unsafe_config_annotations = unsafe_annotations;
	f->potentially_unsafe_config_annotations_len = ARRAY_LEN(unsafe_annotations);
	f->linux_ = oci_arena_alloc(arena, sizeof(*f->linux_));
	if (!f->linux_)
		return err_nomem(err);
	r = fill_linux(arena, f->linux_, err);
	return r < 0 ? r : fill_annotations(arena, f, err);
}

static int features_run(struct cmd_context *ctx, void *options, char **operands, int count,
			struct oci_error *err)
{
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	CLEANUP_FREE char *text = NULL;
	struct oci_features features = { .oci_version_min = NULL };
	size_t length = 0;
	int r;

	(void)ctx;
	(void)options;
	(void)operands;
	(void)count;
	r = fill(&arena, &features, err);
	if (r == 0)
		r = oci_features_emit(&features, OCI_EMIT_INDENT, &text, &length, err);
	if (r < 0)
		return r;
	r = io_write_all(STDOUT_FILENO, text, length);
	return r < 0 ? err_sys(err, -r, "write to stdout") : 0;
}

static const struct opt features_opts[] = {
	{ .name = NULL },
};

const struct cmd cmd_features = {
	.command = {
		.name = "features",
		.usage = "",
		.summary = "print what this runtime supports, as JSON",
		.opts = features_opts,
		.positional_after = -1,
		.min_operands = 0,
		.max_operands = 0,
	},
	.run = features_run,
};
