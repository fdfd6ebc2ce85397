/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_http.c - a request: "METHOD ADDRESS\nBODY", once as the API's and once as what the guard of TCP looks at.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "scale/api.h"
#include "scale/http_guard.h"
#include "unit/fake_supervisor.h"

#define TOKEN "0123456789abcdef"

static const char project[] =
	"{\"name\":\"shop\",\"services\":{\"web\":{\"image\":\"web\",\"replicas\":2,\"port\":80},"
	"\"db\":{\"image\":\"missing\"}}}";

static void turn(struct loop *loop, int times)
{
	for (int i = 0; i < times; i++)
		(void)loop_once(loop, 0);
}

static void check_answer(const struct api_call *call)
{
	yajl_val root = NULL;

	if (call->status < 200 || call->status > 599)
		abort();
	if (call->stream)
		return;
	if (!call->type || (call->reply_length > 0 && !call->reply))
		abort();
	if (strcmp(call->type, "application/json") != 0)
		return;
	if (json_read(call->reply, call->reply_length, &root, NULL) < 0)
		abort();
	/* an error is one line with a kind */
	if (call->status >= 400 && (!json_member(root, "error") || !json_member(root, "kind") ||
				    strchr(YAJL_GET_STRING(json_member(root, "error")), '\n')))
		abort();
	yajl_tree_free(root);
}

static void call_api(struct loop *loop, struct api *api, const char *method, const char *uri,
		     const char *body, size_t length)
{
	struct oci_error err = OCI_ERROR_INIT;
	struct api_call call;

	if (api_call_begin(&call, api, method, uri, &err) < 0) {
		api_fail(&call, &err);
	} else {
		call.body = body;
		call.length = length;
		api_handle(&call);
		for (int i = 0; i < 3 && call.again; i++) {
			turn(loop, 2);
			api_again(&call);
		}
		if (call.again) {
			call.deadline = 0;
			api_again(&call);
		}
	}
	check_answer(&call);
	api_call_end(&call);
}

static void visit(const char *method, const char *uri, const char *text)
{
	struct http_guard guard;
	const struct http_visit as[] = {
		{ .method = method, .path = uri, .host = text },
		{ .method = method, .path = uri, .authorization = text },
		{ .method = method, .path = uri, .cookie = text },
		{ .method = method, .path = uri, .token = text, .fetch_site = text },
	};

	if (http_guard_begin(&guard, TOKEN, "127.0.0.1", NULL) < 0)
		abort();
	for (size_t i = 0; i < ARRAY_LEN(as); i++) {
		enum http_verdict verdict = http_guard_check(&guard, &as[i]);

		if (verdict != HTTP_NOTOKEN && verdict != HTTP_FOREIGN &&
		    strcmp(uri, "/healthz") != 0 && !strstr(text, TOKEN))
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP_FREE char *text = strndup((const char *)data, size);
	struct supervisor *sv = NULL;
	struct loop *loop = NULL;
	struct api api;
	char *uri, *body;

	if (!text)
		return 0;
	uri = strchr(text, ' ');
	body = uri ? strchr(uri, '\n') : NULL;
	if (!body || strchr(text, '\n') != body)
		return 0;
	*uri++ = '\0';
	*body++ = '\0';
	if (loop_new(&loop, NULL) < 0 || fake_new(loop, "/nonexistent", &sv) < 0)
		abort();
	fake_slow(sv, 0);
	if (supervisor_up(sv, project, sizeof(project) - 1, false, NULL) < 0 ||
	    api_begin(&api, sv, NULL) < 0)
		abort();
	turn(loop, 5);
	call_api(loop, &api, text, uri, body, strlen(body));
	turn(loop, 3);
	call_api(loop, &api, "GET", "/v1/containers?all=1", "", 0);
	if (size % 32 == 0) /* it reads /proc */
		call_api(loop, &api, "GET", "/metrics", "", 0);
	visit(text, uri, body);
	api_end(&api);
	supervisor_free(sv);
	loop_free(loop);
	return 0;
}
