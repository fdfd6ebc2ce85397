/* SPDX-License-Identifier: Apache-2.0 */
/*
 * closure.h - a program as its loader would put it together; shared by closure.c and closure_search.c.
 */
#ifndef CARTEFILE_CLOSURE_H
#define CARTEFILE_CLOSURE_H

#include "cartefile-to-oci/slim-private.h"

/** struct loaded - a link map of the loader. */
struct loaded {
	struct tree_node *node;
	struct elf *elf;
	const char *name;      /* as it was asked for */
	const char *origin;    /* $ORIGIN: the folder by which it was found */
	struct loaded *loader; /* who asked first; NULL: the program */
	struct loaded *next;
};

/** struct program - @main and what is loaded with it. @host: the program that opens it by name, when it is no program itself. */
struct program {
	struct loaded *first, *last;
	const struct elf *elf; /* what the libraries must fit to */
	struct program *host;
	const char *interpreter; /* or NULL */
	struct tree_node *interpreter_node;
	bool musl;
	bool strict;               /* a missing library is an error */
	struct folder_list system; /* of the configuration, then built in */
	size_t system_configured;  /* how many of them are only known through /etc/ld.so.cache */
};

/** struct candidate - a library that fits. */
struct candidate {
	struct view_hit hit;
	struct elf *elf;
	const char *path; /* by which it was found, links included */
	bool configured;  /* in a folder that only the loader's cache knows */
};

/** closure_system - fill program->system. */
int closure_system(struct slim *s, struct program *program);

/**
 * closure_search - where the loader finds @name for @by. 1, 0 not at all, -errno.
 * @ret_searched: folders that were looked into, "a:b:c", in the scratch arena; may be NULL
 */
int closure_search(struct slim *s, const struct program *program, const struct loaded *by,
		   const char *name, struct candidate *ret, const char **ret_searched);

#endif
