/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_features.c - the features document.
 */
#include "ocispec-fuzz.h"

FUZZ_DOCUMENT(features)
