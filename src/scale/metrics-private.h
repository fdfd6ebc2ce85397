/* SPDX-License-Identifier: Apache-2.0 */
/*
 * metrics-private.h - how lines of /metrics are written.
 */
#ifndef CARTE_SCALE_METRICS_PRIVATE_H
#define CARTE_SCALE_METRICS_PRIVATE_H

#include <stdio.h>

#include "scale/metrics.h"

#define EACH_SERVICE(sv, p, s)                                            \
	for (struct project *p = supervisor_projects(sv); p; p = p->next) \
		for (struct service *s = p->services; s; s = s->next)

/** metrics_head - of a family. */
void metrics_head(FILE *out, const char *name, const char *type, const char *help);
/** metrics_put_service - "NAME{project=...,service=...": the brace is open. */
void metrics_put_service(FILE *out, const char *name, const char *project, const char *service);
/** metrics_forecasts - of all services with policy predict. */
void metrics_forecasts(FILE *out, struct supervisor *sv, const struct scaler *scaler);

#endif
