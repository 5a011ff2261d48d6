/* SPDX-License-Identifier: Apache-2.0 */
/* Names of part files: there and back, and no other spelling. */
#include "t.h"

#include "segment/segment.h"

TEST(a_name_tells_first_arrival_and_part)
{
	char name[SEGMENT_NAME_BYTES];
	uint64_t first = 0;
	enum field_part part = PART_META;

	segment_name(0x4d2, PART_HEADERS, name);
	assert_string_equal(name, "00000000000004d2.headers");
	assert_true(segment_name_parse(name, &first, &part));
	assert_true(first == 0x4d2 && part == PART_HEADERS);

	segment_name(UINT64_MAX, PART_PAYLOAD, name);
	assert_string_equal(name, "ffffffffffffffff.payload");
	assert_true(segment_name_parse(name, &first, &part));
	assert_true(first == UINT64_MAX && part == PART_PAYLOAD);
}

TEST(other_spellings_are_no_names)
{
	static const char *const other[] = { "",
					     "00000000000004d2",
					     "00000000000004d2.",
					     "00000000000004d2.metal",
					     "00000000000004d2.meta.new",
					     "00000000000004D2.meta",
					     "0000000000004d2.meta",
					     "000000000000004d2.meta",
					     "+0000000000004d2.meta",
					     "00000000000004d2.log",
					     "lock" };
	uint64_t first;
	enum field_part part;

	for (size_t i = 0; i < ARRAY_LEN(other); i++)
		assert_false(segment_name_parse(other[i], &first, &part));
}

TEST_MAIN
