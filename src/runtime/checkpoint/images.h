/* SPDX-License-Identifier: Apache-2.0 */
/*
 * images.h - the folders of a checkpoint on the host.
 */
#ifndef CARTE_RUNTIME_CHECKPOINT_IMAGES_H
#define CARTE_RUNTIME_CHECKPOINT_IMAGES_H

#include "runtime/checkpoint/options.h"

struct oci_error;

struct images {
	int images_fd;
	int work_fd;
};

#define IMAGES_INIT            \
	{                      \
		-EBADF, -EBADF \
	}
#define CLEANUP_IMAGES __attribute__((cleanup(images_closep)))

/** images_make - for a dump: both folders, made where they are missing; the parent's must be there. */
int images_make(const struct cr_options *options, struct images *ret, struct oci_error *err);

/** images_open - for a restore: the images must be there; the work folder is made. */
int images_open(const struct cr_options *options, struct images *ret, struct oci_error *err);

void images_closep(struct images *images);

#endif
