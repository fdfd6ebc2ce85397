/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd_unpack.c - `unpack`: the files of an image in a folder.
 */
#include <stddef.h>
#include <stdio.h>

#include "base/mem.h"
#include "cartefile-to-oci/cmds.h"
#include "cartefile-to-oci/image_source.h"
#include "cartefile-to-oci/unpack.h"

struct unpack_args {
	const char *platform, *store;
};

static const struct opt unpack_opts[] = {
	{ "platform", 0, OPT_STRING, offsetof(struct unpack_args, platform), "OS/ARCH",
	  "of an image for several; default: this machine's" },
	CMD_STORE_OPTION(unpack_args),
	{ .name = NULL },
};

static int unpack_run(void *arguments, char **operands, int count, struct oci_error *err)
{
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	struct image_source image = IMAGE_SOURCE_INIT;
	const struct unpack_args *args = arguments;
	struct store store = STORE_INIT;
	size_t lost = 0;
	int r = store_open(args->store, &store, err);

	(void)count;
	if (r == 0)
		r = image_open(operands[0], &store, args->platform, &arena, &image, err);
	if (r == 0)
		r = unpack_image(&image.layout, &image.docs, operands[1], &lost, err);
	image_close(&image);
	store_close(&store);
	if (r < 0)
		err_prefix(err, "unpack: ");
	else if (lost > 0)
		(void)fprintf(stderr,
			      "cartefile-to-oci: unpack %s: %zu owners, devices or attributes "
			      "could not be given without more privileges\n",
			      operands[0], lost);
	return r;
}

const struct cmd cmd_unpack = {
	.command = {
		.name = "unpack",
		.usage = "[OPTIONS] IMAGE FOLDER",
		.summary = "unpack the files of an image into a new or empty folder",
		.opts = unpack_opts,
		.positional_after = -1,
		.min_operands = 2,
		.max_operands = 2,
	},
	.options_size = sizeof(struct unpack_args),
	.run = unpack_run,
};
