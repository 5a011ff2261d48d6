/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A row in clear, for a rule that is asked before anything leaves: it reads as a committed row
 * does, with every value as it was put, and takes no more room than it is given.
 */
#include "t.h"

#include "record/record.h"

static uint64_t memory[8 * KIB / 8];
static uint8_t clear[ROW_MAX];

static struct row *secret_row(void)
{
	static const struct row_pair headers[] = { { { "authorization", 13 }, { "Basic x", 7 } } };
	struct row *row = (struct row *)memory;

	assert_true(row_bytes(record_kind_by_id(KIND_HTTP)) <= sizeof(memory));
	row_init(row, record_kind_by_id(KIND_HTTP));
	row_put_str(row, http_path, STR("/users/kim@example.com"));
	row_put_u64(row, http_status, 200);
	row_put_map(row, http_request_headers, headers, 1);
	return row;
}

TEST(nothing_of_a_clear_row_is_masked)
{
	ptrdiff_t n = row_encode_clear(secret_row(), clear, sizeof(clear));
	struct row_view view;
	struct row_value value;
	struct row_pair pair;
	size_t pos = 0;

	assert_true(n > 0);
	assert_int_equal(row_view((struct str){ (const char *)clear, (size_t)n }, &view), 0);
	assert_true(row_value(&view, http_path.ref.slot, &value));
	assert_true(str_eq(value.s, STR("/users/kim@example.com")));
	assert_int_equal(value.marks, 0);
	assert_true(row_value(&view, http_request_headers.ref.slot, &value));
	assert_true(row_value_next_pair(&value, &pos, &pair));
	assert_true(str_eq(pair.value, STR("Basic x")));
	assert_false(row_value(&view, http_host.ref.slot, &value));
}

TEST(a_clear_row_takes_no_more_than_its_room)
{
	ptrdiff_t n = row_encode_clear(secret_row(), clear, sizeof(clear));

	for (size_t room = 0; room < (size_t)n; room++)
		assert_int_equal(row_encode_clear(secret_row(), clear, room), -ENOBUFS);
	assert_int_equal(row_encode_clear(secret_row(), clear, (size_t)n), n);
}

TEST_MAIN
