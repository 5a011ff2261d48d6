/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Capture files, the part that both formats share: recognising the format, passing over bytes that
 * nobody wants, and telling what the end of the file means. The formats are in pcap.c and pcapng.c.
 */
#include "packet/capfile_int.h"

#include <inttypes.h>

void capfile_init(struct capfile *cf)
{
	memset(cf, 0, sizeof(*cf));
}

int capfile_damaged(const struct capfile *cf, size_t ahead, const char *what, uint32_t number,
		    struct err *err)
{
	return err_set(err, ERR_CAPTURE_DAMAGED,
		       "at byte %" PRIu64 " of the file: %s %" PRIu32 " bytes", cf->offset + ahead,
		       what, number);
}

/* What people pack captures with, and is not unpacked here. */
static const struct {
	struct str magic;
	const char *name;
} packed[] = {
	{ { "\xfd"
	    "7zX",
	    4 },
	  "xz" },
	{ { "PK\x03\x04", 4 }, "zip" },
	{ { "BZh", 3 }, "bzip2" },
	{ { "7z\xbc\xaf", 4 }, "7-Zip" },
};

/* Both formats begin with four bytes that say which it is. */
static int capfile_begin(struct capfile *cf, struct str in, size_t *used, struct err *err)
{
	const uint8_t *p = (const uint8_t *)in.p;

	if (in.n < CAPFILE_MAGIC_BYTES)
		return CAPFILE_MORE;
	if (pcap_magic(cf, p))
		return pcap_begin(cf, in, used, err);
	if (load_u32le(p) == PCAPNG_SECTION) {
		cf->format = CAPFILE_PCAPNG;
		return CAPFILE_ON;
	}
	for (size_t i = 0; i < ARRAY_LEN(packed); i++)
		if (str_starts(in, packed[i].magic))
			return err_set(err, ERR_CAPTURE_FORMAT, "this is %s; unpack it first",
				       packed[i].name);
	return err_set(err, ERR_CAPTURE_FORMAT,
		       "the file begins with %02x %02x %02x %02x, which is no capture format", p[0],
		       p[1], p[2], p[3]);
}

/* Passes over what is left of a record or block. The length at the end of a pcapng block is looked
 * at, since a block that ends elsewhere than it says makes everything behind it a guess. */
static int capfile_skip(struct capfile *cf, struct str in, size_t *used, struct frame *frame,
			struct err *err)
{
	uint32_t tail = cf->skip_block_bytes ? sizeof(uint32_t) : 0;
	size_t n = cf->skip_bytes > tail ? size_min(in.n, cf->skip_bytes - tail) : 0;

	*used = n;
	cf->skip_bytes -= (uint32_t)n;
	if (cf->skip_bytes > tail || in.n - n < tail)
		return CAPFILE_MORE;
	if (tail) {
		uint32_t again = capfile_u32(cf, (const uint8_t *)in.p + n);

		if (again != cf->skip_block_bytes)
			return capfile_damaged(cf, n, "a block has at its end a length of", again,
					       err);
		*used += tail;
	}

	cf->skip_bytes = 0;
	switch (cf->skip) {
	case CAPFILE_SKIP_BLOCK:
		cf->skip = CAPFILE_SKIP_NONE;
		return CAPFILE_BLOCK;
	case CAPFILE_SKIP_FRAME:
		cf->skip = CAPFILE_SKIP_NONE;
		*frame = cf->skipped;
		return CAPFILE_SKIPPED;
	case CAPFILE_SKIP_REST:
	case CAPFILE_SKIP_NONE:
	default:
		cf->skip = CAPFILE_SKIP_NONE;
		return CAPFILE_ON;
	}
}

static int capfile_step(struct capfile *cf, struct str in, size_t *used, struct frame *frame,
			struct err *err)
{
	if (unlikely(cf->skip != CAPFILE_SKIP_NONE))
		return capfile_skip(cf, in, used, frame, err);
	if (likely(cf->format == CAPFILE_PCAP))
		return pcap_step(cf, in, used, frame, err);
	if (likely(cf->format == CAPFILE_PCAPNG))
		return pcapng_step(cf, in, used, frame, err);
	return capfile_begin(cf, in, used, err);
}

int capfile_next(struct capfile *cf, struct str in, size_t *used, struct frame *frame,
		 struct err *err)
{
	size_t total = 0;

	for (;;) {
		size_t n = 0;
		int answer = capfile_step(cf, in, &n, frame, err);

		cf->offset += n;
		total += n;
		if (likely(answer != CAPFILE_ON)) {
			*used = total;
			return answer;
		}
		in = str_skip(in, n);
	}
}

/* An end before the format was known: a magic number alone is a file that was cut. */
static int capfile_end_early(struct str in, struct err *err)
{
	const uint8_t *p = (const uint8_t *)in.p;
	struct capfile probe = { .format = CAPFILE_UNKNOWN };

	if (in.n >= CAPFILE_MAGIC_BYTES &&
	    (pcap_magic(&probe, p) || load_u32le(p) == PCAPNG_SECTION))
		return 2;
	return err_set(err, ERR_CAPTURE_FORMAT, "the file ends after %zu bytes", in.n);
}

int capfile_end(const struct capfile *cf, struct str in, struct err *err)
{
	uint32_t type;

	if (cf->skip != CAPFILE_SKIP_NONE)
		return cf->skip == CAPFILE_SKIP_FRAME ? 1 : 2;
	if (cf->format == CAPFILE_UNKNOWN)
		return capfile_end_early(in, err);
	if (in.n == 0)
		return 0;
	if (cf->format == CAPFILE_PCAP)
		return 1;
	if (in.n < sizeof(type))
		return 2;
	type = capfile_u32(cf, (const uint8_t *)in.p);
	return type == PCAPNG_PACKET || type == PCAPNG_PACKET_SIMPLE || type == PCAPNG_PACKET_OLD
		       ? 1
		       : 2;
}
