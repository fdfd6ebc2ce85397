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
 * @sysroot: source whose files a dynamic program of a FROM scratch image may need: the host's "/" or --sysroot; NULL: none
 * @keep: of --keep: "locale:C.UTF-8", "tz:Asia/Tokyo", "ca", "gconv", "nss", "terminfo", "/path" (with what is below it), each possibly several with commas
 * @traced: SLIM_TRACE: absolute paths that a run has used; kept like what ELF closure finds, with closures of their own
 * @exe: as argv[0] of exe_PATH
 */
struct slim_options {
	enum slim_level level;
	struct tree_source *sysroot;
	const char *const *keep;
	size_t keep_len;
	char **traced;
	size_t traced_len;
	const char *exe;
};

/** struct slim_report - what a build tells about it. Strings are the tree's. */
struct slim_report {
	size_t kept, left_out;
	uint64_t kept_bytes, left_out_bytes;
	const char **
		suggestions; /* "libnss_systemd.so.2: opened by name (dlopen) by /usr/bin/x; --keep /usr/lib/..." */
	size_t suggestions_len;
};

int slim_apply(struct tree *tree, const struct slim_options *options, struct slim_report *ret,
	       struct oci_error *err);

/** slim_missing - a library that nothing provides is an error of slim_apply: "/bin/x needs libfoo.so.1, which ..." */

/** slim_is_os_tree - does it look like an operating system's root (etc/os-release, or usr/bin and etc)? */
bool slim_is_os_tree(const struct tree *tree);

#endif
