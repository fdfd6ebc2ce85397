/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rights.h - what this process may do, asked before a library is that says so on stderr.
 */
#ifndef CARTE_SCALE_RIGHTS_H
#define CARTE_SCALE_RIGHTS_H

#include <stdbool.h>
#include <stdint.h>

#define RIGHT(capability) (UINT64_C(1) << (capability))

/** rights_have - all of @mask are effective in the calling thread. */
bool rights_have(uint64_t mask);

#endif
