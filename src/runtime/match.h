/* SPDX-License-Identifier: Apache-2.0 */
/*
 * match.h - kill and delete by regular expression, as crun has it.
 */
#ifndef CARTE_RUNTIME_MATCH_H
#define CARTE_RUNTIME_MATCH_H

struct oci_error;

/**
 * match_containers - call @each for every container whose ID @pattern (POSIX extended) matches. All are tried; the first
 * error is kept.
 */
int match_containers(const char *root, const char *pattern,
		     int (*each)(const char *id, void *arg, struct oci_error *err), void *arg,
		     struct oci_error *err);

#endif
