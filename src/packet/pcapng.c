/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pcapng (draft-ietf-opsawg-pcapng): sections of blocks. Each section has a byte order and
 * interfaces of its own; the interfaces are counted through all sections. Only descriptions of
 * interfaces and the three kinds of packet blocks are read, all other blocks are passed over.
 *
 *   block    type 4 | length 4 | body, padded to 4 | length again 4
 *   section  byte order 4 | major 2 | minor 2 | section length 8 | options
 *   interface  link type 2 | reserved 2 | snaplen 4 | options
 *   packet   interface 4 (old: 2, drops 2) | time 8, its upper half first | captured 4 | wire 4 |
 *            frame, padded to 4 | options
 *   simple   wire 4 | frame, padded to 4
 */
#include "packet/capfile_int.h"

#include <inttypes.h>

#define BLOCK_MIN_BYTES      12 /* without a body */
#define BLOCK_TAIL_BYTES     4
#define SECTION_MIN_BYTES    28
#define SECTION_READ_BYTES   16 /* of its head: all that we want to know */
#define INTERFACE_HEAD_BYTES 16
#define PACKET_HEAD_BYTES    28
#define SIMPLE_HEAD_BYTES    12

#define SECTION_ORDER_MAGIC 0x1a2b3c4d

enum { OPT_END = 0, OPT_TSRESOL = 9, OPT_TSOFFSET = 14 };

#define TSRESOL_DEFAULT 6 /* microseconds */
#define TSRESOL_BINARY  0x80

static uint64_t ten_to(unsigned n)
{
	uint64_t power = 1;

	assert(n < 20); /* 10^19 is the last that fits */
	while (n-- > 0)
		power *= 10;
	return power;
}

/* Nanoseconds of a count of 10^-n or 2^-n seconds. What does not fit into 64 bits is held at the
 * bound: no time of ours, but an order. */
static int64_t pcapng_time(const struct capfile_interface *iface, uint64_t count)
{
	unsigned n = iface->resolution & (TSRESOL_BINARY - 1u);
	int64_t ns, offset_ns;
	uint128 wide;

	if (likely(iface->tick_ns && iface->offset_s == 0 && !ckd_mul(&ns, count, iface->tick_ns)))
		return ns;
	if (iface->resolution & TSRESOL_BINARY)
		wide = ((uint128)count * (uint64_t)NS_PER_S) >> n;
	else if (n <= 9)
		wide = (uint128)count * ten_to(9 - n);
	else
		wide = n - 9 < 20 ? count / ten_to(n - 9) : 0;
	ns = wide > INT64_MAX ? INT64_MAX : (int64_t)wide;

	if (ckd_mul(&offset_ns, iface->offset_s, NS_PER_S))
		offset_ns = iface->offset_s < 0 ? INT64_MIN : INT64_MAX;
	if (ckd_add(&ns, ns, offset_ns))
		ns = INT64_MAX; /* ns was not negative, so it was not the lower bound */
	return ns;
}

static int pcapng_skip(struct capfile *cf, enum capfile_skip skip, uint32_t block_bytes,
		       uint32_t done_bytes)
{
	cf->skip = skip;
	cf->skip_bytes = block_bytes - done_bytes;
	cf->skip_block_bytes = block_bytes;
	return CAPFILE_ON;
}

/* True when the length at the block's end, which is in the input, is the one at its begin. */
static bool pcapng_tail_fits(const struct capfile *cf, const uint8_t *p, uint32_t block_bytes)
{
	return capfile_u32(cf, p + block_bytes - BLOCK_TAIL_BYTES) == block_bytes;
}

static int pcapng_tail_differs(const struct capfile *cf, const uint8_t *p, uint32_t block_bytes,
			       struct err *err)
{
	size_t tail = block_bytes - BLOCK_TAIL_BYTES;

	return capfile_damaged(cf, tail, "a block has at its end a length of",
			       capfile_u32(cf, p + tail), err);
}

static int pcapng_section(struct capfile *cf, struct str in, uint32_t block_bytes, size_t *used,
			  struct err *err)
{
	const uint8_t *p = (const uint8_t *)in.p;
	uint16_t major, minor;

	if (block_bytes < SECTION_MIN_BYTES)
		return capfile_damaged(cf, 0, "a section header has", block_bytes, err);
	if (in.n < SECTION_READ_BYTES)
		return CAPFILE_MORE;
	major = capfile_u16(cf, p + 12);
	minor = capfile_u16(cf, p + 14);
	/* 1.2 was written by some and differs in nothing. */
	if (major != 1 || (minor != 0 && minor != 2))
		return err_set(err, ERR_CAPTURE_VERSION, "it is pcapng version %u.%u, not 1.0",
			       major, minor);

	cf->sections++;
	cf->first_interface += cf->interfaces;
	cf->interfaces = 0;
	*used = SECTION_READ_BYTES;
	return pcapng_skip(cf, CAPFILE_SKIP_BLOCK, block_bytes, SECTION_READ_BYTES);
}

/* The options of an interface that change how its frames are read. An option of a wrong length is
 * passed over; one that runs past the block answers false. */
static bool pcapng_options(const struct capfile *cf, const uint8_t *p, size_t n,
			   struct capfile_interface *iface)
{
	while (n >= 4) {
		uint16_t code = capfile_u16(cf, p), bytes = capfile_u16(cf, p + 2);
		size_t padded = (bytes + 3u) & ~(size_t)3;

		if (code == OPT_END)
			return true;
		if (padded > n - 4)
			return false;
		p += 4;
		if (code == OPT_TSRESOL && bytes == 1) {
			iface->resolution = *p;
		} else if (code == OPT_TSOFFSET && bytes == 8) {
			uint64_t first = capfile_u32(cf, p), second = capfile_u32(cf, p + 4);

			iface->offset_s = (int64_t)(cf->big_endian ? first << 32 | second
								   : second << 32 | first);
		}
		p += padded;
		n -= 4 + padded;
	}
	return true;
}

static int pcapng_interface(struct capfile *cf, struct str in, uint32_t block_bytes, size_t *used,
			    struct err *err)
{
	const uint8_t *p = (const uint8_t *)in.p;
	struct capfile_interface iface = { .resolution = TSRESOL_DEFAULT };

	if (block_bytes < INTERFACE_HEAD_BYTES + BLOCK_TAIL_BYTES || block_bytes > CAPFILE_WINDOW)
		return capfile_damaged(cf, 0, "an interface description has", block_bytes, err);
	if (in.n < block_bytes)
		return CAPFILE_MORE;
	if (!pcapng_tail_fits(cf, p, block_bytes))
		return pcapng_tail_differs(cf, p, block_bytes, err);

	iface.link = capfile_u16(cf, p + 8);
	iface.snaplen = capfile_u32(cf, p + 12);
	if (!pcapng_options(cf, p + INTERFACE_HEAD_BYTES,
			    block_bytes - INTERFACE_HEAD_BYTES - BLOCK_TAIL_BYTES, &iface))
		return capfile_damaged(cf, 0, "an option runs past the end of its block of",
				       block_bytes, err);
	if (iface.resolution <= 9)
		iface.tick_ns = (uint32_t)ten_to(9u - iface.resolution);
	if (cf->interfaces < CAPFILE_INTERFACES_MAX)
		cf->interface[cf->interfaces] = iface;
	cf->interfaces++;
	*used = block_bytes;
	return CAPFILE_BLOCK;
}

/* What the head of a packet block says. */
struct pcapng_head {
	uint32_t bytes;
	uint32_t interface;
	uint64_t count; /* time, in the interface's resolution */
	uint32_t captured, wire;
};

static void pcapng_read_head(const struct capfile *cf, uint32_t type, const uint8_t *p,
			     uint32_t block_bytes, struct pcapng_head *head)
{
	uint32_t room = block_bytes - SIMPLE_HEAD_BYTES - BLOCK_TAIL_BYTES;

	if (likely(type != PCAPNG_PACKET_SIMPLE)) {
		head->bytes = PACKET_HEAD_BYTES;
		head->interface =
			type == PCAPNG_PACKET_OLD ? capfile_u16(cf, p + 8) : capfile_u32(cf, p + 8);
		head->count = (uint64_t)capfile_u32(cf, p + 12) << 32 | capfile_u32(cf, p + 16);
		head->captured = capfile_u32(cf, p + 20);
		head->wire = capfile_u32(cf, p + 24);
		return;
	}
	/* A simple packet has no captured length: it is what the snaplen leaves. */
	*head = (struct pcapng_head){ .bytes = SIMPLE_HEAD_BYTES,
				      .captured = capfile_u32(cf, p + 8),
				      .wire = capfile_u32(cf, p + 8) };
	if (cf->interfaces == 0)
		head->captured = (uint32_t)size_min(head->captured, room);
	else if (cf->interface[0].snaplen != 0)
		head->captured = (uint32_t)size_min(head->captured, cf->interface[0].snaplen);
}

static void pcapng_fill(const struct capfile *cf, uint32_t type, const struct pcapng_head *head,
			struct frame *frame)
{
	static const struct capfile_interface unknown = { .link = FRAME_LINK_NONE,
							  .resolution = TSRESOL_DEFAULT };
	const struct capfile_interface *iface = &unknown;

	frame->bytes = (struct str){ NULL, 0 };
	frame->wire_bytes = head->wire < head->captured ? head->captured : head->wire;
	frame->interface = FRAME_INTERFACE_NONE;
	if (likely(head->interface < cf->interfaces))
		frame->interface = cf->first_interface + head->interface;
	if (likely(head->interface < cf->interfaces && head->interface < CAPFILE_INTERFACES_MAX))
		iface = &cf->interface[head->interface];
	frame->link = iface->link;
	frame->at_ns = type == PCAPNG_PACKET_SIMPLE ? 0 : pcapng_time(iface, head->count);
}

static int pcapng_packet(struct capfile *cf, uint32_t type, struct str in, uint32_t block_bytes,
			 size_t *used, struct frame *frame, struct err *err)
{
	const uint8_t *p = (const uint8_t *)in.p;
	uint32_t head_bytes = type == PCAPNG_PACKET_SIMPLE ? SIMPLE_HEAD_BYTES : PACKET_HEAD_BYTES;
	uint32_t need = block_bytes;
	struct pcapng_head head;

	if (block_bytes < head_bytes + BLOCK_TAIL_BYTES)
		return capfile_damaged(cf, 0, "a packet block has", block_bytes, err);
	if (in.n < head_bytes)
		return CAPFILE_MORE;
	pcapng_read_head(cf, type, p, block_bytes, &head);
	if (head.captured > block_bytes - head_bytes - BLOCK_TAIL_BYTES)
		return capfile_damaged(cf, 0, "a packet block is too short for its frame of",
				       head.captured, err);
	if (unlikely(head.captured > FRAME_MAX)) {
		pcapng_fill(cf, type, &head, &cf->skipped);
		*used = head_bytes;
		return pcapng_skip(cf, CAPFILE_SKIP_FRAME, block_bytes, head_bytes);
	}

	/* Options may be longer than any window: then the frame is given before they are seen. */
	if (unlikely(block_bytes > CAPFILE_WINDOW))
		need = head_bytes + ((head.captured + 3) & ~3u);
	if (in.n < need)
		return CAPFILE_MORE;
	if (unlikely(need < block_bytes))
		(void)pcapng_skip(cf, CAPFILE_SKIP_REST, block_bytes, need);
	else if (unlikely(!pcapng_tail_fits(cf, p, block_bytes)))
		return pcapng_tail_differs(cf, p, block_bytes, err);
	pcapng_fill(cf, type, &head, frame);
	frame->bytes = (struct str){ in.p + head_bytes, head.captured };
	*used = need;
	return CAPFILE_FRAME;
}

/* The byte order of a section stands behind the length that it is needed for. */
static int pcapng_order(struct capfile *cf, const uint8_t *p, struct err *err)
{
	if (load_u32le(p) != SECTION_ORDER_MAGIC && load_u32be(p) != SECTION_ORDER_MAGIC) {
		if (cf->sections > 0)
			return err_set(err, ERR_CAPTURE_DAMAGED,
				       "at byte %" PRIu64
				       " of the file: a section has no byte order mark",
				       cf->offset + 8);
		return err_set(err, ERR_CAPTURE_FORMAT,
			       "the file begins as pcapng, but has no byte order mark");
	}
	cf->big_endian = load_u32be(p) == SECTION_ORDER_MAGIC;
	return 0;
}

int pcapng_step(struct capfile *cf, struct str in, size_t *used, struct frame *frame,
		struct err *err)
{
	const uint8_t *p = (const uint8_t *)in.p;
	uint32_t type, block_bytes;
	int r;

	if (unlikely(in.n < BLOCK_MIN_BYTES))
		return CAPFILE_MORE;
	type = capfile_u32(cf, p);
	if (unlikely(type == PCAPNG_SECTION)) {
		r = pcapng_order(cf, p + 8, err);
		if (r < 0)
			return r;
	}
	block_bytes = capfile_u32(cf, p + 4);
	if (unlikely(block_bytes < BLOCK_MIN_BYTES || block_bytes % 4 != 0 ||
		     block_bytes > CAPFILE_BLOCK_MAX))
		return capfile_damaged(cf, 4, "a block claims", block_bytes, err);

	switch (type) {
	case PCAPNG_PACKET:
	case PCAPNG_PACKET_SIMPLE:
	case PCAPNG_PACKET_OLD:
		return pcapng_packet(cf, type, in, block_bytes, used, frame, err);
	case PCAPNG_INTERFACE:
		return pcapng_interface(cf, in, block_bytes, used, err);
	case PCAPNG_SECTION:
		return pcapng_section(cf, in, block_bytes, used, err);
	default:
		*used = 8;
		return pcapng_skip(cf, CAPFILE_SKIP_BLOCK, block_bytes, 8);
	}
}
