/* SPDX-License-Identifier: Apache-2.0 */
/*
 * archive_out.h - one image as one file: oci-archive (a tar of a layout) or docker-archive (what `docker load` takes).
 *
 * The same image under the same name is the same bytes. The file is there complete or not at all; one that was there before
 * is replaced. What is written was read and its digests were checked on the way.
 */
#ifndef CARTEFILE_ARCHIVE_OUT_H
#define CARTEFILE_ARCHIVE_OUT_H

#include "cartefile-to-oci/layout.h"

/** archive_write_oci - @manifest: of the image, in @layout; @name: NULL for none. */
int archive_write_oci(const struct layout *layout, const struct oci_descriptor *manifest,
		      const char *name, const char *file, struct oci_error *err);

/**
 * archive_write_docker - the same for a docker-archive. Its layers are plain tars: Docker knows no other way to see that
 * they are those of the config, and old ones no zstd.
 */
int archive_write_docker(const struct layout *layout, const struct oci_descriptor *manifest,
			 const char *name, const char *file, struct oci_error *err);

#endif
