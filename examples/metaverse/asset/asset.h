/* SPDX-License-Identifier: Apache-2.0 */
/*
 * asset.h - a file that somebody uploaded, and what is known of it.
 */
#ifndef METAVERSE_ASSET_H
#define METAVERSE_ASSET_H

#include <stdint.h>
#include <stdio.h>

#include "common/token.h"

#define ASSET_ID_LENGTH 64 /* sha256 in hex */
#define ASSET_NAME_MAX 128
#define ASSET_CATEGORY_MAX 32
#define ASSET_TYPE_MAX 100
#define ASSET_SIZE_MAX (64ULL << 20)

struct asset {
	char id[ASSET_ID_LENGTH + 1];
	char name[ASSET_NAME_MAX + 1];
	char category[ASSET_CATEGORY_MAX + 1];
	char type[ASSET_TYPE_MAX + 1];
	char author[TOKEN_NAME_MAX + 1];
	int64_t size;    /* bytes */
	int64_t created; /* seconds since 1970 */
};

/** asset_write - as a JSON object. */
void asset_write(FILE *out, const struct asset *asset);

#endif
