/* SPDX-License-Identifier: Apache-2.0 */
/*
 * net_filter.c - one nftables table for all bridges: masquerade, separation of networks, the host's 127.0.0.0/8.
 *
 * The bridge plugin's own ipMasq would run iptables several times for each replica; here it is one rule for each network.
 * A verdict "accept" of ours cannot overrule another table's "drop": where the host's FORWARD chain has that policy (Docker's
 * daemon sets it), the host must accept "carte-*" there itself: net_warning says so.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "scale/net_parts.h"
#include "scale/nft.h"

static void put_forward(FILE *out, const struct net_network *network)
{
	if (network->internal)
		(void)fprintf(out,
			      "\t\tiifname \"%s\" oifname != \"%s\" drop\n"
			      "\t\toifname \"%s\" iifname != \"%s\" drop\n",
			      network->bridge, network->bridge, network->bridge, network->bridge);
	else
		(void)fprintf(
			out,
			"\t\tiifname \"%s\" oifname \"carte-*\" oifname != \"%s\" ct state new "
			"ct status & dnat == 0 drop\n",
			network->bridge, network->bridge);
}

static void put_masquerade(FILE *out, const struct net_network *network)
{
	char subnet[INET_ADDRSTRLEN];

	(void)inet_ntop(AF_INET, &network->subnet, subnet, sizeof(subnet));
	if (!network->internal)
		(void)fprintf(out, "\t\tip saddr %s/%u oifname != \"%s\" masquerade\n", subnet,
			      network->prefix, network->bridge);
	/* to a neighbour through a published port: its answer must come back this way */
	(void)fprintf(out, "\t\tip saddr %s/%u ip daddr %s/%u ct status dnat masquerade\n", subnet,
		      network->prefix, subnet, network->prefix);
}

static void put_table(FILE *out, const struct net *net)
{
	/* before connection tracking: answers to the host's own 127.0.0.1 still have the bridge's address here */
	(void)fputs("\tchain raw {\n\t\ttype filter hook prerouting priority -300\n"
		    "\t\tiifname \"carte-*\" ip daddr 127.0.0.0/8 drop\n\t}\n"
		    "\tchain forward {\n\t\ttype filter hook forward priority 0\n",
		    out);
	for (size_t i = 0; i < net->networks_len; i++)
		if (net->networks[i].bridge[0])
			put_forward(out, &net->networks[i]);
	(void)fputs("\t}\n\tchain postrouting {\n\t\ttype nat hook postrouting priority 100\n",
		    out);
	for (size_t i = 0; i < net->networks_len; i++)
		if (net->networks[i].bridge[0])
			put_masquerade(out, &net->networks[i]);
	(void)fputs("\t}\n", out);
}

static size_t bridges(const struct net *net)
{
	size_t n = 0;

	for (size_t i = 0; i < net->networks_len; i++)
		n += net->networks[i].bridge[0] != '\0';
	return n;
}

static char *filter_text(const struct net *net)
{
	CLEANUP_FREE char *text = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&text, &length);

	if (!out)
		return NULL;
	(void)fprintf(out, "add table ip %s\ndelete table ip %s\n", net->table, net->table);
	if (bridges(net) > 0) {
		(void)fprintf(out, "table ip %s {\n", net->table);
		put_table(out, net);
		(void)fputs("}\n", out);
	}
	return fclose(out) == 0 ? TAKE_PTR(text) : NULL;
}

/* Our bridges are named in no chain of iptables' that drops what it does not know. */
static bool forward_dropped(struct nft_ctx *nft)
{
	const char *forward = nft_list(nft, "list chain ip filter FORWARD\n");

	return strstr(forward, "policy drop") && !strstr(forward, "\"carte-") &&
	       !strstr(nft_list(nft, "list chain ip filter DOCKER-USER\n"), "\"carte-");
}

static void warn(struct net *net, int r, struct nft_ctx *nft, const struct oci_error *err)
{
	net->warning[0] = '\0';
	if (r < 0)
		(void)snprintf(net->warning, sizeof(net->warning),
			       "replicas cannot reach beyond this host: %.200s", err->message);
	else if (forward_dropped(nft))
		(void)snprintf(net->warning, sizeof(net->warning),
			       "the host's FORWARD chain drops (Docker sets this): ports are not "
			       "reached from "
			       "elsewhere until `iptables -I FORWARD -i carte-+ -j ACCEPT` and the "
			       "same with -o "
			       "(where there is a chain DOCKER-USER, in that)");
}

/* Without it replicas still reach each other and the host: a warning, no failure. */
void net_filter_apply(struct net *net)
{
	__attribute__((cleanup(nft_closep))) struct nft_ctx *nft = NULL;
	struct oci_error err = OCI_ERROR_INIT;
	CLEANUP_FREE char *text = filter_text(net);
	int r;

	if (text && net->filter && strcmp(text, net->filter) == 0)
		return;
	r = text ? nft_open(&nft, &err) : err_nomem(&err);
	if (r == 0)
		r = nft_run(nft, text, &err);
	free(net->filter);
	net->filter = r == 0 ? TAKE_PTR(text) : NULL;
	warn(net, r, nft, &err);
}

const char *net_warning(const struct net *net)
{
	return net->warning;
}

void net_verify(struct net *net)
{
	__attribute__((cleanup(nft_closep))) struct nft_ctx *nft = NULL;

	if (!net->filter || bridges(net) == 0 || nft_open(&nft, NULL) < 0 ||
	    nft_table_exists(nft, net->table))
		return;
	free(net->filter);
	net->filter = NULL;
	net_filter_apply(net);
}
