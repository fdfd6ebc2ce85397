/* SPDX-License-Identifier: Apache-2.0 */
/*
 * compose_check.c - what holds between services: what they name is there, nothing depends on itself, no port is published twice.
 */
#include "scale/compose-private.h"

/* The place of services.NAME.KEY, as good as it is known. */
struct place {
	struct at services, service, key;
};

static const struct at *place_of(struct place *place, const struct at *root,
				 const struct spec_service *service, const char *key)
{
	place->services = (struct at){ .up = root,
				       .key = "services",
				       .node = node_get(root->node, "services") };
	place->service = (struct at){ .up = &place->services,
				      .key = service->name,
				      .node = node_get(place->services.node, service->name) };
	place->key = (struct at){ .up = &place->service,
				  .key = key,
				  .node = node_get(place->service.node, key) };
	return &place->key;
}

/* The default network, for who names none. */
static int add_default_network(struct reader *reader, struct spec_service *service)
{
	struct spec_project *project = reader->project;
	struct spec_network *more;

	service->networks = oci_arena_array(reader->arena, 1, sizeof(*service->networks));
	if (!service->networks)
		return fail_nomem(reader);
	service->networks_len = 1;
	service->networks[0].network = "default";
	if (spec_network_find(project, "default"))
		return 0;
	more = array_more(reader->arena, project->networks, &project->networks_len, sizeof(*more));
	if (!more)
		return fail_nomem(reader);
	project->networks = more;
	more += project->networks_len - 1;
	more->key = "default";
	more->name = oci_arena_printf(reader->arena, "%s_default", project->name);
	return more->name ? 0 : fail_nomem(reader);
}

static int check_networks(struct reader *reader, const struct at *root,
			  struct spec_service *service)
{
	struct place place;
	char buf[SHOWN_SIZE];

	for (size_t i = 0; i < service->networks_len; i++) {
		const struct spec_network_use *use = &service->networks[i];
		const struct spec_network *network =
			spec_network_find(reader->project, use->network);
		const struct at *at = place_of(&place, root, service, "networks");

		if (!network && strcmp(use->network, "default") != 0)
			return fail(reader, at, "there is no network %s in networks",
				    shown(buf, use->network));
		if (use->ipv4 && (!network || (!network->subnet && !network->external)))
			return fail(reader, at,
				    "ipv4_address %s needs a subnet in networks.%s.ipam.config",
				    use->ipv4, shown(buf, use->network));
		if (use->ipv4 && network->subnet && !is_in_subnet(use->ipv4, network->subnet))
			return fail(reader, at, "ipv4_address %s is not in %s", use->ipv4,
				    network->subnet);
		if (use->ipv4 && network->gateway && strcmp(use->ipv4, network->gateway) == 0)
			return fail(reader, at, "ipv4_address %s is the gateway's", use->ipv4);
	}
	if (service->network_mode == SPEC_NET_CONTAINER &&
	    strncmp(service->network_target, "service:", 8) == 0) {
		const char *name = service->network_target + 8;

		if (strcmp(name, service->name) == 0 || !spec_service_find(reader->project, name))
			return fail(reader, place_of(&place, root, service, "network_mode"),
				    "there is no other service %s", shown(buf, name));
	}
	return 0;
}

static int use_default_network(struct reader *reader, struct spec_service *service)
{
	if (service->network_mode != SPEC_NET_BRIDGE)
		return 0;
	if (service->networks_len == 0)
		return add_default_network(reader, service);
	for (size_t i = 0; i < service->networks_len; i++)
		if (strcmp(service->networks[i].network, "default") == 0 &&
		    !spec_network_find(reader->project, "default")) {
			struct spec_network_use *uses = service->networks;
			size_t len = service->networks_len;
			int r = add_default_network(reader, service);

			service->networks = uses;
			service->networks_len = len;
			return r;
		}
	return 0;
}

static int check_files(struct reader *reader, const struct at *root,
		       const struct spec_service *service)
{
	struct place place;
	char buf[SHOWN_SIZE];

	for (size_t i = 0; i < service->mounts_len; i++) {
		const struct spec_mount *mount = &service->mounts[i];

		if (mount->type == SPEC_VOLUME && mount->source &&
		    !spec_volume_find(reader->project, mount->source))
			return fail(
				reader, place_of(&place, root, service, "volumes"),
				"there is no volume %s in volumes; a path begins with '/' or './'",
				shown(buf, mount->source));
	}
	for (size_t i = 0; i < service->files_len; i++) {
		const struct spec_file *file = &service->files[i];
		const char *key = file->secret ? "secrets" : "configs";

		if (!spec_file_find(reader->project, file->name, file->secret))
			return fail(reader, place_of(&place, root, service, key),
				    "there is no %s in %s", shown(buf, file->name), key);
		for (size_t j = 0; j < service->mounts_len; j++)
			if (strcmp(service->mounts[j].target, file->target) == 0)
				return fail(reader, place_of(&place, root, service, key),
					    "%s is a mount's target already",
					    shown(buf, file->target));
	}
	return 0;
}

static int check_dependencies(struct reader *reader, const struct at *root,
			      struct spec_service *service)
{
	struct place place;
	char buf[SHOWN_SIZE];

	for (size_t i = 0; i < service->depends_on_len; i++) {
		struct spec_dependency *to = &service->depends_on[i];
		const struct spec_service *other = spec_service_find(reader->project, to->service);
		const struct at *at = place_of(&place, root, service, "depends_on");

		if (!other && to->optional) {
			memmove(to, to + 1, (service->depends_on_len - i - 1) * sizeof(*to));
			service->depends_on_len--;
			i--;
		} else if (!other) {
			return fail(reader, at,
				    node_get(place.services.node, to->service)
					    ? "service %s is of a profile that is not chosen"
					    : "there is no service %s",
				    shown(buf, to->service));
		} else if (to->condition == SPEC_HEALTHY && other->probe.kind == SPEC_PROBE_NONE) {
			return fail(reader, at, "service %s has no health check to wait for",
				    shown(buf, to->service));
		}
	}
	return 0;
}

static bool overlap(const struct spec_port *a, const struct spec_port *b)
{
	return a->published && a->published == b->published && a->protocol == b->protocol &&
	       (!a->host_ip || !b->host_ip || strcmp(a->host_ip, b->host_ip) == 0);
}

static int check_ports(struct reader *reader, const struct at *root)
{
	const struct spec_project *project = reader->project;
	struct place place;

	for (size_t i = 0; i < project->services_len; i++)
		for (size_t j = 0; j <= i; j++) {
			const struct spec_service *a = &project->services[i];
			const struct spec_service *b = &project->services[j];

			for (size_t k = 0; k < a->ports_len; k++)
				for (size_t l = 0; l < (i == j ? k : b->ports_len); l++)
					if (overlap(&a->ports[k], &b->ports[l]))
						return fail(
							reader, place_of(&place, root, a, "ports"),
							"port %u/%s is published twice%s%s",
							a->ports[k].published,
							a->ports[k].protocol == SPEC_UDP ? "udp"
											 : "tcp",
							i == j ? "" : ", also by service ",
							i == j ? "" : b->name);
		}
	return 0;
}

static int check_addresses(struct reader *reader, const struct at *root)
{
	const struct spec_project *project = reader->project;
	const char *seen_name[COMPOSE_KEYS_MAX];
	const struct spec_network_use *seen[COMPOSE_KEYS_MAX];
	struct place place;
	size_t len = 0;

	for (size_t i = 0; i < project->services_len; i++)
		for (size_t j = 0; j < project->services[i].networks_len; j++) {
			const struct spec_network_use *use = &project->services[i].networks[j];

			if (!use->ipv4)
				continue;
			for (size_t k = 0; k < len; k++)
				if (strcmp(seen[k]->network, use->network) == 0 &&
				    strcmp(seen[k]->ipv4, use->ipv4) == 0)
					return fail(reader,
						    place_of(&place, root, &project->services[i],
							     "networks"),
						    "ipv4_address %s is also service %s's",
						    use->ipv4, seen_name[k]);
			if (len == COMPOSE_KEYS_MAX)
				return 0; /* more fixed addresses than keys: the network refuses */
			seen_name[len] = project->services[i].name;
			seen[len++] = use;
		}
	return 0;
}

/* Take away who waits for nobody that is left, until nobody is left; those who remain wait in a circle. */
static int check_circles(struct reader *reader, const struct at *root)
{
	const struct spec_project *project = reader->project;
	bool *gone = oci_arena_array(reader->arena, project->services_len + 1, sizeof(*gone));
	struct place place;
	bool more = true;

	if (!gone)
		return fail_nomem(reader);
	while (more) {
		more = false;
		for (size_t i = 0; i < project->services_len; i++) {
			const struct spec_service *service = &project->services[i];
			bool waits = false;

			for (size_t j = 0; !gone[i] && j < service->depends_on_len; j++) {
				const struct spec_service *other =
					spec_service_find(project, service->depends_on[j].service);

				waits |= other && !gone[other - project->services];
			}
			if (!gone[i] && !waits)
				gone[i] = more = true;
		}
	}
	for (size_t i = 0; i < project->services_len; i++)
		if (!gone[i])
			return fail(reader,
				    place_of(&place, root, &project->services[i], "depends_on"),
				    "the service waits for itself, by way of %s",
				    project->services[i].depends_on[0].service);
	return 0;
}

int compose_check(struct reader *reader, const struct at *root)
{
	struct spec_project *project = reader->project;
	int r = 0;

	for (size_t i = 0; r == 0 && i < project->services_len; i++) {
		struct spec_service *service = &project->services[i];

		r = check_networks(reader, root, service);
		if (r == 0)
			r = use_default_network(reader, service);
		if (r == 0)
			r = check_files(reader, root, service);
		if (r == 0)
			r = check_dependencies(reader, root, service);
	}
	if (r == 0)
		r = check_circles(reader, root);
	if (r == 0)
		r = check_ports(reader, root);
	return r < 0 ? r : check_addresses(reader, root);
}
