/* SPDX-License-Identifier: Apache-2.0 */
/*
 * notify_socket.h - sd_notify(3) between a container and the manager that started the runtime.
 *
 * With NOTIFY_SOCKET in our environment the container gets a socket of its own at /run/notify/notify.sock, and only
 * "READY" is passed on from it, with the container's process as MAINPID: what else a container may say (MAINPID,
 * FDSTORE, WATCHDOG) would be taken for the runtime's words.
 *
 * create: plan, make_dir, the mount and env entries. run, start: open, then relay (foreground) or wait (detached).
 * The folder lies in the container's state folder and goes with it.
 */
#ifndef CARTE_RUNTIME_NOTIFY_SOCKET_H
#define CARTE_RUNTIME_NOTIFY_SOCKET_H

#include <stdbool.h>
#include <sys/types.h>

#include <ocispec-lite/runtime.h>

/** Where a container sees it, and the name of its folder in the state folder. */
#define NOTIFY_INSIDE_DIR "/run/notify"
#define NOTIFY_STATE_DIR "notify"

struct notify_socket {
	char *dir;              /* STATE/notify */
	struct oci_mount mount; /* of dir on /run/notify */
	char *env;              /* NOTIFY_SOCKET=/run/notify/notify.sock */
};

/**
 * notify_socket_plan - pure.
 * @state_dir: absolute path of the container's state folder
 * @ret: NULL when NOTIFY_SOCKET is not set
 */
int notify_socket_plan(struct oci_arena *arena, const char *state_dir, struct notify_socket **ret,
		       struct oci_error *err);

/** notify_socket_make_dir - the folder to mount, before the child mounts it. */
int notify_socket_make_dir(const struct notify_socket *notify, struct oci_error *err);

/**
 * notify_socket_open - make the socket and listen.
 * @dir: STATE/notify
 * Return: fd or -errno; -ENOENT without words when the container was created without NOTIFY_SOCKET.
 */
int notify_socket_open(const char *dir, struct oci_error *err);

/**
 * notify_socket_relay - take one message; when it says READY, pass that on with MAINPID=@pid.
 * Never blocks when @fd is readable. Return: 0 or -errno.
 */
int notify_socket_relay(int fd, pid_t pid, bool *ret_ready, struct oci_error *err);

/**
 * notify_socket_wait - relay until READY was passed on and the manager has seen it (BARRIER, at most 30 s), or the
 * container's process has ended.
 */
int notify_socket_wait(int fd, int pidfd, pid_t pid, struct oci_error *err);

#endif
