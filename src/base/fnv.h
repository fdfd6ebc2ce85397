/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fnv.h - FNV-1a, 32 bits: for tables and names, not against an adversary (Fowler, Noll, Vo; RFC 9923).
 */
#ifndef CARTE_BASE_FNV_H
#define CARTE_BASE_FNV_H

#include <stddef.h>
#include <stdint.h>

#define FNV_BEGIN UINT32_C(2166136261)

/** fnv_add - @hash, going on with @length bytes. */
static inline uint32_t fnv_add(uint32_t hash, const void *data, size_t length)
{
	const unsigned char *bytes = data;

	for (size_t i = 0; i < length; i++)
		hash = (hash ^ bytes[i]) * UINT32_C(16777619);
	return hash;
}

#endif
