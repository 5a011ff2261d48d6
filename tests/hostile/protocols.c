/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DNS, Redis, PostgreSQL and WebSocket: names that lead nowhere, counts and lengths that nobody
 * means, nesting without a bottom, questions without an answer, much out of little.
 */
#include <zlib.h>

#include "hostile.h"

static struct pour to;

static struct conn conn_to(unsigned port, uint32_t number)
{
	return conn_open_to(port, number, number);
}

/* ---- Cases: DNS ---- */

#define DNS_HEAD "\0\1\0\0\0\0" /* one question, nothing else */

static void datagram(uint32_t from, unsigned port, const char *p, size_t n)
{
	ethernet(0x0800);
	ipv4(UDP, from, 0xc0000201, 8 + n);
	put_u16(port);
	put_u16(53);
	put_u16((unsigned)(8 + n));
	put_u16(0);
	put(p, n);
	emit();
}

/* Names that point at themselves, at each other, far ahead, and along a chain of pointers. */
void dns_loops(uint64_t n)
{
	static char message[4096];
	static const char *const names[] = { "\300\014",    "\300\016\300\014",
					     "\1a\300\014", "\300\377",
					     "\77",         "\300\013" };

	begin();
	for (uint64_t i = 0; i < n; i++) {
		size_t at = 12, kind = i % 8;

		memset(message, 0, 12);
		message[0] = (char)(i >> 8);
		message[1] = (char)i;
		message[2] = kind == 7 ? (char)0x84 : 1;
		message[5] = 1;
		if (kind < 6) {
			memcpy(message + at, names[kind], strlen(names[kind]));
			at += strlen(names[kind]);
		} else {
			/* Pointers each at the one before, and a name at the end of them. */
			message[kind == 7 ? 7 : 5] = kind == 7 ? 100 : 1;
			message[at++] = 0;
			while (at < 1000) {
				message[at] = (char)(0xc0 | (at == 13 ? 12 : at - 2) >> 8);
				message[at + 1] = (char)(at == 13 ? 12 : at - 2);
				at += 2;
			}
		}
		memcpy(message + at, "\0\1\0\1", 4);
		datagram(0x0a000000 + (uint32_t)(i % 100), 2000, message, at + 4);
	}
}

/* A thousand of them on each connection. */
void dns_asked(uint64_t n)
{
	begin();
	for (uint64_t i = 0; i < n;) {
		struct conn c = conn_to(53, (uint32_t)(i / 1000));

		pour_begin(&to, &c, 0);
		for (unsigned k = 0; k < 1000 && i < n; k++, i++) {
			pour_u16(&to, 12 + 4 + 4);
			pour_u16(&to, (unsigned)i & 0xffff);
			POUR(&to, "\1\0" DNS_HEAD "\0\0\2qq\0\0\1\0\1");
		}
		pour_end(&to);
	}
}

/* ---- Cases: Redis ---- */

static void pour_count(char mark, uint64_t n)
{
	char text[32];

	pour(&to, text,
	     (size_t)snprintf(text, sizeof(text), "%c%llu\r\n", mark, (unsigned long long)n));
}

/* What a client asks, and a server answers. */
void resp_array(uint64_t n)
{
	begin();
	for (unsigned side = 0; side < 2; side++) {
		struct conn c = conn_to(6379, side);

		if (side)
			say_text(&c, 0, "*2\r\n$4\r\nKEYS\r\n$1\r\n*\r\n");
		pour_begin(&to, &c, side);
		pour_count('*', n);
		for (uint64_t i = 0; i < n; i++) {
			if (i == 0 && side == 0)
				POUR(&to, "$3\r\nDEL\r\n");
			else
				POUR(&to, "$1\r\na\r\n");
		}
		pour_end(&to);
	}
}

void resp_bulk(uint64_t n)
{
	begin();
	for (unsigned side = 0; side < 2; side++) {
		struct conn c = conn_to(6379, side);

		if (side)
			say_text(&c, 0, "*2\r\n$3\r\nGET\r\n$1\r\nk\r\n");
		pour_begin(&to, &c, side);
		if (!side)
			POUR(&to, "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n");
		pour_count('$', n);
		pour_fill(&to, n, 'v');
		POUR(&to, "\r\n");
		if (!side)
			POUR(&to, "*1\r\n$4\r\nPING\r\n");
		pour_end(&to);
	}
}

void resp_nesting(uint64_t n)
{
	begin();
	for (unsigned side = 0; side < 2; side++) {
		struct conn c = conn_to(6379, side);

		say_text(&c, 0, "*1\r\n$4\r\nPING\r\n");
		pour_begin(&to, &c, side);
		for (uint64_t i = 0; i < n; i++)
			POUR(&to, "*1\r\n");
		pour_end(&to);
	}
}

void resp_pipeline(uint64_t n)
{
	begin();
	for (unsigned inlined = 0; inlined < 2; inlined++) {
		struct conn c = conn_to(6379, inlined);

		pour_begin(&to, &c, 0);
		for (uint64_t i = 0; i < n; i++) {
			if (inlined && i)
				POUR(&to, "PING\r\n");
			else
				POUR(&to, "*2\r\n$3\r\nGET\r\n$1\r\nk\r\n");
		}
		pour_end(&to);
	}
}

/* ---- Cases: PostgreSQL ---- */

#define PG_STARTUP "\0\0\0\x12\0\3\0\0user\0app\0\0"

static struct conn pg_conn(uint32_t number)
{
	struct conn c = conn_to(5432, number);

	say(&c, 0, PG_STARTUP, sizeof(PG_STARTUP) - 1);
	say(&c, 1, "R\0\0\0\x08\0\0\0\0Z\0\0\0\5I", 15);
	return c;
}

/* Each has a name of its own, and is never closed; half of them are run. */
void pg_parse(uint64_t n)
{
	struct conn c;

	begin();
	c = pg_conn(1);
	pour_begin(&to, &c, 0);
	for (uint64_t i = 0; i < n; i++) {
		char name[32];

		(void)snprintf(name, sizeof(name), "s%011llu", (unsigned long long)i);
		POUR(&to, "P\0\0\0\x1d");
		pour(&to, name, 13);
		POUR(&to, "SELECT $1\0\0\0");
		if (i % 2) {
			POUR(&to, "B\0\0\0\x18\0");
			pour(&to, name, 13);
			POUR(&to, "\0\0\0\0\0\0");
			POUR(&to, "E\0\0\0\x09\0\0\0\0\0");
		}
		if (i % 10 == 9)
			POUR(&to, "S\0\0\0\4");
	}
	pour_end(&to);
}

/* Of either side and of many types, with a part of what they promise. */
void pg_length(uint64_t n)
{
	static const char types[2][16] = { "QPBDECSFpdcfHX", "TDCEZRSK12nts" };

	begin();
	for (uint32_t i = 0; i < 2 * 16; i++) {
		struct conn c = pg_conn(i);
		unsigned side = i / 16;

		if (!types[side][i % 16])
			continue;
		say(&c, 0, "Q\0\0\0\x0dSELECT 1\0", 14);
		pour_begin(&to, &c, side);
		pour_u8(&to, (unsigned)types[side][i % 16]);
		pour_u32(&to, (uint32_t)n);
		pour_fill(&to, 1000000, '\1');
		pour_end(&to);
	}
	for (uint32_t i = 0; i < 2; i++) {
		struct conn c = conn_to(5432, 100 + i);

		pour_begin(&to, &c, 0);
		pour_u32(&to, (uint32_t)n);
		POUR(&to, "\0\3\0\0user\0");
		pour_fill(&to, 100000, i ? '\0' : 'a');
		pour_end(&to);
	}
}

/* 1600 columns, the most that a table has, and rows with as many nulls. */
void pg_columns(uint64_t n)
{
	struct conn c;

	begin();
	c = pg_conn(1);
	for (uint64_t i = 0; i < n; i++) {
		say(&c, 0, "Q\0\0\0\x0dSELECT 1\0", 14);
		pour_begin(&to, &c, 1);
		POUR(&to, "T");
		pour_u32(&to, 4 + 2 + 1600 * 20);
		pour_u16(&to, 1600);
		for (unsigned k = 0; k < 1600; k++)
			POUR(&to, "c\0\0\0\0\0\0\0\0\0\0\x17\0\4\xff\xff\xff\xff\0\0");
		POUR(&to, "D");
		pour_u32(&to, 4 + 2 + 1600 * 4);
		pour_u16(&to, 1600);
		pour_fill(&to, 1600 * 4, '\xff');
		POUR(&to, "C\0\0\0\x0dSELECT 1\0Z\0\0\0\5I");
		pour_end(&to);
	}
}

/* ---- Cases: WebSocket ---- */

static struct conn ws_conn(void)
{
	struct conn c = conn_open(1, 1);

	say_text(&c, 0,
		 "GET /feed HTTP/1.1\r\nHost: example.com\r\nUpgrade: websocket\r\n"
		 "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
		 "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
		 "Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n");
	say_text(&c, 1,
		 "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
		 "Connection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
		 "Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n");
	return c;
}

/* A mask of zeros leaves the bytes as they are. */
static void ws_frame(unsigned side, unsigned head, size_t n)
{
	unsigned masked = side ? 0 : 0x80;

	pour_u8(&to, head);
	if (n < 126) {
		pour_u8(&to, masked | (unsigned)n);
	} else {
		pour_u8(&to, masked | 126);
		pour_u16(&to, (unsigned)n);
	}
	if (masked)
		pour_u32(&to, 0);
}

/* N bytes of which zlib makes a thousandth, as one message in many frames (RFC 7692 §7.2.1). */
void ws_bomb(uint64_t n)
{
	static uint8_t zeros[1 << 16], out_bytes[1 << 12];
	struct conn c;
	z_stream z = { 0 };
	bool first = true;

	begin();
	c = ws_conn();
	pour_begin(&to, &c, 0);
	if (deflateInit2(&z, 9, Z_DEFLATED, -15, 9, Z_DEFAULT_STRATEGY) != Z_OK)
		exit(1);
	for (uint64_t i = 0; i < n; i += sizeof(zeros)) {
		bool last = i + sizeof(zeros) >= n;

		z.next_in = zeros;
		z.avail_in = sizeof(zeros);
		do {
			size_t bytes;

			z.next_out = out_bytes;
			z.avail_out = sizeof(out_bytes);
			(void)deflate(&z, last ? Z_SYNC_FLUSH : Z_NO_FLUSH);
			bytes = sizeof(out_bytes) - z.avail_out;
			if (bytes == 0)
				continue;
			ws_frame(0, first ? 0x42 : 0x00, bytes);
			pour(&to, out_bytes, bytes);
			first = false;
		} while (z.avail_out == 0);
	}
	(void)deflateEnd(&z);
	ws_frame(0, 0x80, 0);
	pour_end(&to);
}

void ws_control(uint64_t n)
{
	struct conn c;

	begin();
	c = ws_conn();
	for (unsigned side = 0; side < 2; side++) {
		pour_begin(&to, &c, side);
		for (uint64_t i = 0; i < n; i++) {
			ws_frame(side, i % 2 ? 0x89 : 0x8a, i % 2 ? 125 : 0);
			if (i % 2)
				pour_fill(&to, 125, 'p');
		}
		pour_end(&to);
	}
}

/* Of one byte, of none, and with a ping behind each. */
void ws_fragments(uint64_t n)
{
	struct conn c;

	begin();
	c = ws_conn();
	pour_begin(&to, &c, 0);
	ws_frame(0, 0x01, 1);
	POUR(&to, "a");
	for (uint64_t i = 0; i < n; i++) {
		ws_frame(0, 0x00, i % 2);
		if (i % 2)
			POUR(&to, "b");
		if (i % 4 == 3)
			ws_frame(0, 0x89, 0);
	}
	pour_end(&to);
}
