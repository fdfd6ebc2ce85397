/* SPDX-License-Identifier: Apache-2.0 */
/* api.c - see api.h. */
#include "map/api.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define BODY_MAX (1U << 20)
#define USERS_MAX 1000
#define MAPS "/maps/"
#define LIVE "/live"

struct call {
	struct web web;
	struct api *api;
	char map[TOKEN_NAME_MAX + 1];
	struct doc_parser *parser; /* of PUT */
	struct token_user user;
	struct save *save; /* the saver has it */
	bool is_complete;
};

/* "/maps/NAME" with what may follow the name; false when it is no such path */
static bool map_of(const char *path, const char *after, char map[TOKEN_NAME_MAX + 1])
{
	size_t begin = strlen(MAPS), length = strlen(path), tail = strlen(after);

	if (strncmp(path, MAPS, begin) != 0 || length < begin + tail + 1 ||
	    length > begin + tail + TOKEN_NAME_MAX || strcmp(path + length - tail, after) != 0)
		return false;
	memcpy(map, path + begin, length - begin - tail);
	map[length - begin - tail] = '\0';
	return token_is_name(map);
}

static int answer_failure(struct web *web, int error)
{
	switch (error) {
	case -ENOENT:
		return web_error(web, 404, "there is no such map");
	case -EACCES:
		return web_error(web, 403, "only its author may replace a map");
	case -ESTALE:
		return web_error(web, 412, "the map has another version: fetch it again");
	case -EDQUOT:
		return web_error(web, 507, "there are %d maps, which is all there may be",
				 STORE_MAPS_MAX);
	case -ENOSPC:
		return web_error(web, 507, "the disk is full");
	default:
		return web_error(web, 500, "the map: %s", strerror(-error));
	}
}

static int answer_token(struct web *web, int error)
{
	return web_error(web, 401,
			 error == -EACCES  ? "a token is needed: log in first"
			 : error == -ETIME ? "the token has expired: log in again"
					   : "the token is not good: log in again");
}

/* ---- GET ---- */

static int get_health(struct call *call)
{
	unsigned status = 500;
	const char *text = server_health(&call->api->server, &status);

	return web_text(&call->web, status, "text/plain", text);
}

static int get_metrics(struct call *call)
{
	struct web_answer answer = { .status = 200, .type = METRICS_TYPE };

	if (metrics_text(&call->api->metrics, &answer.body, &answer.length) < 0)
		return -1;
	return web_answer(&call->web, &answer);
}

static int get_list(struct call *call)
{
	struct web_answer answer = { .status = 200, .type = "application/json" };
	int r = listing_read(&call->api->listing, &call->api->store, &answer.body, &answer.length);

	return r < 0 ? answer_failure(&call->web, r) : web_answer(&call->web, &answer);
}

/* one of a list of "N", as browsers send them, or W/"N" */
static bool has_version(const char *header, uint64_t version)
{
	char etag[32];

	(void)snprintf(etag, sizeof(etag), "\"%" PRIu64 "\"", version);
	return strstr(header, etag) != NULL;
}

static int get_map(struct call *call)
{
	struct web_answer answer = { .status = 200, .type = "application/json" };
	struct doc head = { 0 };
	char known[128];
	int r = store_read(&call->api->store, call->map, &answer.body, &answer.length);

	if (r == 0)
		r = doc_head(answer.body, answer.length, &head);
	if (r < 0) {
		free(answer.body);
		return answer_failure(&call->web, r);
	}
	answer.version = head.version;
	if (web_header(call->web.wsi, WSI_TOKEN_HTTP_IF_NONE_MATCH, known, sizeof(known)) &&
	    has_version(known, head.version)) {
		free(answer.body);
		answer = (struct web_answer){ .status = 304, .version = head.version };
	}
	return web_answer(&call->web, &answer);
}

static int get_height(struct call *call)
{
	const struct world *world = &call->api->world;
	struct web_answer answer = { .status = 200, .type = "application/json" };
	CLEANUP_FREE uint16_t *heights = NULL;
	uint32_t at[2], size[2], level;
	struct lws *wsi = call->web.wsi;
	FILE *out;

	if (web_argument(wsi, "x=", 0, &at[0]) < 0 || web_argument(wsi, "y=", 0, &at[1]) < 0 ||
	    web_argument(wsi, "w=", 64, &size[0]) < 0 ||
	    web_argument(wsi, "h=", 64, &size[1]) < 0 || web_argument(wsi, "level=", 0, &level) < 0)
		return web_error(&call->web, 400, "x, y, w, h and level must be whole numbers");
	heights = malloc(WORLD_WINDOW_MAX * sizeof(*heights));
	if (!heights)
		return -1;
	if (world_window(world, level, at, size, heights) < 0)
		return web_error(&call->web, 400,
				 "the window must be in the world of %u x %u cells (levels 0 to "
				 "%u), and of 1 to %d of them",
				 world->side, world->side, world->levels - 1, WORLD_WINDOW_MAX);
	out = open_memstream(&answer.body, &answer.length);
	if (!out)
		return -1;
	(void)fprintf(
		out, "{\"world\":%u,\"level\":%u,\"x\":%u,\"y\":%u,\"w\":%u,\"h\":%u,\"heights\":[",
		world->side, level, at[0], at[1], size[0], size[1]);
	for (size_t i = 0; i < (size_t)size[0] * size[1]; i++)
		(void)fprintf(out, "%s%u", i > 0 ? "," : "", heights[i]);
	(void)fputs("]}\n", out);
	if (fclose(out) != 0) {
		free(answer.body);
		return -1;
	}
	return web_answer(&call->web, &answer);
}

/* ---- PUT ---- */

/* The request is refused without its body; one that is not long is read first, or the client would miss the answer. */
static int put_begin(struct call *call)
{
	struct web *web = &call->web;

	if (web->to_come == 0)
		return web_error(web, 411, "a body with Content-Length is needed");
	if (web->to_come > BODY_MAX)
		return web_error(web, 413, "a map has at most %u bytes", BODY_MAX);
	call->parser = doc_parser_new();
	return call->parser ? 0 : -1;
}

int api_body(struct call *call, const void *bytes, size_t length)
{
	if (call->parser)
		(void)doc_parser_feed(call->parser, bytes, length); /* it remembers what is wrong */
	return 0;
}

static int terms_of(struct lws *wsi, struct save_terms *terms)
{
	char text[32];

	if (web_header(wsi, WSI_TOKEN_HTTP_IF_NONE_MATCH, text, sizeof(text)))
		terms->must_be_new = strcmp(text, "*") == 0;
	if (lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_IF_MATCH) <= 0)
		return 0;
	if (!web_header(wsi, WSI_TOKEN_HTTP_IF_MATCH, text, sizeof(text)))
		return -EINVAL;
	terms->must_exist = true;
	if (strcmp(text, "*") == 0)
		return 0;
	return sscanf(text, "\"%" SCNu64 "\"", &terms->version) == 1 && terms->version > 0 &&
			       has_version(text, terms->version)
		       ? 0
		       : -EINVAL;
}

static void on_saved(struct save *save)
{
	struct call *call = save->context;
	struct web_answer answer = { .status = save->doc.version == 1 ? 201 : 200,
				     .type = "application/json" };
	FILE *out;

	call->save = NULL;
	if (save->result < 0) {
		(void)answer_failure(&call->web, save->result);
		return;
	}
	listing_clear(&call->api->listing); /* who has saved it sees it */
	answer.version = save->doc.version;
	out = open_memstream(&answer.body, &answer.length);
	if (out) {
		listing_put(out, &save->doc);
		(void)fputc('\n', out);
		(void)fclose(out);
	}
	(void)web_answer(&call->web, &answer);
}

static int save_start(struct call *call, struct doc *doc)
{
	struct save *save = calloc(1, sizeof(*save));

	if (!save || terms_of(call->web.wsi, &save->terms) < 0) {
		doc_clear(doc);
		free(save);
		return save ? web_error(&call->web, 412, "If-Match: must be the ETag of the map")
			    : -1;
	}
	save->doc = *doc;
	memcpy(save->doc.name, call->map, sizeof(save->doc.name));
	memcpy(save->doc.author, call->user.name, sizeof(save->doc.author));
	save->done = on_saved;
	save->context = call;
	call->save = save;
	saver_add(call->api->saver, save);
	return 0;
}

int api_complete(struct call *call)
{
	struct doc doc;
	int r;

	if (call->is_complete)
		return -1; /* what follows the body is no request of this connection, see web.h */
	call->is_complete = true;
	if (!call->parser)
		return 0;
	r = web_user(call->web.wsi, &call->api->key, &call->user);
	if (r < 0)
		return answer_token(&call->web, r);
	r = doc_parser_end(call->parser, &doc);
	if (r == -EBADMSG)
		return web_error(&call->web, 400, "%s", doc_parser_error(call->parser));
	return r < 0 ? -1 : save_start(call, &doc);
}

/* ---- all of them ---- */

static int route(struct call *call)
{
	struct web *web = &call->web;
	bool is_get = web->method == WEB_GET || web->method == WEB_HEAD,
	     is_map = map_of(web->path, "", call->map);

	if (web->method == WEB_OPTIONS)
		return web_answer(web, &(struct web_answer){ .status = 204 });
	if (is_get && strcmp(web->path, "/healthz") == 0)
		return get_health(call);
	if (is_get && strcmp(web->path, "/metrics") == 0)
		return get_metrics(call);
	if (server_state(&call->api->server) == SERVER_STARTING)
		return web_error(web, 503, "starting");
	if (is_map && web->method == WEB_PUT)
		return put_begin(call);
	if (!is_get)
		return web_error(web, 405, "that is not what one can do here");
	if (is_map)
		return get_map(call);
	if (strcmp(web->path, "/maps") == 0)
		return get_list(call);
	if (strcmp(web->path, "/height") == 0)
		return get_height(call);
	return web_error(web, 404, "there is nothing here");
}

int api_begin(struct api *api, struct lws *wsi, struct call **ret_call)
{
	struct call *call = calloc(1, sizeof(*call));

	if (!call)
		return -1;
	call->api = api;
	if (web_begin(&call->web, wsi, &api->metrics, api->server.replica) < 0 || route(call) < 0) {
		api_end(call);
		return -1;
	}
	*ret_call = call;
	return 0;
}

int api_writable(struct call *call)
{
	return web_writable(&call->web);
}

void api_stalled(struct call *call)
{
	web_stalled(&call->web);
}

void api_end(struct call *call)
{
	if (call->save)
		call->save->done = NULL;
	doc_parser_free(call->parser);
	web_end(&call->web);
	free(call);
}

/* ---- the WebSocket ---- */

static int admit(struct api *api, struct web *web, char map[TOKEN_NAME_MAX + 1],
		 struct token_user *ret_user)
{
	struct doc head;
	int r;

	if (!map_of(web->path, LIVE, map))
		return web_error(web, 404, "a WebSocket is at /maps/NAME/live"), -1;
	if (server_state(&api->server) != SERVER_READY || live_users(api->live) >= USERS_MAX)
		return web_error(web, 503, "no more users here: try again"), -1;
	r = web_user(web->wsi, &api->key, ret_user);
	if (r < 0)
		return answer_token(web, r), -1;
	r = store_head(&api->store, map, &head);
	return r < 0 ? answer_failure(web, r), -1 : 0;
}

int api_upgrade(struct api *api, struct lws *wsi)
{
	char map[TOKEN_NAME_MAX + 1];
	struct token_user user;
	struct web web;
	int r = web_begin(&web, wsi, &api->metrics, api->server.replica);

	if (r == 0)
		r = admit(api, &web, map, &user);
	if (r < 0 && web.is_answered)
		(void)web_writable(&web);
	web_end(&web);
	return r < 0 ? -1 : 0;
}

int api_join(struct api *api, struct lws *wsi, struct user **ret_user)
{
	char path[WEB_PATH_MAX], map[TOKEN_NAME_MAX + 1];
	enum web_method method;
	struct token_user user;

	if (!web_path(wsi, &method, path) || !map_of(path, LIVE, map) ||
	    web_user(wsi, &api->key, &user) < 0)
		return -1;
	if (live_join(api->live, wsi, map, user.name, ret_user) < 0)
		return -1;
	metrics_sessions(&api->metrics, 1);
	return 0;
}
