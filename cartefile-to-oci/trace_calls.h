/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trace_calls.h - the system calls that name files, and which of their arguments do.
 */
#ifndef CARTEFILE_TRACE_CALLS_H
#define CARTEFILE_TRACE_CALLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TRACE_CALLS_MAX 96

enum trace_kind {
	TRACE_FOLLOW = 0, /* a link at the end is followed */
	TRACE_NOFOLLOW,   /* it is the link itself */
	TRACE_OPEN,       /* by O_NOFOLLOW in the flags */
	TRACE_AT,         /* by AT_SYMLINK_NOFOLLOW in the flags */
	TRACE_AT_FOLLOW,  /* not, but with AT_SYMLINK_FOLLOW */
	TRACE_HOW,        /* the flags are a pointer to struct open_how */
	TRACE_PARENT,     /* a name that is made: what is above it is used */
};

/**
 * struct trace_call - one path of one system call; a call with two has two rows.
 * @folder, @flags: their arguments' numbers, -1: none
 */
struct trace_call {
	const char *name;
	int nr; /* of this machine's own word size, -1: it has none */
	int8_t folder, path, flags;
	uint8_t kind; /* enum trace_kind */
	bool executes;
};

extern const struct trace_call trace_calls[];
extern const size_t trace_calls_len;

/** trace_call_names - each name once. Return: how many. */
size_t trace_call_names(const char *ret[TRACE_CALLS_MAX]);

#endif
