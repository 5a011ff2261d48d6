/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What capfile.c, pcap.c and pcapng.c share: a step is one look at the input. It tells how much it
 * used and changes nothing while its answer is MORE with nothing used, so that the answers do not
 * depend on how the file was cut.
 */
#ifndef REDOUBT_PACKET_CAPFILE_INT_H
#define REDOUBT_PACKET_CAPFILE_INT_H

#include "packet/packet.h"

/* An answer between the steps only: something was used, look again. */
#define CAPFILE_ON 100

/* Bytes of a magic number, enough to know the format. */
#define CAPFILE_MAGIC_BYTES 4

enum pcapng_type {
	PCAPNG_INTERFACE = 1,
	PCAPNG_PACKET_OLD = 2, /* obsolete, but in old files */
	PCAPNG_PACKET_SIMPLE = 3,
	PCAPNG_PACKET = 6,
	PCAPNG_SECTION = 0x0a0d0d0a, /* reads the same in both byte orders */
};

static inline uint32_t capfile_u32(const struct capfile *cf, const uint8_t *p)
{
	return unlikely(cf->big_endian) ? load_u32be(p) : load_u32le(p);
}

static inline uint16_t capfile_u16(const struct capfile *cf, const uint8_t *p)
{
	return unlikely(cf->big_endian) ? load_u16be(p) : load_u16le(p);
}

/* Damage found `ahead` bytes behind what is used; the text is "what number bytes". */
int capfile_damaged(const struct capfile *cf, size_t ahead, const char *what, uint32_t number,
		    struct err *err);

/* True when the four bytes are a magic number of pcap; then the fields that it decides are set. */
bool pcap_magic(struct capfile *cf, const uint8_t *p);
int pcap_begin(struct capfile *cf, struct str in, size_t *used, struct err *err);
int pcap_step(struct capfile *cf, struct str in, size_t *used, struct frame *frame,
	      struct err *err);

int pcapng_step(struct capfile *cf, struct str in, size_t *used, struct frame *frame,
		struct err *err);

#endif
