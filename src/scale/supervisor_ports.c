/* SPDX-License-Identifier: Apache-2.0 */
/*
 * supervisor_ports.c - published ports: who has which, and who serves them now.
 */
#include <arpa/inet.h>
#include <string.h>

#include "base/mem.h"
#include "scale/supervisor-private.h"

#define WEIGHTS_MS 1000
#define WEIGHT_MAX 16

static struct in_addr host_of(const struct spec_port *port)
{
	struct in_addr address = { INADDR_ANY };

	if (port->host_ip)
		(void)inet_pton(AF_INET, port->host_ip, &address);
	return address;
}

static bool overlap(const struct spec_port *a, uint16_t a_published, const struct spec_port *b,
		    uint16_t b_published)
{
	struct in_addr x = host_of(a), y = host_of(b);

	return a_published == b_published && a->protocol == b->protocol &&
	       (x.s_addr == y.s_addr || x.s_addr == INADDR_ANY || y.s_addr == INADDR_ANY);
}

static const struct service *owner_of(struct supervisor *sv, const struct spec_port *port,
				      uint16_t published)
{
	FOR_EACH(project, project, sv->projects)
	FOR_EACH(service, service, project->services)
	{
		const struct service_work *work = service_work(service);

		if (work->removed || project->removing)
			continue;
		for (size_t i = 0; i < service->spec->ports_len && i < 64; i++)
			if (overlap(&service->spec->ports[i], work->published[i], port, published))
				return service;
	}
	return NULL;
}

static const char *protocol_word(const struct spec_port *port)
{
	return port->protocol == SPEC_UDP ? "udp" : "tcp";
}

static int check_port(struct supervisor *sv, const char *project, const struct spec_service *spec,
		      const struct spec_port *port, struct oci_error *err)
{
	const struct service *owner;
	int r;

	if (port->published == 0)
		return 0;
	owner = owner_of(sv, port, port->published);
	if (owner && strcmp(owner->project->name, project) != 0)
		return err_set_as(err, ERR_EXISTS, EADDRINUSE,
				  "service %s: port %u/%s is published by service %s of project %s",
				  spec->name, port->published, protocol_word(port),
				  owner->spec->name, owner->project->name);
	if (owner)
		return 0;
	r = balance_port_check(port->protocol, host_of(port), port->published, err);
	if (r < 0)
		err_prefix(err, "service %s: ", spec->name);
	return r;
}

int ports_check(struct supervisor *sv, const char *project, const struct spec_project *spec,
		struct oci_error *err)
{
	for (size_t i = 0; i < spec->services_len; i++) {
		const struct spec_service *service = &spec->services[i];

		if (service->ports_len > 64)
			return err_set_as(err, ERR_DOCUMENT, E2BIG,
					  "service %s: publishes %zu ports, at most 64 can be",
					  service->name, service->ports_len);
		for (size_t j = 0; j < service->ports_len; j++) {
			int r = check_port(sv, project, service, &service->ports[j], err);

			if (r < 0)
				return r;
		}
	}
	return 0;
}

int ports_choose(struct supervisor *sv, struct service *service, struct oci_error *err)
{
	struct service_work *work = service_work(service);

	for (size_t i = 0; i < service->spec->ports_len && i < ARRAY_LEN(work->published); i++) {
		const struct spec_port *port = &service->spec->ports[i];

		if (port->published) {
			work->published[i] = port->published;
			continue;
		}
		for (unsigned try = 0; work->published[i] == 0; try++) {
			uint16_t chosen;
			int r = balance_port_choose(port->protocol, host_of(port), &chosen, err);

			if (r < 0)
				return r;
			/* ours are in nftables, where no socket shows them */
			if (!owner_of(sv, port, chosen) || try == 100)
				work->published[i] = chosen;
		}
	}
	FOR_EACH(replica, replica, service->replicas)
	memcpy(replica->published, work->published, sizeof(replica->published));
	return 0;
}

/* ---- who serves ---------------------------------------------------------------------------------------------------------------- */

static size_t backends_of(struct supervisor *sv, const struct service *service,
			  struct balance_backend *backends)
{
	bool least = service->spec->scale.least_connections;
	struct in_addr *addresses;
	unsigned *counts, most = 0;
	size_t count = 0;

	FOR_EACH(replica, replica, service->replicas)
	if (replica->state == REPLICA_READY && replica->address.s_addr && !replica->paused)
		backends[count++] = (struct balance_backend){ replica->address, 1 };
	if (!least || count < 2)
		return count;
	addresses = calloc(count, sizeof(*addresses));
	counts = calloc(count, sizeof(*counts));
	for (size_t i = 0; addresses && i < count; i++)
		addresses[i] = backends[i].address;
	if (addresses && counts &&
	    balance_connections(sv->balance, addresses, counts, count, NULL) == 0) {
		for (size_t i = 0; i < count; i++)
			most = counts[i] > most ? counts[i] : most;
		/* the fewer it has, the more it gets */
		for (size_t i = 0; i < count; i++)
			backends[i].weight =
				1 + (most - counts[i]) * (WEIGHT_MAX - 1) / (most ? most : 1);
	}
	free(addresses);
	free(counts);
	return count;
}

static void weights_fired(void *ctx)
{
	struct supervisor *sv = ctx;

	sv->ports_stale = true;
	supervisor_turn_soon(sv);
}

static void sizes(struct supervisor *sv, size_t *ret_ports, size_t *ret_backends)
{
	*ret_ports = *ret_backends = 0;
	FOR_EACH(project, project, sv->projects)
	FOR_EACH(service, service, project->services)
	{
		if (service->spec->ports_len == 0)
			continue;
		*ret_ports += service->spec->ports_len;
		FOR_EACH(replica, replica, service->replicas)
		++*ret_backends;
	}
}

static void ports_of(struct service *service, const struct balance_backend *backends, size_t count,
		     struct balance_port *ports, size_t *len)
{
	const struct service_work *work = service_work(service);

	for (size_t i = 0; i < service->spec->ports_len && i < 64; i++) {
		const struct spec_port *port = &service->spec->ports[i];

		if (work->published[i] == 0)
			continue;
		ports[(*len)++] = (struct balance_port){ .protocol = port->protocol,
							 .host = host_of(port),
							 .published = work->published[i],
							 .target = port->target,
							 .backends = backends,
							 .count = count };
	}
}

void ports_apply(struct supervisor *sv)
{
	struct oci_error err = OCI_ERROR_INIT;
	size_t ports_max, backends_max, len = 0, used = 0;
	struct balance_backend *backends;
	struct balance_port *ports;
	bool weighed = false;

	sv->ports_stale = false;
	if (!sv->balance)
		return;
	sizes(sv, &ports_max, &backends_max);
	ports = calloc(ports_max + 1, sizeof(*ports));
	backends = calloc(backends_max + 1, sizeof(*backends));
	if (ports && backends) {
		FOR_EACH(project, project, sv->projects)
		FOR_EACH(service, service, project->services)
		{
			size_t count;

			if (service->spec->ports_len == 0)
				continue;
			if (service->spec->network_mode != SPEC_NET_BRIDGE)
				continue;
			count = backends_of(sv, service, backends + used);
			ports_of(service, backends + used, count, ports, &len);
			weighed = weighed || (service->spec->scale.least_connections && count > 1);
			used += count;
		}
		/* of nothing, nothing is left */
		if ((sv->projects ? balance_apply(sv->balance, ports, len, &err)
				  : balance_remove(sv->balance, &err)) < 0)
			event_emit(sv, "network", "fail", NULL, NULL, NULL, -1, "ports: %s",
				   err.message);
	}
	free(ports);
	free(backends);
	if (weighed)
		(void)loop_timer_set(sv->loop, &sv->weights_timer, WEIGHTS_MS, weights_fired, sv);
}

void ports_forget(struct supervisor *sv, const struct replica *replica, bool tcp)
{
	const struct spec_service *spec = replica_work(replica)->spec;
	bool udp = false;

	for (size_t i = 0; i < spec->ports_len; i++)
		udp = udp || spec->ports[i].protocol == SPEC_UDP;
	if (!sv->balance || replica->address.s_addr == 0 ||
	    (!udp && (!tcp || spec->ports_len == 0)))
		return;
	/* out of the table first, or the flow would be sent there again */
	if (sv->ports_stale)
		ports_apply(sv);
	(void)balance_forget(sv->balance, replica->address, tcp, NULL);
}
