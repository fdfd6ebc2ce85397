/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_state.c - the state document.
 */
#include "ocispec-fuzz.h"

FUZZ_DOCUMENT(state)
