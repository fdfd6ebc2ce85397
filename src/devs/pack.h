/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pack.h - whole numbers that are mostly small, in few bits: a binary range coder (Martin 1979) whose probabilities follow what was coded.
 *
 * One function does both ways, so that they cannot differ: it is given a number and returns it, or it is given anything and returns the number
 * that was packed there.
 */
#ifndef CARTE_DEVS_PACK_H
#define CARTE_DEVS_PACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PACK_LENGTHS 20 /* bits of a number */
#define PACK_MAX ((1 << PACK_LENGTHS) - 1)

struct pack {
	uint8_t *to; /* packing: heap, grows; see pack_end */
	size_t size;
	const uint8_t *from; /* unpacking: the caller's */
	size_t at, len;
	bool failed; /* packing: out of memory; unpacking: there was no more */
	uint64_t low;
	uint32_t range, code;
	uint8_t held; /* a byte that a carry may still reach, and how many of 0xff behind it */
	uint64_t held_count;
};

/** struct pack_model - what one kind of number is like; see pack_model_begin. */
struct pack_model {
	uint16_t zero[3], sign, length[3 * PACK_LENGTHS], first[PACK_LENGTHS];
	unsigned before; /* 0: the last number was 0; 1: it was 1 or -1; 2: more */
};

void pack_begin(struct pack *pack);
/** pack_end - *ret: heap. 0 or -ENOMEM; in any case nothing is left in @pack. */
int pack_end(struct pack *pack, uint8_t **ret, size_t *ret_len);
/** unpack_begin - unpack_end: was it all there, and no more? */
void unpack_begin(struct pack *pack, const uint8_t *from, size_t len);
bool unpack_end(const struct pack *pack);

void pack_model_begin(struct pack_model *model);
/** pack_number - from -PACK_MAX to PACK_MAX. */
int pack_number(struct pack *pack, struct pack_model *model, int value);
/** pack_bit - @chance: PACK_EVEN at first, then its own. */
#define PACK_EVEN 1024
unsigned pack_bit(struct pack *pack, uint16_t *chance, unsigned bit);

#endif
