/* SPDX-License-Identifier: Apache-2.0 */
/*
 * criu_missing.c - a build without libcriu says so, in place of criu_service.c.
 */
#include <errno.h>

#include "base/error.h"
#include "runtime/checkpoint/criu.h"

bool criu_is_built(void)
{
	return false;
}

int criu_refuse(struct oci_error *err)
{
	return err_set(err, ENOTSUP,
		       "not in this build: it was configured without libcriu and libprotobuf-c "
		       "(Debian: criu, libprotobuf-c-dev)");
}

int criu_start(struct criu *criu, const struct criu_child *child, struct oci_error *err)
{
	(void)criu;
	(void)child;
	return criu_refuse(err);
}

int criu_need_feature(struct criu *criu, bool mem_track, bool lazy_pages, struct oci_error *err)
{
	(void)criu;
	(void)mem_track;
	(void)lazy_pages;
	return criu_refuse(err);
}

int criu_run(struct criu *criu, const struct cr_plan *plan, const struct criu_events *events,
	     pid_t *ret_pid, struct oci_error *err)
{
	(void)criu;
	(void)plan;
	(void)events;
	(void)ret_pid;
	return criu_refuse(err);
}

void criu_close(struct criu *criu)
{
	(void)criu;
}
