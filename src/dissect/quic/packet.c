// SPDX-License-Identifier: Apache-2.0
/*
 * Packets with long headers (RFC 8999, RFC 9000 §17.2), and the versions that are known: 1, 2, the
 * drafts from 22 on that were deployed, what a single company made of them, and those that only ask
 * for negotiation.
 *
 *   first u8 | version u32 | length u8, destination id | length u8, source id | by type:
 *   Initial: token length varint, token | length varint | packet number …
 *   others but Retry: length varint | packet number …
 */
#include "dissect/quic/initial.h"

static const uint8_t salt_22[SALT_BYTES] = { 0x7f, 0xbc, 0xdb, 0x0e, 0x7c, 0x66, 0xbb,
					     0xe9, 0x19, 0x3a, 0x96, 0xcd, 0x21, 0x51,
					     0x9e, 0xbd, 0x7a, 0x02, 0x64, 0x4a };
static const uint8_t salt_23[SALT_BYTES] = { 0xc3, 0xee, 0xf7, 0x12, 0xc7, 0x2e, 0xbb,
					     0x5a, 0x11, 0xa7, 0xd2, 0x43, 0x2b, 0xb4,
					     0x63, 0x65, 0xbe, 0xf9, 0xf5, 0x02 };
static const uint8_t salt_29[SALT_BYTES] = { 0xaf, 0xbf, 0xec, 0x28, 0x99, 0x93, 0xd2,
					     0x4c, 0x9e, 0x97, 0x86, 0xf1, 0x9c, 0x61,
					     0x11, 0xe0, 0x43, 0x90, 0xa8, 0x99 };
static const uint8_t salt_t050[SALT_BYTES] = { 0x7f, 0xf5, 0x79, 0xe5, 0xac, 0xd0, 0x72,
					       0x91, 0x55, 0x80, 0x30, 0x4c, 0x43, 0xa2,
					       0x36, 0x7c, 0x60, 0x48, 0x83, 0x10 };
static const uint8_t salt_v1[SALT_BYTES] = { 0x38, 0x76, 0x2c, 0xf7, 0xf5, 0x59, 0x34,
					     0xb3, 0x4d, 0x17, 0x9a, 0xe6, 0xa4, 0xc8,
					     0x0c, 0xad, 0xcc, 0xbb, 0x7f, 0x0a };
static const uint8_t salt_v2[SALT_BYTES] = { 0x0d, 0xed, 0xe3, 0xde, 0xf7, 0x00, 0xa6,
					     0xdb, 0x81, 0x93, 0x81, 0xbe, 0x6e, 0x26,
					     0x9d, 0xcb, 0xf9, 0xbd, 0x2e, 0xd9 };

#define RESERVED      UINT32_C(0x0a0a0a0a)
#define RESERVED_BITS UINT32_C(0x0f0f0f0f)
#define ROW(number, v2, name, salt)                                                                \
	{                                                                                          \
		number, v2, { name, sizeof(name) - 1 }, salt                                       \
	}

// clang-format off
static const struct version versions[] = {
	ROW(0x00000001, false, "1", salt_v1),
	ROW(0x6b3343cf, true, "2", salt_v2),
	ROW(0xff000022, false, "draft-34", salt_v1),
	ROW(0xff000021, false, "draft-33", salt_v1),
	ROW(0xff000020, false, "draft-32", salt_29),
	ROW(0xff00001f, false, "draft-31", salt_29),
	ROW(0xff00001e, false, "draft-30", salt_29),
	ROW(0xff00001d, false, "draft-29", salt_29),
	ROW(0xff00001c, false, "draft-28", salt_23),
	ROW(0xff00001b, false, "draft-27", salt_23),
	ROW(0xff00001a, false, "draft-26", salt_23),
	ROW(0xff000019, false, "draft-25", salt_23),
	ROW(0xff000018, false, "draft-24", salt_23),
	ROW(0xff000017, false, "draft-23", salt_23),
	ROW(0xff000016, false, "draft-22", salt_22),
	ROW(0x54303530, false, "T050", salt_t050),
	ROW(0xfaceb001, false, "mvfst-1", salt_22),
	ROW(0xfaceb002, false, "mvfst-2", salt_23),
	/* 0x?a?a?a?a is reserved to make servers negotiate (RFC 9000 §15); which keys a client uses
	 * then, only trying tells. */
	ROW(RESERVED, false, "reserved", salt_v1),
	ROW(RESERVED, false, "reserved", salt_29),
	ROW(RESERVED, false, "reserved", salt_23),
};
// clang-format on

const struct version *quic_version_next(const struct version *after, uint32_t number)
{
	size_t i = after ? (size_t)(after - versions) + 1 : 0;

	if ((number & RESERVED_BITS) == RESERVED)
		number = RESERVED;
	for (; i < ARRAY_LEN(versions); i++)
		if (versions[i].number == number)
			return &versions[i];
	return NULL;
}

uint64_t quic_packet_varint(struct cur *c)
{
	uint64_t v = cur_u8(c);
	unsigned more = (1U << (v >> 6)) - 1;

	for (v &= 0x3f; more > 0; more--)
		v = v << 8 | cur_u8(c);
	return v;
}

static struct str take_id(struct cur *c)
{
	size_t n = cur_u8(c);
	const uint8_t *p;

	if (n > ID_MAX)
		c->bad = true;
	p = cur_take(c, n);
	return (struct str){ (const char *)p, p ? n : 0 };
}

static enum packet_type type_of(uint8_t first, bool v2)
{
	unsigned type = first >> 4 & 3;

	return (enum packet_type)(v2 ? (type + 3) % 4 : type);
}

#define LONG_HEADER 0x80

int quic_packet_next(struct str *datagram, struct packet *out)
{
	struct cur c = cur_of(datagram->p, datagram->n);
	uint8_t first = cur_u8(&c);
	uint64_t length;

	out->version = quic_version_next(NULL, cur_u32be(&c));
	if (!cur_ok(&c) || !(first & LONG_HEADER) || !out->version)
		return 0;
	out->type = type_of(first, out->version->v2);
	out->to = take_id(&c);
	(void)take_id(&c);
	if (!cur_ok(&c) || out->type == PACKET_RETRY)
		return 0;
	if (out->type == PACKET_INITIAL) {
		length = quic_packet_varint(&c);
		cur_skip(&c, length > c.n ? SIZE_MAX : (size_t)length);
	}
	length = quic_packet_varint(&c);
	if (!cur_ok(&c) || length > c.n)
		return 0;
	out->number_at = datagram->n - c.n;
	out->whole = str_head(*datagram, out->number_at + (size_t)length);
	*datagram = str_skip(*datagram, out->whole.n);
	return 1;
}

bool quic_packet_negotiates(struct str datagram)
{
	struct cur c = cur_of(datagram.p, datagram.n);
	uint8_t first = cur_u8(&c);
	uint32_t version = cur_u32be(&c);

	(void)take_id(&c);
	(void)take_id(&c);
	return cur_ok(&c) && (first & LONG_HEADER) && version == 0 && c.n > 0 && c.n % 4 == 0;
}
