/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trace.c - --slim trace: see trace.h.
 */
#include "base/error.h"
#include "base/mem.h"
#include "cartefile-to-oci/trace.h"
#include "cartefile-to-oci/trace_run.h"
#include "cartefile-to-oci/words.h"

#define SERVE_SECONDS 10 /* a server that nobody exercises */

int trace_run(const struct build_options *options, const struct layout *layout,
	      const struct image_docs *image, const struct tree *tree, struct oci_arena *arena,
	      struct trace_result *ret, struct oci_error *err)
{
	struct trace_outcome outcome = { 0 };
	struct trace_watch watch = { 0 };
	struct trace_plan plan = trace_plan_for(options, layout, image);
	int r = 0;

	plan.exercise = options->exercise;
	if (options->probe)
		r = words_split("--probe", options->probe, arena, &plan.words, &plan.words_len,
				err);
	else if (!options->exercise && !options->trace_seconds)
		plan.seconds = SERVE_SECONDS;
	if (r == 0)
		r = trace_watch_init(&watch, tree, err);
	if (r < 0)
		return r;
	r = trace_run_once(&plan, &watch, &outcome, err);
	if (r == 0 && outcome.exit_status != 0 && !outcome.stopped)
		r = err_set(
			err, ENOEXEC,
			"the program ended with status %d, so what it needs is not known; --probe "
			"runs another command",
			outcome.exit_status);
	if (r == 0)
		r = trace_watch_paths(&watch, false, arena, &ret->paths, &ret->paths_len, err);
	ret->exit_status = outcome.exit_status;
	ret->stopped = outcome.stopped;
	trace_outcome_free(&outcome);
	trace_watch_free(&watch);
	if (r < 0)
		err_prefix(err, "trace: ");
	return r;
}
