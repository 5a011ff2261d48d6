/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gRPC's framing over any split of the bytes, in binary and in base64, and what its headers and
 * trailers mean.
 */
#include "t.h"

#include "http/grpc.h"

static struct pool pool;
static struct arena arena;

static void fresh_arena(void)
{
	if (!pool.blocks && pool_init(&pool, 4 * KIB, 16) < 0)
		abort();
	arena_done(&arena);
	arena_init(&arena, &pool, 64 * KIB);
}

/* Feeds s in pieces of `step` bytes. */
static struct grpc_body fed(enum grpc_type type, struct str s, size_t step)
{
	struct grpc_body b = { .type = (uint8_t)type };

	fresh_arena();
	for (; s.n; s = str_skip(s, step))
		grpc_body_feed(&b, &arena, str_head(s, step));
	return b;
}

#define TWO "\0\0\0\0\3abc\1\0\0\0\0"

TEST(messages_are_counted_over_any_split)
{
	for (size_t step = 1; step <= sizeof(TWO); step++) {
		struct grpc_body b = fed(GRPC_PLAIN, STR(TWO), step);

		assert_int_equal(b.messages, 2);
		assert_int_equal(b.bytes, 3);
		assert_int_equal(b.compressed, 1);
		assert_true(grpc_body_is_whole(&b));
	}
}

TEST(a_message_may_be_skipped)
{
	struct grpc_body b = fed(GRPC_PLAIN, STR("\0\0\1\0\0a"), SIZE_MAX);

	assert_int_equal(grpc_body_skippable(&b), 65535);
	grpc_body_skip(&b, 65535);

	assert_int_equal(b.messages, 1);
	assert_int_equal(b.bytes, 65536);
	assert_true(grpc_body_is_whole(&b));
}

TEST(a_message_that_ends_early_is_not_counted)
{
	struct grpc_body b = fed(GRPC_PLAIN, STR("\0\0\0\0\3ab"), 1);

	assert_int_equal(b.messages, 0);
	assert_false(grpc_body_is_whole(&b));
}

TEST(what_is_no_message_ends_the_counting)
{
	struct grpc_body b = fed(GRPC_PLAIN, STR("\0\0\0\0\0{\"a\":1}"), 1);

	assert_int_equal(b.messages, 1);
	assert_true(b.broken);
	assert_int_equal(grpc_body_skippable(&b), UINT64_MAX);
	b = fed(GRPC_PLAIN, STR("\x80\0\0\0\0"), 1);
	assert_true(b.broken);
}

#define WEB "\0\0\0\0\2hi\x80\0\0\0\x20grpc-status:5\r\nGrpc-Message: x\r\n"

TEST(trailers_of_grpc_web_stand_in_its_body)
{
	struct grpc_call c = { .web = true };

	c.body[FROM_SERVER] = fed(GRPC_WEB, STR(WEB), 1);
	grpc_call_web_trailers(&c, &arena);

	assert_int_equal(c.body[FROM_SERVER].messages, 1);
	assert_true(c.has_status);
	assert_int_equal(c.status, 5);
	assert_int_equal(c.trailers, 2);
	assert_str(c.trailer[1].name, "grpc-message");
	assert_str(c.trailer[1].value, "x");
}

TEST(trailers_of_the_body_stand_behind_those_before_it)
{
	struct row_pair before = { STR("a"), STR("b") };
	struct grpc_call c = { .web = true, .trailer = &before, .trailers = 1 };

	c.body[FROM_SERVER] = fed(GRPC_WEB, STR(WEB), SIZE_MAX);
	grpc_call_web_trailers(&c, &arena);

	assert_int_equal(c.trailers, 3);
	assert_str(c.trailer[0].name, "a");
	assert_str(c.trailer[1].name, "grpc-status");
}

/* The same two frames, each encoded and padded by itself. */
TEST(base64_is_read_piece_by_piece)
{
	static const char text[] =
		"AAAAAAJoaQ==gAAAACBncnBjLXN0YXR1czo1DQpHcnBjLU1lc3NhZ2U6IHgNCg==";

	for (size_t step = 1; step < sizeof(text); step += 3) {
		struct grpc_call c = { .web = true };

		c.body[FROM_SERVER] = fed(GRPC_WEB_TEXT, str_of(text), step);
		grpc_call_web_trailers(&c, &arena);

		assert_true(grpc_body_is_whole(&c.body[FROM_SERVER]));
		assert_int_equal(c.body[FROM_SERVER].messages, 1);
		assert_int_equal(c.status, 5);
	}
}

TEST(what_is_no_base64_ends_the_counting)
{
	static const char *const bad[] = { "AAA!", "=AAA", "A===", "AA=A" };

	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_true(fed(GRPC_WEB_TEXT, str_of(bad[i]), 1).broken);
}

TEST(long_trailers_are_cut_at_a_line)
{
	char bytes[5 + GRPC_TRAILER_MAX + 40] = "\x80\0\0\2\x28grpc-status:0\r\nlong:";
	struct grpc_call c = { .web = true };

	memset(bytes + 25, 'x', sizeof(bytes) - 25);
	c.body[FROM_SERVER] = fed(GRPC_WEB, (struct str){ bytes, sizeof(bytes) }, 100);
	grpc_call_web_trailers(&c, &arena);

	assert_int_equal(c.trailers, 1);
	assert_true(c.has_status);
	assert_true(c.trailers_cut);
}

TEST(content_types_tell_grpc)
{
	assert_int_equal(grpc_type_of(STR("application/grpc")), GRPC_PLAIN);
	assert_int_equal(grpc_type_of(STR("application/grpc+proto")), GRPC_PLAIN);
	assert_int_equal(grpc_type_of(STR("Application/gRPC; x=y")), GRPC_PLAIN);
	assert_int_equal(grpc_type_of(STR("application/grpc-web")), GRPC_WEB);
	assert_int_equal(grpc_type_of(STR("application/grpc-web+proto")), GRPC_WEB);
	assert_int_equal(grpc_type_of(STR("application/grpc-web-text+proto")), GRPC_WEB_TEXT);
	assert_int_equal(grpc_type_of(STR("application/grpcs")), GRPC_NONE);
	assert_int_equal(grpc_type_of(STR("application/json")), GRPC_NONE);
	assert_int_equal(grpc_type_of(STR("")), GRPC_NONE);
}

TEST(timeouts_have_eight_digits_and_a_unit)
{
	int64_t ns = 0;

	assert_int_equal(grpc_timeout_parse(STR("1500m"), &ns), 0);
	assert_int_equal(ns, 1500 * NS_PER_MS);
	assert_int_equal(grpc_timeout_parse(STR("99999999H"), &ns), 0);
	assert_int_equal(ns, INT64_MAX);
	assert_int_equal(grpc_timeout_parse(STR("7n"), &ns), 0);
	assert_int_equal(ns, 7);
	assert_int_equal(grpc_timeout_parse(STR("123456789S"), &ns), -EINVAL);
	assert_int_equal(grpc_timeout_parse(STR("S"), &ns), -EINVAL);
	assert_int_equal(grpc_timeout_parse(STR("5s"), &ns), -EINVAL);
	assert_int_equal(grpc_timeout_parse(STR("-5S"), &ns), -EINVAL);
}

TEST(every_status_has_a_name)
{
	assert_str(grpc_name_of_status(0), "OK");
	assert_str(grpc_name_of_status(5), "NOT_FOUND");
	assert_str(grpc_name_of_status(12), "UNIMPLEMENTED");
	assert_str(grpc_name_of_status(16), "UNAUTHENTICATED");
	assert_int_equal(grpc_name_of_status(17).n, 0);
}

TEST_MAIN
