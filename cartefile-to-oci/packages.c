/* SPDX-License-Identifier: Apache-2.0 */
/*
 * packages.c - dpkg's status and lists, apk's installed, see packages.h; deb-control(5), dpkg(1) "FILES", apk's
 * "Apk spec, installed database V2".
 *
 * The records are an image's and may say anything: lines that make no sense are passed over, counts are bounded.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "cartefile-to-oci/ldconf.h"
#include "cartefile-to-oci/packages.h"

#define RECORD_MAX (64u << 20)
#define PACKAGES_MAX 65536

/* ---- lists ---- */

static struct package *add_package(struct package_list *list, struct oci_arena *arena)
{
	if (list->len == list->room) {
		size_t room = list->room ? list->room * 2 : 64;
		struct package *more = oci_arena_array(arena, room, sizeof(*more));

		if (!more)
			return NULL;
		if (list->len > 0)
			memcpy(more, list->packages, list->len * sizeof(*more));
		list->packages = more;
		list->room = room;
	}
	list->packages[list->len] = (struct package){ 0 };
	return &list->packages[list->len++];
}

static int add_node(struct package *package, struct tree_node *node, struct oci_arena *arena)
{
	if (package->nodes_len == package->nodes_room) {
		size_t room = package->nodes_room ? package->nodes_room * 2 : 16;
		struct tree_node **more = oci_arena_array(arena, room, sizeof(*more));

		if (!more)
			return -ENOMEM;
		if (package->nodes_len > 0)
			memcpy(more, package->nodes, package->nodes_len * sizeof(*more));
		package->nodes = more;
		package->nodes_room = room;
	}
	package->nodes[package->nodes_len++] = node;
	return 0;
}

static int add_path(const struct tree *tree, struct package *package, const char *path,
		    struct oci_arena *arena)
{
	struct tree_node *node = tree_resolve(tree, NULL, path, false, NULL, NULL);

	return node && node->parent ? add_node(package, node, arena) : 0;
}

/* The whole of a record; "" when there is none. */
static int read_record(const struct view *view, const char *path, char **ret, size_t *ret_length,
		       struct oci_error *err)
{
	static char none[] = "";
	int e = view_text(view, path, RECORD_MAX, ret, ret_length, err);

	if (e == 0) {
		*ret = none;
		*ret_length = 0;
	}
	return e < 0 ? e : 0;
}

/* ---- lines ---- */

struct line {
	const char *text;
	size_t length;
};

static bool next_line(const char **at, const char *end, struct line *ret)
{
	const char *newline;

	if (*at >= end)
		return false;
	newline = memchr(*at, '\n', (size_t)(end - *at));
	ret->text = *at;
	ret->length = (size_t)((newline ? newline : end) - *at);
	*at = newline ? newline + 1 : end;
	return true;
}

/* "Package: x" */
static bool field(const struct line *line, const char *name, struct oci_arena *arena,
		  const char **ret)
{
	size_t length = strlen(name), at = length + 1;

	if (line->length <= at || strncmp(line->text, name, length) != 0 ||
	    line->text[length] != ':')
		return false;
	while (at < line->length && (line->text[at] == ' ' || line->text[at] == '\t'))
		at++;
	if (!*ret) /* the first one counts */
		*ret = oci_arena_strndup(arena, line->text + at, line->length - at);
	return true;
}

/* ---- dpkg ---- */

struct paragraph {
	const char *package, *status, *version, *architecture, *maintainer, *homepage, *source;
};

/* "Source: nginx (1.22.1-9)" */
static const char *source_name(const struct paragraph *p, struct oci_arena *arena)
{
	if (!p->source)
		return p->package;
	return oci_arena_strndup(arena, p->source, strcspn(p->source, " ("));
}

static int end_paragraph(struct paragraph *p, struct oci_arena *arena, struct package_list *list)
{
	struct package *package;

	/* a paragraph of status.d has no status: the file is there, so the package is */
	if (p->package && p->package[0] && list->len < PACKAGES_MAX &&
	    (!p->status || strstr(p->status, " installed"))) {
		package = add_package(list, arena);
		if (!package)
			return -ENOMEM;
		*package = (struct package){ .kind = PACKAGE_DEB,
					     .name = p->package,
					     .version = p->version,
					     .architecture = p->architecture,
					     .maintainer = p->maintainer,
					     .homepage = p->homepage,
					     .source = source_name(p, arena) };
		if (!package->source)
			return -ENOMEM;
	}
	*p = (struct paragraph){ 0 };
	return 0;
}

int packages_parse_dpkg(const char *text, size_t length, struct oci_arena *arena,
			struct package_list *list, struct oci_error *err)
{
	const char *end = text + length;
	struct paragraph p = { 0 };
	struct line line;
	int e = 0;

	while (e == 0 && next_line(&text, end, &line)) {
		if (line.length == 0)
			e = end_paragraph(&p, arena, list);
		else if (!field(&line, "Package", arena, &p.package) &&
			 !field(&line, "Status", arena, &p.status) &&
			 !field(&line, "Version", arena, &p.version) &&
			 !field(&line, "Architecture", arena, &p.architecture) &&
			 !field(&line, "Maintainer", arena, &p.maintainer) &&
			 !field(&line, "Homepage", arena, &p.homepage))
			(void)field(&line, "Source", arena, &p.source);
	}
	if (e == 0)
		e = end_paragraph(&p, arena, list);
	return e < 0 ? err_nomem(err) : 0;
}

/* info/NAME.list: a path each; @with_sum: "d41d8cd9...  usr/bin/x" */
static int read_list(const struct view *view, const char *record, bool with_sum,
		     struct package *package, struct oci_error *err)
{
	CLEANUP_ARENA struct oci_arena own = OCI_ARENA_INIT;
	const struct view view_own = { view->tree, view->sysroot, &own };
	size_t length;
	char *text;
	const char *at, *end;
	struct line line;
	int e;

	e = view_text(&view_own, record, RECORD_MAX, &text, &length, err);
	if (e <= 0)
		return e;
	at = text;
	end = text + length;
	while (next_line(&at, end, &line)) {
		char path[PATH_MAX];
		size_t skip = with_sum ? 34 : 0;

		if (line.length <= skip || line.length - skip >= sizeof(path) - 1)
			continue;
		(void)snprintf(path, sizeof(path), "/%.*s", (int)(line.length - skip),
			       line.text + skip);
		if (add_path(view->tree, package, path, view->scratch) < 0)
			return err_nomem(err);
	}
	return 1;
}

static int read_dpkg_files(const struct view *view, struct package *package, struct oci_error *err)
{
	const char *architecture = package->architecture ? package->architecture : "";
	char path[PATH_MAX];
	int e, n;

	n = snprintf(path, sizeof(path), "/var/lib/dpkg/info/%s:%s.list", package->name,
		     architecture);
	e = n > 0 && (size_t)n < sizeof(path) ? read_list(view, path, false, package, err) : 0;
	if (e != 0)
		return e < 0 ? e : 0;
	n = snprintf(path, sizeof(path), "/var/lib/dpkg/info/%s.list", package->name);
	e = n > 0 && (size_t)n < sizeof(path) ? read_list(view, path, false, package, err) : 0;
	return e < 0 ? e : 0;
}

static int read_dpkg(const struct view *view, struct package_list *list, struct oci_error *err)
{
	size_t length, first = list->len;
	char *text;
	int e;

	e = read_record(view, "/var/lib/dpkg/status", &text, &length, err);
	if (e == 0)
		e = packages_parse_dpkg(text, length, view->scratch, list, err);
	for (size_t i = first; e == 0 && i < list->len; i++)
		e = read_dpkg_files(view, &list->packages[i], err);
	return e;
}

/* Images without dpkg (distroless) have one file for each package, and its .md5sums beside. */
static int read_status_d(const struct view *view, struct package_list *list, struct oci_error *err)
{
	static const char folder[] = "/var/lib/dpkg/status.d";
	const char **names;
	size_t count;
	int e;

	e = view_list(view, folder, &names, &count, err);
	for (size_t i = 0; e == 0 && i < count; i++) {
		size_t length, first = list->len, n = strlen(names[i]);
		char path[PATH_MAX], *text;

		if (n > 8 && strcmp(names[i] + n - 8, ".md5sums") == 0)
			continue;
		(void)snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
		e = read_record(view, path, &text, &length, err);
		if (e == 0)
			e = packages_parse_dpkg(text, length, view->scratch, list, err);
		(void)snprintf(path, sizeof(path), "%s/%s.md5sums", folder, names[i]);
		if (e == 0 && list->len == first + 1)
			e = read_list(view, path, true, &list->packages[first], err);
		e = e < 0 ? e : 0;
	}
	return e;
}

/* ---- apk ---- */

/* "F:usr/bin" opens a folder, "R:x" is a file in it. */
static int apk_file(const struct tree *tree, struct package *package, const struct line *folder,
		    const struct line *line, struct oci_arena *arena)
{
	char path[PATH_MAX];
	int n = snprintf(path, sizeof(path), "/%.*s/%.*s", (int)folder->length, folder->text,
			 (int)line->length - 2, line->text + 2);

	if (!tree || n < 0 || (size_t)n >= sizeof(path))
		return 0;
	return add_path(tree, package, path, arena);
}

static void apk_end(struct package_list *list, struct package *package)
{
	if (package && !package->name)
		list->len--; /* the one that was being filled is the last */
	else if (package && !package->source)
		package->source = package->name;
}

static int apk_line(const struct tree *tree, struct package *package, struct line *folder,
		    const struct line *line, struct oci_arena *arena)
{
	switch (line->text[0]) {
	case 'P':
		(void)field(line, "P", arena, &package->name);
		break;
	case 'V':
		(void)field(line, "V", arena, &package->version);
		break;
	case 'A':
		(void)field(line, "A", arena, &package->architecture);
		break;
	case 'm':
		(void)field(line, "m", arena, &package->maintainer);
		break;
	case 'U':
		(void)field(line, "U", arena, &package->homepage);
		break;
	case 'L':
		(void)field(line, "L", arena, &package->licence);
		break;
	case 'o':
		(void)field(line, "o", arena, &package->source);
		break;
	case 'F':
		*folder = (struct line){ line->text + 2, line->length - 2 };
		break;
	case 'R':
		return apk_file(tree, package, folder, line, arena);
	default:
		break;
	}
	return 0;
}

int packages_parse_apk(const struct tree *tree, const char *text, size_t length,
		       struct oci_arena *arena, struct package_list *list, struct oci_error *err)
{
	const char *end = text + length;
	struct package *package = NULL;
	struct line line, folder = { "", 0 };
	int e = 0;

	while (e == 0 && next_line(&text, end, &line)) {
		if (line.length == 0) {
			apk_end(list, package);
			package = NULL;
			folder = (struct line){ "", 0 };
			continue;
		}
		if (line.length < 3 || line.text[1] != ':' || list->len >= PACKAGES_MAX)
			continue;
		if (!package) {
			package = add_package(list, arena);
			if (!package)
				return err_nomem(err);
			package->kind = PACKAGE_APK;
		}
		e = apk_line(tree, package, &folder, &line, arena);
	}
	apk_end(list, package);
	return e < 0 ? err_nomem(err) : 0;
}

static int read_apk(const struct view *view, struct package_list *list, struct oci_error *err)
{
	/* the second since apk 3 */
	static const char *const records[] = { "/lib/apk/db/installed",
					       "/usr/lib/apk/db/installed" };
	size_t length, first = list->len;
	char *text;
	int e = 0;

	for (size_t i = 0; e == 0 && list->len == first && i < ARRAY_LEN(records); i++) {
		e = read_record(view, records[i], &text, &length, err);
		if (e == 0)
			e = packages_parse_apk(view->tree, text, length, view->scratch, list, err);
	}
	return e;
}

/* ---- all ---- */

static int by_name(const void *a, const void *b)
{
	const struct package *x = a, *y = b;
	int c = strcmp(x->name, y->name);

	if (c == 0)
		c = strcmp(x->architecture ? x->architecture : "",
			   y->architecture ? y->architecture : "");
	return c != 0 ? c : strcmp(x->version ? x->version : "", y->version ? y->version : "");
}

int packages_read(const struct tree *tree, const struct tree_source *sysroot,
		  struct oci_arena *arena, struct package_list *ret, struct oci_error *err)
{
	const struct view view = { tree, sysroot, arena };
	struct package_list list = { 0 };
	int e;

	e = read_dpkg(&view, &list, err);
	if (e == 0)
		e = read_status_d(&view, &list, err);
	if (e == 0)
		e = read_apk(&view, &list, err);
	if (e < 0)
		return e;
	if (list.len > 1)
		qsort(list.packages, list.len, sizeof(*list.packages), by_name);
	*ret = list;
	return 0;
}

const char *packages_distribution(const struct tree *tree, const struct tree_source *sysroot,
				  struct oci_arena *arena)
{
	const struct view view = { tree, sysroot, arena };
	const char *at, *end;
	struct line line;
	size_t length;
	char *text;

	if (view_text(&view, "/etc/os-release", 1u << 16, &text, &length, NULL) <= 0 &&
	    view_text(&view, "/usr/lib/os-release", 1u << 16, &text, &length, NULL) <= 0)
		return NULL;
	at = text;
	end = text + length;
	while (next_line(&at, end, &line)) {
		if (line.length < 4 || strncmp(line.text, "ID=", 3) != 0)
			continue;
		line.text += 3;
		line.length -= 3;
		if (line.length >= 2 && line.text[0] == '"') {
			line.text++;
			line.length -= 2;
		}
		return oci_arena_strndup(arena, line.text, line.length);
	}
	return NULL;
}
