/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The HTTP/2 dissector, for connections in clear: with prior knowledge, upgraded from HTTP/1.1, or
 * joined in the middle. It walks frames as they come, never waits for more of them than a few
 * bytes, and lets content pass untouched. One record for each exchange, of the kind http or grpc,
 * and one for the connection.
 */
#include "dissect/http2/connection.h"

/* ---- Finding the place again ----------------------------------------------------------------- */

static bool invalid(struct dissect_visit *v)
{
	mark(v->c, MARK_FRAME_INVALID);
	h2_place_lose(v->s, v->side);
	return true;
}

static bool step_resync(struct dissect_visit *v)
{
	size_t at = 0;
	int r = h2_place_find(v->s, v->in, &at);

	(void)dissect_use(v, at);
	if (r <= 0)
		return dissect_answer(v, DISSECT_MORE);
	v->h->phase = PHASE_FRAME;
	return true;
}

/* ---- Header blocks --------------------------------------------------------------------------- */

static void block_begin(struct dissect_visit *v, struct exchange *ex, bool end_stream)
{
	struct block *b = &v->h->block;
	uint32_t had = v->side == FROM_CLIENT ? EX_ASKED : EX_ANSWERED;

	*b = (struct block){
		.ex = ex,
		.stream = v->h->frame.stream,
		.open = true,
		.end_stream = end_stream,
		.trailers = ex && ex->flags & had,
	};
	h2_hpack_begin(v->s, v->side);
}

static void block_over(struct dissect_visit *v)
{
	struct block *b = &v->h->block;

	b->open = false;
	if (b->ex)
		h2_fields_block_over(v->s, v->side);
	if (b->end_stream) {
		v->s->messages++;
		if (b->ex)
			h2_exchange_side_over(v->s, b->ex, v->side);
	}
	b->ex = NULL;
}

/* Between a block's frames is no other (RFC 9113 §6.10). */
static void block_interrupted(struct dissect_visit *v)
{
	struct block *b = &v->h->block;

	mark(v->c, MARK_BLOCK_INTERRUPTED);
	h2_hpack_lose(v->c, v->side);
	if (b->ex)
		b->ex->flags |= v->side == FROM_CLIENT ? EX_TORN_CLIENT : EX_TORN_SERVER;
	b->open = false;
	b->ex = NULL;
}

static void begin_continuation(struct dissect_visit *v)
{
	struct block *b = &v->h->block;

	if (!b->open) {
		if (!v->h->hole && v->c->from_start)
			mark(v->c, MARK_BLOCK_INTERRUPTED);
		h2_hpack_lose(v->c, v->side);
		return;
	}
	if (b->continuations == CONTINUATIONS_MAX)
		mark(v->c, MARK_CONTINUATION_FLOOD);
	else
		b->continuations++;
}

static bool step_fragment(struct dissect_visit *v)
{
	struct half *h = v->h;
	struct str fragment = str_head(v->in, h->left);
	bool last;

	h->left -= (uint32_t)fragment.n;
	last = h->left == 0 && h->frame.flags & FLAG_END_HEADERS;
	if (h->block.open) {
		if (ckd_add(&h->block.bytes, h->block.bytes, (uint32_t)fragment.n))
			h->block.bytes = UINT32_MAX;
		h2_hpack_feed(v->s, v->side, fragment, last);
	}
	(void)dissect_use(v, fragment.n);
	if (h->left)
		return dissect_answer(v, DISSECT_MORE);
	h->phase = PHASE_PADDING;
	return true;
}

/* ---- Frames ---------------------------------------------------------------------------------- */

static void frame_over(struct dissect_visit *v)
{
	struct half *h = v->h;
	struct exchange *ex = h->ex;

	h->phase = PHASE_FRAME;
	if (h->frame.type == FRAME_DATA) {
		h->ex = NULL;
		if (!(h->frame.flags & FLAG_END_STREAM))
			return;
		v->s->messages++;
		if (ex)
			h2_exchange_side_over(v->s, ex, v->side);
	} else if (h->block.open && h->frame.flags & FLAG_END_HEADERS) {
		block_over(v);
	}
}

/* Bytes of a frame that stand in front of its payload, or are read in one piece. */
static uint32_t prefix_bytes(const struct frame *f)
{
	uint32_t padded = f->flags & FLAG_PADDED ? 1 : 0;

	switch (f->type) {
	case FRAME_DATA:
		return padded;
	case FRAME_HEADERS:
		return padded + (f->flags & FLAG_PRIORITY ? 5 : 0);
	case FRAME_PUSH_PROMISE:
		return padded + 4;
	case FRAME_RST_STREAM:
		return 4;
	case FRAME_GOAWAY:
		return 8;
	default:
		return 0;
	}
}

static bool begins_block(const struct frame *f)
{
	return f->type == FRAME_HEADERS || f->type == FRAME_PUSH_PROMISE;
}

/* What was gathered is told of the wrong ends, and is little. */
static bool recognise_anew(struct dissect_visit *v)
{
	while (v->s->first)
		dissect_tx_discard(v->s, v->s->first);
	v->c->began = false;
	return dissect_answer(v, DISSECT_SWITCH);
}

static bool step_frame(struct dissect_visit *v)
{
	struct half *h = v->h;
	struct frame f;
	int sides;

	if (v->in.n < FRAME_HEAD)
		return dissect_answer(v, DISSECT_MORE);
	f = h2_frame_read((const uint8_t *)v->in.p);
	if (!h2_frame_is_legal(&f))
		return invalid(v);
	sides = h2_place_check_sides(v->c, v->side, &f, v->in);
	if (sides <= 0)
		return sides < 0 ? recognise_anew(v) : dissect_answer(v, DISSECT_MORE);
	(void)dissect_use(v, FRAME_HEAD);
	h->frame = f;
	h->left = f.length;
	h->pad = 0;
	h->phase = PHASE_PREFIX;
	h2_report_frame(v->s, &f);
	if (h->block.open && (f.type != FRAME_CONTINUATION || f.stream != h->block.stream))
		block_interrupted(v);
	if (f.type == FRAME_CONTINUATION)
		begin_continuation(v);
	else if (f.type == FRAME_DATA)
		h->ex = h2_exchange_of(v->s, v->side, f.stream, false);
	return true;
}

static bool step_prefix(struct dissect_visit *v)
{
	struct half *h = v->h;
	const struct frame *f = &h->frame;
	uint32_t n = prefix_bytes(f);
	const uint8_t *p;

	if (v->in.n < n)
		return dissect_answer(v, DISSECT_MORE);
	p = dissect_use(v, n);
	h->left -= n;
	h->phase = PHASE_PAYLOAD;
	if (n && f->flags & FLAG_PADDED && (f->type == FRAME_DATA || begins_block(f))) {
		if (p[0] > h->left)
			return invalid(v);
		h->pad = p[0];
		h->left -= h->pad;
	}
	if (f->type == FRAME_HEADERS) {
		block_begin(v, h2_exchange_of(v->s, v->side, f->stream, true),
			    f->flags & FLAG_END_STREAM);
	} else if (f->type == FRAME_PUSH_PROMISE) {
		block_begin(v, NULL, false);
	} else if (f->type == FRAME_RST_STREAM) {
		v->s->messages += h2_exchange_find(v->s, f->stream) != NULL;
		h2_exchange_reset(v->s, v->side, f->stream, load_u32be(p));
	} else if (f->type == FRAME_GOAWAY) {
		v->c->has_goaway = true;
		v->c->goaway = load_u32be(p + 4);
	}
	return true;
}

static void data_over(struct dissect_visit *v)
{
	v->h->phase = PHASE_PADDING;
}

static bool step_data(struct dissect_visit *v)
{
	struct half *h = v->h;
	struct str data = str_head(v->in, h->left);
	uint64_t skip;

	h->left -= (uint32_t)data.n;
	if (h->ex && data.n)
		h2_fields_data(h->ex, v->side, data);
	(void)dissect_use(v, data.n);
	if (h->left == 0) {
		data_over(v);
		return true;
	}
	skip = h->ex ? h2_fields_data_skippable(h->ex, v->side) : h->left;
	if (skip == 0)
		return dissect_answer(v, DISSECT_MORE);
	v->skip = skip < h->left ? skip : h->left;
	return dissect_answer(v, DISSECT_SKIP);
}

static bool step_settings(struct dissect_visit *v)
{
	struct half *h = v->h;

	while (h->left && v->in.n >= 6) {
		h2_report_setting(v->c, v->side, dissect_use(v, 6));
		h->left -= 6;
	}
	if (h->left)
		return dissect_answer(v, DISSECT_MORE);
	h->phase = PHASE_PADDING;
	return true;
}

static bool step_rest(struct dissect_visit *v)
{
	struct half *h = v->h;
	size_t n = size_min(v->in.n, h->left);

	(void)dissect_use(v, n);
	h->left -= (uint32_t)n;
	if (h->left) {
		v->skip = h->left;
		return dissect_answer(v, DISSECT_SKIP);
	}
	h->phase = PHASE_PADDING;
	return true;
}

static bool step_payload(struct dissect_visit *v)
{
	switch (v->h->frame.type) {
	case FRAME_DATA:
		return step_data(v);
	case FRAME_HEADERS:
	case FRAME_PUSH_PROMISE:
	case FRAME_CONTINUATION:
		return step_fragment(v);
	case FRAME_SETTINGS:
		return step_settings(v);
	default:
		return step_rest(v);
	}
}

static bool step_padding(struct dissect_visit *v)
{
	struct half *h = v->h;
	size_t n = size_min(v->in.n, h->pad);

	(void)dissect_use(v, n);
	h->pad = (uint8_t)(h->pad - n);
	if (h->pad)
		return dissect_answer(v, DISSECT_MORE);
	frame_over(v);
	return true;
}

/* ---- The dissector --------------------------------------------------------------------------- */

static void start(struct dissect_visit *v)
{
	if (!v->c->started)
		v->c->from_start = v->c->proven = v->s->from_start;
	v->c->started = true;
	v->h->phase = PHASE_PREFACE;
}

static bool step_preface(struct dissect_visit *v)
{
	int r = h2_place_begins(v->side, v->in);

	if (r == 0)
		return dissect_answer(v, DISSECT_MORE);
	if (r < 0) {
		v->c->from_start = v->c->proven = false;
		v->h->hole = true;
		v->h->phase = PHASE_RESYNC;
		return true;
	}
	v->h->phase = PHASE_FRAME;
	if (v->side == FROM_CLIENT) {
		(void)dissect_use(v, PREFACE_SIZE);
		v->c->from_start = v->c->proven = true;
	}
	return true;
}

static bool step(struct dissect_visit *v)
{
	switch ((enum phase)v->h->phase) {
	case PHASE_START:
		start(v);
		return true;
	case PHASE_PREFACE:
		return step_preface(v);
	case PHASE_FRAME:
		return step_frame(v);
	case PHASE_PREFIX:
		return step_prefix(v);
	case PHASE_PAYLOAD:
		return step_payload(v);
	case PHASE_PADDING:
		return step_padding(v);
	case PHASE_RESYNC:
		return step_resync(v);
	}
	return dissect_answer(v, DISSECT_REJECT);
}

static struct dissect_visit visit_of(struct dissect_stream *s, enum dissect_side side)
{
	struct connection *c = connection_of(s);

	return (struct dissect_visit){ .s = s, .c = c, .h = &c->half[side], .side = side };
}

static enum verdict http2_feed(struct dissect_stream *s, enum dissect_side side, struct str in,
			       size_t *used, uint64_t *skip)
{
	struct dissect_visit v = visit_of(s, side);

	v.in = in;
	while (step(&v))
		;
	*used = v.used;
	*skip = v.skip;
	return v.verdict;
}

static void http2_skipped(struct dissect_stream *s, enum dissect_side side, uint64_t n,
			  uint64_t missing)
{
	struct dissect_visit v = visit_of(s, side);
	struct exchange *ex = v.h->ex;

	v.h->left -= (uint32_t)n;
	if (ex) {
		h2_fields_data_skipped(ex, side, n);
		if (missing)
			ex->flags |= side == FROM_CLIENT ? EX_TORN_CLIENT : EX_TORN_SERVER;
	}
	if (v.h->left)
		return;
	v.h->phase = PHASE_PADDING;
	if (v.h->pad == 0)
		frame_over(&v);
}

static enum verdict http2_gap(struct dissect_stream *s, enum dissect_side side,
			      [[maybe_unused]] uint64_t bytes)
{
	h2_place_lose(s, side);
	return DISSECT_MORE;
}

static void http2_finished([[maybe_unused]] struct dissect_stream *s,
			   [[maybe_unused]] enum dissect_side side)
{
}

static void http2_close(struct dissect_stream *s)
{
	h2_exchange_end_all(s);
	h2_report_end(s);
}

extern const struct dissector http2_dissector;
const struct dissector http2_dissector = {
	.name = "http2",
	.token = "h2c",
	.ports = { 50051, 8081, 8082, 9090, 15010, 2379 },
	.state_bytes = sizeof(struct connection),
	.window_bytes = DISSECT_WINDOW_MAX,
	.probe = h2_frame_probe,
	.feed = http2_feed,
	.skipped = http2_skipped,
	.gap = http2_gap,
	.finished = http2_finished,
	.close = http2_close,
};
