/* SPDX-License-Identifier: Apache-2.0 */
/*
 * supervisor_hosts.c - hosts files: every replica of a project knows the others that share a network with it by name.
 */
#include <stdarg.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "scale/supervisor-private.h"

#define HOSTS_DELAY_MS 50 /* many change at a time */
/* every file names every replica: while they go on changing, writing takes a tenth of our time at most */
#define HOSTS_SHARE 9
#define HOSTS_DELAY_MAX_MS 1000

static bool has_place(const struct replica *replica)
{
	const struct replica_work *work = replica_work(replica);

	return replica->wanted && work->attached && replica->address.s_addr != 0;
}

/* Its address in a network that both are in; 0: none. */
static struct in_addr address_for(const struct replica *of, const struct replica *reader)
{
	const struct net_result *a = replica_work(of)->net, *b = replica_work(reader)->net;
	struct in_addr none = { 0 };

	if (!a || !b)
		return none;
	for (size_t i = 0; i < a->count; i++)
		for (size_t j = 0; j < b->count; j++)
			if (strcmp(a->places[i].network, b->places[j].network) == 0)
				return a->places[i].address;
	return none;
}

static const char *names_of(struct oci_arena *arena, const struct replica *replica)
{
	const struct spec_service *spec = replica_work(replica)->spec;
	const char *names = replica->name;

	if (strcmp(spec->name, replica->name) != 0)
		names = oci_arena_printf(arena, "%s %s", names, spec->name);
	if (names && spec->hostname && strcmp(spec->hostname, replica->name) != 0)
		names = oci_arena_printf(arena, "%s %s", names, spec->hostname);
	for (size_t i = 0; i < spec->networks_len; i++)
		for (size_t j = 0; names && j < spec->networks[i].aliases.len; j++)
			names = oci_arena_printf(arena, "%s %s", names,
						 spec->networks[i].aliases.items[j]);
	return names;
}

/* Those that serve come first: who takes the first address only is served too. */
static size_t hosts_of(struct oci_arena *arena, const struct replica *reader,
		       struct net_host *hosts)
{
	const struct project *project = reader->service->project;
	size_t count = 0;

	for (unsigned pass = 0; pass < 2; pass++)
		FOR_EACH(service, service, project->services)
	FOR_EACH(replica, replica, service->replicas)
	{
		struct in_addr address;
		const char *names;

		if (replica == reader || !has_place(replica) ||
		    (replica->state == REPLICA_READY) != (pass == 0))
			continue;
		address = address_for(replica, reader);
		names = address.s_addr ? names_of(arena, replica) : NULL;
		if (names)
			hosts[count++] = (struct net_host){ address, names };
	}
	return count;
}

static size_t replicas_in(const struct project *project)
{
	size_t count = 0;

	FOR_EACH(service, service, project->services)
	FOR_EACH(replica, replica, service->replicas)
	count++;
	return count;
}

void hosts_write(struct supervisor *sv, struct replica *replica)
{
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	struct net_host *hosts;
	struct oci_error err = OCI_ERROR_INIT;
	const char *own;
	char path[PATH_MAX];
	size_t count;

	if (!replica->bundle || !replica_work(replica)->configured || !replica_needs_net(replica))
		return;
	hosts = oci_arena_array(&arena, replicas_in(replica->service->project) + 1, sizeof(*hosts));
	own = names_of(&arena, replica);
	if (!hosts || !own)
		return;
	count = hosts_of(&arena, replica, hosts);
	(void)snprintf(path, sizeof(path), "%s/hosts", replica->bundle);
	if (net_hosts_write(path, own, replica->address, hosts, count,
			    &replica_work(replica)->spec->extra_hosts, &err) < 0)
		event_emit(sv, "network", "fail", NULL, NULL, replica, -1, "%s", err.message);
}

static int64_t monotonic_ms(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void write_all(void *ctx)
{
	struct supervisor *sv = ctx;
	int64_t begin = monotonic_ms();

	FOR_EACH(project, project, sv->projects)
	{
		if (!project_work(project)->hosts_stale)
			continue;
		project_work(project)->hosts_stale = false;
		FOR_EACH(service, service, project->services)
		FOR_EACH(replica, replica, service->replicas)
		if (replica->pid > 0)
			hosts_write(sv, replica);
	}
	sv->hosts_delay_ms = HOSTS_SHARE * (monotonic_ms() - begin);
	if (sv->hosts_delay_ms < HOSTS_DELAY_MS)
		sv->hosts_delay_ms = HOSTS_DELAY_MS;
	if (sv->hosts_delay_ms > HOSTS_DELAY_MAX_MS)
		sv->hosts_delay_ms = HOSTS_DELAY_MAX_MS;
}

void hosts_stale(struct supervisor *sv, struct project *project)
{
	project_work(project)->hosts_stale = true;
	if (sv->hosts_timer.place == 0)
		(void)loop_timer_set(sv->loop, &sv->hosts_timer,
				     sv->hosts_delay_ms ? sv->hosts_delay_ms : HOSTS_DELAY_MS,
				     write_all, sv);
}
