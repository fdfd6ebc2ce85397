/* SPDX-License-Identifier: Apache-2.0 */
/*
 * drive.c - a round of the scaler for a swarm: look, decide by autoscale_decide, scale.
 */
#include <limits.h>
#include <stdio.h>
#include <time.h>

#include <ocispec-lite/arena.h>

#include "base/error.h"
#include "base/mem.h"
#include "scale/drive-private.h"

static unsigned unplaced(const struct drive_tasks *tasks)
{
	unsigned count = 0;

	for (size_t i = 0; i < tasks->len; i++)
		count += tasks->items[i].unplaced;
	return count;
}

static int carry_out(struct drive *drive, const struct drive_service *service, unsigned current,
		     const struct autoscale_decision *decision, struct oci_arena *arena,
		     struct oci_error *err)
{
	const char *to = oci_arena_printf(arena, "%s=%u", service->name, decision->wanted);
	const char *const words[] = { "service", "scale", "--detach", to, NULL };
	char *text;
	int r = 0;

	if (!to)
		return err_nomem(err);
	if (decision->wanted != current) {
		r = drive_docker(drive, NULL, words, arena, &text, err);
		if (r == 0)
			printf("%s: from %u to %u: %s\n", service->name, current, decision->wanted,
			       decision->why);
	} else if (drive->once) {
		printf("%s: stays at %u: %s\n", service->name, current, decision->why);
	}
	/* a reader of a pipe wants to see it now */
	(void)fflush(stdout);
	return r;
}

static int decide(struct drive *drive, struct drive_service *service, struct drive_tasks *tasks,
		  struct oci_arena *arena, struct oci_error *err)
{
	struct autoscale_input input = { .scale = &service->spec->scale,
					 .clock_s = (int64_t)time(NULL),
					 .admissible = UINT_MAX };
	const struct autoscale_history before = service->history;
	struct autoscale_decision decision = { 0 };
	struct autoscale_metric *metrics = NULL;
	unsigned waiting = unplaced(tasks);
	int r = drive_replicas(drive, service->name, arena, &input.current, err);

	if (r == 0)
		r = drive_measure(drive, service, tasks, arena, &metrics, err);
	if (r < 0)
		return r;
	/* no node has room for more than those that have one */
	if (waiting && waiting <= input.current)
		input.admissible = input.current - waiting;
	input.metrics = metrics;
	input.now_ms = loop_now(drive->loop);
	if (autoscale_decide(&input, &service->history, arena, &decision) < 0)
		return err_nomem(err);
	r = carry_out(drive, service, input.current, &decision, arena, err);
	/* a step that was not taken is none that rates have to wait for */
	if (r < 0)
		service->history = before;
	return r;
}

static int look_at(struct drive *drive, struct drive_service *service, struct oci_error *err)
{
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	struct drive_tasks tasks = { 0 };
	yajl_val document = NULL;
	int r = drive_tasks(drive, service->name, &arena, &tasks, &document, err);

	if (r == 0)
		r = decide(drive, service, &tasks, &arena, err);
	if (document)
		yajl_tree_free(document);
	return r;
}

int drive_round(struct drive *drive, struct oci_error *err)
{
	CLEANUP_ARENA struct oci_arena round = OCI_ARENA_INIT;
	int r = 0;

	drive->round = &round;
	drive->nodes = NULL;
	for (size_t i = 0; i < drive->services_len; i++) {
		struct oci_error why = OCI_ERROR_INIT;
		int one = look_at(drive, &drive->services[i], &why);

		if (one < 0 && r == 0) {
			r = one;
			err_prefix(&why, "%s: ", drive->services[i].name);
			err_copy(err, &why);
		}
	}
	drive->round = NULL;
	drive->nodes = NULL;
	return r;
}
