/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of pcap files and of what both formats share: recognising them and the meaning of an end.
 */
#include "packet/capfile_test.h"

#define MAGIC_US      0xa1b2c3d4
#define MAGIC_NS      0xa1b23c4d
#define MAGIC_PATCHED 0xa1b2cd34

static void put_head(uint32_t magic, uint16_t minor, uint32_t network)
{
	put_u32(magic);
	put_u16(2);
	put_u16(minor);
	put_u32(0);
	put_u32(0);
	put_u32(65535);
	put_u32(network);
}

static void put_record_head(uint32_t s, uint32_t fraction, uint32_t captured, uint32_t wire)
{
	put_u32(s);
	put_u32(fraction);
	put_u32(captured);
	put_u32(wire);
}

static void put_record(uint32_t s, uint32_t fraction, uint32_t captured, uint32_t wire)
{
	put_record_head(s, fraction, captured, wire);
	put_body(captured);
}

TEST(pcap_reads_both_byte_orders_and_both_resolutions)
{
	for (int i = 0; i < 4; i++) {
		bool ns = i & 2;
		struct run run;

		file_start(i & 1);
		put_head(ns ? MAGIC_NS : MAGIC_US, 4, LINK_ETHERNET);
		put_record(1700000000, 123456, 60, 60);
		put_record(1700000001, 999999, 0, 0);
		put_record(1700000002, 1, 5, 1514);
		run = run_file();

		assert_int_equal(run.n, 3);
		assert_frame(&run, 0, 60, 60, 1700000000 * NS_PER_S + (ns ? 123456 : 123456000));
		assert_frame(&run, 1, 0, 0, 1700000001 * NS_PER_S + (ns ? 999999 : 999999000));
		assert_frame(&run, 2, 5, 1514, 1700000002 * NS_PER_S + (ns ? 1 : 1000));
		assert_int_equal(run.v[0].at, 24 + 16);
		assert_int_equal(run.v[2].at, 24 + 16 + 60 + 16 + 16);
		assert_int_equal(run.v[0].frame.link, LINK_ETHERNET);
		assert_int_equal(run.v[0].frame.interface, 0);
		assert_int_equal(run.end, 0);
	}
}

TEST(pcap_of_patched_linux_has_longer_record_heads)
{
	struct run run;

	file_start(false);
	put_head(MAGIC_PATCHED, 4, LINK_RAW);
	for (uint32_t i = 0; i < 2; i++) {
		put_record_head(i, 0, 20, 20);
		put_body(8 + 20);
	}
	run = run_file();

	assert_int_equal(run.n, 2);
	assert_frame(&run, 1, 20, 20, NS_PER_S);
	assert_int_equal(run.v[0].at, 24 + 24);
	assert_int_equal(run.end, 0);
}

TEST(pcap_link_type_is_the_low_half_of_its_field)
{
	struct run run;

	file_start(true);
	put_head(MAGIC_US, 4, 0x24000000 | LINK_LINUX_SLL2);
	put_record(0, 0, 1, 1);
	run = run_file();

	assert_int_equal(run.v[0].frame.link, LINK_LINUX_SLL2);
}

TEST(pcap_time_has_no_bound_within_its_fields)
{
	struct run run;

	file_start(false);
	put_head(MAGIC_US, 4, 1);
	put_record(UINT32_MAX, UINT32_MAX, 1, 1);
	run = run_file();

	assert_frame(&run, 0, 1, 1, UINT32_MAX * NS_PER_S + UINT32_MAX * NS_PER_US);
}

TEST(pcap_wire_length_is_never_below_the_captured_one)
{
	struct run run;

	file_start(false);
	put_head(MAGIC_US, 4, 1);
	put_record(0, 0, 40, 10);
	run = run_file();

	assert_frame(&run, 0, 40, 40, 0);
}

TEST(pcap_before_version_2_4_may_have_its_lengths_exchanged)
{
	struct run run;

	file_start(false);
	put_head(MAGIC_US, 2, 1);
	put_record_head(0, 0, 1500, 40); /* wire, captured */
	put_body(40);
	put_record(1, 0, 40, 1500);
	run = run_file();

	assert_int_equal(run.n, 2);
	assert_frame(&run, 0, 40, 1500, 0);
	assert_frame(&run, 1, 40, 1500, NS_PER_S);
}

TEST(pcap_keeps_a_frame_of_the_limit_and_skips_one_above)
{
	struct run run;

	file_start(false);
	put_head(MAGIC_US, 4, 1);
	put_record(1, 0, FRAME_MAX, FRAME_MAX);
	put_record(2, 0, FRAME_MAX + 1, 400000);
	put_record(3, 0, 7, 7);
	run = run_file();

	assert_int_equal(run.n, 3);
	assert_frame(&run, 0, FRAME_MAX, FRAME_MAX, 1 * NS_PER_S);
	assert_int_equal(run.v[1].answer, CAPFILE_SKIPPED);
	assert_int_equal(run.v[1].frame.wire_bytes, 400000);
	assert_int_equal(run.v[1].frame.at_ns, 2 * NS_PER_S);
	assert_frame(&run, 2, 7, 7, 3 * NS_PER_S);
	assert_int_equal(run.end, 0);
}

TEST(pcap_record_of_the_limit_is_cut_and_one_above_is_damage)
{
	struct run run;

	file_start(false);
	put_head(MAGIC_US, 4, 1);
	put_record(0, 0, 10, 10);
	put_record_head(0, 0, CAPFILE_BLOCK_MAX, 0);
	put_body(100);
	run = run_file();
	assert_int_equal(run.n, 1);
	assert_int_equal(run.end, 1);

	file_start(false);
	put_head(MAGIC_US, 4, 1);
	put_record(0, 0, 10, 10);
	put_record_head(0, 0, CAPFILE_BLOCK_MAX + 1, 0);
	put_body(100);
	run = run_file();

	assert_int_equal(run.n, 1);
	assert_int_equal(run.end, -EBADMSG);
	assert_int_equal(run.err.id, ERR_CAPTURE_DAMAGED);
	assert_string_equal(run.err.text,
			    "at byte 50 of the file: a record claims 268435457 bytes");
}

TEST(pcap_cut_anywhere_within_a_record_loses_one_frame)
{
	file_start(false);
	put_head(MAGIC_US, 4, 1);
	put_record(0, 0, 20, 20);
	put_record(0, 0, 20, 20);

	for (size_t n = 24; n <= file.n; n++) {
		struct run run = run_all((struct str){ (const char *)file.b, n });

		assert_int_equal(run.n, (n - 24) / 36);
		assert_int_equal(run.end, (n - 24) % 36 ? 1 : 0);
	}
}

TEST(capfile_cut_within_its_head_is_cut_but_without_magic_is_no_capture)
{
	file_start(false);
	put_head(MAGIC_US, 4, 1);

	for (size_t n = 0; n < 24; n++) {
		struct run run = run_all((struct str){ (const char *)file.b, n });

		assert_int_equal(run.n, 0);
		assert_int_equal(run.end, n < 4 ? -EINVAL : 2);
		if (n < 4)
			assert_int_equal(run.err.id, ERR_CAPTURE_FORMAT);
	}
}

TEST(capfile_refuses_what_is_no_capture_and_tells_its_first_bytes)
{
	struct run run = run_all(STR("GET / HTTP/1.1\r\n\r\n"));

	assert_int_equal(run.end, -EINVAL);
	assert_int_equal(run.err.id, ERR_CAPTURE_FORMAT);
	assert_string_equal(run.err.text,
			    "the file begins with 47 45 54 20, which is no capture format");
}

TEST(pcap_refuses_another_major_version)
{
	struct run run;

	file_start(true);
	put_head(MAGIC_US, 4, 1);
	file.b[5] = 3;
	run = run_file();

	assert_int_equal(run.err.id, ERR_CAPTURE_VERSION);
	assert_string_equal(run.err.text, "it is pcap version 3.4, not 2.x");
}

TEST(capfile_fails_again_when_asked_again_after_damage)
{
	static struct capfile cf;
	struct frame frame;
	struct err err;
	size_t used;

	file_start(false);
	put_head(MAGIC_US, 4, 1);
	put_record_head(0, 0, UINT32_MAX, 0);
	capfile_init(&cf);
	assert_int_equal(capfile_next(&cf, file_str(), &used, &frame, &err), -EBADMSG);
	assert_int_equal(used, 24);

	assert_int_equal(capfile_next(&cf, str_skip(file_str(), used), &used, &frame, &err),
			 -EBADMSG);
	assert_int_equal(used, 0);
}

TEST_MAIN
