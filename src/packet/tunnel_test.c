/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of packets inside packets: which tunnels are entered, which only look like one, and that
 * the outer packet stands where the inner one does not decode.
 */
#include "packet/decode_make.h"

/* The packet that each tunnel carries here, and the frame it carries it in. */
static struct str inner(void)
{
	return ip4(9, 17, udp(7, 9, hex("78")));
}

static struct str inner_frame(void)
{
	return ether("0800", inner());
}

static void check_inner(const struct packet *p, unsigned tunnels)
{
	assert_int_equal(p->tunnels, tunnels);
	assert_int_equal(p->proto, IP_PROTO_UDP);
	assert_ip(p->src, "10.0.9.1");
	assert_ip(p->dst, "10.0.9.2");
	assert_int_equal(p->src_port, 7);
	assert_int_equal(p->dst_port, 9);
	assert_str(p->payload, "x");
	assert_false(p->transport_cut);
}

/* ---- Told by a protocol number --------------------------------------------------------------- */

struct proto_row {
	unsigned proto;
	const char *header;
	bool frame; /* carries an Ethernet frame */
};

static const struct proto_row by_proto[] = {
	{ 4, "", false },
	{ 94, "", false },
	{ 137, "00011140", false },
	{ 97, "3000", true },
	{ 143, "", true },
	{ 47, "0000 0800", false },
	{ 47, "b000 0800 00000000 00000001 00000002", false },
	{ 47, "2000 6558 00000001", true },
	{ 47, "0000 8847 00011140", false },
	{ 47, "0000 8100 0005 0800", false },
	{ 47, "0000 880b 0021", false },
	{ 47, "3001 880b 001f 0001 00000001 0021", false },
	{ 47, "3081 880b 001f 0001 00000001 00000001 0021", false },
	{ 47, "0000 883e", false },
	{ 47, "0000 883e 00000000", false },
	{ 47, "0000 88be", true },
	{ 47, "1000 88be 00000001 1000000100000000", true },
	{ 47, "1000 22eb 00000001 2000000100000000 0000 0000", true },
	{ 47, "1000 22eb 00000001 2000000100000000 0000 0001 0000000000000000", true },
	{ 47, "1000 22eb 00000001 2000000100000000 0000 0800", false },
};

static struct str proto_packet(const struct proto_row *row)
{
	return ip4(1, row->proto, behind(row->header, row->frame ? inner_frame() : inner()));
}

TEST(tunnel_by_protocol_shows_the_inner_packet)
{
	for (size_t i = 0; i < ARRAY_LEN(by_proto); i++) {
		struct packet p;

		assert_int_equal(decode_as(LINK_IPV4, proto_packet(&by_proto[i]), &p), PACKET_IP);
		check_inner(&p, 1);
	}
}

TEST(tunnel_by_protocol_that_is_cut_leaves_the_outer_packet)
{
	for (size_t i = 0; i < ARRAY_LEN(by_proto); i++) {
		struct str whole = proto_packet(&by_proto[i]);

		for (size_t n = 20; n + 9 < whole.n; n++) {
			struct packet p;

			assert_int_equal(packet_decode(LINK_IPV4, make_copy(whole.p, n),
						       (uint32_t)whole.n, &p),
					 PACKET_IP);
			if (p.tunnels > 0)
				continue; /* the inner header is there */
			assert_int_equal(p.proto, by_proto[i].proto);
			assert_ip(p.dst, "10.0.1.2");
			assert_int_equal(p.src_port, 0);
			assert_int_equal(p.payload.n, n - 20);
			assert_int_equal(p.payload_bytes, whole.n - 20);
		}
	}
}

TEST(ipv6_goes_in_and_around)
{
	struct packet p;

	assert_int_equal(decode_as(LINK_IPV6, ip6(1, 4, inner()), &p), PACKET_IP);
	check_inner(&p, 1);
	assert_int_equal(p.ip_version, 4);

	assert_int_equal(decode_as(LINK_IPV4,
				   ip4(1, 41, ip6(2, 41, ip6(3, 17, udp(7, 9, hex("78"))))), &p),
			 PACKET_IP);
	assert_int_equal(p.ip_version, 6);
	assert_int_equal(p.tunnels, 2);
	assert_ip(p.src, "2001:db8::3:1");
	assert_int_equal(p.dst_port, 9);
}

TEST(gre_that_carries_no_ip_is_the_outer_packet)
{
	static const char *const rows[] = {
		"0000 0000",                                     /* keepalive */
		"0000 0806 0001080006040001",                    /* ARP */
		"4000 0800 00000000 00000000",                   /* source routing of RFC 1701 */
		"0002 0800",                                     /* version 2 */
		"2081 880b 0000 0001 00000001",                  /* PPTP acknowledgement */
		"1000 22eb 00000001 2000000100000000 0000 0400", /* unknown ERSPAN frame type */
		"1000 88be 00000001 3000000100000000",           /* unknown ERSPAN version */
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct packet p;
		struct str body = behind(rows[i], inner_frame());

		assert_int_equal(decode_as(LINK_IPV4, ip4(1, 47, body), &p), PACKET_IP);
		assert_int_equal(p.tunnels, 0);
		assert_int_equal(p.proto, IP_PROTO_GRE);
		assert_int_equal(p.payload.n, body.n);
	}
}

/* ---- Told by a UDP port ---------------------------------------------------------------------- */

struct port_row {
	unsigned port;
	const char *header;
	bool frame;
};

static const struct port_row by_port[] = {
	{ 4789, "08 000000 00002a 00", true },
	{ 8472, "88 000123 00002a 00", true },
	{ 4790, "08 000000 00002a 00", true },
	{ 4790, "0c 000001 00002a 00", false },
	{ 4790, "0c 000003 00002a 00", true },
	{ 4790, "0c 000004 00002a 00 0fc2 01 01 00000100", false },
	{ 4790, "0c 000005 00002a 00 00011140", false },
	{ 6081, "00 00 6558 00002a 00", true },
	{ 6081, "02 40 0800 00002a 00 0102 03 01 00000000", false },
	{ 2152, "30 ff 001d 00000001", false },
	{ 2152, "32 ff 0021 00000001 0001 00 00", false },
	{ 2152, "34 ff 0025 00000001 0000 00 85 01 0000 00", false },
	{ 2152, "36 ff 002d 00000001 0001 00 85 01 0000 c0 02 000000000000 00", false },
	{ 4754, "2000 0800 00000001", false },
	{ 6635, "00011140", false },
};

static struct str port_packet(const struct port_row *row)
{
	return ip4(1, 17,
		   udp(50000, row->port,
		       behind(row->header, row->frame ? inner_frame() : inner())));
}

TEST(tunnel_by_port_shows_the_inner_packet)
{
	for (size_t i = 0; i < ARRAY_LEN(by_port); i++) {
		struct packet p;

		assert_int_equal(decode_as(LINK_IPV4, port_packet(&by_port[i]), &p), PACKET_IP);
		check_inner(&p, 1);
	}
}

TEST(tunnel_by_port_that_is_cut_leaves_the_outer_packet)
{
	for (size_t i = 0; i < ARRAY_LEN(by_port); i++) {
		struct str whole = port_packet(&by_port[i]);

		for (size_t n = 28; n + 9 < whole.n; n++) {
			struct packet p;

			assert_int_equal(packet_decode(LINK_IPV4, make_copy(whole.p, n),
						       (uint32_t)whole.n, &p),
					 PACKET_IP);
			if (p.tunnels > 0)
				continue;
			assert_int_equal(p.src_port, 50000);
			assert_int_equal(p.dst_port, by_port[i].port);
			assert_int_equal(p.payload.n, n - 28);
			assert_int_equal(p.payload_bytes, whole.n - 28);
		}
	}
}

TEST(tunnel_is_told_by_the_source_port_too)
{
	struct packet p;
	struct str gtp = behind("30 ff 001d 00000001", inner());

	assert_int_equal(decode_as(LINK_IPV4, ip4(1, 17, udp(2152, 50000, gtp)), &p), PACKET_IP);

	check_inner(&p, 1);
}

TEST(what_only_has_the_port_of_a_tunnel_stays_udp)
{
	static const struct port_row rows[] = {
		{ 4789, "00 000000 00002a 00", true },   /* no VNI */
		{ 4789, "48 000000 00002a 00", true },   /* reserved bit */
		{ 4789, "08 000000 00002a 01", true },   /* reserved byte */
		{ 4789, "08 000000 00002a 00", false },  /* no frame inside */
		{ 4790, "04 000001 00002a 00", false },  /* no VNI */
		{ 4790, "1c 000001 00002a 00", false },  /* version 1 */
		{ 4790, "0c 000007 00002a 00", false },  /* unknown next protocol */
		{ 6081, "40 00 0800 00002a 00", false }, /* version 1 */
		{ 6081, "00 01 0800 00002a 00", false }, /* reserved bit */
		{ 6081, "00 00 0800 00002a 01", false }, /* reserved byte */
		{ 6081, "00 00 0005 00002a 00", false }, /* no EtherType */
		{ 6081, "3f 00 0800 00002a 00", false }, /* options longer than the packet */
		{ 2152, "50 ff 001d 00000001", false },  /* version 2 */
		{ 2152, "20 ff 001d 00000001", false },  /* GTP' */
		{ 2152, "30 01 001d 00000001", false },  /* echo request */
		{ 2152, "30 ff 001e 00000001", false },  /* length beyond the datagram */
		{ 2152, "30 ff 001c 00000001", false },  /* length that cuts the inner packet */
		{ 2152, "34 ff 0025 00000001 0000 00 85 00 0000 00", false }, /* empty extension */
		{ 3544, "", false },                                          /* not IPv6 */
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct packet p;

		assert_int_equal(decode_as(LINK_IPV4, port_packet(&rows[i]), &p), PACKET_IP);
		assert_int_equal(p.tunnels, 0);
		assert_ip(p.dst, "10.0.1.2");
		assert_int_equal(p.dst_port, rows[i].port);
	}
}

TEST(gtp_extension_headers_are_followed_up_to_eight)
{
	struct packet p;
	struct str body = behind("01 0000 00", inner());

	for (unsigned i = 1; i < 8; i++)
		body = behind("01 0000 85", body);
	body = behind("34 ff 0041 00000001 0000 00 85", body);
	assert_int_equal(decode_as(LINK_IPV4, ip4(1, 17, udp(2152, 2152, body)), &p), PACKET_IP);
	check_inner(&p, 1);

	body = behind("34 ff 0045 00000001 0000 00 85 01 0000 85", str_skip(body, 12));
	assert_int_equal(decode_as(LINK_IPV4, ip4(1, 17, udp(2152, 2152, body)), &p), PACKET_IP);
	assert_int_equal(p.tunnels, 0);
}

TEST(teredo_carries_ipv6_behind_its_two_headers)
{
	static const char *const rows[] = {
		"",
		"0000 0102 03040506",
		"0001 00 00 0000000000000000 00",
		"0001 02 03 6162 636465 0000000000000000 00 0000 0102 03040506",
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct packet p;
		struct str body = behind(rows[i], ip6(5, 17, udp(7, 9, hex("78"))));

		assert_int_equal(decode_as(LINK_IPV4, ip4(1, 17, udp(3544, 50000, body)), &p),
				 PACKET_IP);
		assert_int_equal(p.tunnels, 1);
		assert_ip(p.src, "2001:db8::5:1");
		assert_int_equal(p.dst_port, 9);
	}
}

TEST(teredo_packet_longer_than_its_datagram_stays_udp)
{
	struct packet p;
	struct str body = ip6(5, 17, udp(7, 9, hex("78")));

	body = str_head(body, body.n - 1);
	assert_int_equal(decode_as(LINK_IPV4, ip4(1, 17, udp(3544, 50000, body)), &p), PACKET_IP);

	assert_int_equal(p.tunnels, 0);
	assert_int_equal(p.src_port, 3544);
}

/* ---- All together ---------------------------------------------------------------------------- */

TEST(vlans_of_all_frames_are_gathered)
{
	struct packet p;
	struct str in = ether("8100", behind("0014 0800", inner()));
	struct str out = ip4(1, 17, udp(1, 4789, behind("08000000 00002a00", in)));

	assert_int_equal(decode_as(LINK_ETHERNET, ether("8100", behind("000a 0800", out)), &p),
			 PACKET_IP);

	check_inner(&p, 1);
	assert_int_equal(p.vlans, 2);
	assert_int_equal(p.vlan[0], 10);
	assert_int_equal(p.vlan[1], 20);
}

TEST(tunnels_nest)
{
	struct packet p;
	struct str geneve = udp(1, 6081, behind("00 00 6558 00002a 00", inner_frame()));
	struct str gre = behind("0000 86dd", ip6(3, 17, geneve));
	struct str vxlan =
		udp(1, 4789, behind("08000000 00002a00", ether("0800", ip4(2, 47, gre))));

	assert_int_equal(decode_as(LINK_ETHERNET, ether("0800", ip4(1, 17, vxlan)), &p), PACKET_IP);

	check_inner(&p, 3);
}

TEST(tunnels_nest_up_to_the_limit_of_headers)
{
	struct packet p;
	struct str packet = inner();

	for (unsigned i = 1; i < PACKET_HEADERS_MAX; i++)
		packet = ip4(1, 4, packet);
	assert_int_equal(decode_as(LINK_IPV4, packet, &p), PACKET_IP);
	check_inner(&p, PACKET_HEADERS_MAX - 1);

	assert_int_equal(decode_as(LINK_IPV4, ip4(1, 4, packet), &p), PACKET_IP);
	assert_int_equal(p.tunnels, PACKET_HEADERS_MAX - 1);
	assert_int_equal(p.proto, 4);
}

TEST(fragment_inside_a_tunnel_is_told_with_its_depth)
{
	struct packet p;
	struct str part = ip4_fragment(9, 17, 77, 0x2000, hex("0007000900180000"));

	assert_int_equal(decode_as(LINK_IPV4, ip4(1, 4, part), &p), PACKET_FRAGMENT);

	assert_int_equal(p.tunnels, 1);
	assert_int_equal(p.frag_id, 77);
	assert_ip(p.src, "10.0.9.1");
}

TEST(fragment_of_a_tunnel_is_entered_when_it_is_whole)
{
	struct packet first, p;
	struct str body = udp(1, 4789, behind("08000000 00002a00", inner_frame()));

	assert_int_equal(decode_as(LINK_IPV4, ip4_fragment(1, 17, 1, 0x2000, str_head(body, 24)),
				   &first),
			 PACKET_FRAGMENT);
	assert_int_equal(first.tunnels, 0);
	assert_int_equal(packet_decode_whole(&first, body, &p), PACKET_IP);

	check_inner(&p, 1);
	assert_true(p.whole);
}

TEST(tunnel_of_the_network_card_has_no_length_inside)
{
	struct packet p;
	struct str big = hex("45 00 0000 0001 0000 40 06 0000 0a000901 0a000902"
			     "1234 0050 01020304 05060708 5018 2000 0000 0000 78");

	assert_int_equal(
		decode_as(LINK_IPV4,
			  ip4(1, 17, udp(1, 4789, behind("08000000 00002a00", ether("0800", big)))),
			  &p),
		PACKET_IP);

	assert_int_equal(p.tunnels, 1);
	assert_str(p.payload, "x");
}

TEST_MAIN
