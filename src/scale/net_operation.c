/* SPDX-License-Identifier: Apache-2.0 */
/*
 * net_operation.c - the line of attaches and detaches, and the steps of each.
 *
 * Every step leaves on disk what the next start needs to undo it: first the configuration, then the namespace, then the plugin's
 * doing, then its answer.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/io.h"
#include "base/mem.h"
#include "scale/net_operation.h"

#define PLUGIN_TIME_MS 30000

static void operation_step(struct net_operation *operation);

void net_operation_free(struct net_operation *operation)
{
	for (size_t i = 0; i < operation->count; i++)
		free(operation->configs[i]);
	free(operation);
}

/* ---- the line ---------------------------------------------------------------------------------------------------- */

static bool id_runs(const struct net *net, const char *id)
{
	for (const struct net_operation *op = net->operations; op; op = op->next)
		if (op->started && strcmp(op->id, id) == 0)
			return true;
	return false;
}

/* Of two for one replica the earlier goes first: the line is in order of arrival. */
static struct net_operation *next_ready(struct net *net)
{
	for (struct net_operation *op = net->operations; op; op = op->next)
		if (!op->started && !id_runs(net, op->id))
			return op;
	return NULL;
}

static void line_kick(void *ctx)
{
	struct net *net = ctx;
	struct net_operation *operation;

	while (net->running < net->running_max && (operation = next_ready(net))) {
		operation->started = true;
		net->running++;
		operation_step(operation);
	}
}

void net_operation_add(struct net *net, struct net_operation *operation)
{
	struct net_operation **end = &net->operations;

	while (*end)
		end = &(*end)->next;
	*end = operation;
	operation->net = net;
	(void)loop_timer_set(net->loop, &net->kick, 0, line_kick, net);
}

static void operation_end(struct net_operation *operation)
{
	struct net *net = operation->net;
	struct net_operation **slot = &net->operations;
	bool failed = operation->err.code != 0;

	while (*slot != operation)
		slot = &(*slot)->next;
	*slot = operation->next;
	net->running--;
	(void)loop_timer_set(net->loop, &net->kick, 0, line_kick, net);
	if (operation->done)
		operation->done(operation->ctx, failed ? NULL : &operation->result,
				failed ? &operation->err : NULL);
	net_operation_free(operation);
}

void net_operations_cancel(struct net *net)
{
	loop_timer_cancel(&net->kick);
	while (net->operations) {
		struct net_operation *operation = net->operations;

		net->operations = operation->next;
		if (operation->job)
			job_cancel(operation->job);
		net_operation_free(operation);
	}
	net->running = 0;
}

/* ---- plugins ----------------------------------------------------------------------------------------------------- */

/* Go's runtime starts a thread for each processor and collects garbage; for 10 ms of work neither pays. */
static int plugin_run(struct net_operation *operation, const char *interface, const char *input,
		      void (*done)(void *ctx, const struct job_result *result))
{
	const struct net *net = operation->net;
	char plugin[4096], namespace[4096], variables[5][4200];
	const char *const argv[] = { plugin, NULL };
	const char *const env[] = { variables[0], variables[1],
				    variables[2], variables[3],
				    variables[4], "GOMAXPROCS=1",
				    "GOGC=off",   "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
				    NULL };
	const struct job_spec spec = { .argv = argv,
				       .env = env,
				       .input = input,
				       .input_length = strlen(input),
				       .stdout_fd = -1,
				       .stderr_fd = net->lock,
				       .timeout_ms = PLUGIN_TIME_MS };

	(void)net_namespace_path(net, operation->id, namespace, sizeof(namespace));
	(void)snprintf(plugin, sizeof(plugin), "%s/%s", net->cni_path, operation->plugin);
	(void)snprintf(variables[0], sizeof(variables[0]), "CNI_COMMAND=%s",
		       operation->adding ? "ADD" : "DEL");
	(void)snprintf(variables[1], sizeof(variables[1]), "CNI_CONTAINERID=%s", operation->id);
	(void)snprintf(variables[2], sizeof(variables[2]), "CNI_NETNS=%s", namespace);
	(void)snprintf(variables[3], sizeof(variables[3]), "CNI_IFNAME=%s", interface);
	(void)snprintf(variables[4], sizeof(variables[4]), "CNI_PATH=%s", net->cni_path);
	return job_start(net->loop, &spec, done, operation, &operation->job,
			 operation->adding ? &operation->err : NULL);
}

/* ---- detach ------------------------------------------------------------------------------------------------------ */

static void detach_next(struct net_operation *operation);

/* A plugin that fails to remove is no reason to keep anything: what it left is removed without it. */
static void detach_done(void *ctx, const struct job_result *result)
{
	struct net_operation *operation = ctx;
	char interface[IFNAMSIZ];

	operation->job = NULL;
	(void)snprintf(interface, sizeof(interface), "eth%zu", operation->at);
	if (result->status != 0)
		net_scrub(operation->net, operation->id);
	else
		net_place_remove(operation->net, operation->id, interface);
	operation->at++;
	detach_next(operation);
}

/* DEL's configuration is ADD's with its answer in it (CNI specification 1.0.0, section 4: DEL) */
static char *removal_text(const struct net_operation *operation, const char *interface,
			  const char *config)
{
	CLEANUP_FREE char *result = NULL;
	size_t length = strlen(config);
	char *text = NULL;

	if (net_place_read(operation->net, operation->id, interface, ".result", &result) < 0 ||
	    !*result || length == 0)
		return strdup(config);
	if (asprintf(&text, "%.*s,\"prevResult\":%s}", (int)length - 1, config, result) < 0)
		return NULL;
	return text;
}

/* 0: runs, or -errno: there is nothing for a plugin to do */
static int removal_start(struct net_operation *operation, const char *interface,
			 void (*done)(void *ctx, const struct job_result *result))
{
	CLEANUP_FREE char *config = NULL;
	CLEANUP_FREE char *text = NULL;
	int r = net_place_read(operation->net, operation->id, interface, "", &config);

	if (r < 0)
		return r;
	if (net_config_read(config, operation->plugin, operation->network) < 0)
		return -EINVAL;
	text = removal_text(operation, interface, config);
	if (!text)
		return -ENOMEM;
	operation->adding = false;
	return plugin_run(operation, interface, text, done);
}

static void detach_end(struct net_operation *operation)
{
	char path[4096];

	if (net_namespace_path(operation->net, operation->id, path, sizeof(path)) == 0)
		net_namespace_drop(path, false);
	if (net_place_path(operation->net, operation->id, "", "", path, sizeof(path)) == 0)
		(void)rmdir(path);
	operation_end(operation);
}

static void detach_next(struct net_operation *operation)
{
	char interface[IFNAMSIZ];

	for (; operation->at < NET_MAX; operation->at++) {
		int r;

		(void)snprintf(interface, sizeof(interface), "eth%zu", operation->at);
		r = removal_start(operation, interface, detach_done);
		if (r == 0)
			return;
		/* a configuration that is half-written, no plugin: no ADD, or no way to ask */
		if (r != -ENOENT)
			net_scrub(operation->net, operation->id);
	}
	detach_end(operation);
}

/* ---- attach ------------------------------------------------------------------------------------------------------ */

static void attach_undo(struct net_operation *operation)
{
	err_prefix(&operation->err,
		   "network '%s': ", operation->result.places[operation->at].network);
	operation->detach = true;
	operation->at = 0;
	detach_next(operation);
}

/* Answers to 127.0.0.1 of the host come back over the bridge; net_filter.c keeps replicas from asking there. */
static void bridge_localnet(struct net *net, const char *name)
{
	const struct net_network *network = net_network_find(net, name);
	char path[128];

	if (!network || !network->bridge[0])
		return;
	(void)snprintf(path, sizeof(path), "/proc/sys/net/ipv4/conf/%s/route_localnet",
		       network->bridge);
	(void)io_write_at(-1, path, "1");
}

static void attach_done(void *ctx, const struct job_result *result)
{
	struct net_operation *operation = ctx;
	struct net_place *place = &operation->result.places[operation->at];
	char words[512];
	int r = 0;

	operation->job = NULL;
	if (result->timed_out) {
		r = err_set_as(&operation->err, ERR_TIMEOUT, ETIMEDOUT,
			       "plugin %s: no answer within %d s", operation->plugin,
			       PLUGIN_TIME_MS / 1000);
	} else if (result->status != 0) {
		net_plugin_error(result->out, result->status, words, sizeof(words));
		r = err_set(&operation->err, EIO, "plugin %s: %s", operation->plugin, words);
	} else if (net_result_read(result->out, place) < 0) {
		r = err_set(&operation->err, EPROTO, "plugin %s: its answer has no IPv4 address",
			    operation->plugin);
	} else {
		r = net_place_write(operation->net, operation->id, place->interface, ".result",
				    result->out, &operation->err);
	}
	if (r < 0) {
		attach_undo(operation);
		return;
	}
	bridge_localnet(operation->net, operation->network);
	operation->at++;
	operation_step(operation);
}

/* A place of an earlier attach: whole, and in the network that is meant. */
static bool place_adopt(struct net_operation *operation)
{
	struct net_place *place = &operation->result.places[operation->at];
	CLEANUP_FREE char *config = NULL;
	CLEANUP_FREE char *result = NULL;
	char type[32], network[NET_NAME_SIZE], wanted[NET_NAME_SIZE];

	return net_place_read(operation->net, operation->id, place->interface, "", &config) == 0 &&
	       net_config_read(config, type, network) == 0 &&
	       net_config_read(operation->configs[operation->at], type, wanted) == 0 &&
	       strcmp(network, wanted) == 0 &&
	       net_place_read(operation->net, operation->id, place->interface, ".result",
			      &result) == 0 &&
	       net_result_read(result, place) == 0;
}

static int place_add(struct net_operation *operation)
{
	struct net_place *place = &operation->result.places[operation->at];
	const char *config = operation->configs[operation->at];
	int r = net_config_read(config, operation->plugin, operation->network);

	if (r < 0)
		return err_sys(&operation->err, -r, "configuration");
	r = net_place_write(operation->net, operation->id, place->interface, "", config,
			    &operation->err);
	if (r < 0)
		return r;
	operation->adding = true;
	return plugin_run(operation, place->interface, config, attach_done);
}

static void half_removed(void *ctx, const struct job_result *result)
{
	struct net_operation *operation = ctx;

	(void)result;
	operation->job = NULL;
	net_place_remove(operation->net, operation->id,
			 operation->result.places[operation->at].interface);
	operation_step(operation);
}

static int attach_prepare(struct net_operation *operation)
{
	char path[4096];
	int r = net_namespace_path(operation->net, operation->id, path, sizeof(path));

	if (r < 0)
		return err_sys(&operation->err, -r, "%s", operation->net->run_dir);
	if (net_namespace_live(path))
		return 0;
	if (net_place_path(operation->net, operation->id, "", "", path, sizeof(path)) == 0 &&
	    access(path, F_OK) == 0)
		net_scrub(operation->net, operation->id);
	(void)net_namespace_path(operation->net, operation->id, path, sizeof(path));
	return net_namespace_make(path, &operation->err);
}

static void attach_next(struct net_operation *operation)
{
	while (operation->at < operation->count) {
		const char *interface = operation->result.places[operation->at].interface;
		int r;

		if (place_adopt(operation)) {
			operation->at++;
			continue;
		}
		/* an ADD that nobody saw the end of, or another network's place */
		if (removal_start(operation, interface, half_removed) == 0)
			return;
		r = place_add(operation);
		if (r < 0)
			attach_undo(operation);
		return;
	}
	operation_end(operation);
}

static void operation_step(struct net_operation *operation)
{
	if (operation->detach) {
		detach_next(operation);
		return;
	}
	if (operation->at == 0 && attach_prepare(operation) < 0) {
		operation->detach = true;
		detach_next(operation);
		return;
	}
	attach_next(operation);
}
