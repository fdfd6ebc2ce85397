/* SPDX-License-Identifier: Apache-2.0 */
/*
 * features.c - what a runtime can do (features.md, features-linux.md).
 *
 * Its lists stay strings when they are read: a newer runtime may name what
 * this library does not know.
 */
#include <string.h>

#include "tables.h"

static bool fits_capability(const char *text, size_t length)
{
	size_t i;

	if (length <= 4 || memcmp(text, "CAP_", 4) != 0)
		return false;
	for (i = 4; i < length; i++)
		if ((text[i] < 'A' || text[i] > 'Z') && text[i] != '_')
			return false;
	return true;
}

static const struct oci_rule capability_rule = { "CAP_ and capital letters", fits_capability, 0,
						 0 };

static const struct oci_row cgroup_rows[] = {
	OCI_ROW_BOOL(struct oci_features_cgroup, v1, "v1"),
	OCI_ROW_BOOL(struct oci_features_cgroup, v2, "v2"),
	OCI_ROW_BOOL(struct oci_features_cgroup, systemd, "systemd"),
	OCI_ROW_BOOL(struct oci_features_cgroup, systemd_user, "systemdUser"),
	OCI_ROW_BOOL(struct oci_features_cgroup, rdma, "rdma"),
};
static const OCI_TABLE(cgroup_table, struct oci_features_cgroup, cgroup_rows);

static const struct oci_row seccomp_rows[] = {
	OCI_ROW_BOOL(struct oci_features_seccomp, enabled, "enabled"),
	OCI_ROW_STRINGS(struct oci_features_seccomp, actions, "actions"),
	OCI_ROW_STRINGS(struct oci_features_seccomp, operators, "operators"),
	OCI_ROW_STRINGS(struct oci_features_seccomp, archs, "archs"),
	OCI_ROW_STRINGS(struct oci_features_seccomp, known_flags, "knownFlags"),
	OCI_ROW_STRINGS(struct oci_features_seccomp, supported_flags, "supportedFlags"),
};
static const OCI_TABLE(features_seccomp_table, struct oci_features_seccomp, seccomp_rows);

static const struct oci_row enabled_rows[] = {
	OCI_ROW_BOOL(struct oci_features_enabled, enabled, "enabled"),
};
static const OCI_TABLE(enabled_table, struct oci_features_enabled, enabled_rows);

static const struct oci_row intel_rdt_rows[] = {
	OCI_ROW_BOOL(struct oci_features_intel_rdt, enabled, "enabled"),
	OCI_ROW_BOOL(struct oci_features_intel_rdt, schemata, "schemata"),
	OCI_ROW_BOOL(struct oci_features_intel_rdt, monitoring, "monitoring"),
};
static const OCI_TABLE(intel_rdt_table, struct oci_features_intel_rdt, intel_rdt_rows);

static const struct oci_row memory_policy_rows[] = {
	OCI_ROW_STRINGS(struct oci_features_memory_policy, modes, "modes"),
	OCI_ROW_STRINGS(struct oci_features_memory_policy, flags, "flags"),
};
static const OCI_TABLE(memory_policy_table, struct oci_features_memory_policy, memory_policy_rows);

static const struct oci_row mount_extensions_rows[] = {
	OCI_ROW_OBJECT(struct oci_features_mount_extensions, idmap, "idmap", enabled_table),
};
static const OCI_TABLE(mount_extensions_table, struct oci_features_mount_extensions,
		       mount_extensions_rows);

static const struct oci_row features_linux_rows[] = {
	OCI_ROW_STRINGS(struct oci_features_linux, namespaces, "namespaces"),
	OCI_ROW_STRINGS(struct oci_features_linux, capabilities, "capabilities",
			.rule = &capability_rule),
	OCI_ROW_OBJECT(struct oci_features_linux, cgroup, "cgroup", cgroup_table),
	OCI_ROW_OBJECT(struct oci_features_linux, seccomp, "seccomp", features_seccomp_table),
	OCI_ROW_OBJECT(struct oci_features_linux, apparmor, "apparmor", enabled_table),
	OCI_ROW_OBJECT(struct oci_features_linux, selinux, "selinux", enabled_table),
	OCI_ROW_OBJECT(struct oci_features_linux, intel_rdt, "intelRdt", intel_rdt_table),
	OCI_ROW_OBJECT(struct oci_features_linux, memory_policy, "memoryPolicy",
		       memory_policy_table),
	OCI_ROW_OBJECT(struct oci_features_linux, mount_extensions, "mountExtensions",
		       mount_extensions_table),
	OCI_ROW_OBJECT(struct oci_features_linux, net_devices, "netDevices", enabled_table),
};
static const OCI_TABLE(features_linux_table, struct oci_features_linux, features_linux_rows);

static const struct oci_row features_rows[] = {
	OCI_ROW_STRING(struct oci_features, oci_version_min, "ociVersionMin", NEEDED),
	OCI_ROW_STRING(struct oci_features, oci_version_max, "ociVersionMax", NEEDED),
	OCI_ROW_STRINGS(struct oci_features, hooks, "hooks"),
	OCI_ROW_STRINGS(struct oci_features, mount_options, "mountOptions"),
	OCI_ROW_OBJECT(struct oci_features, linux_, "linux", features_linux_table),
	OCI_ROW_PAIRS(struct oci_features, annotations, "annotations"),
	OCI_ROW_STRINGS(struct oci_features, potentially_unsafe_config_annotations,
			"potentiallyUnsafeConfigAnnotations"),
};
const OCI_TABLE(oci_features_table, struct oci_features, features_rows);

DOCUMENT(features)
