/* SPDX-License-Identifier: Apache-2.0 */
/*
 * api.h - what the server answers over HTTP.
 *
 *   GET /healthz, /metrics
 *   GET /maps                     [{"name","author","version","size"},...]; of other replicas' saves it may be a second old
 *   GET /maps/NAME                the document, its version as ETag
 *   PUT /maps/NAME                {"size":N,"tiles":[...],"edits":N}; If-Match, If-None-Match; by its author only
 *   GET /height?x=&y=&w=&h=       {"world":SIDE,"level":L,"x","y","w","h","heights":[...]}; &level=L: each cell is 2^L wide
 *   GET /maps/NAME/live           the WebSocket of live.h
 *
 * Reading needs no token, PUT and the WebSocket do.
 */
#ifndef METAVERSE_MAP_API_H
#define METAVERSE_MAP_API_H

#include "common/server.h"
#include "map/listing.h"
#include "map/live.h"
#include "map/web.h"
#include "map/world.h"

/** struct api - what the answers are made of; of the loop's thread. */
struct api {
	struct server server;
	struct metrics metrics;
	struct token_key key;
	struct world world; /* not before the server is ready */
	struct store store;
	struct saver *saver;
	struct live *live;
	struct listing listing;
};

/** struct call - one request. */
struct call;

/** api_begin - its head is here. Return: 0 with the call, or -1: the connection is to be closed. */
int api_begin(struct api *api, struct lws *wsi, struct call **ret_call);

/** api_body, api_complete - a piece of the body; the end of it. Return: 0, or -1: the connection is to be closed. */
int api_body(struct call *call, const void *bytes, size_t length);
int api_complete(struct call *call);

/** api_writable, api_stalled - as web_writable, web_stalled. */
int api_writable(struct call *call);
void api_stalled(struct call *call);

/** api_end - the connection is gone, or the answer has left. */
void api_end(struct call *call);

/**
 * api_upgrade - may this request become a WebSocket? If not, the answer says why.
 * Return: 0, or -1: the connection is to be closed.
 */
int api_upgrade(struct api *api, struct lws *wsi);

/** api_join - it has become one. Return: 0 with the user, or -1. */
int api_join(struct api *api, struct lws *wsi, struct user **ret_user);

#endif
