/* SPDX-License-Identifier: Apache-2.0 */
/*
 * live.h - the users who have a map open, and what they are told.
 *
 * To the server:   {"t":"set","x":N,"y":N,"tile":N}   {"t":"who"}
 * To the user:     {"t":"welcome","replica":R,"map":M,"version":V,"size":S,"n":N,"edits":[[x,y,tile],...],"scope":"replica","users":[NAME,...]}
 *                  {"t":"set","x":N,"y":N,"tile":N,"by":NAME,"n":N}
 *                  {"t":"map", ... like welcome without users}      the document was replaced: fetch it again
 *                  {"t":"who","replica":R,"scope":"replica","users":[NAME,...]}
 *                  {"t":"error","error":"one line"}
 *                  {"t":"moved"}                                    this replica ends: connect again
 *
 * "users" are those who have the map open at this replica: others' users are not known, only what they do. "scope" says so.
 *
 * "n" is how many edits the version has had: whoever saves the map says how many of them are in it.
 */
#ifndef METAVERSE_MAP_LIVE_H
#define METAVERSE_MAP_LIVE_H

#include <libwebsockets.h>

#include "map/saver.h"

struct user;

struct live;

/** live_new - NULL when memory is short. @store, @saver and @replica must outlive it. */
struct live *live_new(const struct store *store, struct saver *saver, const char *replica);

/** live_free - when no user is left. */
void live_free(struct live *live);

/** live_join - a user has connected. Return: 0 with the user, -ENOENT: no such map; or another -errno. */
int live_join(struct live *live, struct lws *wsi, const char *map_name, const char *name,
	      struct user **ret_user);

/** live_leave - the connection is gone. */
void live_leave(struct user *user);

/** live_receive - a piece of a message. Return: 0, or -1: the connection is to be closed now. */
int live_receive(struct user *user, const char *text, size_t length, bool is_binary);

/** live_writable - send one message. Return: 0, or -1: the connection is to be closed now, its reason is set. */
int live_writable(struct user *user);

/** live_changed - something happened to the files of this map; NULL: of any map. */
void live_changed(struct live *live, const char *map);

/** live_users - how many are connected. */
unsigned live_users(const struct live *live);

/** live_move - tell @count of the users who were not told yet to go, and close their connections with 1012. */
void live_move(struct live *live, unsigned count);

#endif
