/* SPDX-License-Identifier: Apache-2.0 */
/*
 * embed.h - files that are part of the program; build-aux/embed makes them into bytes.
 */
#ifndef CARTE_SCALE_EMBED_H
#define CARTE_SCALE_EMBED_H

#include <stddef.h>

extern const unsigned char embed_index_html[], embed_page_css[], embed_page_js[],
	embed_openapi_json[];
extern const size_t embed_index_html_length, embed_page_css_length, embed_page_js_length,
	embed_openapi_json_length;

#endif
