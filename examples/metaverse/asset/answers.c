/* SPDX-License-Identifier: Apache-2.0 */
/*
 * answers.c - what the asset server answers.
 *
 * Bytes of users are served as they came, of the type that they said: the browser is told to trust none of it (no sniffing, a
 * sandbox for what would be a page).
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "asset/answers.h"
#include "asset/conditions.h"
#include "asset/upload.h"
#include "base/mem.h"
#include "common/json.h"

#define ETAG_SIZE (ASSET_ID_LENGTH + 3)

static struct metric uploads = { "metaverse_uploads_total", "Assets that were stored.",
				 METRIC_COUNTER, 0 };
static struct metric bytes_in = { "metaverse_upload_bytes_total", "Bytes of bodies that arrived.",
				  METRIC_COUNTER, 0 };
static struct metric bytes_out = { "metaverse_download_bytes_total",
				   "Bytes of assets in answers that were begun.", METRIC_COUNTER,
				   0 };

struct metric *asset_metrics[] = { &uploads, &bytes_in, &bytes_out };
const size_t asset_metrics_count = ARRAY_LEN(asset_metrics);

static struct shelf *shelf_of(struct http_request *request)
{
	return request->http->data;
}

static void answer_failure(struct http_request *request, int r)
{
	if (r == -ENOENT)
		http_error(request, 404, "there is no such asset");
	else if (r == -EPERM)
		http_error(request, 403, "the asset is somebody else's");
	else if (r == -EBUSY || r == -ENOMEM)
		http_error(request, 503, "too busy: try again");
	else if (r == -ENOSPC || r == -EDQUOT)
		http_error(request, 507, "the disk is full");
	else
		http_error(request, 500, "%s", strerror(-r));
}

static void etag_of(const char *id, char out[ETAG_SIZE])
{
	(void)snprintf(out, ETAG_SIZE, "\"%s\"", id);
}

/* ---- POST /assets ----------------------------------------------------------------------------------------------- */
static bool is_category(const char *text)
{
	return strlen(text) <= ASSET_CATEGORY_MAX && token_is_name(text);
}

/* "image/png; charset=x" is image/png; what is no type is a file of bytes */
static void take_type(const char *text, char out[ASSET_TYPE_MAX + 1])
{
	static const char token[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$&^_.+-";
	size_t major = text ? strspn(text, token) : 0, minor = 0;

	if (major > 0 && text[major] == '/')
		minor = strspn(text + major + 1, token);
	if (minor == 0 || major + 1 + minor > ASSET_TYPE_MAX)
		(void)snprintf(out, ASSET_TYPE_MAX + 1, "application/octet-stream");
	else
		(void)snprintf(out, ASSET_TYPE_MAX + 1, "%.*s", (int)(major + 1 + minor), text);
}

static bool within_quota(struct http_request *request)
{
	uint64_t used = 0;
	int r = catalog_used(&shelf_of(request)->catalog, request->user.name, &used);

	if (r < 0) {
		answer_failure(request, r);
		return false;
	}
	if (used < shelf_of(request)->quota)
		return true;
	http_error(request, 507,
		   "%s has %" PRIu64 " MB here, which is all that one may have: delete some",
		   request->user.name, used >> 20);
	return false;
}

static void begin_upload(struct http_request *request)
{
	const char *name = http_query(request, "name"), *category = http_query(request, "category");
	struct upload *upload = NULL;
	struct asset asset = { .id = "" };
	int r;

	if (!category || !*category)
		category = "other";
	if (!name || !json_is_text(name, ASSET_NAME_MAX)) {
		http_error(request, 400,
			   "name: 1 to %d bytes of text are needed: POST /assets?name=NAME",
			   ASSET_NAME_MAX);
		return;
	}
	if (!is_category(category)) {
		http_error(request, 400, "category: 1 to %d of a-z, 0-9, _ and -",
			   ASSET_CATEGORY_MAX);
		return;
	}
	if (!within_quota(request))
		return;
	memcpy(asset.name, name, strlen(name) + 1);
	memcpy(asset.category, category, strlen(category) + 1);
	memcpy(asset.author, request->user.name, sizeof(asset.author));
	take_type(http_field(request, "Content-Type"), asset.type);
	r = upload_begin(&shelf_of(request)->store, &asset, &upload);
	if (r < 0)
		answer_failure(request, r);
	else
		request->state = upload;
}

static void take_upload(struct http_request *request, const void *data, size_t length)
{
	int r = upload_add(request->state, data, length);

	metric_add(&bytes_in, (long long)length);
	if (r < 0)
		answer_failure(request, r);
}

static enum http_when answer_upload(struct http_request *request)
{
	struct upload *upload = request->state;
	char etag[ETAG_SIZE], place[ASSET_ID_LENGTH + 16];
	int r;

	if (upload->asset.size == 0) {
		http_error(request, 400, "the body is empty");
		return HTTP_NOW;
	}
	r = upload_publish(upload, &shelf_of(request)->catalog);
	if (r < 0) {
		answer_failure(request, r);
		return HTTP_NOW;
	}
	metric_add(&uploads, 1);
	etag_of(upload->asset.id, etag);
	(void)snprintf(place, sizeof(place), "/assets/%s", upload->asset.id);
	http_json(request, 201, "{\"id\":\"%s\",\"size\":%" PRId64 ",\"etag\":\"\\\"%s\\\"\"}",
		  upload->asset.id, upload->asset.size, upload->asset.id);
	http_header(request, "ETag", etag);
	http_header(request, "Location", place);
	return HTTP_NOW;
}

static void end_upload(struct http_request *request)
{
	upload_end(request->state);
	request->state = NULL;
}

/* ---- GET -------------------------------------------------------------------------------------------------------- */
static enum http_when answer_list(struct http_request *request)
{
	const char *category = http_query(request, "category");
	char *text = NULL;
	size_t length = 0;
	FILE *out;
	int r;

	if (category && !is_category(category)) {
		http_error(request, 400, "category: 1 to %d of a-z, 0-9, _ and -",
			   ASSET_CATEGORY_MAX);
		return HTTP_NOW;
	}
	out = open_memstream(&text, &length);
	r = out ? catalog_list(&shelf_of(request)->catalog, category, out) : -ENOMEM;
	if (out && fclose(out) != 0 && r == 0)
		r = -ENOMEM;
	if (r < 0) {
		free(text);
		answer_failure(request, r);
		return HTTP_NOW;
	}
	http_reply(request, 200, HTTP_JSON, text, length);
	http_header(request, "Cache-Control", "no-store");
	return HTTP_NOW;
}

/* "ID" or "ID/meta" behind /assets/ */
static bool read_id(const char *rest, char id[ASSET_ID_LENGTH + 1], bool *ret_meta)
{
	if (strspn(rest, "0123456789abcdef") != ASSET_ID_LENGTH)
		return false;
	*ret_meta = strcmp(rest + ASSET_ID_LENGTH, "/meta") == 0;
	if (!*ret_meta && rest[ASSET_ID_LENGTH] != '\0')
		return false;
	memcpy(id, rest, ASSET_ID_LENGTH);
	id[ASSET_ID_LENGTH] = '\0';
	return true;
}

static void answer_meta(struct http_request *request, const struct asset *asset)
{
	char *text = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&text, &length);

	if (out) {
		asset_write(out, asset);
		if (fclose(out) != 0) {
			free(text);
			text = NULL;
		}
	}
	http_reply(request, 200, HTTP_JSON, text, length);
	http_header(request, "Cache-Control", "no-store");
}

static void add_file_headers(struct http_request *request, const struct asset *asset,
			     const char *etag)
{
	http_header(request, "ETag", etag);
	http_header(request, "Accept-Ranges", "bytes");
	http_header(request, "Content-Type", asset->type);
	/* the same id is the same bytes for ever */
	http_header(request, "Cache-Control", "private, max-age=31536000, immutable");
	http_header(request, "Content-Security-Policy", "default-src 'none'; sandbox");
}

static void answer_nothing(struct http_request *request, unsigned status)
{
	http_respond(request, status,
		     MHD_create_response_from_buffer(0, (char[]){ "" }, MHD_RESPMEM_MUST_COPY));
}

/* @fd is taken */
static void answer_bytes(struct http_request *request, const struct asset *asset, const char *etag,
			 int fd)
{
	const char *on_change = http_field(request, "If-Range");
	uint64_t size = (uint64_t)asset->size, first = 0, length = size;
	enum range range = RANGE_WHOLE;
	struct MHD_Response *response;
	char words[80];

	if (!on_change || strcmp(on_change, etag) == 0)
		range = range_parse(http_field(request, "Range"), size, &first, &length);
	if (range == RANGE_BEYOND) {
		(void)close(fd);
		(void)snprintf(words, sizeof(words), "bytes */%" PRIu64, size);
		http_error(request, 416, "the asset has %" PRIu64 " bytes", size);
		http_header(request, "Content-Range", words);
		return;
	}
	response = MHD_create_response_from_fd_at_offset64(length, fd, first);
	if (!response)
		(void)close(fd);
	http_respond(request, range == RANGE_PART ? 206 : 200, response);
	if (range == RANGE_PART) {
		(void)snprintf(words, sizeof(words), "bytes %" PRIu64 "-%" PRIu64 "/%" PRIu64,
			       first, first + length - 1, size);
		http_header(request, "Content-Range", words);
	}
	add_file_headers(request, asset, etag);
	metric_add(&bytes_out, (long long)length);
}

static enum http_when answer_get(struct http_request *request)
{
	char id[ASSET_ID_LENGTH + 1], etag[ETAG_SIZE];
	struct asset asset;
	bool meta = false;
	int r = -ENOENT, fd;

	if (read_id(request->rest, id, &meta))
		r = catalog_get(&shelf_of(request)->catalog, id, &asset);
	if (r < 0) {
		answer_failure(request, r);
		return HTTP_NOW;
	}
	if (meta) {
		answer_meta(request, &asset);
		return HTTP_NOW;
	}
	etag_of(id, etag);
	if (etag_listed(http_field(request, "If-None-Match"), etag)) {
		answer_nothing(request, 304);
		add_file_headers(request, &asset, etag);
		return HTTP_NOW;
	}
	fd = store_read(&shelf_of(request)->store, id);
	if (fd < 0)
		answer_failure(request, fd);
	else
		answer_bytes(request, &asset, etag, fd);
	return HTTP_NOW;
}

static enum http_when answer_delete(struct http_request *request)
{
	struct shelf *shelf = shelf_of(request);
	char id[ASSET_ID_LENGTH + 1];
	bool meta = false;
	int r = -ENOENT;

	if (read_id(request->rest, id, &meta) && !meta)
		r = catalog_remove(&shelf->catalog, &shelf->store, id, request->user.name);
	if (r < 0)
		answer_failure(request, r);
	else
		answer_nothing(request, 204);
	return HTTP_NOW;
}

const struct http_route asset_routes[] = {
	{ .method = "GET", .path = "/assets", .answer = answer_list },
	{ .method = "POST",
	  .path = "/assets",
	  .body_max = ASSET_SIZE_MAX,
	  .begin = begin_upload,
	  .data = take_upload,
	  .answer = answer_upload,
	  .end = end_upload },
	{ .method = "GET", .path = "/assets/", .answer = answer_get },
	{ .method = "DELETE", .path = "/assets/", .answer = answer_delete },
	{ .method = NULL },
};
