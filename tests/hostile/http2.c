/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTP/2 connections with floods of frames, header blocks that grow without end or out of little,
 * and more streams than anybody serves.
 */
#include "hostile.h"

enum { DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PING = 6, WINDOW_UPDATE = 8, CONTINUATION };
enum { END_STREAM = 1, END_HEADERS = 4 };
#define CLIENT 0
#define SERVER 1
/* GET http://…/ of the static table (RFC 7541 appendix A), and the status 200. */
#define GET   "\x82\x86\x84\x41\1a"
#define OK    "\x88"
#define BLOCK 16384 /* bytes of the largest usual frame */

static struct pour to[2];
static struct conn conn;

static void frame(unsigned side, unsigned type, unsigned flags, uint64_t stream, size_t n)
{
	pour_u24(&to[side], (uint32_t)n);
	pour_u8(&to[side], type);
	pour_u8(&to[side], flags);
	pour_u32(&to[side], (uint32_t)stream & 0x7fffffff);
}

static void framed(unsigned side, unsigned type, unsigned flags, uint64_t stream, const char *p,
		   size_t n)
{
	frame(side, type, flags, stream, n);
	pour(&to[side], p, n);
}
#define FRAMED(side, type, flags, stream, literal)                                                 \
	framed((side), (type), (flags), (stream), "" literal, sizeof(literal) - 1)

static void connection(uint32_t number)
{
	conn = conn_open(number, number);
	pour_begin(&to[CLIENT], &conn, CLIENT);
	pour_begin(&to[SERVER], &conn, SERVER);
	POUR(&to[CLIENT], "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
	FRAMED(CLIENT, SETTINGS, 0, 0, "");
	FRAMED(SERVER, SETTINGS, 0, 0, "");
	pour_end(&to[CLIENT]);
	pour_end(&to[SERVER]);
}

static void joined(uint32_t number)
{
	conn = conn_joined(80, number, number);
	pour_begin(&to[CLIENT], &conn, CLIENT);
	pour_begin(&to[SERVER], &conn, SERVER);
}

static void over(void)
{
	pour_end(&to[CLIENT]);
	pour_end(&to[SERVER]);
}

/* Each byte of a block is a field of 4 KiB. */
void h2_bomb(uint64_t n)
{
	static char block[BLOCK];
	uint64_t stream = 1;

	begin();
	connection(1);
	frame(CLIENT, HEADERS, END_STREAM | END_HEADERS, stream, sizeof(GET) - 1 + 6 + 4000);
	POUR(&to[CLIENT], GET "\x40\1x\x7f\xa1\x1e"); /* a value of 127 + 33 + 30 * 128 bytes */
	pour_fill(&to[CLIENT], 4000, 'y');
	memset(block, 0xbe, sizeof(block));
	for (; n >= BLOCK; n -= BLOCK) {
		stream += 2;
		framed(CLIENT, HEADERS, END_STREAM | END_HEADERS, stream, block, BLOCK);
	}
	over();
}

/* A table that is emptied and filled, and one that is as large as can be said; behind that, one
 * that is emptied and refers to what the capture cannot have seen. */
void h2_tables(uint64_t n)
{
	begin();
	connection(1);
	for (uint64_t i = 0; i < n; i++) {
		if (i % 2)
			FRAMED(CLIENT, HEADERS, END_STREAM | END_HEADERS, 1 + 2 * i,
			       "\x20\x3f\xe1\x1f" GET "\x40\1x\1y\xbe\xbe");
		else
			FRAMED(CLIENT, HEADERS, END_STREAM | END_HEADERS, 1 + 2 * i,
			       "\x3f\xe1\xff\x03" GET "\x40\1x\1y\x7e\1z\xbf");
	}
	over();
	joined(2);
	for (uint64_t i = 0; i < n; i++) {
		FRAMED(CLIENT, PING, 0, 0, "12345678");
		FRAMED(CLIENT, HEADERS, END_STREAM | END_HEADERS, 1 + 2 * i,
		       "\x20\x3f\xe1\xff\x03" GET "\xff\xbe\x01");
	}
	over();
}

void h2_control(uint64_t n)
{
	begin();
	connection(1);
	for (uint64_t i = 0; i < n; i++) {
		unsigned side = i & 1;

		FRAMED(side, SETTINGS, 0, 0, "\0\1\0\0\0\0\0\4\x7f\xff\xff\xff");
		FRAMED(side, PING, 0, 0, "12345678");
		FRAMED(side, WINDOW_UPDATE, 0, 0, "\0\0\0\1");
		FRAMED(side, PRIORITY, 0, 1 + 2 * i, "\0\0\0\0\1");
		FRAMED(side, DATA, 0, 1, "");
		FRAMED(side, 0x42, 0xff, 1, "");
	}
	over();
}

void h2_resets(uint64_t n)
{
	begin();
	connection(1);
	for (uint64_t i = 0; i < n; i++) {
		FRAMED(CLIENT, HEADERS, END_STREAM | END_HEADERS, 1 + 2 * i, GET);
		FRAMED(CLIENT, RST_STREAM, 0, 1 + 2 * i, "\0\0\0\x08");
	}
	over();
}

/* Of one byte, of none, and with none but the names of fields. */
void h2_continued(uint64_t n)
{
	begin();
	for (uint32_t i = 0; i < 3; i++) {
		connection(i);
		FRAMED(CLIENT, HEADERS, END_STREAM, 1, GET "\0\1x\x7f\xe9\xfa\x03");
		for (uint64_t k = 0; k < n; k++) {
			if (i == 0)
				FRAMED(CLIENT, CONTINUATION, 0, 1, "y");
			else if (i == 1)
				FRAMED(CLIENT, CONTINUATION, 0, 1, "");
			else
				FRAMED(CLIENT, CONTINUATION, 0, 1, "\x82");
		}
		over();
	}
}

/* Fields of which all have another name, and are remembered; and one that is never over. */
void h2_fields(uint64_t n)
{
	static char block[BLOCK + 1];
	unsigned long long name = 0;

	begin();
	for (uint32_t i = 0; i < 2; i++) {
		connection(i);
		if (i)
			FRAMED(CLIENT, HEADERS, END_STREAM, 1, GET "\0\1x\x7f\xff\xff\xff\x07");
		else
			FRAMED(CLIENT, HEADERS, END_STREAM, 1, GET);
		for (uint64_t k = 0; k < n; k += BLOCK) {
			for (size_t at = 0; i == 0 && at < BLOCK; at += 32)
				(void)snprintf(block + at, 33, "\x40\x10%016llx\x0d%013llx", name,
					       name),
					name++;
			framed(CLIENT, CONTINUATION, 0, 1, block, BLOCK);
		}
		over();
	}
}

/* Half of them ask, half of them send without an end. */
void h2_streams(uint64_t n)
{
	begin();
	connection(1);
	for (uint64_t i = 0; i < n; i++) {
		FRAMED(CLIENT, HEADERS, END_HEADERS | (i % 2 ? END_STREAM : 0), 1 + 2 * i, GET);
		FRAMED(SERVER, HEADERS, END_HEADERS, 1 + 2 * i, OK);
		FRAMED(SERVER, DATA, 0, 1 + 2 * i, "some");
	}
	over();
}

/* Each refers to what was said before the capture, up to the oldest of a usual table. */
void h2_middle(uint64_t n)
{
	begin();
	for (uint64_t i = 0; i < n; i++) {
		joined((uint32_t)i);
		FRAMED(CLIENT, HEADERS, END_STREAM | END_HEADERS, 1001,
		       "\x83\x86\xbe\xbf\xc0\xc1\xd4");
		FRAMED(CLIENT, PING, 0, 0, "12345678");
		FRAMED(SERVER, HEADERS, END_HEADERS, 1001, OK "\xbe\xbf\xc0");
		FRAMED(SERVER, HEADERS, END_STREAM | END_HEADERS, 1001, "\xc1");
		over();
	}
}

/* Index 190 is beyond a usual table, so that each hole costs a decoder with many placeholders. */
void h2_holes(uint64_t n)
{
	begin();
	connection(1);
	for (uint64_t i = 0; i < n; i++) {
		conn.next[CLIENT] += 100;
		FRAMED(CLIENT, PING, 0, 0, "12345678");
		FRAMED(CLIENT, HEADERS, END_STREAM | END_HEADERS, 1 + 2 * i, GET "\xff\x3f");
		FRAMED(CLIENT, PING, 0, 0, "12345678");
		pour_end(&to[CLIENT]);
		FRAMED(SERVER, PING, 0, 0, "12345678");
		pour_end(&to[SERVER]);
	}
}
