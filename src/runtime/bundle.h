/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bundle.h - a bundle's config.json, read and checked as a whole.
 */
#ifndef CARTE_RUNTIME_BUNDLE_H
#define CARTE_RUNTIME_BUNDLE_H

#include <ocispec-lite/runtime.h>

/**
 * bundle_load - read @bundle/config.json (@file when not NULL: another name, relative to the bundle).
 * @ret_bundle: absolute path of the bundle
 */
int bundle_load(struct oci_arena *arena, const char *bundle, const char *file, char **ret_bundle,
		struct oci_config **ret, struct oci_error *err);

#endif
