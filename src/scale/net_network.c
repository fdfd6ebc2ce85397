/* SPDX-License-Identifier: Apache-2.0 */
/*
 * net_network.c - networks: from the service file, and as they were made.
 */
#include <arpa/inet.h>
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fnv.h"
#include "base/io.h"
#include "base/mem.h"
#include "scale/net_parts.h"

bool net_name_check(const char *name)
{
	if (!isalnum((unsigned char)*name) || strlen(name) >= NET_NAME_SIZE)
		return false;
	for (; *name; name++)
		if (!isalnum((unsigned char)*name) && !strchr("_.-", *name))
			return false;
	return true;
}

struct net_network *net_network_find(struct net *net, const char *name)
{
	for (size_t i = 0; i < net->networks_len; i++)
		if (strcmp(net->networks[i].name, name) == 0)
			return &net->networks[i];
	return NULL;
}

static int network_append(struct net *net, const struct net_network *network)
{
	struct net_network *grown =
		reallocarray(net->networks, net->networks_len + 1, sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	net->networks = grown;
	net->networks[net->networks_len++] = *network;
	return 0;
}

/*
 * "carte-" and 32 bits of whose network it is and its name: the same one each time, no longer than an interface's name may
 * be, and another one for another supervisor.
 */
static void bridge_name(const char *table, const char *name, char buf[IFNAMSIZ])
{
	uint32_t hash = fnv_add(FNV_BEGIN, table, strlen(table));

	hash = fnv_add(hash, name, strlen(name));
	(void)snprintf(buf, IFNAMSIZ, "carte-%08x", hash);
}

/* ---- records ----------------------------------------------------------------------------------------------------- */

static void record_text(const struct net_network *network, char *buf, size_t size)
{
	char subnet[INET_ADDRSTRLEN], gateway[INET_ADDRSTRLEN], range[INET_ADDRSTRLEN];

	(void)snprintf(
		buf, size,
		"driver=%s\nsubnet=%s/%u\ngateway=%s\nrange=%s/%u\nparent=%s\nmode=%s\nmtu=%u\n"
		"internal=%d\n",
		network->driver, inet_ntop(AF_INET, &network->subnet, subnet, sizeof(subnet)),
		network->prefix, inet_ntop(AF_INET, &network->gateway, gateway, sizeof(gateway)),
		inet_ntop(AF_INET, &network->range, range, sizeof(range)), network->range_prefix,
		network->parent, network->mode, network->mtu, network->internal);
}

static void copy(char *to, size_t size, const char *from)
{
	size_t length = strnlen(from, size - 1);

	memcpy(to, from, length);
	to[length] = '\0';
}

static bool record_line(struct net_network *network, const char *key, const char *value)
{
	uint32_t number;

	if (strcmp(key, "driver") == 0)
		copy(network->driver, sizeof(network->driver), value);
	else if (strcmp(key, "parent") == 0)
		copy(network->parent, sizeof(network->parent), value);
	else if (strcmp(key, "mode") == 0)
		copy(network->mode, sizeof(network->mode), value);
	else if (strcmp(key, "subnet") == 0)
		return net_subnet_parse(value, &network->subnet, &network->prefix) == 0;
	else if (strcmp(key, "range") == 0)
		return net_subnet_parse(value, &network->range, &network->range_prefix) == 0;
	else if (strcmp(key, "gateway") == 0)
		return inet_pton(AF_INET, value, &network->gateway) == 1;
	else if (strcmp(key, "mtu") == 0 && parse_u32(value, &number) == 0)
		network->mtu = number;
	else if (strcmp(key, "internal") == 0)
		network->internal = *value == '1';
	else
		return false;
	return true;
}

static int record_read(const struct net *net, int folder, const char *name,
		       struct net_network *network)
{
	char text[1024];
	char *next = text, *line;
	ssize_t n = io_read_small(folder, name, text, sizeof(text));

	if (n < 0)
		return (int)n;
	*network = (struct net_network){ 0 };
	copy(network->name, sizeof(network->name), name);
	while ((line = strsep(&next, "\n"))) {
		char *equals = strchr(line, '=');

		if (!*line)
			continue;
		if (!equals)
			return -EINVAL;
		*equals = '\0';
		if (!record_line(network, line, equals + 1))
			return -EINVAL;
	}
	if (!network->driver[0] || network->prefix == 0)
		return -EINVAL;
	if (strcmp(network->driver, "bridge") == 0)
		bridge_name(net->table, name, network->bridge);
	return 0;
}

static int records_open(const struct net *net, struct oci_error *err)
{
	CLEANUP_FREE char *path = NULL;
	int fd;

	if (asprintf(&path, "%s/networks", net->state_dir) < 0)
		return err_nomem(err);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? err_sys(err, errno, "open %s", path) : fd;
}

int net_networks_load(struct net *net, struct oci_error *err)
{
	CLEANUP_CLOSEDIR DIR *dir = NULL;
	struct dirent *entry;
	int fd = records_open(net, err);
	int r = 0;

	if (fd < 0)
		return fd;
	dir = fdopendir(fd);
	if (!dir) {
		(void)close(fd);
		return err_nomem(err);
	}
	while (r == 0 && (entry = readdir(dir))) {
		struct net_network network;

		if (!net_name_check(entry->d_name))
			continue;
		r = record_read(net, fd, entry->d_name, &network);
		if (r < 0)
			return err_set(
				err, EINVAL,
				"%s/networks/%s is damaged: remove it, then `carte up` again",
				net->state_dir, entry->d_name);
		r = network_append(net, &network);
	}
	return r < 0 ? err_nomem(err) : 0;
}

static int record_write(const struct net *net, const struct net_network *network,
			struct oci_error *err)
{
	CLEANUP_CLOSE int folder = records_open(net, err);
	char text[1024];
	int r;

	if (folder < 0)
		return folder;
	record_text(network, text, sizeof(text));
	r = io_replace_at(folder, network->name, text, strlen(text), 0644);
	return r < 0 ? err_sys(err, -r, "write %s/networks/%s", net->state_dir, network->name) : 0;
}

/* ---- from the service file --------------------------------------------------------------------------------------- */

static const char *option(const struct spec_network *spec, const char *key)
{
	for (size_t i = 0; i < spec->options.len; i++)
		if (strcmp(spec->options.items[i].key, key) == 0)
			return spec->options.items[i].value;
	return NULL;
}

static bool word_check(const char *word, size_t size)
{
	if (!*word || strlen(word) >= size)
		return false;
	for (; *word; word++)
		if (!isalnum((unsigned char)*word) && !strchr("_.-@", *word))
			return false;
	return true;
}

static int read_options(const struct spec_network *spec, struct net_network *network,
			struct oci_error *err)
{
	bool bridge = strcmp(network->driver, "bridge") == 0;
	const char *parent = option(spec, "parent");
	const char *mode = option(spec, strcmp(network->driver, "ipvlan") == 0 ? "ipvlan_mode"
									       : "macvlan_mode");
	const char *mtu = option(spec, "com.docker.network.driver.mtu");
	uint32_t number;

	mtu = mtu ? mtu : option(spec, "mtu");
	if (mtu && (parse_u32(mtu, &number) < 0 || number < 576 || number > 65535))
		return err_set(err, EINVAL, "network '%s': mtu: expected 576 to 65535, got '%s'",
			       spec->key, mtu);
	network->mtu = mtu ? number : 0;
	if (bridge)
		return 0;
	if (parent && !word_check(parent, sizeof(network->parent)))
		return err_set(err, EINVAL, "network '%s': parent: '%s' is no interface's name",
			       spec->key, parent);
	if (mode && !word_check(mode, sizeof(network->mode)))
		return err_set(err, EINVAL, "network '%s': '%s' is no mode of driver %s", spec->key,
			       mode, network->driver);
	copy(network->parent, sizeof(network->parent), parent ? parent : "");
	copy(network->mode, sizeof(network->mode), mode ? mode : "");
	return 0;
}

static bool inside(struct net_subnet inner, struct net_subnet outer)
{
	return inner.first >= outer.first && inner.last <= outer.last;
}

static int read_addresses(const struct spec_network *spec, struct net_network *network,
			  struct oci_error *err)
{
	struct net_subnet subnet = net_subnet_of(network->subnet, network->prefix);

	if (network->prefix < 8 || network->prefix > 29)
		return err_set(err, EINVAL,
			       "network '%s': subnet: expected a prefix of 8 to 29 bits",
			       spec->key);
	network->subnet.s_addr = htonl(subnet.first);
	network->gateway.s_addr = htonl(subnet.first + 1);
	if (spec->gateway && (inet_pton(AF_INET, spec->gateway, &network->gateway) != 1 ||
			      !inside(net_subnet_of(network->gateway, 32), subnet)))
		return err_set(err, EINVAL,
			       "network '%s': gateway: '%s' is no IPv4 address of the subnet",
			       spec->key, spec->gateway);
	network->range = network->subnet;
	network->range_prefix = network->prefix;
	if (spec->ip_range &&
	    (net_subnet_parse(spec->ip_range, &network->range, &network->range_prefix) < 0 ||
	     !inside(net_subnet_of(network->range, network->range_prefix), subnet)))
		return err_set(err, EINVAL, "network '%s': ip_range: '%s' is no part of the subnet",
			       spec->key, spec->ip_range);
	network->range.s_addr = htonl(net_subnet_of(network->range, network->range_prefix).first);
	return 0;
}

static int read_driver(const struct net *net, const struct spec_network *spec,
		       struct net_network *network, struct oci_error *err)
{
	const char *driver = spec->driver ? spec->driver : "bridge";

	if (strcmp(driver, "host") == 0 || strcmp(driver, "none") == 0)
		return err_set(
			err, EINVAL,
			"network '%s': driver '%s' is no network to join: write network_mode: %s",
			spec->key, driver, driver);
	if (strcmp(driver, "bridge") != 0 && strcmp(driver, "macvlan") != 0 &&
	    strcmp(driver, "ipvlan") != 0)
		return err_set_as(
			err, ERR_UNSUPPORTED, EOPNOTSUPP,
			"network '%s': driver '%s': only bridge, macvlan and ipvlan are known",
			spec->key, driver);
	copy(network->driver, sizeof(network->driver), driver);
	if (strcmp(driver, "bridge") == 0)
		bridge_name(net->table, network->name, network->bridge);
	return 0;
}

static int network_read(const struct net *net, const struct spec_network *spec,
			const struct net_network *known, struct net_network *network,
			struct oci_error *err)
{
	int r;

	*network = (struct net_network){ .internal = spec->internal };
	copy(network->name, sizeof(network->name), spec->name);
	r = read_driver(net, spec, network, err);
	if (r == 0)
		r = read_options(spec, network, err);
	if (r < 0)
		return r;
	if (spec->subnet) {
		if (net_subnet_parse(spec->subnet, &network->subnet, &network->prefix) < 0)
			return err_set(
				err, EINVAL,
				"network '%s': subnet: expected IPv4 address/prefix, got '%s'",
				spec->key, spec->subnet);
	} else if (known) {
		network->subnet = known->subnet;
		network->prefix = known->prefix;
	} else {
		r = net_subnet_choose(net, network->name, &network->subnet, &network->prefix, err);
	}
	return r < 0 ? r : read_addresses(spec, network, err);
}

/* ---- use and removal --------------------------------------------------------------------------------------------- */

static bool same(const struct net_network *a, const struct net_network *b)
{
	char one[1024], other[1024];

	record_text(a, one, sizeof(one));
	record_text(b, other, sizeof(other));
	return strcmp(one, other) == 0;
}

static int network_change(struct net *net, struct net_network *known,
			  const struct net_network *wanted, struct oci_error *err)
{
	if (net_leases_drop(net, known->name, NULL, NULL) > 0)
		return err_set_as(
			err, ERR_STATE, EBUSY,
			"network '%s' was made otherwise and is in use: `carte down` first",
			known->name);
	if (known->bridge[0])
		(void)netlink_link_delete(known->bridge);
	*known = *wanted;
	return record_write(net, known, err);
}

int net_network_use(struct net *net, const struct spec_network *spec, struct net_network **ret,
		    struct oci_error *err)
{
	struct net_network *known;
	struct net_network wanted;
	int r;

	if (!net_name_check(spec->name))
		return err_set(err, EINVAL,
			       "network name '%s': expected letters, digits, '_', '.', '-', and at "
			       "most %d",
			       spec->name, NET_NAME_SIZE - 1);
	known = net_network_find(net, spec->name);
	if (spec->external && !known)
		return err_set_as(err, ERR_NOT_FOUND, ENOENT,
				  "network '%s' is external, and there is none of this name",
				  spec->name);
	if (!spec->external) {
		r = network_read(net, spec, known, &wanted, err);
		if (r == 0 && !(known && same(known, &wanted))) {
			r = net_subnet_check(net, &wanted, err);
			if (r == 0 && known)
				r = network_change(net, known, &wanted, err);
			else if (r == 0)
				r = record_write(net, &wanted, err);
			if (r == 0 && !known && network_append(net, &wanted) < 0)
				r = err_nomem(err);
		}
		if (r < 0)
			return r;
	}
	*ret = net_network_find(net, spec->name);
	return 0;
}

int net_network_drop(struct net *net, struct net_network *network, struct oci_error *err)
{
	CLEANUP_FREE char *leases = NULL;
	CLEANUP_FREE char *record = NULL;
	static const char *const of_plugin[] = { "/last_reserved_ip.0", "/lock", "" };
	int r;

	if (asprintf(&leases, "%s/cni/%s", net->state_dir, network->name) < 0)
		return err_nomem(err);
	if (asprintf(&record, "%s/networks/%s", net->state_dir, network->name) < 0)
		return err_nomem(err);
	r = network->bridge[0] ? netlink_link_delete(network->bridge) : 0;
	if (r < 0 && r != -ENODEV)
		return err_sys(err, -r, "remove bridge %s of network '%s'", network->bridge,
			       network->name);
	for (size_t i = 0; i < ARRAY_LEN(of_plugin); i++) {
		CLEANUP_FREE char *path = NULL;

		if (asprintf(&path, "%s%s", leases, of_plugin[i]) < 0)
			return err_nomem(err);
		(void)remove(path);
	}
	if (unlink(record) < 0 && errno != ENOENT)
		return err_sys(err, errno, "remove %s", record);
	*network = net->networks[--net->networks_len];
	return 0;
}
