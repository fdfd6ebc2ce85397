/* SPDX-License-Identifier: Apache-2.0 */
/*
 * systemd_plan.c - names of units and slices, and the folders that systemd makes for them.
 *
 * The folder has to be known before the unit exists: the state file names it,
 * so that what a killed runtime leaves is found again.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "runtime/cgroup/systemd.h"

#define UNIT_NAME_MAX 255 /* systemd's basic/unit-def.h; a file's name as well */
#define SLICE_SUFFIX ".slice"
#define SCOPE_SUFFIX ".scope"

static bool ends_with(const char *text, const char *suffix)
{
	size_t len = strlen(text), n = strlen(suffix);

	return len >= n && strcmp(text + len - n, suffix) == 0;
}

static bool is_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool systemd_is_slice(const char *unit)
{
	return ends_with(unit, SLICE_SUFFIX);
}

static int bad_slice(const char *slice, const char *why, struct oci_error *err)
{
	return err_set(err, EINVAL, "linux.cgroupsPath: invalid slice '%s': %s", slice, why);
}

/* "-.slice", or words with single dashes between them (systemd.slice(5)) */
static int check_slice(const char *slice, struct oci_error *err)
{
	size_t stem = strlen(slice) - strlen(SLICE_SUFFIX);

	if (!ends_with(slice, SLICE_SUFFIX) || strlen(slice) > UNIT_NAME_MAX)
		return bad_slice(slice, "expected a name that ends with .slice", err);
	if (strcmp(slice, "-" SLICE_SUFFIX) == 0)
		return 0;
	for (size_t i = 0; i < stem; i++) {
		char c = slice[i];

		if (!is_alnum(c) && !strchr("_-.:\\@", c))
			return bad_slice(slice, "it holds a character that no unit's name may have",
					 err);
		if (c == '-' && (i == 0 || i + 1 == stem || slice[i - 1] == '-'))
			return bad_slice(slice, "a dash must be between two words", err);
	}
	return stem > 0 ? 0 : bad_slice(slice, "it has no name", err);
}

int systemd_slice_path(struct oci_arena *arena, const char *slice, char **ret,
		       struct oci_error *err)
{
	size_t stem = strlen(slice);
	char *path, *at;
	int r = check_slice(slice, err);

	if (r < 0)
		return r;
	stem -= strlen(SLICE_SUFFIX);
	/* each prefix once with its suffix: never more than the square of the name */
	path = at = oci_arena_alloc(arena, (stem + 8) * (stem + 8));
	if (!path)
		return err_nomem(err);
	*at = '\0';
	for (size_t n = 1; slice[0] != '-' && n <= stem; n++)
		if (n == stem || slice[n] == '-')
			at += sprintf(at, "/%.*s" SLICE_SUFFIX, (int)n, slice);
	*ret = path;
	return 0;
}

/** escape - what systemd-escape(1) would do with those characters that are not allowed. '@' would make an instance. */
static char *escape(struct oci_arena *arena, const char *text)
{
	char *escaped = oci_arena_alloc(arena, 4 * strlen(text) + 1);
	char *at = escaped;

	for (const char *p = text; escaped && *p; p++) {
		if (is_alnum(*p) || strchr("_-.:", *p))
			*at++ = *p;
		else
			at += sprintf(at, "\\x%02x", (unsigned char)*p);
	}
	if (escaped)
		*at = '\0';
	return escaped;
}

static int not_systemd(const char *cgroups_path, struct oci_error *err)
{
	return err_set(err, EINVAL,
		       "linux.cgroupsPath: expected slice:prefix:name for the systemd cgroup "
		       "manager, got '%s': does the engine use the cgroupfs driver?",
		       cgroups_path);
}

static int make_unit(struct oci_arena *arena, const char *prefix, const char *name, char **ret,
		     struct oci_error *err)
{
	const char *plain = escape(arena, name);
	const char *before = prefix ? escape(arena, prefix) : "";
	char *unit;

	if (!plain || !before)
		return err_nomem(err);
	if (systemd_is_slice(plain)) {
		unit = (char *)plain;
		if (strcmp(plain, "-" SLICE_SUFFIX) == 0)
			return bad_slice(plain, "the root slice is everybody's", err);
		if (check_slice(plain, err) < 0)
			return -EINVAL;
	} else {
		unit = oci_arena_printf(arena, "%s%s%s" SCOPE_SUFFIX, before, prefix ? "-" : "",
					plain);
	}
	if (!unit)
		return err_nomem(err);
	if (strlen(unit) > UNIT_NAME_MAX)
		return err_set(err, EINVAL,
			       "linux.cgroupsPath: the name of unit %.40s... is longer than %d",
			       unit, UNIT_NAME_MAX);
	*ret = unit;
	return 0;
}

int systemd_plan_unit(struct oci_arena *arena, const char *cgroups_path, const char *id,
		      bool user_bus, char **ret_slice, char **ret_unit, struct oci_error *err)
{
	const char *slice = "", *prefix = "carte", *name = id;
	char *copy, *unit = NULL, *colon;
	int r;

	copy = oci_arena_strdup(arena, cgroups_path ? cgroups_path : "");
	if (!copy)
		return err_nomem(err);
	/* a slice's own path, or cgroupfs's */
	if (strchr(copy, '/') || copy[strcspn(copy, "\n")])
		return not_systemd(cgroups_path, err);
	if (*copy) {
		prefix = NULL;
		name = copy;
		colon = strchr(copy, ':');
		if (colon) {
			*colon = '\0';
			slice = copy;
			name = colon + 1;
			colon = strchr(name, ':');
		}
		if (colon) {
			*colon = '\0';
			prefix = name;
			name = colon + 1;
		}
		if (!*name || strchr(name, ':'))
			return not_systemd(cgroups_path, err);
	}
	if (!*slice)
		slice = user_bus ? "user" SLICE_SUFFIX : "system" SLICE_SUFFIX;
	r = check_slice(slice, err);
	if (r == 0)
		r = make_unit(arena, prefix, name, &unit, err);
	if (r < 0)
		return r;
	*ret_slice = (char *)slice;
	if (!(*ret_slice = oci_arena_strdup(arena, slice)))
		return err_nomem(err);
	*ret_unit = unit;
	return 0;
}

int systemd_check_foreign_path(const char *cgroups_path, struct oci_error *err)
{
	const char *first = cgroups_path ? strchr(cgroups_path, ':') : NULL;
	const char *second = first ? strchr(first + 1, ':') : NULL;
	size_t len = first ? (size_t)(first - cgroups_path) : 0;
	size_t suffix = strlen(SLICE_SUFFIX);

	if (!second || strchr(second + 1, ':') || strchr(cgroups_path, '/') || len <= suffix ||
	    strncmp(first - suffix, SLICE_SUFFIX, suffix) != 0)
		return 0;
	return err_set(err, EINVAL,
		       "linux.cgroupsPath: '%s' is for the systemd cgroup manager, this is "
		       "cgroupfs: use --systemd-cgroup, or the cgroupfs driver in the engine",
		       cgroups_path);
}

/* ---- folders ---- */

/** own_path - of the v2 line "0::PATH", or of the hierarchy that systemd keeps on v1. */
static const char *own_path(const char *text, size_t *ret_len)
{
	static const char *const marks[] = { "0::", ":name=systemd:" };

	for (size_t i = 0; i < ARRAY_LEN(marks); i++) {
		for (const char *p = text; (p = strstr(p, marks[i])) != NULL; p++) {
			if (i == 0 && p != text && p[-1] != '\n')
				continue;
			p += strlen(marks[i]);
			*ret_len = strcspn(p, "\n");
			/* with v1 controllers only, the v2 line is there but says nothing */
			if (*ret_len > 1 || i > 0)
				return p;
		}
	}
	*ret_len = 0;
	return "";
}

int systemd_manager_cgroup(struct oci_arena *arena, const char *text, char **ret,
			   struct oci_error *err)
{
	static const char *const own[] = { "/init.scope", "/system.slice", "/system" };
	size_t len;
	const char *path = own_path(text, &len);
	char *root = oci_arena_printf(arena, "%.*s", (int)len, path);

	if (!root)
		return err_nomem(err);
	for (size_t i = 0; i < ARRAY_LEN(own); i++) {
		if (!ends_with(root, own[i]))
			continue;
		root[strlen(root) - strlen(own[i])] = '\0';
		break;
	}
	if (strcmp(root, "/") == 0)
		*root = '\0';
	*ret = root;
	return 0;
}

int systemd_user_cgroup(struct oci_arena *arena, const char *text, uid_t uid, char **ret,
			struct oci_error *err)
{
	char service[64];
	size_t len;
	const char *path = own_path(text, &len);
	const char *at;
	char *root;

	(void)snprintf(service, sizeof(service), "/user@%u.service", (unsigned)uid);
	at = memmem(path, len, service, strlen(service));
	/* we need not run below it: a login session is beside it */
	root = at ? oci_arena_printf(arena, "%.*s", (int)(at - path + (ptrdiff_t)strlen(service)),
				     path)
		  : oci_arena_printf(arena, "/user.slice/user-%u.slice%s", (unsigned)uid, service);
	if (!root)
		return err_nomem(err);
	*ret = root;
	return 0;
}

/* What would look like a file of the kernel's own gets a '_' before it (systemd's cg_escape). */
static bool needs_underscore(const char *unit)
{
	static const char *const taken[] = {
		"cgroup.", "cpu.",     "cpuacct.", "cpuset.",       "io.",      "blkio.",
		"memory.", "devices.", "pids.",    "bpf-firewall.", "freezer.", "bpf-devices."
	};

	if (unit[0] == '_' || unit[0] == '.')
		return true;
	for (size_t i = 0; i < ARRAY_LEN(taken); i++)
		if (strncmp(unit, taken[i], strlen(taken[i])) == 0)
			return true;
	return false;
}

int systemd_unit_cgroup(struct oci_arena *arena, const char *manager, const char *slice,
			const char *unit, char **ret, struct oci_error *err)
{
	bool is_slice = systemd_is_slice(unit);
	char *above, *path;
	/* a slice lies where its name says */
	int r = systemd_slice_path(arena, is_slice ? unit : slice, &above, err);

	if (r < 0)
		return r;
	path = is_slice ? oci_arena_printf(arena, "%s%s", manager, above)
			: oci_arena_printf(arena, "%s%s/%s%s", manager, above,
					   needs_underscore(unit) ? "_" : "", unit);
	if (!path)
		return err_nomem(err);
	*ret = path;
	return 0;
}
