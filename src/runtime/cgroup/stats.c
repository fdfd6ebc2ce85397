/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include "runtime/cgroup/internal.h"
int cgroup_v1_stats(const struct cgroup *cgroup, pid_t pid, char **ret_text, size_t *ret_length,
		    struct oci_error *err)
{
	(void)cgroup; (void)pid; (void)ret_text; (void)ret_length;
	return err_set(err, ENOTSUP, "statistics");
}
int cgroup_v1_oom_fd(const struct cgroup *cgroup, struct oci_error *err)
{
	(void)cgroup;
	return err_set(err, ENOTSUP, "oom");
}
