/* SPDX-License-Identifier: Apache-2.0 */
/*
 * decode_make: frames for the tests, made from the inside out: ether("0800", ip4(17, udp(1, 53,
 * hex("…")))) has right lengths everywhere. Each piece is an allocation of its exact size, so that
 * ASan sees a read past its end; the oldest pieces are freed as new ones are made.
 */
#ifndef REDOUBT_PACKET_DECODE_MAKE_H
#define REDOUBT_PACKET_DECODE_MAKE_H

#include "t.h"

#include "packet/packet.h"

#define MAKE_PIECES 256

static inline struct str make(size_t n)
{
	static char *pieces[MAKE_PIECES];
	static size_t at;
	char **piece = &pieces[at++ % MAKE_PIECES];

	free(*piece);
	*piece = calloc(1, n > 0 ? n : 1);
	assert_non_null(*piece);
	return (struct str){ *piece, n };
}

static inline struct str make_copy(const void *p, size_t n)
{
	struct str s = make(n);

	memcpy((void *)(uintptr_t)s.p, p, n);
	return s;
}

/* Hexadecimal digits; spaces are ignored. */
static inline struct str hex(const char *text)
{
	uint8_t bytes[4096];
	unsigned byte = 0;
	size_t digits = 0;

	for (const char *c = text; *c != '\0'; c++) {
		unsigned v;

		if (*c == ' ')
			continue;
		v = (unsigned)(*c <= '9' ? *c - '0' : (*c | 0x20) - 'a' + 10);
		assert_true(v < 16 && digits < 2 * sizeof(bytes));
		byte = byte << 4 | v;
		bytes[digits++ / 2] = (uint8_t)byte;
	}
	assert_int_equal(digits % 2, 0);
	return make_copy(bytes, digits / 2);
}

static inline struct str join(struct str a, struct str b)
{
	struct str s = make(a.n + b.n);
	char *p = (char *)(uintptr_t)s.p;

	if (a.n > 0)
		memcpy(p, a.p, a.n);
	if (b.n > 0)
		memcpy(p + a.n, b.p, b.n);
	return s;
}

static inline struct str behind(const char *header, struct str body)
{
	return join(hex(header), body);
}

static inline struct str ether(const char *type, struct str body)
{
	return join(behind("020000000001 020000000002", hex(type)), body);
}

/* 10.0.net.1 to .2; frag is the field of flags and offset. */
static inline struct str ip4_fragment(unsigned net, unsigned proto, unsigned id, unsigned frag,
				      struct str body)
{
	unsigned n = (unsigned)body.n + 20;
	uint8_t header[20] = { 0x45,
			       0,
			       (uint8_t)(n >> 8),
			       (uint8_t)n,
			       (uint8_t)(id >> 8),
			       (uint8_t)id,
			       (uint8_t)(frag >> 8),
			       (uint8_t)frag,
			       64,
			       (uint8_t)proto,
			       0,
			       0,
			       10,
			       0,
			       (uint8_t)net,
			       1,
			       10,
			       0,
			       (uint8_t)net,
			       2 };

	return join(make_copy(header, sizeof(header)), body);
}

static inline struct str ip4(unsigned net, unsigned proto, struct str body)
{
	return ip4_fragment(net, proto, 1, 0, body);
}

/* 2001:db8::net:1 to ::net:2. */
static inline struct str ip6(unsigned net, unsigned proto, struct str body)
{
	uint8_t header[40] = {
		0x60, 0,    0,    0,   (uint8_t)(body.n >> 8), (uint8_t)body.n, (uint8_t)proto, 64,
		0x20, 0x01, 0x0d, 0xb8
	};

	header[21] = (uint8_t)net;
	header[23] = 1;
	memcpy(header + 24, header + 8, 4);
	header[37] = (uint8_t)net;
	header[39] = 2;
	return join(make_copy(header, sizeof(header)), body);
}

static inline struct str udp(unsigned src, unsigned dst, struct str body)
{
	unsigned n = (unsigned)body.n + 8;
	uint8_t header[8] = { (uint8_t)(src >> 8), (uint8_t)src,      (uint8_t)(dst >> 8),
			      (uint8_t)dst,        (uint8_t)(n >> 8), (uint8_t)n };

	return join(make_copy(header, sizeof(header)), body);
}

/* Ports 4660 and 80, sequence 0x01020304, acknowledgement 0x05060708, PSH|ACK, window 0x2000. */
static inline struct str tcp(struct str body)
{
	return behind("1234 0050 01020304 05060708 5018 2000 0000 0000", body);
}

static inline enum packet_answer decode_as(enum link_type link, struct str frame,
					   struct packet *out)
{
	memset(out, 0xa5, sizeof(*out));
	return packet_decode((uint16_t)link, frame, (uint32_t)frame.n, out);
}

#define assert_ip(addr, text)                                                                      \
	do {                                                                                       \
		char text_[IP_TEXT_BYTES];                                                         \
		(void)ip_format(&(addr), text_);                                                   \
		assert_string_equal(text_, text);                                                  \
	} while (0)

#endif
