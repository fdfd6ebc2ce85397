/* SPDX-License-Identifier: Apache-2.0 */
/*
 * events.c - what `events` and `stats` print for machines: a JSON object a line, written at once.
 */
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/io.h"
#include "base/mem.h"
#include "runtime/cgroup/json_text.h"
#include "runtime/events.h"

int event_print(const char *type, const char *id, const char *data, size_t data_len,
		struct oci_error *err)
{
	CLEANUP_JSON struct json_text json = JSON_TEXT_INIT;
	CLEANUP_FREE char *text = NULL;
	size_t length;
	int r;

	json_open(&json, NULL, '{');
	json_string(&json, "type", type, strlen(type));
	json_string(&json, "id", id, strlen(id));
	if (data)
		json_raw(&json, "data", data, data_len);
	json_close(&json, '}');
	r = json_take(&json, &text, &length);
	if (r < 0)
		return err_nomem(err);
	text[length] = '\n'; /* in place of the NUL */
	r = io_write_all(STDOUT_FILENO, text, length + 1);
	return r < 0 ? err_sys(err, -r, "write to stdout") : 0;
}

int event_print_stats(const struct state *state, struct oci_error *err)
{
	CLEANUP_FREE char *data = NULL;
	size_t length;
	int r = cgroup_stats_emit(&state->cgroup, (pid_t)state->pid.value, &data, &length, err);

	return r < 0 ? r : event_print("stats", state->id, data, length, err);
}
