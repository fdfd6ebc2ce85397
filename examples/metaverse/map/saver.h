/* SPDX-License-Identifier: Apache-2.0 */
/*
 * saver.h - a thread that replaces documents, because that waits for the disk and the event loop must not.
 */
#ifndef METAVERSE_MAP_SAVER_H
#define METAVERSE_MAP_SAVER_H

#include "map/store.h"

/** struct save - one document to be replaced; of the loop's thread, but while the saver has it. */
struct save {
	struct doc doc; /* with its tiles, which the save owns */
	struct save_terms terms;
	int result; /* of store_save */
	void (*done)(
		struct
		save *save); /* called by saver_collect; may be changed and cleared by the loop meanwhile */
	void *context;
	struct save *next;
};

struct saver;

/** saver_start - with a store of its own in this folder. Return: 0 or -errno with words. */
int saver_start(const char *folder, struct saver **ret_saver, struct oci_error *err);

/** saver_fd - readable when saves are done: an eventfd(2), to be watched by the event loop. */
int saver_fd(const struct saver *saver);

/** saver_add - the saver has @save until saver_collect. */
void saver_add(struct saver *saver, struct save *save);

/** saver_collect - calls `done` of each save that is done, if it has one, and frees it. Return: how many. */
unsigned saver_collect(struct saver *saver);

/** saver_pending - how many were added and not yet collected. */
unsigned saver_pending(const struct saver *saver);

/** saver_stop - when nothing is pending; harmless on NULL. */
void saver_stop(struct saver *saver);

#endif
