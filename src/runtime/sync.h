/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sync.h - what the runtime and the container's first process agree on, step by step.
 *
 * Both are one program image, so there is nothing to negotiate but order: one
 * socketpair, one enum of named states, one message per step. A dead peer is
 * an end of file. The same messages travel over start.sock, where `start`
 * takes the place of the runtime that made the container.
 */
#ifndef CARTE_RUNTIME_SYNC_H
#define CARTE_RUNTIME_SYNC_H

#include <stdint.h>

#include <ocispec-lite/error.h>

enum sync_state {
	SYNC_NONE = 0,
	SYNC_IDS_MAPPED, /* parent: uid_map and gid_map are written; value: 1 when setgroups is denied */
	SYNC_IN_CGROUP, /* parent: in the cgroups, devices moved; value: the child's pid as hooks see it */
	SYNC_MOUNTED,    /* child: file systems are mounted, the root not entered: hooks may run */
	SYNC_HOOKS_RUN,  /* parent: prestart and createRuntime have succeeded */
	SYNC_TERMINAL,   /* child: here is the pty's master, for the foreground */
	SYNC_READY,      /* child: all is set, the program is found */
	SYNC_WAIT_START, /* parent: the state is saved, wait for `start` on the socket */
	SYNC_START,      /* parent or start: execute the program; the child to start: it will */
	SYNC_FAILED,     /* either: the message carries the error */
};

/** sync_pair - two connected ends, O_CLOEXEC. */
int sync_pair(int ret[2], struct oci_error *err);

/** sync_send - one state and its value. -EPIPE with words when the peer is gone. */
int sync_send(int fd, enum sync_state state, int64_t value, struct oci_error *err);

/** sync_send_fd - the same with a file descriptor. */
int sync_send_fd(int fd, enum sync_state state, int passed, struct oci_error *err);

/** sync_send_failure - the error crosses as it is; nothing to be done when that fails. */
void sync_send_failure(int fd, const struct oci_error *failure);

/**
 * sync_receive - the next state.
 * @ret_fd: NULL when none can come
 *
 * Return: 0; -EPIPE without words at end of file; the peer's error as it came with SYNC_FAILED.
 */
int sync_receive(int fd, enum sync_state *ret, int64_t *ret_value, int *ret_fd,
		 struct oci_error *err);

/** sync_await - sync_receive of exactly @want; anything else is an error that names both. */
int sync_await(int fd, enum sync_state want, int64_t *ret_value, struct oci_error *err);

#endif
