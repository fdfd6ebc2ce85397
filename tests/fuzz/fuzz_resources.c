/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_resources.c - the resources document.
 */
#include "ocispec-fuzz.h"

FUZZ_DOCUMENT(resources)
