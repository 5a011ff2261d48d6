/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of pcapng files: sections, interfaces, the three packet blocks, times, and damage.
 */
#include "packet/capfile_test.h"

static size_t block_at;

static void block_begin(uint32_t type)
{
	block_at = file.n;
	put_u32(type);
	put_u32(0);
}

/* Pads, and writes the length at both ends. */
static void block_end(void)
{
	size_t end;

	put_uint(0, (4 - file.n % 4) % 4);
	end = file.n + 4;
	file.n = block_at + 4;
	put_u32((uint32_t)(end - block_at));
	file.n = end - 4;
	put_u32((uint32_t)(end - block_at));
}

static void put_section(uint16_t major, uint16_t minor)
{
	block_begin(0x0a0d0d0a);
	put_u32(0x1a2b3c4d);
	put_u16(major);
	put_u16(minor);
	put_uint(UINT64_MAX, 8);
	block_end();
}

static void put_option(uint16_t code, uint64_t value, uint16_t bytes)
{
	put_u16(code);
	put_u16(bytes);
	put_uint(value, bytes);
	put_uint(0, (4u - bytes % 4) % 4);
}

static void interface_begin(uint16_t link, uint32_t snaplen)
{
	block_begin(1);
	put_u16(link);
	put_u16(0);
	put_u32(snaplen);
}

static void put_interface(uint16_t link, uint32_t snaplen)
{
	interface_begin(link, snaplen);
	block_end();
}

/* With both options, in an order and with neighbours that a reader has to bear. */
static void put_interface_time(uint8_t resolution, int64_t offset_s)
{
	interface_begin(LINK_ETHERNET, 0);
	put_option(2, 0x306874, 3);
	put_option(9, resolution, 1);
	put_option(14, (uint64_t)offset_s, 8);
	put_option(0, 0, 0);
	block_end();
}

static void packet_begin(uint32_t iface, uint64_t time, uint32_t captured, uint32_t wire)
{
	block_begin(6);
	put_u32(iface);
	put_u32((uint32_t)(time >> 32));
	put_u32((uint32_t)time);
	put_u32(captured);
	put_u32(wire);
}

static void put_packet(uint32_t iface, uint64_t time, uint32_t captured, uint32_t wire)
{
	packet_begin(iface, time, captured, wire);
	put_body(captured);
	block_end();
}

static void put_simple(uint32_t captured, uint32_t wire)
{
	block_begin(3);
	put_u32(wire);
	put_body(captured);
	block_end();
}

static void start(bool big_endian)
{
	file_start(big_endian);
	put_section(1, 0);
}

static void assert_damaged(const struct run *run, const char *text)
{
	assert_int_equal(run->end, -EBADMSG);
	assert_int_equal(run->err.id, ERR_CAPTURE_DAMAGED);
	assert_string_equal(run->err.text, text);
}

TEST(pcapng_reads_packets_in_both_byte_orders)
{
	for (int order = 0; order < 2; order++) {
		struct run run;

		start(order);
		put_interface(LINK_ETHERNET, 262144);
		put_packet(0, 1700000000123456, 61, 1514);
		put_packet(0, 1700000000123457, 0, 0);
		run = run_file();

		assert_int_equal(run.n, 4);
		assert_int_equal(run.v[0].answer, CAPFILE_BLOCK);
		assert_int_equal(run.v[1].answer, CAPFILE_BLOCK);
		assert_frame(&run, 2, 61, 1514, 1700000000123456000);
		assert_frame(&run, 3, 0, 0, 1700000000123457000);
		assert_int_equal(run.v[2].at, 28 + 20 + 28);
		assert_int_equal(run.v[2].frame.link, LINK_ETHERNET);
		assert_int_equal(run.end, 0);
		assert_int_equal(run.sections, 1);
	}
}

TEST(pcapng_sections_have_their_own_byte_order_and_interfaces_count_on)
{
	struct run run;

	start(false);
	put_interface(LINK_ETHERNET, 0);
	put_interface(LINK_RAW, 0);
	put_packet(1, 5, 4, 4);
	file.big_endian = true;
	put_section(1, 0);
	put_interface(LINK_LINUX_SLL, 0);
	put_packet(0, 6, 4, 4);
	run = run_file();

	assert_int_equal(run.n, 7);
	assert_int_equal(run.v[3].frame.interface, 1);
	assert_int_equal(run.v[3].frame.link, LINK_RAW);
	assert_frame(&run, 6, 4, 4, 6000);
	assert_int_equal(run.v[6].frame.interface, 2);
	assert_int_equal(run.v[6].frame.link, LINK_LINUX_SLL);
	assert_int_equal(run.sections, 2);
	assert_int_equal(run.end, 0);
}

TEST(pcapng_a_new_section_forgets_the_interfaces_of_the_last)
{
	struct run run;

	start(false);
	put_interface(LINK_ETHERNET, 0);
	put_section(1, 0);
	put_packet(0, 5, 4, 4);
	run = run_file();

	assert_frame(&run, 3, 4, 4, 5000);
	assert_int_equal(run.v[3].frame.link, FRAME_LINK_NONE);
	assert_int_equal(run.v[3].frame.interface, FRAME_INTERFACE_NONE);
}

TEST(pcapng_describes_interfaces_up_to_the_limit)
{
	static struct capfile cf;
	struct frame frame;
	size_t at = 0, used;
	unsigned frames = 0;

	start(false);
	for (int i = 0; i < CAPFILE_INTERFACES_MAX + 1; i++)
		put_interface(LINK_IPV4, 0);
	put_packet(CAPFILE_INTERFACES_MAX - 1, 0, 1, 1);
	put_packet(CAPFILE_INTERFACES_MAX, 0, 1, 1);
	put_packet(CAPFILE_INTERFACES_MAX + 1, 0, 1, 1);

	capfile_init(&cf);
	for (;;) {
		int r = capfile_next(&cf, str_skip(file_str(), at), &used, &frame, NULL);

		at += used;
		if (r == CAPFILE_MORE)
			break;
		assert_true(r == CAPFILE_BLOCK || r == CAPFILE_FRAME);
		if (r != CAPFILE_FRAME)
			continue;
		assert_int_equal(frame.link, frames == 0 ? LINK_IPV4 : FRAME_LINK_NONE);
		assert_int_equal(frame.interface, frames < 2 ? CAPFILE_INTERFACES_MAX - 1 + frames
							     : FRAME_INTERFACE_NONE);
		frames++;
	}
	assert_int_equal(frames, 3);
}

/* One packet with a count of a resolution: its time in nanoseconds. */
static int64_t time_of(uint8_t resolution, int64_t offset_s, uint64_t count, bool big_endian)
{
	struct run run;

	start(big_endian);
	put_interface_time(resolution, offset_s);
	put_packet(0, count, 1, 1);
	run = run_file();
	assert_int_equal(run.n, 3);
	return run.v[2].frame.at_ns;
}

TEST(pcapng_time_follows_resolution_and_offset)
{
	static const struct {
		uint8_t resolution;
		int64_t offset_s;
		uint64_t count;
		int64_t at_ns;
	} rows[] = {
		{ 0, 0, 7, 7 * NS_PER_S },
		{ 3, 0, 1700000000001, 1700000000001 * NS_PER_MS },
		{ 9, 0, 1700000000123456789, 1700000000123456789 },
		{ 12, 0, 1234567890123456, 1234567890123 },
		{ 19, 0, 12345678901234567890u, 1234567890 },
		{ 28, 0, UINT64_MAX, 1 },
		{ 29, 0, UINT64_MAX, 0 },
		{ 127, 0, UINT64_MAX, 0 },
		{ 0x80, 0, 7, 7 * NS_PER_S },
		{ 0x80 | 20, 0, (UINT64_C(5) << 20) + (1 << 19), 5 * NS_PER_S + NS_PER_S / 2 },
		{ 0x80 | 64, 0, UINT64_C(1) << 63, NS_PER_S / 2 },
		{ 0xff, 0, UINT64_MAX, 0 },
		{ 6, 100, 1, 100 * NS_PER_S + 1000 },
		{ 6, -100, 200000000, 100 * NS_PER_S },
		{ 6, -1, 0, -NS_PER_S },
		/* What no 64 bits hold stays at the bound. */
		{ 0, 0, UINT64_MAX, INT64_MAX },
		{ 6, 0, UINT64_MAX, INT64_MAX },
		{ 0x80, 0, UINT64_MAX, INT64_MAX },
		{ 6, INT64_MAX, UINT64_MAX, INT64_MAX },
		{ 6, INT64_MAX, 0, INT64_MAX },
		{ 6, INT64_MIN, 0, INT64_MIN },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		for (int order = 0; order < 2; order++)
			assert_int_equal(time_of(rows[i].resolution, rows[i].offset_s,
						 rows[i].count, order),
					 rows[i].at_ns);
}

TEST(pcapng_options_of_a_wrong_length_are_passed_over)
{
	struct run run;

	start(false);
	interface_begin(LINK_ETHERNET, 0);
	put_option(9, 9, 2);
	put_option(14, 1000, 4);
	block_end();
	put_packet(0, 3, 1, 1);
	run = run_file();

	assert_frame(&run, 2, 1, 1, 3000);
}

TEST(pcapng_option_past_the_end_of_its_block_is_damage)
{
	struct run run;

	start(false);
	interface_begin(LINK_ETHERNET, 0);
	put_u16(2);
	put_u16(5);
	put_u32(0);
	block_end();
	run = run_file();

	assert_damaged(&run, "at byte 28 of the file: an option runs past the end of its block of "
			     "28 bytes");
}

TEST(pcapng_simple_packet_is_bounded_by_the_snaplen_and_has_no_time)
{
	struct run run;

	start(true);
	put_interface(LINK_ETHERNET, 50);
	put_simple(50, 1514);
	put_simple(49, 49);
	run = run_file();

	assert_frame(&run, 2, 50, 1514, 0);
	assert_frame(&run, 3, 49, 49, 0);
	assert_int_equal(run.v[2].frame.link, LINK_ETHERNET);
	assert_int_equal(run.v[2].at, 28 + 20 + 12);
	assert_int_equal(run.end, 0);
}

TEST(pcapng_simple_packet_without_an_interface_takes_what_is_there)
{
	struct run run;

	start(false);
	put_simple(48, 1514);
	run = run_file();

	assert_frame(&run, 1, 48, 1514, 0);
	assert_int_equal(run.v[1].frame.link, FRAME_LINK_NONE);
}

TEST(pcapng_simple_packet_shorter_than_it_says_is_damage)
{
	struct run run;

	start(false);
	put_interface(LINK_ETHERNET, 0);
	put_simple(48, 49);
	run = run_file();

	assert_damaged(&run, "at byte 48 of the file: a packet block is too short for its frame "
			     "of 49 bytes");
}

TEST(pcapng_reads_the_obsolete_packet_block)
{
	for (int order = 0; order < 2; order++) {
		struct run run;

		start(order);
		put_interface(LINK_ETHERNET, 0);
		put_interface(LINK_RAW, 0);
		block_begin(2);
		put_u16(1);
		put_u16(99);
		put_u32(0);
		put_u32(8);
		put_u32(13);
		put_u32(20);
		put_body(13);
		block_end();
		run = run_file();

		assert_frame(&run, 3, 13, 20, 8000);
		assert_int_equal(run.v[3].frame.link, LINK_RAW);
	}
}

TEST(pcapng_passes_over_blocks_without_a_frame)
{
	static const uint32_t types[] = { 4, 5, 10, 0x0bad, 0x40000bad, UINT32_MAX };
	struct run run;

	start(false);
	put_interface(LINK_ETHERNET, 0);
	for (size_t i = 0; i < ARRAY_LEN(types); i++) {
		block_begin(types[i]);
		put_body(i * i * 10000);
		block_end();
	}
	put_packet(0, 1, 9, 9);
	run = run_file();

	assert_int_equal(run.n, 9);
	for (size_t i = 0; i < 8; i++)
		assert_int_equal(run.v[i].answer, CAPFILE_BLOCK);
	assert_frame(&run, 8, 9, 9, 1000);
}

TEST(pcapng_keeps_a_frame_of_the_limit_and_skips_one_above)
{
	struct run run;

	start(false);
	put_interface(LINK_ETHERNET, 0);
	put_packet(0, 1, FRAME_MAX, FRAME_MAX);
	put_packet(0, 2, FRAME_MAX + 1, 300000);
	put_packet(0, 3, 1, 1);
	run = run_file();

	assert_int_equal(run.n, 5);
	assert_frame(&run, 2, FRAME_MAX, FRAME_MAX, 1000);
	assert_int_equal(run.v[3].answer, CAPFILE_SKIPPED);
	assert_int_equal(run.v[3].frame.wire_bytes, 300000);
	assert_int_equal(run.v[3].frame.at_ns, 2000);
	assert_int_equal(run.v[3].frame.link, LINK_ETHERNET);
	assert_frame(&run, 4, 1, 1, 3000);
}

TEST(pcapng_gives_a_frame_whose_options_exceed_every_window)
{
	struct run run;

	start(false);
	put_interface(LINK_ETHERNET, 0);
	packet_begin(0, 1, FRAME_MAX - 1, FRAME_MAX);
	put_body(FRAME_MAX - 1);
	put_uint(0, 1);
	put_body(2 * CAPFILE_WINDOW);
	block_end();
	put_packet(0, 2, 3, 3);
	run = run_file();

	assert_int_equal(run.n, 4);
	assert_frame(&run, 2, FRAME_MAX - 1, FRAME_MAX, 1000);
	assert_frame(&run, 3, 3, 3, 2000);

	/* The file may end within these options: the frame was given. */
	run = run_all((struct str){ (const char *)file.b, file.n - 100 });
	assert_int_equal(run.n, 3);
	assert_int_equal(run.end, 2);
}

TEST(pcapng_interface_description_must_fit_the_window)
{
	struct run run;

	start(false);
	interface_begin(LINK_ETHERNET, 0);
	put_uint(0, 4);
	put_body(CAPFILE_WINDOW - 24);
	block_end();
	assert_int_equal(file.n, 28 + CAPFILE_WINDOW);
	run = run_file();
	assert_int_equal(run.n, 2);
	assert_int_equal(run.end, 0);

	start(false);
	interface_begin(LINK_ETHERNET, 0);
	put_uint(0, 4);
	put_body(CAPFILE_WINDOW - 20);
	block_end();
	run = run_file();
	assert_damaged(&run, "at byte 28 of the file: an interface description has 327684 bytes");
}

TEST(pcapng_frame_longer_than_its_block_is_damage)
{
	struct run run;

	start(false);
	put_interface(LINK_ETHERNET, 0);
	packet_begin(0, 1, 21, 21);
	put_body(20);
	block_end();
	run = run_file();

	assert_int_equal(run.n, 2);
	assert_damaged(&run, "at byte 48 of the file: a packet block is too short for its frame "
			     "of 21 bytes");
}

TEST(pcapng_bad_block_lengths_are_damage)
{
	static const uint32_t bad[] = { 0, 8, 13, 14, 15, 33, CAPFILE_BLOCK_MAX + 4, UINT32_MAX };

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct run run;
		char text[100];

		start(i & 1);
		put_u32(5);
		put_u32(bad[i]);
		put_body(64);
		run = run_file();

		snprintf(text, sizeof(text), "at byte 32 of the file: a block claims %u bytes",
			 bad[i]);
		assert_damaged(&run, text);
	}
}

TEST(pcapng_blocks_below_the_size_of_their_kind_are_damage)
{
	static const struct {
		uint32_t type, bytes;
		const char *text;
	} rows[] = {
		{ 1, 16, "at byte 28 of the file: an interface description has 16 bytes" },
		{ 2, 28, "at byte 28 of the file: a packet block has 28 bytes" },
		{ 3, 12, "at byte 28 of the file: a packet block has 12 bytes" },
		{ 6, 28, "at byte 28 of the file: a packet block has 28 bytes" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct run run;

		start(false);
		block_begin(rows[i].type);
		put_uint(0, 8);
		put_uint(0, 8);
		file.n = 28 + rows[i].bytes - 4;
		block_end();
		run = run_file();

		assert_damaged(&run, rows[i].text);
	}
}

TEST(pcapng_length_at_the_end_of_a_block_must_agree)
{
	static const uint32_t types[] = { 1, 3, 5, 6, 0x0a0d0d0a };

	for (size_t i = 0; i < ARRAY_LEN(types); i++) {
		struct run run;

		start(false);
		put_interface(LINK_ETHERNET, 0);
		block_begin(types[i]);
		if (types[i] == 0x0a0d0d0a) {
			put_u32(0x1a2b3c4d);
			put_u32(1);
		}
		put_uint(0, 8);
		put_uint(0, 8);
		put_uint(0, 8);
		block_end();
		file.b[file.n - 4] ^= 4;
		run = run_file();

		assert_int_equal(run.n, 2);
		assert_int_equal(run.end, -EBADMSG);
		assert_non_null(strstr(run.err.text, "a block has at its end a length of "));
	}
}

TEST(pcapng_needs_a_byte_order_mark)
{
	struct run run;

	start(false);
	file.b[8] = 0;
	run = run_file();
	assert_int_equal(run.err.id, ERR_CAPTURE_FORMAT);

	start(false);
	put_section(1, 0);
	file.b[28 + 8] = 0;
	run = run_file();
	assert_damaged(&run, "at byte 36 of the file: a section has no byte order mark");
}

TEST(pcapng_knows_its_versions)
{
	static const struct {
		uint16_t major, minor;
		int end;
	} rows[] = { { 1, 0, 0 }, { 1, 2, 0 }, { 1, 1, -EINVAL }, { 2, 0, -EINVAL } };

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct run run;

		file_start(i & 1);
		put_section(rows[i].major, rows[i].minor);
		run = run_file();

		assert_int_equal(run.end, rows[i].end);
		if (rows[i].end < 0)
			assert_int_equal(run.err.id, ERR_CAPTURE_VERSION);
	}
}

TEST(pcapng_cut_tells_whether_a_frame_is_lost)
{
	size_t packet, custom;

	start(true);
	put_interface(LINK_ETHERNET, 0);
	packet = file.n;
	put_packet(0, 1, 13, 13);
	custom = file.n;
	block_begin(5);
	put_body(16);
	block_end();

	for (size_t n = 4; n <= file.n; n++) {
		struct run run = run_all((struct str){ (const char *)file.b, n });
		bool whole = n == 28 || n == packet || n == custom || n == file.n;

		if (n > packet + 3 && n < custom)
			assert_int_equal(run.end, 1);
		else
			assert_int_equal(run.end, whole ? 0 : 2);
	}
}

TEST_MAIN
