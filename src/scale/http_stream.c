/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http_stream.c - GET /v1/events?follow=1: first what is kept, in batches, then what comes, up to a bound for who does not read.
 */
#include <stdlib.h>
#include <string.h>

#include "scale/http_private.h"

#define BATCH 200

struct event_line {
	struct event_line *next;
	uint64_t serial;
	size_t length, sent;
	char *text;
};

void http_stream_end(struct http_request *request)
{
	struct event_line *next;

	for (struct event_line *line = request->lines; line; line = next) {
		next = line->next;
		free(line->text);
		free(line);
	}
	request->lines = NULL;
	request->last = &request->lines;
	request->bytes = 0;
}

static int line_add(void *ctx, const struct supervisor_event *event)
{
	struct http_request *request = ctx;
	struct event_line *line = calloc(1, sizeof(*line));

	if (!line)
		return -ENOMEM;
	if (api_event_line(event, &line->text, &line->length, NULL) < 0) {
		free(line);
		return -ENOMEM;
	}
	line->serial = event->serial;
	*request->last = line;
	request->last = &line->next;
	request->bytes += line->length;
	return 0;
}

void http_stream_event(struct http_request *request, const struct supervisor_event *event)
{
	/* until it is live the next batch brings this one */
	if (request->gone || !request->live || event->serial <= request->sent)
		return;
	if (request->bytes > HTTP_EVENTS_BYTES || line_add(request, event) < 0)
		request->gone = true;
	http_request_resume(request);
}

static void line_done(struct http_request *request)
{
	struct event_line *line = request->lines;

	request->sent = line->serial > request->sent ? line->serial : request->sent;
	request->bytes -= line->length;
	request->lines = line->next;
	if (!request->lines)
		request->last = &request->lines;
	free(line->text);
	free(line);
}

static size_t lines_copy(struct http_request *request, char *buf, size_t max)
{
	size_t length = 0;

	while (request->lines && length < max) {
		struct event_line *line = request->lines;
		size_t part = line->length - line->sent;

		if (part > max - length)
			part = max - length;
		memcpy(buf + length, line->text + line->sent, part);
		line->sent += part;
		length += part;
		if (line->sent == line->length)
			line_done(request);
	}
	return length;
}

static ssize_t stream_read(void *cls, uint64_t pos, char *buf, size_t max)
{
	struct http_request *request = cls;

	(void)pos;
	if (request->gone)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	if (!request->live && !request->lines) {
		if (supervisor_events(http_of(request)->sv, request->sent, BATCH, line_add, request,
				      NULL) < 0)
			return MHD_CONTENT_READER_END_WITH_ERROR;
		request->live = !request->lines;
	}
	if (!request->lines) {
		http_request_suspend(request);
		return 0;
	}
	return (ssize_t)lines_copy(request, buf, max);
}

struct MHD_Response *http_stream_begin(struct http_request *request)
{
	request->sent = request->call.after;
	request->last = &request->lines;
	return MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 4096, stream_read, request,
						 NULL);
}
