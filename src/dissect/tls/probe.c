// SPDX-License-Identifier: Apache-2.0
/*
 * Recognising TLS by a hello: of one that is joined later nothing could be told but its name.
 */
#include "dissect/tls/session.h"

/* Bytes of the shortest hello behind its head: version, random, and what a draft's ServerHello
 * needs. */
#define HELLO_MIN 36

/* The message's head and its version, as far as they are there. */
static enum dissect_probe probe_message(struct str in, size_t left)
{
	struct cur c = cur_of(in.p, size_min(in.n, left));
	uint8_t type = cur_u8(&c);
	bool client = type == TLS_CLIENT_HELLO;
	size_t n;
	uint16_t version;

	if (!client && type != TLS_SERVER_HELLO)
		return PROBE_NO;
	n = (size_t)cur_u8(&c) << 16;
	n |= cur_u16be(&c);
	if (cur_ok(&c) && (n < HELLO_MIN || n > UINT16_MAX))
		return PROBE_NO;
	version = cur_u16be(&c);
	if (!cur_ok(&c))
		return in.n < left ? PROBE_MORE : client ? PROBE_FROM_CLIENT : PROBE_FROM_SERVER;
	if ((version < 0x0300 || version > 0x0304) && (client || version >> 8 != 0x7f))
		return PROBE_NO;
	return client ? PROBE_FROM_CLIENT : PROBE_FROM_SERVER;
}

static enum dissect_probe probe_record(struct str in)
{
	struct cur c = cur_of(in.p, in.n);
	size_t n;

	(void)cur_u8(&c);
	if (in.n >= 2 && cur_u8(&c) != 3)
		return PROBE_NO;
	if (in.n >= 3 && cur_u8(&c) > 4)
		return PROBE_NO;
	if (in.n < RECORD_HEAD)
		return PROBE_MORE;
	n = cur_u16be(&c);
	if (n == 0 || n > RECORD_MAX)
		return PROBE_NO;
	if (c.n == 0)
		return PROBE_MORE;
	return probe_message((struct str){ (const char *)c.p, c.n }, n);
}

static bool is_v2_version(uint16_t version)
{
	return version == 0x0002 || (version >= 0x0300 && version <= 0x0303);
}

/* RFC 5246 §E.2: the lengths make up the message's. */
static bool is_v2_client(struct cur c, size_t n)
{
	uint16_t version = cur_u16be(&c);
	size_t suites = cur_u16be(&c), id = cur_u16be(&c), challenge = cur_u16be(&c);

	return cur_ok(&c) && is_v2_version(version) && suites && suites % 3 == 0 &&
	       (id == 0 || id == 16) && challenge >= 16 && challenge <= 32 &&
	       n == 9 + suites + id + challenge;
}

static bool is_v2_server(struct cur c, size_t n)
{
	uint8_t hit = cur_u8(&c), type = cur_u8(&c);
	uint16_t version = cur_u16be(&c);
	size_t certificate = cur_u16be(&c), suites = cur_u16be(&c), id = cur_u16be(&c);

	return cur_ok(&c) && hit <= 1 && type <= 1 && version == 0x0002 && suites % 3 == 0 &&
	       id == 16 && n == 11 + certificate + suites + id;
}

uint8_t probe_v2(struct str in)
{
	struct cur c = cur_of(in.p, in.n);
	size_t n = cur_u16be(&c);
	uint8_t type = cur_u8(&c);

	if (!cur_ok(&c) || !(n & 0x8000) || n == 0xffff)
		return 0;
	n &= 0x7fff;
	if (n > V2_MAX)
		return 0;
	if (type == TLS_V2_CLIENT_HELLO)
		return is_v2_client(c, n) ? type : 0;
	return type == TLS_V2_SERVER_HELLO && is_v2_server(c, n) ? type : 0;
}

/* Until its head is there: may it become a hello of SSL 2.0? */
static bool may_be_v2(struct str in)
{
	return (in.p[0] & 0x80) && (in.p[0] & 0x7f) <= (int)(V2_MAX >> 8) && in.n < 13 &&
	       (in.n < 3 || in.p[2] == TLS_V2_CLIENT_HELLO || in.p[2] == TLS_V2_SERVER_HELLO) &&
	       (in.n < 5 || in.p[2] == TLS_V2_SERVER_HELLO ||
		is_v2_version(load_u16be((const uint8_t *)in.p + 3)));
}

enum dissect_probe probe_tls(struct str in)
{
	if (in.n == 0)
		return PROBE_MORE;
	if (in.p[0] == CONTENT_HANDSHAKE)
		return probe_record(in);
	switch (probe_v2(in)) {
	case TLS_V2_CLIENT_HELLO:
		return PROBE_FROM_CLIENT;
	case TLS_V2_SERVER_HELLO:
		return PROBE_FROM_SERVER;
	}
	return may_be_v2(in) ? PROBE_MORE : PROBE_NO;
}
