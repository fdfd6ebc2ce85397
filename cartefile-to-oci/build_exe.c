/* SPDX-License-Identifier: Apache-2.0 */
/*
 * build_exe.c - the program that exe_PATH names: that it is in the image and can be run, and for which machine it is.
 */
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "cartefile-to-oci/build-private.h"
#include "cartefile-to-oci/elf.h"

#define PATH_SIZE 4096

static const char *type_word(const struct tree_node *node)
{
	return node->type == TREE_DIR ? "a folder" : node->type == TREE_LINK ? "a link" : "no file";
}

/* A file of the same name somewhere else, the first one found. */
static const struct tree_node *find_by_name(const struct tree *tree, const char *path)
{
	const char *name = strrchr(path, '/');

	name = name ? name + 1 : path;
	for (const struct tree_node *node = tree->root; node; node = tree_next(node))
		if (node->type == TREE_FILE && strcmp(node->name, name) == 0)
			return node;
	return NULL;
}

static int missing(const struct build *build, const char *path, struct oci_error *err)
{
	const struct tree_node *link = tree_resolve(&build->tree, NULL, path, false, NULL, NULL);
	const struct tree_node *other = find_by_name(&build->tree, path);
	struct cartefile_place place = build->file->exe_path_place;
	char buf[PATH_SIZE];

	if (link && link->type == TREE_LINK)
		return cartefile_fail(build->file, place, ENOENT, err,
				      "'%s' is a link to '%s', which is not in the image", path,
				      link->target);
	if (other)
		return cartefile_fail(build->file, place, ENOENT, err,
				      "'%s' is not in the image; did you mean '%s'?", path,
				      tree_path(other, buf, sizeof(buf)));
	return cartefile_fail(build->file, place, ENOENT, err,
			      "'%s' is not in the image: neither FROM nor a PATH line brings it",
			      path);
}

int build_find_exe(struct build *build, struct oci_error *err)
{
	struct cartefile_place place = build->file->exe_path_place;
	struct tree_node *node;
	const char *path;

	if (!build->file->has_exe)
		return 0;
	path = build->file->argv[0];
	node = tree_resolve(&build->tree, NULL, path, true, NULL, NULL);
	if (!node)
		return missing(build, path, err);
	if (node->type != TREE_FILE)
		return cartefile_fail(build->file, place, EACCES, err,
				      "'%s' is %s: the program must be a regular file", path,
				      type_word(node));
	if (!(node->mode & 0111))
		return cartefile_fail(build->file, place, EACCES, err,
				      "'%s' is not executable (mode %04o): make the file "
				      "executable, or give PATH a mode, such as %s:0755",
				      path, node->mode, path);
	if (node->content->size == 0 && node->content->source)
		return cartefile_fail(build->file, place, ENOEXEC, err, "'%s' is empty", path);
	build->exe = node;
	return 0;
}

/* On the left machine also programs of the right one run. */
static bool runs(const char *machine, const char *program)
{
	return strcmp(machine, program) == 0 ||
	       (strcmp(machine, "amd64") == 0 && strcmp(program, "386") == 0) ||
	       (strcmp(machine, "arm64") == 0 && strcmp(program, "arm") == 0);
}

static bool is_script(const struct tree_node *node)
{
	char head[2];

	return tree_pread(node, head, sizeof(head), 0, NULL) == 2 && head[0] == '#' &&
	       head[1] == '!';
}

/* Of the ELF header; @ret_is_dynamic: it needs others beside it. */
static int read_program(struct build *build, const char **architecture, const char **variant,
			bool *ret_is_dynamic, struct oci_error *err)
{
	struct elf *elf;
	int r;

	*ret_is_dynamic = false;
	/* in a layer that is kept as it is, and not unpacked for this */
	if (!build->exe || build->exe->in_base || !build->exe->content->source)
		return 0;
	r = elf_read(build->exe, &build->arena, &elf, err);
	if (r == 0)
		*ret_is_dynamic = is_script(build->exe);
	if (r <= 0)
		return r;
	*ret_is_dynamic = elf->interpreter || elf->needed_len > 0;
	(void)elf_platform(elf, architecture, variant);
	return 0;
}

/* What was asked for, else the base's, else the program's, else this machine's. */
int build_choose_platform(struct build *build, bool *ret_is_dynamic, struct oci_error *err)
{
	struct oci_platform *platform = &build->plan.platform;
	const struct image_docs *base = build->plan.base;
	const char *architecture = NULL, *variant = NULL;
	int r = read_program(build, &architecture, &variant, ret_is_dynamic, err);

	if (r < 0)
		return r;
	image_platform_host(platform);
	if (build->options->platform) {
		r = image_platform_parse(build->options->platform, &build->arena, platform, err);
		if (r < 0)
			return r;
	} else if (base) {
		platform->architecture = base->config->architecture;
		platform->os = base->config->os;
		platform->variant = base->config->variant;
	} else if (architecture) {
		platform->architecture = (char *)architecture;
		platform->variant = (char *)variant;
	}
	if (architecture && !runs(platform->architecture, architecture))
		return cartefile_fail(build->file, build->file->exe_path_place, ENOEXEC, err,
				      "'%s' is a program for %s, and the image is for %s (%s)",
				      build->file->argv[0], architecture, platform->architecture,
				      build->options->platform ? "--platform" : "from its base");
	return 0;
}
