/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scaler-private.h - a service that is being measured.
 */
#ifndef CARTE_SCALE_SCALER_PRIVATE_H
#define CARTE_SCALE_SCALER_PRIVATE_H

#include "scale/autoscale.h"
#include "scale/predict.h"
#include "scale/sampler.h"
#include "scale/scaler.h"

struct watcher;

/** struct watched - a replica: its last sample, and what it serves now. */
struct watched {
	struct watched *next;
	char id[REPLICA_ID_SIZE];
	struct sample last;
	bool sampled; /* @last is one */
	bool seen;    /* in this round */
};

/** struct asking - a GET that is under way, for all http metrics of the same port and path. */
struct asking {
	struct asking *next;
	struct watcher *watcher;
	struct fetch *fetch;
	size_t metric; /* the first of those */
};

/** struct tally - of one metric, in this round. */
struct tally {
	double sum;
	unsigned known, missing, not_ready;
};

struct watcher {
	struct watcher *next;
	struct scaler *scaler;
	struct supervisor *sv;
	char *project, *service;
	const struct spec_service *spec; /* that the tallies are for */
	struct loop_timer timer;
	struct watched *replicas;
	struct asking *asking;
	struct tally *tallies; /* as many as metrics; NULL: no round is under way */
	size_t tallies_len;
	struct autoscale_history history;
	struct scale_decision last;
	struct predict *predict; /* policy predict: what was learned; NULL: no round was yet */
	struct scaler_cost cost; /* of it */
	char *facts;             /* of its last plan, JSON; NULL: none */
	uint64_t unsaved;        /* minutes since it was saved */
	unsigned told_would;
	char *told; /* the words of what was recorded last, without its numbers */
	int64_t told_at;
	void (*measured)(struct watcher *watcher);
};

/** watcher_service - the service that the round was begun for; NULL: it has gone, or has another document. */
struct service *watcher_service(const struct watcher *watcher);
/** watcher_measure - begin a round; watcher->measured is called when all is known, at once or later. */
int watcher_measure(struct watcher *watcher, struct service *service, struct oci_error *err);
/** watcher_forget - the round that is under way, and all samples. */
void watcher_forget(struct watcher *watcher);

/**
 * watcher_forecast - policy predict: learn from a round, and make a plan when a minute has ended.
 * @most: replicas that may be asked for; @ret: for autoscale_decide, its words are the watcher's and the plan's. 0 or -ENOMEM.
 */
int watcher_forecast(struct watcher *watcher, struct service *service,
		     const struct autoscale_metric *metrics, unsigned most,
		     struct autoscale_forecast *ret);
/** watcher_forecast_end - save what was learned, and forget it here. */
void watcher_forecast_end(struct watcher *watcher);

#endif
