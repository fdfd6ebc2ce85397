/* SPDX-License-Identifier: Apache-2.0 */
/*
 * prune.c - what a base brings along for people and package managers, and no program reads: rules by path.
 *
 * Only files of the base are looked at, never what PATH lines name. Licences stay: Debian's policy 12.5 wants the copyright
 * file to come with the package.
 */
#include <fnmatch.h>
#include <limits.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "cartefile-to-oci/slim-private.h"

enum rule_kind {
	BELOW, /* everything in the folder; the folder itself stays */
	FILES, /* files in it, at any depth; folders, links and empty files stay */
	WHOLE, /* what matches, with all that is below */
};

/* Patterns are fnmatch(3)'s, where "*" does not match a slash. */
static const struct rule {
	const char *pattern;
	enum rule_kind kind;
	const char *why;
} rules[] = {
	{ "/usr/share/doc", BELOW, "documentation" },
	{ "/usr/local/share/doc", BELOW, "documentation" },
	{ "/usr/share/doc-base", BELOW, "documentation" },
	{ "/usr/share/gtk-doc", BELOW, "documentation" },
	{ "/usr/share/help", BELOW, "documentation" },
	{ "/usr/share/gnome/help", BELOW, "documentation" },
	{ "/usr/share/bug", BELOW, "scripts for bug reports" },
	{ "/usr/share/lintian", BELOW, "hints for package checkers" },
	{ "/usr/share/linda", BELOW, "hints for package checkers" },
	{ "/usr/share/man", BELOW, "manual pages" },
	{ "/usr/local/share/man", BELOW, "manual pages" },
	{ "/usr/local/man", BELOW, "manual pages" },
	{ "/usr/share/info", BELOW, "manual pages" },
	{ "/usr/share/groff", BELOW, "manual pages" },
	{ "/usr/share/locale", BELOW, "translations" },
	{ "/usr/share/i18n", BELOW, "sources of locales" },
	{ "/usr/share/bash-completion", BELOW, "completion of shells" },
	{ "/usr/share/zsh/vendor-completions", BELOW, "completion of shells" },
	{ "/usr/share/zsh/site-functions", BELOW, "completion of shells" },
	{ "/usr/share/fish/vendor_completions.d", BELOW, "completion of shells" },
	{ "/usr/include", BELOW, "headers" },
	{ "/usr/local/include", BELOW, "headers" },
	{ "/usr/lib/*/perl/*/CORE/*.h", WHOLE, "headers" },
	{ "/usr/share/aclocal", BELOW, "files of build systems" },
	{ "/usr/share/pkgconfig", BELOW, "files of build systems" },
	{ "/usr/lib/pkgconfig", BELOW, "files of build systems" },
	{ "/usr/lib/*/pkgconfig", BELOW, "files of build systems" },
	{ "/usr/lib/cmake", BELOW, "files of build systems" },
	{ "/usr/lib/*/cmake", BELOW, "files of build systems" },
	{ "/usr/local/lib/pkgconfig", BELOW, "files of build systems" },
	{ "/usr/local/lib/cmake", BELOW, "files of build systems" },
	{ "/lib/lib*.a", WHOLE, "static libraries" },
	{ "/lib/*/lib*.a", WHOLE, "static libraries" },
	{ "/usr/lib/lib*.a", WHOLE, "static libraries" },
	{ "/usr/lib/*/lib*.a", WHOLE, "static libraries" },
	{ "/usr/lib64/lib*.a", WHOLE, "static libraries" },
	{ "/usr/local/lib/lib*.a", WHOLE, "static libraries" },
	{ "/usr/lib/gcc/*/*/*.a", WHOLE, "static libraries" },
	{ "/usr/lib/lib*.la", WHOLE, "files of build systems" },
	{ "/usr/lib/*/lib*.la", WHOLE, "files of build systems" },
	{ "/usr/local/lib/lib*.la", WHOLE, "files of build systems" },
	{ "/var/lib/apt/lists", BELOW, "lists of packages" },
	{ "/var/cache/apt", BELOW, "caches of package managers" },
	{ "/var/cache/apk", BELOW, "caches of package managers" },
	{ "/var/cache/dnf", BELOW, "caches of package managers" },
	{ "/var/cache/yum", BELOW, "caches of package managers" },
	{ "/var/cache/zypp", BELOW, "caches of package managers" },
	{ "/var/cache/pacman/pkg", BELOW, "caches of package managers" },
	{ "/var/cache/debconf/*-old", WHOLE, "copies of package managers" },
	{ "/var/lib/dpkg/*-old", WHOLE, "copies of package managers" },
	{ "/var/backups", BELOW, "copies of package managers" },
	{ "/etc/*-", WHOLE, "copies of package managers" },
	{ "/var/cache/ldconfig/aux-cache", WHOLE, "caches of tools" },
	{ "/var/cache/man", BELOW, "caches of tools" },
	{ "/var/cache/fontconfig", FILES, "caches of tools" },
	{ "/root/.cache", BELOW, "caches of tools" },
	{ "/var/log", FILES, "logs" },
	{ "/tmp", BELOW, "temporary files" },
	{ "/var/tmp", BELOW, "temporary files" },
};

/* Licences, and links in their place: /usr/share/doc/x -> y */
static bool is_licence(const struct tree_node *node, const char *path)
{
	if (strncmp(path, "/usr/share/doc/", 15) != 0)
		return false;
	return strcmp(node->name, "copyright") == 0 ||
	       (node->type == TREE_LINK && strcmp(node->parent->name, "doc") == 0);
}

/* "__pycache__/x.cpython-311.pyc" is only read when "x.py" is there (Python's PEP 3147) */
static bool is_orphan_bytecode(const struct tree_node *node)
{
	const char *dot = strchr(node->name, '.');
	char source[NAME_MAX + 4];
	size_t length;

	if (node->type != TREE_FILE || !dot || strcmp(node->parent->name, "__pycache__") != 0 ||
	    !node->parent->parent || fnmatch("*.pyc", node->name, 0) != 0)
		return false;
	length = (size_t)(dot - node->name);
	memcpy(source, node->name, length);
	memcpy(source + length, ".py", 4);
	return !tree_child(node->parent->parent, source, length + 3);
}

static void leave_out(struct tree_node *node, const char *why)
{
	node->out = true;
	node->why = why;
	node->because = NULL;
}

static void apply_files(struct tree_node *folder, const char *why)
{
	for (size_t i = 0; i < folder->children_len; i++) {
		struct tree_node *node = folder->children[i];

		if (node->type == TREE_DIR)
			apply_files(node, why);
		else if (node->type == TREE_FILE && node->origin == TREE_BASE &&
			 node->content->size > 0)
			leave_out(node, why);
	}
}

/* Return: something below stays, so that the folder must. */
static bool apply_whole(struct tree_node *node, const char *why)
{
	char path[PATH_MAX];
	bool stays = false;

	for (size_t i = 0; i < node->children_len; i++)
		if (apply_whole(node->children[i], why))
			stays = true;
	stays = stays || (node->origin != TREE_BASE && node->origin != TREE_MADE) ||
		is_licence(node, tree_path(node, path, sizeof(path)));
	if (!stays)
		leave_out(node, why);
	return stays;
}

static void apply_rule(struct tree_node *node, const struct rule *rule)
{
	switch (rule->kind) {
	case FILES:
		apply_files(node, rule->why);
		break;
	case BELOW:
		for (size_t i = 0; i < node->children_len; i++)
			(void)apply_whole(node->children[i], rule->why);
		break;
	case WHOLE:
	default:
		if (node->type != TREE_DIR)
			(void)apply_whole(node, rule->why);
		break;
	}
}

/* A rule's components one by one, so that the whole tree need not be matched against every rule. */
static void match(struct tree_node *folder, const char *pattern, const struct rule *rule)
{
	size_t length = strcspn(pattern, "/");
	char word[128];

	if (length >= sizeof(word) || folder->type != TREE_DIR)
		return;
	memcpy(word, pattern, length);
	word[length] = '\0';
	for (size_t i = 0; i < folder->children_len; i++) {
		struct tree_node *node = folder->children[i];

		if (fnmatch(word, node->name, FNM_PERIOD) != 0)
			continue;
		if (pattern[length])
			match(node, pattern + length + 1, rule);
		else
			apply_rule(node, rule);
	}
}

int prune_mark(struct slim *s)
{
	for (size_t i = 0; i < ARRAY_LEN(rules); i++)
		match(s->tree->root, rules[i].pattern + 1, &rules[i]);
	for (struct tree_node *node = tree_next(s->tree->root); node; node = tree_next(node))
		if (node->origin == TREE_BASE && !node->out && node->parent &&
		    is_orphan_bytecode(node))
			leave_out(node, "compiled without its source");
	return 0;
}
