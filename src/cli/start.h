/* SPDX-License-Identifier: Apache-2.0 */
/*
 * start.h - the other programs: where they are, and running them.
 */
#ifndef CARTE_CLI_START_H
#define CARTE_CLI_START_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

struct oci_error;

/**
 * struct words - an argv that grows: words_add per word; words are not copied. A failure to grow is told by words_end.
 */
struct words {
	const char **items; /* heap; NULL-terminated */
	size_t len, room;
	int failed;
};

void words_add(struct words *words, const char *word);
void words_add_option(struct words *words, const char *option, const char *value); /* NULL: not */
void words_add_list(struct words *words, const char *const *items, size_t len);
int words_end(struct words *words, struct oci_error *err); /* 0 or -ENOMEM */
void words_freep(struct words *words);
#define CLEANUP_WORDS __attribute__((cleanup(words_freep)))

/** start_find - "cartefile-to-oci", "carte-scale", ...: beside this program, in the folder it was built for, then by $PATH. */
int start_find(const char *name, char ret[PATH_MAX], struct oci_error *err);

/** start_supervisor - `carte-scale serve --daemon`: it returns when the socket answers. */
int start_supervisor(struct oci_error *err);

/** start_as - become @program (execv), which is told that its name is argv[0]. Returns only -errno. */
int start_as(const char *program, const char *const *argv, struct oci_error *err);

/** start_instead - become argv[0]. Returns only -errno. */
int start_instead(const char *const *argv, struct oci_error *err);

/** start_wait - run argv[0] and wait. Return: its exit status (128 + N for a signal), or -errno. */
int start_wait(const char *const *argv, struct oci_error *err);

/**
 * start_collect - run argv[0] and collect its standard output, at most @limit bytes; its errors go where ours go, or with
 * @quiet nowhere.
 * @ret: heap, NUL-terminated
 * Return: its exit status, or -errno.
 */
int start_collect(const char *const *argv, bool quiet, size_t limit, char **ret,
		  struct oci_error *err);

/** start_feed - run argv[0] with @input as standard input; @quiet: what it prints goes nowhere, its errors do. Return: its exit status, or -errno. */
int start_feed(const char *const *argv, const char *input, bool quiet, struct oci_error *err);

#endif
