/* SPDX-License-Identifier: Apache-2.0 */
/*
 * answers.h - what the requests of the asset server share.
 */
#ifndef METAVERSE_ASSET_ANSWERS_H
#define METAVERSE_ASSET_ANSWERS_H

#include "asset/catalog.h"
#include "asset/store.h"
#include "common/http.h"

/** struct shelf - http.data. */
struct shelf {
	struct store store;
	struct catalog catalog;
	uint64_t quota; /* bytes that one author may have */
};

extern const struct http_route asset_routes[];
extern struct metric *asset_metrics[];
extern const size_t asset_metrics_count;

#endif
