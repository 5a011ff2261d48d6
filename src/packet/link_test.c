/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of the way from a frame's first byte to its IP header, for every link layer.
 */
#include "packet/decode_make.h"

TEST(vlan_ids_are_outermost_first)
{
	struct packet p;
	struct str tagged = behind("2064 9100 0065 8100 0066 0800", ip4(1, 17, udp(7, 9, hex(""))));

	assert_int_equal(decode_as(LINK_ETHERNET, ether("88a8", tagged), &p), PACKET_IP);

	assert_int_equal(p.vlans, 3);
	assert_int_equal(p.vlan[0], 100);
	assert_int_equal(p.vlan[1], 101);
	assert_int_equal(p.vlan[2], 102);
}

TEST(vlan_tags_beyond_the_array_are_passed)
{
	struct packet p;
	struct str tagged = behind("0001 8100 0002 8100 0003 8100 0004 8100 0005 0800",
				   ip4(1, 17, udp(7, 9, hex(""))));

	assert_int_equal(decode_as(LINK_ETHERNET, ether("8100", tagged), &p), PACKET_IP);

	assert_int_equal(p.vlans, PACKET_VLANS_MAX);
	assert_int_equal(p.vlan[PACKET_VLANS_MAX - 1], 4);
	assert_int_equal(p.dst_port, 9);
}

TEST(every_link_layer_leads_to_the_packet)
{
	static const struct {
		enum link_type link;
		const char *header;
	} rows[] = {
		{ LINK_ETHERNET, "020000000001 020000000002 0800" },
		{ LINK_ETHERNET, "020000000001 020000000002 0025 aaaa03 000000 0800" },
		{ LINK_ETHERNET, "020000000001 020000000002 0025 aaaa03 0000f8 0800" },
		{ LINK_ETHERNET, "020000000001 020000000002 0020 060603" },
		{ LINK_ETHERNET, "020000000001 020000000002 8847 00010040 00011140" },
		{ LINK_ETHERNET, "020000000001 020000000002 8847 00010040 00011140" },
		{ LINK_ETHERNET, "020000000001 020000000002 8848 00011140" },
		{ LINK_ETHERNET, "020000000001 020000000002 8847 00011140"
				 "00000000 020000000001 020000000002 0800" },
		{ LINK_ETHERNET, "020000000001 020000000002 8847 00011140"
				 "020000000001 020000000002 0800" },
		{ LINK_ETHERNET, "020000000001 020000000002 8864 11 00 0001 001f 0021" },
		{ LINK_ETHERNET, "020000000001 020000000002 8926 00000000 0800" },
		{ LINK_ETHERNET, "020000000001 020000000002 88e5 00 00 00000001 0800" },
		{ LINK_ETHERNET, "020000000001 020000000002 88e5"
				 "20 00 00000001 0200000000020001 0800" },
		{ LINK_ETHERNET, "020000000001 020000000002 88e7 00000001"
				 "020000000001 020000000002 0800" },
		{ LINK_ETHERNET, "020000000001 020000000002 894f 0fc2 01 01 00000100" },
		{ LINK_NULL, "02000000" },
		{ LINK_NULL, "00000002" },
		{ LINK_LOOP, "00000002" },
		{ LINK_RAW, "" },
		{ LINK_RAW_BSD, "" },
		{ LINK_RAW_BSD2, "" },
		{ LINK_IPV4, "" },
		{ LINK_PPP, "0021" },
		{ LINK_PPP, "21" },
		{ LINK_PPP, "ff03 0021" },
		{ LINK_PPP_HDLC, "ff03 0021" },
		{ LINK_PPP_HDLC, "0f00 0800" },
		{ LINK_PPP_HDLC, "ff03 0281 00011140" },
		{ LINK_LINUX_SLL, "0000 0001 0006 020000000001 0000 0800" },
		{ LINK_LINUX_SLL, "0000 0001 0006 020000000001 0000 8100 0005 0800" },
		{ LINK_LINUX_SLL, "0000 0001 0006 020000000001 0000 0004 aaaa03 000000 0800" },
		{ LINK_NFLOG, "0200 0005 0800 0100 0800 01 00 0500 0a00 00 000000 2100 0900" },
		{ LINK_NFLOG, "0200 0005 0008 0001 0800 01 00 0021 0009" },
		{ LINK_LINUX_SLL2, "0800 0000 00000003 0001 00 06 0200000000010000" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct packet p;
		struct str header = hex(rows[i].header);
		struct str frame = join(header, ip4(1, 17, udp(7, 9, hex("78"))));

		assert_int_equal(decode_as(rows[i].link, frame, &p), PACKET_IP);
		assert_ip(p.dst, "10.0.1.2");
		assert_int_equal(p.tunnels, 0);
		assert_int_equal(p.dst_port, 9);
		assert_str(p.payload, "x");
		for (size_t n = 0; n < header.n + 20; n++) {
			enum packet_answer answer =
				decode_as(rows[i].link, make_copy(frame.p, n), &p);

			assert_true(answer == PACKET_MALFORMED || answer == PACKET_OTHER);
		}
	}
}

TEST(loopback_family_of_ipv6_is_known_for_every_system)
{
	static const char *const family[] = { "18000000", "1c000000", "1e000000",
					      "0a000000", "0000001e", "17000000" };

	for (size_t i = 0; i < ARRAY_LEN(family); i++) {
		struct packet p;
		struct str frame = behind(family[i], ip6(1, 17, udp(7, 9, hex(""))));

		assert_int_equal(decode_as(LINK_NULL, frame, &p), PACKET_IP);
		assert_int_equal(p.ip_version, 6);
	}
}

TEST(frames_without_ip_are_other)
{
	static const struct {
		enum link_type link;
		const char *frame;
	} rows[] = {
		{ LINK_ETHERNET, "ffffffffffff 020000000002 0806 0001080006040001" },
		{ LINK_ETHERNET, "0180c2000000 020000000002 0026 424203 0000000000" },
		{ LINK_ETHERNET, "0180c200000e 020000000002 88cc 0207" },
		{ LINK_ETHERNET, "020000000001 020000000002 88e5 0c 00 00000001 0800 45000014" },
		{ LINK_ETHERNET, "0180c200000e 020000000002 8863 1109 0000 0000" },
		{ LINK_PPP, "c021 01010004" },
		{ LINK_NULL, "07000000 45000014" },
		{ LINK_NFLOG, "0200 0005 0800 0100 08000100" },
		{ LINK_LINUX_SLL, "0004 0338 0000 0000000000000000 0000" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct packet p;

		assert_int_equal(decode_as(rows[i].link, hex(rows[i].frame), &p), PACKET_OTHER);
	}
}

TEST(link_type_that_is_not_decoded_is_told)
{
	struct packet p;

	assert_int_equal(packet_decode(105, hex("0800"), 2, &p), PACKET_LINK);
	assert_int_equal(p.vlans, 0);
}

TEST_MAIN
