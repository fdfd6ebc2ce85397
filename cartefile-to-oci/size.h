/* SPDX-License-Identifier: Apache-2.0 */
/*
 * size.h - sizes as people read them, the same in all that is printed.
 */
#ifndef CARTEFILE_SIZE_H
#define CARTEFILE_SIZE_H

#include <stdint.h>

#define SIZE_WORDS_SIZE 24

/** size_words - "345B", "12.3MB": decimal, three digits or fewer; into @buf, which is returned. */
const char *size_words(uint64_t size, char buf[SIZE_WORDS_SIZE]);

#endif
