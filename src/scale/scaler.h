/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scaler.h - the autoscaler's clock: every period of a service whose number is automatic its ready replicas are measured, a
 * decision is made (autoscale.h), and what changes something is told to the supervisor.
 */
#ifndef CARTE_SCALE_SCALER_H
#define CARTE_SCALE_SCALER_H

#include "scale/pool.h"
#include "scale/supervisor.h"

struct scaler;

/** scaler_new - begins to work in the supervisor's loop. */
int scaler_new(struct supervisor *sv, struct scaler **ret, struct oci_error *err);
void scaler_free(struct scaler *scaler); /* before the supervisor; NULL is fine */

/** scaler_last - the last decision about a service, also one that changes nothing; NULL: none yet. Valid until the loop's next turn. */
const struct scale_decision *scaler_last(const struct scaler *scaler,
					 const struct service *service);

struct predict;

/** struct scaler_cost - of the plans of a service: of this process. */
struct scaler_cost {
	uint64_t plans;
	double cpu_seconds; /* all of them together */
};

/** scaler_predict - what is learned of a service with policy predict; NULL: nothing. Valid until the loop's next turn. */
const struct predict *scaler_predict(const struct scaler *scaler, const struct service *service,
				     struct scaler_cost *ret_cost);

/** scaler_pool - as it was measured last, at most a second ago while something is automatic. */
const struct pool *scaler_pool(struct scaler *scaler);

#endif
