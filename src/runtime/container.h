/* SPDX-License-Identifier: Apache-2.0 */
/*
 * container.h - what is done to a container that exists: start, signal, destroy.
 */
#ifndef CARTE_RUNTIME_CONTAINER_H
#define CARTE_RUNTIME_CONTAINER_H

#include <ocispec-lite/runtime.h>

#include "runtime/state.h"

/** container_start - let a created container execute its program, then run its poststart hooks. */
int container_start(const char *root, const struct state *state, struct oci_error *err);

/** container_run_poststart - the hooks behind a start; @config: NULL: read from the bundle. */
int container_run_poststart(const struct state *state, const struct oci_config *config,
			    struct oci_error *err);

/**
 * container_signal - send a signal to init, or with @all to every process of the container.
 * SIGKILL reaches all of them where init's death would not (shared pid namespace), and frozen ones too; of a container
 * that has stopped not those of another one below @root that has its cgroup by now.
 * Return: 0; -ESRCH with "container not running"
 */
int container_signal(const char *root, const struct state *state, int sig, bool all,
		     struct oci_error *err);

/**
 * container_destroy - what is left of a stopped container: processes of a shared pid namespace, cgroups, resctrl
 * groups, poststop hooks (a failing one is passed over, runtime.md#lifecycle), the state folder. A cgroup that a live
 * container below @root has by now stays, and goes with that one; when that one's is below it: -EBUSY.
 * @config: NULL: read from the bundle when hooks need it
 */
int container_destroy(const char *root, struct state_dir *dir, const struct state *state,
		      const struct oci_config *config, struct oci_error *err);

/** container_run_poststop - the hooks alone. */
void container_run_poststop(const struct state *state, const struct oci_config *config);

/**
 * container_kill - SIGKILL to init (and to a creator that still works on it), and wait until it is gone.
 */
int container_kill(const char *root, const struct state *state, struct oci_error *err);

#endif
