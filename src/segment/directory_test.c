/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The directory as bytes: what was put is parsed, and what contradicts itself is refused, also when
 * its seal is right.
 */
#include "segment/rig.h"

/* A directory of two groups in META: three columns of ids each, and one or two others. */
struct made {
	struct buf bytes;
	struct segment_sum sum;
};

static void put_column(struct made *m, uint16_t field, uint8_t type, uint32_t present,
		       struct chunk_facts *facts, uint32_t bloom)
{
	struct segment_column c = { .field_id = field,
				    .type = type,
				    .present = present,
				    .sealed = 48,
				    .plain = 32,
				    .bloom = bloom };

	segment_directory_put_column(&c, facts, &m->bytes);
	m->sum.columns++;
	m->sum.chunks += bloom ? 2 : 1;
	m->sum.chunk_bytes += c.sealed + bloom;
}

static const struct chunk_facts nothing = { .distinct = CHUNK_HASHES_MAX + 1 };

static void put_group(struct made *m, uint32_t rows, uint32_t columns)
{
	struct segment_group g = { KIND_HTTP, rows, 10, 20, -5, 5, columns + SEGMENT_ID_COLUMNS };
	struct chunk_facts facts = nothing;

	segment_directory_put_group(&g, &m->bytes);
	m->sum.groups++;
	m->sum.rows += rows;
	for (size_t i = 0; i < SEGMENT_ID_COLUMNS; i++)
		put_column(m, SEGMENT_ID_FIELD, FIELD_U64, rows, &facts, 0);
}

static struct made make(void)
{
	static const uint64_t hashes[] = { 3, 70, UINT64_MAX };
	struct made m = { 0 };
	struct chunk_facts number = { .bounded = true,
				      .min = { .u = 200 },
				      .max = { .u = 503 },
				      .distinct = 3,
				      .hashes = hashes };
	struct chunk_facts text = nothing;

	buf_init(&m.bytes, MIB);
	put_group(&m, 7, 2);
	put_column(&m, 105, FIELD_U64, 5, &number, 0);
	put_column(&m, 106, FIELD_STR, 7, &text, 8 + 16);
	put_group(&m, 1, 1);
	put_column(&m, 5, FIELD_STR, 1, &text, 0);
	m.sum.directory_bytes = (uint32_t)m.bytes.len;
	return m;
}

static int parse(const struct made *m, enum field_part part, struct segment_directory *out)
{
	/* A copy that ends where it ends, so that a sanitizer sees a read past it. */
	char *copy = malloc(m->bytes.len + 1);
	int r;

	assert_non_null(copy);
	memcpy(copy, m->bytes.p, m->bytes.len);
	r = segment_directory_parse((struct str){ copy, m->bytes.len }, part, &m->sum, out);
	free(copy);
	return r;
}

TEST(what_was_put_is_parsed)
{
	CLEANUP(segment_directory_done) struct segment_directory d = { 0 };
	struct made m = make();
	const struct segment_column *c;
	union row_slot min, max;

	assert_int_equal(parse(&m, PART_META, &d), 0);

	assert_true(d.group[0].kind_id == KIND_HTTP && d.group[0].rows == 7);
	assert_true(d.group[1].time_min == -5 && d.group[1].arrival_max == 20);
	assert_true(d.first[0] == 0 && d.first[1] == 5 && d.first[2] == 9);
	c = &d.column[3];
	assert_true(c->field_id == 105 && c->type == FIELD_U64 && c->present == 5);
	assert_true(c->at == 80 + 3 * 48 && c->number == 3 && c->sealed == 48 && c->plain == 32);
	assert_true(c->distinct == 3 && c->hashes > 0 && c->bloom == 0);
	segment_directory_bounds(buf_str(&m.bytes), c, &min, &max);
	assert_true(min.u == 200 && max.u == 503);
	c = &d.column[4];
	assert_true(c->bloom == 24 && c->bounds == 0 && c->hashes == 0);
	/* Its filter is a chunk, too. */
	assert_true(d.column[5].number == 6 && d.column[5].at == 80 + 5 * 48 + 24);
	buf_done(&m.bytes);
}

/* ---- What contradicts itself ----------------------------------------------------------------- */

static void assert_refused(struct made *m)
{
	CLEANUP(segment_directory_done) struct segment_directory d = { 0 };

	assert_int_equal(parse(m, PART_META, &d), -EBADMSG);
	assert_null(d.column);
	buf_done(&m->bytes);
}

#define GROUP(member)     (member)
#define COLUMN(i, member) (40 + 16 * (i) + (member))

static void set(struct made *m, size_t at, uint64_t value, size_t bytes)
{
	memcpy(m->bytes.p + at, &value, bytes);
}

TEST(each_number_at_its_edge)
{
	static const struct {
		size_t at;
		uint64_t value;
		size_t bytes;
	} bad[] = {
		{ GROUP(0), 0, 2 },                       /* kind */
		{ GROUP(2), 2, 2 },                       /* fewer columns than ids */
		{ GROUP(2), SEGMENT_COLUMNS_MAX + 4, 2 }, /* columns */
		{ GROUP(2), 4, 2 },                       /* one column fewer */
		{ GROUP(2), 6, 2 },                       /* one more */
		{ GROUP(4), 0, 4 },                       /* rows */
		{ GROUP(4), SEGMENT_GROUP_ROWS + 1, 4 },
		{ GROUP(4), 8, 4 },             /* not those of the summary, nor of the ids */
		{ GROUP(8), 21, 8 },            /* lowest arrival above the highest */
		{ COLUMN(0, 0), 2, 2 },         /* an id of another field */
		{ COLUMN(0, 2), FIELD_I64, 1 }, /* of another type */
		{ COLUMN(1, 4), 6, 4 },         /* with a hole */
		{ COLUMN(0, 3), 8, 1 },         /* flags */
		{ COLUMN(0, 3), 3, 1 },         /* bounds and a set that are not there */
		{ COLUMN(0, 4), 0, 4 },         /* present */
		{ COLUMN(0, 8), 16, 4 },        /* sealed: nothing but a tag */
		{ COLUMN(0, 8), 49, 4 },        /* longer than plain and tag */
		{ COLUMN(0, 8), 47, 4 },        /* chunks end before the directory begins */
		{ COLUMN(0, 12), 31, 4 },       /* shorter than sealed */
		{ COLUMN(0, 12), SEGMENT_PLAIN_MAX + 1, 4 },
		{ COLUMN(3, 0), 1, 2 },         /* a fourth column of ids */
		{ COLUMN(3, 0), 106, 2 },       /* twice the same field */
		{ COLUMN(3, 0), 107, 2 },       /* out of order */
		{ COLUMN(3, 2), 12, 1 },        /* no type */
		{ COLUMN(3, 2), FIELD_STR, 1 }, /* a text has no bounds */
		{ COLUMN(3, 4), 8, 4 },         /* more values than rows */
		{ COLUMN(4, 16), 17, 1 },       /* more hashes than there may be */
		{ COLUMN(4, 17), 71, 8 },       /* hashes that do not ascend */
		{ COLUMN(4, 17), 70, 8 },       /* the same hash twice */
		/* The filter of the fifth, behind 16 + 1 + 3 × 8 bytes of the fourth. */
		{ COLUMN(5, 41), 0, 4 },
		{ COLUMN(5, 41), 16, 4 },
		{ COLUMN(5, 41), 25, 4 },
		{ COLUMN(5, 41), 32, 4 },
		{ COLUMN(5, 41), UINT32_MAX - 7, 4 },
	};

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct made m = make();

		set(&m, bad[i].at, bad[i].value, bad[i].bytes);
		assert_refused(&m);
	}
}

TEST(sums_that_are_not_those_of_the_summary)
{
	for (unsigned i = 0; i < 12; i++) {
		struct made m = make();

		switch (i) {
		case 0:
			m.sum.rows++;
			break;
		case 1:
			m.sum.columns++;
			break;
		case 2:
			m.sum.columns--;
			break;
		case 3:
			m.sum.chunks++;
			break;
		case 4:
			m.sum.chunks--;
			break;
		case 5:
			m.sum.groups++;
			break;
		case 6:
			m.sum.groups--;
			break;
		case 7:
			m.sum.chunk_bytes++;
			break;
		case 8:
			m.sum.directory_bytes++;
			break;
		case 9:
			m.sum.columns = UINT32_MAX;
			break;
		case 10:
			m.sum.groups = SEGMENT_GROUPS_MAX;
			break;
		default:
			(void)buf_put_char(&m.bytes, 0);
			m.sum.directory_bytes++;
		}
		assert_refused(&m);
	}
}

TEST(cut_anywhere)
{
	struct made m = make();

	for (size_t n = 0; n < m.sum.directory_bytes; n++) {
		CLEANUP(segment_directory_done) struct segment_directory d = { 0 };
		struct made cut = m;

		cut.bytes.len = n;
		cut.sum.directory_bytes = (uint32_t)n;
		assert_int_equal(parse(&cut, PART_META, &d), -EBADMSG);
	}
	buf_done(&m.bytes);
}

TEST(only_meta_has_ids)
{
	CLEANUP(segment_directory_done) struct segment_directory d = { 0 };
	struct made m = make();

	assert_int_equal(parse(&m, PART_PAYLOAD, &d), -EBADMSG);
	buf_done(&m.bytes);
}

/* ---- Summary --------------------------------------------------------------------------------- */

static struct segment_sum a_sum(void)
{
	return (struct segment_sum){ .rows = 32768,
				     .raw_bytes = 5,
				     .arrival_min = 1,
				     .arrival_max = 2,
				     .time_min = -3,
				     .time_max = 4,
				     .kinds = 6,
				     .chunk_bytes = 7,
				     .groups = 1,
				     .columns = 8,
				     .chunks = 9,
				     .directory_bytes = SEGMENT_DIRECTORY_MAX };
}

TEST(a_summary_comes_back)
{
	struct segment_sum s = a_sum(), back;
	uint8_t bytes[SEGMENT_SUM_BYTES];

	memset(s.id, 0x5a, sizeof(s.id));
	segment_sum_put(&s, bytes);

	assert_true(segment_sum_get(bytes, &back));
	assert_memory_equal(&s, &back, sizeof(s));
}

TEST(a_summary_that_contradicts_itself_or_a_limit_is_refused)
{
	for (unsigned i = 0; i < 7; i++) {
		struct segment_sum s = a_sum(), back;
		uint8_t bytes[SEGMENT_SUM_BYTES];

		s.rows = i == 0 ? 0 : s.rows;
		s.rows += i == 1;
		s.groups = i == 2 ? 0 : i == 3 ? SEGMENT_GROUPS_MAX + 1 : s.groups;
		s.arrival_min = i == 4 ? 3 : s.arrival_min;
		s.directory_bytes += i == 5;
		segment_sum_put(&s, bytes);
		bytes[SEGMENT_SUM_BYTES - 1] = i == 6;

		assert_false(segment_sum_get(bytes, &back));
	}
}

TEST(kinds_have_a_bit_each_and_the_far_ones_share_one)
{
	assert_true(segment_kind_bit(KIND_HTTP) == 1 << KIND_HTTP);
	assert_true(segment_kind_bit(63) == UINT64_C(1) << 63);
	assert_true(segment_kind_bit(64) == 1);
	assert_true(segment_kind_bit(UINT16_MAX) == 1);
}

TEST_MAIN
