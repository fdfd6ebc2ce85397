/* SPDX-License-Identifier: Apache-2.0 */
/*
 * slim_package.c - what packages say about a program: licences of what is kept, folders that its service wants, and what
 * came with it and is left out.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "cartefile-to-oci/packages.h"
#include "cartefile-to-oci/slim-private.h"

/* Folders of other programs that packages put a file into: no part of what the program reads */
static bool is_for_others(const char *folder)
{
	static const char *const others[] = {
		"/etc/init.d",
		"/etc/logrotate.d",
		"/etc/default",
		"/etc/cron.d",
		"/etc/cron.daily",
		"/etc/cron.weekly",
		"/etc/cron.monthly",
		"/etc/ufw",
		"/etc/apt",
		"/etc/kernel",
		"/etc/systemd",
		"/etc/pam.d",
		"/etc/bash_completion.d",
		"/usr/lib/systemd",
		"/usr/lib/tmpfiles.d",
		"/usr/lib/sysusers.d",
		"/usr/share/applications",
		"/usr/share/apport",
		"/usr/share/binfmts",
		"/usr/share/debhelper",
		"/usr/share/perl5",
		"/usr/share/vim",
		"/usr/share/pixmaps",
		"/usr/share/icons",
		"/var/lib/dpkg",
		"/usr/lib/mime",
		"/usr/share/menu",
		"/etc/network",
		"/usr/share/doc",
		"/usr/lib/binfmt.d",
	};

	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		if (strcmp(others[i], folder) == 0)
			return true;
	return false;
}

/* "/etc/nginx" of "/etc/nginx/mime.types"; false: nothing that one would name */
static bool own_folder(const struct tree_node *node, char folder[PATH_MAX])
{
	char *at = tree_path(node, folder, PATH_MAX);
	size_t depth = strncmp(at, "/etc/", 5) == 0 ? 2 : 3;

	if (strncmp(at, "/usr/lib/", 9) == 0 && memmem(at + 9, strcspn(at + 9, "/"), "-linux-", 7))
		depth = 4;
	if (depth > 2 && strncmp(at, "/usr/lib/", 9) != 0 && strncmp(at, "/usr/share/", 11) != 0 &&
	    strncmp(at, "/var/lib/", 9) != 0)
		return false;
	for (; *at && depth > 0; depth--)
		at += 1 + strcspn(at + 1, "/");
	if (!*at)
		return false; /* a file beside such folders */
	*at = '\0';
	return !is_for_others(folder);
}

/* Kept files of the base make their package a part of the image. */
static bool is_part(const struct package *package)
{
	for (size_t i = 0; i < package->nodes_len; i++)
		if (package->nodes[i]->type == TREE_FILE && !package->nodes[i]->out &&
		    package->nodes[i]->origin == TREE_BASE)
			return true;
	return false;
}

/* Debian's policy 12.5: the copyright file goes where the package goes. */
static int keep_licence(struct slim *s, const struct package *package)
{
	const struct view base = { s->tree, NULL, &s->scratch };
	struct view_hit hit;
	const char *path, *why;
	int e;

	if (package->kind != PACKAGE_DEB)
		return 0;
	path = oci_arena_printf(&s->scratch, "/usr/share/doc/%s/copyright", package->name);
	why = oci_arena_printf(&s->tree->arena, "licence of package %s", package->name);
	if (!path || !why)
		return err_nomem(s->err);
	e = view_find(&base, path, &hit, s->err);
	return e > 0 ? slim_take(s, &hit, why, NULL, NULL) : e;
}

static int keep_service_folders(struct slim *s, const struct package *package)
{
	int e = 0;

	for (size_t i = 0; e == 0 && i < package->nodes_len; i++) {
		struct tree_node *node = package->nodes[i];
		char path[PATH_MAX];

		if (node->type == TREE_DIR && node->out &&
		    (strncmp(tree_path(node, path, sizeof(path)), "/var/", 5) == 0 ||
		     strncmp(path, "/run/", 5) == 0))
			e = slim_keep(s, node, "a folder of the program's package", s->exe);
	}
	return e;
}

#define FOLDERS_MAX 16 /* more are no help */

struct tally {
	const char *folder, *package;
	size_t files;
	uint64_t bytes;
};

struct tallies {
	struct tally list[FOLDERS_MAX];
	size_t len;
};

static int tally_folders(struct slim *s, const struct package *package, struct tallies *tallies)
{
	for (size_t i = 0; i < package->nodes_len; i++) {
		const struct tree_node *node = package->nodes[i];
		char folder[PATH_MAX];
		size_t at = 0;

		if (node->type != TREE_FILE || !node->out || node->why != slim_why_unneeded ||
		    !own_folder(node, folder))
			continue;
		while (at < tallies->len && strcmp(tallies->list[at].folder, folder) != 0)
			at++;
		if (at == FOLDERS_MAX)
			continue;
		if (at == tallies->len) {
			tallies->list[at].package = package->name;
			tallies->list[at].folder = oci_arena_strdup(&s->scratch, folder);
			if (!tallies->list[at].folder)
				return err_nomem(s->err);
			tallies->len++;
		}
		tallies->list[at].files++;
		tallies->list[at].bytes += node->content->size;
	}
	return 0;
}

static int suggest_folders(struct slim *s, const struct tallies *tallies)
{
	int e = 0;

	for (size_t i = 0; e == 0 && i < tallies->len; i++) {
		const struct tally *t = &tallies->list[i];

		e = slim_suggest(
			s,
			"%s: belongs to the program (package %s), %zu files (%llu bytes) in it are "
			"left out; --keep %s",
			t->folder, t->package, t->files, (unsigned long long)t->bytes, t->folder);
	}
	return e;
}

static bool is_program(const struct slim *s, const struct tree_node *node)
{
	return node == s->exe || (node->why == slim_why_script && node->type == TREE_FILE);
}

/* Packages of one source were built to be used together: nginx-light and nginx-common. */
static const char *program_source(const struct slim *s, const struct package_list *list)
{
	for (size_t i = 0; i < list->len; i++)
		for (size_t n = 0; n < list->packages[i].nodes_len; n++)
			if (s->exe && list->packages[i].nodes[n] == s->exe)
				return list->packages[i].source;
	return NULL;
}

static bool comes_along(const struct slim *s, const struct package_list *list,
			const struct package *package, const char *source)
{
	if (source)
		return strcmp(package->source, source) == 0;
	/* of a script: its interpreter's */
	for (size_t i = 0; i < list->len; i++) {
		const struct package *p = &list->packages[i];

		if (strcmp(p->source, package->source) != 0)
			continue;
		for (size_t n = 0; n < p->nodes_len; n++)
			if (!p->nodes[n]->out && is_program(s, p->nodes[n]) &&
			    strcmp(p->nodes[n]->name, "env") != 0)
				return true;
	}
	return false;
}

int slim_packages(struct slim *s)
{
	struct tallies tallies = { 0 };
	struct package_list list;
	const char *source;
	int e;

	e = packages_read(s->tree, NULL, &s->scratch, &list, s->err);
	if (e < 0)
		return e;
	source = program_source(s, &list);
	for (size_t i = 0; e == 0 && i < list.len; i++) {
		const struct package *package = &list.packages[i];
		bool along = s->exe && comes_along(s, &list, package, source);

		if (along)
			e = keep_service_folders(s, package);
		if (e == 0 && is_part(package))
			e = keep_licence(s, package);
		if (e == 0 && along)
			e = tally_folders(s, package, &tallies);
	}
	return e == 0 ? suggest_folders(s, &tallies) : e;
}
