/* SPDX-License-Identifier: Apache-2.0 */
/*
 * export.h - hand-over: a project as what another engine takes, when one host is too small.
 *
 * What the engine has no counterpart for is said, one line each with its place in the Compose file: nothing is lost in silence.
 */
#ifndef CARTE_SCALE_EXPORT_H
#define CARTE_SCALE_EXPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "scale/spec.h"

struct node;
struct oci_arena;
struct oci_error;

enum export_engine { EXPORT_KUBERNETES, EXPORT_NOMAD, EXPORT_SWARM };

struct export_request {
	enum export_engine engine;
	const struct spec_project *project; /* after compose_resolve */
	const struct node *tree;            /* of compose_options.ret_tree */
	bool host_ports; /* Swarm: ports of the nodes themselves instead of the ingress mesh, which needs IPVS */
	FILE *warnings;
};

/** struct export_file - @name: as its own engine would call it. */
struct export_file {
	const char *name;
	const char *text;
	size_t length;
	bool secret; /* it has the text of a secret */
};

/** export_project - *ret: in @arena, the main document first. 0, or -errno with words: two services, volumes or files of one name, an unreadable config. */
int export_project(const struct export_request *request, struct oci_arena *arena,
		   struct export_file **ret, size_t *ret_len, struct oci_error *err);

#endif
