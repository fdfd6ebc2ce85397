/* SPDX-License-Identifier: Apache-2.0 */
/*
 * user.h - inside a running container: its files, its users.
 */
#ifndef CARTE_CLI_USER_H
#define CARTE_CLI_USER_H

#include <limits.h>
#include <sys/types.h>

#include "cli/json.h"

struct oci_error;

/** container_runtime - the path of the runtime that has made it. */
int container_runtime(yajl_val container, char ret[PATH_MAX], struct oci_error *err);

/** container_root - /proc/PID/root as an fd for base/path.h: everything is looked up inside. */
int container_root(yajl_val container, struct oci_error *err);

/** user_find - "alice", "alice:staff", "1000:50" -> "1000:50", by the container's own files. ERR_NOT_FOUND. */
int user_find(pid_t pid, const char *text, char ret[64], struct oci_error *err);

#endif
