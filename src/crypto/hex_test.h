/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes written as hexadecimal digits, for tests against published vectors.
 */
#ifndef REDOUBT_CRYPTO_HEX_TEST_H
#define REDOUBT_CRYPTO_HEX_TEST_H

#include "base/base.h"

#include "t.h"

#define HEX_BYTES 256

/* Fills out, which has n bytes of room, and returns what was filled. */
static inline struct str hex_into(uint8_t *out, size_t n, const char *digits)
{
	size_t length = strlen(digits) / 2;

	assert_true(length <= n);
	for (size_t i = 0; i < length; i++) {
		uint64_t v = 0;

		assert_int_equal(str_to_hex64((struct str){ digits + 2 * i, 2 }, &v), 0);
		out[i] = (uint8_t)v;
	}
	return (struct str){ (const char *)out, length };
}

#define assert_hex(is, digits)                                                                     \
	do {                                                                                       \
		uint8_t want_[HEX_BYTES];                                                          \
		struct str w_ = hex_into(want_, sizeof(want_), digits);                            \
		assert_memory_equal(is, w_.p, w_.n);                                               \
	} while (0)

#endif
