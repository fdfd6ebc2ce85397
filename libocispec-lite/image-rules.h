/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image-rules.h - rules that the image documents share. Not installed.
 */
#ifndef OCISPEC_LITE_IMAGE_RULES_H
#define OCISPEC_LITE_IMAGE_RULES_H

#include <ocispec-lite/table.h>

#pragma GCC visibility push(hidden)

/** oci_fits_digest - ALGORITHM:ENCODED (descriptor.md#digests). */
bool oci_fits_digest(const char *text, size_t length);

extern const struct oci_rule oci_digest_rule;

#pragma GCC visibility pop
#endif
