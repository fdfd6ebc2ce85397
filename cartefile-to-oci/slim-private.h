/* SPDX-License-Identifier: Apache-2.0 */
/*
 * slim-private.h - what the parts of slimming share: prune.c, closure.c, script.c, keep.c around slim.c.
 */
#ifndef CARTEFILE_SLIM_PRIVATE_H
#define CARTEFILE_SLIM_PRIVATE_H

#include "cartefile-to-oci/elf.h"
#include "cartefile-to-oci/ldconf.h"
#include "cartefile-to-oci/slim.h"
#include "cartefile-to-oci/view.h"

/* $PATH of an image that says nothing, as the engines have it */
#define SLIM_USUAL_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

/** struct slim_object - what was read of a kept file. @node NULL: a free slot. */
struct slim_object {
	const struct tree_node *node;
	struct elf *elf;    /* NULL: no ELF file, or a damaged one */
	bool looked;        /* @elf is known */
	bool done;          /* as a program of its own, or as a part of one */
	bool names_known;   /* its constants were looked through */
	bool unwinds;       /* uses a function for which glibc opens libgcc_s.so.1 */
	unsigned walked;    /* the last walk of slim_take_all that came here */
	const char **names; /* libraries named by its constants; NULL-terminated, or NULL */
};

struct program;

struct slim {
	struct tree *tree;
	const struct slim_options *options;
	struct oci_arena scratch;
	struct view view;
	enum tree_origin origin;     /* of nodes made from the sysroot */
	struct slim_object *objects; /* a hash table by node; heap */
	size_t objects_len, objects_room;
	unsigned walks;
	struct tree_node **queue; /* files that were kept and not looked at yet; heap */
	size_t queue_at, queue_len, queue_room;
	const char **suggestions; /* heap; strings are the tree's */
	size_t suggestions_len, suggestions_room;
	struct tree_node *exe;
	struct program *exe_program; /* its libraries are there for what it opens by name */
	struct folder_list conf;     /* of /etc/ld.so.conf */
	bool conf_known;
	struct oci_error *err;
};

/* words of `why`; also what explain groups by */
extern const char slim_why_folder[], slim_why_link[], slim_why_needed[], slim_why_interpreter[],
	slim_why_script[], slim_why_dlopen[], slim_why_unneeded[];

/** slim_enqueue - a file that is in is looked at later. */
int slim_enqueue(struct slim *s, struct tree_node *node);

/** slim_keep - let a node and its folders be in; a file is looked at later. @why is static or the tree's. */
int slim_keep(struct slim *s, struct tree_node *node, const char *why,
	      const struct tree_node *because);

/**
 * slim_take - keep what was found and all that was passed on the way; what is the sysroot's becomes nodes.
 * @ret: the node that was found; may be NULL
 */
int slim_take(struct slim *s, const struct view_hit *hit, const char *why,
	      const struct tree_node *because, struct tree_node **ret);

/** slim_take_path - view_find and slim_take: 1, 0 nothing there, -errno. */
int slim_take_path(struct slim *s, const char *path, const char *why,
		   const struct tree_node *because);

/** slim_take_all - the same with all that is below a folder, links followed. */
int slim_take_all(struct slim *s, const char *path, const char *why,
		  const struct tree_node *because);

/** slim_suggest - one line more for the report, unless it is there. */
int slim_suggest(struct slim *s, const char *format, ...) __attribute__((format(printf, 2, 3)));

/** slim_object - the slot of a node, made when missing; NULL: out of memory. Valid until the next call. */
struct slim_object *slim_object(struct slim *s, const struct tree_node *node);

/** slim_elf - what an ELF file says; NULL in @ret: it is none. A damaged one is -EINVAL with words. */
int slim_elf(struct slim *s, const struct tree_node *node, struct elf **ret);

/** closure_program - keep what the loader needs for this file, which is kept. */
int closure_program(struct slim *s, struct tree_node *node, struct elf *elf);

/** closure_finish - what follows from all of it: the loader's cache, suggestions of names that are opened. */
int closure_finish(struct slim *s);

/** slim_packages - by the base's packages: licences of what is kept, folders of services, what is left out of the program's own. */
int slim_packages(struct slim *s);

/** script_interpreter - keep the interpreter of a file that begins with "#!". */
int script_interpreter(struct slim *s, struct tree_node *node);

/** prune_mark - leave out of the base what no program needs. */
int prune_mark(struct slim *s);

/** keep_basics - what nearly every program expects of a system, if the base has it. keep_sets - of --keep. */
int keep_basics(struct slim *s);
int keep_sets(struct slim *s);

#endif
