/* SPDX-License-Identifier: Apache-2.0 */
/*
 * linux.c - the linux object of config.json (config-linux.md) but for resources and seccomp.
 */
#include <string.h>

#include "tables.h"

/*
 * The schema ends at 0777, but engines have put the whole st_mode here (8630 is
 * S_IFCHR | 0666; containerd before pull request 5028), and runc masks it.
 */
static const struct oci_rule file_mode_rule = { .min = 0, .max = 0177777 };

static bool fits_device_type(const char *text, size_t length)
{
	return length == 1 && strchr("cbup", text[0]);
}

static const struct oci_rule device_type_rule = { "c, b, u or p", fits_device_type, 0, 0 };

static bool fits_mem_bw(const char *text, size_t length)
{
	return length >= 3 && memcmp(text, "MB:", 3) == 0 && !memchr(text, '\n', length);
}

static const struct oci_rule mem_bw_rule = { "one line that starts with MB:", fits_mem_bw, 0, 0 };

static const struct oci_row id_mapping_rows[] = {
	OCI_ROW_U32(struct oci_id_mapping, container_id, "containerID", NEEDED),
	OCI_ROW_U32(struct oci_id_mapping, host_id, "hostID", NEEDED),
	OCI_ROW_U32(struct oci_id_mapping, size, "size", NEEDED),
};
const OCI_TABLE(oci_id_mapping_table, struct oci_id_mapping, id_mapping_rows);

static const struct oci_word namespace_list[] = {
	OCI_WORD("mount"), OCI_WORD("pid"),  OCI_WORD("network"), OCI_WORD("uts"),
	OCI_WORD("ipc"),   OCI_WORD("user"), OCI_WORD("cgroup"),  OCI_WORD("time"),
};
static const OCI_WORDS(namespace_types, enum oci_namespace_type, namespace_list);

static const struct oci_row namespace_rows[] = {
	OCI_ROW_ENUM(struct oci_namespace, type, "type", namespace_types, NEEDED),
	OCI_ROW_STRING(struct oci_namespace, path, "path", OR_EMPTY),
};
static const OCI_TABLE(namespace_table, struct oci_namespace, namespace_rows);

static const struct oci_row device_rows[] = {
	OCI_ROW_STRING(struct oci_device, path, "path", NEEDED),
	OCI_ROW_STRING(struct oci_device, type, "type", NEEDED, .rule = &device_type_rule),
	OCI_ROW_I64(struct oci_device, major, "major"),
	OCI_ROW_I64(struct oci_device, minor, "minor"),
	OCI_ROW_U32(struct oci_device, file_mode, "fileMode", .rule = &file_mode_rule),
	OCI_ROW_U32(struct oci_device, uid, "uid"),
	OCI_ROW_U32(struct oci_device, gid, "gid"),
};
static const OCI_TABLE(device_table, struct oci_device, device_rows);

static const struct oci_row net_device_rows[] = {
	OCI_ROW_STRING(struct oci_net_device, name, "name", OR_EMPTY),
};
static const OCI_TABLE(net_device_table, struct oci_net_device, net_device_rows);

static const struct oci_row intel_rdt_rows[] = {
	OCI_ROW_STRING(struct oci_intel_rdt, clos_id, "closID", OR_EMPTY),
	OCI_ROW_STRINGS(struct oci_intel_rdt, schemata, "schemata"),
	OCI_ROW_STRING(struct oci_intel_rdt, l3_cache_schema, "l3CacheSchema", OR_EMPTY),
	OCI_ROW_STRING(struct oci_intel_rdt, mem_bw_schema, "memBwSchema", OR_EMPTY,
		       .rule = &mem_bw_rule),
	OCI_ROW_BOOL(struct oci_intel_rdt, enable_monitoring, "enableMonitoring"),
};
static const OCI_TABLE(intel_rdt_table, struct oci_intel_rdt, intel_rdt_rows);

static const struct oci_word mempolicy_mode_list[] = {
	OCI_WORD("MPOL_DEFAULT"),    OCI_WORD("MPOL_BIND"),
	OCI_WORD("MPOL_INTERLEAVE"), OCI_WORD("MPOL_WEIGHTED_INTERLEAVE"),
	OCI_WORD("MPOL_PREFERRED"),  OCI_WORD("MPOL_PREFERRED_MANY"),
	OCI_WORD("MPOL_LOCAL"),
};
static const OCI_WORDS(mempolicy_modes, enum oci_mempolicy_mode, mempolicy_mode_list);

static const struct oci_word mempolicy_flag_list[] = {
	OCI_WORD("MPOL_F_NUMA_BALANCING"),
	OCI_WORD("MPOL_F_RELATIVE_NODES"),
	OCI_WORD("MPOL_F_STATIC_NODES"),
};
static const OCI_WORDS(mempolicy_flags, enum oci_mempolicy_flag, mempolicy_flag_list);

static const struct oci_row memory_policy_rows[] = {
	OCI_ROW_ENUM(struct oci_memory_policy, mode, "mode", mempolicy_modes),
	OCI_ROW_STRING(struct oci_memory_policy, nodes, "nodes", OR_EMPTY),
	OCI_ROW_ENUMS(struct oci_memory_policy, flags, "flags", mempolicy_flags),
};
static const OCI_TABLE(memory_policy_table, struct oci_memory_policy, memory_policy_rows);

static const struct oci_word personality_list[] = { OCI_WORD("LINUX"), OCI_WORD("LINUX32") };
static const OCI_WORDS(personalities, enum oci_personality_domain, personality_list);

static const struct oci_row personality_rows[] = {
	OCI_ROW_ENUM(struct oci_personality, domain, "domain", personalities),
	OCI_ROW_STRINGS(struct oci_personality, flags, "flags"),
};
static const OCI_TABLE(personality_table, struct oci_personality, personality_rows);

static const struct oci_row time_offset_rows[] = {
	OCI_ROW_I64(struct oci_time_offset, secs, "secs"),
	OCI_ROW_U32(struct oci_time_offset, nanosecs, "nanosecs"),
};
static const OCI_TABLE(time_offset_table, struct oci_time_offset, time_offset_rows);

static const struct oci_row time_offsets_rows[] = {
	OCI_ROW_OBJECT(struct oci_time_offsets, boottime, "boottime", time_offset_table),
	OCI_ROW_OBJECT(struct oci_time_offsets, monotonic, "monotonic", time_offset_table),
};
static const OCI_TABLE(time_offsets_table, struct oci_time_offsets, time_offsets_rows);

/* in the order of enum oci_propagation: the schema's four, then the recursive ones */
static const struct oci_word propagation_list[] = {
	OCI_WORD("private"),  OCI_WORD("shared"),  OCI_WORD("slave"),  OCI_WORD("unbindable"),
	OCI_WORD("rprivate"), OCI_WORD("rshared"), OCI_WORD("rslave"), OCI_WORD("runbindable"),
};
static const OCI_WORDS(propagations, enum oci_propagation, propagation_list);

static const struct oci_row linux_rows[] = {
	OCI_ROW_OBJECTS(struct oci_linux, uid_mappings, "uidMappings", oci_id_mapping_table),
	OCI_ROW_OBJECTS(struct oci_linux, gid_mappings, "gidMappings", oci_id_mapping_table),
	OCI_ROW_PAIRS(struct oci_linux, sysctl, "sysctl"),
	OCI_ROW_OBJECT(struct oci_linux, resources, "resources", oci_resources_table),
	OCI_ROW_STRING(struct oci_linux, cgroups_path, "cgroupsPath", OR_EMPTY),
	OCI_ROW_OBJECTS(struct oci_linux, namespaces, "namespaces", namespace_table),
	OCI_ROW_OBJECTS(struct oci_linux, devices, "devices", device_table),
	OCI_ROW_MAP(struct oci_linux, net_devices, "netDevices", net_device_table),
	OCI_ROW_OBJECT(struct oci_linux, seccomp, "seccomp", oci_seccomp_table),
	OCI_ROW_ENUM(struct oci_linux, rootfs_propagation, "rootfsPropagation", propagations),
	OCI_ROW_STRINGS(struct oci_linux, masked_paths, "maskedPaths"),
	OCI_ROW_STRINGS(struct oci_linux, readonly_paths, "readonlyPaths"),
	OCI_ROW_STRING(struct oci_linux, mount_label, "mountLabel", OR_EMPTY),
	OCI_ROW_OBJECT(struct oci_linux, intel_rdt, "intelRdt", intel_rdt_table),
	OCI_ROW_OBJECT(struct oci_linux, memory_policy, "memoryPolicy", memory_policy_table),
	OCI_ROW_OBJECT(struct oci_linux, personality, "personality", personality_table),
	OCI_ROW_OBJECT(struct oci_linux, time_offsets, "timeOffsets", time_offsets_table),
};
const OCI_TABLE(oci_linux_table, struct oci_linux, linux_rows);

const char *oci_namespace_type_name(enum oci_namespace_type type)
{
	return WORD_OF(namespace_types, type);
}
