/* SPDX-License-Identifier: Apache-2.0 */
/*
 * overlap.c - two containers whose linux.cgroupsPath puts them into one cgroup.
 */
#include <string.h>

#include "runtime/cgroup/cgroup.h"

static enum cgroup_overlap compare(const struct cgroup_dir *dir, const struct cgroup_dir *other)
{
	size_t len = strlen(dir->path);

	if (strcmp(dir->mount, other->mount) != 0 || strncmp(dir->path, other->path, len) != 0)
		return CGROUP_APART;
	if (!other->path[len])
		return CGROUP_SAME;
	return other->path[len] == '/' || strcmp(dir->path, "/") == 0 ? CGROUP_BELOW : CGROUP_APART;
}

enum cgroup_overlap cgroup_overlap(const struct cgroup *cgroup, const struct cgroup *other)
{
	enum cgroup_overlap most = CGROUP_APART;

	for (size_t i = 0; i < cgroup->dirs_len; i++) {
		/* what we have not made is neither killed nor removed */
		for (size_t k = 0; cgroup->dirs[i].made && k < other->dirs_len; k++) {
			enum cgroup_overlap found = compare(&cgroup->dirs[i], &other->dirs[k]);

			most = found > most ? found : most;
		}
	}
	return most;
}
