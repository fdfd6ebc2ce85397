/* SPDX-License-Identifier: Apache-2.0 */
/*
 * drive_ask.c - what the docker program tells of a swarm's services and their tasks.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <ocispec-lite/arena.h>

#include "base/error.h"
#include "base/io.h"
#include "base/mem.h"
#include "scale/drive-private.h"
#include "scale/job.h"

#define DOCKER_MS 60000
#define WORDS_MAX 4096

/* ---- the program ------------------------------------------------------------------------------------------------------ */

struct answer {
	struct loop *loop;
	struct oci_arena *arena;
	bool done;
	int status;
	bool timed_out;
	char *out, *err;
};

static void ended(void *ctx, const struct job_result *result)
{
	struct answer *answer = ctx;

	answer->done = true;
	answer->status = result->status;
	answer->timed_out = result->timed_out;
	answer->out = oci_arena_strndup(answer->arena, result->out, result->out_length);
	answer->err = oci_arena_strdup(answer->arena, result->err);
	loop_stop(answer->loop);
}

/* Its last line: what went wrong. */
static const char *last_line(const char *text)
{
	const char *line = strrchr(text, '\n');

	return line ? line + 1 : text;
}

int drive_docker(struct drive *drive, const char *host, const char *const *words,
		 struct oci_arena *arena, char **ret, struct oci_error *err)
{
	struct answer answer = { .loop = drive->loop, .arena = arena };
	struct job_spec spec = { .stdout_fd = -1, .stderr_fd = -1, .timeout_ms = DOCKER_MS };
	size_t count = 0, at = 0;
	struct job *job = NULL;
	const char **argv;
	int r;

	while (words[count])
		count++;
	argv = count < WORDS_MAX ? oci_arena_array(arena, count + 4, sizeof(*argv)) : NULL;
	if (!argv)
		return err_nomem(err);
	argv[at++] = drive->docker;
	if (host) {
		argv[at++] = "-H";
		argv[at++] = host;
	}
	memcpy(argv + at, words, count * sizeof(*argv));
	argv[at + count] = NULL;
	spec.argv = argv;
	r = job_start(drive->loop, &spec, ended, &answer, &job, err);
	if (r < 0)
		return r;
	while (r == 0 && !answer.done)
		r = loop_run(drive->loop, err);
	if (!answer.done) {
		/* it must not tell a frame that is gone */
		job_cancel(job);
		return r;
	}
	if (!answer.out || !answer.err)
		return err_nomem(err);
	if (answer.timed_out)
		return err_set(err, ETIMEDOUT, "docker %s %s: no answer within %d s", words[0],
			       words[1], DOCKER_MS / 1000);
	if (answer.status != 0)
		return err_set(err, EIO, "docker %s %s: %s", words[0], words[1],
			       *answer.err ? last_line(answer.err) : "it failed without a word");
	*ret = answer.out;
	return 0;
}

/* ---- a service -------------------------------------------------------------------------------------------------------- */

static void cut_newline(char *text)
{
	size_t n = strlen(text);

	if (n && text[n - 1] == '\n')
		text[n - 1] = '\0';
}

int drive_replicas(struct drive *drive, const char *name, struct oci_arena *arena, unsigned *ret,
		   struct oci_error *err)
{
	const char *const words[] = {
		"service",  "inspect",
		"--format", "{{with .Spec.Mode.Replicated}}{{.Replicas}}{{end}}",
		name,       NULL
	};
	uint32_t count;
	char *text = NULL;
	int r = drive_docker(drive, NULL, words, arena, &text, err);

	if (r < 0 || !text)
		return r;
	cut_newline(text);
	if (parse_u32(text, &count) < 0)
		return err_set(
			err, EINVAL,
			"service %s runs once on every node: only replicated ones are scaled",
			name);
	*ret = count;
	return 0;
}

static yajl_val at_path(yajl_val from, const char *first, const char *second)
{
	yajl_val value = json_member(from, first);

	return second ? json_member(value, second) : value;
}

static void read_task(struct drive_task *task, yajl_val document)
{
	yajl_val status = json_member(document, "Status");

	task->document = document;
	task->container = drive_text(at_path(status, "ContainerStatus", "ContainerID"));
	task->running = strcmp(drive_text(json_member(status, "State")), "running") == 0;
	task->unplaced =
		strncmp(drive_text(json_member(status, "Err")), "no suitable node", 16) == 0;
	task->cpu = task->memory = NAN;
}

/* The words, and behind them a word for each line of @lines. */
static const char **with_lines(const char *const *words, char *lines, struct oci_arena *arena)
{
	size_t count = 0, more = 0;
	const char **all;
	char *rest = NULL;

	while (words[count])
		count++;
	for (const char *p = lines; *p; p++)
		more += *p == '\n';
	all = oci_arena_array(arena, count + more + 2, sizeof(*all));
	if (!all)
		return NULL;
	memcpy(all, words, count * sizeof(*all));
	for (char *line = strtok_r(lines, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
		all[count++] = line;
	all[count] = NULL;
	return all;
}

int drive_tasks(struct drive *drive, const char *name, struct oci_arena *arena,
		struct drive_tasks *ret, yajl_val *ret_document, struct oci_error *err)
{
	const char *const list[] = { "service",    "ps",       "--quiet",
				     "--no-trunc", "--filter", "desired-state=running",
				     name,         NULL };
	const char *const inspect[] = { "inspect", "--type", "task", NULL };
	const char **words;
	yajl_val tree = NULL;
	char *text = NULL;
	int r = drive_docker(drive, NULL, list, arena, &text, err);

	*ret = (struct drive_tasks){ 0 };
	*ret_document = NULL;
	if (r < 0 || !text || !*text)
		return r;
	words = with_lines(inspect, text, arena);
	if (!words)
		return err_nomem(err);
	r = drive_docker(drive, NULL, words, arena, &text, err);
	if (r == 0)
		r = json_read(text, strlen(text), &tree, err);
	if (r < 0)
		return r;
	if (!tree || tree->type != yajl_t_array) {
		yajl_tree_free(tree);
		return err_set(err, EPROTO, "docker inspect: its answer is no list");
	}
	*ret_document = tree;
	ret->len = tree->u.array.len;
	ret->items = oci_arena_array(arena, ret->len + 1, sizeof(*ret->items));
	if (!ret->items)
		return err_nomem(err);
	for (size_t i = 0; i < ret->len; i++)
		read_task(&ret->items[i], tree->u.array.values[i]);
	return 0;
}

/* ---- where a replica is reached --------------------------------------------------------------------------------------- */

/* The port of its node that is the replica's @port; 0: none. */
static uint16_t host_port(const struct drive_task *task, uint16_t port)
{
	yajl_val ports = at_path(json_member(task->document, "Status"), "PortStatus", "Ports");

	for (size_t i = 0; YAJL_IS_ARRAY(ports) && i < YAJL_GET_ARRAY(ports)->len; i++) {
		yajl_val each = YAJL_GET_ARRAY(ports)->values[i];
		yajl_val target = json_member(each, "TargetPort");
		yajl_val published = json_member(each, "PublishedPort");

		if (YAJL_IS_INTEGER(target) && YAJL_GET_INTEGER(target) == port &&
		    YAJL_IS_INTEGER(published) &&
		    strcmp(drive_text(json_member(each, "Protocol")), "udp") != 0)
			return (uint16_t)YAJL_GET_INTEGER(published);
	}
	return 0;
}

/* "10.0.1.5/24" */
static bool read_address(const char *text, struct in_addr *ret)
{
	char address[INET_ADDRSTRLEN];
	size_t n = strcspn(text, "/\n");

	if (n == 0 || n >= sizeof(address))
		return false;
	memcpy(address, text, n);
	address[n] = '\0';
	return inet_pton(AF_INET, address, ret) == 1;
}

/* NULL: memory is short */
static struct drive_node *ask_node(struct drive *drive, const char *id)
{
	const char *const words[] = { "node", "inspect", "--format", "{{.Status.Addr}}", id, NULL };
	struct drive_node *node = oci_arena_alloc(drive->round, sizeof(*node));
	char *text = NULL;

	if (!node)
		return NULL;
	*node = (struct drive_node){ .next = drive->nodes,
				     .id = oci_arena_strdup(drive->round, id) };
	if (!node->id)
		return NULL;
	if (drive_docker(drive, NULL, words, drive->round, &text, NULL) == 0 && text)
		node->found = read_address(text, &node->address);
	drive->nodes = node;
	return node;
}

/* A node has many replicas, and an answer of docker's takes long: each is asked for once in a round, also when it has no answer. */
static int node_address(struct drive *drive, const struct drive_task *task, struct in_addr *ret)
{
	const char *id = drive_text(json_member(task->document, "NodeID"));
	struct drive_node *node = drive->nodes;

	while (node && strcmp(node->id, id) != 0)
		node = node->next;
	if (!node && *id)
		node = ask_node(drive, id);
	if (!node || !node->found)
		return -ENOENT;
	*ret = node->address;
	return 0;
}

int drive_endpoint(struct drive *drive, const struct drive_task *task, uint16_t port,
		   struct in_addr *ret_address, uint16_t *ret_port)
{
	yajl_val networks = json_member(task->document, "NetworksAttachments");

	*ret_port = host_port(task, port);
	if (*ret_port)
		return node_address(drive, task, ret_address);
	*ret_port = port;
	for (size_t i = 0; YAJL_IS_ARRAY(networks) && i < YAJL_GET_ARRAY(networks)->len; i++) {
		yajl_val list = json_member(YAJL_GET_ARRAY(networks)->values[i], "Addresses");

		for (size_t j = 0; YAJL_IS_ARRAY(list) && j < YAJL_GET_ARRAY(list)->len; j++)
			if (read_address(drive_text(YAJL_GET_ARRAY(list)->values[j]), ret_address))
				return 0;
	}
	return -ENOENT;
}
