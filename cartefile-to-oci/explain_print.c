/* SPDX-License-Identifier: Apache-2.0 */
/*
 * explain_print.c - see explain_print.h. What is printed comes from an image: control characters become "?".
 */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/path.h"
#include "cartefile-to-oci/explain_print.h"

#define BIGGEST 10
#define CHAIN_MAX 64 /* longer than any; a document could go round */
#define LINKS_MAX 40

static void put_text(const char *text, FILE *out)
{
	for (; *text; text++)
		(void)fputc((unsigned char)*text < 0x20 || *text == 0x7f ? '?' : *text, out);
}

/* Three digits or so: "12.3M" */
static const char *size_words(uint64_t bytes, char buf[16])
{
	static const char units[] = "BKMGTPE";
	uint64_t whole = bytes, tenth = 0;
	size_t unit = 0;

	for (; whole >= 1024; unit++) {
		tenth = whole % 1024 * 10 / 1024;
		whole /= 1024;
	}
	if (unit == 0 || whole >= 100)
		(void)snprintf(buf, 16, "%" PRIu64 "%c", whole, units[unit]);
	else
		(void)snprintf(buf, 16, "%" PRIu64 ".%" PRIu64 "%c", whole, tenth, units[unit]);
	return buf;
}

/* ---- sums by a word ---- */

struct sum {
	const char *word;
	size_t files;
	uint64_t bytes;
};

struct sums {
	struct sum *list;
	size_t len, room;
};

/* "NEEDED, PATH, line 3": what stands for a group of files */
static size_t group_length(const char *why)
{
	const char *line = strstr(why, ", line ");

	if (line)
		return (size_t)(line - why);
	return strncmp(why, "licence of package ", 19) == 0 ? strlen("licence of package")
							    : strlen(why);
}

static int add_to(struct sums *sums, struct oci_arena *arena, const char *why, uint64_t bytes)
{
	size_t length = group_length(why), i = 0;

	while (i < sums->len && (strncmp(sums->list[i].word, why, length) != 0 ||
				 sums->list[i].word[length] != '\0'))
		i++;
	if (i == sums->len) {
		if (sums->len == sums->room) {
			size_t room = sums->room ? sums->room * 2 : 16;
			struct sum *more = oci_arena_array(arena, room, sizeof(*more));

			if (!more)
				return -ENOMEM;
			if (sums->len > 0)
				memcpy(more, sums->list, sums->len * sizeof(*more));
			sums->list = more;
			sums->room = room;
		}
		sums->list[sums->len++] =
			(struct sum){ oci_arena_strndup(arena, why, length), 0, 0 };
		if (!sums->list[i].word)
			return -ENOMEM;
	}
	sums->list[i].files++;
	sums->list[i].bytes += bytes;
	return 0;
}

static int by_bytes(const void *a, const void *b)
{
	const struct sum *x = a, *y = b;

	if (x->bytes != y->bytes)
		return x->bytes < y->bytes ? 1 : -1;
	return strcmp(x->word, y->word);
}

static void print_sums(const char *head, struct sums *sums, FILE *out)
{
	char size[16];

	if (sums->len == 0)
		return;
	qsort(sums->list, sums->len, sizeof(*sums->list), by_bytes);
	fprintf(out, "\n%8s %7s  %s\n", "SIZE", "FILES", head);
	for (size_t i = 0; i < sums->len; i++) {
		fprintf(out, "%8s %7zu  ", size_words(sums->list[i].bytes, size),
			sums->list[i].files);
		put_text(sums->list[i].word, out);
		(void)fputc('\n', out);
	}
}

/* ---- the whole ---- */

static bool is_folder(const struct explain_file *file)
{
	return strcmp(file->type, "folder") == 0;
}

static int by_size(const void *a, const void *b)
{
	const struct explain_file *x = *(const struct explain_file *const *)a;
	const struct explain_file *y = *(const struct explain_file *const *)b;

	if (x->size.value != y->size.value)
		return x->size.value < y->size.value ? 1 : -1;
	return strcmp(x->path, y->path);
}

static int print_biggest(const struct explain *explain, struct oci_arena *arena, FILE *out)
{
	const struct explain_file **list =
		oci_arena_array(arena, explain->files_len + 1, sizeof(*list));
	char size[16];

	if (!list)
		return -ENOMEM;
	for (size_t i = 0; i < explain->files_len; i++)
		list[i] = &explain->files[i];
	qsort(list, explain->files_len, sizeof(*list), by_size);
	if (explain->files_len == 0 || list[0]->size.value == 0)
		return 0;
	fprintf(out, "\n%8s  BIGGEST FILES\n", "SIZE");
	for (size_t i = 0; i < explain->files_len && i < BIGGEST && list[i]->size.value > 0; i++) {
		fprintf(out, "%8s  ", size_words(list[i]->size.value, size));
		put_text(list[i]->path, out);
		fprintf(out, " (");
		put_text(list[i]->why, out);
		fprintf(out, ")\n");
	}
	return 0;
}

static void print_total(const char *word, const struct explain_total *total, FILE *out)
{
	char size[16];

	if (total)
		fprintf(out, "%s: %" PRIu64 " files, %s\n", word, total->files.value,
			size_words(total->bytes.value, size));
}

static int sum_up(const struct explain *explain, struct oci_arena *arena, struct sums *reasons,
		  struct sums *layers, struct sums *left_out)
{
	int e = 0;

	for (size_t i = 0; e == 0 && i < explain->files_len; i++) {
		const struct explain_file *file = &explain->files[i];

		if (!is_folder(file))
			e = add_to(reasons, arena, file->why, file->size.value);
		if (e == 0 && file->layer)
			e = add_to(layers, arena, file->layer, file->size.value);
	}
	for (size_t i = 0; e == 0 && i < explain->left_out_len; i++)
		e = add_to(left_out, arena, explain->left_out[i].why,
			   explain->left_out[i].size.value);
	return e;
}

int explain_print(const struct explain *explain, FILE *out, struct oci_error *err)
{
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	struct sums reasons = { 0 }, layers = { 0 }, left_out = { 0 };

	if (sum_up(explain, &arena, &reasons, &layers, &left_out) < 0)
		return err_nomem(err);
	put_text(explain->name ? explain->name : "(no name)", out);
	fprintf(out, "\nslim: ");
	put_text(explain->slim ? explain->slim : "none", out);
	(void)fputc('\n', out);
	print_total("kept", explain->kept, out);
	print_total("left out", explain->left_out_total, out);
	print_sums("KEPT BECAUSE", &reasons, out);
	print_sums("LAYER", &layers, out);
	print_sums("LEFT OUT BECAUSE", &left_out, out);
	if (print_biggest(explain, &arena, out) < 0)
		return err_nomem(err);
	for (size_t i = 0; i < explain->suggestions_len; i++) {
		fprintf(out, i == 0 ? "\nTo consider:\n  " : "  ");
		put_text(explain->suggestions[i], out);
		(void)fputc('\n', out);
	}
	return 0;
}

void explain_print_files(const struct explain *explain, FILE *out)
{
	for (size_t i = 0; i < explain->files_len; i++) {
		const struct explain_file *file = &explain->files[i];

		fprintf(out, "%10" PRIu64 "  %-11s  ", file->size.value,
			file->layer ? file->layer : "-");
		put_text(file->path, out);
		if (file->target) {
			fprintf(out, " -> ");
			put_text(file->target, out);
		}
		fprintf(out, "  (");
		put_text(file->why, out);
		if (file->because) {
			fprintf(out, ": ");
			put_text(file->because, out);
		}
		fprintf(out, ")\n");
	}
}

void explain_print_left_out(const struct explain *explain, FILE *out)
{
	for (size_t i = 0; i < explain->left_out_len; i++) {
		fprintf(out, "%10" PRIu64 "  ", explain->left_out[i].size.value);
		put_text(explain->left_out[i].path, out);
		fprintf(out, "  (");
		put_text(explain->left_out[i].why, out);
		fprintf(out, ")\n");
	}
}

/* ---- why ---- */

static const struct explain_file *find(const struct explain *explain, const char *path)
{
	for (size_t i = 0; i < explain->files_len; i++)
		if (strcmp(explain->files[i].path, path) == 0)
			return &explain->files[i];
	return NULL;
}

/* "/lib/x" is "/usr/lib/x" where /lib is a link: links in the middle are followed, the last one is not. */
static const struct explain_file *find_by_links(const struct explain *explain, const char *path)
{
	char name[PATH_MAX];

	if (path[0] != '/' || strlen(path) >= sizeof(name))
		return NULL;
	(void)path_clean(strcpy(name, path));
	for (unsigned links = 0; links <= LINKS_MAX; links++) {
		const struct explain_file *file = find(explain, name);
		bool followed = false;

		if (file)
			return file;
		for (char *at = strchr(name + 1, '/'); at && !followed; at = strchr(at + 1, '/')) {
			char next[PATH_MAX];
			int n;

			*at = '\0';
			file = find(explain, name);
			if (file && file->target) {
				char *slash = strrchr(name, '/');

				*slash = '\0';
				n = snprintf(next, sizeof(next), "%s/%s/%s",
					     file->target[0] == '/' ? "" : name, file->target,
					     at + 1);
				if (n < 0 || (size_t)n >= sizeof(next))
					return NULL;
				(void)path_clean(strcpy(name, next));
				followed = true;
				break;
			}
			*at = '/';
		}
		if (!followed)
			return NULL;
	}
	return NULL;
}

static int print_left_out_why(const struct explain *explain, const char *path, FILE *out,
			      struct oci_error *err)
{
	for (size_t i = 0; i < explain->left_out_len; i++) {
		const struct explain_left_out *file = &explain->left_out[i];

		if (strcmp(file->path, path) != 0)
			continue;
		put_text(path, out);
		fprintf(out, ": left out: ");
		put_text(file->why, out);
		(void)fputc('\n', out);
		return 0;
	}
	return err_set(err, ENOENT, "%s: neither in the image nor left out of it", path);
}

int explain_print_why(const struct explain *explain, const char *path, FILE *out,
		      struct oci_error *err)
{
	const struct explain_file *file = find_by_links(explain, path);

	if (!file)
		return print_left_out_why(explain, path, out, err);
	for (unsigned i = 0; file && i < CHAIN_MAX; i++) {
		put_text(file->path, out);
		if (file->target) {
			fprintf(out, " -> ");
			put_text(file->target, out);
		}
		fprintf(out, ": ");
		put_text(file->why, out);
		if (file->because) {
			fprintf(out, " (");
			put_text(file->because, out);
			(void)fputc(')', out);
		}
		(void)fputc('\n', out);
		file = file->because ? find(explain, file->because) : NULL;
	}
	return 0;
}
