/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image_config.c - an image's configuration (image-spec config.md).
 *
 * Limits of Docker's that the specification reserves (Memory, CpuShares ...) are skipped: nobody honours them in an image.
 * Order of the rows: that of the specification's Go types.
 */
#include <ocispec-lite/image.h>

#include "image-rules.h"
#include "tables.h"

static const struct oci_row healthcheck_rows[] = {
	OCI_ROW_STRINGS(struct oci_healthcheck, test, "Test"),
	OCI_ROW_I64(struct oci_healthcheck, interval, "Interval"),
	OCI_ROW_I64(struct oci_healthcheck, timeout, "Timeout"),
	OCI_ROW_I64(struct oci_healthcheck, start_period, "StartPeriod"),
	OCI_ROW_I64(struct oci_healthcheck, start_interval, "StartInterval"),
	OCI_ROW_I64(struct oci_healthcheck, retries, "Retries"),
};
static const OCI_TABLE(healthcheck_table, struct oci_healthcheck, healthcheck_rows);

static const struct oci_row container_rows[] = {
	OCI_ROW_STRING(struct oci_container_config, user, "User", OR_EMPTY),
	OCI_ROW_NAMES(struct oci_container_config, exposed_ports, "ExposedPorts"),
	OCI_ROW_STRINGS(struct oci_container_config, env, "Env"),
	OCI_ROW_STRINGS(struct oci_container_config, entrypoint, "Entrypoint"),
	OCI_ROW_STRINGS(struct oci_container_config, cmd, "Cmd"),
	OCI_ROW_NAMES(struct oci_container_config, volumes, "Volumes"),
	OCI_ROW_STRING(struct oci_container_config, working_dir, "WorkingDir", OR_EMPTY),
	OCI_ROW_PAIRS(struct oci_container_config, labels, "Labels"),
	OCI_ROW_STRING(struct oci_container_config, stop_signal, "StopSignal", OR_EMPTY),
	OCI_ROW_BOOL(struct oci_container_config, args_escaped, "ArgsEscaped"),
	OCI_ROW_OBJECT(struct oci_container_config, healthcheck, "Healthcheck", healthcheck_table),
	OCI_ROW_STRINGS(struct oci_container_config, shell, "Shell"),
	OCI_ROW_STRINGS(struct oci_container_config, on_build, "OnBuild"),
};
static const OCI_TABLE(container_table, struct oci_container_config, container_rows);

static const struct oci_word rootfs_type_list[] = { OCI_WORD("layers") };
static const OCI_WORDS(rootfs_types, enum oci_rootfs_type, rootfs_type_list);

static const struct oci_row rootfs_rows[] = {
	OCI_ROW_ENUM(struct oci_rootfs, type, "type", rootfs_types, NEEDED),
	OCI_ROW_STRINGS(struct oci_rootfs, diff_ids, "diff_ids", NEEDED, .rule = &oci_digest_rule),
};
static const OCI_TABLE(rootfs_table, struct oci_rootfs, rootfs_rows);

static const struct oci_row history_rows[] = {
	OCI_ROW_STRING(struct oci_history, created, "created", OR_EMPTY),
	OCI_ROW_STRING(struct oci_history, created_by, "created_by", OR_EMPTY),
	OCI_ROW_STRING(struct oci_history, author, "author", OR_EMPTY),
	OCI_ROW_STRING(struct oci_history, comment, "comment", OR_EMPTY),
	OCI_ROW_BOOL(struct oci_history, empty_layer, "empty_layer"),
};
static const OCI_TABLE(history_table, struct oci_history, history_rows);

#define NEEDED_WORD .flags = OCI_REQUIRED | OCI_EMPTY_IS_ABSENT

static const struct oci_row image_rows[] = {
	OCI_ROW_STRING(struct oci_image_config, created, "created", OR_EMPTY),
	OCI_ROW_STRING(struct oci_image_config, author, "author", OR_EMPTY),
	OCI_ROW_STRING(struct oci_image_config, architecture, "architecture", NEEDED_WORD),
	OCI_ROW_STRING(struct oci_image_config, variant, "variant", OR_EMPTY),
	OCI_ROW_STRING(struct oci_image_config, os, "os", NEEDED_WORD),
	OCI_ROW_STRING(struct oci_image_config, os_version, "os.version", OR_EMPTY),
	OCI_ROW_STRINGS(struct oci_image_config, os_features, "os.features"),
	OCI_ROW_OBJECT(struct oci_image_config, config, "config", container_table),
	OCI_ROW_OBJECT(struct oci_image_config, rootfs, "rootfs", rootfs_table, NEEDED),
	OCI_ROW_OBJECTS(struct oci_image_config, history, "history", history_table),
};
const OCI_TABLE(oci_image_config_table, struct oci_image_config, image_rows);

DOCUMENT(image_config)
