/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of decompression: every sample is decompressed with many sizes of input and output pieces,
 * and each must give the same bytes and the same end.
 */
#include "packet/packet.h"

#include "t.h"

#include <zlib.h>
#include <zstd.h>

#define OUT_MAX (20 * MIB)

static uint8_t in_bytes[OUT_MAX], out_bytes[OUT_MAX], plain[OUT_MAX];
static size_t in_n;

/* Bytes that compress somewhat: words of a small generator. */
static void plain_fill(size_t n)
{
	uint32_t x = 1;

	for (size_t i = 0; i < n; i++) {
		x = x * 1664525 + 1013904223;
		plain[i] = (uint8_t)("redoubt "[x >> 29] + (i % 97 == 0));
	}
}

static void put_gzip(const void *p, size_t n)
{
	z_stream z = { .next_in = (Bytef *)(uintptr_t)p, .avail_in = (uInt)n };

	assert_int_equal(deflateInit2(&z, 1, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY), Z_OK);
	z.next_out = in_bytes + in_n;
	z.avail_out = (uInt)(sizeof(in_bytes) - in_n);
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	in_n = (size_t)(z.next_out - in_bytes);
	deflateEnd(&z);
}

static void put_zstd(const void *p, size_t n, int window_log)
{
	ZSTD_CCtx *c = ZSTD_createCCtx();
	ZSTD_inBuffer from = { p, n, 0 };
	ZSTD_outBuffer to = { in_bytes, sizeof(in_bytes), in_n };

	ZSTD_CCtx_setParameter(c, ZSTD_c_windowLog, window_log);
	ZSTD_CCtx_setParameter(c, ZSTD_c_checksumFlag, 1);
	/* A stream of unknown size declares its window. */
	assert_false(ZSTD_isError(ZSTD_compressStream2(c, &to, &from, ZSTD_e_flush)));
	assert_int_equal(ZSTD_compressStream2(c, &to, &from, ZSTD_e_end), 0);
	in_n = to.pos;
	ZSTD_freeCCtx(c);
}

static void put_raw(struct str s)
{
	memcpy(in_bytes + in_n, s.p, s.n);
	in_n += s.n;
}

/* Decompresses in pieces; returns the last answer, *made_all bytes are in out_bytes. */
static int unzip_pieces(enum unzip_kind kind, size_t in_step, size_t out_step, size_t *made_all)
{
	CLEANUP(unzip_free) struct unzip *uz = NULL;
	size_t begin = 0, end = 0, made = 0, used;
	int r;

	assert_int_equal(unzip_new(kind, &uz), 0);
	*made_all = 0;
	for (;;) {
		r = unzip_step(uz, (struct str){ (const char *)in_bytes + begin, end - begin },
			       &used, out_bytes + *made_all,
			       size_min(out_step, OUT_MAX - *made_all), &made);
		assert_true(used <= end - begin && made <= out_step);
		begin += used;
		*made_all += made;
		if (r < 0)
			return r;
		if (used || made)
			continue;
		assert_true(begin == end); /* bytes in hand and room always mean progress */
		if (end == in_n)
			return r;
		end += size_min(in_step, in_n - end);
	}
}

static void assert_unzips(enum unzip_kind kind, int answer, size_t plain_n)
{
	static const size_t steps[][2] = {
		{ SIZE_MAX, OUT_MAX }, { 1, OUT_MAX }, { SIZE_MAX, 13 }, { 2, 1 }, { 4096, 4096 },
	};

	for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
		size_t made;

		assert_int_equal(unzip_pieces(kind, steps[i][0], steps[i][1], &made), answer);
		if (answer < 0)
			continue;
		assert_int_equal(made, plain_n);
		assert_memory_equal(out_bytes, plain, plain_n);
	}
}

TEST(unzip_kind_tells_by_four_bytes)
{
	assert_int_equal(unzip_kind(STR("\x1f\x8b\x08\x00"), false), UNZIP_GZIP);
	assert_int_equal(unzip_kind(STR("\x28\xb5\x2f\xfd"), false), UNZIP_ZSTD);
	assert_int_equal(unzip_kind(STR("\x50\x2a\x4d\x18"), false), UNZIP_ZSTD);
	assert_int_equal(unzip_kind(STR("\x5f\x2a\x4d\x18"), false), UNZIP_ZSTD);
	assert_int_equal(unzip_kind(STR("\x60\x2a\x4d\x18"), false), UNZIP_PLAIN);
	assert_int_equal(unzip_kind(STR("\xd4\xc3\xb2\xa1"), false), UNZIP_PLAIN);
	assert_int_equal(unzip_kind(STR("\x1f\x8b\x08"), false), -EAGAIN);
	assert_int_equal(unzip_kind(STR("\x1f\x8b\x08"), true), UNZIP_GZIP);
	assert_int_equal(unzip_kind(STR("\x28\xb5\x2f"), true), UNZIP_PLAIN);
	assert_int_equal(unzip_kind(STR(""), true), UNZIP_PLAIN);
}

TEST(unzip_gzip_one_member)
{
	plain_fill(300000);
	in_n = 0;
	put_gzip(plain, 300000);

	assert_unzips(UNZIP_GZIP, 1, 300000);
}

TEST(unzip_gzip_several_members_are_one_stream)
{
	plain_fill(50000);
	in_n = 0;
	put_gzip(plain, 20000);
	put_gzip(plain, 0);
	put_gzip(plain + 20000, 30000);

	assert_unzips(UNZIP_GZIP, 1, 50000);
}

TEST(unzip_gzip_ignores_what_follows_the_last_member)
{
	const struct str tails[] = {
		STR("\0\0\0\0\0\0\0\0"),
		STR("\0"),
		STR("garbage"),
		STR("\x1f trailing"),
	};

	plain_fill(1000);
	for (size_t i = 0; i < ARRAY_LEN(tails); i++) {
		in_n = 0;
		put_gzip(plain, 1000);
		put_raw(tails[i]);

		assert_unzips(UNZIP_GZIP, 1, 1000);
	}
}

TEST(unzip_gzip_of_damaged_bytes_is_refused_for_ever)
{
	CLEANUP(unzip_free) struct unzip *uz = NULL;
	size_t used, made;

	plain_fill(1000);
	in_n = 0;
	put_gzip(plain, 1000);
	in_bytes[in_n - 8] ^= 1; /* its CRC */
	assert_unzips(UNZIP_GZIP, -EBADMSG, 0);

	assert_int_equal(unzip_new(UNZIP_GZIP, &uz), 0);
	assert_int_equal(unzip_step(uz, STR("\x1f\x8b\x09\x00"), &used, out_bytes, 10, &made),
			 -EBADMSG);
	assert_int_equal(unzip_step(uz, STR("\x1f\x8b\x08"), &used, out_bytes, 10, &made),
			 -EBADMSG);
}

TEST(unzip_gzip_makes_what_stands_before_the_damage)
{
	size_t made;

	plain_fill(1000);
	in_n = 0;
	put_gzip(plain, 1000);
	in_bytes[in_n - 8] ^= 1;

	assert_int_equal(unzip_pieces(UNZIP_GZIP, SIZE_MAX, OUT_MAX, &made), -EBADMSG);
	assert_int_equal(made, 1000);
	assert_memory_equal(out_bytes, plain, 1000);
}

TEST(unzip_cut_anywhere_answers_0_at_the_end)
{
	static const enum unzip_kind kinds[] = { UNZIP_GZIP, UNZIP_ZSTD };

	plain_fill(100);
	for (size_t k = 0; k < ARRAY_LEN(kinds); k++) {
		size_t whole;

		in_n = 0;
		if (kinds[k] == UNZIP_GZIP)
			put_gzip(plain, 100);
		else
			put_zstd(plain, 100, 17);
		whole = in_n;
		for (in_n = 0; in_n < whole; in_n++) {
			size_t made;

			assert_int_equal(unzip_pieces(kinds[k], 3, 50, &made), 0);
		}
	}
}

TEST(unzip_zstd_frames_and_skippable_frames_are_one_stream)
{
	plain_fill(300000);
	in_n = 0;
	put_raw(STR("\x5a\x2a\x4d\x18\x03\0\0\0xyz"));
	put_zstd(plain, 100000, 17);
	put_raw(STR("\x50\x2a\x4d\x18\0\0\0\0"));
	put_zstd(plain + 100000, 0, 17);
	put_zstd(plain + 100000, 200000, 20);

	assert_unzips(UNZIP_ZSTD, 1, 300000);
}

TEST(unzip_zstd_window_of_the_limit_is_taken_and_a_larger_one_refused)
{
	size_t made;

	plain_fill(9 * MIB);
	in_n = 0;
	put_zstd(plain, 9 * MIB, 23);
	assert_int_equal(unzip_pieces(UNZIP_ZSTD, SIZE_MAX, OUT_MAX, &made), 1);
	assert_int_equal(made, 9 * MIB);

	in_n = 0;
	put_zstd(plain, 9 * MIB, 24);
	assert_int_equal(unzip_pieces(UNZIP_ZSTD, SIZE_MAX, OUT_MAX, &made), -EBADMSG);
}

TEST(unzip_zstd_refuses_damage_and_what_is_no_frame)
{
	plain_fill(1000);
	in_n = 0;
	put_zstd(plain, 1000, 17);
	in_bytes[in_n - 1] ^= 1; /* its checksum */
	assert_unzips(UNZIP_ZSTD, -EBADMSG, 0);

	in_n = 0;
	put_zstd(plain, 1000, 17);
	put_raw(STR("\x27\xb5\x2f\xfd")); /* a format older than the RFC */
	assert_unzips(UNZIP_ZSTD, -EBADMSG, 0);
}

TEST(unzip_zstd_header_that_looks_like_a_frame_is_still_a_header)
{
	in_n = 0;
	put_raw(STR("\x28\xb5\x2f\xfd"));
	put_raw(STR("\x50\x2a\x4d\x18\x02\0\0\0xy"));
	plain_fill(100);
	put_zstd(plain, 100, 17);

	assert_unzips(UNZIP_ZSTD, -EBADMSG, 0);
}

TEST_MAIN
