/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fake_parts.c - the parts of a supervisor that need rights or images, for its tests.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <dirent.h>

#include "scale/balance.h"
#include "scale/image.h"
#include "scale/net.h"
#include "scale/oom.h"
#include "scale/probe.h"
#include "scale/replica_config.h"
#include "supervisor-stage.h"

struct parts parts;

/* What is answered later, as the real ones do. */
struct later {
	struct loop_timer timer;
	void (*done)(void *ctx);
	void *ctx;
	net_done net;
	void (*image)(void *ctx, const struct image *image, const struct oci_error *err);
	bool failed;
	struct net_result result;
	struct later *next;
};

static struct loop *the_loop;
static struct later *pending;

static void unlist(struct later *later)
{
	struct later **place = &pending;

	while (*place && *place != later)
		place = &(*place)->next;
	if (*place)
		*place = later->next;
}

static void fire(void *ctx)
{
	struct later *later = ctx;
	static const struct image image = { .id = "sha256:00", .config = "{}", .config_length = 2 };
	struct oci_error err = OCI_ERROR_INIT;

	unlist(later);
	if (later->failed)
		(void)err_set(&err, ENOENT, later->image ? "no such image" : "no such network");
	if (later->image)
		later->image(later->ctx, later->failed ? NULL : &image,
			     later->failed ? &err : NULL);
	else if (later->net)
		later->net(later->ctx, &later->result, later->failed ? &err : NULL);
	free(later);
}

static struct later *answer(void *ctx)
{
	struct later *later = calloc(1, sizeof(*later));

	if (!later)
		abort();
	later->ctx = ctx;
	later->next = pending;
	pending = later;
	assert_int_equal(loop_timer_set(the_loop, &later->timer, 0, fire, later), 0);
	return later;
}

static void drop_pending(void)
{
	while (pending) {
		struct later *later = pending;

		loop_timer_cancel(&later->timer);
		pending = later->next;
		free(later);
	}
}

/* ---- out of memory ------------------------------------------------------------------------------------------------------ */

static const void *watched[64];

int oom_new(struct loop *loop, void (*killed)(void *ctx), struct oom **ret, struct oci_error *err)
{
	(void)loop;
	(void)killed;
	(void)err;
	*ret = NULL;
	return 0;
}

/* The real one would remove what is left, but its replica has gone. */
void oom_free(struct oom *oom)
{
	(void)oom;
	assert_int_equal(parts.watched, 0);
}

int oom_add(struct oom *oom, const char *path, pid_t pid, void *ctx)
{
	size_t place = 0;

	(void)oom;
	(void)pid;
	assert_non_null(strstr(path, "carte/"));
	while (place < ARRAY_LEN(watched) && watched[place])
		place++;
	assert_true(place < ARRAY_LEN(watched));
	watched[place] = ctx;
	parts.watched++;
	return 0;
}

void oom_remove(struct oom *oom, const void *ctx)
{
	(void)oom;
	for (size_t i = 0; i < ARRAY_LEN(watched); i++)
		if (watched[i] == ctx) {
			watched[i] = NULL;
			parts.watched--;
		}
}

int64_t oom_kills(const struct oom *oom, const void *ctx)
{
	(void)oom;
	(void)ctx;
	return 0;
}

/* ---- images ------------------------------------------------------------------------------------------------------------- */

int images_new(struct loop *loop, const struct images_options *options, struct images **ret,
	       struct oci_error *err)
{
	(void)options;
	(void)err;
	the_loop = loop;
	*ret = NULL;
	return 0;
}

void images_free(struct images *images)
{
	(void)images;
	drop_pending();
}

int images_find(struct images *images, const char *name,
		void (*done)(void *ctx, const struct image *image, const struct oci_error *err),
		void *ctx, struct oci_error *err)
{
	struct later *later = answer(ctx);

	(void)images;
	(void)name;
	(void)err;
	later->image = done;
	later->failed = parts.no_image;
	return 0;
}

int image_probe(const struct image *image, struct oci_arena *arena, struct spec_probe *ret,
		struct oci_error *err)
{
	(void)image;
	(void)arena;
	(void)err;
	*ret = (struct spec_probe){ .kind = SPEC_PROBE_NONE };
	return 0;
}

/* ---- networks: one file each --------------------------------------------------------------------------------------------- */

int net_new(struct loop *loop, const struct net_options *options, struct net **ret,
	    struct oci_error *err)
{
	(void)loop;
	(void)options;
	(void)err;
	*ret = (struct net *)&parts;
	return 0;
}

void net_free(struct net *net)
{
	(void)net;
}

bool net_usable(const struct net *net)
{
	(void)net;
	return !parts.ordinary_user;
}

int net_namespace_path(const struct net *net, const char *id, char *buf, size_t size)
{
	(void)net;
	(void)snprintf(buf, size, "%s/net/%s", parts.folder, id);
	return 0;
}

static unsigned number_of(const char *id)
{
	return (unsigned)strtoul((char[]){ id[0], id[1], id[2], id[3], 0 }, NULL, 16);
}

int net_attach(struct net *net, const struct net_request *request, net_done done, void *ctx,
	       struct oci_error *err)
{
	struct later *later = answer(ctx);
	char path[PATH_MAX];

	(void)net;
	(void)err;
	later->net = done;
	later->failed = parts.no_network;
	if (later->failed)
		return 0;
	parts.attached++;
	scale_write(parts.folder, scale_path(path, "net/%s", request->id), "");
	later->result.count = 1;
	(void)snprintf(later->result.places[0].network, 64, "default");
	later->result.places[0].address.s_addr = htonl(0x0a000000 + number_of(request->id) + 1);
	return 0;
}

int net_detach(struct net *net, const char *id, net_done done, void *ctx, struct oci_error *err)
{
	char path[PATH_MAX];

	(void)net;
	(void)err;
	parts.detached++;
	(void)unlink(scale_path(path, "%s/net/%s", parts.folder, id));
	answer(ctx)->net = done;
	return 0;
}

int net_network_remove(struct net *net, const struct spec_network *network, struct oci_error *err)
{
	(void)net;
	(void)network;
	(void)err;
	return 0;
}

int net_clean(struct net *net, const char *const *live, size_t count, struct oci_error *err)
{
	char path[PATH_MAX];
	DIR *dir = opendir(scale_path(path, "%s/net", parts.folder));
	const struct dirent *entry;

	(void)net;
	(void)err;
	while (dir && (entry = readdir(dir))) {
		bool known = entry->d_name[0] == '.';

		for (size_t i = 0; i < count; i++)
			known = known || strcmp(live[i], entry->d_name) == 0;
		if (known)
			continue;
		parts.swept++;
		(void)unlink(scale_path(path, "%s/net/%s", parts.folder, entry->d_name));
	}
	if (dir)
		(void)closedir(dir);
	return 0;
}

int net_hosts_write(const char *path, const char *own_names, struct in_addr own,
		    const struct net_host *hosts, size_t count, const struct spec_pairs *extra,
		    struct oci_error *err)
{
	FILE *file = fopen(path, "we");
	char text[INET_ADDRSTRLEN];

	(void)extra;
	(void)err;
	if (!file)
		return -errno;
	if (own_names)
		(void)fprintf(file, "%s %s\n", inet_ntop(AF_INET, &own, text, sizeof(text)),
			      own_names);
	for (size_t i = 0; i < count; i++)
		(void)fprintf(file, "%s %s\n",
			      inet_ntop(AF_INET, &hosts[i].address, text, sizeof(text)),
			      hosts[i].names);
	(void)fclose(file);
	return 0;
}

/* ---- ports ---------------------------------------------------------------------------------------------------------------- */

int balance_new(const char *table, struct balance **ret, struct oci_error *err)
{
	(void)table;
	(void)err;
	*ret = (struct balance *)&parts;
	return 0;
}

void balance_free(struct balance *balance)
{
	(void)balance;
}

void balance_idle(struct balance *balance)
{
	(void)balance;
}

int balance_apply(struct balance *balance, const struct balance_port *ports, size_t count,
		  struct oci_error *err)
{
	(void)balance;
	(void)err;
	parts.backends = count > 0 ? (unsigned)ports[0].count : 0;
	if (parts.backends < parts.least_backends)
		parts.least_backends = parts.backends;
	return 0;
}

int balance_remove(struct balance *balance, struct oci_error *err)
{
	(void)balance;
	(void)err;
	parts.backends = 0;
	return 0;
}

int balance_verify(struct balance *balance, struct oci_error *err)
{
	(void)balance;
	(void)err;
	return 0;
}

void net_verify(struct net *net)
{
	(void)net;
}

int balance_forget(struct balance *balance, struct in_addr address, bool tcp, struct oci_error *err)
{
	(void)balance;
	(void)address;
	(void)tcp;
	(void)err;
	return 0;
}

int balance_connections(struct balance *balance, const struct in_addr *addresses, unsigned *counts,
			size_t count, struct oci_error *err)
{
	(void)balance;
	(void)addresses;
	(void)err;
	memset(counts, 0, count * sizeof(*counts));
	return 0;
}

int balance_port_check(enum spec_protocol protocol, struct in_addr host, uint16_t port,
		       struct oci_error *err)
{
	(void)protocol;
	(void)host;
	return port == parts.busy_port ? err_set(err, EADDRINUSE, "port %u is taken", port) : 0;
}

int balance_port_choose(enum spec_protocol protocol, struct in_addr host, uint16_t *ret,
			struct oci_error *err)
{
	static uint16_t next = 40000;

	(void)protocol;
	(void)host;
	(void)err;
	*ret = next++;
	return 0;
}

/* ---- bundles --------------------------------------------------------------------------------------------------------------- */

int replica_config_write(const struct replica_config *config, struct oci_error *err)
{
	(void)err;
	parts.configs++;
	if (mkdir(config->bundle, 0700) < 0 && errno != EEXIST)
		return err_sys(err, errno, "make %s", config->bundle);
	scale_write(config->bundle, "revision", config->service->image);
	return 0;
}

int replica_config_remove(const char *bundle, struct oci_error *err)
{
	int r = folder_remove(AT_FDCWD, bundle);

	parts.removed++;
	return r == 0 || r == -ENOENT ? 0 : err_sys(err, -r, "remove %s", bundle);
}

/* ---- probes ----------------------------------------------------------------------------------------------------------------- */

struct probe {
	struct loop *loop;
	struct loop_timer timer;
	void (*changed)(void *ctx, enum probe_health health, const char *words);
	void *ctx;
	enum probe_health health;
	bool loses;
};

static void probe_fire(void *ctx)
{
	struct probe *probe = ctx;
	enum probe_health health = probe->health;

	if (probe->loses && health == PROBE_HEALTHY) {
		probe->health = PROBE_UNHEALTHY;
		(void)loop_timer_set(probe->loop, &probe->timer, 5, probe_fire, probe);
	}
	probe->changed(probe->ctx, health, health == PROBE_HEALTHY ? "" : "the check said no");
}

int probe_start(struct loop *loop, const struct probe_target *target,
		void (*changed)(void *ctx, enum probe_health health, const char *words), void *ctx,
		struct probe **ret, struct oci_error *err)
{
	struct probe *probe = calloc(1, sizeof(*probe));

	(void)target;
	(void)err;
	if (!probe)
		abort();
	parts.probes++;
	probe->loop = loop;
	probe->changed = changed;
	probe->ctx = ctx;
	probe->health = parts.unhealthy ? PROBE_UNHEALTHY : PROBE_HEALTHY;
	probe->loses = parts.loses_one;
	parts.loses_one = false;
	if (!parts.silent)
		(void)loop_timer_set(loop, &probe->timer, 1, probe_fire, probe);
	*ret = probe;
	return 0;
}

void probe_stop(struct probe *probe)
{
	if (probe)
		loop_timer_cancel(&probe->timer);
	free(probe);
}
