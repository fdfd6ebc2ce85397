/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_config.c - the config document.
 */
#include "ocispec-fuzz.h"

FUZZ_DOCUMENT(config)
