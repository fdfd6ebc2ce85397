/* SPDX-License-Identifier: Apache-2.0 */
/*
 * build-private.h - what the parts of a build share: build_open.c (what goes in), build_key.c (was it made before), build_exe.c (the
 * program), build_layers.c, build_publish.c (what comes out).
 */
#ifndef CARTEFILE_BUILD_PRIVATE_H
#define CARTEFILE_BUILD_PRIVATE_H

#include "cartefile-to-oci/build.h"
#include "cartefile-to-oci/image_config.h"
#include "cartefile-to-oci/source.h"

/** struct build - one build on its way. */
struct build {
	const struct build_options *options;
	void (*progress)(void *ctx, const char *line);
	void *progress_ctx;
	struct oci_arena arena;

	char *text; /* of the Cartefile */
	size_t text_length;
	struct cartefile *file;
	int64_t epoch; /* SOURCE_DATE_EPOCH, or -1 */
	struct context context;
	struct base_options base_options;
	struct base base;
	struct tree tree; /* also owns the context's and the sysroot's source */

	/* a layout for each destination that is one; others are written from @primary */
	struct layout *layouts;
	bool *is_new; /* a layout that this build has made */
	const struct layout *primary;
	struct build_dest *dests;
	size_t dests_len;

	struct digest key;
	int64_t newest; /* change time (ns) of the host's file that was changed last */
	int64_t begun;  /* time (ns) at which the key was made */

	struct digest documents[4]; /* that this build has written */
	size_t documents_len;
	struct image_docs
		published; /* what goes to the destinations, also when it was there before */

	struct tree_node *exe;
	enum slim_level level;
	struct tree_source *sysroot; /* where libraries were looked for, or NULL */
	struct image_plan plan;
};

/* Files whose time of change is nearer to the build than this may change again without a trace (coarse clocks tick at 100 Hz at least). */
#define BUILD_RACY_NS INT64_C(20000000)

void build_tell(struct build *build, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* build_open.c */
int build_open_inputs(struct build *build, struct oci_error *err);
int build_open_layouts(struct build *build, struct oci_error *err);
void build_close(struct build *build);

/** build_discard_layouts - after a failure: layouts that this build has made go again. */
void build_discard_layouts(struct build *build);

/* build_key.c: build_recall - 1 when it was made before and all of it is at hand: @ret and @ret_image are filled. */
int build_make_key(struct build *build, struct oci_error *err);
int build_recall(struct build *build, struct build_result *ret, struct image_docs *ret_image,
		 struct oci_error *err);
void build_remember(struct build *build, const struct build_result *result);

/* build_exe.c */
int build_find_exe(struct build *build, struct oci_error *err);
int build_choose_platform(struct build *build, bool *ret_is_dynamic, struct oci_error *err);

/* build_layers.c: assign, then write or find all layers of the tree in the primary layout. */
int build_write_layers(struct build *build, struct build_result *ret, struct oci_error *err);
bool build_is_settled(const struct build *build);

/** build_have_blob - see that the primary layout has it: 1; 0 when neither it nor the store has. */
int build_have_blob(struct build *build, const struct digest *digest, uint64_t size,
		    struct oci_error *err);

/* build_explain.c */
int build_explain(struct build *build, const struct build_result *result, struct oci_error *err);
int build_explain_again(struct build *build, const struct build_result *result,
			struct oci_error *err);
int build_list_materials(struct build *build, const struct build_result *result,
			 struct oci_error *err);

/* build_publish.c */
int build_write_documents(struct build *build, struct image_docs *ret, struct oci_error *err);
int build_publish(struct build *build, const struct image_docs *image, struct oci_error *err);
const char *build_name(const struct build *build, const struct build_dest *dest);

#endif
