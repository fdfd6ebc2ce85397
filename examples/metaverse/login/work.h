/* SPDX-License-Identifier: Apache-2.0 */
/*
 * work.h - requests that take a processor for long wait in a queue for as many threads as there are processors; the thread that
 * reads and writes stays free, so that a probe is answered while passwords are hashed.
 */
#ifndef METAVERSE_WORK_H
#define METAVERSE_WORK_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#include "common/http.h"

#define WORK_MAX 256 /* requests that wait; some seconds of work */
#define WORK_THREADS_MAX 64

/** work_fn - gives @request an answer. @context: of the thread */
typedef void work_fn(void *context, struct http_request *request);

struct work;
struct work_thread {
	struct work *work;
	void *context;
	pthread_t id;
};

/** struct work - private. */
struct work {
	pthread_mutex_t lock;
	pthread_cond_t more;
	struct http_request *jobs[WORK_MAX];
	size_t first, count;
	bool ending;
	work_fn *run;
	struct work_thread threads[WORK_THREADS_MAX];
	unsigned running;
};

/** work_init - an empty queue. */
void work_init(struct work *work, work_fn *run);

/** work_add_thread - at most WORK_THREADS_MAX of them. 0 or -errno. */
int work_add_thread(struct work *work, void *context);

/** work_push - suspend @request and queue it, or return false and do neither: there is no room, or no time any more. */
bool work_push(struct work *work, struct http_request *request);

/** work_waiting - how many are in the queue. */
size_t work_waiting(struct work *work);

/** work_stop - what is being done is done, what waits is answered 503, and nothing is suspended any more. */
void work_stop(struct work *work);

#endif
