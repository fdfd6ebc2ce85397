/* SPDX-License-Identifier: Apache-2.0 */
/*
 * replica_config-private.h - a replica's config.json, planned part by part; nothing is touched before all of it is planned.
 */
#ifndef CARTE_SCALE_REPLICA_CONFIG_PRIVATE_H
#define CARTE_SCALE_REPLICA_CONFIG_PRIVATE_H

#include <ocispec-lite/image.h>

#include "scale/replica_config.h"

/** struct plan_file - one that is to be written into the bundle. */
struct plan_file {
	const char *
		name; /* below the bundle: "hosts", "files/3"; of a secret below the folder of secrets: "3" */
	const void *data;
	size_t length;
	uint32_t mode, uid, gid;
	bool secret;
};

/** struct plan_folder - a volume's that is to be made when it is missing. */
struct plan_folder {
	const char *path;   /* absolute */
	const char *target; /* in the image: a new one gets what is there; NULL: it stays empty */
};

/**
 * struct replica_plan - @config points to structs in here and to the image's own, which are shared and never written to.
 */
struct replica_plan {
	const struct replica_config *in;
	const struct spec_service *service;
	const struct oci_container_config
		*image; /* what the image says of its containers; all absent when it says nothing */
	struct oci_arena arena;
	struct oci_config config;
	struct oci_root root;
	struct oci_process process;
	struct oci_user user;
	struct oci_capabilities caps;
	struct oci_linux linux_;
	struct oci_resources resources;
	struct oci_memory memory;
	struct oci_cpu cpu;
	struct oci_pids pids;
	struct oci_seccomp seccomp;
	const char *init; /* the program that is mounted as init; NULL: none */
	const char *hostname;
	char *home; /* of the user, by the image's passwd */
	struct plan_file *files;
	size_t files_len;
	struct plan_folder *folders;
	size_t folders_len;
};

#define REPLICA_INIT_PATH \
	"/dev/init" /* where an init is mounted: /dev is in memory, the image is not touched */

/** replica_user - "USER[:GROUP]" and group_add by the image's passwd and group. */
int replica_user(struct replica_plan *plan, struct oci_error *err);
/** replica_process - arguments, environment, folder, limits. */
int replica_process(struct replica_plan *plan, struct oci_error *err);
/** replica_caps - capabilities, and what they open of the profile of system calls; or another profile, or none. */
int replica_caps(struct replica_plan *plan, struct oci_error *err);
int replica_seccomp(struct replica_plan *plan, struct oci_error *err);
/** replica_seccomp_profile - one from a file, in the form of the runtime or of Docker. */
int replica_seccomp_profile(struct replica_plan *plan, struct oci_error *err);
int replica_mounts(struct replica_plan *plan, struct oci_error *err);
/** replica_files - hosts, hostname, resolv.conf, configs and secrets: their contents. */
int replica_files(struct replica_plan *plan, struct oci_error *err);
/** replica_linux - namespaces, resources, devices, sysctls, cgroup. */
int replica_linux(struct replica_plan *plan, struct oci_error *err);
int replica_devices(struct replica_plan *plan, struct oci_error *err);
int replica_annotations(struct replica_plan *plan, struct oci_error *err);

/** replica_plan_file - remember one; room is made by replica_plan_begin for as many as a service can have. */
int replica_plan_file(struct replica_plan *plan, const char *name, const void *data, size_t length,
		      struct oci_error *err);

/** replica_volume_fill - a new and empty folder becomes what the image has at @target: content, owner, mode. */
int replica_volume_fill(const struct image *image, const char *target, int folder,
			struct oci_error *err);

#endif
