/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stay.h - a runtime that stays with its container until that ends.
 */
#ifndef CARTE_RUNTIME_STAY_H
#define CARTE_RUNTIME_STAY_H

#include <signal.h>
#include <stdbool.h>

#include "runtime/create.h"

/**
 * container_stay - relay the terminal and signals, wait for the end, delete the container; @c is empty afterwards.
 * @notify_fd: sd_notify socket to relay; -1: none
 * @mask: the signal mask before foreground_block_signals
 * Return: the exit status, or -errno
 */
int container_stay(struct creation *c, int notify_fd, const sigset_t *mask, bool keep,
		   struct oci_error *err);

#endif
