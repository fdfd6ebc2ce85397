/* SPDX-License-Identifier: Apache-2.0 */
/*
 * number.c - JSON numbers as exact integers.
 */
#include "number.h"

/* -?[0-9]+ that fits 64 bits; yajl has seen to the rest of the syntax */
static bool read_integer(const char *text, size_t length, bool *ret_negative, uint64_t *ret)
{
	uint64_t value = 0;
	size_t i = length > 0 && text[0] == '-';

	*ret_negative = i == 1;
	for (; i < length; i++) {
		unsigned digit = (unsigned char)text[i] - '0';

		if (digit > 9 || __builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, digit, &value))
			return false;
	}
	*ret = value;
	return true;
}

void oci_number_range(const struct oci_row *row, int64_t *ret_min, uint64_t *ret_max)
{
	uint8_t kind = row->kind;

	*ret_min = kind == OCI_KIND_I64 ? INT64_MIN : 0;
	*ret_max = kind == OCI_KIND_I64   ? INT64_MAX
		   : kind == OCI_KIND_U64 ? UINT64_MAX
					  : UINT32_MAX;
	if (row->rule && !row->rule->fits) {
		*ret_min = row->rule->min > *ret_min ? row->rule->min : *ret_min;
		*ret_max = row->rule->max < *ret_max ? row->rule->max : *ret_max;
	}
}

bool oci_number_read(const struct oci_row *row, const char *text, size_t length, uint64_t *ret)
{
	uint64_t value, max;
	bool negative;
	int64_t min;

	if (!read_integer(text, length, &negative, &value))
		return false;
	oci_number_range(row, &min, &max);
	if (negative && value > 0) {
		if (value > (uint64_t)INT64_MAX + 1 || (int64_t)(0 - value) < min)
			return false;
		value = 0 - value;
	} else if (value > max || (min > 0 && value < (uint64_t)min)) {
		return false;
	}
	*ret = value;
	return true;
}
