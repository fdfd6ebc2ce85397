/* SPDX-License-Identifier: Apache-2.0 */
/*
 * exec.h - a further process in a running container.
 */
#ifndef CARTE_RUNTIME_EXEC_H
#define CARTE_RUNTIME_EXEC_H

#include <signal.h>
#include <stdbool.h>

#include "base/opts.h"
#include "runtime/child.h"
#include "runtime/cmds.h"
#include "runtime/inherit_fds.h"
#include "runtime/launch.h"
#include "runtime/state.h"

/** struct exec_options - the command line of exec. */
struct exec_options {
	const char *
		process; /* --process FILE; NULL: config.json's process with what follows changed */
	char **args;     /* NULL-terminated, empty with --process */
	const char *cwd;
	const char *user; /* UID[:GID], numbers only (CVE-2016-3697, CVE-2026-30892) */
	const char *apparmor;
	const char *process_label;
	struct opt_list env;
	struct opt_list caps;
	struct opt_list additional_gids;
	struct opt_list cgroups; /* [CONTROLLER,...:]PATH */
	bool tty;
	bool no_new_privs;
	bool ignore_paused;
	struct process_io io;
};

struct execution {
	struct oci_arena arena;
	struct cmd_context *ctx;
	const struct exec_options *options;
	struct state *state;
	struct oci_config *config;
	struct ns_plan ns;
	struct inherit_fds inherited;
	struct child child;
	struct launch launch;
};

/**
 * exec_process - lead a new process to its program and let it execute it.
 * On failure nothing of it is left.
 */
int exec_process(struct execution *x, struct cmd_context *ctx, const char *id,
		 const struct exec_options *options, const sigset_t *mask, struct oci_error *err);

void exec_free(struct execution *x);

/** exec_plan - exec_plan.c: the process document of this exec, planned into x->child.process. */
int exec_plan(struct execution *x, struct oci_error *err);

#endif
