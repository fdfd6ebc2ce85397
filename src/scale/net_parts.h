/* SPDX-License-Identifier: Apache-2.0 */
/*
 * net_parts.h - what the files of net.h share: networks as they are kept, their CNI configurations, namespaces, leases.
 *
 * On disk:
 *   STATE_DIR/networks/NAME     a network: key=value lines
 *   STATE_DIR/cni/NAME/ADDRESS  a lease, host-local's format: "ID\r\nINTERFACE"
 *   RUN_DIR/netns/ID            a pinned namespace; RUN_DIR/netns is a mount of its own, private
 *   RUN_DIR/places/ID/ethN      the configuration an ADD was given, written before it; ethN.result: what it answered
 *   RUN_DIR/plugins             stderr of all plugins, and a lock that the last of them lets go
 */
#ifndef CARTE_SCALE_NET_PARTS_H
#define CARTE_SCALE_NET_PARTS_H

#include <net/if.h>

#include "scale/net.h"

#define NET_ID_SIZE 128
#define NET_NAME_SIZE 128

/** struct net_network - a CNI network that has been made. */
struct net_network {
	char name[NET_NAME_SIZE];
	char driver[32];
	char bridge[IFNAMSIZ]; /* driver bridge */
	char parent[IFNAMSIZ]; /* macvlan, ipvlan: the host's interface, "" the default route's */
	char mode[16];         /* macvlan, ipvlan; "" the plugin's default */
	struct in_addr subnet, gateway;
	unsigned prefix;
	struct in_addr range; /* addresses are given from this part */
	unsigned range_prefix;
	unsigned mtu; /* 0: the default */
	bool internal;
};

struct net_operation;

struct net {
	struct loop *loop;
	char *state_dir, *run_dir, *cni_path;
	char *table;
	bool privileged, prepared;
	int lock; /* RUN_DIR/plugins, shared lock */
	struct net_network *networks;
	size_t networks_len;
	char *filter;                     /* text of our table as it was applied */
	char warning[300];                /* why the table is not there, "" it is */
	struct net_operation *operations; /* first come, first served */
	unsigned running, running_max;
	struct loop_timer kick;
};

/* ---- net_network.c: networks that are kept */

int net_networks_load(struct net *net, struct oci_error *err);
struct net_network *net_network_find(struct net *net, const char *name);
/** net_network_use - the one that is meant, made or changed as it is now asked for. Valid until the next call. */
int net_network_use(struct net *net, const struct spec_network *spec, struct net_network **ret,
		    struct oci_error *err);
/** net_network_drop - its bridge, leases and record. */
int net_network_drop(struct net *net, struct net_network *network, struct oci_error *err);
/** net_name_check - one that may be part of a path and of a CNI configuration. */
bool net_name_check(const char *name);

/* ---- net_subnet.c: arithmetic of IPv4 networks, host byte order in uint32_t */

struct net_subnet {
	uint32_t first, last;
};
struct net_subnet net_subnet_of(struct in_addr address, unsigned prefix);
int net_subnet_parse(const char *text, struct in_addr *ret_address, unsigned *ret_prefix);
/** net_subnet_choose - one of the pool that overlaps neither routes nor networks of ours. */
int net_subnet_choose(const struct net *net, const char *name, struct in_addr *ret,
		      unsigned *ret_prefix, struct oci_error *err);
/** net_subnet_check - -EEXIST with words when it overlaps with a route or another network. @bridge: routes of this are its own. */
int net_subnet_check(const struct net *net, const struct net_network *network,
		     struct oci_error *err);

/* ---- net_config.c: documents for and of plugins */

/**
 * net_config_text - the configuration for one place.
 * @fixed: its address, or NULL; @reserved: addresses that are fixed for others, not to be given
 */
int net_config_text(const struct net *net, const struct net_network *network, const char *fixed,
		    const struct in_addr *reserved, size_t reserved_count, char **ret,
		    struct oci_error *err);
/** net_config_type - plugin and network of a configuration that was written before. */
int net_config_read(const char *text, char type[32], char network[NET_NAME_SIZE]);
/** net_result_read - the first IPv4 address of an ADD's answer. */
int net_result_read(const char *text, struct net_place *place);
/** net_plugin_error - words of a plugin that failed: its JSON's, or its status. */
void net_plugin_error(const char *out, int status, char *buf, size_t size);

/* ---- net_namespace.c */

bool net_namespace_live(const char *path);
/** net_namespace_prepare - RUN_DIR/netns, a private mount. */
int net_namespace_prepare(const struct net *net, struct oci_error *err);
void net_namespace_tidy(const struct net *net); /* the mount, if nothing is pinned */
int net_namespace_make(const char *path, struct oci_error *err);
/** net_namespace_drop - @links: first remove eth0..., should a process hold the namespace. */
void net_namespace_drop(const char *path, bool links);

/* ---- netlink.c */

/** netlink_link_delete - in the calling thread's network namespace. -ENODEV: there is none. */
int netlink_link_delete(const char *name);
int netlink_link_up(const char *name);

/* ---- net_place.c: what is kept of places and leases */

int net_place_path(const struct net *net, const char *id, const char *interface, const char *suffix,
		   char *buf, size_t size);
int net_place_write(const struct net *net, const char *id, const char *interface,
		    const char *suffix, const char *text, struct oci_error *err);
/** net_place_read - "" suffix: the configuration, ".result". Heap. -ENOENT. */
int net_place_read(const struct net *net, const char *id, const char *interface, const char *suffix,
		   char **ret);
void net_place_remove(const struct net *net, const char *id, const char *interface);
/** net_scrub - without plugins: every place, lease and the namespace of @id. */
void net_scrub(const struct net *net, const char *id);
/** net_leases_drop - leases of @network (NULL: all) that @stale (NULL: none) says so of. Number of leases that stay. */
size_t net_leases_drop(const struct net *net, const char *network,
		       bool (*stale)(void *ctx, const char *id), void *ctx);

/* ---- net_filter.c */

void net_filter_apply(struct net *net);

#endif
