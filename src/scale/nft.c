/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nft.c - libnftables with its messages caught; it gives no errno, so that the class of a failure is read from its words.
 */
#include <errno.h>
#include <linux/capability.h>
#include <nftables/libnftables.h>
#include <string.h>

#include "base/error.h"
#include "scale/nft.h"
#include "scale/rights.h"

int nft_open(struct nft_ctx **ret, struct oci_error *err)
{
	struct nft_ctx *nft = nft_ctx_new(NFT_CTX_DEFAULT);

	if (!nft)
		return err_nomem(err);
	if (nft_ctx_buffer_error(nft) != 0 || nft_ctx_buffer_output(nft) != 0) {
		nft_ctx_free(nft);
		return err_nomem(err);
	}
	*ret = nft;
	return 0;
}

void nft_closep(struct nft_ctx **nft)
{
	if (*nft)
		nft_ctx_free(*nft);
	*nft = NULL;
}

/* "internal:0:0-0: Error: Could not process rule: Operation not permitted\n..." -> the words of its first line */
static void first_line(const char *text, char *buf, size_t size)
{
	const char *words = strstr(text, "Error: ");
	size_t length;

	text = words ? words + strlen("Error: ") : text;
	length = strcspn(text, "\n");
	if (length >= size)
		length = size - 1;
	memcpy(buf, text, length);
	buf[length] = '\0';
}

int nft_run(struct nft_ctx *nft, const char *commands, struct oci_error *err)
{
	const char *words;
	char line[300];

	if (!rights_have(RIGHT(CAP_NET_ADMIN)))
		return err_set_as(err, ERR_PERMISSION, EPERM,
				  "nftables: not permitted: CAP_NET_ADMIN is needed");
	if (nft_run_cmd_from_buffer(nft, commands) == 0) {
		(void)nft_ctx_get_output_buffer(nft); /* reading empties it */
		(void)nft_ctx_get_error_buffer(nft);
		return 0;
	}
	words = nft_ctx_get_error_buffer(nft);
	first_line(words ? words : "", line, sizeof(line));
	if (strstr(line, strerror(EPERM)))
		return err_set_as(err, ERR_PERMISSION, EPERM,
				  "nftables: not permitted: CAP_NET_ADMIN is needed");
	if (strstr(line, strerror(EOPNOTSUPP)) || strstr(line, strerror(EPROTONOSUPPORT)) ||
	    strstr(line, strerror(ENOENT)) || strstr(line, strerror(EAFNOSUPPORT)))
		return err_set_as(err, ERR_UNSUPPORTED, EOPNOTSUPP,
				  "nftables: the kernel lacks what is needed (nf_tables, nft_nat, "
				  "nft_fib_ipv4, "
				  "nft_masq, nft_numgen, nft_hash, nft_reject): %s",
				  line);
	return err_set(err, EINVAL, "nftables: %s", *line ? line : "failed without words");
}

const char *nft_list(struct nft_ctx *nft, const char *command)
{
	const char *output;

	if (nft_run_cmd_from_buffer(nft, command) != 0) {
		(void)nft_ctx_get_error_buffer(nft);
		return "";
	}
	output = nft_ctx_get_output_buffer(nft);
	return output ? output : "";
}

bool nft_table_exists(struct nft_ctx *nft, const char *name)
{
	static const char before[] = "table ip ";
	const char *line = nft_list(nft, "list tables ip\n");
	size_t length = strlen(name);

	for (; (line = strstr(line, before)); line++)
		if (strncmp(line + strlen(before), name, length) == 0 &&
		    line[strlen(before) + length] == '\n')
			return true;
	return false;
}
