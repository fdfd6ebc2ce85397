/* SPDX-License-Identifier: Apache-2.0 */
/*
 * build_report.c - progress, and the result as text and as JSON; see build_report.h.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <yajl/yajl_gen.h>

#include "base/error.h"
#include "base/mem.h"
#include "cartefile-to-oci/build_report.h"

/* ---- progress ----------------------------------------------------------------------------------------------------- */

void build_progress_line(void *progress, const char *line)
{
	struct build_progress *self = progress;
	struct winsize size = { .ws_col = 0 };
	int columns;

	if (!self->is_on)
		return;
	/* a line that wraps could not be taken back */
	columns = ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 8 ? size.ws_col - 1
										  : 79;
	(void)fprintf(stderr, "\r\033[K%.*s", columns, line);
	(void)fflush(stderr);
	self->is_dirty = true;
}

void build_progress_end(struct build_progress *progress)
{
	if (progress->is_dirty)
		(void)fputs("\r\033[K", stderr);
	progress->is_dirty = false;
}

/* ---- text --------------------------------------------------------------------------------------------------------- */

/* "4.1 MB" */
static const char *size_words(uint64_t size, char buf[24])
{
	static const char *const units[] = { "bytes", "kB", "MB", "GB", "TB" };
	double value = (double)size;
	size_t unit = 0;

	while (value >= 1000 && unit + 1 < ARRAY_LEN(units)) {
		value /= 1000;
		unit++;
	}
	(void)snprintf(buf, 24, unit == 0 ? "%.0f %s" : "%.1f %s", value, units[unit]);
	return buf;
}

static void print_more(const struct build_result *result, FILE *out)
{
	char a[24], b[24];

	if (result->base_layers > 0)
		(void)fprintf(out, "  %zu layers of the base, as they are\n", result->base_layers);
	for (size_t i = 0; i < result->layers_len; i++)
		(void)fprintf(out, "  %-12s %6zu entries %10s%s\n", result->layer_words[i],
			      result->layers[i].entries, size_words(result->layers[i].size, a),
			      result->layer_cached[i] ? ", unchanged" : "");
	if (result->slim.left_out > 0)
		(void)fprintf(out, "  %zu files left out, %s; %zu kept, %s\n",
			      result->slim.left_out, size_words(result->slim.left_out_bytes, a),
			      result->slim.kept, size_words(result->slim.kept_bytes, b));
	for (size_t i = 0; i < result->slim.suggestions_len; i++)
		(void)fprintf(out, "  note: %s\n", result->slim.suggestions[i]);
	(void)fprintf(out, "  %s in all%s\n", size_words(result->total_size, a),
		      result->cached ? ", nothing has changed" : "");
}

void build_print_digest(const struct build_result *result, FILE *out)
{
	char digest[DIGEST_TEXT_SIZE];

	(void)fprintf(out, "%s\n", digest_format(&result->manifest, digest));
}

void build_print_text(const struct build_result *result, FILE *more, FILE *out)
{
	char digest[DIGEST_TEXT_SIZE];

	if (more)
		print_more(result, more);
	(void)fprintf(out, "%s%s%s\n", result->name ? result->name : "", result->name ? " " : "",
		      digest_format(&result->manifest, digest));
}

/* ---- JSON --------------------------------------------------------------------------------------------------------- */

static void text(yajl_gen gen, const char *value)
{
	if (value)
		(void)yajl_gen_string(gen, (const unsigned char *)value, strlen(value));
	else
		(void)yajl_gen_null(gen);
}

static void member(yajl_gen gen, const char *key, const char *value)
{
	text(gen, key);
	text(gen, value);
}

static void member_number(yajl_gen gen, const char *key, uint64_t value)
{
	text(gen, key);
	(void)yajl_gen_integer(gen, (long long)value);
}

static void member_bool(yajl_gen gen, const char *key, bool value)
{
	text(gen, key);
	(void)yajl_gen_bool(gen, value);
}

static void member_digest(yajl_gen gen, const char *key, const struct digest *value)
{
	char digest[DIGEST_TEXT_SIZE];

	member(gen, key, digest_format(value, digest));
}

static void layer(yajl_gen gen, const struct build_result *result, size_t i)
{
	(void)yajl_gen_map_open(gen);
	member(gen, "content", result->layer_words[i]);
	member_digest(gen, "digest", &result->layers[i].blob);
	member_digest(gen, "diffId", &result->layers[i].diff_id);
	member_number(gen, "size", result->layers[i].size);
	member_number(gen, "tarSize", result->layers[i].tar_size);
	member_number(gen, "entries", result->layers[i].entries);
	member_bool(gen, "cached", result->layer_cached[i]);
	(void)yajl_gen_map_close(gen);
}

static void slim(yajl_gen gen, const struct slim_report *report)
{
	text(gen, "slim");
	(void)yajl_gen_map_open(gen);
	member_number(gen, "kept", report->kept);
	member_number(gen, "keptBytes", report->kept_bytes);
	member_number(gen, "leftOut", report->left_out);
	member_number(gen, "leftOutBytes", report->left_out_bytes);
	text(gen, "suggestions");
	(void)yajl_gen_array_open(gen);
	for (size_t i = 0; i < report->suggestions_len; i++)
		text(gen, report->suggestions[i]);
	(void)yajl_gen_array_close(gen);
	(void)yajl_gen_map_close(gen);
}

static void document(yajl_gen gen, const struct build_result *result)
{
	(void)yajl_gen_map_open(gen);
	member(gen, "name", result->name);
	member_digest(gen, "manifest", &result->manifest);
	member_digest(gen, "config", &result->config);
	member_number(gen, "size", result->total_size);
	member_bool(gen, "cached", result->cached);
	member_number(gen, "baseLayers", result->base_layers);
	text(gen, "layers");
	(void)yajl_gen_array_open(gen);
	for (size_t i = 0; i < result->layers_len; i++)
		layer(gen, result, i);
	(void)yajl_gen_array_close(gen);
	slim(gen, &result->slim);
	(void)yajl_gen_map_close(gen);
}

int build_print_json(const struct build_result *result, FILE *out, struct oci_error *err)
{
	yajl_gen gen = yajl_gen_alloc(NULL);
	const unsigned char *buf;
	size_t length;
	int r = 0;

	if (!gen)
		return err_nomem(err);
	document(gen, result);
	/* any member that could not be written has left the generator in an error, and then there is no text */
	if (yajl_gen_get_buf(gen, &buf, &length) != yajl_gen_status_ok || length == 0)
		r = err_nomem(err);
	else
		(void)fprintf(out, "%.*s\n", (int)length, (const char *)buf);
	yajl_gen_free(gen);
	return r;
}
