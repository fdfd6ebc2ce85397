/* SPDX-License-Identifier: Apache-2.0 */
/*
 * events.h - the lines of `events` and `stats`, in the shape that runc gave them.
 */
#ifndef CARTE_RUNTIME_EVENTS_H
#define CARTE_RUNTIME_EVENTS_H

#include "runtime/state.h"

/** event_print - {"type":TYPE,"id":ID,"data":DATA} to stdout; @data NULL: none. */
int event_print(const char *type, const char *id, const char *data, size_t data_len,
		struct oci_error *err);

/** event_print_stats - the statistics of a container that runs. */
int event_print_stats(const struct state *state, struct oci_error *err);

#endif
