// SPDX-License-Identifier: Apache-2.0
/* Names, headers and sections, each at the edges of its limits. */
#include "rowlog/log_test.h"

/* ---- Names ----------------------------------------------------------------------------------- */

TEST(a_name_is_the_first_arrival_number_in_16_digits)
{
	char name[ROWLOG_NAME_BYTES];
	uint64_t n = 0;

	rowlog_name(1234, name);
	assert_string_equal(name, "00000000000004d2.log");
	assert_true(rowlog_name_parse(name, &n));
	assert_int_equal(n, 1234);
	rowlog_name(UINT64_MAX, name);
	assert_true(rowlog_name_parse(name, &n));
	assert_true(n == UINT64_MAX);
}

TEST(other_names_are_none)
{
	static const char *const names[] = { "",
					     ".log",
					     "4d2.log",
					     "00000000000004D2.log",
					     "00000000000004d2.log.new",
					     "00000000000004d2.LOG",
					     "00000000000004d2-log",
					     "000000000000004d2.log",
					     "0000000000000x00.log",
					     "00000000000004d2.meta" };
	uint64_t n = 5;

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		assert_false(rowlog_name_parse(names[i], &n));
	assert_int_equal(n, 5);
}

/* ---- Headers --------------------------------------------------------------------------------- */

static struct log_frame rows_frame(void)
{
	return (struct log_frame){ .offset = 4096,
				   .number = 17,
				   .first_arrival = UINT64_MAX,
				   .sequence = LOG_SEQUENCE_MASK,
				   .at_ns = -1,
				   .rows = 1,
				   .agent = 0xa1a2a3a4,
				   .epoch = 0xb1b2b3b4,
				   .shard = 255,
				   .kind = LOG_FRAME_ROWS,
				   .before = 16,
				   .part = { { 24, 48 }, { 0, 0 }, { 32, 32 } } };
}

static struct log_frame marks_frame(uint32_t marks)
{
	return (struct log_frame){ .offset = LOG_HEAD_BYTES,
				   .rows = marks,
				   .kind = LOG_FRAME_MARKS,
				   .part = { { marks * LOG_MARK_BYTES, 32 } } };
}

static enum log_frame_check check(const struct log_frame *frame)
{
	uint8_t bytes[LOG_FRAME_BYTES];
	struct log_frame out;

	assert_int_equal(rowlog_frame_encode(frame, bytes), 0);
	return rowlog_frame_decode(bytes, frame->offset, &out);
}

TEST(the_header_of_a_frame_comes_back)
{
	const struct log_frame frame = rows_frame();
	uint8_t bytes[LOG_FRAME_BYTES];
	struct log_frame out = { 0 };

	assert_int_equal(rowlog_frame_encode(&frame, bytes), 0);
	assert_int_equal(rowlog_frame_decode(bytes, 4096, &out), LOG_FRAME_FITS);
	assert_memory_equal(&out, &frame, sizeof(out));
	assert_int_equal(rowlog_frame_length(&out), LOG_FRAME_BYTES + 48 + 32);
	assert_int_equal(rowlog_frame_decode(bytes, 4104, &out), LOG_FRAME_MOVED);
	bytes[50] ^= 1;
	assert_int_equal(rowlog_frame_decode(bytes, 4096, &out), LOG_FRAME_NONE);
}

TEST(a_header_of_rows_beyond_a_limit_is_none)
{
	struct log_frame f = rows_frame();

	assert_int_equal(check(&f), LOG_FRAME_FITS);
	f.rows = 0;
	assert_int_equal(check(&f), LOG_FRAME_NONE);
	f.rows = ROWLOG_FRAME_ROWS;
	assert_int_equal(check(&f), LOG_FRAME_FITS);
	f.rows++;
	assert_int_equal(check(&f), LOG_FRAME_NONE);
	f = rows_frame();
	f.sequence++;
	assert_int_equal(check(&f), LOG_FRAME_NONE);
	f = rows_frame();
	f.before = 17;
	assert_int_equal(check(&f), LOG_FRAME_NONE);
	f = rows_frame();
	f.kind = 2;
	assert_int_equal(check(&f), LOG_FRAME_NONE);
	f = rows_frame();
	f.number = f.before = 0;
	assert_int_equal(check(&f), LOG_FRAME_NONE);
}

TEST(a_header_of_sections_beyond_a_limit_is_none)
{
	struct log_frame f = rows_frame();

	f.part[0].plain = ROWLOG_FRAME_BYTES - 32;
	f.part[0].sealed = (uint32_t)(rowlog_section_bound(f.part[0].plain) & ~(size_t)7);
	assert_int_equal(check(&f), LOG_FRAME_FITS);
	f.part[0].sealed += 8;
	assert_int_equal(check(&f), LOG_FRAME_NONE);
	f.part[0].sealed = 4096;
	f.part[0].plain++;
	assert_int_equal(check(&f), LOG_FRAME_NONE);
	f.part[0].plain = UINT32_MAX;
	assert_int_equal(check(&f), LOG_FRAME_NONE);
	f = rows_frame();
	f.part[2].sealed = 36;
	assert_int_equal(check(&f), LOG_FRAME_NONE);
	f.part[2].sealed = 24;
	assert_int_equal(check(&f), LOG_FRAME_NONE);
	f.part[2].sealed = 0;
	assert_int_equal(check(&f), LOG_FRAME_NONE);
	f = rows_frame();
	f.part[0].plain = f.part[0].sealed = 0;
	assert_int_equal(check(&f), LOG_FRAME_NONE);
}

TEST(the_table_of_marks_is_the_first_frame_and_nothing_else)
{
	struct log_frame f = marks_frame(0);

	assert_int_equal(check(&f), LOG_FRAME_FITS);
	f = marks_frame(ROWLOG_MARKS_MAX);
	assert_int_equal(check(&f), LOG_FRAME_FITS);
	f = marks_frame(ROWLOG_MARKS_MAX + 1);
	assert_int_equal(check(&f), LOG_FRAME_NONE);
	f = marks_frame(2);
	f.rows = 1;
	assert_int_equal(check(&f), LOG_FRAME_NONE);
	f = marks_frame(2);
	f.number = 1;
	assert_int_equal(check(&f), LOG_FRAME_NONE);
	f = marks_frame(2);
	f.offset += 8;
	assert_int_equal(check(&f), LOG_FRAME_NONE);
	f = marks_frame(2);
	f.part[1].plain = f.part[1].sealed = 32;
	assert_int_equal(check(&f), LOG_FRAME_NONE);
	f = marks_frame(2);
	f.part[0].sealed = 0;
	assert_int_equal(check(&f), LOG_FRAME_NONE);
}

TEST(the_header_of_a_file_comes_back)
{
	struct log_head head = { .says = {
					 .first_arrival = 5, .hour = -1, .key_id = { 1, 0, 3 } } };
	uint8_t bytes[LOG_HEAD_BYTES];
	struct log_head out = { 0 };

	memset(head.says.store_id, 0x11, sizeof(head.says.store_id));
	memset(head.salt, 0x22, sizeof(head.salt));
	assert_int_equal(rowlog_head_encode(&head, bytes), 0);

	assert_int_equal(rowlog_head_decode(bytes, &out), LOG_HEAD_FITS);
	assert_memory_equal(&out, &head, sizeof(out));
}

TEST(each_frame_and_part_has_its_nonce)
{
	uint8_t a[CRYPTO_GCM_NONCE_BYTES], b[CRYPTO_GCM_NONCE_BYTES];

	rowlog_nonce(1, 0, a);
	rowlog_nonce(1, 1, b);
	assert_memory_not_equal(a, b, sizeof(a));
	rowlog_nonce(2, 0, b);
	assert_memory_not_equal(a, b, sizeof(a));
	rowlog_nonce(UINT64_C(1) << 32 | 1, 0, b);
	assert_memory_not_equal(a, b, sizeof(a));
}

/* ---- Sections -------------------------------------------------------------------------------- */

static int unpack(struct str packed, uint8_t *out, size_t plain)
{
	ZSTD_DCtx *unzip = ZSTD_createDCtx();
	int r;

	assert_non_null(unzip);
	r = rowlog_section_unpack(unzip, packed, out, plain);
	(void)ZSTD_freeDCtx(unzip);
	return r;
}

TEST(sections_of_any_length_come_back_in_multiples_of_8)
{
	ZSTD_CCtx *zip = rowlog_zip_new();
	uint8_t plain[300], out[300], packed[1024];

	for (size_t i = 0; i < sizeof(plain); i++)
		plain[i] = (uint8_t)(hash_mix(i, 5) >> 8);
	for (size_t n = 0; n <= sizeof(plain); n++) {
		ptrdiff_t sealed = rowlog_section_pack(zip, (struct str){ (char *)plain, n },
						       packed, rowlog_section_bound(n));
		struct str s = { (const char *)packed, 0 };

		assert_true(sealed >= LOG_SECTION_MIN && sealed % LOG_ALIGN == 0);
		assert_true((size_t)sealed <= rowlog_section_bound(n));
		s.n = (size_t)sealed - CRYPTO_GCM_TAG_BYTES;
		assert_int_equal(unpack(s, out, n), 0);
		assert_memory_equal(out, plain, n);
		assert_int_equal(unpack(s, out, n + 1), -EBADMSG);
		if (n > 0)
			assert_int_equal(unpack(s, out, n - 1), -EBADMSG);
	}
	(void)ZSTD_freeCCtx(zip);
}

TEST(what_is_packed_otherwise_is_refused)
{
	ZSTD_CCtx *zip = rowlog_zip_new();
	uint8_t out[64], packed[256] = { 0 };
	struct str s = { (const char *)packed, 0 };
	size_t n = ZSTD_compress2(zip, packed, sizeof(packed), "abc", 3);

	s.n = n;
	assert_int_equal(unpack(s, out, 3), 0);
	s.n = n + 7;
	assert_int_equal(unpack(s, out, 3), 0);
	s.n = n + 8; /* more than padding */
	assert_int_equal(unpack(s, out, 3), -EBADMSG);
	s.n = n + 7;
	packed[n + 6] = 1;
	assert_int_equal(unpack(s, out, 3), -EBADMSG);
	s.n = n - 1;
	assert_int_equal(unpack(s, out, 3), -EBADMSG);
	assert_int_equal(unpack(STR(""), out, 0), -EBADMSG);
	assert_int_equal(unpack(STR("no frame of zstd"), out, 3), -EBADMSG);
	(void)ZSTD_freeCCtx(zip);
}

TEST_MAIN
