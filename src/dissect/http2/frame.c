/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a frame may look like, and whether bytes are frames. A single head of nine bytes proves
 * little, but heads stand exactly where the one before says, and most types fix their length, flags
 * and stream: a chain of such heads is no accident, and neither is a header block that begins as
 * requests and responses do and ends where its frame ends. Who speaks is told by the pseudo header
 * fields of a request or response, which most senders write by their number in HPACK's static
 * table, so that nothing must be decoded for it.
 */
#include "dissect/http2/connection.h"

/* The largest payload that needs no agreement (RFC 9113 §4.2), and none that is not seen. */
#define LENGTH_USUAL (16 * KIB)
/* Limit: bytes waited for to learn who speaks, and frames looked at for it. */
#define SIDE_WAIT_MAX   (4 * KIB)
#define SIDE_FRAMES_MAX 32
/* Limit: a payload that is looked into where every byte may be the begin of a frame. */
#define INSIDE_MAX KIB
/* Limit: what SETTINGS may hold where frames are only supposed. */
#define SETTINGS_USUAL 32

/* ---- One frame ------------------------------------------------------------------------------- */

enum stream_rule { STREAM_ANY, STREAM_ZERO, STREAM_SOME };

static const struct {
	uint8_t flags; /* that have a meaning */
	uint8_t stream;
	uint16_t length_min;
	uint32_t length_max;
} rules[FRAME_OTHER] = {
	[FRAME_DATA] = { FLAG_END_STREAM | FLAG_PADDED, STREAM_SOME, 0, UINT32_MAX },
	[FRAME_HEADERS] = { FLAG_END_STREAM | FLAG_END_HEADERS | FLAG_PADDED | FLAG_PRIORITY,
			    STREAM_SOME, 0, UINT32_MAX },
	[FRAME_PRIORITY] = { 0, STREAM_SOME, 5, 5 },
	[FRAME_RST_STREAM] = { 0, STREAM_SOME, 4, 4 },
	[FRAME_SETTINGS] = { FLAG_ACK, STREAM_ZERO, 0, UINT32_MAX },
	[FRAME_PUSH_PROMISE] = { FLAG_END_HEADERS | FLAG_PADDED, STREAM_SOME, 4, UINT32_MAX },
	[FRAME_PING] = { FLAG_ACK, STREAM_ZERO, 8, 8 },
	[FRAME_GOAWAY] = { 0, STREAM_ZERO, 8, UINT32_MAX },
	[FRAME_WINDOW_UPDATE] = { 0, STREAM_ANY, 4, 4 },
	[FRAME_CONTINUATION] = { FLAG_END_HEADERS, STREAM_SOME, 0, UINT32_MAX },
};

struct frame h2_frame_read(const uint8_t *p)
{
	uint32_t stream = load_u32be(p + 5);

	return (struct frame){
		.length = (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2],
		.stream = stream & INT32_MAX,
		.type = p[3],
		.flags = p[4],
		.reserved = stream > INT32_MAX,
	};
}

/* Pad length, priority, promised stream. */
static uint32_t least_length(const struct frame *f)
{
	uint32_t n = rules[f->type].length_min;

	if (f->type == FRAME_DATA || f->type == FRAME_HEADERS || f->type == FRAME_PUSH_PROMISE)
		n += f->flags & FLAG_PADDED ? 1 : 0;
	if (f->type == FRAME_HEADERS)
		n += f->flags & FLAG_PRIORITY ? 5 : 0;
	return n;
}

bool h2_frame_is_legal(const struct frame *f)
{
	if (f->type >= FRAME_OTHER)
		return f->length <= LENGTH_USUAL;
	if (f->length < least_length(f) || f->length > rules[f->type].length_max)
		return false;
	if (rules[f->type].stream == STREAM_ZERO ? f->stream != 0
						 : rules[f->type].stream && f->stream == 0)
		return false;
	if (f->type == FRAME_SETTINGS)
		return f->length % 6 == 0 && (!(f->flags & FLAG_ACK) || f->length == 0);
	return true;
}

/* The same where it is only supposed that it is one: strictly. */
static bool is_plausible(const struct frame *f)
{
	if (f->type >= FRAME_OTHER || f->reserved || (f->flags & ~rules[f->type].flags) ||
	    f->length > LENGTH_USUAL || !h2_frame_is_legal(f))
		return false;
	if (f->type == FRAME_HEADERS || f->type == FRAME_PUSH_PROMISE)
		return f->length > least_length(f);
	if (f->type == FRAME_DATA)
		return f->length > 0 || f->flags & FLAG_END_STREAM;
	return f->type != FRAME_SETTINGS || f->length <= SETTINGS_USUAL * 6;
}

/* The front of a head, which is not whole. */
static bool may_be_plausible(struct str in)
{
	uint8_t head[FRAME_HEAD] = { 0 };

	memcpy(head, in.p, in.n);
	if (head[0] || (size_t)(head[1] << 8 | head[2]) > LENGTH_USUAL)
		return false;
	if (in.n > 3 && head[3] >= FRAME_OTHER)
		return false;
	return (in.n <= 4 || !(head[4] & ~rules[head[3]].flags)) && head[5] < 0x80;
}

/* ---- Who wrote a header block ---------------------------------------------------------------- */

/* An integer of HPACK (RFC 7541 §5.1) of which `first` has the lowest bits. */
static uint32_t hpack_integer(struct cur *c, uint8_t first, uint8_t mask)
{
	uint32_t v = first & mask;

	if (v < mask)
		return v;
	for (unsigned shift = 0; shift <= 21; shift += 7) {
		uint8_t b = cur_u8(c);

		v += (uint32_t)(b & 0x7f) << shift;
		if (b < 0x80)
			return v;
	}
	c->bad = true;
	return 0;
}

static void skip_string(struct cur *c)
{
	uint8_t first = cur_u8(c);

	cur_skip(c, hpack_integer(c, first, 0x7f));
}

/* Entries of the static table (RFC 7541 appendix A). */
static enum speaker speaker_of_entry(uint32_t index)
{
	if (index >= 1 && index <= 7)
		return SPEAKER_CLIENT; /* :authority :method :path :scheme */
	return index >= 8 && index <= 14 ? SPEAKER_SERVER /* :status */ : SPEAKER_UNKNOWN;
}

/* Walks over the fields of a whole block; false when it is none. *told: its first field is enough
 * to know it by. */
static bool read_block(struct str block, enum speaker *out, bool *told)
{
	struct cur c = cur_of(block.p, block.n);
	bool fields = false;

	*out = SPEAKER_UNKNOWN;
	for (unsigned n = 0; c.n && cur_ok(&c) && n < FRAME_FIELDS_MAX; n++) {
		uint8_t first = cur_u8(&c);
		bool indexed = first & 0x80;
		uint32_t index;

		if ((first & 0xe0) == 0x20) {
			(void)hpack_integer(&c, first, 0x1f);
			if (fields)
				return false;
			continue;
		}
		index = hpack_integer(&c, first, indexed ? 0x7f : first & 0x40 ? 0x3f : 0x0f);
		if (indexed && index == 0)
			return false;
		if (*out == SPEAKER_UNKNOWN)
			*out = speaker_of_entry(index);
		*told |= !fields && *out != SPEAKER_UNKNOWN;
		if (!indexed && index == 0)
			skip_string(&c);
		if (!indexed)
			skip_string(&c);
		fields = true;
	}
	return cur_ok(&c) && c.n == 0 && fields;
}

/* The block of a HEADERS frame that is whole in its payload. */
static bool read_headers(const struct frame *f, struct str payload, enum speaker *out, bool *told)
{
	uint8_t pad = f->flags & FLAG_PADDED ? (uint8_t)payload.p[0] : 0;

	payload = str_skip(payload, least_length(f));
	if (pad > payload.n)
		return false;
	payload.n -= pad;
	return read_block(payload, out, told);
}

enum speaker h2_frame_speaker(const struct frame *f, struct str payload)
{
	enum speaker speaker = SPEAKER_UNKNOWN;
	bool told = false;

	if (f->length <= least_length(f) || !read_headers(f, payload, &speaker, &told) || !told)
		return SPEAKER_UNKNOWN;
	return speaker;
}

static bool read_settings(struct str payload, enum speaker *out)
{
	struct cur c = cur_of(payload.p, payload.n);

	while (c.n) {
		uint16_t id = cur_u16be(&c);
		uint32_t value = cur_u32be(&c);

		/* Some are made up on purpose, as 0x?a?a is (RFC 8701), and 16 are registered. */
		if (id == 0 || (id > 16 && (id & 0x0f0f) != 0x0a0a && id < 0xf000))
			return false;
		if (id == 2) {
			if (value > 1)
				return false;
			*out = SPEAKER_CLIENT;
		} else if (id == 8) {
			*out = SPEAKER_SERVER;
		}
	}
	return true;
}

/* ---- Chains of frames ------------------------------------------------------------------------ */

struct chain {
	unsigned frames, strong;
	enum speaker speaker;
	struct frame before, now;
	uint32_t stream_max;
	bool only_settings; /* the first one is SETTINGS, not empty and whole */
	bool told;          /* a header block begins as requests and responses do */
};

/* Fixes its length and stream, so that it is no accident. */
static bool is_strong(const struct frame *f)
{
	if (f->type == FRAME_PING || (f->type == FRAME_SETTINGS && f->length > 0))
		return true;
	return f->type == FRAME_WINDOW_UPDATE && f->stream == 0;
}

/* A header block goes on with CONTINUATION and nothing else (§6.10). */
static bool may_follow(const struct chain *chain, const struct frame *f)
{
	const struct frame *b = &chain->before;
	bool unfinished = chain->frames &&
			  (b->type == FRAME_HEADERS || b->type == FRAME_PUSH_PROMISE ||
			   b->type == FRAME_CONTINUATION) &&
			  !(b->flags & FLAG_END_HEADERS);

	if (unfinished)
		return f->type == FRAME_CONTINUATION && f->stream == b->stream;
	return f->type != FRAME_CONTINUATION || chain->frames == 0;
}

/* What a whole frame says beyond its head; false when it cannot be one. */
static bool look_inside(struct chain *chain, const struct frame *f, struct str payload)
{
	enum speaker speaker = SPEAKER_UNKNOWN;
	bool trailers = f->flags & FLAG_END_STREAM && chain->frames > 1 &&
			chain->before.type == FRAME_DATA && chain->before.stream == f->stream;

	if (f->type == FRAME_HEADERS && f->flags & FLAG_END_HEADERS) {
		bool told = false;

		if (!read_headers(f, payload, &speaker, &told))
			return false;
		chain->told |= told && f->stream % 2;
		if (speaker == SPEAKER_UNKNOWN && trailers)
			speaker = SPEAKER_SERVER;
	} else if (f->type == FRAME_SETTINGS) {
		if (!read_settings(payload, &speaker))
			return false;
		if (chain->frames == 1 && f->length)
			chain->only_settings = true;
	} else if (f->type == FRAME_PUSH_PROMISE) {
		speaker = SPEAKER_SERVER;
	}
	if (chain->speaker == SPEAKER_UNKNOWN)
		chain->speaker = speaker;
	return true;
}

/* The next head, which must stand at the front of *in. Like read_payload() it answers 1 when it
 * was, 0 when more bytes are needed, -1 when it is none; and never more by more bytes. */
static int read_head(struct chain *chain, struct str *in)
{
	struct frame f;

	if (in->n == 0)
		return 0;
	if (in->n < FRAME_HEAD)
		return may_be_plausible(*in) ? 0 : -1;
	f = h2_frame_read((const uint8_t *)in->p);
	if (!is_plausible(&f) || f.stream > chain->stream_max || !may_follow(chain, &f))
		return -1;
	*in = str_skip(*in, FRAME_HEAD);
	chain->strong += is_strong(&f);
	chain->frames++;
	chain->now = f;
	return 1;
}

/* Its payload, looked into where it is of at most inside_max bytes. */
static int read_payload(struct chain *chain, struct str *in, size_t inside_max)
{
	const struct frame f = chain->now;

	if (in->n < f.length)
		return 0;
	if (f.length <= inside_max && !look_inside(chain, &f, str_head(*in, f.length)))
		return -1;
	chain->before = f;
	*in = str_skip(*in, f.length);
	return 1;
}

static_assert(FRAME_CHAIN_MAX < DISSECT_WINDOW_MAX, "what is undecided can wait");

int h2_frame_chain(struct str in, uint32_t stream_max, bool known, bool data)
{
	struct chain chain = { .stream_max = stream_max };

	if (in.n >= FRAME_HEAD && in.p[3] == FRAME_DATA && !data)
		return -1;
	for (;;) {
		int r = read_head(&chain, &in);

		if (r > 0 && (chain.frames == 3 || (chain.frames == 2 && (chain.strong || known))))
			return 1;
		if (r > 0)
			r = read_payload(&chain, &in, INSIDE_MAX);
		if (r <= 0 || chain.told)
			return r;
	}
}

/* A server begins with SETTINGS, and with nothing before it; the client's stand behind its preface.
 */
static enum dissect_probe speaker_of(const struct chain *chain, size_t n)
{
	if (chain->speaker == SPEAKER_SERVER || chain->speaker == SPEAKER_CLIENT)
		return chain->speaker == SPEAKER_CLIENT ? PROBE_FROM_CLIENT : PROBE_FROM_SERVER;
	if (chain->only_settings)
		return PROBE_FROM_SERVER;
	return n < SIDE_WAIT_MAX ? PROBE_MORE : PROBE_FROM_CLIENT;
}

enum dissect_probe h2_frame_probe(struct str in)
{
	static const struct str preface = { PREFACE, PREFACE_SIZE };
	struct chain chain = { .stream_max = UINT32_MAX };
	struct str rest = in;
	int r = 1;

	if (str_starts(preface, str_head(in, PREFACE_SIZE)))
		return in.n < PREFACE_SIZE ? PROBE_MORE : PROBE_FROM_CLIENT;
	while (r > 0 && chain.frames < SIDE_FRAMES_MAX) {
		r = read_head(&chain, &rest);
		if (r > 0)
			r = read_payload(&chain, &rest, LENGTH_USUAL);
	}
	if (r < 0)
		return PROBE_NO;
	if (chain.told || chain.frames >= 3 || (chain.frames == 2 && chain.strong) ||
	    chain.only_settings)
		return speaker_of(&chain, in.n);
	return PROBE_MORE;
}
