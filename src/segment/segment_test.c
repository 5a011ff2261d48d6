/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows become a segment and come back, by parts, in groups within their limits; and what a writer
 * refuses.
 */
#include "segment/rig.h"

/* A row of a kind that is not known with the fields from first on, each a number. */
static void add_numbers(struct rig *r, uint16_t kind, uint16_t first, unsigned fields)
{
	maker_begin(&r->maker, kind, 1, r->row_count + 1);
	for (unsigned i = 0; i < fields; i++) {
		maker_field(&r->maker, (uint16_t)(first + i), FIELD_U64, 0);
		maker_u64(&r->maker, i);
	}
	rig_add_made(r);
}

static void begin_text(struct rig *r, uint16_t kind, uint16_t field, size_t n)
{
	char *text = malloc(n);

	assert_non_null(text);
	for (size_t i = 0; i < n; i++)
		text[i] = (char)chance(256);
	maker_begin(&r->maker, kind, 1, r->row_count + 1);
	maker_field(&r->maker, field, FIELD_STR, 0);
	maker_text(&r->maker, (struct str){ text, n });
	free(text);
}

/* ---- There and back -------------------------------------------------------------------------- */

TEST(rows_of_all_kinds_and_types_come_back_byte_for_byte)
{
	struct rig *r = rig_new();

	rig_write(r);
	rig_add_chance(r, 6000);
	rig_finish(r);
	rig_open(r, RIG_ALL);

	assert_int_equal(segment_parts(r->segment), RIG_ALL);
	rig_compare(r, RIG_ALL);
	assert_int_equal(rig_verify(r), 0);
	rig_free(r);
}

TEST(who_has_some_parts_reads_only_those)
{
	static const unsigned parts[] = { RIG_META, RIG_META | RIG_HEADERS,
					  RIG_META | RIG_PAYLOAD };
	struct rig *r = rig_new();

	rig_write(r);
	rig_add_chance(r, 1000);
	rig_finish(r);

	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		rig_open(r, parts[i]);
		assert_int_equal(segment_parts(r->segment), parts[i]);
		assert_null(segment_missing(r->segment, PART_HEADERS));
		assert_null(segment_missing(r->segment, PART_PAYLOAD));
		rig_compare(r, parts[i]);
	}
	rig_free(r);
}

TEST(fields_of_a_part_without_a_key_are_left_out)
{
	struct rig *r = rig_new();

	r->conf.key[PART_PAYLOAD].id = 0;
	rig_write(r);
	rig_add_chance(r, 500);
	rig_finish(r);
	rig_open(r, RIG_ALL);

	assert_false(rig_exists(r, "00000000000004d2.payload"));
	assert_int_equal(r->summary.bytes[PART_PAYLOAD], 0);
	rig_compare(r, RIG_META | RIG_HEADERS);
	rig_free(r);
}

TEST(a_part_without_values_has_no_file_and_loses_one_of_an_earlier_attempt)
{
	struct rig *r = rig_new();

	rig_store(r, PART_PAYLOAD, STR("of an earlier attempt"));
	rig_write(r);
	maker_begin(&r->maker, KIND_GAP, 1, 1);
	rig_add_made(r);
	rig_finish(r);
	rig_open(r, RIG_ALL);

	assert_true(rig_exists(r, "00000000000004d2.meta"));
	assert_false(rig_exists(r, "00000000000004d2.headers"));
	assert_false(rig_exists(r, "00000000000004d2.payload"));
	rig_compare(r, RIG_ALL);
	rig_free(r);
}

TEST(a_row_without_fields_comes_back)
{
	struct rig *r = rig_new();

	rig_write(r);
	add_numbers(r, KIND_GAP, 0, 0);
	add_numbers(r, RIG_UNKNOWN_KIND, 0, 0);
	rig_finish(r);
	rig_open(r, RIG_ALL);

	assert_int_equal(segment_groups(r->segment), 2);
	assert_int_equal(segment_group(r->segment, 0)->columns, 0);
	rig_compare(r, RIG_ALL);
	rig_free(r);
}

TEST(no_rows_make_no_file)
{
	struct rig *r = rig_new();

	rig_write(r);
	rig_finish(r);

	assert_true(r->summary.rows == 0);
	assert_false(rig_exists(r, "00000000000004d2.meta"));
	assert_false(rig_exists(r, "00000000000004d2.meta.new"));
	rig_free(r);
}

TEST(the_largest_row_comes_back)
{
	struct rig *r = rig_new();

	rig_write(r);
	begin_text(r, RIG_UNKNOWN_KIND, 900, ROW_MAX - 24 - 8 - 4 - 4);
	rig_add_made(r);
	rig_finish(r);
	rig_open(r, RIG_ALL);

	rig_compare(r, RIG_ALL);
	rig_free(r);
}

/* ---- What is told ---------------------------------------------------------------------------- */

static void add_at(struct rig *r, enum kind_id kind, int64_t at_ns)
{
	maker_begin(&r->maker, (uint16_t)kind, 1, r->row_count + 1);
	if (at_ns) {
		maker_field(&r->maker, 2, FIELD_TIME, 0);
		maker_u64(&r->maker, (uint64_t)at_ns);
	}
	rig_add_made(r);
}

TEST(groups_and_summary_tell_rows_arrival_and_event_time)
{
	struct rig *r = rig_new();
	struct segment_summary s;
	const struct segment_group *g;
	uint64_t file_bytes;

	rig_write(r);
	add_at(r, KIND_HTTP, 50);
	add_at(r, KIND_DNS, -7);
	add_at(r, KIND_HTTP, 40);
	add_at(r, KIND_GAP, 0);
	rig_finish(r);
	rig_open(r, RIG_META);

	segment_summary(r->segment, &s);
	assert_memory_equal(&s, &r->summary, sizeof(s));
	assert_true(s.rows == 4 && s.arrival_min == RIG_FIRST && s.arrival_max == RIG_FIRST + 3);
	assert_true(s.time_min == -7 && s.time_max == 50);
	assert_int_equal(s.raw_bytes, r->rows.len);
	assert_int_equal(disk_size(r->fd[PART_META], &file_bytes), 0);
	assert_int_equal(s.bytes[PART_META], file_bytes);
	assert_int_equal(segment_groups(r->segment), 3);
	g = segment_group(r->segment, 0);
	assert_true(g->kind_id == KIND_HTTP && g->rows == 2 && g->columns == 1);
	assert_true(g->arrival_min == RIG_FIRST && g->arrival_max == RIG_FIRST + 2);
	assert_true(g->time_min == 40 && g->time_max == 50);
	g = segment_group(r->segment, 2);
	assert_true(g->kind_id == KIND_GAP && g->time_min > g->time_max);
	rig_free(r);
}

TEST(what_was_read_is_counted)
{
	struct rig *r = rig_new();
	struct column c;
	uint64_t chunks, bytes;

	rig_write(r);
	add_at(r, KIND_HTTP, 50);
	rig_finish(r);
	rig_open(r, RIG_META);
	segment_read_so_far(r->segment, &chunks, &bytes);
	assert_true(chunks == 0 && bytes == 0);

	assert_int_equal(segment_column(r->segment, 0, 2, r->scratch, &c, &r->err), 0);
	segment_read_so_far(r->segment, &chunks, &bytes);
	assert_true(chunks == 1 && bytes > CRYPTO_GCM_TAG_BYTES);
	assert_int_equal(segment_column(r->segment, 0, 3, r->scratch, &c, &r->err), -ENOENT);
	rig_free(r);
}

TEST(columns_outlive_their_segment)
{
	struct rig *r = rig_new();
	struct column c;
	struct row_value v;

	rig_write(r);
	begin_text(r, RIG_UNKNOWN_KIND, 900, 1000);
	rig_add_made(r);
	rig_finish(r);
	rig_open(r, RIG_ALL);
	assert_int_equal(segment_column(r->segment, 0, 900, r->scratch, &c, &r->err), 0);
	rig_close(r);

	assert_true(column_value(&c, 0, &v));
	assert_memory_equal(v.s.p, r->rows.p + r->rows.len - 1000 - 4, 1000);
	rig_free(r);
}

/* ---- Limits ---------------------------------------------------------------------------------- */

TEST(a_group_ends_with_its_last_row)
{
	struct rig *r = rig_new();

	rig_write(r);
	for (size_t i = 0; i < SEGMENT_GROUP_ROWS + 1; i++)
		add_numbers(r, KIND_GAP, 900, 1);
	rig_finish(r);
	rig_open(r, RIG_ALL);

	assert_int_equal(segment_groups(r->segment), 2);
	assert_int_equal(segment_group(r->segment, 0)->rows, SEGMENT_GROUP_ROWS);
	assert_int_equal(segment_group(r->segment, 1)->rows, 1);
	rig_compare(r, RIG_ALL);
	rig_free(r);
}

TEST(a_group_ends_when_its_bytes_reach_the_limit)
{
	struct rig *r = rig_new();

	rig_write(r);
	for (size_t i = 0; i < 700; i++) {
		begin_text(r, RIG_UNKNOWN_KIND, 900, 100000);
		rig_add_made(r);
	}
	rig_finish(r);
	rig_open(r, RIG_ALL);

	assert_true(segment_groups(r->segment) >= 3 && segment_groups(r->segment) <= 4);
	rig_compare(r, RIG_ALL);
	rig_free(r);
}

TEST(the_largest_group_is_written_when_all_together_reach_the_limit)
{
	struct rig *r = rig_new();

	rig_write(r);
	for (size_t i = 0; i < 900; i++) {
		begin_text(r, (uint16_t)(60000 + i % 5), 900, 100000);
		rig_add_made(r);
	}
	rig_finish(r);
	rig_open(r, RIG_ALL);

	assert_true(segment_groups(r->segment) > 5);
	rig_compare(r, RIG_ALL);
	rig_free(r);
}

TEST(more_kinds_than_are_open_at_once_cost_groups_only)
{
	struct rig *r = rig_new();

	rig_write(r);
	for (size_t i = 0; i < 400; i++)
		add_numbers(r, (uint16_t)(1000 + i % 100), 900, 2);
	rig_finish(r);
	rig_open(r, RIG_ALL);

	rig_compare(r, RIG_ALL);
	rig_free(r);
}

TEST(a_group_has_as_many_columns_as_a_row_may_have_fields)
{
	struct rig *r = rig_new();

	rig_write(r);
	add_numbers(r, RIG_UNKNOWN_KIND, 200, SEGMENT_COLUMNS_MAX);
	add_numbers(r, RIG_UNKNOWN_KIND, 200 + SEGMENT_COLUMNS_MAX, 1);
	add_numbers(r, RIG_UNKNOWN_KIND, 3000, SEGMENT_COLUMNS_MAX);
	rig_finish(r);
	rig_open(r, RIG_ALL);

	assert_int_equal(segment_groups(r->segment), 3);
	assert_int_equal(segment_group(r->segment, 0)->columns, SEGMENT_COLUMNS_MAX);
	rig_compare(r, RIG_ALL);
	rig_free(r);
}

TEST(a_row_with_more_fields_is_refused_and_the_next_one_taken)
{
	struct rig *r = rig_new();
	struct buf row;

	buf_init(&row, MIB);
	rig_write(r);
	add_numbers(r, RIG_UNKNOWN_KIND, 200, 1);
	maker_begin(&r->maker, RIG_UNKNOWN_KIND, 1, 2);
	for (unsigned i = 0; i <= SEGMENT_COLUMNS_MAX; i++) {
		maker_field(&r->maker, (uint16_t)(200 + i), FIELD_U64, 0);
		maker_u64(&r->maker, i);
	}
	maker_end(&r->maker, &row);

	assert_int_equal(rig_try(r, buf_str(&row), RIG_FIRST + 1), -EBADMSG);
	assert_int_equal(r->err.id, ERR_STORE_DAMAGED);
	add_numbers(r, RIG_UNKNOWN_KIND, 200, 1);
	rig_finish(r);
	rig_open(r, RIG_ALL);
	rig_compare(r, RIG_ALL);
	buf_done(&row);
	rig_free(r);
}

TEST(a_field_of_another_type_begins_a_group)
{
	struct rig *r = rig_new();

	rig_write(r);
	add_numbers(r, RIG_UNKNOWN_KIND, 900, 2);
	begin_text(r, RIG_UNKNOWN_KIND, 900, 10);
	rig_add_made(r);
	add_numbers(r, RIG_UNKNOWN_KIND, 900, 2);
	rig_finish(r);
	rig_open(r, RIG_ALL);

	assert_int_equal(segment_groups(r->segment), 3);
	rig_compare(r, RIG_ALL);
	rig_free(r);
}

TEST(a_field_may_change_its_type_from_group_to_group)
{
	struct rig *r = rig_new();

	rig_write(r);
	for (size_t i = 0; i < SEGMENT_GROUP_ROWS; i++)
		add_numbers(r, RIG_UNKNOWN_KIND, 900, 1);
	begin_text(r, RIG_UNKNOWN_KIND, 900, 10);
	rig_add_made(r);
	rig_finish(r);
	rig_open(r, RIG_ALL);

	rig_compare(r, RIG_ALL);
	rig_free(r);
}

TEST(rows_out_of_order_are_refused)
{
	struct rig *r = rig_new();
	struct buf row;

	buf_init(&row, MIB);
	rig_write(r);
	add_numbers(r, KIND_GAP, 900, 1);
	assert_int_equal(buf_put(&row, buf_str(&r->rows)), 0);

	assert_int_equal(rig_try(r, buf_str(&row), RIG_FIRST), -EIO);
	assert_int_equal(rig_try(r, buf_str(&row), RIG_FIRST - 1), -EIO);
	assert_int_equal(rig_try(r, buf_str(&row), RIG_FIRST + 10), 0);
	buf_done(&row);
	rig_free(r);
}

/* Adds rows until one is refused; each begins a group. Returns how many were taken. */
static uint64_t flood(struct rig *r, void (*make)(struct maker *m, uint64_t n))
{
	struct buf row;
	uint64_t n = 0;
	int code = 0;

	buf_init(&row, MIB);
	for (; code == 0; n++) {
		buf_clear(&row);
		make(&r->maker, n);
		maker_end(&r->maker, &row);
		code = rig_try(r, buf_str(&row), RIG_FIRST + n);
	}
	assert_int_equal(code, -EBADMSG);
	assert_int_equal(r->err.id, ERR_STORE_DAMAGED);
	assert_non_null(strstr(r->err.text, "is left out"));
	buf_done(&row);
	return n - 1;
}

/* Rows of known kinds are taken all the same, and nothing that was taken is lost. */
static void assert_others_are_taken(struct rig *r, uint64_t flooded)
{
	const uint64_t others = 3 * SEGMENT_GROUP_ROWS;
	struct segment_summary s;
	struct buf row;

	buf_init(&row, MIB);
	maker_begin(&r->maker, KIND_GAP, 1, 1);
	maker_field(&r->maker, 2, FIELD_TIME, 0);
	maker_u64(&r->maker, 1);
	maker_end(&r->maker, &row);
	for (uint64_t i = 0; i < others; i++)
		assert_int_equal(rig_try(r, buf_str(&row), RIG_FIRST + flooded + i), 0);
	rig_finish(r);
	rig_open(r, RIG_ALL);
	segment_summary(r->segment, &s);
	assert_true(s.rows == flooded + others);
	assert_true(segment_groups(r->segment) > flooded / 2);
	assert_int_equal(rig_verify(r), 0);
	buf_done(&row);
}

/* 128 columns that the row before did not have. */
static void make_other_fields(struct maker *m, uint64_t n)
{
	maker_begin(m, RIG_UNKNOWN_KIND, 1, n + 1);
	for (unsigned i = 0; i < SEGMENT_COLUMNS_MAX; i++) {
		maker_field(m, (uint16_t)(200 + n % 2 * 500 + i), FIELD_U64, 0);
		maker_u64(m, n);
	}
}

static void make_other_type(struct maker *m, uint64_t n)
{
	maker_begin(m, RIG_UNKNOWN_KIND, 1, n + 1);
	maker_field(m, 900, n % 2 ? FIELD_U64 : FIELD_I64, 0);
	maker_u64(m, n);
}

static void make_other_kind(struct maker *m, uint64_t n)
{
	maker_begin(m, (uint16_t)(1000 + n % 60000), 1, n + 1);
}

TEST(a_flood_of_new_fields_types_or_kinds_costs_only_its_own_rows)
{
	static void (*const make[])(
		struct maker *, uint64_t) = { make_other_fields, make_other_type, make_other_kind };

	for (size_t i = 0; i < ARRAY_LEN(make); i++) {
		struct rig *r = rig_new();
		uint64_t flooded;

		rig_write(r);
		flooded = flood(r, make[i]);
		assert_true(flooded > 300);
		assert_others_are_taken(r, flooded);
		rig_free(r);
	}
}

TEST_MAIN
