/* SPDX-License-Identifier: Apache-2.0 */
/*
 * terminal.h - the pseudo-terminal of a container: made inside, handed out, or relayed.
 */
#ifndef CARTE_RUNTIME_TERMINAL_H
#define CARTE_RUNTIME_TERMINAL_H

#include <signal.h>
#include <stdbool.h>

struct oci_error;
struct process_plan;

/**
 * terminal_open - in the child, root entered (create) or namespaces joined (exec): open a pty in the container's own
 * devpts, set its size and owner, make it stdin, stdout, stderr and the controlling terminal.
 * @bind_console: create only: bind the slave, by fd, on /dev/console (TIOCGPTPEER, devpts magic and major 136
 *                checked: CVE-2025-52565)
 * @ret_master: the other end
 */
int terminal_open(const struct process_plan *plan, bool bind_console, int *ret_master,
		  struct oci_error *err);

/**
 * terminal_send - one message with the master's fd and the slave's name to a connected console socket
 * (exactly one SCM_RIGHTS fd, payload 1..4095 bytes).
 */
int terminal_send(int socket, int master, struct oci_error *err);

/** struct foreground - what a runtime in the foreground waits for. */
struct foreground {
	int master; /* pty to relay with stdin and stdout; -1: none */
	int pidfd;  /* the container's process */
	pid_t pid;
	int notify_socket; /* sd_notify socket to relay; -1: none */
	bool forward_signals;
};

/**
 * foreground_block_signals - before the clone, so that none is lost; the child puts *ret_mask back. SIGCHLD gets its
 * default action, which the child keeps.
 */
int foreground_block_signals(sigset_t *ret_mask, struct oci_error *err);

/**
 * foreground_run - relay the terminal (raw mode, restored on the way out; SIGWINCH sets the size), forward signals,
 * reap children as a subreaper would, until the process ends and its output is drained.
 * @mask: the signal mask that was in force before foreground_block_signals; it is not put back, so a late SIGTERM
 *        does not keep the caller from cleaning up
 * @ret_status: exit status, 128+N after signal N
 * Return: 0; -EINTR when forward_signals is off and a signal asks us to end; -ECHILD for somebody else's child
 */
int foreground_run(struct foreground *fg, const sigset_t *mask, int *ret_status,
		   struct oci_error *err);

#endif
