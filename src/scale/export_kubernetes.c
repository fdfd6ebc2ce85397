/* SPDX-License-Identifier: Apache-2.0 */
/*
 * export_kubernetes.c - a stream of documents for `kubectl apply -f`: what a service is there, and the order of it all.
 *
 * A service becomes a Deployment, a Service by which others find it (and a second one for published ports), a HorizontalPodAutoscaler
 * when it scales by a metric, and a PodDisruptionBudget when there may be several of it. "$(NAME)" is a variable in commands and in the
 * environment there, "$$" a dollar: make_text doubles them, put_literal does where nothing is replaced.
 */
#include <stdio.h>

#include "base/utf8.h"
#include "scale/export-private.h"

#define CLAIM_SIZE "1Gi"
#define DEADLINE 600 /* seconds: a Deployment's progressDeadlineSeconds when nothing is said */

/* ---- documents -------------------------------------------------------------------------------------------------------- */

struct node *kubernetes_document(struct export *x, const char *version, const char *kind,
				 const char *name)
{
	struct maker *maker = &x->maker;
	struct node *map = make_node(maker, NODE_MAP), *metadata = make_node(maker, NODE_MAP);
	struct node *labels = make_node(maker, NODE_MAP);

	put_text(maker, map, "apiVersion", version);
	put_text(maker, map, "kind", kind);
	put_text(maker, metadata, "name", name);
	if (x->service)
		put_text(maker, labels, "app.kubernetes.io/name", label_name(x, x->service->name));
	put_text(maker, labels, "app.kubernetes.io/part-of", label_name(x, x->project->name));
	put_text(maker, labels, "app.kubernetes.io/managed-by", "carte");
	put(maker, metadata, "labels", labels);
	put(maker, map, "metadata", metadata);
	return map;
}

struct node *kubernetes_selector(struct export *x)
{
	struct node *labels = make_node(&x->maker, NODE_MAP);

	put_text(&x->maker, labels, "app.kubernetes.io/name", label_name(x, x->service->name));
	put_text(&x->maker, labels, "app.kubernetes.io/part-of", label_name(x, x->project->name));
	return labels;
}

int kubernetes_add(struct export *x, FILE *out, const struct node *document)
{
	char *text = NULL;
	size_t length = 0;
	int r = x->maker.failed ? err_nomem(x->err)
				: write_yaml(document, x->arena, &text, &length, x->err);

	if (r < 0 || !text)
		return r;
	fputs("---\n", out);
	(void)fwrite(text, 1, length, out);
	return 0;
}

/* ---- a deployment ----------------------------------------------------------------------------------------------------- */

static struct node *strategy(struct export *x)
{
	const struct spec_update *update = &x->service->update;
	struct maker *maker = &x->maker;
	struct node *map = make_node(maker, NODE_MAP), *rolling = make_node(maker, NODE_MAP);
	bool start_first = update->order == SPEC_START_FIRST;

	if (!start_first && (update->parallelism == 0 || export_largest(x->service) <= 1)) {
		put_text(maker, map, "type", "Recreate");
		return map;
	}
	put_text(maker, map, "type", "RollingUpdate");
	if (update->parallelism == 0)
		put_text(maker, rolling, "maxSurge", "100%");
	else
		put_int(maker, rolling, "maxSurge", start_first ? update->parallelism : 0);
	put_int(maker, rolling, "maxUnavailable", start_first ? 0 : update->parallelism);
	put(maker, map, "rollingUpdate", rolling);
	return map;
}

static const struct loss update_losses[] = {
	{ "deploy.update_config.delay", "a Deployment waits for readiness only (minReadySeconds)" },
	{ "deploy.update_config.max_failure_ratio",
	  "a Deployment stands still at the first pod that does not get ready" },
	{ "deploy.update_config.failure_action",
	  "a Deployment stands still: kubectl rollout undo goes back" },
	{ "deploy.rollback_config", "a Deployment goes back as it goes on" },
	{ "deploy.restart_policy.delay|deploy.restart_policy.max_attempts|deploy.restart_policy."
	  "window",
	  "a Deployment restarts after 10 s, 20 s and so on up to 5 minutes, for ever" },
	{ NULL, NULL },
};

static int add_deployment(struct export *x, FILE *out)
{
	struct maker *maker = &x->maker;
	const struct spec_service *service = x->service;
	struct node *map =
		kubernetes_document(x, "apps/v1", "Deployment", label_name(x, service->name));
	struct node *spec = make_node(maker, NODE_MAP), *selector = make_node(maker, NODE_MAP);

	/* a number here would undo at each apply what the autoscaler has chosen */
	if (!kubernetes_has_autoscaler(x))
		put_int(maker, spec, "replicas", service->replicas);
	put(maker, selector, "matchLabels", kubernetes_selector(x));
	put(maker, spec, "selector", selector);
	put(maker, spec, "strategy", strategy(x));
	if (service->update.monitor_ms > 0)
		put_int(maker, spec, "minReadySeconds", seconds(service->update.monitor_ms));
	/* what is not longer than minReadySeconds is refused */
	if (seconds(service->update.monitor_ms) >= DEADLINE)
		put_int(maker, spec, "progressDeadlineSeconds",
			seconds(service->update.monitor_ms) + DEADLINE);
	put(maker, spec, "template", kubernetes_pod(x));
	put(maker, map, "spec", spec);
	lose_all(x, update_losses);
	if (service->restart.condition == SPEC_RESTART_NO ||
	    service->restart.condition == SPEC_RESTART_ON_FAILURE)
		lose(x,
		     says(x, "restart") || says(x, "deploy.restart_policy")
			     ? "restart|deploy.restart_policy"
			     : "",
		     "a Deployment restarts whatever ends; for what ends for good write a Job");
	return kubernetes_add(x, out, map);
}

/* ---- how it is reached ------------------------------------------------------------------------------------------------ */

static const char *port_name(struct export *x, const struct spec_port *port, uint16_t number)
{
	char *name = oci_arena_printf(x->arena, "%s-%u", port->protocol == SPEC_UDP ? "udp" : "tcp",
				      number);

	if (!name)
		x->maker.failed = true;
	return name;
}

static bool is_repeated(const struct spec_service *service, size_t at, bool published)
{
	const struct spec_port *port = &service->ports[at];

	for (size_t i = 0; i < at; i++)
		if (service->ports[i].protocol == port->protocol &&
		    (published ? service->ports[i].published == port->published
			       : service->ports[i].target == port->target))
			return true;
	return false;
}

static void push_port(struct export *x, struct node *list, const struct spec_port *port,
		      uint16_t number)
{
	struct maker *maker = &x->maker;
	struct node *one = make_node(maker, NODE_MAP);

	put_text(maker, one, "name", port_name(x, port, number));
	put_text(maker, one, "protocol", port->protocol == SPEC_UDP ? "UDP" : "TCP");
	put_int(maker, one, "port", number);
	put_int(maker, one, "targetPort", port->target);
	push(maker, list, one);
}

static bool is_published(const struct spec_service *service, const struct spec_port *port)
{
	for (size_t i = 0; i < service->ports_len; i++)
		if (service->ports[i].protocol == port->protocol &&
		    service->ports[i].target == port->target)
			return true;
	return false;
}

/*
 * Inside the cluster: the program's own ports, which a name with an address of its own needs a list of. Without any that are published,
 * by the pods' addresses (headless), which is what a network of carte's is.
 */
static int add_inner(struct export *x, FILE *out)
{
	struct maker *maker = &x->maker;
	const struct spec_service *service = x->service;
	struct node *map = kubernetes_document(x, "v1", "Service", label_name(x, service->name));
	struct node *spec = make_node(maker, NODE_MAP), *ports = make_node(maker, NODE_LIST);

	for (size_t i = 0; i < service->ports_len; i++)
		if (!is_repeated(service, i, false))
			push_port(x, ports, &service->ports[i], service->ports[i].target);
	for (size_t i = 0; service->ports_len && i < service->exposed_len; i++)
		if (!is_published(service, &service->exposed[i]))
			push_port(x, ports, &service->exposed[i], service->exposed[i].target);
	if (!service->exposed_len)
		lose(x, "ports",
		     "by its name others reach these ports of the container alone: name further "
		     "ones in expose");
	if (!service->ports_len)
		put_text(maker, spec, "clusterIP", "None");
	put(maker, spec, "selector", kubernetes_selector(x));
	put_filled(maker, spec, "ports", ports);
	put(maker, map, "spec", spec);
	return kubernetes_add(x, out, map);
}

static bool is_public(const struct spec_port *port)
{
	return !port->host_ip || strncmp(port->host_ip, "127.", 4) != 0;
}

static const char *public_name(struct export *x, const struct spec_service *service)
{
	const char *name = oci_arena_printf(x->arena, "%.56s-public", label_name(x, service->name));

	x->maker.failed |= !name;
	return name ? name : "";
}

static bool has_public(const struct spec_service *service)
{
	bool has = false;

	for (size_t i = 0; i < service->ports_len; i++)
		has |= is_public(&service->ports[i]);
	return has;
}

/* Of two objects of one name the later one would take the place of the other: a service's own, or that of one with as long a name. */
static int check_public_names(struct export *x)
{
	const struct spec_project *project = x->project;

	for (size_t i = 0; i < project->services_len; i++) {
		const struct spec_service *service = &project->services[i];
		const char *name = public_name(x, service);

		for (size_t j = 0; has_public(service) && j < project->services_len; j++) {
			const struct spec_service *other = &project->services[j];

			if (j != i &&
			    (strcmp(label_name(x, other->name), name) == 0 ||
			     (has_public(other) && strcmp(public_name(x, other), name) == 0)))
				return err_set_as(x->err, ERR_DOCUMENT, EINVAL,
						  "services %s and %s: both need the name %s in "
						  "Kubernetes, %s for the ports that it publishes; "
						  "rename one",
						  service->name, other->name, name, service->name);
		}
	}
	return x->maker.failed ? err_nomem(x->err) : 0;
}

/* What the Compose file publishes on the host, a load balancer publishes. */
static int add_public(struct export *x, FILE *out)
{
	struct maker *maker = &x->maker;
	const struct spec_service *service = x->service;
	struct node *spec = make_node(maker, NODE_MAP), *ports = make_node(maker, NODE_LIST), *map;
	bool udp = false, tcp = false;

	for (size_t i = 0; i < service->ports_len; i++) {
		const struct spec_port *port = &service->ports[i];

		if (port->host_ip)
			lose(x, "ports",
			     is_public(port)
				     ? "%s: a load balancer has an address of its own"
				     : "%s is a node's own: the port is open in the cluster only",
			     port->host_ip);
		udp |= is_public(port) && port->protocol == SPEC_UDP;
		tcp |= is_public(port) && port->protocol == SPEC_TCP;
		if (is_public(port) && !(port->published && is_repeated(service, i, true)))
			push_port(x, ports, port, port->published ? port->published : port->target);
	}
	if (x->maker.failed || !ports->len)
		return 0;
	if (udp && tcp)
		lose(x, "ports",
		     "TCP and UDP at one load balancer need Kubernetes 1.24, and one that can do "
		     "it");
	map = kubernetes_document(x, "v1", "Service", public_name(x, service));
	put_text(maker, spec, "type", "LoadBalancer");
	put(maker, spec, "selector", kubernetes_selector(x));
	put(maker, spec, "ports", ports);
	put(maker, map, "spec", spec);
	return kubernetes_add(x, out, map);
}

static int add_budget(struct export *x, FILE *out)
{
	struct maker *maker = &x->maker;
	struct node *map, *spec, *selector;

	/* of one replica a budget would keep the node from being emptied */
	if (export_largest(x->service) < 2)
		return 0;
	map = kubernetes_document(x, "policy/v1", "PodDisruptionBudget",
				  label_name(x, x->service->name));
	spec = make_node(maker, NODE_MAP);
	selector = make_node(maker, NODE_MAP);
	put_int(maker, spec, "maxUnavailable", 1);
	put(maker, selector, "matchLabels", kubernetes_selector(x));
	put(maker, spec, "selector", selector);
	put(maker, map, "spec", spec);
	return kubernetes_add(x, out, map);
}

/* ---- what all share --------------------------------------------------------------------------------------------------- */

static int add_runtime(struct export *x, FILE *out)
{
	struct node *map = kubernetes_document(x, "node.k8s.io/v1", "RuntimeClass", EXPORT_RUNTIME);

	put_text(&x->maker, map, "handler", EXPORT_RUNTIME);
	return kubernetes_add(x, out, map);
}

static const char *base64(struct export *x, const char *text, size_t length)
{
	static const char letters[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const unsigned char *in = (const unsigned char *)text;
	char *made = oci_arena_alloc(x->arena, (length + 2) / 3 * 4 + 1), *to = made;

	if (!made) {
		x->maker.failed = true;
		return NULL;
	}
	for (size_t i = 0; i < length; i += 3) {
		size_t left = length - i;
		unsigned v = (unsigned)in[i] << 16 | (left > 1 ? (unsigned)in[i + 1] << 8 : 0) |
			     (left > 2 ? in[i + 2] : 0u);

		*to++ = letters[v >> 18];
		*to++ = letters[v >> 12 & 63];
		*to++ = (char)(left > 1 ? letters[v >> 6 & 63] : '=');
		*to++ = (char)(left > 2 ? letters[v & 63] : '=');
	}
	*to = '\0';
	return made;
}

static bool is_text(const char *text, size_t length)
{
	for (size_t i = 0; i < length;) {
		size_t n = (unsigned char)text[i] < 0x80 ? 1 : utf8_length(text + i, length - i);

		if (n == 0 || ((unsigned char)text[i] < ' ' && !strchr("\n\t", text[i])) ||
		    text[i] == 0x7f || text[i] == '\0')
			return false;
		i += n;
	}
	return true;
}

static int add_source(struct export *x, FILE *out, const struct spec_file_source *source)
{
	struct maker *maker = &x->maker;
	struct node *map, *data = make_node(maker, NODE_MAP);
	const char *text = NULL, *name = label_name(x, source->name);
	size_t length = 0;
	bool plain;
	int r = file_content(x, source, &text, &length);

	if (r < 0)
		return r;
	plain = !source->secret && is_text(text, length);
	map = kubernetes_document(x, "v1", source->secret ? "Secret" : "ConfigMap", name);
	if (source->secret)
		put_text(maker, map, "type", "Opaque");
	if (plain)
		put_literal(x, data, "content", text);
	else
		put_text(maker, data, "content", base64(x, text, length));
	put(maker, map, plain || source->secret ? "data" : "binaryData", data);
	if (source->secret)
		lose(x, "secrets",
		     "%s is in the document, in base64 which everyone can read: keep it to "
		     "yourself",
		     source->name);
	return kubernetes_add(x, out, map);
}

static bool is_shared(const struct spec_project *project, const char *key)
{
	int64_t users = 0;

	for (size_t i = 0; i < project->services_len; i++)
		for (size_t j = 0; j < project->services[i].mounts_len; j++) {
			const struct spec_mount *mount = &project->services[i].mounts[j];

			if (mount->type == SPEC_VOLUME && mount->source &&
			    strcmp(mount->source, key) == 0)
				users += export_largest(&project->services[i]);
		}
	return users > 1;
}

static int add_claim(struct export *x, FILE *out, const struct spec_volume *volume)
{
	struct maker *maker = &x->maker;
	bool shared = is_shared(x->project, volume->key);
	struct node *map =
		kubernetes_document(x, "v1", "PersistentVolumeClaim", label_name(x, volume->key));
	struct node *spec = make_node(maker, NODE_MAP), *modes = make_node(maker, NODE_LIST);
	struct node *resources = make_node(maker, NODE_MAP), *requests = make_node(maker, NODE_MAP);

	push(maker, modes, make_text(maker, shared ? "ReadWriteMany" : "ReadWriteOnce"));
	put(maker, spec, "accessModes", modes);
	put_text(maker, requests, "storage", CLAIM_SIZE);
	put(maker, resources, "requests", requests);
	put(maker, spec, "resources", resources);
	put(maker, map, "spec", spec);
	lose(x, "volumes", "%s: a Compose file says no size: " CLAIM_SIZE " is asked for%s",
	     volume->key, shared ? ", of a storage class that many nodes can write to" : "");
	return kubernetes_add(x, out, map);
}

int kubernetes_storage(struct export *x, FILE *out)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < x->project->files_len; i++)
		r = add_source(x, out, &x->project->files[i]);
	for (size_t i = 0; r == 0 && i < x->project->volumes_len; i++)
		if (!x->project->volumes[i].external)
			r = add_claim(x, out, &x->project->volumes[i]);
	return r;
}

/* ---- the whole -------------------------------------------------------------------------------------------------------- */

static const char head[] =
	"# %s for Kubernetes 1.23 and later, by carte-scale export: kubectl apply -f FILE\n"
	"#\n"
	"# On every node the runtime has to be known. containerd, /etc/containerd/config.toml:\n"
	"#   [plugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes." EXPORT_RUNTIME "]\n"
	"#     runtime_type = \"io.containerd.runc.v2\"\n"
	"#     [plugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes." EXPORT_RUNTIME
	".options]\n"
	"#       BinaryName = \"" EXPORT_RUNTIME_PATH "\"\n"
	"# CRI-O, /etc/crio/crio.conf.d/carte.conf:\n"
	"#   [crio.runtime.runtimes." EXPORT_RUNTIME "]\n"
	"#   runtime_path = \"" EXPORT_RUNTIME_PATH "\"\n"
	"# Images come from a registry, or to each node by: ctr -n k8s.io images import FILE\n";

static int add_parts(struct export *x, FILE *out)
{
	static int (*const parts[])(struct export * x,
				    FILE * out) = { add_deployment, add_inner, add_public,
						    kubernetes_autoscaler, add_budget };
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_LEN(parts); i++)
		r = parts[i](x, out);
	return r;
}

/* What was lost is known when all is made, and stands before it. */
static int add_service(struct export *x, FILE *out)
{
	CLEANUP_FREE char *words = NULL, *made = NULL;
	size_t length = 0, made_length = 0;
	FILE *body = open_memstream(&made, &made_length);
	int r;

	if (!body)
		return err_nomem(x->err);
	x->comments = open_memstream(&words, &length);
	r = x->comments ? add_parts(x, body) : err_nomem(x->err);
	if (fclose(body) != 0 && r == 0)
		r = err_nomem(x->err);
	if (x->comments && fclose(x->comments) != 0 && r == 0)
		r = err_nomem(x->err);
	x->comments = NULL;
	if (r == 0)
		fprintf(out, "\n# ---- %s\n%s%s", x->service->name, words ? words : "",
			made ? made : "");
	return r;
}

static int write_all(struct export *x, FILE *out)
{
	int r;

	fprintf(out, head, x->project->name);
	r = check_names(x, "Kubernetes");
	if (r == 0)
		r = check_public_names(x);
	if (r == 0)
		r = add_runtime(x, out);
	if (r == 0)
		r = kubernetes_storage(x, out);
	for (size_t i = 0; r == 0 && i < x->project->services_len; i++) {
		x->service = &x->project->services[i];
		r = add_service(x, out);
	}
	x->service = NULL;
	for (size_t i = 0; r == 0 && i < x->project->networks_len; i++)
		if (x->project->networks[i].internal)
			lose(x, "networks",
			     "%s: pods reach each other and the world; forbid it by a "
			     "NetworkPolicy",
			     x->project->networks[i].key);
	return r;
}

int export_kubernetes(struct export *x)
{
	CLEANUP_FREE char *made = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&made, &length);
	bool secret = false;
	char *text;
	int r;

	if (!out)
		return err_nomem(x->err);
	r = write_all(x, out);
	if (fclose(out) != 0 && r == 0)
		r = err_nomem(x->err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < x->project->files_len; i++)
		secret |= x->project->files[i].secret;
	text = oci_arena_strndup(x->arena, made, length);
	return text ? add_file(x, "kubernetes.yaml", text, length, secret) : err_nomem(x->err);
}
