/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nft.h - nftables commands through libnftables, each text one transaction.
 */
#ifndef CARTE_SCALE_NFT_H
#define CARTE_SCALE_NFT_H

#include <stdbool.h>

struct nft_ctx;
struct oci_error;

int nft_open(struct nft_ctx **ret, struct oci_error *err);
void nft_closep(struct nft_ctx **nft);

/** nft_run - all of @commands, or nothing. -EPERM, -EOPNOTSUPP (the kernel lacks something) or -EINVAL with nft's words. */
int nft_run(struct nft_ctx *nft, const char *commands, struct oci_error *err);

/** nft_list - what a command says. Valid until the next one; "" when it failed. */
const char *nft_list(struct nft_ctx *nft, const char *command);

/** nft_table_exists - of family ip. */
bool nft_table_exists(struct nft_ctx *nft, const char *name);

#endif
