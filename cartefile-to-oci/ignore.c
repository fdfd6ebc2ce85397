/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ignore.c - which files of the context are left out: gitignore(5), PATTERN FORMAT.
 *
 * The last pattern that fits decides. What is below a folder that is left out is left out, whatever later patterns say.
 */
#include <limits.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "cartefile-to-oci/ignore.h"

#define TEXT_MAX ((size_t)1024 * 1024)
#define PATTERNS_MAX 10000
#define PATTERN_MAX 4096

/**
 * struct pattern - one line.
 * @anchored: compared with the whole path, else with its last part
 */
struct pattern {
	char *text;
	bool back; /* "!": in again */
	bool folder_only, anchored;
	struct pattern *previous;
};

struct ignore {
	struct pattern *last;
};

/* ---- fitting ---------------------------------------------------------------------------------------------------- */

/* [:alpha:] and its like, in the C locale; -1: there is no such class. */
static int in_class(const char *name, size_t length, unsigned char c)
{
	bool lower = c >= 'a' && c <= 'z', upper = c >= 'A' && c <= 'Z';
	bool digit = c >= '0' && c <= '9', graph = c > 0x20 && c < 0x7f;
	bool alnum = lower || upper || digit, blank = c == ' ' || c == '\t';
	const struct {
		const char *name;
		bool yes;
	} classes[] = {
		{ "alnum", alnum },
		{ "alpha", lower || upper },
		{ "blank", blank },
		{ "cntrl", c < 0x20 || c == 0x7f },
		{ "digit", digit },
		{ "graph", graph },
		{ "lower", lower },
		{ "print", graph || c == ' ' },
		{ "punct", graph && !alnum },
		{ "space", blank || (c >= '\n' && c <= '\r') },
		{ "upper", upper },
		{ "xdigit", digit || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') },
	};

	for (size_t i = 0; i < ARRAY_LEN(classes); i++)
		if (strlen(classes[i].name) == length && memcmp(classes[i].name, name, length) == 0)
			return classes[i].yes;
	return -1;
}

/* One byte of a set, a backslash before it is passed over; NULL at the pattern's end. */
static const char *set_byte(const char *p, unsigned char *ret)
{
	if (*p == '\\')
		p++;
	if (!*p)
		return NULL;
	*ret = (unsigned char)*p;
	return p + 1;
}

/* @p is behind '['. Return: behind the ']', NULL when there is none: then nothing fits, as in git. */
static const char *match_set(const char *p, unsigned char c, bool *ret)
{
	bool negated = *p == '!' || *p == '^', found = false, first = true;

	if (negated)
		p++;
	for (; first || *p != ']'; first = false) {
		unsigned char low, high;

		if (p[0] == '[' && p[1] == ':') {
			const char *end = strstr(p + 2, ":]");
			int yes = end ? in_class(p + 2, (size_t)(end - p - 2), c) : -1;

			if (yes < 0)
				return NULL;
			found |= yes > 0;
			p = end + 2;
			continue;
		}
		p = set_byte(p, &low);
		if (!p)
			return NULL;
		high = low;
		if (p[0] == '-' && p[1] && p[1] != ']') {
			p = set_byte(p + 1, &high);
			if (!p)
				return NULL;
		}
		found |= low <= c && c <= high;
	}
	*ret = found != negated;
	return p + 1;
}

/* One thing that fits one byte. Return: the pattern behind it, or NULL. */
static const char *match_one(const char *p, unsigned char c)
{
	bool fits;

	if (!c)
		return NULL;
	switch (*p) {
	case '?':
		return c != '/' ? p + 1 : NULL;
	case '[':
		p = match_set(p + 1, c, &fits);
		return p && fits && c != '/' ? p : NULL;
	case '\\':
		return p[1] && (unsigned char)p[1] == c ? p + 2 : NULL;
	default:
		return *p && (unsigned char)*p == c ? p + 1 : NULL;
	}
}

/* Where to go on when what was tried does not fit: one more byte for the last star of its kind. */
struct retry {
	const char *pattern, *text;
};

/*
 * Stars that fill a part of the path, at least two: any number of folders. Elsewhere they are one star, which stops at a
 * slash. Return: how many, or 0.
 */
static size_t deep_stars(const char *start, const char *p)
{
	size_t n = strspn(p, "*");

	return n >= 2 && (p == start || p[-1] == '/') && (p[n] == '/' || !p[n]) ? n : 0;
}

/*
 * Without recursion, in at most pattern * text steps for each kind of star: a later star of a kind makes the earlier ones
 * needless, and a deep star makes the shallow ones before it needless.
 */
static bool match(const char *pattern, const char *text)
{
	struct retry shallow = { NULL, NULL }, deep = { NULL, NULL };
	const char *p = pattern, *t = text;

	for (;;) {
		size_t stars = deep_stars(pattern, p);
		const char *next;

		if (stars > 0) {
			if (!p[stars])
				return *t != '\0';
			p += stars + 1;
			deep = (struct retry){ p, t };
			shallow = (struct retry){ NULL, NULL };
			continue;
		}
		if (*p == '*') {
			while (*p == '*')
				p++;
			shallow = (struct retry){ p, t };
			continue;
		}
		if (!*p && !*t)
			return true;
		next = match_one(p, (unsigned char)*t);
		if (next) {
			p = next;
			t++;
		} else if (shallow.text && *shallow.text && *shallow.text != '/') {
			t = ++shallow.text;
			p = shallow.pattern;
		} else if (deep.text && strchr(deep.text, '/')) {
			deep.text = strchr(deep.text, '/') + 1;
			t = deep.text;
			p = deep.pattern;
			shallow = (struct retry){ NULL, NULL };
		} else {
			return false;
		}
	}
}

enum ignore_verdict ignore_verdict(const struct ignore *ignore, const char *path, bool is_folder)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;

	for (const struct pattern *p = ignore ? ignore->last : NULL; p; p = p->previous)
		if ((is_folder || !p->folder_only) && match(p->text, p->anchored ? path : name))
			return p->back ? IGNORE_IN : IGNORE_OUT;
	return IGNORE_SILENT;
}

bool ignore_matches(const struct ignore *ignore, const char *path, bool is_folder)
{
	char above[PATH_MAX];
	size_t n = strlen(path);

	if (!ignore || n >= sizeof(above))
		return false;
	memcpy(above, path, n + 1);
	for (size_t i = 0; i < n; i++) {
		if (above[i] != '/')
			continue;
		above[i] = '\0';
		if (ignore_verdict(ignore, above, true) == IGNORE_OUT)
			return true;
		above[i] = '/';
	}
	return ignore_verdict(ignore, path, is_folder) == IGNORE_OUT;
}

/* ---- reading ---------------------------------------------------------------------------------------------------- */

/* Blanks at the end do not count, but for one behind a backslash. */
static size_t trimmed(const char *line, size_t length)
{
	size_t end = 0;

	for (size_t i = 0; i < length; i++) {
		if (line[i] == '\\' && i + 1 < length)
			end = ++i + 1;
		else if (line[i] != ' ')
			end = i + 1;
	}
	return end;
}

static int fail_line(const char *name, unsigned line, struct oci_error *err, const char *words)
{
	int r = err_set(err, EINVAL, "%s:%u: %s", name, line, words);

	err_at(err, name, NULL);
	return r;
}

static int add_pattern(struct ignore *ignore, struct oci_arena *arena, const char *line,
		       size_t length, struct oci_error *err)
{
	struct pattern pattern = { .previous = ignore->last }, *kept;

	if (length > 0 && line[0] == '!') {
		pattern.back = true;
		line++;
		length--;
	}
	if (length > 0 && line[length - 1] == '/') {
		pattern.folder_only = true;
		length--;
	}
	pattern.anchored = memchr(line, '/', length) != NULL;
	if (length > 0 && line[0] == '/') {
		line++;
		length--;
	}
	if (length == 0)
		return 0; /* "/" and "!" fit nothing */
	pattern.text = oci_arena_strndup(arena, line, length);
	kept = oci_arena_alloc(arena, sizeof(*kept));
	if (!pattern.text || !kept)
		return err_nomem(err);
	*kept = pattern;
	ignore->last = kept;
	return 0;
}

static int check_line(const char *name, unsigned number, const char *line, size_t length,
		      struct oci_error *err)
{
	if (length > PATTERN_MAX)
		return fail_line(name, number, err, "a pattern has at most 4096 bytes");
	if (number > PATTERNS_MAX)
		return fail_line(name, number, err, "at most 10000 lines are read");
	if (memchr(line, '\0', length))
		return fail_line(name, number, err, "a NUL byte: expected text");
	return 0;
}

int ignore_parse(const char *name, const char *text, size_t length, struct oci_arena *arena,
		 struct ignore **ret, struct oci_error *err)
{
	struct ignore *ignore = oci_arena_alloc(arena, sizeof(*ignore));
	const char *end = text + length;
	unsigned number = 0;

	if (!ignore)
		return err_nomem(err);
	if (length > TEXT_MAX)
		return fail_line(name, 1, err, "at most 1 MiB is read");
	if (length >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
		text += 3;
	while (text < end) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		const char *stop = newline ? newline : end;
		size_t n = (size_t)(stop - text);
		int r;

		if (n > 0 && text[n - 1] == '\r')
			n--;
		r = check_line(name, ++number, text, n, err);
		n = trimmed(text, n);
		if (r == 0 && n > 0 && text[0] != '#')
			r = add_pattern(ignore, arena, text, n, err);
		if (r < 0)
			return r;
		text = newline ? newline + 1 : end;
	}
	*ret = ignore;
	return 0;
}
