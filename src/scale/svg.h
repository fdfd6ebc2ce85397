/* SPDX-License-Identifier: Apache-2.0 */
/*
 * svg.h - what drawings share.
 */
#ifndef CARTE_SCALE_SVG_H
#define CARTE_SCALE_SVG_H

#include <stdio.h>

/** svg_text - as character data or in an attribute; what XML may not hold becomes '?'. */
void svg_text(FILE *out, const char *text);

#endif
