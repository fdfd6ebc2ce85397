/* SPDX-License-Identifier: Apache-2.0 */
/*
 * foreground.h - the runtime as our child, with our terminal and our signals.
 */
#ifndef CARTE_CLI_FOREGROUND_H
#define CARTE_CLI_FOREGROUND_H

#include <stdbool.h>

#include "cli/json.h"

struct oci_error;

/**
 * foreground_run - `RUNTIME run` of what the supervisor prepared; it is told the end.
 * @answer: of POST /v1/containers?foreground=1
 * @input: the program gets our standard input; @tty: it has a terminal, which is ours too
 * Return: the program's exit status, or 125, 126, 127 (then the runtime has said why)
 */
int foreground_run(yajl_val answer, bool input, bool tty, struct oci_error *err);

#endif
