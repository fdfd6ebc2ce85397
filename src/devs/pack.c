/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pack.c - the range coder and the way of a number into bits. The arithmetic is LZMA's: probabilities of 11 bits that move by a 32nd, a range of
 * 32 bits that is filled up by bytes, carries that go back into bytes which are held for that.
 */
#include <errno.h>
#include <stdlib.h>

#include "devs/pack.h"

#define CHANCE_BITS 11
#define CHANCE_SHIFT 5
#define RANGE_LEAST (UINT32_C(1) << 24)
#define FLUSH 5 /* bytes */

/* ---- bytes ------------------------------------------------------------------------------------------------------------- */

static void put(struct pack *pack, uint8_t byte)
{
	if (pack->len == pack->size && !pack->failed) {
		size_t size = pack->size ? 2 * pack->size : 512;
		uint8_t *grown = realloc(pack->to, size);

		pack->failed = !grown;
		if (grown) {
			pack->to = grown;
			pack->size = size;
		}
	}
	if (!pack->failed)
		pack->to[pack->len++] = byte;
}

static void shift(struct pack *pack)
{
	bool carry = pack->low >> 32;

	if (carry || pack->low < 0xff000000) {
		for (; pack->held_count; pack->held_count--) {
			put(pack, (uint8_t)(pack->held + carry));
			pack->held = 0xff;
		}
		pack->held = (uint8_t)(pack->low >> 24);
	}
	pack->held_count++;
	pack->low = (pack->low & 0x00ffffff) << 8;
}

static uint8_t get(struct pack *pack)
{
	if (pack->at < pack->len)
		return pack->from[pack->at++];
	pack->failed = true;
	return 0;
}

void pack_begin(struct pack *pack)
{
	*pack = (struct pack){ .range = UINT32_MAX, .held_count = 1 };
}

int pack_end(struct pack *pack, uint8_t **ret, size_t *ret_len)
{
	for (unsigned i = 0; i < FLUSH; i++)
		shift(pack);
	if (pack->failed) {
		free(pack->to);
		return -ENOMEM;
	}
	*ret = pack->to;
	*ret_len = pack->len;
	return 0;
}

void unpack_begin(struct pack *pack, const uint8_t *from, size_t len)
{
	*pack = (struct pack){ .range = UINT32_MAX, .from = from, .len = len };
	for (unsigned i = 0; i < FLUSH; i++)
		pack->code = pack->code << 8 | get(pack);
}

bool unpack_end(const struct pack *pack)
{
	return !pack->failed && pack->at == pack->len;
}

/* ---- bits -------------------------------------------------------------------------------------------------------------- */

unsigned pack_bit(struct pack *pack, uint16_t *chance, unsigned bit)
{
	uint32_t bound = (pack->range >> CHANCE_BITS) * *chance;

	if (pack->from)
		bit = pack->code >= bound;
	if (!bit) {
		pack->range = bound;
		*chance = (uint16_t)(*chance + (((1u << CHANCE_BITS) - *chance) >> CHANCE_SHIFT));
	} else {
		pack->low += bound;
		pack->code -= bound;
		pack->range -= bound;
		*chance = (uint16_t)(*chance - (*chance >> CHANCE_SHIFT));
	}
	for (; pack->range < RANGE_LEAST; pack->range <<= 8)
		if (pack->from)
			pack->code = pack->code << 8 | get(pack);
		else
			shift(pack);
	return bit;
}

static unsigned even_bit(struct pack *pack, unsigned bit)
{
	uint16_t chance = PACK_EVEN;

	return pack_bit(pack, &chance, bit);
}

/* ---- numbers ----------------------------------------------------------------------------------------------------------- */

void pack_model_begin(struct pack_model *model)
{
	uint16_t *const chances[] = { model->zero, &model->sign, model->length, model->first };
	const unsigned counts[] = { 3, 1, 3 * PACK_LENGTHS, PACK_LENGTHS };

	for (unsigned i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
		for (unsigned k = 0; k < counts[i]; k++)
			chances[i][k] = PACK_EVEN;
	model->before = 0;
}

/* One that is not 0: how many bits it has, and these without the first. */
static unsigned pack_size(struct pack *pack, struct pack_model *model, unsigned size)
{
	uint16_t *longer = &model->length[(size_t)model->before * PACK_LENGTHS];
	unsigned length = 0, value = 1;

	while (length + 1 < PACK_LENGTHS &&
	       pack_bit(pack, &longer[length], size >> (length + 1) != 0))
		length++;
	for (unsigned i = length; i-- > 0;) {
		unsigned bit = size >> i & 1;

		bit = i + 1 == length ? pack_bit(pack, &model->first[length], bit)
				      : even_bit(pack, bit);
		value = value << 1 | bit;
	}
	return value;
}

int pack_number(struct pack *pack, struct pack_model *model, int value)
{
	unsigned size = (unsigned)abs(value);
	bool negative;

	if (!pack_bit(pack, &model->zero[model->before], size != 0)) {
		model->before = 0;
		return 0;
	}
	negative = pack_bit(pack, &model->sign, value < 0);
	size = pack_size(pack, model, size);
	model->before = size == 1 ? 1 : 2;
	return negative ? -(int)size : (int)size;
}
