/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Capture files whose own lengths and times are at their extremes.
 */
#include "hostile.h"

/* ---- Cases: the file's own lengths ---- */

static void good_frame(void)
{
	ethernet(0x0800);
	ipv4(UDP, 0x0a000001, 0x0a000002, 8);
	udp(40000, 53, 0);
	emit();
}

/* A record that claims N bytes, and has them. */
void pcap_record(uint64_t n)
{
	begin();
	good_frame();
	record(BEGIN_S, 0, (uint32_t)n, (uint32_t)n);
	out_fill(n, 0);
	good_frame();
}

/* A record whose length on the wire is N, above or below what is there. */
void pcap_wire(uint64_t n)
{
	begin();
	record(BEGIN_S, 0, 60, (uint32_t)n);
	out_fill(60, 0);
	good_frame();
}

void pcap_snaplen(uint64_t n)
{
	pcap_head((uint32_t)n);
	good_frame();
}

static void ng_section(void)
{
	out_u32(0x0a0d0d0a);
	out_u32(28);
	out_u32(0x1a2b3c4d);
	out_u32(1);
	out_fill(8, '\xff');
	out_u32(28);
}

static void ng_interface(uint32_t snaplen)
{
	out_u32(1);
	out_u32(20);
	out_u32(ETHERNET);
	out_u32(snaplen);
	out_u32(20);
}

static void ng_packet(uint32_t interface, uint64_t time, uint32_t kept, uint32_t has)
{
	uint32_t total = 32 + ((has + 3) & ~3U);

	out_u32(6);
	out_u32(total);
	out_u32(interface);
	out_u32((uint32_t)(time >> 32));
	out_u32((uint32_t)time);
	out_u32(kept);
	out_u32(kept);
	out_fill((has + 3) & ~3U, 0);
	out_u32(total);
}

/* A block of type N % 16 (or an unknown one) that claims N bytes. */
void ng_block(uint64_t n)
{
	static const uint32_t types[] = { 1, 3, 4, 5, 6, 0x0a, 0x0a0d0d0a, 0x7fffffff };

	ng_section();
	ng_interface(0);
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		out_u32(types[(i + n) % 8]);
		out_u32((uint32_t)n);
		out_fill(n > 12 ? n - 12 : 0, 0);
		out_u32((uint32_t)n);
	}
}

/* An interface whose option claims N bytes, then a packet that claims N. */
void ng_option(uint64_t n)
{
	ng_section();
	out_u32(1);
	out_u32(32);
	out_u32(ETHERNET);
	out_u32((uint32_t)n);
	out_u16(9); /* if_tsresol */
	out_u16((uint32_t)n & 0xffff);
	out_fill(8, '\xff');
	out_u32(32);
	ng_packet(0, UINT64_MAX, 60, 60);
	ng_packet((uint32_t)n, 0, 60, 60);
	ng_packet(0, 0, (uint32_t)n, 60);
}

void ng_interfaces(uint64_t n)
{
	ng_section();
	for (uint64_t i = 0; i < n; i++)
		ng_interface((uint32_t)i);
	ng_packet((uint32_t)n - 1, 0, 60, 60);
}

/* ---- Cases: times ---- */

void times(uint64_t n)
{
	static const uint32_t at[] = { 0, 1, 0x7fffffff, 0x80000000, 0xffffffff, BEGIN_S };

	(void)n;
	begin();
	for (size_t i = 0; i < 36; i++) {
		ethernet(0x0800);
		ipv4(UDP, 0x0a000001, 0x0a000002 + (uint32_t)i % 3, 8);
		udp(40000, 53, 0);
		record(at[i % 6], at[i / 6], (uint32_t)f.n, (uint32_t)f.n);
		out(f.b, f.n);
	}
}

/* Every resolution, with times at both ends and an offset of N % 2^64 seconds. */
void ng_times(uint64_t n)
{
	for (unsigned resolution = 0; resolution < 256; resolution++) {
		ng_section();
		out_u32(1);
		out_u32(40);
		out_u32(ETHERNET);
		out_u32(0);
		out_u16(9);
		out_u16(1);
		out_u32(resolution);
		out_u16(14); /* if_tsoffset */
		out_u16(8);
		out_u32((uint32_t)n);
		out_u32((uint32_t)(n >> 32));
		out_u32(40);
		ng_packet(0, 0, 60, 60);
		ng_packet(0, UINT64_MAX, 60, 60);
		ng_packet(0, (uint64_t)INT64_MAX + 1, 60, 60);
	}
}
