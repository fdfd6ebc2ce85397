/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_process.c - the process document.
 */
#include "ocispec-fuzz.h"

FUZZ_DOCUMENT(process)
