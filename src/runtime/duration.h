/* SPDX-License-Identifier: Apache-2.0 */
/*
 * duration.h - lengths of time and sizes as people type them in options.
 */
#ifndef CARTE_RUNTIME_DURATION_H
#define CARTE_RUNTIME_DURATION_H

#include <stdint.h>

/**
 * duration_parse - "5s", "1m30s", "1.5h", "250ms": h, m, s, ms, us, ns as Go writes them; a bare number is
 * seconds. Nanoseconds in @ret_ns. Return: 0, -EINVAL, -ERANGE.
 */
int duration_parse(const char *text, int64_t *ret_ns);

/**
 * bytes_parse - "-1", "1048576", "512k", "1.5g", "64MiB": powers of 1024, either case.
 * Return: 0, -EINVAL, -ERANGE.
 */
int bytes_parse(const char *text, int64_t *ret);

#endif
