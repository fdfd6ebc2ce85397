/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_manifest.c - manifests of images.
 */
#include "ocispec-fuzz.h"

FUZZ_DOCUMENT(manifest)
