/* SPDX-License-Identifier: Apache-2.0 */
/* Bloom filters: what was put in is never excluded, and little else is let through. */
#include "t.h"

#include "segment/segment_int.h"

/* Hashes as the codec makes them, of numbers. */
static uint64_t hash_of(uint64_t n)
{
	return hash_bytes(&n, sizeof(n), 0);
}

static uint8_t *filter_of(uint32_t n, size_t *bytes)
{
	uint64_t *hashes = calloc(n, sizeof(*hashes));
	uint8_t *bits;

	*bytes = segment_bloom_bytes(n);
	bits = calloc(1, *bytes);
	assert_true(hashes && bits);
	for (uint32_t i = 0; i < n; i++)
		hashes[i] = hash_of(i);
	segment_bloom_fill(bits, *bytes, hashes, n);
	free(hashes);
	return bits;
}

TEST(no_value_is_excluded_and_at_most_two_percent_of_others_pass)
{
	static const uint32_t sizes[] = { 17, 100, 1000, 32768, SEGMENT_BLOOM_VALUES_MAX };

	for (size_t s = 0; s < ARRAY_LEN(sizes); s++) {
		uint32_t n = sizes[s], tries = 100000, passed = 0;
		size_t bytes;
		uint8_t *bits = filter_of(n, &bytes);

		for (uint32_t i = 0; i < n; i++)
			assert_true(segment_bloom_has(bits, bytes, hash_of(i)));
		for (uint32_t i = 0; i < tries; i++)
			passed += segment_bloom_has(bits, bytes, hash_of((UINT64_C(1) << 40) + i));
		assert_true(passed * 50 <= tries);
		free(bits);
	}
}

TEST(a_filter_takes_about_ten_bits_a_value)
{
	assert_int_equal(segment_bloom_bytes(1), 8);
	assert_int_equal(segment_bloom_bytes(32), 40);
	assert_int_equal(segment_bloom_bytes(33), 48);
	assert_int_equal(segment_bloom_bytes(32768), 40960);
}

TEST_MAIN
