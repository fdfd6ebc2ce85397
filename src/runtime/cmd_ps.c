/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd_ps.c - `ps`: the processes of a container, as a JSON list of pids or as the host's ps shows them.
 *
 * by name: only reads the host's /proc, to find out which number a process has there.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/io.h"
#include "base/mem.h"
#include "runtime/cgroup/json_text.h"
#include "runtime/cmds.h"
#include "runtime/state.h"

#define PS_OUTPUT_LIMIT (64 << 20)

extern char **environ;

struct ps_options {
	const char *format;
};

struct pid_list {
	pid_t *pids;
	size_t len;
};

/* ---- without a cgroup: who shares init's pid namespace ---- */

static bool same_pid_ns(const char *pid, const struct stat *ns)
{
	char path[64];
	struct stat st;

	if ((size_t)snprintf(path, sizeof(path), "/proc/%s/ns/pid", pid) >= sizeof(path))
		return false;
	return stat(path, &st) == 0 && st.st_dev == ns->st_dev && st.st_ino == ns->st_ino;
}

static int list_namespace(struct oci_arena *arena, const struct state *state, struct pid_list *ret,
			  struct oci_error *err)
{
	CLEANUP_CLOSEDIR DIR *proc = opendir("/proc");
	size_t allocated = 64, len = 0;
	pid_t *pids = oci_arena_array(arena, allocated, sizeof(*pids));
	struct dirent *entry;
	struct stat ns;
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/%lld/ns/pid", (long long)state->pid.value);
	if (!proc || stat(path, &ns) < 0)
		return err_sys(err, errno, "read /proc");
	while (pids && (entry = readdir(proc)) != NULL) {
		uint32_t pid;

		if (parse_u32(entry->d_name, &pid) < 0 || !same_pid_ns(entry->d_name, &ns))
			continue;
		if (len == allocated) {
			pid_t *more = oci_arena_array(arena, allocated * 2, sizeof(*more));

			if (more)
				memcpy(more, pids, len * sizeof(*more));
			pids = more;
			allocated *= 2;
		}
		if (pids)
			pids[len++] = (pid_t)pid;
	}
	if (!pids)
		return err_nomem(err);
	*ret = (struct pid_list){ pids, len };
	return 0;
}

static int list_pids(struct oci_arena *arena, const struct state *state, struct pid_list *ret,
		     struct oci_error *err)
{
	pid_t *init;

	if (state->cgroup.mode != CGROUP_MODE_NONE)
		return cgroup_pids(&state->cgroup, arena, &ret->pids, &ret->len, err);
	if (state->status == OCI_STATUS_STOPPED || !state->pid.present) {
		*ret = (struct pid_list){ NULL, 0 };
		return 0;
	}
	if (state->private_pid_ns.value)
		return list_namespace(arena, state, ret, err);
	init = oci_arena_alloc(arena, sizeof(*init));
	if (!init)
		return err_nomem(err);
	*init = (pid_t)state->pid.value;
	*ret = (struct pid_list){ init, 1 };
	return 0;
}

/* ---- output ---- */

static int print_json(const struct pid_list *list, struct oci_error *err)
{
	CLEANUP_JSON struct json_text json = JSON_TEXT_INIT;
	CLEANUP_FREE char *text = NULL;
	size_t length;
	int r;

	json_open(&json, NULL, '[');
	for (size_t i = 0; i < list->len; i++)
		json_i64(&json, NULL, list->pids[i]);
	json_close(&json, ']');
	r = json_take(&json, &text, &length);
	if (r < 0)
		return err_nomem(err);
	text[length] = '\n'; /* in place of the NUL */
	r = io_write_all(STDOUT_FILENO, text, length + 1);
	return r < 0 ? err_sys(err, -r, "write to stdout") : 0;
}

/** host_ps - run ps with the caller's arguments; its output and diagnostics as one text. */
static int host_ps(struct oci_arena *arena, char **args, char **ret, struct oci_error *err)
{
	posix_spawn_file_actions_t actions;
	CLEANUP_CLOSE int from = -EBADF;
	CLEANUP_CLOSE int to = -EBADF;
	int ends[2], status = 0, r;
	size_t length;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_sys(err, errno, "pipe");
	from = ends[0];
	to = ends[1];
	r = posix_spawn_file_actions_init(&actions);
	if (r == 0)
		r = posix_spawn_file_actions_adddup2(&actions, to, STDOUT_FILENO);
	if (r == 0)
		r = posix_spawn_file_actions_adddup2(&actions, to, STDERR_FILENO);
	if (r == 0)
		r = posix_spawnp(&pid, "ps", &actions, NULL, args, environ);
	(void)posix_spawn_file_actions_destroy(&actions);
	if (r != 0)
		return err_sys(err, r, "run ps");
	fd_closep(&to);
	r = io_read_fd(from, PS_OUTPUT_LIMIT, arena, ret, &length);
	fd_closep(&from);
	if (RETRY_EINTR(waitpid(pid, &status, 0)) < 0)
		return err_sys(err, errno, "wait for ps");
	if (r < 0)
		return err_sys(err, -r, "read the output of ps");
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		return err_set(err, EINVAL, "ps: exit status %d: %.*s",
			       WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status),
			       (int)strcspn(*ret, "\n"), *ret);
	return 0;
}

/** field - the @index'th word of a line, or NULL. */
static const char *field(const char *line, const char *end, size_t index, size_t *ret_len)
{
	const char *p = line;

	for (size_t i = 0;; i++) {
		const char *word;

		while (p < end && (*p == ' ' || *p == '\t'))
			p++;
		word = p;
		while (p < end && *p != ' ' && *p != '\t')
			p++;
		if (word == p)
			return NULL;
		if (i == index) {
			*ret_len = (size_t)(p - word);
			return word;
		}
	}
}

static bool line_is_of(const char *line, const char *end, size_t column,
		       const struct pid_list *list)
{
	size_t len;
	const char *word = field(line, end, column, &len);
	long pid = word ? strtol(word, NULL, 10) : 0;

	for (size_t i = 0; i < list->len && pid > 0; i++)
		if (list->pids[i] == pid)
			return true;
	return false;
}

static int print_table(struct oci_arena *arena, const struct pid_list *list, char **args,
		       struct oci_error *err)
{
	char *text;
	const char *word, *end;
	size_t column = 0, len = 0;
	int r = host_ps(arena, args, &text, err);

	if (r < 0)
		return r;
	end = strchrnul(text, '\n');
	while ((word = field(text, end, column, &len)) != NULL &&
	       !(len == 3 && memcmp(word, "PID", 3) == 0))
		column++;
	if (!word)
		return err_set(err, EINVAL, "couldn't find PID field in ps output");
	for (const char *line = text; *line; line = end + (*end == '\n')) {
		end = strchrnul(line, '\n');
		if (line != text && !line_is_of(line, end, column, list))
			continue;
		r = io_write_all(STDOUT_FILENO, line, (size_t)(end - line) + (*end == '\n'));
		if (r < 0)
			return err_sys(err, -r, "write to stdout");
	}
	return 0;
}

static int ps_run(struct cmd_context *ctx, void *opts, char **operands, int count,
		  struct oci_error *err)
{
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	const struct ps_options *options = opts;
	const char *format = options->format ? options->format : "table";
	struct pid_list list = { NULL, 0 };
	struct state *state;
	char **args;
	int r;

	if (strcmp(format, "table") != 0 && strcmp(format, "json") != 0)
		return err_set_as(err, ERR_USAGE, EINVAL,
				  "invalid format option '%s': table or json", format);
	r = state_load(&arena, ctx->root, operands[0], &state, err);
	if (r == 0)
		r = list_pids(&arena, state, &list, err);
	if (r < 0)
		return r;
	if (strcmp(format, "json") == 0)
		return print_json(&list, err);

	args = oci_arena_array(&arena, (size_t)count + 2, sizeof(*args));
	if (!args)
		return err_nomem(err);
	args[0] = (char *)"ps";
	if (count > 1)
		memcpy(&args[1], &operands[1], (size_t)(count - 1) * sizeof(*args));
	else
		args[1] = (char *)"-ef";
	return print_table(&arena, &list, args, err);
}

static const struct opt ps_opts[] = {
	{ "format", 'f', OPT_STRING, offsetof(struct ps_options, format), "FORMAT",
	  "table (default) or json: a list of pids" },
	{ .name = NULL },
};

const struct cmd cmd_ps = {
	.command = {
		.name = "ps",
		.usage = "[OPTIONS] CONTAINER-ID [PS-OPTION...]",
		.summary = "list the processes of a container",
		.opts = ps_opts,
		.positional_after = 1,
		.min_operands = 1,
		.max_operands = -1,
	},
	.options_size = sizeof(struct ps_options),
	.run = ps_run,
};
