/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config.c - config.json of a bundle (config.md) but for process and linux.
 */
#include <string.h>

#include "tables.h"

static const struct oci_rule timeout_rule = { .min = 1, .max = INT64_MAX };

static const struct oci_row root_rows[] = {
	OCI_ROW_STRING(struct oci_root, path, "path", NEEDED),
	OCI_ROW_BOOL(struct oci_root, readonly, "readonly"),
};
static const OCI_TABLE(root_table, struct oci_root, root_rows);

static const struct oci_row mount_rows[] = {
	OCI_ROW_STRING(struct oci_mount, destination, "destination", NEEDED),
	OCI_ROW_STRING(struct oci_mount, type, "type", OR_EMPTY),
	OCI_ROW_STRING(struct oci_mount, source, "source", OR_EMPTY),
	OCI_ROW_STRINGS(struct oci_mount, options, "options"),
	OCI_ROW_OBJECTS(struct oci_mount, uid_mappings, "uidMappings", oci_id_mapping_table),
	OCI_ROW_OBJECTS(struct oci_mount, gid_mappings, "gidMappings", oci_id_mapping_table),
};
static const OCI_TABLE(mount_table, struct oci_mount, mount_rows);

int oci_mounts_parse(struct oci_arena *arena, const char *name, const char *text, size_t length,
		     struct oci_mount **ret, size_t *ret_length, struct oci_error *err)
{
	void *mounts;
	int r = oci_table_parse_list(&mount_table, arena, name, text, length, &mounts, ret_length,
				     err);

	if (r == 0)
		*ret = mounts;
	return r;
}

static const struct oci_row hook_rows[] = {
	OCI_ROW_STRING(struct oci_hook, path, "path", NEEDED),
	OCI_ROW_STRINGS(struct oci_hook, args, "args"),
	OCI_ROW_STRINGS(struct oci_hook, env, "env"),
	OCI_ROW_I64(struct oci_hook, timeout, "timeout", .rule = &timeout_rule),
};
static const OCI_TABLE(hook_table, struct oci_hook, hook_rows);

static const struct oci_row hooks_rows[] = {
	OCI_ROW_OBJECTS(struct oci_hooks, prestart, "prestart", hook_table),
	OCI_ROW_OBJECTS(struct oci_hooks, create_runtime, "createRuntime", hook_table),
	OCI_ROW_OBJECTS(struct oci_hooks, create_container, "createContainer", hook_table),
	OCI_ROW_OBJECTS(struct oci_hooks, start_container, "startContainer", hook_table),
	OCI_ROW_OBJECTS(struct oci_hooks, poststart, "poststart", hook_table),
	OCI_ROW_OBJECTS(struct oci_hooks, poststop, "poststop", hook_table),
};
static const OCI_TABLE(hooks_table, struct oci_hooks, hooks_rows);

static const struct oci_row config_rows[] = {
	OCI_ROW_STRING(struct oci_config, oci_version, "ociVersion", NEEDED),
	OCI_ROW_OBJECT(struct oci_config, process, "process", oci_process_table),
	OCI_ROW_OBJECT(struct oci_config, root, "root", root_table),
	OCI_ROW_STRING(struct oci_config, hostname, "hostname", OR_EMPTY),
	OCI_ROW_STRING(struct oci_config, domainname, "domainname", OR_EMPTY),
	OCI_ROW_OBJECTS(struct oci_config, mounts, "mounts", mount_table),
	OCI_ROW_OBJECT(struct oci_config, hooks, "hooks", hooks_table),
	OCI_ROW_PAIRS(struct oci_config, annotations, "annotations"),
	OCI_ROW_OBJECT(struct oci_config, linux_, "linux", oci_linux_table),
};
const OCI_TABLE(oci_config_table, struct oci_config, config_rows);

DOCUMENT(config)

const char *oci_annotation(const struct oci_pair *pairs, size_t count, const char *key)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (strcmp(pairs[i].key, key) == 0)
			return pairs[i].value;
	return NULL;
}
