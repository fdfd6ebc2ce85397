/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stay.c - a runtime in the foreground: relay, wait, clean up. run and restore without --detach.
 */
#include "runtime/stay.h"

#include "base/error.h"
#include "runtime/container.h"
#include "runtime/terminal.h"

/* A delete by somebody else meanwhile is no failure of ours. */
static int clean_up(struct creation *c, struct oci_error *err)
{
	struct oci_error said = OCI_ERROR_INIT;
	int r = state_dir_relock(&c->dir, &said);

	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return err_copy(err, &said);
	return container_destroy(c->ctx->root, &c->dir, &c->state, c->config, err);
}

int container_stay(struct creation *c, int notify_fd, const sigset_t *mask, bool keep,
		   struct oci_error *err)
{
	struct foreground foreground = {
		.master = c->launch.master,
		.pidfd = c->launch.pidfd,
		.pid = c->launch.pid,
		.notify_socket = notify_fd,
		.forward_signals = true,
	};
	int status, r;

	/* other commands may work on it now, and delete it; the folder stays open, so that a new one is not taken for it */
	state_dir_unlock(&c->dir);
	r = foreground_run(&foreground, mask, &status, err);
	if (r < 0) {
		if (state_dir_relock(&c->dir, NULL) == 0) {
			create_undo(c);
		} else {
			launch_abort(&c->launch);
			create_free(c);
		}
		return r;
	}
	c->launch.pid = 0; /* reaped */
	r = keep ? 0 : clean_up(c, err);
	create_free(c);
	return r < 0 ? r : status;
}
