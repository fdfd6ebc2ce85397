/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bytes.h - big-endian numbers in and out of datagrams, never beyond their end.
 *
 * Both sides only note that the end was passed: the caller asks once, when all is read or written.
 */
#ifndef METAVERSE_BYTES_H
#define METAVERSE_BYTES_H

#include <endian.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/** What is left of a datagram; overrun: more was asked for than there is, and what was read is zeros. */
struct reader {
	const uint8_t *at;
	size_t left;
	bool overrun;
};

/** A datagram that grows within size bytes; overrun: it did not fit, and is not to be sent. */
struct writer {
	uint8_t *data;
	size_t length, size;
	bool overrun;
};

static inline void read_bytes(struct reader *in, void *out, size_t length)
{
	if (in->overrun || in->left < length) {
		in->overrun = true;
		memset(out, 0, length);
		return;
	}
	memcpy(out, in->at, length);
	in->at += length;
	in->left -= length;
}

static inline uint8_t read_u8(struct reader *in)
{
	uint8_t value = 0;

	read_bytes(in, &value, sizeof(value));
	return value;
}

static inline uint16_t read_u16(struct reader *in)
{
	uint16_t value = 0;

	read_bytes(in, &value, sizeof(value));
	return be16toh(value);
}

static inline uint32_t read_u32(struct reader *in)
{
	uint32_t value = 0;

	read_bytes(in, &value, sizeof(value));
	return be32toh(value);
}

static inline uint64_t read_u64(struct reader *in)
{
	uint64_t value = 0;

	read_bytes(in, &value, sizeof(value));
	return be64toh(value);
}

static inline float read_f32(struct reader *in)
{
	uint32_t bits = read_u32(in);
	float value = 0;

	memcpy(&value, &bits, sizeof(value));
	return value;
}

/** read_text() - a string of LENGTH bytes into out, which has room for max bytes and a 0; longer ones count as overrun. */
static inline void read_text(struct reader *in, char *out, size_t length, size_t max)
{
	out[0] = '\0';
	if (length > max) {
		in->overrun = true;
		return;
	}
	read_bytes(in, out, length);
	out[length] = '\0';
}

static inline void write_bytes(struct writer *out, const void *bytes, size_t length)
{
	if (out->overrun || out->size - out->length < length) {
		out->overrun = true;
		return;
	}
	memcpy(out->data + out->length, bytes, length);
	out->length += length;
}

static inline void write_u8(struct writer *out, uint8_t value)
{
	write_bytes(out, &value, sizeof(value));
}

static inline void write_u16(struct writer *out, uint16_t value)
{
	value = htobe16(value);
	write_bytes(out, &value, sizeof(value));
}

static inline void write_u32(struct writer *out, uint32_t value)
{
	value = htobe32(value);
	write_bytes(out, &value, sizeof(value));
}

static inline void write_u64(struct writer *out, uint64_t value)
{
	value = htobe64(value);
	write_bytes(out, &value, sizeof(value));
}

static inline void write_f32(struct writer *out, float value)
{
	uint32_t bits = 0;

	memcpy(&bits, &value, sizeof(bits));
	write_u32(out, bits);
}

#endif
