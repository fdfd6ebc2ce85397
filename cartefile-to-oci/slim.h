/* SPDX-License-Identifier: Apache-2.0 */
/*
 * slim.h - leave out of a tree what the program does not need, and say of everything why it is there.
 */
#ifndef CARTEFILE_SLIM_H
#define CARTEFILE_SLIM_H

#include "cartefile-to-oci/tree.h"

enum slim_level { SLIM_NONE = 0, SLIM_PRUNE, SLIM_ELF, SLIM_TRACE };

/**
 * struct slim_options
 * @sysroot: folder whose files a dynamic program of a FROM scratch image may need: the host's "/" or --sysroot; NULL: none
 * @keep: of --keep, each possibly several with commas: "locale:C.UTF-8", "tz:Asia/Tokyo", "ca", "gconv", "nss", "terminfo",
 *	  "/path" (with what is below it), a pattern of paths (glob(7))
 * @traced: SLIM_TRACE: absolute paths that a run has used; kept like what the ELF closure finds, with closures of their own
 * @exe: as argv[0] of exe_PATH, or of the base's Entrypoint or Cmd (then perhaps without a folder); NULL: none
 * @search_path: PATH of the image's environment, for `#!/usr/bin/env NAME`; NULL: the usual folders
 * @library_path: LD_LIBRARY_PATH of the image's environment, or NULL
 * @mtime: of nodes made from @sysroot
 */
struct slim_options {
	enum slim_level level;
	struct tree_source *sysroot;
	const char *const *keep;
	size_t keep_len;
	char **traced;
	size_t traced_len;
	const char *exe;
	const char *search_path;
	const char *library_path;
	int64_t mtime;
};

/** struct slim_report - what a build tells about it. Strings are the tree's. Folders are not counted. */
struct slim_report {
	size_t kept, left_out;
	uint64_t kept_bytes, left_out_bytes;
	const char **
		suggestions; /* "libnss_systemd.so.2: opened by name (dlopen) by /usr/bin/x; --keep /usr/lib/..." */
	size_t suggestions_len;
};

/**
 * slim_apply - set node->out, why and because. A library that nothing provides is an error: "/usr/bin/x needs libfoo.so.1, which is
 * neither in the image nor in the sysroot; searched: ...". Content of one node may be shared with nodes that are left out.
 */
int slim_apply(struct tree *tree, const struct slim_options *options, struct slim_report *ret,
	       struct oci_error *err);

/** slim_is_os_tree - does it look like an operating system's root (etc/os-release, or usr/bin and etc)? */
bool slim_is_os_tree(const struct tree *tree);

#endif
