/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ocispec-fuzz.h - the libFuzzer entry of one document.
 *
 * Whatever parses must be emitted, parse again and be emitted as the same bytes; whatever does not
 * must leave one line of words and its errno.
 */
#ifndef TESTS_OCISPEC_FUZZ_H
#define TESTS_OCISPEC_FUZZ_H

#include <stdlib.h>
#include <string.h>

#include <ocispec-lite/image.h>
#include <ocispec-lite/runtime.h>

#define EXPECT(condition)         \
	do {                      \
		if (!(condition)) \
			abort();  \
	} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FUZZ_DOCUMENT(noun)                                                                        \
	int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)                               \
	{                                                                                          \
		struct oci_arena arena = OCI_ARENA_INIT;                                           \
		struct oci_error err = OCI_ERROR_INIT;                                             \
		struct oci_##noun *first, *second;                                                 \
		char *text, *again;                                                                \
		size_t length, again_length;                                                       \
		unsigned flags = size % 2 ? OCI_EMIT_INDENT : 0;                                   \
		int r;                                                                             \
                                                                                                   \
		r = oci_##noun##_parse(&arena, "document", (const char *)data, size, &first,       \
				       &err);                                                      \
		EXPECT(err.code == -r && !strchr(err.message, '\n') && !r == !err.message[0]);     \
		if (r == 0) {                                                                      \
			EXPECT(oci_##noun##_emit(first, flags, &text, &length, &err) == 0);        \
			EXPECT(oci_##noun##_parse(&arena, "again", text, length, &second, &err) == \
			       0);                                                                 \
			EXPECT(oci_##noun##_emit(second, flags, &again, &again_length, &err) ==    \
			       0);                                                                 \
			EXPECT(length == again_length && memcmp(text, again, length) == 0);        \
			free(text);                                                                \
			free(again);                                                               \
		}                                                                                  \
		oci_arena_free(&arena);                                                            \
		return 0;                                                                          \
	}

#endif
