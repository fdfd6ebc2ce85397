/* SPDX-License-Identifier: Apache-2.0 */
/*
 * keep.c - what stays without a file saying that it is needed: what programs expect of any system, and the sets of --keep.
 */
#include <fnmatch.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "cartefile-to-oci/slim-private.h"

#define WHY_BASIC "expected of every system"

/* ---- basics ---- */

/* Files, with links resolved; folders without what is in them. */
static const char *const basics[] = {
	"/etc/passwd",
	"/etc/group",
	"/etc/nsswitch.conf",
	"/etc/host.conf",
	"/etc/hosts",
	"/etc/services",
	"/etc/protocols",
	"/etc/os-release",
	"/usr/lib/os-release",
	"/etc/localtime",
	"/etc/timezone",
	"/etc/debian_version",
	"/etc/alpine-release",
	"/tmp",
	"/var/tmp",
	"/run",
	"/var/run",
	"/run/lock",
	"/var/lock",
	"/proc",
	"/sys",
	"/dev",
	"/root",
	"/home",
	"/etc",
	"/var/log",
	"/var/lib",
	"/var/cache",
};

/* links of a merged /usr: a program is called by either name */
static const char *const top_links[] = { "/bin", "/sbin", "/lib", "/lib64", "/lib32", "/libx32" };

static bool is_package_managers(const char *path)
{
	static const char *const own[] = { "/var/lib/dpkg",  "/var/lib/apt",
					   "/var/cache/apt", "/var/cache/debconf",
					   "/var/lib/pam",   "/var/cache/ldconfig",
					   "/var/cache/man", "/var/backups" };

	for (size_t i = 0; i < ARRAY_LEN(own); i++)
		if (strncmp(path, own[i], strlen(own[i])) == 0 &&
		    (path[strlen(own[i])] == '/' || !path[strlen(own[i])]))
			return true;
	return false;
}

/* A service's folders for logs, data and sockets: empty, or of a user of its own. Nobody makes them when they are missing. */
static int keep_service_folders(struct slim *s, const char *top)
{
	struct tree_node *folder = tree_find(s->tree, top),
			 *end = folder ? tree_skip(folder) : NULL;
	int e = 0;

	for (struct tree_node *node = folder; e == 0 && node && node != end;
	     node = tree_next(node)) {
		char path[PATH_MAX];
		bool pruned = node->why && node->why != slim_why_unneeded;

		if (node->type != TREE_DIR || !node->out || pruned ||
		    (node->uid == 0 && node->children_len > 0) ||
		    is_package_managers(tree_path(node, path, sizeof(path))))
			continue;
		e = slim_keep(s, node, "a service's folder", NULL);
	}
	return e;
}

/* The base's, never the sysroot's: an image from scratch has what its Cartefile says. */
static int take_of_base(struct slim *s, const char *path, const char *why)
{
	struct view_hit hit;
	int e;

	e = view_find(&(struct view){ s->tree, NULL, &s->scratch }, path, &hit, s->err);
	return e > 0 ? slim_take(s, &hit, why, NULL, NULL) : e;
}

int keep_basics(struct slim *s)
{
	int e = 0;

	for (size_t i = 0; e == 0 && i < ARRAY_LEN(basics); i++)
		e = take_of_base(s, basics[i], WHY_BASIC);
	for (size_t i = 0; e == 0 && i < ARRAY_LEN(top_links); i++) {
		struct tree_node *node = tree_find(s->tree, top_links[i]);

		if (node && node->type == TREE_LINK)
			e = take_of_base(s, top_links[i], "merged /usr");
		if (e == 0 && node && node->type == TREE_LINK)
			e = slim_keep(s, node, "merged /usr", NULL);
	}
	if (e == 0)
		e = keep_service_folders(s, "/var");
	return e == 0 ? keep_service_folders(s, "/run") : e;
}

/* ---- sets ---- */

/* What a set names and nothing provides is worth a line. */
static int none_there(struct slim *s, const char *set, const char *what)
{
	return err_set(s->err, ENOENT, "--keep %s: %s is %s", set, what,
		       s->view.sysroot ? "neither in the image nor in the sysroot"
				       : "not in the image");
}

static int take_tree(struct slim *s, const char *path, const char *set)
{
	const char *why = oci_arena_printf(&s->tree->arena, "--keep %s", set);

	return why ? slim_take_all(s, path, why, NULL) : err_nomem(s->err);
}

/* "C.UTF-8" is the folder "C.utf8" (setlocale(3): glibc normalises the codeset) */
static int locale_name(struct slim *s, const char *name, const char **ret)
{
	const char *dot = strchr(name, '.'), *end = strchr(name, '@');
	char codeset[64];
	size_t n = 0;

	if (!dot) {
		*ret = name;
		return 0;
	}
	if (!end)
		end = name + strlen(name);
	for (const char *at = dot + 1; at < end && n + 1 < sizeof(codeset); at++)
		if ((*at >= 'a' && *at <= 'z') || (*at >= '0' && *at <= '9'))
			codeset[n++] = *at;
		else if (*at >= 'A' && *at <= 'Z')
			codeset[n++] = (char)(*at | 0x20);
	codeset[n] = '\0';
	*ret = oci_arena_printf(&s->scratch, "%.*s.%s%s", (int)(dot - name), name, codeset, end);
	return *ret ? 0 : err_nomem(s->err);
}

/* Messages of "de_AT" are in "de_AT" or "de". */
static int keep_translations(struct slim *s, const char *name, const char *set)
{
	size_t length = strcspn(name, ".@");
	const char *path =
		oci_arena_printf(&s->scratch, "/usr/share/locale/%.*s", (int)length, name);
	int e;

	if (!path)
		return err_nomem(s->err);
	e = take_tree(s, path, set);
	length = strcspn(name, "_.@");
	path = oci_arena_printf(&s->scratch, "/usr/share/locale/%.*s", (int)length, name);
	if (!path)
		return err_nomem(s->err);
	return e < 0 ? e : take_tree(s, path, set);
}

static int keep_locale(struct slim *s, const char *name, const char *set)
{
	const char *path = NULL;
	int e, t;

	e = locale_name(s, name, &path);
	if (e < 0)
		return e;
	path = oci_arena_printf(&s->scratch, "/usr/lib/locale/%s", path);
	if (!path)
		return err_nomem(s->err);
	e = take_tree(s, path, set);
	if (e == 0 && strcmp(name, "C.UTF-8") != 0)
		e = take_tree(s, "/usr/lib/locale/locale-archive", set);
	if (e < 0)
		return e;
	t = keep_translations(s, name, set);
	if (t < 0)
		return t;
	if (e == 0 && t == 0)
		return none_there(s, set, path);
	e = take_tree(s, "/usr/share/locale/locale.alias", set);
	return e < 0 ? e : 1;
}

static int keep_zone(struct slim *s, const char *name, const char *set)
{
	static const char *const common[] = { "/usr/share/zoneinfo/UTC",
					      "/usr/share/zoneinfo/leap-seconds.list",
					      "/usr/share/zoneinfo/leapseconds" };
	const char *path;
	int e;

	if (strcmp(name, "all") == 0) {
		e = take_tree(s, "/usr/share/zoneinfo", set);
		return e == 0 ? none_there(s, set, "/usr/share/zoneinfo (package tzdata)") : e;
	}
	path = oci_arena_printf(&s->scratch, "/usr/share/zoneinfo/%s", name);
	if (!path)
		return err_nomem(s->err);
	e = take_tree(s, path, set);
	if (e == 0)
		return none_there(s, set, path);
	for (size_t i = 0; e >= 0 && i < ARRAY_LEN(common); i++)
		e = take_tree(s, common[i], set);
	return e < 0 ? e : 1;
}

static int keep_ca(struct slim *s, const char *name, const char *set)
{
	static const char *const folders[] = {
		"/etc/ssl/certs",
		"/etc/ssl/cert.pem",
		"/usr/lib/ssl/certs",
		"/usr/lib/ssl/cert.pem",
		"/etc/pki/tls/certs",
		"/etc/pki/tls/cert.pem",
		"/etc/pki/ca-trust/extracted/pem",
	};
	bool found = false;
	int e;

	(void)name;
	for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
		e = take_tree(s, folders[i], set);
		if (e < 0)
			return e;
		found = found || e > 0;
	}
	return found ? 1 : none_there(s, set, "/etc/ssl/certs (package ca-certificates)");
}

/* Folders of the machine's libraries: "/usr/lib/x86_64-linux-gnu", "/usr/lib64", ... */
static int in_library_folders(struct slim *s, const char *name, const char *set)
{
	const char **names, *fixed[] = { "/usr/lib64", "/usr/lib", "/lib" };
	bool found = false;
	size_t count;
	int e;

	e = view_list(&s->view, "/usr/lib", &names, &count, s->err);
	for (size_t i = 0; e >= 0 && i < count + ARRAY_LEN(fixed); i++) {
		const char *path;

		if (i < count && !strstr(names[i], "-linux-"))
			continue;
		path = i < count ? oci_arena_printf(&s->scratch, "/usr/lib/%s/%s", names[i], name)
				 : oci_arena_printf(&s->scratch, "%s/%s", fixed[i - count], name);
		e = path ? take_tree(s, path, set) : err_nomem(s->err);
		found = found || e > 0;
	}
	return e < 0 ? e : found;
}

static int keep_gconv(struct slim *s, const char *name, const char *set)
{
	int e;

	(void)name;
	e = in_library_folders(s, "gconv", set);
	return e == 0 ? none_there(s, set, "a folder gconv (iconv(3))") : e;
}

/* A word of nsswitch.conf: "hosts: files mdns4_minimal [NOTFOUND=return] dns" */
static int keep_nss_word(struct slim *s, const char *word, size_t length, const char *set)
{
	const char *name;
	int e;

	if (length == 0 || length > 64 || word[0] == '[')
		return 0;
	name = oci_arena_printf(&s->scratch, "libnss_%.*s.so.2", (int)length, word);
	if (!name)
		return err_nomem(s->err);
	e = in_library_folders(s, name, set);
	return e < 0 ? e : 0;
}

static int keep_nss(struct slim *s, const char *unused, const char *set)
{
	size_t length;
	char *text, *line, *rest;
	int e;

	(void)unused;
	e = take_tree(s, "/etc/nsswitch.conf", set);
	if (e == 0)
		return none_there(s, set, "/etc/nsswitch.conf");
	if (e > 0)
		e = view_text(&s->view, "/etc/nsswitch.conf", 1u << 20, &text, &length, s->err);
	if (e < 0)
		return e;
	for (line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		char *word, *more;

		line[strcspn(line, "#")] = '\0';
		line = strchr(line, ':');
		if (!line)
			continue;
		for (word = strtok_r(line + 1, " \t\r", &more); word;
		     word = strtok_r(NULL, " \t\r", &more)) {
			e = keep_nss_word(s, word, strlen(word), set);
			if (e < 0)
				return e;
		}
	}
	/* files and dns are part of libc since 2.34; older ones have libraries for them, and for compat */
	for (size_t i = 0; i < 3; i++) {
		static const char *const own[] = { "files", "dns", "compat" };

		e = keep_nss_word(s, own[i], strlen(own[i]), set);
		if (e < 0)
			return e;
	}
	return 1;
}

static int keep_terminfo(struct slim *s, const char *name, const char *set)
{
	static const char *const folders[] = { "/usr/share/terminfo", "/lib/terminfo",
					       "/etc/terminfo" };
	bool found = false;
	int e = 0;

	(void)name;
	for (size_t i = 0; e >= 0 && i < ARRAY_LEN(folders); i++) {
		e = take_tree(s, folders[i], set);
		found = found || e > 0;
	}
	if (e < 0)
		return e;
	return found ? 1 : none_there(s, set, "a folder terminfo");
}

/* ---- paths and patterns ---- */

/* Component by component, in the image and the sysroot. */
static int keep_pattern(struct slim *s, const char *folder, const char *pattern, const char *set)
{
	size_t length = strcspn(pattern, "/"), count;
	char word[NAME_MAX + 1];
	const char **names;
	int e, found = 0;

	if (length > NAME_MAX)
		return 0;
	memcpy(word, pattern, length);
	word[length] = '\0';
	e = view_list(&s->view, folder[0] ? folder : "/", &names, &count, s->err);
	for (size_t i = 0; e >= 0 && i < count; i++) {
		const char *path;

		if (fnmatch(word, names[i], FNM_PERIOD) != 0)
			continue;
		path = oci_arena_printf(&s->scratch, "%s/%s", folder, names[i]);
		if (!path)
			return err_nomem(s->err);
		e = pattern[length] ? keep_pattern(s, path, pattern + length + 1, set)
				    : take_tree(s, path, set);
		found = found || e > 0;
	}
	return e < 0 ? e : found;
}

static int keep_path(struct slim *s, const char *path, const char *set)
{
	int e;

	if (strpbrk(path, "*?["))
		e = keep_pattern(s, "", path + strspn(path, "/"), set);
	else
		e = take_tree(s, path, set);
	return e == 0 ? none_there(s, set, strpbrk(path, "*?[") ? "what it matches" : "it") : e;
}

static const struct keep_set {
	const char *word;
	bool wants_name;
	int (*keep)(struct slim *s, const char *name, const char *set);
} sets[] = {
	{ "ca", false, keep_ca },
	{ "gconv", false, keep_gconv },
	{ "locale", true, keep_locale },
	{ "nss", false, keep_nss },
	{ "terminfo", false, keep_terminfo },
	{ "tz", true, keep_zone },
};

static int keep_set(struct slim *s, const char *set)
{
	size_t length = strcspn(set, ":");

	if (set[0] == '/')
		return keep_path(s, set, set);
	for (size_t i = 0; i < ARRAY_LEN(sets); i++) {
		if (strlen(sets[i].word) != length || strncmp(set, sets[i].word, length) != 0)
			continue;
		if (sets[i].wants_name != (set[length] == ':' && set[length + 1]))
			return err_set(s->err, EINVAL,
				       sets[i].wants_name ? "--keep %s: a name is missing: %s:NAME"
							  : "--keep %s: only '%s' is possible",
				       set, sets[i].word);
		return sets[i].keep(s, set + length + 1, set);
	}
	return err_set(s->err, EINVAL,
		       "--keep %s: unknown; possible are ca, gconv, locale:NAME, nss, terminfo, "
		       "tz:ZONE and absolute paths",
		       set);
}

int keep_sets(struct slim *s)
{
	int e = 0;

	s->origin = TREE_KEEP;
	for (size_t i = 0; e >= 0 && i < s->options->keep_len; i++) {
		const char *at = s->options->keep[i];

		while (e >= 0 && *at) {
			size_t length = strcspn(at, ",");
			const char *set = oci_arena_strndup(&s->tree->arena, at, length);

			if (!set)
				return err_nomem(s->err);
			if (length > 0)
				e = keep_set(s, set);
			at += length + (at[length] == ',');
		}
	}
	s->origin = TREE_HOST;
	return e < 0 ? e : 0;
}
