/* SPDX-License-Identifier: Apache-2.0 */
/*
 * work.c - a ring under a lock.
 */
#include <errno.h>
#include <string.h>

#include "login/work.h"

void work_init(struct work *work, work_fn *run)
{
	memset(work, 0, sizeof(*work));
	work->run = run;
	(void)pthread_mutex_init(&work->lock, NULL);
	(void)pthread_cond_init(&work->more, NULL);
}

static struct http_request *pop(struct work *work)
{
	struct http_request *request = work->jobs[work->first];

	work->first = (work->first + 1) % WORK_MAX;
	work->count--;
	return request;
}

static void *work_loop(void *arg)
{
	struct work_thread *thread = arg;
	struct work *work = thread->work;

	(void)pthread_mutex_lock(&work->lock);
	for (;;) {
		struct http_request *request;

		while (work->count == 0 && !work->ending)
			(void)pthread_cond_wait(&work->more, &work->lock);
		if (work->ending)
			break;
		request = pop(work);
		(void)pthread_mutex_unlock(&work->lock);
		work->run(thread->context, request);
		http_resume(request);
		(void)pthread_mutex_lock(&work->lock);
	}
	(void)pthread_mutex_unlock(&work->lock);
	return NULL;
}

int work_add_thread(struct work *work, void *context)
{
	struct work_thread *thread;
	int r;

	if (work->running == WORK_THREADS_MAX)
		return -ENOSPC;
	thread = &work->threads[work->running];
	thread->work = work;
	thread->context = context;
	r = pthread_create(&thread->id, NULL, work_loop, thread);
	if (r == 0)
		work->running++;
	return -r;
}

bool work_push(struct work *work, struct http_request *request)
{
	bool fits;

	(void)pthread_mutex_lock(&work->lock);
	fits = work->count < WORK_MAX && !work->ending && work->running > 0;
	if (fits) {
		http_suspend(request);
		work->jobs[(work->first + work->count++) % WORK_MAX] = request;
		(void)pthread_cond_signal(&work->more);
	}
	(void)pthread_mutex_unlock(&work->lock);
	return fits;
}

size_t work_waiting(struct work *work)
{
	size_t count;

	(void)pthread_mutex_lock(&work->lock);
	count = work->count;
	(void)pthread_mutex_unlock(&work->lock);
	return count;
}

void work_stop(struct work *work)
{
	(void)pthread_mutex_lock(&work->lock);
	work->ending = true;
	(void)pthread_cond_broadcast(&work->more);
	(void)pthread_mutex_unlock(&work->lock);
	for (unsigned i = 0; i < work->running; i++)
		(void)pthread_join(work->threads[i].id, NULL);
	(void)pthread_mutex_lock(&work->lock);
	while (work->count > 0) {
		struct http_request *request = pop(work);

		http_error(request, 503, "this replica ends: try again");
		http_resume(request);
	}
	(void)pthread_mutex_unlock(&work->lock);
}
