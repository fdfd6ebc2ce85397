/* SPDX-License-Identifier: Apache-2.0 */
/*
 * supervisor_hosts.c - hosts files: every replica of a project knows the others that share a network with it by name.
 *
 *	STATE_DIR/hosts/PROJECT/HEX	one for all replicas that are in the same networks and have the same extra_hosts, each with its names; read-only
 *					in the container
 *	BUNDLE/hosts			a replica's own, its own line first: of a service with a host name of its own, or without a network
 *
 * What must hold: a file stays where it is as long as its project, for it is bind-mounted.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/fnv.h"
#include "base/folder.h"
#include "base/mem.h"
#include "scale/supervisor-private.h"

#define HOSTS_DELAY_MS 50 /* many change at a time */
/* while they go on changing, writing takes a tenth of our time at most */
#define HOSTS_SHARE 9
#define HOSTS_DELAY_MAX_MS 1000

/* ---- which file ---------------------------------------------------------------------------------------------------------- */

static int compare_words(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static uint32_t add_word(uint32_t hash, const char *word)
{
	/* with its NUL: "a" "bc" is not "ab" "c" */
	return word ? fnv_add(hash, word, strlen(word) + 1) : hash;
}

static uint32_t hash_of(const struct replica *replica, uint32_t hash)
{
	const struct replica_work *work = replica_work(replica);
	const struct spec_pairs *extra = &work->spec->extra_hosts;
	const char *networks[NET_MAX];
	size_t count = work->net ? work->net->count : 0;

	for (size_t i = 0; i < count; i++)
		networks[i] = work->net->places[i].network;
	if (count > 1)
		qsort(networks, count, sizeof(*networks), compare_words);
	for (size_t i = 0; i < count; i++)
		hash = add_word(hash, networks[i]);
	hash = add_word(hash, "extra_hosts");
	for (size_t i = 0; i < extra->len; i++)
		hash = add_word(add_word(hash, extra->items[i].key), extra->items[i].value);
	return hash;
}

/* Of files that are shared: two hashes, as one of 32 bits is not enough for a name. */
static uint64_t group_of(const struct replica *replica)
{
	return (uint64_t)hash_of(replica, FNV_BEGIN) << 32 |
	       hash_of(replica, fnv_add(FNV_BEGIN, "carte", 5));
}

bool hosts_shared(const struct replica *replica)
{
	const struct spec_service *spec = replica_work(replica)->spec;

	return spec->network_mode == SPEC_NET_BRIDGE && !(spec->hostname && *spec->hostname);
}

static int folder_of(const struct supervisor *sv, const char *project, char *buf, size_t size)
{
	int n = snprintf(buf, size, "%s/hosts/%s", sv->options.state_dir, project);

	return n < 0 || (size_t)n >= size ? -ENAMETOOLONG : 0;
}

int hosts_path(const struct supervisor *sv, const struct replica *replica, char *buf, size_t size)
{
	int n;

	if (hosts_shared(replica))
		n = snprintf(buf, size, "%s/hosts/%s/%016llx", sv->options.state_dir,
			     replica->service->project->name,
			     (unsigned long long)group_of(replica));
	else
		n = snprintf(buf, size, "%s/hosts", replica->bundle);
	return n < 0 || (size_t)n >= size ? -ENAMETOOLONG : 0;
}

void hosts_remove(struct supervisor *sv, const char *project)
{
	char path[PATH_MAX];

	if (folder_of(sv, project, path, sizeof(path)) == 0)
		(void)folder_remove(AT_FDCWD, path);
}

static int remove_unknown(void *ctx, int dirfd, const char *name, struct oci_error *err)
{
	(void)err;
	if (!supervisor_project(ctx, name))
		(void)folder_remove(dirfd, name);
	return 0;
}

void hosts_sweep(struct supervisor *sv)
{
	CLEANUP_CLOSE int folder = -EBADF;
	char path[PATH_MAX];

	(void)snprintf(path, sizeof(path), "%s/hosts", sv->options.state_dir);
	folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder >= 0)
		(void)folder_each(folder, remove_unknown, sv, NULL);
}

/* ---- what is in it ------------------------------------------------------------------------------------------------------- */

static bool has_place(const struct replica *replica)
{
	return replica_work(replica)->attached && replica->address.s_addr != 0;
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

/* The names of its own: which it has as long as it is there. */
static const char *own_names(struct oci_arena *arena, const struct replica *replica)
{
	const struct spec_service *spec = replica_work(replica)->spec;
	bool named = spec->hostname && *spec->hostname;

	if (named && strcmp(spec->hostname, replica->name) == 0)
		return replica->name;
	return oci_arena_printf(arena, "%s %.*s", replica->name,
				named ? (int)strlen(spec->hostname) : REPLICA_SHORT_ID,
				named ? spec->hostname : replica->id);
}

/* And those of its service, which others share. */
static const char *names_of(struct oci_arena *arena, const struct replica *replica)
{
	const struct spec_service *spec = replica_work(replica)->spec;
	const char *names = own_names(arena, replica);

	if (names && strcmp(spec->name, replica->name) != 0)
		names = oci_arena_printf(arena, "%s %s", names, spec->name);
	for (size_t i = 0; i < spec->networks_len; i++)
		for (size_t j = 0; names && j < spec->networks[i].aliases.len; j++)
			names = oci_arena_printf(arena, "%s %s", names,
						 spec->networks[i].aliases.items[j]);
	return names;
}

/* Those that serve, those that will, those that are on their way out: who takes the first address only is served too. */
static unsigned pass_of(const struct replica *replica)
{
	return !replica->wanted ? 2 : replica->state == REPLICA_READY ? 0 : 1;
}

/* As @reader sees them; @shared: all who are in the same networks see the same, itself among them. */
static size_t hosts_of(struct oci_arena *arena, const struct replica *reader, bool shared,
		       struct net_host *hosts)
{
	const struct project *project = reader->service->project;
	size_t count = 0;

	for (unsigned pass = 0; pass < (shared ? 3 : 2); pass++)
		FOR_EACH(service, service, project->services)
	FOR_EACH(replica, replica, service->replicas)
	{
		struct in_addr address;
		const char *names;

		if ((replica == reader && !shared) || !has_place(replica) ||
		    pass_of(replica) != pass)
			continue;
		address = address_for(replica, reader);
		if (address.s_addr == 0)
			continue;
		names = pass == 2 ? own_names(arena, replica) : names_of(arena, replica);
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

static int make_folder(const struct supervisor *sv, const struct replica *replica,
		       struct oci_error *err)
{
	char path[PATH_MAX];
	int r = folder_of(sv, replica->service->project->name, path, sizeof(path));

	return r < 0 ? err_sys(err, -r, "hosts") : folder_make(path, 0711, err);
}

static int write_file(struct supervisor *sv, const struct replica *replica, struct oci_error *err)
{
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	bool shared = hosts_shared(replica);
	struct net_host *hosts =
		oci_arena_array(&arena, replicas_in(replica->service->project) + 1, sizeof(*hosts));
	const char *own = shared ? NULL : names_of(&arena, replica);
	char path[PATH_MAX];
	size_t count;
	int r = hosts_path(sv, replica, path, sizeof(path));

	if (!hosts || (!own && !shared))
		return err_nomem(err);
	if (r < 0)
		return err_sys(err, -r, "hosts");
	if (shared)
		r = make_folder(sv, replica, err);
	if (r < 0)
		return r;
	count = hosts_of(&arena, replica, shared, hosts);
	return net_hosts_write(path, own, replica->address, hosts, count,
			       &replica_work(replica)->spec->extra_hosts, err);
}

void hosts_write(struct supervisor *sv, struct replica *replica)
{
	struct oci_error err = OCI_ERROR_INIT;

	if (!replica->bundle || !replica_work(replica)->configured || !replica_needs_net(replica))
		return;
	if (write_file(sv, replica, &err) < 0)
		event_emit(sv, "network", "fail", NULL, NULL, replica, -1, "%s", err.message);
}

/* ---- when ------------------------------------------------------------------------------------------------------------------ */

static int64_t monotonic_ms(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* Has a file that is shared been written for another replica already? */
static bool is_written(uint64_t *groups, size_t *len, const struct replica *replica)
{
	uint64_t group;

	if (!hosts_shared(replica))
		return false;
	group = group_of(replica);
	for (size_t i = 0; i < *len; i++)
		if (groups[i] == group)
			return true;
	groups[(*len)++] = group;
	return false;
}

static void write_project(struct supervisor *sv, struct project *project)
{
	CLEANUP_FREE uint64_t *groups = calloc(replicas_in(project) + 1, sizeof(*groups));
	size_t len = 0;

	if (!groups)
		return;
	project_work(project)->hosts_stale = false;
	FOR_EACH(service, service, project->services)
	FOR_EACH(replica, replica, service->replicas)
	if (replica->pid > 0 && replica_work(replica)->configured &&
	    !is_written(groups, &len, replica))
		hosts_write(sv, replica);
}

static void write_all(void *ctx)
{
	struct supervisor *sv = ctx;
	int64_t begin = monotonic_ms();

	FOR_EACH(project, project, sv->projects)
	if (project_work(project)->hosts_stale)
		write_project(sv, project);
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
