/* SPDX-License-Identifier: Apache-2.0 */
/*
 * process-private.h - what the process_*.c files share and nobody else needs.
 */
#ifndef CARTE_RUNTIME_PROCESS_PRIVATE_H
#define CARTE_RUNTIME_PROCESS_PRIVATE_H

#include "runtime/process.h"

/* Both arguments of a "%s%s" that puts the document path before a field's name. */
#define AT(where) (where), *(where) ? "." : ""

/* Bytes of plan->home: the longest HOME that is taken from /etc/passwd, with the name and the NUL. */
#define HOME_SIZE 1024

/** process_plan_caps - names to masks (process_caps.c). */
int process_plan_caps(const struct oci_capabilities *caps, const char *where,
		      struct process_caps *ret, struct oci_error *err);

/** process_plan_sched - scheduler, ioPriority, execCPUAffinity (process_sched.c). */
int process_plan_sched(struct oci_arena *arena, const struct oci_process *process,
		       struct process_plan *plan, struct oci_error *err);

/** process_plan_linux - linux.personality, linux.memoryPolicy (process_sched.c). */
int process_plan_linux(struct oci_arena *arena, const struct oci_linux *linux_,
		       struct process_plan *plan, struct oci_error *err);

/** process_rlimit_name - "RLIMIT_NOFILE", or NULL. */
const char *process_rlimit_name(int resource);

#endif
