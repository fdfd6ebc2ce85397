/* SPDX-License-Identifier: Apache-2.0 */
/*
 * v2_missing.c - what cgroup v2 does not have yet. Nothing may pass for done that is not.
 */
#include <errno.h>

#include "runtime/cgroup/internal.h"

int cgroup_v2_stats(const struct cgroup *cgroup, pid_t pid, char **ret_text, size_t *ret_length,
		    struct oci_error *err)
{
	(void)cgroup;
	(void)pid;
	(void)ret_text;
	(void)ret_length;
	return err_set(err, ENOTSUP, "statistics on cgroup v2 are not supported by this build");
}

int cgroup_v2_oom_fd(const struct cgroup *cgroup, struct oci_error *err)
{
	(void)cgroup;
	return err_set(err, ENOTSUP,
		       "out-of-memory events on cgroup v2 are not supported by this build");
}
