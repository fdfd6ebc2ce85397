/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fake_supervisor.h - supervisor.h without containers: the model in memory, states that change by timers. For tests of what stands on it.
 */
#ifndef CARTE_TESTS_FAKE_SUPERVISOR_H
#define CARTE_TESTS_FAKE_SUPERVISOR_H

#include "scale/supervisor.h"

int fake_new(struct loop *loop, const char *folder, struct supervisor **ret);

/** fake_busy - processor use of each replica from now on, in thousandths of a core, and its memory. */
void fake_busy(struct supervisor *sv, unsigned cpu_milli, int64_t memory);
/** fake_end - a replica's program ends. */
void fake_end(struct supervisor *sv, struct replica *replica, int status);
/** fake_slow - how long each change takes from now on; 10 ms. */
void fake_slow(struct supervisor *sv, int64_t ms);
void fake_emit(struct supervisor *sv, const char *kind, const char *action, struct service *service,
	       struct replica *replica, int status, const char *words);
/** fake_last - the last command that was called, "scale web 3". */
const char *fake_last(const struct supervisor *sv);

#endif
