/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core_sched.c - core scheduling cookies.
 *
 * A cookie is inherited by fork. So the first process of a container makes a new one for itself, and a cookie that is
 * there already is taken by the runtime before it clones: it ends soon, and has nothing to hide from the container.
 */
#include "runtime/core_sched.h"

#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/sys.h"
#include "base/sys_process.h"
#include "runtime/cmds.h"
#include "runtime/state.h"

#define KEY "io.carte.core-scheduling"
#define PLACE "annotations." KEY

const char *core_sched_asked(const struct oci_config *config)
{
	return oci_annotation(config->annotations, config->annotations_len, KEY);
}

int core_sched_check(const struct oci_config *config, struct oci_error *err)
{
	const char *value = core_sched_asked(config);
	struct oci_error bad = OCI_ERROR_INIT;

	if (!value || state_check_id(value, &bad) == 0)
		return 0;
	return err_set(err, EINVAL, PLACE ": expected new or the ID of a container, got '%s'",
		       value);
}

static int failed(int code, struct oci_error *err)
{
	if (code == -EINVAL)
		return err_set(err, EOPNOTSUPP,
			       PLACE ": this kernel has no core scheduling (CONFIG_SCHED_CORE)");
	if (code == -ENODEV)
		return err_set(err, EOPNOTSUPP,
			       PLACE ": this machine has one thread per core, there is nothing to "
				     "share or to keep apart");
	return err_sys(err, -code, PLACE);
}

int core_sched_new(struct oci_error *err)
{
	int r = sys_core_sched_create();

	return r < 0 ? failed(r, err) : 0;
}

int core_sched_share(const struct state *with, struct oci_error *err)
{
	CLEANUP_CLOSE int pidfd = state_pidfd(with, err);
	uint64_t cookie = 0;
	int r;

	if (pidfd < 0) {
		err_prefix(err, PLACE ": container '%s': ", with->id);
		return pidfd;
	}
	r = sys_core_sched_cookie((pid_t)with->pid.value, &cookie);
	if (r == 0 && cookie)
		r = sys_core_sched_share_from((pid_t)with->pid.value);
	/* the number may have become another's meanwhile */
	if (r == 0)
		r = sys_pidfd_send_signal(pidfd, 0);
	if (r < 0)
		return failed(r, err);
	if (!cookie)
		return err_set_as(err, ERR_STATE, EINVAL,
				  PLACE ": container '%s' has no core scheduling cookie", with->id);
	return 0;
}

int core_sched_share_id(const struct cmd_context *ctx, const char *id, struct oci_error *err)
{
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	struct state *state;
	int r = state_load(&arena, ctx->root, id, &state, err);

	if (r < 0) {
		err_prefix(err, PLACE ": '%s': ", id);
		return r;
	}
	return core_sched_share(state, err);
}
