/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trace.h - run an image once under a runtime and note which of its files are used (seccomp notify).
 */
#ifndef CARTEFILE_TRACE_H
#define CARTEFILE_TRACE_H

#include "cartefile-to-oci/build.h"

struct trace_result {
	char **paths; /* sorted, absolute in the image, each once: opened, executed, stat'ed or read as a link, and existing in the tree */
	size_t paths_len;
	int exit_status; /* of the program or --probe; 128 + signal */
	bool stopped;    /* by us, at the end of its time or of --exercise */
};

/** trace_run - @layout, @image: the unslimmed image. @tree: its files, to know what exists. */
int trace_run(const struct build_options *options, const struct layout *layout,
	      const struct image_docs *image, const struct tree *tree, struct oci_arena *arena,
	      struct trace_result *ret, struct oci_error *err);

/**
 * verify_run - options->verify in both images; -ENOEXEC with words when status or output differ: which paths the slim one
 * lacked. @full_tree: as slim_apply left it: what is out is what the slim image lacks.
 */
int verify_run(const struct build_options *options, const struct layout *layout,
	       const struct image_docs *full, const struct tree *full_tree,
	       const struct image_docs *slim, struct oci_error *err);

#endif
