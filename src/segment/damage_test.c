/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Damage: whatever is changed in a file, cut off it or put in its place is refused by name or
 * changes nothing, and costs no more than docs/formats/segment.md says.
 */
#include "segment/rig.h"

#include <inttypes.h>

/* ---- What was read, as one number a column --------------------------------------------------- */

#define COLUMNS_MAX 4096

struct picture {
	size_t n;
	uint64_t hash[COLUMNS_MAX]; /* 0: could not be read */
};

static uint64_t hash_value(const struct row_value *v, uint64_t seed)
{
	seed = hash_bytes(&v->u, sizeof(v->u), seed + v->marks);
	seed = hash_bytes(v->s.p, v->s.n, seed + v->n);
	return hash_bytes(&v->ip, sizeof(v->ip), seed);
}

static uint64_t hash_column(const struct column *c)
{
	uint64_t hash = 1;
	struct row_value v;

	for (size_t i = 0; i < c->rows; i++)
		hash = column_value(c, i, &v) ? hash_value(&v, hash) : hash_mix(hash, 2);
	return hash | 1;
}

/* Reads all columns, ids too. A column that cannot be read must be named. */
static void take_picture(struct rig *r, struct picture *to)
{
	char name[SEGMENT_NAME_BYTES];

	(void)snprintf(name, sizeof(name), "%016" PRIx64, r->conf.first_arrival);
	to->n = 0;
	for (size_t g = 0; g < segment_groups(r->segment); g++) {
		size_t n;
		const struct segment_column *c = segment_columns(r->segment, g, &n);

		for (size_t i = 0; i < n; i++) {
			struct column column;
			struct err err = { 0 };
			int code;

			segment_scratch_reset(r->scratch);
			code = segment_decode(r->segment, g, &c[i], &r->scratch->memory, &column,
					      &err);
			assert_true(to->n < COLUMNS_MAX);
			to->hash[to->n++] = code == 0 ? hash_column(&column) : 0;
			if (code == 0)
				continue;
			assert_int_equal(err.id, ERR_STORE_DAMAGED);
			assert_non_null(strstr(err.text, name));
			assert_non_null(strstr(err.text, "field "));
		}
	}
}

/* Columns that could not be read; each other one has the same values. */
static size_t compare_pictures(const struct picture *was, const struct picture *is)
{
	size_t lost = 0;

	assert_int_equal(was->n, is->n);
	for (size_t i = 0; i < was->n; i++) {
		if (is->hash[i] == 0)
			lost++;
		else
			assert_true(is->hash[i] == was->hash[i]);
	}
	return lost;
}

static struct rig *small_segment(void)
{
	struct rig *r = rig_new();

	static const uint16_t kinds[] = { KIND_HTTP, RIG_UNKNOWN_KIND };

	rig_write(r);
	rig_add_kinds(r, 8, kinds, ARRAY_LEN(kinds));
	rig_finish(r);
	return r;
}

/* ---- Changed bytes --------------------------------------------------------------------------- */

/* Opens what may be damaged. A file that is refused is named; returns false then. */
static bool open_damaged(struct rig *r, enum field_part part)
{
	char name[SEGMENT_NAME_BYTES];
	int code = rig_try_open(r, RIG_ALL);

	segment_name(r->conf.first_arrival, part, name);
	if (code < 0) {
		assert_true(r->err.id == ERR_STORE_DAMAGED || r->err.id == ERR_STORE_OTHER);
		assert_non_null(strstr(r->err.text, name));
		return false;
	}
	if (!segment_missing(r->segment, part))
		return true;
	assert_true(part != PART_META);
	assert_non_null(strstr(segment_missing(r->segment, part), name));
	assert_false(segment_parts(r->segment) >> part & 1);
	return false;
}

static void flip_all(struct rig *r, enum field_part part, const struct picture *whole)
{
	static struct picture now;
	struct buf file;
	struct str bytes;

	buf_init(&file, MIB);
	bytes = rig_load(r, part, &file);
	for (size_t i = 0; i < bytes.n; i++) {
		uint8_t bit = (uint8_t)(1 << chance(8));

		file.p[i] ^= (char)bit;
		rig_store(r, part, bytes);
		if (open_damaged(r, part)) {
			take_picture(r, &now);
			/* A byte of a chunk costs its column; nothing else is left to cost. */
			assert_int_equal(compare_pictures(whole, &now), 1);
		}
		file.p[i] ^= (char)bit;
	}
	rig_store(r, part, bytes);
	buf_done(&file);
}

TEST(a_changed_byte_costs_a_column_or_the_file_and_never_gives_another_value)
{
	static struct picture whole;
	struct rig *r = small_segment();

	rig_open(r, RIG_ALL);
	take_picture(r, &whole);
	assert_true(whole.n > 50);

	for (unsigned part = 0; part < ROW_PARTS; part++)
		flip_all(r, (enum field_part)part, &whole);
	rig_free(r);
}

TEST(a_damaged_chunk_is_named_by_file_field_kind_and_group)
{
	struct rig *r = rig_new();
	struct buf file;
	struct column c;
	size_t n;
	const struct segment_column *columns;

	buf_init(&file, MIB);
	rig_write(r);
	maker_begin(&r->maker, KIND_HTTP, 1, 1);
	maker_field(&r->maker, 105, FIELD_U64, 0);
	maker_u64(&r->maker, 200);
	rig_add_made(r);
	rig_finish(r);
	rig_open(r, RIG_META);
	columns = segment_columns(r->segment, 0, &n);
	(void)rig_load(r, PART_META, &file);
	file.p[columns[3].at] ^= 1;
	rig_store(r, PART_META, buf_str(&file));
	rig_open(r, RIG_META);

	assert_int_equal(segment_column(r->segment, 0, 105, r->scratch, &c, &r->err), -EBADMSG);
	assert_string_equal(
		r->err.text,
		"00000000000004d2.meta: field http.status of http in group 0 is damaged");
	assert_int_equal(rig_verify(r), 1);
	assert_non_null(strstr(r->said, "http.status"));
	buf_done(&file);
	rig_free(r);
}

TEST(a_damaged_filter_excludes_nothing_and_is_told_by_verify)
{
	struct rig *r = rig_new();
	struct row_value v = { .type = FIELD_STR, .s = STR("nobody") };
	struct buf file;
	char text[20];
	size_t n;
	const struct segment_column *c;

	buf_init(&file, MIB);
	rig_write(r);
	for (unsigned i = 0; i < 100; i++) {
		maker_begin(&r->maker, KIND_HTTP, 1, i + 1);
		maker_field(&r->maker, 101, FIELD_STR, 0);
		(void)snprintf(text, sizeof(text), "host-%u", i);
		maker_text(&r->maker, str_of(text));
		rig_add_made(r);
	}
	rig_finish(r);
	rig_open(r, RIG_META);
	assert_false(segment_may_hold(r->segment, 0, 101, &v));
	c = segment_columns(r->segment, 0, &n) + 3;
	assert_true(c->field_id == 101 && c->bloom > 0);
	(void)rig_load(r, PART_META, &file);
	file.p[c->at + c->sealed + 3] ^= 0x10;
	rig_store(r, PART_META, buf_str(&file));
	rig_open(r, RIG_META);

	assert_true(segment_may_hold(r->segment, 0, 101, &v));
	rig_compare(r, RIG_META);
	assert_int_equal(rig_verify(r), 1);
	assert_non_null(strstr(r->said, "filter"));
	buf_done(&file);
	rig_free(r);
}

TEST(exchanged_chunks_are_refused_both)
{
	struct rig *r = small_segment();
	struct buf file;
	size_t n, one = 0, other = 1;
	const struct segment_column *c;
	char moved[64];
	struct column column;

	buf_init(&file, MIB);
	rig_open(r, RIG_META);
	c = segment_columns(r->segment, 0, &n);
	/* Two chunks of one length, such as of one value in all rows. */
	while (one < n && (other == one || c[other].sealed != c[one].sealed)) {
		other = other + 1 == n ? 0 : other + 1;
		one += other == 0;
	}
	assert_true(one < n && c[one].sealed <= sizeof(moved));
	(void)rig_load(r, PART_META, &file);
	memcpy(moved, file.p + c[one].at, c[one].sealed);
	memcpy(file.p + c[one].at, file.p + c[other].at, c[one].sealed);
	memcpy(file.p + c[other].at, moved, c[one].sealed);
	rig_store(r, PART_META, buf_str(&file));
	rig_open(r, RIG_META);
	c = segment_columns(r->segment, 0, &n);

	for (size_t i = 0; i < n; i++)
		assert_int_equal(segment_decode(r->segment, 0, &c[i], &r->scratch->memory, &column,
						&r->err),
				 i == one || i == other ? -EBADMSG : 0);
	buf_done(&file);
	rig_free(r);
}

/* ---- Cut off, or longer ---------------------------------------------------------------------- */

TEST(a_file_that_was_cut_anywhere_is_refused_by_name)
{
	struct rig *r = small_segment();
	struct buf file;
	struct str bytes;

	buf_init(&file, MIB);
	bytes = rig_load(r, PART_META, &file);
	for (size_t n = 0; n<bytes.n; n += n> 300 && n + 300 < bytes.n ? 7 : 1) {
		rig_store(r, PART_META, str_head(bytes, n));
		assert_false(open_damaged(r, PART_META));
	}
	rig_store(r, PART_META, bytes);
	bytes = rig_load(r, PART_PAYLOAD, &file);
	rig_store(r, PART_PAYLOAD, str_head(bytes, bytes.n - 1));
	/* The head of a payload that is there can be read: the rest is told when it is opened. */
	assert_false(open_damaged(r, PART_PAYLOAD));
	rig_compare(r, RIG_META | RIG_HEADERS);
	assert_int_equal(rig_verify(r), 1);
	buf_done(&file);
	rig_free(r);
}

TEST(bytes_behind_the_end_are_refused)
{
	struct rig *r = small_segment();
	struct buf file;

	buf_init(&file, MIB);
	(void)rig_load(r, PART_META, &file);
	assert_int_equal(buf_put_char(&file, 0), 0);
	rig_store(r, PART_META, buf_str(&file));

	assert_false(open_damaged(r, PART_META));
	buf_done(&file);
	rig_free(r);
}

TEST(bytes_between_chunks_and_directory_are_refused)
{
	struct rig *r = small_segment();
	struct buf file, longer;
	struct str bytes;
	struct segment_end end;
	size_t tail;
	uint8_t end_bytes[SEGMENT_END_BYTES];

	buf_init(&file, MIB);
	buf_init(&longer, MIB);
	bytes = rig_load(r, PART_META, &file);
	assert_true(
		segment_end_get((uint8_t *)file.p + bytes.n - SEGMENT_END_BYTES, bytes.n, &end));
	tail = (size_t)end.directory_at;
	end.directory_at++;
	segment_end_put(&end, end_bytes);
	(void)buf_put(&longer, str_head(bytes, tail));
	(void)buf_put_char(&longer, 0);
	(void)buf_put(&longer, str_head(str_skip(bytes, tail), bytes.n - tail - SEGMENT_END_BYTES));
	(void)buf_put(&longer, (struct str){ (char *)end_bytes, sizeof(end_bytes) });
	rig_store(r, PART_META, buf_str(&longer));

	assert_false(open_damaged(r, PART_META));
	buf_done(&file);
	buf_done(&longer);
	rig_free(r);
}

/* ---- Other files in its place ---------------------------------------------------------------- */

/* The same rows as in small_segment(), or others, written once more. */
static void write_again(struct rig *r, uint64_t first, uint64_t seed, struct buf out[ROW_PARTS])
{
	uint64_t before = r->conf.first_arrival;

	r->conf.first_arrival = first;
	rig_write(r);
	chance_state = seed;
	rig_add_chance(r, 25);
	rig_finish(r);
	for (unsigned i = 0; i < ROW_PARTS; i++) {
		buf_init(&out[i], MIB);
		(void)rig_load(r, (enum field_part)i, &out[i]);
	}
	r->conf.first_arrival = before;
}

static void bufs_done(struct buf b[ROW_PARTS])
{
	for (size_t i = 0; i < ROW_PARTS; i++)
		buf_done(&b[i]);
}

TEST(a_file_of_another_segment_is_refused)
{
	struct rig *r = rig_new();
	struct buf other[ROW_PARTS], mine[ROW_PARTS];

	write_again(r, RIG_FIRST + 100, 1, other);
	write_again(r, RIG_FIRST, 1, mine);
	rig_store(r, PART_PAYLOAD, buf_str(&other[PART_PAYLOAD]));

	assert_false(open_damaged(r, PART_PAYLOAD));
	rig_compare(r, RIG_META | RIG_HEADERS);
	rig_store(r, PART_META, buf_str(&other[PART_META]));
	assert_false(open_damaged(r, PART_META));
	bufs_done(other);
	bufs_done(mine);
	rig_free(r);
}

TEST(a_file_of_another_attempt_at_the_same_segment_is_refused)
{
	struct rig *r = rig_new();
	struct buf other[ROW_PARTS], mine[ROW_PARTS];

	write_again(r, RIG_FIRST, 1, other);
	write_again(r, RIG_FIRST, 1, mine);
	rig_store(r, PART_HEADERS, buf_str(&other[PART_HEADERS]));

	assert_false(open_damaged(r, PART_HEADERS));
	assert_non_null(strstr(segment_missing(r->segment, PART_HEADERS), "does not belong to"));
	rig_compare(r, RIG_META | RIG_PAYLOAD);
	bufs_done(other);
	bufs_done(mine);
	rig_free(r);
}

TEST(a_file_of_another_part_is_refused)
{
	struct rig *r = rig_new();
	struct buf mine[ROW_PARTS];

	write_again(r, RIG_FIRST, 1, mine);
	rig_store(r, PART_HEADERS, buf_str(&mine[PART_PAYLOAD]));

	assert_false(open_damaged(r, PART_HEADERS));
	bufs_done(mine);
	rig_free(r);
}

TEST(a_file_of_another_store_is_refused_as_such)
{
	struct rig *r = small_segment();

	r->conf.store_id[0] ^= 1;

	assert_int_equal(rig_try_open(r, RIG_ALL), -EXDEV);
	assert_int_equal(r->err.id, ERR_STORE_OTHER);
	rig_free(r);
}

TEST(another_key_opens_nothing)
{
	struct rig *r = small_segment();

	r->conf.key[PART_META].key[31] ^= 1;

	assert_int_equal(rig_try_open(r, RIG_ALL), -EBADMSG);
	assert_non_null(strstr(r->err.text, "00000000000004d2.meta"));
	rig_free(r);
}

TEST(a_missing_meta_key_or_file_is_an_error)
{
	struct rig *r = small_segment();

	assert_int_equal(rig_try_open(r, RIG_HEADERS | RIG_PAYLOAD), -EBADMSG);
	rig_free(r);
}

/* ---- Headers --------------------------------------------------------------------------------- */

/* With a check that holds, as who may write the file could make it. */
static int head_with(struct rig *r, size_t at, uint8_t value)
{
	struct buf file;
	struct segment_head head;
	uint64_t check;
	int fd, code;

	buf_init(&file, MIB);
	(void)rig_load(r, PART_META, &file);
	file.p[at] = (char)value;
	check = hash_bytes(file.p, 72, 0);
	memcpy(file.p + 72, &check, sizeof(check));
	rig_store(r, PART_META, buf_str(&file));
	buf_done(&file);
	fd = disk_open(r->dir_fd, "00000000000004d2.meta");
	assert_true(fd >= 0);
	code = segment_read_head(fd, "NAME", r->conf.store_id, &head, &r->err);
	(void)close(fd);
	return code;
}

TEST(a_newer_version_is_refused_as_such)
{
	struct rig *r = small_segment();

	assert_int_equal(head_with(r, 8, 1), 0);
	assert_int_equal(head_with(r, 8, 2), -ENOTSUP);
	assert_int_equal(r->err.id, ERR_STORE_VERSION);
	assert_int_equal(head_with(r, 9, 1), -ENOTSUP);
	rig_free(r);
}

TEST(a_header_that_contradicts_itself_is_refused)
{
	static const struct {
		uint8_t at, value;
	} row[] = { { 0, 'X' }, { 8, 0 }, { 10, ROW_PARTS }, { 11, 1 }, { 12, 1 }, { 15, 1 } };

	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		struct rig *r = small_segment();

		assert_int_equal(head_with(r, row[i].at, row[i].value), -EBADMSG);
		assert_non_null(strstr(r->err.text, "NAME"));
		rig_free(r);
	}
}

TEST(a_changed_header_opens_nothing_even_with_its_check)
{
	struct rig *r = small_segment();

	assert_int_equal(head_with(r, 60, 0x77), 0); /* the salt */

	assert_int_equal(rig_try_open(r, RIG_META), -EBADMSG);
	rig_free(r);
}

TEST_MAIN
