/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Frames whose headers are at their extremes, fragments that overlap, and floods of flows.
 */
#include "hostile.h"

/* ---- Cases: headers of packets ---- */

/* Every value of a 16-bit field near the ends and around the powers of two. */
static const uint16_t extremes[] = { 0,   1,   2,    3,     4,     7,     8,     9,    19,
				     20,  21,  28,   39,    40,    41,    59,    60,   61,
				     255, 256, 1480, 32767, 32768, 65527, 65534, 65535 };
#define EXTREMES (sizeof(extremes) / sizeof(extremes[0]))

/* A frame of one kind with one of its bytes pairs set to each extreme. */
static void vary(void (*make)(void))
{
	size_t whole;

	make();
	whole = f.n;
	for (size_t at = 12; at + 2 <= whole; at++) {
		for (size_t i = 0; i < EXTREMES; i++) {
			make();
			f.b[at] = (uint8_t)(extremes[i] >> 8);
			f.b[at + 1] = (uint8_t)extremes[i];
			emit();
		}
		make();
		f.n = at;
		emit();
	}
}

static void make_tcp(void)
{
	ethernet(0x0800);
	ipv4(TCP, 0x0a000001, 0x0a000002, 28);
	tcp(40000, 80, 1, 1, ACK);
	put_zero(8);
}

static void make_udp(void)
{
	ethernet(0x0800);
	ipv4(UDP, 0x0a000001, 0x0a000002, 16);
	udp(40000, 53, 8);
}

static void make_icmp(void)
{
	ethernet(0x0800);
	ipv4(ICMP, 0x0a000001, 0x0a000002, 36);
	put_u32(0x03010000);
	put_u32(0);
	ipv4(UDP, 0x0a000002, 0x0a000001, 8);
	udp(53, 40000, 0);
}

static void make_ipv6(void)
{
	static const unsigned chain[] = { 0, 43, 60, AH, FRAGMENT };

	ethernet(0x86dd);
	ipv6(chain[0], 5 * 8 + 4 + 20);
	for (size_t i = 0; i < 5; i++) {
		put_u8(i < 4 ? chain[i + 1] : TCP);
		put_u8(chain[i] == AH ? 1 : 0);
		put_zero(chain[i] == AH ? 10 : 6);
	}
	tcp(40000, 80, 1, 1, ACK);
}

static void make_vlan(void)
{
	ethernet(0x88a8);
	put_u16(1);
	put_u16(0x8100);
	put_u16(2);
	put_u16(0x0800);
	ipv4(UDP, 0x0a000001, 0x0a000002, 8);
	udp(40000, 53, 0);
}

static void make_tunnel(void)
{
	ethernet(0x0800);
	ipv4(GRE, 0x0a000001, 0x0a000002, 4 + 20 + 40 + 8);
	put_u16(0);
	put_u16(0x0800);
	ipv4(IPV6, 0x0a000003, 0x0a000004, 40 + 8);
	ipv6(UDP, 8);
	udp(40000, 4789, 0);
}

void headers(uint64_t n)
{
	static void (*const make[])(void) = { make_tcp,  make_udp,  make_icmp,
					      make_ipv6, make_vlan, make_tunnel };

	(void)n;
	begin();
	for (size_t i = 0; i < sizeof(make) / sizeof(make[0]); i++)
		vary(make[i]);
}

/* Tunnels in tunnels and tags in tags, up to N deep, with a payload that is not there. */
void nesting(uint64_t n)
{
	begin();
	for (size_t depth = 1; depth <= n && depth < 3000; depth++) {
		ethernet(0x0800);
		for (size_t i = 0; i < depth; i++)
			ipv4(IPIP, 0x0a000001, 0x0a000002, (depth - i) * 20);
		emit();
		ethernet(0x8100);
		for (size_t i = 0; i < depth; i++)
			put_u32(0x00018100);
		emit();
	}
}

/* ---- Cases: fragments ---- */

static void fragment(uint32_t id, unsigned at, bool more, size_t n, unsigned with)
{
	ethernet(0x0800);
	ipv4(UDP, 0x0a000001, 0x0a000002, n);
	f.b[18] = (uint8_t)(id >> 8);
	f.b[19] = (uint8_t)id;
	f.b[20] = (uint8_t)((more ? 0x20 : 0) | at >> 8);
	f.b[21] = (uint8_t)at;
	f.b[29] = (uint8_t)(id >> 16);
	for (size_t i = 0; i < n; i++)
		put_u8(with);
	emit();
}

/* Teardrop and its kin, N times: overlaps that agree, that differ, beyond 64 KiB, never whole. */
void fragments(uint64_t n)
{
	begin();
	for (uint32_t id = 0; id < n; id++) {
		switch (id % 6) {
		case 0: /* the second lies within the first */
			fragment(id, 0, true, 48, 'a');
			fragment(id, 3, false, 8, 'a');
			break;
		case 1: /* they differ where they overlap */
			fragment(id, 0, true, 64, 'a');
			fragment(id, 4, false, 64, 'b');
			break;
		case 2: /* beyond the largest packet */
			fragment(id, 0x1fff, false, 1400, 'a');
			fragment(id, 0, true, 8, 'a');
			break;
		case 3: /* never whole */
			fragment(id, 0, true, 1400, 'a');
			break;
		case 4: /* two ends, and a piece of nothing */
			fragment(id, 1, false, 8, 'a');
			fragment(id, 9, false, 8, 'b');
			fragment(id, 2, true, 0, 'c');
			break;
		default: /* odd length in the middle, twice */
			fragment(id, 0, true, 13, 'a');
			fragment(id, 0, true, 13, 'a');
			fragment(id, 1, false, 24, 'b');
		}
	}
}

/* One packet in as many pieces as there can be, N times, backwards. */
void fragments_small(uint64_t n)
{
	begin();
	for (uint32_t id = 0; id < n; id++)
		for (unsigned at = 8000; at > 0; at--)
			fragment(id, at - 1, at < 8000, 8, at & 0xff);
}

/* ---- Cases: floods ---- */

void udp_flows(uint64_t n)
{
	begin();
	for (uint64_t i = 0; i < n; i++) {
		ethernet(0x0800);
		ipv4(UDP, 0x0a000000 + (uint32_t)(i >> 15), 0xc0000201, 8);
		udp(1024 + (unsigned)(i & 0x7fff), 5353, 0);
		emit();
	}
}

void questions(uint64_t n)
{
	begin();
	for (uint64_t i = 0; i < n; i++) {
		ethernet(0x0800);
		ipv4(UDP, 0x0a000000 + (uint32_t)(i >> 15), 0xc0000201, 8 + 12 + 4 + 4);
		put_u16(1024 + (unsigned)(i & 0x7fff));
		put_u16(53);
		put_u32((8 + 12 + 4 + 4) << 16);
		put_u16((unsigned)i & 0xffff);
		put_u16(0x0100);
		put_u32(0x00010000);
		put_u32(0);
		put_u32(0x02717100); /* "qq" */
		put_u32(0x00010001);
		emit();
	}
}

void syn_flows(uint64_t n)
{
	begin();
	for (uint64_t i = 0; i < n; i++) {
		ethernet(0x0800);
		ipv4(TCP, 0x0a000000 + (uint32_t)(i >> 15), 0xc0000201, 20);
		tcp(1024 + (unsigned)(i & 0x7fff), 80, (uint32_t)i, 0, SYN);
		emit();
	}
}

/* N streams that begin a request and leave it there. */
void half_heads(uint64_t n)
{
	static const char part[] = "GET /a HTTP/1.1\r\nHost: example.com\r\nX-Part: ";

	begin();
	for (uint64_t i = 0; i < n; i++) {
		struct conn c = conn_open((uint32_t)i, (uint32_t)i * 7919);

		say_text(&c, 0, part);
	}
}
