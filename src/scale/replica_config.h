/* SPDX-License-Identifier: Apache-2.0 */
/*
 * replica_config.h - a replica's bundle: the image's config.json with what the service says.
 */
#ifndef CARTE_SCALE_REPLICA_CONFIG_H
#define CARTE_SCALE_REPLICA_CONFIG_H

#include <stdbool.h>

#include "scale/image.h"
#include "scale/spec.h"

struct oci_error;

#define REPLICA_SHORT_ID 12 /* digits of the ID as a host name, as Docker has it */

struct replica_config {
	const struct spec_project *project;
	const struct spec_service *service;
	const struct image *image;
	const char *id, *name;
	const char *
		bundle; /* folder to make: config.json, hosts, hostname, resolv.conf, overlay/, files/ */
	const char *hosts;        /* a hosts file that it shares, read-only; NULL: BUNDLE/hosts */
	const char *secrets;      /* folder to make, in memory; NULL: the service may have none */
	const char *volumes;      /* STATE_DIR/volumes */
	const char *netns;        /* path of the network namespace; NULL: the host's */
	const char *cgroups_path; /* linux.cgroupsPath */
	bool terminal;            /* process.terminal, of `carte run -t` */
	bool rootless;
};

/** replica_config_write - make the bundle. An existing one is replaced but for overlay/. All or nothing. */
int replica_config_write(const struct replica_config *config, struct oci_error *err);
/** replica_config_remove - the whole folder; anonymous volumes with it. */
int replica_config_remove(const char *bundle, struct oci_error *err);

#endif
