/* SPDX-License-Identifier: Apache-2.0 */
/*
 * utf8.h - is it text?
 */
#ifndef CARTE_BASE_UTF8_H
#define CARTE_BASE_UTF8_H

#include <stddef.h>

/**
 * utf8_length - bytes of the character that begins at @text, of which @left bytes may be read as far as none of them is a NUL;
 * 0 when it is none, or a NUL.
 */
size_t utf8_length(const char *text, size_t left);

#endif
