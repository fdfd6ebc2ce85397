/* SPDX-License-Identifier: Apache-2.0 */
/*
 * compose_emit.c - a project as a tree, and the ways to write it.
 *
 * The name and the folder are in x-carte: Docker's older schemas refuse a name at the top.
 */
#include "scale/compose-private.h"

static struct node *make_network(struct maker *maker, const struct spec_network *network)
{
	struct node *map = make_node(maker, NODE_MAP), *ipam, *list, *pool;

	put_text(maker, map, "name", network->name);
	put_true(maker, map, "external", network->external);
	put_text(maker, map, "driver", network->driver);
	put_pairs(maker, map, "driver_opts", &network->options);
	put_true(maker, map, "internal", network->internal);
	if (network->subnet) {
		pool = make_node(maker, NODE_MAP);
		put_text(maker, pool, "subnet", network->subnet);
		put_text(maker, pool, "gateway", network->gateway);
		put_text(maker, pool, "ip_range", network->ip_range);
		list = make_node(maker, NODE_LIST);
		push(maker, list, pool);
		ipam = make_node(maker, NODE_MAP);
		put(maker, ipam, "config", list);
		put(maker, map, "ipam", ipam);
	}
	return map;
}

static struct node *make_sources(struct maker *maker, const struct spec_project *project,
				 bool secret)
{
	struct node *map = make_node(maker, NODE_MAP);

	for (size_t i = 0; i < project->files_len; i++) {
		const struct spec_file_source *file = &project->files[i];
		struct node *one;

		if (file->secret != secret)
			continue;
		one = make_node(maker, NODE_MAP);
		if (file->content)
			put_text(maker, one, "content", file->content);
		else if (file->environment)
			put_text(maker, one, "environment", file->environment);
		else
			put_text(maker, one, "file", file->path);
		put(maker, map, file->name, one);
	}
	return map;
}

static struct node *make_project(struct maker *maker, const struct spec_project *project)
{
	struct node *map = make_node(maker, NODE_MAP), *carte = make_node(maker, NODE_MAP);
	struct node *services = make_node(maker, NODE_MAP), *networks = make_node(maker, NODE_MAP);
	struct node *volumes = make_node(maker, NODE_MAP);

	put_text(maker, carte, "name", project->name);
	put_text(maker, carte, "directory", project->directory);
	put(maker, map, "x-carte", carte);
	for (size_t i = 0; i < project->services_len; i++)
		put(maker, services, project->services[i].name,
		    make_service(maker, &project->services[i], false));
	put(maker, map, "services", services);
	for (size_t i = 0; i < project->networks_len; i++)
		put(maker, networks, project->networks[i].key,
		    make_network(maker, &project->networks[i]));
	put_filled(maker, map, "networks", networks);
	for (size_t i = 0; i < project->volumes_len; i++) {
		struct node *one = make_node(maker, NODE_MAP);

		put_text(maker, one, "name", project->volumes[i].name);
		put_true(maker, one, "external", project->volumes[i].external);
		put(maker, volumes, project->volumes[i].key, one);
	}
	put_filled(maker, map, "volumes", volumes);
	put_filled(maker, map, "configs", make_sources(maker, project, false));
	put_filled(maker, map, "secrets", make_sources(maker, project, true));
	return map;
}

int compose_emit(const struct spec_project *project, struct oci_arena *arena, char **ret_text,
		 size_t *ret_length, struct oci_error *err)
{
	struct maker maker = { .arena = arena };
	struct node *node = make_project(&maker, project);

	return maker.failed ? err_nomem(err) : write_json(node, arena, ret_text, ret_length, err);
}

int compose_emit_yaml(const struct spec_project *project, struct oci_arena *arena, char **ret_text,
		      size_t *ret_length, struct oci_error *err)
{
	struct maker maker = { .arena = arena };
	struct node *node = make_project(&maker, project);

	return maker.failed ? err_nomem(err) : write_yaml(node, arena, ret_text, ret_length, err);
}

int compose_emit_service(const struct spec_service *service, bool for_revision,
			 struct oci_arena *arena, char **ret_text, size_t *ret_length,
			 struct oci_error *err)
{
	struct maker maker = { .arena = arena };
	struct node *node = make_service(&maker, service, for_revision);

	return maker.failed ? err_nomem(err) : write_json(node, arena, ret_text, ret_length, err);
}
