/* SPDX-License-Identifier: Apache-2.0 */
/*
 * number.h - JSON numbers as exact integers. Not installed.
 */
#ifndef OCISPEC_LITE_NUMBER_H
#define OCISPEC_LITE_NUMBER_H

#include <ocispec-lite/table.h>

#pragma GCC visibility push(hidden)

/** oci_number_range - what fits the row: its C type and its rule. */
void oci_number_range(const struct oci_row *row, int64_t *ret_min, uint64_t *ret_max);

/**
 * oci_number_read - the integer that yajl found at @text.
 * @ret: two's complement when it is negative
 *
 * Return: whether it is an integer, without fraction and exponent, and fits the row.
 */
bool oci_number_read(const struct oci_row *row, const char *text, size_t length, uint64_t *ret);

#pragma GCC visibility pop
#endif
