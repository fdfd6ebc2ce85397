/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verify.c - --verify: does the slim image do what the unslimmed one does? See trace.h.
 */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "cartefile-to-oci/trace.h"
#include "cartefile-to-oci/trace_run.h"
#include "cartefile-to-oci/words.h"

#define MISSING_SHOWN 6

/* What --keep would bring a path back. */
static void keep_word(const char *path, char *ret, size_t size)
{
	static const struct {
		const char *prefix;
		const char *set;
		bool named; /* the next component, or all that follows, is the set's name */
	} sets[] = {
		{ "/usr/lib/locale/", "locale:", true },
		{ "/usr/share/zoneinfo/", "tz:", true },
		{ "/usr/lib/ssl/certs", "ca", false },
		{ "/etc/ssl/certs", "ca", false },
		{ "/usr/share/ca-certificates", "ca", false },
		{ "/usr/share/terminfo/", "terminfo", false },
		{ "/lib/terminfo/", "terminfo", false },
	};

	if (strstr(path, "/gconv/") || strstr(path, "/libnss_")) {
		(void)snprintf(ret, size, "%s", strstr(path, "/gconv/") ? "gconv" : "nss");
		return;
	}
	for (size_t i = 0; i < ARRAY_LEN(sets); i++) {
		const char *rest = path + strlen(sets[i].prefix);
		int length;

		if (strncmp(path, sets[i].prefix, strlen(sets[i].prefix)) != 0)
			continue;
		length = (int)(strcmp(sets[i].set, "locale:") == 0 ? strcspn(rest, "/")
								   : strlen(rest));
		if (!sets[i].named)
			length = 0;
		/* glibc's folder is C.utf8, its name C.UTF-8 */
		if (length > 5 && memcmp(rest + length - 5, ".utf8", 5) == 0)
			(void)snprintf(ret, size, "%s%.*s.UTF-8", sets[i].set, length - 5, rest);
		else
			(void)snprintf(ret, size, "%s%.*s", sets[i].set, length, rest);
		return;
	}
	(void)snprintf(ret, size, "%s", path);
}

/* "; missing in the slim image: PATH (add --keep X), ..." */
static void name_missing(char *const *paths, size_t len, char *ret, size_t size)
{
	size_t used = 0, shown = 0;

	ret[0] = '\0';
	for (size_t i = 0; i < len; i++) {
		char word[300];
		int n;

		keep_word(paths[i], word, sizeof(word));
		n = snprintf(ret + used, size - used, "%s%s (add --keep %s)",
			     shown ? ", " : "; missing in the slim image: ", paths[i], word);
		if (n < 0 || (size_t)n >= size - used || shown == MISSING_SHOWN) {
			(void)snprintf(ret + used, size - used, ", and %zu more", len - shown);
			return;
		}
		used += (size_t)n;
		shown++;
	}
}

static bool same_output(const struct trace_output *a, const struct trace_output *b)
{
	return a->length == b->length && a->cut == b->cut &&
	       (!a->length || memcmp(a->text, b->text, a->length) == 0);
}

/* The last line of what it said: there programs say why they end. */
static const char *last_line(const struct trace_output *output, int *ret_length)
{
	const char *end = output->text ? output->text + output->length : "", *start;

	while (output->text && end > output->text && end[-1] == '\n')
		end--;
	start = output->text ? memrchr(output->text, '\n', (size_t)(end - output->text)) : NULL;
	start = start ? start + 1 : output->text ? output->text : end;
	*ret_length = (int)(end - start < 200 ? end - start : 200);
	return start;
}

static int differ(const char *command, const struct trace_outcome *full,
		  const struct trace_outcome *slim, const struct trace_watch *watch,
		  struct oci_arena *arena, struct oci_error *err)
{
	char missing[700], how[64];
	const char *said;
	char **paths;
	size_t len;
	int length, r = trace_watch_paths(watch, true, arena, &paths, &len, err);

	if (r < 0)
		return r;
	name_missing(paths, len, missing, sizeof(missing));
	said = last_line(&slim->err, &length);
	if (full->exit_status != slim->exit_status)
		(void)snprintf(how, sizeof(how),
			       "status %d in the unslimmed image, %d in the slim one",
			       full->exit_status, slim->exit_status);
	else
		(void)snprintf(how, sizeof(how), "other output in the slim image");
	return err_set(err, ENOEXEC, "verify '%s': %s%s%.*s%s%s", command, how,
		       length ? "; it said '" : "", length, said, length ? "'" : "", missing);
}

int verify_run(const struct build_options *options, const struct layout *layout,
	       const struct image_docs *full, const struct tree *full_tree,
	       const struct image_docs *slim, struct oci_error *err)
{
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	struct trace_outcome outcomes[2] = { 0 };
	struct trace_watch watches[2] = { 0 };
	const struct image_docs *images[] = { full, slim };
	struct trace_plan plan = trace_plan_for(options, layout, full);
	int r;

	plan.capture = true;
	r = words_split("--verify", options->verify, &arena, &plan.words, &plan.words_len, err);
	/* both listened to, so that both run under the same conditions */
	for (size_t i = 0; r == 0 && i < ARRAY_LEN(images); i++) {
		plan.image = images[i];
		r = trace_watch_init(&watches[i], full_tree, err);
		if (r == 0)
			r = trace_run_once(&plan, &watches[i], &outcomes[i], err);
		if (r < 0)
			err_prefix(err, "verify '%s' in the %s image: ", options->verify,
				   i ? "slim" : "unslimmed");
	}
	if (r == 0 && (outcomes[0].exit_status != outcomes[1].exit_status ||
		       !same_output(&outcomes[0].out, &outcomes[1].out)))
		r = differ(options->verify, &outcomes[0], &outcomes[1], &watches[1], &arena, err);
	for (size_t i = 0; i < ARRAY_LEN(images); i++) {
		trace_outcome_free(&outcomes[i]);
		trace_watch_free(&watches[i]);
	}
	return r;
}
