/* SPDX-License-Identifier: Apache-2.0 */
/*
 * opts.h - one option table per command feeds parsing, --help, completion and the man page test.
 *
 * Accepted as urfave/cli (runc) and argp (crun) do together: -x, -xVALUE for
 * one-letter options, --long, -long, =value or the next word, "--" ends
 * options. Options and operands may be mixed unless `positional_after`
 * operands have been seen (exec, ps, kill: everything behind the ID is the
 * command's own).
 */
#ifndef CARTE_BASE_OPTS_H
#define CARTE_BASE_OPTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct oci_error;

enum opt_kind {
	OPT_FLAG,           /* bool *; --x, --x=true, --x=false */
	OPT_STRING,         /* const char **; an empty value is stored as NULL */
	OPT_LIST,           /* struct opt_list *; repeatable */
	OPT_U32,            /* uint32_t * */
	OPT_IGNORED_FLAG,   /* accepted for compatibility, nothing stored */
	OPT_IGNORED_STRING, /* the same, takes a value */
};

struct opt_list {
	const char **items; /* points into argv; heap array, opt_list_free */
	size_t len;
};

struct opt {
	const char *name; /* without dashes */
	char letter;      /* 0: none */
	enum opt_kind kind;
	size_t offset;    /* of the target in the command's options struct */
	const char *arg;  /* metavariable for --help: "FILE" */
	const char *help; /* one line; NULL hides the option from --help (not from parsing) */
};

/** struct opt_command - a verb, or the program itself. */
struct opt_command {
	const char *name;
	const char *usage;      /* operands: "[OPTIONS] CONTAINER-ID" */
	const char *summary;    /* one line */
	const struct opt *opts; /* ends with a NULL name */
	int positional_after;   /* operands after which nothing is an option; -1: never */
	int min_operands;
	int max_operands; /* -1: any number */
};

/**
 * opt_parse - sort @argv (argv[0] is the command's name) into @target and operands.
 * @ret_operands: points into argv, which is reordered
 * Return: 0, or -EINVAL with words such as "unknown option --frob", or 1 when --help/-h was met.
 */
int opt_parse(const struct opt_command *command, int argc, char **argv, void *target,
	      char ***ret_operands, int *ret_count, struct oci_error *err);

/** opt_print_help - the --help text of a command. @program: "carte-runtime create" */
void opt_print_help(const struct opt_command *command, const char *program, FILE *out);

void opt_list_free(struct opt_list *list);

#endif
