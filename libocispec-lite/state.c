/* SPDX-License-Identifier: Apache-2.0 */
/*
 * state.c - the state document (runtime.md#state) and the one around it that a seccomp agent
 * receives (config-linux.md#containerprocessstate).
 */
#include "tables.h"

static const struct oci_rule pid_rule = { .min = 0, .max = INT32_MAX };

static const struct oci_word status_list[] = {
	OCI_WORD("creating"), OCI_WORD("created"), OCI_WORD("running"),
	OCI_WORD("stopped"),  OCI_WORD("paused"),
};
static const OCI_WORDS(statuses, enum oci_status, status_list);

static const struct oci_row state_rows[] = {
	OCI_ROW_STRING(struct oci_state, oci_version, "ociVersion", NEEDED),
	OCI_ROW_STRING(struct oci_state, id, "id", NEEDED),
	OCI_ROW_I64(struct oci_state, pid, "pid", .rule = &pid_rule),
	OCI_ROW_ENUM(struct oci_state, status, "status", statuses, NEEDED),
	OCI_ROW_STRING(struct oci_state, bundle, "bundle", NEEDED),
	OCI_ROW_STRING(struct oci_state, rootfs, "rootfs"),
	OCI_ROW_STRING(struct oci_state, created, "created"),
	OCI_ROW_PAIRS(struct oci_state, annotations, "annotations"),
	OCI_ROW_STRING(struct oci_state, owner, "owner"),
};
const OCI_TABLE(oci_state_table, struct oci_state, state_rows);

static const struct oci_row process_state_rows[] = {
	OCI_ROW_STRING(struct oci_process_state, oci_version, "ociVersion", NEEDED),
	OCI_ROW_STRINGS(struct oci_process_state, fds, "fds"),
	OCI_ROW_I64(struct oci_process_state, pid, "pid", NEEDED, .rule = &pid_rule),
	OCI_ROW_STRING(struct oci_process_state, metadata, "metadata"),
	OCI_ROW_OBJECT(struct oci_process_state, state, "state", oci_state_table, NEEDED),
};
const OCI_TABLE(oci_process_state_table, struct oci_process_state, process_state_rows);

DOCUMENT(state)
DOCUMENT(process_state)

const char *oci_status_name(enum oci_status status)
{
	return WORD_OF(statuses, status);
}
