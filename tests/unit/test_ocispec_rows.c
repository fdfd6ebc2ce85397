/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_ocispec_rows.c - the tables against the properties of the upstream schemas.
 *
 * tests/data/oci-properties.txt is what the schemas say. Each difference between it and the rows
 * needs a line in tests/data/oci-waivers.txt, and each of those lines needs its difference.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tables.h"

#define MAX_ROWS 1024
#define MAX_WAIVERS 256

/* a row, or the elements of one, by its path in the document */
struct place {
	char path[160];
	const struct oci_row *row;
	bool element;
	bool found;
};

struct waiver {
	char section[64], path[160], what[16];
	bool used;
};

static struct place places[MAX_ROWS];
static size_t places_len;
static struct waiver waivers[MAX_WAIVERS];
static size_t waivers_len;
static int differences;

static void add_place(const char *path, const struct oci_row *row, bool element)
{
	struct place *place = &places[places_len++];

	assert_true(places_len < MAX_ROWS);
	assert_true(strlen(path) < sizeof(place->path));
	strcpy(place->path, path);
	place->row = row;
	place->element = element;
	place->found = false;
}

static bool is_map(const struct oci_row *row)
{
	return row->kind == OCI_KIND_PAIRS || row->kind == OCI_KIND_MAP ||
	       row->kind == OCI_KIND_NAMES;
}

static void walk(const struct oci_table *table, const char *prefix)
{
	char path[160], inner[160];
	size_t i;

	for (i = 0; i < table->count; i++) {
		const struct oci_row *row = &table->rows[i];

		if (row->flags & OCI_REFUSED)
			continue;
		snprintf(path, sizeof(path), "%s%s%s", prefix, prefix[0] ? "." : "", row->key);
		add_place(path, row, false);
		snprintf(inner, sizeof(inner), "%.150s%s", path, is_map(row) ? "{}" : "[]");
		switch (row->kind) {
		case OCI_KIND_OBJECT:
			walk(row->of.table, path);
			break;
		case OCI_KIND_MAP:
			add_place(inner, row, true);
			walk(row->of.table, inner);
			break;
		case OCI_KIND_OBJECTS:
			walk(row->of.table, inner);
			break;
		case OCI_KIND_STRINGS:
		case OCI_KIND_U32S:
		case OCI_KIND_ENUMS:
		case OCI_KIND_PAIRS:
		case OCI_KIND_NAMES:
			add_place(inner, row, true);
			break;
		default:
			break;
		}
	}
}

/* A waiver holds for its path; "absent" and "extra" for all below it; "*" is the whole section. */
static bool is_waived(const char *section, const char *path, const char *what)
{
	bool waived = false;
	size_t i, length;

	for (i = 0; i < waivers_len; i++) {
		struct waiver *w = &waivers[i];

		length = strlen(w->path);
		if (strcmp(w->section, section) != 0 || strcmp(w->what, what) != 0)
			continue;
		if (strcmp(w->path, "*") != 0 && strcmp(w->path, path) != 0 &&
		    ((strcmp(what, "absent") != 0 && strcmp(what, "extra") != 0) ||
		     strncmp(w->path, path, length) != 0 || !strchr(".[{", path[length])))
			continue;
		w->used = true;
		waived = true;
	}
	return waived;
}

static void differ(const char *section, const char *path, const char *what, const char *detail)
{
	if (is_waived(section, path, what))
		return;
	print_error("%s: %s: %s %s\n", section, path, what, detail);
	differences++;
}

static const char *type_of(const struct place *place)
{
	switch (place->row->kind) {
	case OCI_KIND_STRING:
	case OCI_KIND_ENUM:
		return "string";
	case OCI_KIND_BOOL:
		return "boolean";
	case OCI_KIND_U32:
	case OCI_KIND_I64:
	case OCI_KIND_U64:
		return "integer";
	case OCI_KIND_OBJECT:
		return "object";
	case OCI_KIND_PAIRS:
		return place->element ? "string" : "object";
	case OCI_KIND_MAP:
	case OCI_KIND_NAMES:
		return "object";
	case OCI_KIND_U32S:
		return place->element ? "integer" : "array";
	case OCI_KIND_OBJECTS:
		return "array";
	default:
		return place->element ? "string" : "array";
	}
}

static bool same_range(const struct oci_row *row, const char *min, const char *max)
{
	bool is_signed = row->kind == OCI_KIND_I64;
	int64_t least = is_signed ? INT64_MIN : 0;
	uint64_t most = is_signed ? INT64_MAX : row->kind == OCI_KIND_U64 ? UINT64_MAX : UINT32_MAX;

	if (row->rule) {
		least = row->rule->min;
		most = row->rule->max;
	}
	if (min && strtoll(min + 4, NULL, 10) != least)
		return false;
	/* upstream's 9223372036854776000 is 2^63 - 1 as JavaScript writes it */
	return !max || strtoull(max + 4, NULL, 10) == most ||
	       (most == INT64_MAX && strcmp(max, "max=9223372036854776000") == 0);
}

static bool same_words(const struct oci_words *words, const char *list)
{
	char mine[1024] = "";
	size_t i, used = 0;

	for (i = 0; i < words->count; i++)
		used += (size_t)snprintf(mine + used, sizeof(mine) - used, "%s%s", i ? " " : "",
					 words->words[i].text);
	return strcmp(mine, list) == 0;
}

static void compare(const char *section, struct place *place, const char *limits, bool required)
{
	const struct oci_row *row = place->row;
	const char *one_of = strstr(limits, "one of: "), *pattern = strstr(limits, "pattern=");
	const char *type = type_of(place);
	bool words = row->kind == OCI_KIND_ENUM || (row->kind == OCI_KIND_ENUMS && place->element);
	bool leaf = strcmp(type, "array") != 0 && strcmp(type, "object") != 0;

	place->found = true;
	if (strncmp(limits, type, strlen(type)) != 0)
		differ(section, place->path, "type", type);
	if (!place->element && required != !!(row->flags & OCI_REQUIRED))
		differ(section, place->path, "required", required ? "upstream" : "here");
	if (strcmp(type, "integer") == 0 &&
	    !same_range(row, strstr(limits, "min="), strstr(limits, "max=")))
		differ(section, place->path, "limits", limits);
	if (words != !!one_of || (words && !same_words(row->of.words, one_of + 8)))
		if (leaf)
			differ(section, place->path, "limits", limits);
	if (leaf && strcmp(type, "string") == 0 && !one_of && !pattern != !row->rule)
		differ(section, place->path, "limits", limits);
}

static void check_line(const char *section, char *line)
{
	char *limits = strchr(line, '\t'), *required, *braces;
	size_t i;

	assert_non_null(limits);
	*limits++ = '\0';
	required = strchr(limits, '\t');
	if (required)
		*required++ = '\0';
	/* "array or null": null is an absent member everywhere */
	if (strcmp(limits, "null") == 0)
		return;
	braces = strstr(line, "{.{1,}}");
	if (braces)
		memmove(braces + 1, braces + 6, strlen(braces + 6) + 1);
	for (i = 0; i < places_len; i++) {
		if (strcmp(places[i].path, line) != 0)
			continue;
		compare(section, &places[i], limits, required != NULL);
		return;
	}
	differ(section, line, "absent", "");
}

static void open_section(const char *section)
{
	places_len = 0;
	if (strcmp(section, "config-schema.json") == 0)
		walk(&oci_config_table, "");
	else if (strcmp(section, "state-schema.json") == 0)
		walk(&oci_state_table, "");
	else if (strcmp(section, "features-schema.json") == 0)
		walk(&oci_features_table, "");
	else if (strcmp(section, "image-manifest-schema.json") == 0)
		walk(&oci_manifest_table, "");
	else if (strcmp(section, "image-index-schema.json") == 0)
		walk(&oci_index_table, "");
	else if (strcmp(section, "image-config-schema.json") == 0)
		walk(&oci_image_config_table, "");
	else if (strcmp(section, "image-layout-schema.json") == 0)
		walk(&oci_image_layout_table, "");
}

static void close_section(const char *section)
{
	size_t i;

	for (i = 0; i < places_len; i++)
		if (!places[i].found)
			differ(section, places[i].path, "extra", "");
}

static FILE *open_data(const char *name)
{
	const char *top = getenv("top_srcdir");
	char path[4096];
	FILE *file;

	snprintf(path, sizeof(path), "%s/tests/data/%s", top ? top : ".", name);
	file = fopen(path, "re");
	if (!file) {
		print_message("cannot open %s\n", path);
		fail();
	}
	return file;
}

static void read_waivers(void)
{
	FILE *file = open_data("oci-waivers.txt");
	char line[1024], reason[600];

	while (fgets(line, sizeof(line), file)) {
		struct waiver *w = &waivers[waivers_len];

		if (line[0] == '#' || line[0] == '\n')
			continue;
		assert_true(waivers_len < MAX_WAIVERS);
		if (sscanf(line, "%63[^\t]\t%159[^\t]\t%15[^\t]\t%599[^\n]", w->section, w->path,
			   w->what, reason) != 4) {
			print_error("not SECTION, PATH, WHAT and REASON: %s", line);
			fail();
		}
		waivers_len++;
	}
	fclose(file);
}

static void test_every_property_has_a_row_or_a_waiver(void **unused)
{
	FILE *file = open_data("oci-properties.txt");
	char line[2048], section[64] = "";
	int configs = 0, lines = 0;
	size_t i;

	(void)unused;
	read_waivers();
	while (fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\n")] = '\0';
		if (strncmp(line, "## ", 3) == 0) {
			close_section(section);
			snprintf(section, sizeof(section), "%.60s", line + 3);
			/* the image specification has a config-schema.json too */
			if (strcmp(section, "config-schema.json") == 0 && ++configs == 2)
				strcpy(section, "image-config-schema.json");
			open_section(section);
		} else if (line[0] && line[0] != '#') {
			check_line(section, line);
			lines++;
		}
	}
	close_section(section);
	fclose(file);
	assert_true(lines > 500);
	for (i = 0; i < waivers_len; i++) {
		if (waivers[i].used)
			continue;
		print_error("oci-waivers.txt: stale: %s %s %s\n", waivers[i].section,
			    waivers[i].path, waivers[i].what);
		differences++;
	}
	assert_int_equal(differences, 0);
}

static void check_table(const struct oci_table *table)
{
	size_t i, j;

	assert_true(table->count <= OCI_TABLE_MAX_ROWS);
	for (i = 0; i < table->count; i++) {
		const struct oci_row *row = &table->rows[i];

		assert_int_equal(strlen(row->key), row->key_length);
		assert_true(row->offset < table->size);
		for (j = 0; j < i; j++) {
			assert_string_not_equal(table->rows[j].key, row->key);
			assert_int_not_equal(table->rows[j].offset, row->offset);
		}
		if (row->kind == OCI_KIND_OBJECT || row->kind == OCI_KIND_OBJECTS ||
		    row->kind == OCI_KIND_MAP)
			check_table(row->of.table);
	}
}

static void test_keys_and_members_are_used_once(void **unused)
{
	(void)unused;
	check_table(&oci_config_table);
	check_table(&oci_process_state_table);
	check_table(&oci_features_table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_property_has_a_row_or_a_waiver),
		cmocka_unit_test(test_keys_and_members_are_used_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
