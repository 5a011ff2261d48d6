/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Strings and header fields that come one by one, borrowed for a call, as HTTP/2 tells them: they
 * are kept, in order, up to their limits, and what is lost is marked.
 */
#include "t.h"

#include "http/http.h"

#define ROW_BYTES (64 * KIB)

static struct pool pool;
static struct arena arena;
static uint64_t memory[ROW_BYTES / 8];
static struct row *const row = (struct row *)memory;
static struct dissect_tx tx = { .row = row, .arena = &arena };

static struct http_keeper fresh(size_t cap_bytes)
{
	if (!pool.blocks && pool_init(&pool, 4 * KIB, 64) < 0)
		abort();
	arena_done(&arena);
	arena_init(&arena, &pool, cap_bytes);
	assert_true(row_bytes(record_kind_by_id(KIND_HTTP)) <= ROW_BYTES);
	row_init(row, record_kind_by_id(KIND_HTTP));
	return http_keeper_of(&tx, STR(""));
}

static bool is_cut(struct field_ref ref)
{
	return row->cut[ref.slot / 64] >> (ref.slot % 64) & 1;
}

static const struct row_pair *pairs(struct field_map f)
{
	return row->slot[f.ref.slot].list.p;
}

static size_t count(struct field_map f)
{
	return row->slot[f.ref.slot].list.n;
}

TEST(what_is_borrowed_for_a_call_is_copied)
{
	struct http_keeper k = fresh(64 * KIB);
	struct http_headers headers = { 0 };
	char name[] = "X-One", value[] = "first";

	http_headers_add(&headers, &k, str_of(name), str_of(value));
	http_put_host(&k, http_host, str_of(value));
	memset(name, '!', 5);
	memset(value, '!', 5);
	http_headers_put(&headers, row, http_request_headers);

	assert_int_equal(count(http_request_headers), 1);
	assert_true(str_eq(pairs(http_request_headers)[0].name, STR("x-one")));
	assert_true(str_eq(pairs(http_request_headers)[0].value, STR("first")));
	assert_true(str_eq(row->slot[http_host.ref.slot].s, STR("first")));
}

TEST(no_fields_are_no_map)
{
	struct http_headers headers = { 0 };

	(void)fresh(64 * KIB);
	http_headers_put(&headers, row, http_request_headers);

	assert_false(row_has(row, http_request_headers.ref.slot));
}

TEST(fields_are_kept_up_to_their_limit)
{
	struct http_keeper k = fresh(64 * KIB);
	struct http_headers headers = { 0 };

	for (unsigned i = 0; i < HTTP_HEADERS_MAX; i++)
		http_headers_add(&headers, &k, STR("a"), (struct str){ "0123456789", i % 10 });
	http_headers_put(&headers, row, http_request_headers);
	assert_int_equal(count(http_request_headers), HTTP_HEADERS_MAX);
	assert_int_equal(pairs(http_request_headers)[17].value.n, 7);
	assert_false(is_cut(http_request_headers.ref));

	http_headers_add(&headers, &k, STR("a"), STR("b"));
	http_headers_put(&headers, row, http_request_headers);
	assert_int_equal(count(http_request_headers), HTTP_HEADERS_MAX);
	assert_true(is_cut(http_request_headers.ref));
}

TEST(a_name_that_is_too_long_is_left_out)
{
	static const char name[HTTP_NAME_MAX + 1] = "a";
	struct http_keeper k = fresh(64 * KIB);
	struct http_headers headers = { 0 };

	http_headers_add(&headers, &k, (struct str){ name, HTTP_NAME_MAX }, STR(""));
	assert_false(headers.cut);
	http_headers_add(&headers, &k, (struct str){ name, HTTP_NAME_MAX + 1 }, STR(""));
	assert_int_equal(headers.n, 1);
	assert_true(headers.cut);
}

TEST(a_value_that_is_too_long_is_cut)
{
	static const char value[HTTP_KEEP_MAX + 1] = "a";
	struct http_keeper k = fresh(64 * KIB);
	struct http_headers headers = { 0 };

	http_headers_add(&headers, &k, STR("a"), (struct str){ value, HTTP_KEEP_MAX });
	assert_false(headers.cut);
	http_headers_add(&headers, &k, STR("a"), (struct str){ value, HTTP_KEEP_MAX + 1 });
	assert_int_equal(headers.pair[1].value.n, HTTP_KEEP_MAX);
	assert_true(headers.cut);
}

TEST(without_memory_what_lacks_is_marked)
{
	struct http_keeper k = fresh(0);
	struct http_headers headers = { 0 };

	http_headers_add(&headers, &k, STR("a"), STR("b"));
	http_headers_put(&headers, row, http_request_headers);
	http_put_str(&k, http_method, STR("GET"), 3);

	assert_int_equal(count(http_request_headers), 0);
	assert_true(is_cut(http_request_headers.ref));
	assert_true(row_has(row, http_method.ref.slot) && is_cut(http_method.ref));
}

TEST(a_target_of_a_row_is_cut_at_a_border)
{
	static char path[HTTP_KEEP_MAX + 10];
	struct http_keeper k = fresh(64 * KIB);
	struct http_target t;

	memset(path, 'a', sizeof(path));
	path[0] = '/';
	path[100] = '/';
	t = http_target_split((struct str){ path, sizeof(path) }, false);
	http_put_target(&k, &t, STR("user:password@h:1"));

	assert_int_equal(row->slot[http_path.ref.slot].s.n, 101);
	assert_true(is_cut(http_path.ref));
	assert_true(str_eq(row->slot[http_host.ref.slot].s, STR("h:1")));
	assert_false(row_has(row, http_query.ref.slot));
}

TEST(a_media_type_is_without_its_parameters)
{
	struct http_keeper k = fresh(64 * KIB);

	http_put_media(&k, http_request_content_type, STR("text/html; charset=x"));

	assert_true(str_eq(row->slot[http_request_content_type.ref.slot].s, STR("text/html")));
}

TEST_MAIN
