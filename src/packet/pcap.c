/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pcap, the format of libpcap (draft-ietf-opsawg-pcap): a header of 24 bytes, then records. All
 * numbers stand in the writer's byte order, which the magic number tells.
 *
 *   file    magic 4 | major 2 | minor 2 | reserved 8 | snaplen 4 | FCS, link type 4
 *   record  seconds 4 | fraction 4 | captured bytes 4 | wire bytes 4 | frame
 */
#include "packet/capfile_int.h"

#define PCAP_HEAD_BYTES   24
#define PCAP_RECORD_BYTES 16
/* Linux systems of the 1990s patched libpcap to write interface, protocol and direction too. */
#define PCAP_RECORD_PATCHED_BYTES 24
#define PCAP_MAJOR                2
#define PCAP_MINOR_LENGTHS_SURE   4

static const struct {
	uint32_t magic;
	bool nanoseconds;
	uint8_t record_bytes;
} pcap_magics[] = {
	{ 0xa1b2c3d4, false, PCAP_RECORD_BYTES },
	{ 0xa1b23c4d, true, PCAP_RECORD_BYTES },
	{ 0xa1b2cd34, false, PCAP_RECORD_PATCHED_BYTES },
};

bool pcap_magic(struct capfile *cf, const uint8_t *p)
{
	for (size_t i = 0; i < ARRAY_LEN(pcap_magics); i++) {
		uint32_t magic = pcap_magics[i].magic;

		if (load_u32le(p) != magic && load_u32be(p) != magic)
			continue;
		cf->big_endian = load_u32be(p) == magic;
		cf->nanoseconds = pcap_magics[i].nanoseconds;
		cf->record_head_bytes = pcap_magics[i].record_bytes;
		return true;
	}
	return false;
}

int pcap_begin(struct capfile *cf, struct str in, size_t *used, struct err *err)
{
	const uint8_t *p = (const uint8_t *)in.p;
	uint16_t major, minor;

	if (in.n < PCAP_HEAD_BYTES)
		return CAPFILE_MORE;
	major = capfile_u16(cf, p + 4);
	minor = capfile_u16(cf, p + 6);
	if (major != PCAP_MAJOR)
		return err_set(err, ERR_CAPTURE_VERSION, "it is pcap version %u.%u, not 2.x", major,
			       minor);

	cf->format = CAPFILE_PCAP;
	cf->lengths_mixed = minor < PCAP_MINOR_LENGTHS_SURE;
	cf->sections = 1;
	cf->interfaces = 1;
	cf->interface[0].snaplen = capfile_u32(cf, p + 16);
	/* The upper half tells of a frame check sequence behind each frame. IP has a length of its
	 * own, so those bytes do no harm. */
	cf->interface[0].link = (uint16_t)capfile_u32(cf, p + 20);
	*used = PCAP_HEAD_BYTES;
	return CAPFILE_ON;
}

static inline void pcap_fill(const struct capfile *cf, const uint8_t *p, uint32_t wire,
			     struct frame *frame)
{
	uint32_t fraction = capfile_u32(cf, p + 4);

	frame->wire_bytes = wire;
	frame->interface = 0;
	frame->link = cf->interface[0].link;
	/* At most 2^32 s and 2^32 µs, which fits. */
	frame->at_ns = capfile_u32(cf, p) * NS_PER_S +
		       (int64_t)fraction * (cf->nanoseconds ? 1 : NS_PER_US);
}

static int pcap_skip(struct capfile *cf, const uint8_t *p, uint32_t captured, uint32_t wire,
		     size_t *used, struct err *err)
{
	if (captured > CAPFILE_BLOCK_MAX)
		return capfile_damaged(cf, 0, "a record claims", captured, err);
	cf->skip = CAPFILE_SKIP_FRAME;
	cf->skip_bytes = captured;
	cf->skip_block_bytes = 0;
	cf->skipped.bytes = (struct str){ NULL, 0 };
	pcap_fill(cf, p, wire, &cf->skipped);
	*used = cf->record_head_bytes;
	return CAPFILE_ON;
}

int pcap_step(struct capfile *cf, struct str in, size_t *used, struct frame *frame, struct err *err)
{
	const uint8_t *p = (const uint8_t *)in.p;
	size_t head = cf->record_head_bytes;
	uint32_t captured, wire;

	if (unlikely(in.n < head))
		return CAPFILE_MORE;
	captured = capfile_u32(cf, p + 8);
	wire = capfile_u32(cf, p + 12);
	if (unlikely(captured > wire)) {
		uint32_t more = captured;

		if (cf->lengths_mixed)
			captured = wire;
		wire = more;
	}
	if (unlikely(captured > FRAME_MAX))
		return pcap_skip(cf, p, captured, wire, used, err);
	if (unlikely(in.n - head < captured))
		return CAPFILE_MORE;

	frame->bytes = (struct str){ in.p + head, captured };
	pcap_fill(cf, p, wire, frame);
	*used = head + captured;
	return CAPFILE_FRAME;
}
