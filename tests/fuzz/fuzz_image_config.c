/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_image_config.c - configurations of images.
 */
#include "ocispec-fuzz.h"

FUZZ_DOCUMENT(image_config)
