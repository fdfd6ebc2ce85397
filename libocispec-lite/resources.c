/* SPDX-License-Identifier: Apache-2.0 */
/*
 * resources.c - linux.resources (config-linux.md#control-groups), which `update` reads alone.
 */
#include <string.h>

#include "tables.h"

static const struct oci_rule uint16_rule = { .min = 0, .max = UINT16_MAX };

static bool fits_page_size(const char *text, size_t length)
{
	size_t i;

	if (length < 3 || text[0] < '1' || text[0] > '9' || text[length - 1] != 'B' ||
	    !strchr("KMG", text[length - 2]))
		return false;
	for (i = 1; i < length - 2; i++)
		if (text[i] < '0' || text[i] > '9')
			return false;
	return true;
}

static const struct oci_rule page_size_rule = { "a page size such as 2MB", fits_page_size, 0, 0 };

static bool fits_device_type(const char *text, size_t length)
{
	return length == 1 && strchr("abc", text[0]);
}

static const struct oci_rule device_type_rule = { "a, b or c", fits_device_type, 0, 0 };

static bool fits_access(const char *text, size_t length)
{
	size_t i;

	for (i = 0; i < length; i++)
		if (!strchr("rwm", text[i]))
			return false;
	return true;
}

static const struct oci_rule access_rule = { "letters of rwm", fits_access, 0, 0 };

static const struct oci_row device_rule_rows[] = {
	OCI_ROW_BOOL(struct oci_device_rule, allow, "allow", NEEDED),
	OCI_ROW_STRING(struct oci_device_rule, type, "type", OR_EMPTY, .rule = &device_type_rule),
	OCI_ROW_I64(struct oci_device_rule, major, "major"),
	OCI_ROW_I64(struct oci_device_rule, minor, "minor"),
	OCI_ROW_STRING(struct oci_device_rule, access, "access", OR_EMPTY, .rule = &access_rule),
};
static const OCI_TABLE(device_rule_table, struct oci_device_rule, device_rule_rows);

static const struct oci_row memory_rows[] = {
	OCI_ROW_I64(struct oci_memory, limit, "limit"),
	OCI_ROW_I64(struct oci_memory, reservation, "reservation"),
	OCI_ROW_I64(struct oci_memory, swap, "swap"),
	OCI_ROW_I64(struct oci_memory, kernel, "kernel"),
	OCI_ROW_I64(struct oci_memory, kernel_tcp, "kernelTCP"),
	/* some engines write "leave it" as -1 */
	OCI_ROW_U64(struct oci_memory, swappiness, "swappiness", .flags = OCI_MINUS1_IS_ABSENT),
	OCI_ROW_BOOL(struct oci_memory, disable_oom_killer, "disableOOMKiller"),
	OCI_ROW_BOOL(struct oci_memory, use_hierarchy, "useHierarchy"),
	OCI_ROW_BOOL(struct oci_memory, check_before_update, "checkBeforeUpdate"),
};
static const OCI_TABLE(memory_table, struct oci_memory, memory_rows);

static const struct oci_row cpu_rows[] = {
	OCI_ROW_U64(struct oci_cpu, shares, "shares"),
	OCI_ROW_I64(struct oci_cpu, quota, "quota"),
	OCI_ROW_U64(struct oci_cpu, burst, "burst"),
	OCI_ROW_U64(struct oci_cpu, period, "period"),
	OCI_ROW_I64(struct oci_cpu, realtime_runtime, "realtimeRuntime"),
	OCI_ROW_U64(struct oci_cpu, realtime_period, "realtimePeriod"),
	OCI_ROW_STRING(struct oci_cpu, cpus, "cpus", OR_EMPTY),
	OCI_ROW_STRING(struct oci_cpu, mems, "mems", OR_EMPTY),
	OCI_ROW_I64(struct oci_cpu, idle, "idle"),
};
static const OCI_TABLE(cpu_table, struct oci_cpu, cpu_rows);

static const struct oci_row pids_rows[] = {
	/* the schema requires it, the Go type leaves it out when it is not set */
	OCI_ROW_I64(struct oci_pids, limit, "limit"),
};
static const OCI_TABLE(pids_table, struct oci_pids, pids_rows);

static const struct oci_row weight_device_rows[] = {
	OCI_ROW_I64(struct oci_weight_device, major, "major", NEEDED),
	OCI_ROW_I64(struct oci_weight_device, minor, "minor", NEEDED),
	OCI_ROW_U32(struct oci_weight_device, weight, "weight", .rule = &uint16_rule),
	OCI_ROW_U32(struct oci_weight_device, leaf_weight, "leafWeight", .rule = &uint16_rule),
};
static const OCI_TABLE(weight_device_table, struct oci_weight_device, weight_device_rows);

static const struct oci_row throttle_device_rows[] = {
	OCI_ROW_I64(struct oci_throttle_device, major, "major", NEEDED),
	OCI_ROW_I64(struct oci_throttle_device, minor, "minor", NEEDED),
	OCI_ROW_U64(struct oci_throttle_device, rate, "rate"),
};
static const OCI_TABLE(throttle_device_table, struct oci_throttle_device, throttle_device_rows);

static const struct oci_row block_io_rows[] = {
	OCI_ROW_U32(struct oci_block_io, weight, "weight", .rule = &uint16_rule),
	OCI_ROW_U32(struct oci_block_io, leaf_weight, "leafWeight", .rule = &uint16_rule),
	OCI_ROW_OBJECTS(struct oci_block_io, weight_device, "weightDevice", weight_device_table),
	OCI_ROW_OBJECTS(struct oci_block_io, throttle_read_bps_device, "throttleReadBpsDevice",
			throttle_device_table),
	OCI_ROW_OBJECTS(struct oci_block_io, throttle_write_bps_device, "throttleWriteBpsDevice",
			throttle_device_table),
	OCI_ROW_OBJECTS(struct oci_block_io, throttle_read_iops_device, "throttleReadIOPSDevice",
			throttle_device_table),
	OCI_ROW_OBJECTS(struct oci_block_io, throttle_write_iops_device, "throttleWriteIOPSDevice",
			throttle_device_table),
};
static const OCI_TABLE(block_io_table, struct oci_block_io, block_io_rows);

static const struct oci_row hugepage_limit_rows[] = {
	OCI_ROW_STRING(struct oci_hugepage_limit, page_size, "pageSize", NEEDED,
		       .rule = &page_size_rule),
	OCI_ROW_U64(struct oci_hugepage_limit, limit, "limit", NEEDED),
};
static const OCI_TABLE(hugepage_limit_table, struct oci_hugepage_limit, hugepage_limit_rows);

static const struct oci_row interface_priority_rows[] = {
	OCI_ROW_STRING(struct oci_interface_priority, name, "name", NEEDED),
	OCI_ROW_U32(struct oci_interface_priority, priority, "priority", NEEDED),
};
static const OCI_TABLE(interface_priority_table, struct oci_interface_priority,
		       interface_priority_rows);

static const struct oci_row network_rows[] = {
	OCI_ROW_U32(struct oci_network, class_id, "classID"),
	OCI_ROW_OBJECTS(struct oci_network, priorities, "priorities", interface_priority_table),
};
static const OCI_TABLE(network_table, struct oci_network, network_rows);

static const struct oci_row rdma_rows[] = {
	OCI_ROW_U32(struct oci_rdma, hca_handles, "hcaHandles"),
	OCI_ROW_U32(struct oci_rdma, hca_objects, "hcaObjects"),
};
static const OCI_TABLE(rdma_table, struct oci_rdma, rdma_rows);

static const struct oci_row resources_rows[] = {
	OCI_ROW_OBJECTS(struct oci_resources, devices, "devices", device_rule_table),
	OCI_ROW_OBJECT(struct oci_resources, memory, "memory", memory_table),
	OCI_ROW_OBJECT(struct oci_resources, cpu, "cpu", cpu_table),
	OCI_ROW_OBJECT(struct oci_resources, pids, "pids", pids_table),
	OCI_ROW_OBJECT(struct oci_resources, block_io, "blockIO", block_io_table),
	OCI_ROW_OBJECTS(struct oci_resources, hugepage_limits, "hugepageLimits",
			hugepage_limit_table),
	OCI_ROW_OBJECT(struct oci_resources, network, "network", network_table),
	OCI_ROW_MAP(struct oci_resources, rdma, "rdma", rdma_table),
	OCI_ROW_PAIRS(struct oci_resources, unified, "unified"),
};
const OCI_TABLE(oci_resources_table, struct oci_resources, resources_rows);

DOCUMENT(resources)
