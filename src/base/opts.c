/* SPDX-License-Identifier: Apache-2.0 */
/*
 * opts.c - one walk over argv by a command's table.
 *
 * argv is only permuted (options, then "--", then operands), so parsing it a
 * second time, as after the re-execution of seal_self, gives the same result.
 * The only heap is the arrays of repeatable options.
 */
#include <stdint.h>
#include <string.h>

#include "base/error.h"
#include "base/io.h"
#include "base/mem.h"
#include "base/opts.h"

struct walk {
	const struct opt *opts;
	char *target;
	const char *next; /* the word behind the current one; NULL at the end */
	bool took_next;
};

static bool takes_value(const struct opt *opt)
{
	return opt->kind != OPT_FLAG && opt->kind != OPT_IGNORED_FLAG;
}

static const struct opt *find_long(const struct opt *opts, const char *name, size_t length)
{
	for (; opts->name; opts++)
		if (!strncmp(opts->name, name, length) && !opts->name[length])
			return opts;
	return NULL;
}

static const struct opt *find_letter(const struct opt *opts, char letter)
{
	for (; opts->name; opts++)
		if (opts->letter && opts->letter == letter)
			return opts;
	return NULL;
}

static int list_add(struct opt_list *list, const char *item)
{
	/* grows at powers of two, so the capacity needs no member */
	if ((list->len & (list->len - 1)) == 0) {
		size_t room = list->len ? list->len * 2 : 1;
		const char **items = reallocarray(list->items, room, sizeof(*items));

		if (!items)
			return -ENOMEM;
		list->items = items;
	}
	list->items[list->len++] = item;
	return 0;
}

void opt_list_free(struct opt_list *list)
{
	free(list->items);
	list->items = NULL;
	list->len = 0;
}

/* The words that Go's strconv.ParseBool takes, as callers of runc are used to. */
static int parse_bool(const char *text, bool *ret)
{
	static const char *const yes[] = { "true", "1", "t", "T", "TRUE", "True" };
	static const char *const no[] = { "false", "0", "f", "F", "FALSE", "False" };

	for (size_t i = 0; i < ARRAY_LEN(yes); i++) {
		if (!strcmp(text, yes[i]) || !strcmp(text, no[i])) {
			*ret = !strcmp(text, yes[i]);
			return 0;
		}
	}
	return -EINVAL;
}

/* @value: NULL for a flag without one */
static int store(struct walk *walk, const struct opt *opt, const char *value, struct oci_error *err)
{
	void *slot = walk->target + opt->offset;
	bool on = true;
	int r;

	switch (opt->kind) {
	case OPT_FLAG:
	case OPT_IGNORED_FLAG:
		if (value && parse_bool(value, &on) < 0)
			return err_set_as(err, ERR_USAGE, EINVAL,
					  "invalid value \"%s\" for --%s: expected true or false",
					  value, opt->name);
		if (opt->kind == OPT_FLAG)
			*(bool *)slot = on;
		return 0;
	case OPT_STRING:
		/* "--pid-file=" is how a caller's empty variable arrives: none, as for runc */
		*(const char **)slot = *value ? value : NULL;
		return 0;
	case OPT_LIST:
		return list_add(slot, value) < 0 ? err_nomem(err) : 0;
	case OPT_U32:
		r = parse_u32(value, slot);
		if (r < 0)
			return err_set_as(err, ERR_USAGE, EINVAL,
					  "invalid value \"%s\" for --%s: %s", value, opt->name,
					  r == -ERANGE ? "out of range" : "expected a number");
		return 0;
	case OPT_IGNORED_STRING:
		return 0;
	}
	return err_set_as(err, ERR_USAGE, EINVAL, "unknown option --%s", opt->name);
}

/* @value: what stood behind "=", or NULL: then the next word, even when it begins with "-" */
static int store_or_next(struct walk *walk, const struct opt *opt, const char *value,
			 struct oci_error *err)
{
	if (!value && takes_value(opt)) {
		/* podman probes for these very words */
		if (!walk->next)
			return err_set_as(err, ERR_USAGE, EINVAL, "flag needs an argument: --%s",
					  opt->name);
		value = walk->next;
		walk->took_next = true;
	}
	return store(walk, opt, value, err);
}

/* "-x", "-xVALUE", "-x=VALUE", "-xyz" of flags; @word begins behind the dash */
static int parse_letters(struct walk *walk, const char *word, struct oci_error *err)
{
	const struct opt *opt = find_letter(walk->opts, *word);
	int r;

	if (opt && (takes_value(opt) || word[1] == '=')) {
		const char *value = word[1] ? word + 1 : NULL;

		return store_or_next(walk, opt, value && *value == '=' ? value + 1 : value, err);
	}
	/* all or nothing: "-tx" with an unknown x must not switch t on */
	for (const char *p = word; *p; p++) {
		opt = find_letter(walk->opts, *p);
		if (!opt || takes_value(opt))
			return err_set_as(err, ERR_USAGE, EINVAL, "unknown option -%s", word);
	}
	for (const char *p = word; *p; p++) {
		r = store(walk, find_letter(walk->opts, *p), NULL, err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* @word: begins with "-" and is neither "-" nor "--". 1: --help */
static int parse_word(struct walk *walk, const char *word, struct oci_error *err)
{
	bool dashes = word[1] == '-';
	const char *name = word + 1 + dashes;
	const char *equals = strchr(name, '=');
	size_t length = equals ? (size_t)(equals - name) : strlen(name);
	const struct opt *opt = length ? find_long(walk->opts, name, length) : NULL;

	if (opt)
		return store_or_next(walk, opt, equals ? equals + 1 : NULL, err);
	if (!strcmp(name, "help") || (!strcmp(name, "h") && !find_letter(walk->opts, 'h')))
		return 1;
	/* "--x" for a letter is what urfave/cli takes too */
	if (!dashes || length == 1)
		if (find_letter(walk->opts, *name))
			return parse_letters(walk, name, err);
	return err_set_as(err, ERR_USAGE, EINVAL, "unknown option %.*s", (int)(length + 1 + dashes),
			  word);
}

/* Bring the @used words at @at before the operands, which begin at @first. */
static void rotate(char **argv, int first, int at, int used)
{
	char *words[2] = { argv[at], used > 1 ? argv[at + 1] : NULL };

	if (first == at)
		return;
	memmove(argv + first + used, argv + first, (size_t)(at - first) * sizeof(*argv));
	memcpy(argv + first, words, (size_t)used * sizeof(*argv));
}

static int check_count(const struct opt_command *command, int count, struct oci_error *err)
{
	if (count < command->min_operands)
		return err_set_as(err, ERR_USAGE, EINVAL, "needs %s%d argument%s, got %d: %s %s",
				  command->max_operands == command->min_operands ? "" : "at least ",
				  command->min_operands, command->min_operands == 1 ? "" : "s",
				  count, command->name, command->usage);
	if (command->max_operands >= 0 && count > command->max_operands)
		return err_set_as(err, ERR_USAGE, EINVAL, "takes %s%d argument%s, got %d: %s %s",
				  command->max_operands == command->min_operands ? "" : "at most ",
				  command->max_operands, command->max_operands == 1 ? "" : "s",
				  count, command->name, command->usage);
	return 0;
}

int opt_parse(const struct opt_command *command, int argc, char **argv, void *target,
	      char ***ret_operands, int *ret_count, struct oci_error *err)
{
	int first = argc > 0 ? 1 : 0; /* of the operands */
	int at, r;

	for (at = first; at < argc; at++) {
		struct walk walk = { command->opts, target, at + 1 < argc ? argv[at + 1] : NULL,
				     false };
		const char *word = argv[at];
		int used;

		if (command->positional_after >= 0 && at - first >= command->positional_after)
			break;
		if (word[0] != '-' || !word[1])
			continue;
		if (!strcmp(word, "--")) {
			rotate(argv, first, at, 1);
			first++;
			break;
		}
		r = parse_word(&walk, word, err);
		if (r)
			return r;
		used = walk.took_next ? 2 : 1;
		rotate(argv, first, at, used);
		first += used;
		at += used - 1;
	}
	r = check_count(command, argc - first, err);
	if (r < 0)
		return r;
	*ret_operands = argv + first;
	*ret_count = argc - first;
	return 0;
}

static const char *metavariable(const struct opt *opt)
{
	if (!takes_value(opt))
		return "";
	return opt->arg ? opt->arg : "VALUE";
}

/* Columns of "-x, --name ARG". */
static int option_width(const struct opt *opt)
{
	return (int)(strlen("-x, --") + strlen(opt->name) + (takes_value(opt) ? 1 : 0) +
		     strlen(metavariable(opt)));
}

void opt_print_help(const struct opt_command *command, const char *program, FILE *out)
{
	int width = (int)strlen("-h, --help");
	bool own_h = find_letter(command->opts, 'h') != NULL;

	for (const struct opt *opt = command->opts; opt->name; opt++)
		if (opt->help && option_width(opt) > width)
			width = option_width(opt);
	fprintf(out, "Usage: %s%s%s\n\n%s\n\nOptions:\n", program, *command->usage ? " " : "",
		command->usage, command->summary);
	for (const struct opt *opt = command->opts; opt->name; opt++) {
		char letter[] = { '-', opt->letter, ',', ' ', '\0' };

		if (!opt->help)
			continue;
		fprintf(out, "  %s--%s%s%s%*s  %s\n", opt->letter ? letter : "    ", opt->name,
			takes_value(opt) ? " " : "", metavariable(opt), width - option_width(opt),
			"", opt->help);
	}
	fprintf(out, "  %s--help%*s  print this help\n", own_h ? "    " : "-h, ",
		width - (int)strlen("-h, --help"), "");
}
