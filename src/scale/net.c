/* SPDX-License-Identifier: Apache-2.0 */
/*
 * net.c - networks of replicas: the way in. Steps are net_operation.c's, documents net_config.c's.
 */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "base/io.h"
#include "base/mem.h"
#include "scale/net_operation.h"
#include "scale/rights.h"

#define LOCK_TIME_MS 10000

/* ---- start and end ----------------------------------------------------------------------------------------------- */

static int folders_make(const struct net *net, struct oci_error *err)
{
	const char *const folders[][2] = { { net->run_dir, "" },
					   { net->run_dir, "/places" },
					   { net->state_dir, "" },
					   { net->state_dir, "/networks" },
					   { net->state_dir, "/cni" } };

	for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
		CLEANUP_FREE char *path = NULL;

		if (asprintf(&path, "%s%s", folders[i][0], folders[i][1]) < 0)
			return err_nomem(err);
		if (mkdir(path, 0755) < 0 && errno != EEXIST)
			return err_sys(err, errno, "mkdir %s", path);
	}
	return 0;
}

/*
 * Plugins hold the lock as their stderr: one that a killed supervisor left has ended before the next one looks at what is there.
 */
static int lock_take(struct net *net, struct oci_error *err)
{
	const struct timespec wait = { .tv_nsec = 10000000 };
	CLEANUP_FREE char *path = NULL;

	if (asprintf(&path, "%s/plugins", net->run_dir) < 0)
		return err_nomem(err);
	net->lock = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (net->lock < 0)
		return err_sys(err, errno, "open %s", path);
	for (int i = 0; flock(net->lock, LOCK_EX | LOCK_NB) < 0; i++) {
		if (errno != EWOULDBLOCK || i > LOCK_TIME_MS / 10)
			return err_sys(err, errno,
				       "%s: another supervisor, or a plugin of one, is at work",
				       path);
		(void)nanosleep(&wait, NULL);
	}
	if (ftruncate(net->lock, 0) < 0 || flock(net->lock, LOCK_SH) < 0)
		return err_sys(err, errno, "%s", path);
	return 0;
}

static int options_copy(struct net *net, const struct net_options *options)
{
	net->state_dir = strdup(options->state_dir);
	net->run_dir = strdup(options->run_dir);
	net->cni_path = strdup(options->cni_path);
	net->table = strdup(options->table ? options->table : "carte-net");
	return net->state_dir && net->run_dir && net->cni_path && net->table ? 0 : -ENOMEM;
}

int net_new(struct loop *loop, const struct net_options *options, struct net **ret,
	    struct oci_error *err)
{
	struct net *net = calloc(1, sizeof(*net));
	long processors = sysconf(_SC_NPROCESSORS_ONLN);
	int r;

	if (!net)
		return err_nomem(err);
	net->loop = loop;
	net->lock = -EBADF;
	net->running_max = processors > 2 ? 2 * (unsigned)processors : 4;
	net->privileged = rights_have(RIGHT(CAP_NET_ADMIN) | RIGHT(CAP_SYS_ADMIN));
	r = options_copy(net, options) < 0 ? err_nomem(err) : 0;
	if (r == 0 && net->privileged) {
		r = folders_make(net, err);
		if (r == 0)
			r = lock_take(net, err);
		if (r == 0)
			r = net_networks_load(net, err);
	}
	if (r < 0) {
		net_free(net);
		return r;
	}
	*ret = net;
	return 0;
}

void net_free(struct net *net)
{
	if (!net)
		return;
	net_operations_cancel(net);
	if (net->privileged && net->run_dir)
		net_namespace_tidy(net);
	fd_closep(&net->lock);
	free(net->networks);
	free(net->filter);
	free(net->state_dir);
	free(net->run_dir);
	free(net->cni_path);
	free(net->table);
	free(net);
}

bool net_usable(const struct net *net)
{
	return net->privileged;
}

int net_namespace_path(const struct net *net, const char *id, char *buf, size_t size)
{
	int n = snprintf(buf, size, "%s/netns/%s", net->run_dir, id);

	return n < 0 || (size_t)n >= size ? -ENAMETOOLONG : 0;
}

/* ---- attach ------------------------------------------------------------------------------------------------------ */

static int usable(struct net *net, const char *id, struct oci_error *err)
{
	int r = 0;

	if (!net->privileged)
		return err_set_as(err, ERR_PERMISSION, EPERM,
				  "networks need CAP_NET_ADMIN and CAP_SYS_ADMIN, which "
				  "carte-scale has not got "
				  "here: use --network none or --network host (network_mode)");
	if (!net_name_check(id))
		return err_set(err, EINVAL, "'%s' cannot be a namespace's name", id);
	if (!net->prepared)
		r = net_namespace_prepare(net, err);
	net->prepared = r == 0;
	return r;
}

/* Addresses that services of the project have for themselves in this network. */
static size_t reserved_read(const struct spec_project *project, const char *network,
			    struct in_addr *addresses, size_t max)
{
	size_t n = 0;

	for (size_t i = 0; i < project->services_len; i++) {
		const struct spec_service *service = &project->services[i];

		for (size_t j = 0; j < service->networks_len && n < max; j++)
			if (service->networks[j].ipv4 &&
			    strcmp(service->networks[j].network, network) == 0 &&
			    inet_pton(AF_INET, service->networks[j].ipv4, &addresses[n]) == 1)
				n++;
	}
	return n;
}

static int plugin_check(const struct net *net, const char *plugin, struct oci_error *err)
{
	char path[4096];

	(void)snprintf(path, sizeof(path), "%s/%s", net->cni_path, plugin);
	if (access(path, X_OK) == 0)
		return 0;
	return err_set_as(
		err, ERR_UNSUPPORTED, errno,
		"CNI plugin %s is missing: install containernetworking-plugins, or name its folder "
		"with --cni-path",
		path);
}

static int fixed_check(const struct net_network *network, const char *key, const char *fixed,
		       struct oci_error *err)
{
	struct net_subnet subnet = net_subnet_of(network->subnet, network->prefix);
	struct in_addr address;

	if (inet_pton(AF_INET, fixed, &address) != 1)
		return err_set(err, EINVAL, "network '%s': '%s' is no IPv4 address", key, fixed);
	if (ntohl(address.s_addr) <= subnet.first || ntohl(address.s_addr) >= subnet.last)
		return err_set(err, EINVAL, "network '%s': address %s is not in its subnet", key,
			       fixed);
	if (address.s_addr == network->gateway.s_addr)
		return err_set(err, EINVAL, "network '%s': address %s is its gateway's", key,
			       fixed);
	return 0;
}

static int place_plan(struct net *net, const struct net_request *request,
		      const struct spec_network *spec, const struct spec_network_use *use,
		      struct net_operation *operation, struct oci_error *err)
{
	struct net_place *place = &operation->result.places[operation->count];
	struct in_addr reserved[256];
	struct net_network *network;
	size_t count;
	int r = net_network_use(net, spec, &network, err);

	if (r == 0)
		r = plugin_check(net, network->driver, err);
	if (r == 0 && use->ipv4)
		r = fixed_check(network, spec->key, use->ipv4, err);
	if (r < 0)
		return r;
	(void)snprintf(place->network, sizeof(place->network), "%s", spec->key);
	(void)snprintf(place->interface, sizeof(place->interface), "eth%zu", operation->count);
	count = reserved_read(request->project, spec->key, reserved, ARRAY_LEN(reserved));
	r = net_config_text(net, network, use->ipv4, reserved, count,
			    &operation->configs[operation->count], err);
	if (r == 0)
		operation->count++;
	return r;
}

/* A service that names no network is in "default", which a project need not write down. */
static int default_plan(struct net *net, const struct net_request *request,
			struct net_operation *operation, struct oci_error *err)
{
	const struct spec_network_use use = { .network = "default" };
	const struct spec_network *known = spec_network_find(request->project, use.network);
	struct spec_network made = { .key = use.network };
	char name[NET_NAME_SIZE + 16];

	if (known)
		return place_plan(net, request, known, &use, operation, err);
	(void)snprintf(name, sizeof(name), "%s_default", request->project->name);
	made.name = name;
	return place_plan(net, request, &made, &use, operation, err);
}

static int attach_plan(struct net *net, const struct net_request *request,
		       struct net_operation *operation, struct oci_error *err)
{
	const struct spec_service *service = request->service;
	int r = 0;

	if (service->networks_len > NET_MAX)
		return err_set(err, E2BIG, "service '%s': more than %d networks", service->name,
			       NET_MAX);
	if (service->networks_len == 0)
		return default_plan(net, request, operation, err);
	for (size_t i = 0; r == 0 && i < service->networks_len; i++) {
		const struct spec_network_use *use = &service->networks[i];
		const struct spec_network *spec = spec_network_find(request->project, use->network);

		if (!spec)
			return err_set_as(err, ERR_NOT_FOUND, ENOENT,
					  "service '%s': network '%s' is not in the project",
					  service->name, use->network);
		r = place_plan(net, request, spec, use, operation, err);
	}
	return r;
}

static struct net_operation *operation_new(struct net *net, const char *id, net_done done,
					   void *ctx)
{
	struct net_operation *operation = calloc(1, sizeof(*operation));

	if (!operation)
		return NULL;
	operation->net = net;
	operation->done = done;
	operation->ctx = ctx;
	(void)snprintf(operation->id, sizeof(operation->id), "%s", id);
	return operation;
}

int net_attach(struct net *net, const struct net_request *request, net_done done, void *ctx,
	       struct oci_error *err)
{
	struct net_operation *operation;
	int r = usable(net, request->id, err);

	if (r < 0)
		return r;
	operation = operation_new(net, request->id, done, ctx);
	if (!operation)
		return err_nomem(err);
	r = attach_plan(net, request, operation, err);
	if (r < 0) {
		net_operation_free(operation);
		return r;
	}
	operation->result.count = operation->count;
	net_filter_apply(net);
	net_operation_add(net, operation);
	return 0;
}

/* ---- detach and removal ------------------------------------------------------------------------------------------ */

int net_detach(struct net *net, const char *id, net_done done, void *ctx, struct oci_error *err)
{
	struct net_operation *operation;

	if (!net_name_check(id))
		return err_set(err, EINVAL, "'%s' cannot be a namespace's name", id);
	operation = operation_new(net, id, done, ctx);
	if (!operation)
		return err_nomem(err);
	operation->detach = true;
	net_operation_add(net, operation);
	return 0;
}

int net_network_remove(struct net *net, const struct spec_network *network, struct oci_error *err)
{
	struct net_network *known =
		net->privileged && !network->external ? net_network_find(net, network->name) : NULL;
	int r;

	if (!known)
		return 0;
	if (net_leases_drop(net, known->name, NULL, NULL) > 0)
		return err_set_as(err, ERR_STATE, EBUSY, "network '%s' is in use", known->name);
	r = net_network_drop(net, known, err);
	if (r == 0)
		net_filter_apply(net);
	return r;
}

/* ---- after a crash ----------------------------------------------------------------------------------------------- */

struct living {
	const struct net *net;
	const char *const *ids;
	size_t count;
};

static bool is_living(const struct living *living, const char *id)
{
	for (size_t i = 0; i < living->count; i++)
		if (strcmp(living->ids[i], id) == 0)
			return true;
	for (const struct net_operation *op = living->net->operations; op; op = op->next)
		if (strcmp(op->id, id) == 0)
			return true;
	return false;
}

/* Of what runs, too, after a reboot: addresses are kept over it, namespaces are not. */
static bool lease_stale(void *ctx, const char *id)
{
	const struct living *living = ctx;
	char path[4096];

	return !is_living(living, id) ||
	       net_namespace_path(living->net, id, path, sizeof(path)) < 0 ||
	       !net_namespace_live(path);
}

static int folder_clean(const struct living *living, const char *name, struct oci_error *err)
{
	CLEANUP_FREE char *path = NULL;
	CLEANUP_CLOSEDIR DIR *dir = NULL;
	struct dirent *entry;

	if (asprintf(&path, "%s/%s", living->net->run_dir, name) < 0)
		return err_nomem(err);
	dir = opendir(path);
	if (!dir)
		return errno == ENOENT ? 0 : err_sys(err, errno, "open %s", path);
	while ((entry = readdir(dir)))
		if (net_name_check(entry->d_name) && !is_living(living, entry->d_name))
			net_scrub(living->net, entry->d_name);
	return 0;
}

int net_clean(struct net *net, const char *const *live, size_t count, struct oci_error *err)
{
	struct living living = { .net = net, .ids = live, .count = count };
	int r;

	if (!net->privileged)
		return 0;
	r = folder_clean(&living, "netns", err);
	if (r == 0)
		r = folder_clean(&living, "places", err);
	(void)net_leases_drop(net, NULL, lease_stale, &living);
	/* of networks that went just before a crash, and of a ruleset that was flushed meanwhile */
	net_filter_apply(net);
	return r;
}
