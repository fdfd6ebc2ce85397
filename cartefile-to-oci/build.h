/* SPDX-License-Identifier: Apache-2.0 */
/*
 * build.h - from a Cartefile to images: the one place where all the parts meet.
 */
#ifndef CARTEFILE_BUILD_H
#define CARTEFILE_BUILD_H

#include "cartefile-to-oci/base.h"
#include "cartefile-to-oci/cartefile.h"
#include "cartefile-to-oci/layer_write.h"
#include "cartefile-to-oci/slim.h"
#include "cartefile-to-oci/store.h"

enum build_dest_kind {
	DEST_STORE = 0,
	DEST_OCI,
	DEST_OCI_ARCHIVE,
	DEST_DOCKER_ARCHIVE,
	DEST_BUNDLE
};

/** struct build_dest - one -o: "oci:DIR[:REF]", "oci-archive:FILE[:REF]", "docker-archive:FILE", "bundle:DIR", "store". */
struct build_dest {
	enum build_dest_kind kind;
	char *path;
	char *ref; /* NULL: the image's NAME */
};

struct build_options {
	const char *cartefile; /* NULL: CONTEXT/Cartefile */
	const char *context;
	struct build_dest *dests; /* none: the store */
	size_t dests_len;
	bool slim_given;
	enum slim_level slim;
	const char *const *keep;
	size_t keep_len;
	enum layer_plan layers;
	enum layer_compression compression;
	const char *platform;
	bool no_cache;
	const char *
		explain; /* file, "-" is stdout; NULL: none asked for; the store's copy is always written */
	const char *sysroot; /* NULL: "/" */
	const char *sbom;    /* file for an SPDX document, or NULL */
	const char *probe;   /* --slim trace: run this in the container instead of the program */
	const char *
		exercise; /* --slim trace: a command of the host, beside the program; when it ends the program is stopped */
	unsigned
		trace_seconds; /* --slim trace: without either, stop the program after so long; 0: default 10 */
	const char *verify; /* command run in the slim and the unslimmed image, results compared */
	const char *
		runtime; /* for trace and verify: NULL: carte-runtime beside this program or in $PATH, then crun, runc */
	struct store *store;
};

/** struct build_result - what `--format json` prints. */
struct build_result {
	char *name;
	struct digest manifest, config;
	struct oci_descriptor *descriptor;
	struct layer_result layers[8]; /* of the new ones */
	const char *layer_words[8];
	bool layer_cached[8];
	size_t layers_len;
	size_t base_layers;
	bool cached;         /* the whole came from the cache */
	uint64_t total_size; /* of all blobs of the image */
	struct slim_report slim;
	struct oci_arena arena;
};

/** build - progress is told line by line through @progress (NULL: not at all). Nothing is published when it fails. */
int build(const struct build_options *options, void (*progress)(void *ctx, const char *line),
	  void *ctx, struct build_result *ret, struct oci_error *err);
void build_result_free(struct build_result *result);

#endif
