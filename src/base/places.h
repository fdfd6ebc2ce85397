/* SPDX-License-Identifier: Apache-2.0 */
/*
 * places.h - where a supervisor's files are: one rule for whoever makes them and whoever looks for them.
 */
#ifndef CARTE_BASE_PLACES_H
#define CARTE_BASE_PLACES_H

#include <ocispec-lite/arena.h>

/** places_state - $CARTE_STATE_DIR; /var/lib/carte/scale; a user: $XDG_DATA_HOME/carte/scale, ~/.local/share/carte/scale. NULL: no memory. */
const char *places_state(struct oci_arena *arena);
/** places_run - $CARTE_RUN_DIR; /run/carte; a user: $XDG_RUNTIME_DIR/carte, /run/user/UID/carte. NULL: no memory. */
const char *places_run(struct oci_arena *arena);
/** places_socket - $CARTE_SOCKET; carte.sock in @run, or in places_run when that is NULL. NULL: no memory. */
const char *places_socket(const char *run, struct oci_arena *arena);

#endif
