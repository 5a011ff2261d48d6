/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bytes themselves. Nothing here has right checksums: the dissector does not ask for them.
 */
#include "hostile.h"

struct frame f;
static uint64_t clock_us;

/* ---- Bytes ---- */

void out(const void *p, size_t n)
{
	if (fwrite(p, 1, n, stdout) != n)
		exit(0); /* the reader has had enough */
}

void out_u16(uint32_t v)
{
	out((uint8_t[]){ (uint8_t)v, (uint8_t)(v >> 8) }, 2);
}

void out_u32(uint32_t v)
{
	out_u16(v & 0xffff);
	out_u16(v >> 16);
}

void out_fill(uint64_t n, char with)
{
	static char block[1 << 16];

	memset(block, with, sizeof(block));
	for (; n > sizeof(block); n -= sizeof(block))
		out(block, sizeof(block));
	out(block, (size_t)n);
}

void put(const void *p, size_t n)
{
	assert(f.n + n <= sizeof(f.b));
	memcpy(f.b + f.n, p, n);
	f.n += n;
}

void put_u8(unsigned v)
{
	put(&(uint8_t){ (uint8_t)v }, 1);
}

void put_u16(unsigned v)
{
	put_u8(v >> 8 & 0xff);
	put_u8(v & 0xff);
}

void put_u32(uint32_t v)
{
	put_u16(v >> 16);
	put_u16(v & 0xffff);
}

void put_zero(size_t n)
{
	while (n--)
		put_u8(0);
}

/* ---- The file ---- */

void pcap_head(uint32_t snaplen)
{
	out_u32(0xa1b2c3d4);
	out_u32(4 << 16 | 2);
	out_u32(0);
	out_u32(0);
	out_u32(snaplen);
	out_u32(ETHERNET);
}

void record(uint32_t seconds, uint32_t fraction, uint32_t kept, uint32_t wire)
{
	out_u32(seconds);
	out_u32(fraction);
	out_u32(kept);
	out_u32(wire);
}

void emit(void)
{
	clock_us += 10;
	record((uint32_t)(BEGIN_S + clock_us / 1000000), (uint32_t)(clock_us % 1000000),
	       (uint32_t)f.n, (uint32_t)f.n);
	out(f.b, f.n);
}

/* ---- Layers ---- */

void ethernet(unsigned type)
{
	f.n = 0;
	put_u32(0x02000000);
	put_u32(0x00010200);
	put_u32(0x00000002);
	put_u16(type);
}

/* An IPv4 header for n bytes to come. */
void ipv4(unsigned proto, uint32_t from, uint32_t to, size_t n)
{
	put_u16(0x4500);
	put_u16((unsigned)(20 + n));
	put_u32(0);
	put_u8(64);
	put_u8(proto);
	put_u16(0);
	put_u32(from);
	put_u32(to);
}

void ipv6(unsigned next, size_t n)
{
	put_u32(0x60000000);
	put_u16((unsigned)n);
	put_u8(next);
	put_u8(64);
	put_u32(0x20010db8);
	put_zero(11);
	put_u8(1);
	put_u32(0x20010db8);
	put_zero(11);
	put_u8(2);
}

void tcp(unsigned from, unsigned to, uint32_t seq, uint32_t ack, unsigned flags)
{
	put_u16(from);
	put_u16(to);
	put_u32(seq);
	put_u32(ack);
	put_u8(5 << 4);
	put_u8(flags);
	put_u16(0xffff);
	put_u32(0);
}

void udp(unsigned from, unsigned to, size_t n)
{
	put_u16(from);
	put_u16(to);
	put_u16((unsigned)(8 + n));
	put_u16(0);
	put_zero(n);
}

/* ---- A TCP connection ---- */

void segment(struct conn *c, unsigned side, uint32_t shift, unsigned flags, const char *p, size_t n)
{
	ethernet(0x0800);
	ipv4(TCP, side ? c->server : c->client, side ? c->client : c->server, 20 + n);
	tcp(side ? c->to : c->port, side ? c->port : c->to, c->next[side] + shift, c->next[!side],
	    flags);
	put(p, n);
	emit();
}

void say(struct conn *c, unsigned side, const char *p, size_t n)
{
	segment(c, side, 0, ACK, p, n);
	c->next[side] += (uint32_t)n;
}

void say_text(struct conn *c, unsigned side, const char *text)
{
	say(c, side, text, strlen(text));
}

struct conn conn_joined(unsigned port, uint32_t number, uint32_t first)
{
	return (struct conn){ 0x0a000000 + (number >> 14),
			      0xc0000201,
			      (uint16_t)(1024 + (number & 0x3fff)),
			      { first, first / 2 + 7 },
			      (uint16_t)port };
}

struct conn conn_open_to(unsigned port, uint32_t number, uint32_t first)
{
	struct conn c = conn_joined(port, number, first);

	segment(&c, 0, 0, SYN, "", 0);
	c.next[0]++;
	segment(&c, 1, 0, SYN | ACK, "", 0);
	c.next[1]++;
	return c;
}

struct conn conn_open(uint32_t number, uint32_t first)
{
	return conn_open_to(80, number, first);
}

/* n bytes of a text that repeats, in large segments. */
void say_endless(struct conn *c, unsigned side, const char *text, uint64_t n)
{
	static char body[BODY_MAX];
	size_t used = 0, each = strlen(text);

	while (used + each <= sizeof(body)) {
		memcpy(body + used, text, each);
		used += each;
	}
	for (; n >= used; n -= used)
		say(c, side, body, used);
	say(c, side, body, (size_t)n / each * each);
}

void pour_begin(struct pour *p, struct conn *c, unsigned side)
{
	p->c = c;
	p->side = side;
	p->n = 0;
}

void pour_end(struct pour *p)
{
	if (p->n)
		say(p->c, p->side, p->b, p->n);
	p->n = 0;
}

void pour(struct pour *p, const void *bytes, size_t n)
{
	const char *at = bytes;

	while (n) {
		size_t part = n < sizeof(p->b) - p->n ? n : sizeof(p->b) - p->n;

		memcpy(p->b + p->n, at, part);
		p->n += part;
		at += part;
		n -= part;
		if (p->n == sizeof(p->b))
			pour_end(p);
	}
}

void pour_u8(struct pour *p, unsigned v)
{
	pour(p, &(uint8_t){ (uint8_t)v }, 1);
}

void pour_u16(struct pour *p, unsigned v)
{
	pour(p, (uint8_t[]){ (uint8_t)(v >> 8), (uint8_t)v }, 2);
}

void pour_u24(struct pour *p, uint32_t v)
{
	pour_u8(p, v >> 16 & 0xff);
	pour_u16(p, v & 0xffff);
}

void pour_u32(struct pour *p, uint32_t v)
{
	pour_u16(p, v >> 16);
	pour_u16(p, v & 0xffff);
}

void pour_fill(struct pour *p, uint64_t n, char with)
{
	char some[4096];

	memset(some, with, sizeof(some));
	for (; n > sizeof(some); n -= sizeof(some))
		pour(p, some, sizeof(some));
	pour(p, some, (size_t)n);
}

void begin(void)
{
	pcap_head(65535);
}
