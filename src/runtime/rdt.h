/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rdt.h - linux.intelRdt: a resctrl group for the container (config-linux.md#intelrdt).
 *
 * The resctrl file system is looked for at /sys/fs/resctrl, or at $CARTE_RESCTRL_ROOT for tests.
 */
#ifndef CARTE_RUNTIME_RDT_H
#define CARTE_RUNTIME_RDT_H

#include <stdbool.h>
#include <sys/types.h>

#include <ocispec-lite/runtime.h>

/** struct rdt_group - stored in the state file. */
struct rdt_group {
	char *path;         /* absolute folder of the closID; NULL: none */
	bool made;          /* by us: removed at delete */
	char *monitor_path; /* mon_groups/ID when enableMonitoring */
};

bool rdt_available(void);
int rdt_check(const struct oci_intel_rdt *rdt, const char *id, struct oci_error *err);
int rdt_create(struct oci_arena *arena, const struct oci_intel_rdt *rdt, const char *id,
	       struct rdt_group *ret, struct oci_error *err);
int rdt_enter(const struct rdt_group *group, pid_t pid, struct oci_error *err);
/** rdt_update - `update --l3-cache-schema --mem-bw-schema`; NULL leaves one. */
int rdt_update(const struct rdt_group *group, const char *l3, const char *mb,
	       struct oci_error *err);
int rdt_destroy(const struct rdt_group *group, struct oci_error *err);

#endif
