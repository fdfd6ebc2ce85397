/* SPDX-License-Identifier: Apache-2.0 */
/*
 * conntrack.c - flows that the kernel keeps: those of a backend are counted, or forgotten.
 *
 * A flow's backend is where its answers come from: after DNAT that is the source of the reply direction.
 */
#include <errno.h>
#include <libnetfilter_conntrack/libnetfilter_conntrack.h>
#include <libnetfilter_conntrack/libnetfilter_conntrack_tcp.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "scale/balance.h"

static void nfct_closep(struct nfct_handle **handle)
{
	int saved = errno;

	if (*handle)
		(void)nfct_close(*handle);
	*handle = NULL;
	errno = saved;
}

#define CLEANUP_NFCT __attribute__((cleanup(nfct_closep)))

static int conntrack_failed(int code, struct oci_error *err)
{
	if (code == EPERM)
		return err_set_as(err, ERR_PERMISSION, EPERM,
				  "conntrack: not permitted: CAP_NET_ADMIN is needed");
	if (code == EPROTONOSUPPORT || code == EOPNOTSUPP || code == EINVAL)
		return err_set_as(err, ERR_UNSUPPORTED, EOPNOTSUPP,
				  "conntrack: the kernel lacks nf_conntrack_netlink");
	return err_sys(err, code, "conntrack");
}

static int conntrack_dump(int (*each)(enum nf_conntrack_msg_type, struct nf_conntrack *, void *),
			  void *ctx, struct oci_error *err)
{
	CLEANUP_NFCT struct nfct_handle *handle = nfct_open(CONNTRACK, 0);
	uint32_t family = AF_INET;

	if (!handle)
		return conntrack_failed(errno, err);
	if (nfct_callback_register(handle, NFCT_T_ALL, each, ctx) < 0 ||
	    nfct_query(handle, NFCT_Q_DUMP, &family) < 0)
		return conntrack_failed(errno, err);
	return 0;
}

/* ---- forget ------------------------------------------------------------------------------------------------------ */

struct victims {
	struct in_addr address;
	bool tcp;
	struct nf_conntrack **items;
	size_t len, size;
	bool failed;
};

static int victim_add(enum nf_conntrack_msg_type type, struct nf_conntrack *ct, void *ctx)
{
	struct victims *victims = ctx;
	uint8_t protocol = nfct_get_attr_u8(ct, ATTR_L4PROTO);

	(void)type;
	if (nfct_get_attr_u32(ct, ATTR_REPL_IPV4_SRC) != victims->address.s_addr ||
	    (protocol != IPPROTO_UDP && !(victims->tcp && protocol == IPPROTO_TCP)))
		return NFCT_CB_CONTINUE;
	if (victims->len == victims->size) {
		size_t size = victims->size ? victims->size * 2 : 32;
		struct nf_conntrack **grown = reallocarray(victims->items, size, sizeof(*grown));

		if (!grown) {
			victims->failed = true;
			return NFCT_CB_STOP;
		}
		victims->items = grown;
		victims->size = size;
	}
	victims->items[victims->len++] = ct;
	return NFCT_CB_STOLEN;
}

/* The kernel may have let one go by itself meanwhile. */
static int victims_destroy(struct victims *victims, struct oci_error *err)
{
	CLEANUP_NFCT struct nfct_handle *handle = NULL;
	int r = 0;

	if (victims->len > 0) {
		handle = nfct_open(CONNTRACK, 0);
		if (!handle)
			r = conntrack_failed(errno, err);
	}
	for (size_t i = 0; i < victims->len; i++) {
		if (r == 0 && nfct_query(handle, NFCT_Q_DESTROY, victims->items[i]) < 0 &&
		    errno != ENOENT)
			r = conntrack_failed(errno, err);
		nfct_destroy(victims->items[i]);
	}
	free(victims->items);
	return r;
}

int balance_forget(struct balance *balance, struct in_addr address, bool tcp, struct oci_error *err)
{
	struct victims victims = { .address = address, .tcp = tcp };
	int r = conntrack_dump(victim_add, &victims, err);
	int destroyed = victims_destroy(&victims, r < 0 ? NULL : err);

	(void)balance;
	if (r == 0 && victims.failed)
		r = err_nomem(err);
	return r < 0 ? r : destroyed;
}

/* ---- count ------------------------------------------------------------------------------------------------------- */

struct tally {
	const struct in_addr *addresses;
	unsigned *counts;
	size_t count;
};

static int tally_add(enum nf_conntrack_msg_type type, struct nf_conntrack *ct, void *ctx)
{
	struct tally *tally = ctx;
	uint32_t from;

	(void)type;
	if (nfct_get_attr_u8(ct, ATTR_L4PROTO) != IPPROTO_TCP ||
	    nfct_get_attr_u8(ct, ATTR_TCP_STATE) != TCP_CONNTRACK_ESTABLISHED)
		return NFCT_CB_CONTINUE;
	from = nfct_get_attr_u32(ct, ATTR_REPL_IPV4_SRC);
	for (size_t i = 0; i < tally->count; i++)
		if (tally->addresses[i].s_addr == from)
			tally->counts[i]++;
	return NFCT_CB_CONTINUE;
}

int balance_connections(struct balance *balance, const struct in_addr *addresses, unsigned *counts,
			size_t count, struct oci_error *err)
{
	struct tally tally = { .addresses = addresses, .counts = counts, .count = count };

	(void)balance;
	memset(counts, 0, count * sizeof(*counts));
	return count > 0 ? conntrack_dump(tally_add, &tally, err) : 0;
}
