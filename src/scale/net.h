/* SPDX-License-Identifier: Apache-2.0 */
/*
 * net.h - network namespaces of replicas, and their places in CNI networks (cni.dev, specification 1.0.0).
 *
 * A replica's namespace is pinned at RUN_DIR/netns/ID, so it outlives the replica's processes: a restart keeps address and
 * interfaces. Bridges and addresses are the work of Debian's plugins (bridge, host-local, loopback); ports are balance.h's.
 */
#ifndef CARTE_SCALE_NET_H
#define CARTE_SCALE_NET_H

#include <netinet/in.h>

#include "scale/loop.h"
#include "scale/spec.h"

struct net;
struct oci_error;

struct net_options {
	const char *state_dir; /* leases of addresses (host-local's), configurations */
	const char *run_dir;
	const char *cni_path;
	const char *table; /* of nftables, for bridges; NULL: "carte-net" */
};

#define NET_MAX 8

/** struct net_result - what an attached replica has. */
struct net_result {
	size_t count;
	struct net_place {
		char network[64]; /* key */
		char interface[16];
		struct in_addr address, gateway;
		unsigned prefix;
	} places[NET_MAX];
};

struct net_request {
	const char *id;
	const struct spec_project *project; /* its networks */
	const struct spec_service *service;
};

typedef void (*net_done)(void *ctx, const struct net_result *result,
			 const struct oci_error *err); /* err NULL: success */

int net_new(struct loop *loop, const struct net_options *options, struct net **ret,
	    struct oci_error *err);
void net_free(struct net *net); /* leaves namespaces and networks */

/** net_usable - may this process make networks? If not, a service is on the host's, or has a namespace that its runtime makes. */
bool net_usable(const struct net *net);

/** net_warning - why replicas cannot reach beyond this host (nftables), or "". After the first attach. */
const char *net_warning(const struct net *net);

/** net_verify - put our nftables table back when another program has removed it; see balance_verify. */
void net_verify(struct net *net);

/** net_namespace - the path of a replica's pinned namespace, made or not. */
int net_namespace_path(const struct net *net, const char *id, char *buf, size_t size);

/**
 * net_attach - make the namespace with lo up, and a place in each network of the service; a place that a replica has already is kept
 * (adopted). All or nothing: a failure leaves no namespace and no address. @done is called from the loop.
 */
int net_attach(struct net *net, const struct net_request *request, net_done done, void *ctx,
	       struct oci_error *err);

/** net_detach - give the addresses back, remove interfaces and namespace. @done may be NULL. What is not there is no failure. */
int net_detach(struct net *net, const char *id, net_done done, void *ctx, struct oci_error *err);

/** net_network_remove - of `down`: its bridge and its files, once no replica is in it. */
int net_network_remove(struct net *net, const struct spec_network *network, struct oci_error *err);

/** net_clean - after a crash: detach every ID that has a namespace or an address and is not in @live. */
int net_clean(struct net *net, const char *const *live, size_t count, struct oci_error *err);

/** struct net_host - a line of a hosts file. */
struct net_host {
	struct in_addr address;
	const char *names; /* divided by blanks */
};

/** net_hosts_write - an /etc/hosts, written in place (it is bind-mounted), only when it has changed. @own_names NULL: nobody's own. */
int net_hosts_write(const char *path, const char *own_names, struct in_addr own,
		    const struct net_host *hosts, size_t count, const struct spec_pairs *extra,
		    struct oci_error *err);

#endif
