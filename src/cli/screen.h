/* SPDX-License-Identifier: Apache-2.0 */
/*
 * screen.h - a page that is drawn again and again on the terminal, until q or ^C.
 */
#ifndef CARTE_CLI_SCREEN_H
#define CARTE_CLI_SCREEN_H

#include <stdio.h>

struct oci_error;

/**
 * screen_run - every @period_ms: @draw writes the page, which is cut at the terminal's height. Without a terminal: once.
 * The terminal is as before afterwards, also after a signal.
 */
int screen_run(int period_ms, int (*draw)(void *ctx, FILE *out, struct oci_error *err), void *ctx,
	       struct oci_error *err);

#endif
