/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_index.c - indexes of images.
 */
#include "ocispec-fuzz.h"

FUZZ_DOCUMENT(index)
