/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a side is: at its beginning, somewhere in the middle, or behind a hole. A place is taken
 * for the begin of a frame only on the strength of bytes behind it, never of how they were cut into
 * segments, so that the same bytes are always read in the same way.
 */
#include "dissect/http2/connection.h"

void h2_place_lose(struct dissect_stream *s, enum dissect_side side)
{
	struct connection *c = connection_of(s);
	struct half *h = &c->half[side];

	h->hole = true;
	h->ex = NULL;
	h->block = (struct block){ 0 };
	h->phase = PHASE_RESYNC;
	h2_hpack_lose(c, side);
	if (side == FROM_CLIENT)
		c->first_request = 0;
	h2_exchange_all_torn(s, side);
}

/* Limit: streams that may have begun in a hole. */
#define STREAMS_IN_HOLE 65536

static uint32_t stream_max(const struct connection *c)
{
	uint32_t odd = c->highest_named[1], even = c->highest_named[0];
	uint32_t highest = odd > even ? odd : even;

	return highest ? highest + STREAMS_IN_HOLE : UINT32_MAX;
}

int h2_place_find(struct dissect_stream *s, struct str in, size_t *at)
{
	const struct connection *c = connection_of(s);
	uint32_t max = stream_max(c);

	for (*at = 0; *at < in.n; ++*at) {
		struct str rest = str_skip(in, *at);
		bool known = false;
		int r;

		if (rest.p[0])
			continue; /* of a length above what is usual */
		if (rest.n >= FRAME_HEAD) {
			struct frame f = h2_frame_read((const uint8_t *)rest.p);

			known = f.stream && h2_exchange_find(s, f.stream);
		}
		r = h2_frame_chain(rest, max, known, known || !c->from_start);
		if (r >= 0)
			return r;
	}
	return 0;
}

int h2_place_begins(enum dissect_side side, struct str in)
{
	static const struct str preface = { PREFACE, PREFACE_SIZE };
	struct frame f;

	if (side == FROM_CLIENT) {
		if (!str_starts(preface, str_head(in, PREFACE_SIZE)))
			return -1;
		return in.n >= PREFACE_SIZE;
	}
	if (in.n < FRAME_HEAD)
		return 0;
	f = h2_frame_read((const uint8_t *)in.p);
	return f.type == FRAME_SETTINGS && f.flags == 0 && h2_frame_is_legal(&f) ? 1 : -1;
}

int h2_place_check_sides(struct connection *c, enum dissect_side side, const struct frame *f,
			 struct str in)
{
	enum speaker speaker;

	if (c->proven || f->type != FRAME_HEADERS || !(f->flags & FLAG_END_HEADERS) ||
	    f->length > 16 * KIB)
		return 1;
	if (in.n < FRAME_HEAD + f->length)
		return 0;
	speaker = h2_frame_speaker(f, str_head(str_skip(in, FRAME_HEAD), f->length));
	if (speaker == SPEAKER_UNKNOWN)
		return 1;
	c->proven = (speaker == SPEAKER_CLIENT) == (side == FROM_CLIENT);
	return c->proven ? 1 : -1;
}
