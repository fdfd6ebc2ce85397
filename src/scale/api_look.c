/* SPDX-License-Identifier: Apache-2.0 */
/*
 * api_look.c - /v1/containers and /v1/stats: what is shown of them.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "scale/api.h"
#include "scale/view.h"

#define SAMPLE_MS INT64_C(250)
#define TAIL_MAX 10000
#define TAIL_BYTES ((size_t)256 * 1024)

int container_list(struct api_call *call, struct oci_error *err)
{
	struct view_command command = { 0 };
	struct json json CLEANUP_JSON = { 0 };
	const char *only = api_param(call, "project");
	bool all = false;
	int r = api_flag(call, "all", &all, err);

	if (r == 0)
		r = json_begin(&json, err);
	if (r < 0)
		return r;
	json_list(&json, NULL);
	for (struct project *p = supervisor_projects(call->api->sv); p; p = p->next) {
		if (only && strcmp(only, p->name) != 0)
			continue;
		for (struct service *s = p->services; s; s = s->next)
			for (struct replica *replica = s->replicas; replica;
			     replica = replica->next) {
				if (!all && !view_is_running(replica))
					continue;
				json_map(&json, NULL);
				view_replica(&json, replica, &command);
				json_map_end(&json);
			}
	}
	json_list_end(&json);
	return api_json(call, 200, &json, err);
}

int container_get(struct api_call *call, struct oci_error *err)
{
	struct view_command command = { 0 };
	struct json json CLEANUP_JSON = { 0 };
	struct replica *replica;
	int r = api_replica(call, &replica, err);

	if (r == 0)
		r = json_begin(&json, err);
	if (r < 0)
		return r;
	json_map(&json, NULL);
	view_replica(&json, replica, &command);
	json_text(&json, "bundle", replica->bundle);
	json_text(&json, "logPath", replica->log_path);
	json_text(&json, "runtime", supervisor_runtime(call->api->sv, replica));
	json_text(&json, "runtimeRoot", supervisor_runtime_root(call->api->sv, replica));
	json_text(&json, "cgroup", replica->cgroup);
	view_bundle(&json, replica);
	json_map_end(&json);
	return api_json(call, 200, &json, err);
}

/* ---- stats ------------------------------------------------------------------------------------------------------- */

static int put_stats(struct api_call *call, struct json *json, const struct replica *replica,
		     bool *ret_young, struct oci_error *err)
{
	const struct stats_entry *entry = stats_take(&call->api->stats, replica);

	if (!entry)
		return err_nomem(err);
	*ret_young = *ret_young || !entry->has_before;
	json_map(json, NULL);
	stats_json(json, entry, replica);
	json_map_end(json);
	return 0;
}

/* Rates need two samples: the first call waits for the second one. */
static int stats_one(struct api_call *call, struct oci_error *err)
{
	struct json json CLEANUP_JSON = { 0 };
	struct replica *replica;
	bool young = false;
	int r = api_replica(call, &replica, err);

	if (r == 0 && !view_is_running(replica))
		return err_set_as(err, ERR_STATE, ESRCH, "%s does not run", replica->name);
	if (r == 0)
		r = json_begin(&json, err);
	if (r == 0)
		r = put_stats(call, &json, replica, &young, err);
	if (r < 0)
		return r;
	return young && !call->late ? 1 : api_json(call, 200, &json, err);
}

int container_stats(struct api_call *call, struct oci_error *err)
{
	int r = stats_one(call, err);

	return r == 1 ? api_wait(call, stats_one, SAMPLE_MS) : r;
}

static int stats_all(struct api_call *call, struct oci_error *err)
{
	struct json json CLEANUP_JSON = { 0 };
	bool young = false;
	int r = json_begin(&json, err);

	if (r < 0)
		return r;
	json_list(&json, NULL);
	for (struct project *p = supervisor_projects(call->api->sv); p; p = p->next)
		for (struct service *s = p->services; s; s = s->next)
			for (struct replica *replica = s->replicas; replica && r == 0;
			     replica = replica->next)
				if (view_is_running(replica))
					r = put_stats(call, &json, replica, &young, err);
	json_list_end(&json);
	if (r < 0)
		return r;
	if (young && !call->late)
		return 1;
	stats_sweep(&call->api->stats);
	return api_json(call, 200, &json, err);
}

int container_stats_all(struct api_call *call, struct oci_error *err)
{
	int r = stats_all(call, err);

	return r == 1 ? api_wait(call, stats_all, SAMPLE_MS) : r;
}

/* ---- logs -------------------------------------------------------------------------------------------------------- */

/* At most @room bytes of the end of a file, put before those at @end. Returns how many, or -errno. */
static ssize_t read_end(const char *path, char *end, size_t room)
{
	CLEANUP_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct stat st;
	size_t length;
	ssize_t n;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	length = (uint64_t)st.st_size < room ? (size_t)st.st_size : room;
	n = pread(fd, end - length, length, st.st_size - (off_t)length);
	if (n < 0)
		return -errno;
	/* it was rotated meanwhile: less than expected is at the front */
	if ((size_t)n < length)
		memmove(end - n, end - length, (size_t)n);
	return n;
}

/* Where the last @lines begin. Sets *ret_whole when there are that many. */
static const char *last_lines(const char *text, const char *end, uint64_t lines, bool *ret_whole)
{
	const char *at = end;

	*ret_whole = true;
	if (lines == 0)
		return end;
	if (at > text && at[-1] == '\n')
		at--;
	for (; at > text; at--)
		if (at[-1] == '\n' && --lines == 0)
			return at;
	*ret_whole = false;
	return text;
}

int container_logs(struct api_call *call, struct oci_error *err)
{
	struct replica *replica;
	CLEANUP_FREE char *buf = NULL;
	const char *older;
	const char *from;
	char *end;
	char *text;
	bool whole;
	uint64_t lines = 100;
	ssize_t n;
	int r = api_replica(call, &replica, err);

	if (r == 0)
		r = api_number(call, "tail", TAIL_MAX, &lines, err);
	if (r < 0)
		return r;
	buf = calloc(1, TAIL_BYTES + 1);
	if (!buf)
		return err_nomem(err);
	end = buf + TAIL_BYTES;
	text = end;
	n = replica->log_path ? read_end(replica->log_path, end, TAIL_BYTES) : 0;
	text -= n > 0 ? n : 0;
	from = last_lines(text, end, lines, &whole);
	if (!whole && replica->log_path) {
		older = oci_arena_printf(&call->arena, "%s.1", replica->log_path);
		n = older ? read_end(older, text, (size_t)(text - buf)) : -ENOMEM;
		text -= n > 0 ? n : 0;
		from = last_lines(text, end, lines, &whole);
	}
	/* a hole that rotation left at the front */
	while (from < end && *from == '\0')
		from++;
	call->reply_length = (size_t)(end - from);
	call->reply = malloc(call->reply_length + 1);
	if (!call->reply)
		return err_nomem(err);
	memcpy(call->reply, from, call->reply_length);
	call->status = 200;
	call->type = "text/plain; charset=utf-8";
	return 0;
}
