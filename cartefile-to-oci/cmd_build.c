/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd_build.c - `build`, which is also what is done without a verb: a context becomes an image.
 */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "cartefile-to-oci/build.h"
#include "cartefile-to-oci/build_report.h"
#include "cartefile-to-oci/cmds.h"
#include "cartefile-to-oci/explain.h"

struct build_args {
	const char *file, *slim, *layers, *compress, *platform, *explain, *sysroot, *sbom, *probe,
		*exercise, *verify, *runtime, *store, *format;
	struct opt_list outputs, keep;
	uint32_t trace_seconds;
	bool no_cache, quiet;
};

#define AT(m) offsetof(struct build_args, m)

static const struct opt build_opts[] = {
	{ "file", 'f', OPT_STRING, AT(file), "CARTEFILE",
	  "the Cartefile; default: CONTEXT/Cartefile; - is standard input" },
	{ "output", 'o', OPT_LIST, AT(outputs), "DEST",
	  "oci:DIR[:REF], oci-archive:FILE[:REF], docker-archive:FILE[:REF], bundle:DIR or store; "
	  "repeatable; default: store" },
	{ "slim", 0, OPT_STRING, AT(slim), "LEVEL", "none, prune, elf or trace" },
	{ "keep", 'k', OPT_LIST, AT(keep), "SET",
	  "locale:NAME, tz:ZONE, ca, gconv, nss, terminfo, or a path, whatever --slim says; "
	  "repeatable" },
	{ "layers", 0, OPT_STRING, AT(layers), "N", "3 (default), 1 or auto" },
	{ "compress", 0, OPT_STRING, AT(compress), "HOW", "gzip (default), zstd or none" },
	{ "platform", 0, OPT_STRING, AT(platform), "OS/ARCH",
	  "default: the base's, the program's or this machine's" },
	{ "no-cache", 0, OPT_FLAG, AT(no_cache), NULL, "make everything anew" },
	{ "explain", 0, OPT_STRING, AT(explain), "FILE",
	  "write why each file is in the image, and what is not; - is standard output" },
	{ "sysroot", 0, OPT_STRING, AT(sysroot), "DIR",
	  "FROM scratch: where a dynamic program's libraries are; default: /" },
	{ "sbom", 0, OPT_STRING, AT(sbom), "FILE", "write an SPDX document of the packages" },
	{ "probe", 0, OPT_STRING, AT(probe), "CMD",
	  "--slim trace: run this in the container instead of the program" },
	{ "exercise", 0, OPT_STRING, AT(exercise), "CMD",
	  "--slim trace: run this on the host while the program runs; the program ends with it" },
	{ "trace-seconds", 0, OPT_U32, AT(trace_seconds), "N",
	  "--slim trace: how long the program may run; default: 10" },
	{ "verify", 0, OPT_STRING, AT(verify), "CMD",
	  "run this in the image and in the unslimmed one, and compare" },
	{ "runtime", 0, OPT_STRING, AT(runtime), "PROGRAM",
	  "for --slim trace and --verify; default: carte-runtime" },
	{ "format", 0, OPT_STRING, AT(format), "FORMAT", "text (default) or json: the result" },
	{ "quiet", 'q', OPT_FLAG, AT(quiet), NULL, "print the manifest's digest and nothing else" },
	CMD_STORE_OPTION(build_args),
	{ .name = NULL },
};

/* ---- words of options --------------------------------------------------------------------------------------------- */

static int choose(const char *option, const char *word, const char *const *words, int *ret,
		  struct oci_error *err)
{
	char known[128] = "";

	for (int i = 0; words[i]; i++) {
		if (strcmp(words[i], word) == 0) {
			*ret = i;
			return 0;
		}
		(void)snprintf(known + strlen(known), sizeof(known) - strlen(known), "%s%s",
			       i == 0         ? ""
			       : words[i + 1] ? ", "
					      : " or ",
			       words[i]);
	}
	return err_set_as(err, ERR_USAGE, EINVAL, "--%s %s: expected %s", option, word, known);
}

static int read_words(const struct build_args *args, struct build_options *options,
		      bool *ret_is_json, struct oci_error *err)
{
	static const char *const slims[] = { "none", "prune", "elf", "trace", NULL };
	static const char *const layers[] = { "3", "1", "auto", NULL };
	static const char *const compressors[] = { "gzip", "zstd", "none", NULL };
	static const char *const formats[] = { "text", "json", NULL };
	int value, r = 0;

	if (args->slim && (r = choose("slim", args->slim, slims, &value, err)) == 0) {
		options->slim_given = true;
		options->slim = (enum slim_level)value;
	}
	if (r == 0 && args->layers &&
	    (r = choose("layers", args->layers, layers, &value, err)) == 0)
		options->layers = (enum layer_plan)value;
	if (r == 0 && args->compress &&
	    (r = choose("compress", args->compress, compressors, &value, err)) == 0)
		options->compression = (enum layer_compression)value;
	if (r == 0 && args->format &&
	    (r = choose("format", args->format, formats, &value, err)) == 0)
		*ret_is_json = value == 1;
	return r;
}

/* ---- destinations ------------------------------------------------------------------------------------------------- */

static const struct {
	const char *scheme;
	enum build_dest_kind kind;
	bool has_ref;
} schemes[] = {
	{ "oci:", DEST_OCI, true },
	{ "oci-archive:", DEST_OCI_ARCHIVE, true },
	{ "docker-archive:", DEST_DOCKER_ARCHIVE, true },
	{ "bundle:", DEST_BUNDLE, false },
};

/* The first colon ends the path, as for skopeo: the reference may have more. */
static int parse_dest(const char *text, struct build_dest *ret, struct oci_error *err)
{
	if (strcmp(text, "store") == 0) {
		ret->kind = DEST_STORE;
		return 0;
	}
	for (size_t i = 0; i < ARRAY_LEN(schemes); i++) {
		size_t length = strlen(schemes[i].scheme);
		char *colon;

		if (strncmp(text, schemes[i].scheme, length) != 0)
			continue;
		ret->kind = schemes[i].kind;
		ret->path = strdup(text + length);
		if (!ret->path)
			return err_nomem(err);
		colon = schemes[i].has_ref ? strchr(ret->path, ':') : NULL;
		if (colon) {
			*colon = '\0';
			ret->ref = colon + 1;
		}
		if (!ret->path[0] || (ret->ref && !ret->ref[0]))
			return err_set_as(err, ERR_USAGE, EINVAL, "--output %s: %s is missing",
					  text, ret->path[0] ? "the reference" : "the path");
		return 0;
	}
	return err_set_as(err, ERR_USAGE, EINVAL,
			  "--output %s: expected oci:DIR[:REF], oci-archive:FILE[:REF], "
			  "docker-archive:FILE[:REF], bundle:DIR or store",
			  text);
}

static int parse_dests(const struct opt_list *list, struct build_options *options,
		       struct oci_error *err)
{
	int r = 0;

	if (list->len == 0)
		return 0;
	options->dests = calloc(list->len, sizeof(*options->dests));
	if (!options->dests)
		return err_nomem(err);
	options->dests_len = list->len;
	for (size_t i = 0; i < list->len && r == 0; i++)
		r = parse_dest(list->items[i], &options->dests[i], err);
	return r;
}

static void free_dests(struct build_options *options)
{
	for (size_t i = 0; i < options->dests_len; i++)
		free(options->dests[i].path);
	free(options->dests);
}

/* ---- the run ------------------------------------------------------------------------------------------------------ */

/* `--explain -`: the document takes standard output, the rest goes to stderr. */
static int print_explanation(const struct store *store, const struct build_result *result,
			     struct oci_error *err)
{
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	size_t length;
	char *text;
	int r = explain_load(store->path, &result->manifest, &arena, &text, &length, err);

	if (r == 0)
		(void)fwrite(text, 1, length, stdout);
	return r;
}

static int print_result(const struct build_args *args, const struct build_result *result,
			bool is_json, FILE *more, struct oci_error *err)
{
	FILE *out = args->explain && strcmp(args->explain, "-") == 0 ? stderr : stdout;

	if (is_json)
		return build_print_json(result, out, err);
	if (args->quiet)
		build_print_digest(result, out);
	else
		build_print_text(result, more, out);
	return 0;
}

static int run(struct build_options *options, const struct build_args *args, bool is_json,
	       struct oci_error *err)
{
	struct build_progress progress = { .is_on = !args->quiet && isatty(STDERR_FILENO) };
	struct build_result result = { .arena = OCI_ARENA_INIT };
	struct store store = STORE_INIT;
	int r = store_open(args->store, &store, err);

	if (r < 0)
		return r;
	options->store = &store;
	r = build(options, build_progress_line, &progress, &result, err);
	build_progress_end(&progress);
	if (r == 0 && args->explain && strcmp(args->explain, "-") == 0)
		r = print_explanation(&store, &result, err);
	store_close(&store);
	if (r == 0)
		r = print_result(args, &result, is_json, progress.is_on ? stderr : NULL, err);
	build_result_free(&result);
	return r;
}

static int build_run(void *arguments, char **operands, int count, struct oci_error *err)
{
	struct build_args *args = arguments;
	struct build_options options = {
		.cartefile = args->file,
		.context = count > 0 ? operands[0] : ".",
		.keep = args->keep.items,
		.keep_len = args->keep.len,
		.platform = args->platform,
		.no_cache = args->no_cache,
		.explain = args->explain,
		.sysroot = args->sysroot,
		.sbom = args->sbom,
		.probe = args->probe,
		.exercise = args->exercise,
		.trace_seconds = args->trace_seconds,
		.verify = args->verify,
		.runtime = args->runtime,
	};
	bool is_json = false;
	int r = read_words(args, &options, &is_json, err);

	if (r == 0)
		r = parse_dests(&args->outputs, &options, err);
	if (r == 0)
		r = run(&options, args, is_json, err);
	free_dests(&options);
	opt_list_free(&args->outputs);
	opt_list_free(&args->keep);
	return r < 0 ? r : 0;
}

const struct cmd cmd_build = {
	.command = { "build", "[OPTIONS] [CONTEXT]", "make an image from a Cartefile", build_opts,
		     -1, 0, 1 },
	.options_size = sizeof(struct build_args),
	.run = build_run,
};
