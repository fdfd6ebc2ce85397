/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fake_supervisor.h - supervisor.h without containers: the model in memory, states that change by timers. For tests of what stands on it.
 */
#ifndef CARTE_TESTS_FAKE_SUPERVISOR_H
#define CARTE_TESTS_FAKE_SUPERVISOR_H

#include "scale/supervisor.h"

int fake_new(struct loop *loop, const char *folder, struct supervisor **ret);

/** fake_slow - how long each change takes from now on; 10 ms. */
void fake_slow(struct supervisor *sv, int64_t ms);
void fake_emit(struct supervisor *sv, const char *kind, const char *action, struct service *service,
	       struct replica *replica, int status, const char *words);
/** fake_last - the last command that was called, "scale web 3". */
const char *fake_last(const struct supervisor *sv);

#endif
