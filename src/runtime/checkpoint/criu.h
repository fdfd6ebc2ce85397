/* SPDX-License-Identifier: Apache-2.0 */
/*
 * criu.h - the criu program as a child process that is asked over a socket.
 *
 * libcriu brings the messages; its functions are not used, because in the
 * versions of today they cannot set criu's options for empty namespaces, lazy
 * pages, the status descriptor and a settings file, print by themselves, and
 * leave a criu behind when the caller is killed.
 */
#ifndef CARTE_RUNTIME_CHECKPOINT_CRIU_H
#define CARTE_RUNTIME_CHECKPOINT_CRIU_H

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

#include "runtime/checkpoint/plan.h"

#define CRIU_VERSION_MIN 31500 /* 3.15: freezer of cgroup v2, external pid namespaces */

/** struct criu - a running criu; CRIU_INIT before criu_start, criu_close after everything. */
struct criu {
	int socket;
	pid_t pid;
	int version;              /* 31700 is 3.17.0 */
	bool finishes;            /* see struct criu_child */
	struct oci_error *shared; /* what went wrong before criu was executed */
};

#define CRIU_INIT                         \
	{                                 \
		-EBADF, 0, 0, false, NULL \
	}

/** struct criu_child - what is done in the process that becomes criu. */
struct criu_child {
	int (*prepare)(void *arg, struct oci_error *err); /* NULL: nothing */
	void *arg;
	/*
	 * For a @prepare that changes the mount namespace: opened again there, in the place of *work_fd, because criu
	 * mounts below it. NULL: not
	 */
	const char *work_path;
	int *work_fd;
	const struct cr_fd *fds; /* kept open under the same numbers */
	size_t fds_len;
	const sigset_t *mask; /* NULL: as it is */
	/*
	 * dump: it holds the container's processes, and lets go of them in an orderly way only by itself. So it is
	 * never killed; a criu that has lost us gives up at the next step and undoes what it has done
	 */
	bool finishes;
};

/** criu_is_built - does this program know criu's messages? criu_refuse - says that it does not. */
bool criu_is_built(void);
int criu_refuse(struct oci_error *err);

/**
 * criu_start - find criu, start it, ask its version. It is killed when this process ends, unless it finishes.
 * Errors: not found, too old, or what @child->prepare said
 */
int criu_start(struct criu *criu, const struct criu_child *child, struct oci_error *err);

/** enum criu_event - the moments that criu tells of; others pass by. */
enum criu_event {
	CRIU_SETUP_NAMESPACES, /* restore: namespaces are made, nothing runs */
	CRIU_POST_RESTORE,     /* restore: all is there, but stopped */
	CRIU_TERMINAL,         /* restore: the master of the container's terminal is in fd */
};

/** struct criu_events - @on_event: @fd is the callee's. A failure makes criu undo what it has done. */
struct criu_events {
	int (*on_event)(void *arg, enum criu_event event, pid_t pid, int fd, struct oci_error *err);
	void *arg;
};

/** criu_need_feature - "mem_track" for a pre-dump, "lazy_pages": does this host have it? */
int criu_need_feature(struct criu *criu, bool mem_track, bool lazy_pages, struct oci_error *err);

/**
 * criu_run - do what the plan says.
 * @ret_pid: restore: the container's init; may be NULL
 * Errors: the event's, else criu's last words from its log
 */
int criu_run(struct criu *criu, const struct cr_plan *plan, const struct criu_events *events,
	     pid_t *ret_pid, struct oci_error *err);

/** criu_close - end it, or, when it finishes, let it end; wait for it. */
void criu_close(struct criu *criu);

#endif
