/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bundle_config.h - config.json of an image, planned without touching anything.
 */
#ifndef CARTEFILE_BUNDLE_CONFIG_H
#define CARTEFILE_BUNDLE_CONFIG_H

#include <ocispec-lite/image.h>

#include "cartefile-to-oci/bundle.h"
#include "cartefile-to-oci/bundle_user.h"
#include "cartefile-to-oci/rootless.h"

/**
 * struct bundle_facts - what the document depends on besides the image and the options.
 * @ids: of an ordinary user's namespace; all empty: root
 * @layers: top first, absolute; NULL: the root is whole, in "rootfs"
 * @users: of the image
 * @folder: what relative sources of mounts begin at
 * @nofile, @nproc: the hard limits that the caller may give on
 * @resolv_conf, @hosts: the host has these files
 */
struct bundle_facts {
	struct rootless ids;
	char **layers;
	size_t layers_len;
	struct user_files users;
	const char *folder;
	uint64_t nofile, nproc;
	bool resolv_conf, hosts;
};

/** bundle_config - the document; what it points to is the arena's or lives as long as the arguments. */
int bundle_config(const struct oci_image_config *image, const struct bundle_options *options,
		  const struct bundle_facts *facts, struct oci_arena *arena,
		  struct oci_config **ret, struct oci_error *err);

/* ---- its parts; @config is what there is of it already ------------------------------------- */

/** bundle_linux - namespaces, paths, resources, seccomp. */
int bundle_linux(const struct oci_image_config *image, const struct bundle_options *options,
		 const struct bundle_facts *facts, struct oci_arena *arena,
		 struct oci_config *config, struct oci_error *err);

/** bundle_mounts - the usual ones and those of -v. */
int bundle_mounts(const struct bundle_options *options, const struct bundle_facts *facts,
		  struct oci_arena *arena, struct oci_config *config, struct oci_error *err);

/** bundle_caps - podman's eleven, with --cap-add and --cap-drop; of another user than root only what was added is in force. */
int bundle_caps(const struct bundle_options *options, const struct oci_user *user,
		struct oci_arena *arena, struct oci_capabilities **ret, struct oci_error *err);

enum bundle_net { BUNDLE_NET_NONE, BUNDLE_NET_HOST, BUNDLE_NET_JOINED };

/** bundle_flag_net, ... - one option's value; words name the option: "--memory: '3Q' is no size ..." */
int bundle_flag_net(const char *text, enum bundle_net *ret, const char **ret_path,
		    struct oci_error *err);
int bundle_flag_memory(const char *text, int64_t *ret, struct oci_error *err);
int bundle_flag_cpus(const char *text, int64_t *ret_quota, uint64_t *ret_period,
		     struct oci_error *err);
int bundle_flag_pids(const char *text, int64_t *ret, struct oci_error *err);
int bundle_flag_mount(const char *text, const char *folder, struct oci_arena *arena,
		      struct oci_mount *ret, struct oci_error *err);

#endif
