/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bundle.h - the documents of a scene.
 */
#ifndef CARTE_TESTS_FAULT_BUNDLE_H
#define CARTE_TESTS_FAULT_BUNDLE_H

#include "scene.h"

/** bundle_write - once/config.json, pause/config.json and process.json in the scene's folder. */
void bundle_write(const struct scene *s);

/** write_text - a whole file; ends the program when it cannot. */
void write_text(const char *path, const char *text);

#endif
