/* SPDX-License-Identifier: Apache-2.0 */
/* saver.c - see saver.h. */
#include "map/saver.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"

struct saver {
	struct store store;
	pthread_t thread;
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	struct save *first, **last; /* to do; under the mutex */
	struct save *done;          /* under the mutex */
	bool ends;                  /* under the mutex */
	unsigned pending;           /* of the loop's thread */
	int event;
};

static struct save *take(struct saver *saver)
{
	struct save *save;

	(void)pthread_mutex_lock(&saver->mutex);
	while (!saver->first && !saver->ends)
		(void)pthread_cond_wait(&saver->changed, &saver->mutex);
	save = saver->first;
	if (save) {
		saver->first = save->next;
		if (!saver->first)
			saver->last = &saver->first;
	}
	(void)pthread_mutex_unlock(&saver->mutex);
	return save;
}

static void *run(void *arg)
{
	struct saver *saver = arg;
	struct save *save;

	while ((save = take(saver))) {
		int result = store_save(&saver->store, &save->doc, &save->terms);

		(void)pthread_mutex_lock(&saver->mutex);
		save->result = result;
		save->next = saver->done;
		saver->done = save;
		(void)pthread_mutex_unlock(&saver->mutex);
		(void)eventfd_write(saver->event, 1);
	}
	return NULL;
}

int saver_start(const char *folder, struct saver **ret_saver, struct oci_error *err)
{
	struct saver *saver = calloc(1, sizeof(*saver));
	int r;

	if (!saver)
		return err_nomem(err);
	saver->last = &saver->first;
	(void)pthread_mutex_init(&saver->mutex, NULL);
	(void)pthread_cond_init(&saver->changed, NULL);
	saver->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	r = saver->event < 0 ? err_sys(err, errno, "eventfd")
			     : store_open(&saver->store, folder, err);
	if (r == 0) {
		r = pthread_create(&saver->thread, NULL, run, saver);
		if (r != 0)
			r = err_sys(err, r, "pthread_create");
	}
	if (r < 0) {
		if (saver->event >= 0)
			store_close(&saver->store);
		fd_closep(&saver->event);
		free(saver);
		return r;
	}
	*ret_saver = saver;
	return 0;
}

int saver_fd(const struct saver *saver)
{
	return saver->event;
}

void saver_add(struct saver *saver, struct save *save)
{
	save->next = NULL;
	saver->pending++;
	(void)pthread_mutex_lock(&saver->mutex);
	*saver->last = save;
	saver->last = &save->next;
	(void)pthread_cond_signal(&saver->changed);
	(void)pthread_mutex_unlock(&saver->mutex);
}

unsigned saver_collect(struct saver *saver)
{
	struct save *save;
	eventfd_t n = 0;
	unsigned count = 0;

	(void)eventfd_read(saver->event, &n);
	(void)pthread_mutex_lock(&saver->mutex);
	save = saver->done;
	saver->done = NULL;
	(void)pthread_mutex_unlock(&saver->mutex);
	while (save) {
		struct save *next = save->next;

		saver->pending--;
		count++;
		if (save->done)
			save->done(save);
		doc_clear(&save->doc);
		free(save);
		save = next;
	}
	return count;
}

unsigned saver_pending(const struct saver *saver)
{
	return saver->pending;
}

void saver_stop(struct saver *saver)
{
	if (!saver)
		return;
	(void)pthread_mutex_lock(&saver->mutex);
	saver->ends = true;
	(void)pthread_cond_signal(&saver->changed);
	(void)pthread_mutex_unlock(&saver->mutex);
	(void)pthread_join(saver->thread, NULL);
	store_close(&saver->store);
	close(saver->event);
	(void)pthread_cond_destroy(&saver->changed);
	(void)pthread_mutex_destroy(&saver->mutex);
	free(saver);
}
