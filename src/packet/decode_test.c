/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of IP, extension headers and transport. Link layers and tunnels have files of their own.
 */
#include "packet/decode_make.h"

TEST(ethernet_ipv4_tcp_gives_every_field)
{
	struct packet p;

	assert_int_equal(decode_as(LINK_ETHERNET, ether("0800", ip4(1, 6, tcp(hex("616263")))), &p),
			 PACKET_IP);

	assert_int_equal(p.vlans, 0);
	assert_int_equal(p.tunnels, 0);
	assert_int_equal(p.ip_version, 4);
	assert_int_equal(p.proto, IP_PROTO_TCP);
	assert_int_equal(p.ip_bytes, 43);
	assert_ip(p.src, "10.0.1.1");
	assert_ip(p.dst, "10.0.1.2");
	assert_int_equal(p.src_port, 0x1234);
	assert_int_equal(p.dst_port, 80);
	assert_int_equal(p.seq, 0x01020304);
	assert_int_equal(p.ack, 0x05060708);
	assert_int_equal(p.tcp_flags, TCP_PSH | TCP_ACK);
	assert_int_equal(p.window, 0x2000);
	assert_str(p.payload, "abc");
	assert_int_equal(p.payload_bytes, 3);
	assert_false(p.fragment || p.whole || p.transport_cut || p.icmp_quotes);
}

TEST(ethernet_padding_is_not_payload)
{
	struct packet p;
	struct str frame = ether("0800", ip4(1, 6, tcp(hex(""))));

	assert_int_equal(decode_as(LINK_ETHERNET, join(frame, hex("000000000000")), &p), PACKET_IP);

	assert_int_equal(p.payload.n, 0);
	assert_int_equal(p.payload_bytes, 0);
}

TEST(what_the_capture_cut_is_told_by_payload_bytes)
{
	struct packet p;
	struct str frame = ether("0800", ip4(1, 6, tcp(hex("61626364"))));

	assert_int_equal(packet_decode(LINK_ETHERNET, str_head(frame, frame.n - 3),
				       (uint32_t)frame.n, &p),
			 PACKET_IP);

	assert_str(p.payload, "a");
	assert_int_equal(p.payload_bytes, 4);
	assert_false(p.transport_cut);
}

/* ---- IPv4 ------------------------------------------------------------------------------------ */

TEST(ipv4_options_are_passed)
{
	struct packet p;

	assert_int_equal(decode_as(LINK_RAW,
				   hex("46 00 0021 0001 0000 40 11 0000 0a000001 0a000002 94040000"
				       "0007 0009 0009 0000 78"),
				   &p),
			 PACKET_IP);

	assert_int_equal(p.src_port, 7);
	assert_str(p.payload, "x");
}

TEST(ipv4_total_length_of_zero_means_all_of_the_frame)
{
	struct packet p;

	assert_int_equal(decode_as(LINK_RAW,
				   hex("45 00 0000 0001 0000 40 11 0000 0a000001 0a000002"
				       "0007 0009 0000 0000 7879"),
				   &p),
			 PACKET_IP);

	assert_int_equal(p.ip_bytes, 30);
	assert_str(p.payload, "xy");
}

TEST(ipv4_headers_that_contradict_themselves_are_malformed)
{
	static const char *const bad[] = {
		"45 00 0013 0001 0000 40 11 0000 0a000001 0a000002", /* total below the header */
		"44 00 0014 0001 0000 40 11 0000 0a000001 0a000002", /* header below its minimum */
		"46 00 0018 0001 0000 40 11 0000 0a000001 0a000002", /* options missing */
		"55 00 0014 0001 0000 40 11 0000 0a000001 0a000002", /* version 5 */
		"45 00 0014 0001 0000 40 11 0000 0a000001 0a0000",   /* cut */
		"45 00 001c 0001 0000 40 33 0000 0a000001 0a000002 1104000000000000", /* AH cut */
	};

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct packet p;

		assert_int_equal(decode_as(LINK_IPV4, hex(bad[i]), &p), PACKET_MALFORMED);
		assert_int_equal(decode_as(LINK_RAW, hex(bad[i]), &p), PACKET_MALFORMED);
	}
}

TEST(ipv4_authentication_header_is_passed)
{
	struct packet p;
	struct str ah = behind("11 04 0000 00000001 00000001 000000000000000000000000",
			       udp(7, 9, hex("78")));

	assert_int_equal(decode_as(LINK_IPV4, ip4(1, IP_PROTO_AH, ah), &p), PACKET_IP);

	assert_int_equal(p.proto, IP_PROTO_UDP);
	assert_int_equal(p.dst_port, 9);
}

TEST(ipv4_fragment_has_its_fields_and_the_first_one_its_ports)
{
	struct packet p;
	struct str first = udp(7, 9, hex("0102030405060708"));

	assert_int_equal(decode_as(LINK_IPV4, ip4_fragment(1, 17, 0xbeef, 0x2000, first), &p),
			 PACKET_FRAGMENT);
	assert_true(p.fragment && p.frag_more);
	assert_int_equal(p.frag_id, 0xbeef);
	assert_int_equal(p.frag_offset, 0);
	assert_int_equal(p.frag_bytes, 16);
	assert_int_equal(p.frag_body.n, 16);
	assert_int_equal(p.src_port, 7);

	assert_int_equal(decode_as(LINK_IPV4, ip4_fragment(1, 17, 0xbeef, 2, hex("ff")), &p),
			 PACKET_FRAGMENT);
	assert_false(p.frag_more);
	assert_int_equal(p.frag_offset, 16);
	assert_str(p.frag_body, "\xff");
	assert_int_equal(p.src_port, 0);
	assert_false(p.transport_cut);
}

TEST(cut_fragment_says_how_long_it_was)
{
	struct packet p;
	struct str f = ip4_fragment(1, 17, 1, 0x2000, hex("0007000900100000 0102030405060708"));

	assert_int_equal(packet_decode(LINK_IPV4, str_head(f, f.n - 4), (uint32_t)f.n, &p),
			 PACKET_FRAGMENT);

	assert_int_equal(p.frag_bytes, 16);
	assert_int_equal(p.frag_body.n, 12);
}

/* ---- IPv6 ------------------------------------------------------------------------------------ */

TEST(ipv6_extension_headers_are_passed)
{
	static const struct {
		unsigned first;
		const char *headers;
	} rows[] = {
		{ 17, "" },
		{ 0, "11 00 010400000000" },
		{ 43, "11 02 00 01 00000000 20010db8000000000000000000000009" },
		{ 60, "11 00 010400000000" },
		{ 0, "3c 00 010400000000 2b 00 010400000000 11 00 00 00 00000000" },
		{ 51, "11 04 0000 00000001 00000001 000000000000000000000000" },
		{ 44, "11 00 0000 00000001" }, /* atomic fragment */
		{ 140, "11 00 000000000000" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct packet p;
		struct str body = behind(rows[i].headers, udp(7, 9, hex("78")));

		assert_int_equal(decode_as(LINK_RAW, ip6(1, rows[i].first, body), &p), PACKET_IP);
		assert_int_equal(p.ip_version, 6);
		assert_int_equal(p.proto, IP_PROTO_UDP);
		assert_int_equal(p.ip_bytes, 40 + body.n);
		assert_ip(p.src, "2001:db8::1:1");
		assert_int_equal(p.dst_port, 9);
		assert_str(p.payload, "x");
		assert_false(p.fragment);
	}
}

TEST(ipv6_mobility_and_no_next_header_end_the_chain)
{
	struct packet p;

	assert_int_equal(decode_as(LINK_IPV6, ip6(1, 135, hex("3b 00 0100 0000 0000")), &p),
			 PACKET_IP);
	assert_int_equal(p.proto, 135);
	assert_int_equal(p.payload.n, 8);

	assert_int_equal(decode_as(LINK_IPV6, ip6(1, 59, hex("")), &p), PACKET_IP);
	assert_int_equal(p.proto, 59);
	assert_int_equal(p.ip_bytes, 40);
}

TEST(ipv6_chain_may_have_sixteen_headers_and_no_more)
{
	struct packet p;
	struct str body = behind("11 00 010400000000", udp(7, 9, hex("78")));

	for (unsigned i = 1; i < 15; i++)
		body = behind("3c 00 010400000000", body);
	assert_int_equal(decode_as(LINK_IPV6, ip6(1, 60, body), &p), PACKET_IP);
	assert_int_equal(p.proto, IP_PROTO_UDP);

	body = behind("3c 00 010400000000 3c 00 010400000000", body);
	assert_int_equal(decode_as(LINK_IPV6, ip6(1, 60, body), &p), PACKET_MALFORMED);
}

TEST(ipv6_headers_that_are_cut_or_wrong_are_malformed)
{
	struct packet p;
	struct str whole = ip6(1, 60, behind("11 00 010400000000", udp(7, 9, hex("78"))));

	for (size_t n = 0; n < 48; n++)
		assert_int_equal(decode_as(LINK_IPV6, make_copy(whole.p, n), &p), PACKET_MALFORMED);
	assert_int_equal(decode_as(LINK_IPV6, make_copy(whole.p, 48), &p), PACKET_IP);
	assert_true(p.transport_cut);
	assert_int_equal(decode_as(LINK_IPV6, ip4(1, 17, whole), &p), PACKET_MALFORMED);
	assert_int_equal(decode_as(LINK_IPV6, ip6(1, 60, hex("11 01 010400000000")), &p),
			 PACKET_MALFORMED);
}

TEST(ipv6_jumbogram_has_the_length_of_its_option)
{
	struct packet p;
	char frame[40 + 8 + 8 + 1] = {
		0x60,        [6] = 0,     [40] = 17, [42] = (char)0xc2, [43] = 4,  [45] = 1,
		[46] = 0x11, [47] = 0x70, [49] = 7,  [51] = 9,          [56] = 'x'
	};

	assert_int_equal(packet_decode(LINK_IPV6, make_copy(frame, sizeof(frame)), 70000 + 40, &p),
			 PACKET_IP);

	assert_int_equal(p.ip_bytes, 40 + 0x11170);
	assert_int_equal(p.dst_port, 9);
	assert_str(p.payload, "x");
	assert_int_equal(p.payload_bytes, 0x11170 - 16);
}

TEST(ipv6_fragment_has_its_fields)
{
	struct packet p;
	struct str body = behind("3c 00 010400000000 2c 00 010400000000 06 00 0059 0000beef",
				 hex("0102030405060708"));

	assert_int_equal(decode_as(LINK_IPV6, ip6(1, 0, body), &p), PACKET_FRAGMENT);

	assert_true(p.fragment && p.frag_more);
	assert_int_equal(p.frag_id, 0xbeef);
	assert_int_equal(p.frag_offset, 0x58);
	assert_int_equal(p.proto, IP_PROTO_TCP);
	assert_int_equal(p.frag_body.n, 8);
}

TEST(whole_packet_goes_on_behind_the_fragment_header)
{
	struct packet first, p;
	struct str body = behind("11 00 010400000000", udp(7, 9, hex("7879")));
	struct str part = behind("3c 00 0001 00000001", str_head(body, 8));

	assert_int_equal(decode_as(LINK_IPV6, ip6(1, 44, part), &first), PACKET_FRAGMENT);
	assert_int_equal(packet_decode_whole(&first, body, &p), PACKET_IP);

	assert_true(p.whole);
	assert_false(p.fragment);
	assert_int_equal(p.proto, IP_PROTO_UDP);
	assert_int_equal(p.ip_bytes, 48 + body.n);
	assert_int_equal(p.dst_port, 9);
	assert_str(p.payload, "xy");
	assert_memory_equal(&p.src, &first.src, sizeof(p.src));
}

TEST(whole_packet_with_a_cut_extension_header_is_malformed)
{
	struct packet first, p;

	assert_int_equal(decode_as(LINK_IPV6, ip6(1, 44, hex("3c 00 0001 00000001")), &first),
			 PACKET_FRAGMENT);

	assert_int_equal(packet_decode_whole(&first, hex("11 01 010400000000"), &p),
			 PACKET_MALFORMED);
}

/* ---- Transport ------------------------------------------------------------------------------- */

TEST(tcp_header_that_is_cut_leaves_the_ports)
{
	struct packet p;
	struct str frame = ip4(1, 6, tcp(hex("616263")));

	for (size_t n = 20; n < 40; n++) {
		assert_int_equal(packet_decode(LINK_IPV4, make_copy(frame.p, n), (uint32_t)frame.n,
					       &p),
				 PACKET_IP);
		assert_true(p.transport_cut);
		assert_int_equal(p.dst_port, n < 24 ? 0 : 80);
		assert_int_equal(p.payload.n, 0);
		assert_int_equal(p.tcp_flags, 0);
	}
}

TEST(tcp_header_with_a_wrong_data_offset_counts_as_cut)
{
	static const char *const offset[] = { "40", "70" };

	for (size_t i = 0; i < ARRAY_LEN(offset); i++) {
		struct packet p;
		struct str head = hex("1234 0050 01020304 05060708");
		struct str rest = behind(offset[i], hex("18 2000 0000 0000 61626364"));

		assert_int_equal(decode_as(LINK_IPV4, ip4(1, 6, join(head, rest)), &p), PACKET_IP);
		assert_true(p.transport_cut);
		assert_int_equal(p.src_port, 0x1234);
		assert_int_equal(p.payload.n, 0);
	}
}

TEST(udp_length_decides_what_is_payload)
{
	static const struct {
		const char *length;
		size_t n;
		uint32_t wire;
		bool cut;
	} rows[] = {
		{ "000c", 4, 4, false },  { "000a", 2, 2, false }, { "0000", 4, 4, false },
		{ "0020", 4, 24, false }, { "0007", 0, 0, true },  { "0008", 0, 0, false },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct packet p;
		struct str u = join(behind("0007 0009", hex(rows[i].length)), hex("0000 61626364"));

		assert_int_equal(decode_as(LINK_IPV4, ip4(1, 17, u), &p), PACKET_IP);
		assert_int_equal(p.dst_port, 9);
		assert_int_equal(p.payload.n, rows[i].n);
		assert_int_equal(p.payload_bytes, rows[i].wire);
		assert_int_equal(p.transport_cut, rows[i].cut);
	}
}

TEST(sctp_has_ports_and_chunks)
{
	struct packet p;
	struct str s = hex("0b59 0b58 00000001 00000002 03000004");

	assert_int_equal(decode_as(LINK_IPV4, ip4(1, IP_PROTO_SCTP, s), &p), PACKET_IP);

	assert_int_equal(p.src_port, 2905);
	assert_int_equal(p.dst_port, 2904);
	assert_int_equal(p.payload.n, 4);
}

TEST(unknown_transport_is_all_payload)
{
	struct packet p;

	assert_int_equal(decode_as(LINK_IPV4, ip4(1, IP_PROTO_ESP, hex("01020304")), &p),
			 PACKET_IP);

	assert_int_equal(p.proto, IP_PROTO_ESP);
	assert_int_equal(p.src_port, 0);
	assert_int_equal(p.dst_port, 0);
	assert_int_equal(p.payload.n, 4);
	assert_int_equal(p.payload_bytes, 4);
}

TEST(icmp_echo_has_type_code_and_id)
{
	struct packet p;

	assert_int_equal(decode_as(LINK_IPV4, ip4(1, 1, hex("08 03 0000 1234 0001 61")), &p),
			 PACKET_IP);
	assert_int_equal(p.icmp_type, 8);
	assert_int_equal(p.icmp_code, 3);
	assert_int_equal(p.icmp_id, 0x1234);
	assert_str(p.payload, "a");
	assert_false(p.icmp_quotes);

	assert_int_equal(decode_as(LINK_IPV6, ip6(1, 58, hex("81 00 0000 4321 0001")), &p),
			 PACKET_IP);
	assert_int_equal(p.icmp_type, 129);
	assert_int_equal(p.icmp_id, 0x4321);

	assert_int_equal(decode_as(LINK_IPV6, ip6(1, 58, hex("87 00 0000 4321 0001")), &p),
			 PACKET_IP);
	assert_int_equal(p.icmp_id, 0);
}

TEST(icmp_error_quotes_the_packet_as_it_stood)
{
	struct packet p;
	struct str quoted = ip4(7, 17, udp(1000, 53, hex("6162636465666768")));
	struct str error = behind("03 03 0000 00000000", str_head(quoted, 28));

	assert_int_equal(decode_as(LINK_IPV4, ip4(1, 1, error), &p), PACKET_IP);

	assert_ip(p.src, "10.0.1.1");
	assert_true(p.icmp_quotes);
	assert_ip(p.quote_src, "10.0.7.1");
	assert_ip(p.quote_dst, "10.0.7.2");
	assert_int_equal(p.quote_proto, IP_PROTO_UDP);
	assert_int_equal(p.quote_src_port, 1000);
	assert_int_equal(p.quote_dst_port, 53);
}

TEST(icmpv6_error_quotes_through_extension_headers)
{
	struct packet p;
	struct str quoted = ip6(7, 60, behind("06 00 010400000000", tcp(hex(""))));

	assert_int_equal(decode_as(LINK_IPV6, ip6(1, 58, behind("01 04 0000 00000000", quoted)),
				   &p),
			 PACKET_IP);

	assert_true(p.icmp_quotes);
	assert_int_equal(p.quote_proto, IP_PROTO_TCP);
	assert_int_equal(p.quote_src_port, 0x1234);
	assert_int_equal(p.quote_dst_port, 80);
}

TEST(icmp_error_without_a_whole_header_quotes_nothing)
{
	struct packet p;
	struct str quoted = ip4(7, 17, hex(""));

	assert_int_equal(decode_as(LINK_IPV4,
				   ip4(1, 1, behind("03 03 0000 00000000", str_head(quoted, 19))),
				   &p),
			 PACKET_IP);
	assert_false(p.icmp_quotes);

	assert_int_equal(decode_as(LINK_IPV4, ip4(1, 1, behind("03 03 0000 00000000", quoted)), &p),
			 PACKET_IP);
	assert_true(p.icmp_quotes);
	assert_int_equal(p.quote_dst_port, 0);
}

/* ---- The walk itself ------------------------------------------------------------------------ */

TEST(headers_are_followed_up_to_their_limit)
{
	struct packet p;
	struct str frame = ip4(1, 17, udp(7, 9, hex("")));

	frame = behind("00000140", frame);
	for (unsigned i = 1; i < PACKET_HEADERS_MAX - 2; i++)
		frame = behind("00000040", frame);
	assert_int_equal(decode_as(LINK_ETHERNET, ether("8847", frame), &p), PACKET_IP);
	assert_int_equal(p.dst_port, 9);

	frame = behind("00000040", frame);
	assert_int_equal(decode_as(LINK_ETHERNET, ether("8847", frame), &p), PACKET_MALFORMED);
}

TEST_MAIN
