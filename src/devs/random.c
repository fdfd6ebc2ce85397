/* SPDX-License-Identifier: Apache-2.0 */
/*
 * random.c - see random.h.
 */
#include <math.h>

#include "devs/random.h"

static uint64_t splitmix(uint64_t *x)
{
	uint64_t z = *x += 0x9e3779b97f4a7c15u;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

static uint64_t rotate(uint64_t x, int k)
{
	return (x << k) | (x >> (64 - k));
}

void random_init(struct random_stream *stream, uint64_t seed, uint64_t number)
{
	uint64_t x = seed, y = splitmix(&x) ^ (number * 0xd1342543de82ef95u);

	for (int i = 0; i < 4; i++)
		stream->s[i] = splitmix(&y);
}

uint64_t random_bits(struct random_stream *stream)
{
	uint64_t *s = stream->s, bits = rotate(s[0] + s[3], 23) + s[0], t = s[1] << 17;

	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= t;
	s[3] = rotate(s[3], 45);
	return bits;
}

double random_uniform(struct random_stream *stream)
{
	return (double)(random_bits(stream) >> 11) * 0x1p-53;
}

double random_exponential(struct random_stream *stream, double mean)
{
	return -mean * log1p(-random_uniform(stream));
}

uint64_t random_below(struct random_stream *stream, uint64_t n)
{
	uint64_t bits, limit = UINT64_MAX - UINT64_MAX % n;

	do
		bits = random_bits(stream);
	while (bits >= limit);
	return bits % n;
}
