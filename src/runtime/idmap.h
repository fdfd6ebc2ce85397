/* SPDX-License-Identifier: Apache-2.0 */
/*
 * idmap.h - user namespace mappings: checked, written, and read back.
 */
#ifndef CARTE_RUNTIME_IDMAP_H
#define CARTE_RUNTIME_IDMAP_H

#include <stdbool.h>
#include <sys/types.h>

#include <ocispec-lite/runtime.h>

/** idmap_check - sizes above 0, no overflow, no overlap, at most 340 lines (user_namespaces(7)). @where: "linux.uidMappings" */
int idmap_check(const struct oci_id_mapping *map, size_t count, const char *where,
		struct oci_error *err);

/**
 * idmap_write - uid_map and gid_map of a child in a new user namespace, as linux.uidMappings and linux.gidMappings say:
 * directly, or, on EPERM, by newuidmap and newgidmap (found in PATH or /usr/bin). An unprivileged single mapping needs
 * setgroups denied first.
 * @ret_denied: was setgroups denied?
 */
int idmap_write(pid_t pid, const struct oci_linux *l, bool *ret_denied, struct oci_error *err);

/**
 * idmap_write_lent - the same with mappings that the config did not ask for: where the ranges behind the first entry
 * cannot be had, the first alone, the caller's own id. @l is left as it was written.
 * @why: what stood against the ranges; code 0: nothing did
 */
int idmap_write_lent(pid_t pid, struct oci_linux *l, bool *ret_denied, struct oci_error *why,
		     struct oci_error *err);

/** idmap_userns_fd - a new user namespace with these mappings, for idmapped mounts: fd or -errno. */
int idmap_userns_fd(const struct oci_id_mapping *uids, size_t uids_len,
		    const struct oci_id_mapping *gids, size_t gids_len, struct oci_error *err);

/**
 * idmap_compare - engines give mappings along with the path of a user namespace that has them: does it?
 * Return: 0, -EINVAL with words that name the field when it has others, or another -errno
 */
int idmap_compare(int userns_fd, const struct oci_linux *l, struct oci_error *err);

/** idmap_host_id - the host id of a container id, or -1. */
int64_t idmap_host_id(const struct oci_id_mapping *map, size_t count, uint32_t container_id);

#endif
