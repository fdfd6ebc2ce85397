/* SPDX-License-Identifier: Apache-2.0 */
/*
 * devices.h - device nodes and the links of /dev (config-linux.md#devices, #default-devices).
 */
#ifndef CARTE_RUNTIME_DEVICES_H
#define CARTE_RUNTIME_DEVICES_H

#include <sys/types.h>

#include <ocispec-lite/runtime.h>

struct rootfs;

struct device_plan {
	const char *path; /* absolute, cleaned */
	mode_t mode;      /* type and permissions */
	dev_t dev;
	uid_t uid;
	gid_t gid;
	size_t index;  /* in linux.devices; SIZE_MAX: a default one */
	int source_fd; /* the host's node, a detached tree; -1 */
};

/** devices_plan - linux.devices, then the defaults that it does not name. */
int devices_plan(struct oci_arena *arena, const struct oci_config *config, struct rootfs *rf,
		 struct oci_error *err);

/** devices_prepare - in the parent, with a user namespace: open the host's nodes. */
int devices_prepare(struct rootfs *rf, struct oci_error *err);

/** devices_do - in the child: nodes (or binds of the host's) and the links of /dev. */
int devices_do(struct rootfs *rf, struct oci_error *err);

#endif
