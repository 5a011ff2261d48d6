/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A segment of version 1 in tests/formats stays readable for ever: every value of it is compared
 * with the rows that it was made of. With REDOUBT_GOLDEN=DIR the same rows are written to DIR
 * instead, as the files of a new version are made.
 */
#include "segment/rig.h"

#define GOLDEN SOURCE_ROOT "/tests/formats/segment.v1"

static void put_u64(struct maker *m, uint16_t id, uint8_t type, uint64_t v)
{
	maker_field(m, id, type, 0);
	maker_u64(m, v);
}

static void put_text(struct maker *m, uint16_t id, uint8_t type, uint8_t marks, const char *text)
{
	maker_field(m, id, type, marks);
	maker_text(m, str_of(text));
}

static void put_address(struct maker *m, uint16_t id, const char *text)
{
	struct ip_addr a;

	assert_int_equal(ip_parse(str_of(text), &a), 0);
	maker_field(m, id, FIELD_IP, 0);
	maker_bytes(m, &a, sizeof(a));
}

/* Names and values, or elements, of which each is at most 20 bytes. */
static void put_texts(struct maker *m, uint16_t id, uint8_t type, const char *const *text, size_t n)
{
	size_t total = 0;

	for (size_t i = 0; i < n; i++)
		total += 4 + strlen(text[i]);
	maker_field(m, id, type, 0);
	maker_u32(m, type == FIELD_MAP ? n / 2 : n);
	maker_u32(m, total);
	for (size_t i = 0; i < n; i++)
		maker_text(m, str_of(text[i]));
}

/* An exchange of HTTP: time, addresses, method, host, path, status, latency; some have headers. */
static void http_row(struct maker *m, unsigned i)
{
	static const char *const method[] = { "GET", "GET", "POST" };
	static const char *const headers[] = { "accept", "*/*", "cookie", "[masked]" };
	char text[64];

	maker_begin(m, 4, UINT64_C(7) << 32 | 3, UINT64_C(1) << 56 | (i + 1));
	put_u64(m, 2, FIELD_TIME, UINT64_C(1767225600000000000) + i * 1000003);
	(void)snprintf(text, sizeof(text), "10.0.0.%u", i % 4);
	put_address(m, 10, text);
	put_u64(m, 11, FIELD_U64, 40000 + i * 7);
	put_address(m, 40, "fd00::7");
	put_text(m, 100, FIELD_STR, 0, method[i % 3]);
	(void)snprintf(text, sizeof(text), "host-%u.example", i);
	put_text(m, 101, FIELD_STR, 0, text);
	put_text(m, 102, FIELD_STR, i % 5 == 0 ? ROW_MASKED : 0, "/users/{id}");
	if (i % 4 != 1)
		put_u64(m, 105, FIELD_U64, i % 2 ? 404 : 200);
	put_u64(m, 106, FIELD_DUR, i * UINT64_C(123457));
	if (i % 3 == 0)
		put_texts(m, 108, FIELD_MAP, headers, i % 2 ? 4 : 2);
}

/* Of a kind that was not known, with a field of each type. */
static void other_row(struct maker *m, unsigned i)
{
	static const char *const words[] = { "one", "", "three" };
	static const double numbers[] = { 1.5, -0.0, 1e300 };

	maker_begin(m, RIG_UNKNOWN_KIND, UINT64_C(9) << 32 | 1, i + 1);
	put_u64(m, 2, FIELD_TIME, UINT64_C(1767225600000000000) - i);
	put_u64(m, 200, FIELD_BOOL, i % 2);
	put_u64(m, 201, FIELD_U64, UINT64_MAX - i);
	put_u64(m, 202, FIELD_I64, (uint64_t) - (int64_t)i);
	maker_field(m, 203, FIELD_F64, 0);
	maker_bytes(m, &numbers[i % 3], 8);
	put_text(m, 204, FIELD_STR, ROW_CUT | ROW_UNKNOWN, words[i % 3]);
	put_text(m, 205, FIELD_BYTES, 0, "\x01\xff");
	put_u64(m, 207, FIELD_TIME, i);
	put_u64(m, 208, FIELD_DUR, i * 10);
	put_address(m, 209, i % 2 ? "192.0.2.1" : "2001:db8::1");
	put_u64(m, 210, FIELD_ENUM, i % 3);
	put_text(m, 211, FIELD_JSON, 0, "{\"a\":[1,2]}");
	maker_field(m, 1000, FIELD_LIST_U64, 0);
	maker_u32(m, i % 3);
	maker_u32(m, 0);
	for (unsigned k = 0; k < i % 3; k++)
		maker_u64(m, k + 100);
	put_texts(m, 1001, FIELD_LIST_STR, words, i % 4);
	put_texts(m, 65535, FIELD_MAP, words, 2);
}

#define ROWS 40

static void make_rows(struct rig *r, void (*add)(struct rig *r))
{
	for (unsigned i = 0; i < ROWS; i++) {
		if (i % 8 == 7)
			other_row(&r->maker, i / 8);
		else
			http_row(&r->maker, i);
		add(r);
	}
}

/* The row is only remembered. */
static void remember(struct rig *r)
{
	r->row_at[r->row_count++] = r->rows.len;
	maker_end(&r->maker, &r->rows);
}

static void use_directory(struct rig *r, const char *path)
{
	(void)close(r->dir_fd);
	(void)rmdir(r->path);
	r->dir_fd = open(path, O_DIRECTORY | O_CLOEXEC);
	assert_true(r->dir_fd >= 0);
}

static void done(struct rig *r)
{
	rig_close(r);
	segment_scratch_free(r->scratch);
	(void)close(r->dir_fd);
	buf_done(&r->rows);
	free(r);
}

TEST(a_segment_of_version_1_has_every_value_that_was_written)
{
	struct rig *r = rig_new();
	const char *to = getenv("REDOUBT_GOLDEN");
	struct segment_summary s;
	struct row_value other = { .type = FIELD_STR, .s = STR("elsewhere.example") };

	use_directory(r, to ? to : GOLDEN);
	if (to) {
		rig_write(r);
		make_rows(r, rig_add_made);
		rig_finish(r);
	} else {
		make_rows(r, remember);
	}
	rig_open(r, RIG_ALL);

	assert_int_equal(segment_parts(r->segment), RIG_ALL);
	rig_compare(r, RIG_ALL);
	segment_summary(r->segment, &s);
	assert_true(s.rows == ROWS && s.raw_bytes == r->rows.len);
	assert_true(s.arrival_min == RIG_FIRST && s.arrival_max == RIG_FIRST + ROWS - 1);
	assert_true(s.time_min == INT64_C(1767225600000000000) - 4);
	assert_true(s.time_max == INT64_C(1767225600000000000) + 38 * 1000003);
	assert_int_equal(r->head[PART_META].hour, RIG_HOUR);
	/* By its Bloom filter. */
	assert_false(segment_may_hold(r->segment, 0, 101, &other));
	assert_int_equal(rig_verify(r), 0);
	done(r);
}

TEST_MAIN
