/* SPDX-License-Identifier: Apache-2.0 */
/*
 * autoscale-private.h - what a decision was made from, for its JSON.
 */
#ifndef CARTE_SCALE_AUTOSCALE_PRIVATE_H
#define CARTE_SCALE_AUTOSCALE_PRIVATE_H

#include "scale/autoscale.h"

/** struct autoscale_wish - of one metric. */
struct autoscale_wish {
	bool failed;
	double ratio; /* of the average to the target, with what is not known */
	unsigned wanted;
};

struct autoscale_facts {
	const struct autoscale_wish *wishes;
	unsigned minimum, maximum, calendar, recommended, wanted, would;
};

/** autoscale_inputs - a JSON object in the arena; 0 or -ENOMEM. */
int autoscale_inputs(const struct autoscale_input *input, const struct autoscale_facts *facts,
		     struct oci_arena *arena, const char **ret);

const char *autoscale_metric_words(const struct spec_metric *metric, struct oci_arena *arena);

#endif
