/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The WebSocket dissector (RFC 6455): one record for each message and each control frame of a
 * stream that HTTP handed over; it is never recognised by its bytes, which may be anything. Payload
 * goes by unseen, but for close codes and what is inflated to be counted. A hole within a payload
 * is survived, since the next frame's place is known; behind any other the stream ends, as frames
 * have no mark by which they could be found again.
 *
 *   FIN RSV1-3 opcode | MASK length (7 bits) | length (0, 2 or 8 bytes) | mask (0 or 4) | payload …
 */
#include "dissect/ws/message.h"

#define CONTROL_MAX 125 /* bytes of a control frame (§5.5) */
#define HEAD_MAX    14

enum { CODE_CONTINUATION, CODE_TEXT, CODE_BINARY, CODE_CLOSE = 8, CODE_PING, CODE_PONG };

/* One frame's head. */
struct frame {
	uint64_t length;
	uint8_t code;
	bool fin, masked, length_long;
	uint8_t rsv; /* RSV1 is 4, RSV2 is 2, RSV3 is 1 */
	uint8_t mask[4];
};

struct half {
	bool in_payload;
	bool closed; /* a close frame was sent */
	struct frame frame;
	uint64_t at;               /* in the payload */
	struct ws_message message; /* may wait for further frames … */
	struct ws_message control; /* … while one of these comes in between */
	struct ws_deflate deflate;
	uint64_t sequence;
};

struct connection {
	struct half half[2]; /* by enum dissect_side */
	bool ready;
	bool extended; /* some extension was agreed */
};
static_assert(sizeof(struct connection) <= DISSECT_STATE_MAX, "a connection fits its state");

static struct half *half_of(const struct dissect_stream *s, enum dissect_side side)
{
	return &((struct connection *)s->state)->half[side];
}

static bool is_control(const struct frame *f)
{
	return f->code >= CODE_CLOSE;
}

static struct ws_message *current(struct half *h)
{
	return is_control(&h->frame) ? &h->control : &h->message;
}

/* ---- Heads ----------------------------------------------------------------------------------- */

/* The length of the head at the front of in, 0 while it is not whole, -EBADMSG when it is none. */
static ptrdiff_t read_head(struct str in, struct frame *f)
{
	struct cur c = cur_of(in.p, in.n);
	uint8_t first = cur_u8(&c), second = cur_u8(&c);
	const uint8_t *mask;

	*f = (struct frame){ .fin = first >> 7, .rsv = first >> 4 & 7, .code = first & 15 };
	f->masked = second >> 7;
	f->length = second & 127;
	if (f->length == 126) {
		f->length = cur_u16be(&c);
		f->length_long = f->length < 126;
	} else if (f->length == 127) {
		f->length = (uint64_t)cur_u32be(&c) << 32;
		f->length |= cur_u32be(&c);
		f->length_long = f->length <= UINT16_MAX;
	}
	mask = f->masked ? cur_take(&c, sizeof(f->mask)) : NULL;
	if (!cur_ok(&c))
		return 0;
	if (mask)
		memcpy(f->mask, mask, sizeof(f->mask));
	return f->length > INT64_MAX ? -EBADMSG : (ptrdiff_t)(in.n - c.n);
}

static bool is_reserved(const struct frame *f)
{
	return (f->code > CODE_BINARY && f->code < CODE_CLOSE) || f->code > CODE_PONG;
}

/* What is unusual in the head alone. */
static unsigned head_marks(const struct connection *c, enum dissect_side side,
			   const struct frame *f)
{
	const struct half *h = &c->half[side];
	bool begins = f->code == CODE_TEXT || f->code == CODE_BINARY;
	unsigned marks = 0;

	if (side == FROM_CLIENT && !f->masked)
		marks |= WS_BIT(CLIENT_UNMASKED);
	if (side == FROM_SERVER && f->masked)
		marks |= WS_BIT(SERVER_MASKED);
	if (is_reserved(f))
		marks |= WS_BIT(RESERVED_OPCODE);
	if (f->rsv && (!c->extended || (h->deflate.agreed && f->rsv == 4 && !begins)))
		marks |= WS_BIT(RESERVED_BITS);
	if (f->length_long)
		marks |= WS_BIT(LENGTH_LONG);
	if (is_control(f) && !f->fin)
		marks |= WS_BIT(CONTROL_SPLIT);
	if (is_control(f) && f->length > CONTROL_MAX)
		marks |= WS_BIT(CONTROL_LONG);
	if (h->closed)
		marks |= WS_BIT(AFTER_CLOSE);
	return marks;
}

/* Two of these at once are no peer's mistake: the bytes are something else. */
static bool is_hopeless(unsigned marks)
{
	unsigned doubts = marks & (WS_BIT(CLIENT_UNMASKED) | WS_BIT(SERVER_MASKED) |
				   WS_BIT(RESERVED_OPCODE) | WS_BIT(RESERVED_BITS));

	return __builtin_popcount(doubts) > 1;
}

/* ---- Content --------------------------------------------------------------------------------- */

static void inflated(struct ws_message *m, enum ws_inflated r)
{
	m->counting = r == INFLATED;
	if (r == INFLATE_CAP)
		m->marks |= WS_BIT(INFLATE_CAP);
	else if (r == INFLATE_ERROR)
		m->marks |= WS_BIT(INFLATE_ERROR);
}

/* Within a frame that is inflated or has a close code; all else goes by. */
static bool reads_payload(const struct half *h)
{
	if (is_control(&h->frame))
		return h->frame.code == CODE_CLOSE && h->at < 2;
	return h->message.compressed && h->message.counting;
}

static void unmask(const struct half *h, struct str in, char *out)
{
	for (size_t i = 0; i < in.n; i++)
		out[i] = (char)((uint8_t)in.p[i] ^ h->frame.mask[(h->at + i) & 3]);
}

static void count_content(struct dissect_stream *s, struct half *h, struct str in)
{
	char plain[1024];
	struct ws_message *m = &h->message;

	if (h->frame.masked) {
		unmask(h, in, plain);
		in.p = plain;
	}
	inflated(m, ws_deflate_put(&h->deflate, s->heap, in, &m->content));
}

static void read_code(struct half *h, struct str in)
{
	char byte;

	unmask(h, in, &byte);
	h->control.close_code = (uint16_t)(h->control.close_code << 8 | (uint8_t)byte);
	h->control.code_bytes++;
}

/* Some bytes of a payload that is looked at; answers how many were. */
static size_t read_payload(struct dissect_stream *s, struct half *h, struct str in)
{
	bool control = is_control(&h->frame);
	size_t n = (size_t)(h->frame.length - h->at);

	in = str_head(in, size_min(n, control ? 1 : 1024));
	if (control)
		read_code(h, in);
	else
		count_content(s, h, in);
	return in.n;
}

static void pass(struct half *h, uint64_t n)
{
	h->at += n;
	current(h)->bytes += n;
}

/* ---- Frames ---------------------------------------------------------------------------------- */

static uint8_t opcode_of(const struct frame *f)
{
	switch (f->code) {
	case CODE_TEXT:
		return WS_TEXT;
	case CODE_BINARY:
		return WS_BINARY;
	case CODE_CLOSE:
		return WS_CLOSE;
	case CODE_PING:
		return WS_PING;
	case CODE_PONG:
		return WS_PONG;
	default:
		return WS_OTHER;
	}
}

static void begin_message(struct dissect_stream *s, struct half *h, enum dissect_side side,
			  struct ws_message *m)
{
	const struct frame *f = &h->frame;

	ws_message_begin(s, m, side, ++h->sequence);
	m->opcode = opcode_of(f);
	m->masked = f->masked;
	if (is_control(f))
		return;
	m->compressed = h->deflate.agreed && f->rsv & 4 && f->code != CODE_CONTINUATION;
	if (m->compressed)
		inflated(m, ws_deflate_begin(&h->deflate, s->heap));
}

static void begin_frame(struct dissect_stream *s, struct half *h, enum dissect_side side,
			unsigned marks)
{
	struct ws_message *m = current(h);
	bool goes_on = h->frame.code == CODE_CONTINUATION;

	if (m->open && !goes_on && !is_control(&h->frame)) {
		m->marks |= WS_BIT(INTERRUPTED);
		if (m->compressed)
			ws_deflate_lose(&h->deflate, s->heap);
		ws_message_end(s, m, false);
	}
	if (!m->open) {
		if (goes_on)
			marks |= WS_BIT(STRAY);
		begin_message(s, h, side, m);
	}
	m->marks |= (uint16_t)marks;
	m->frames++;
	h->at = 0;
	h->in_payload = true;
}

/* Codes that never stand in a frame (§7.4.1), and those that nobody may use (§7.4.2). */
static bool is_close_code(unsigned code)
{
	return code >= 1000 && code < 5000 && code != 1004 && code != 1005 && code != 1006 &&
	       code != 1015;
}

/* A close frame without a code stands for 1005 (§7.1.5). */
static void end_close(struct half *h)
{
	struct ws_message *m = &h->control;

	h->closed = true;
	if (h->frame.length == 0)
		m->close_code = 1005;
	else if (h->frame.length == 1 || (m->code_bytes == 2 && !is_close_code(m->close_code)))
		m->marks |= WS_BIT(CLOSE_INVALID);
	if (h->frame.length > 0 && m->code_bytes < 2)
		m->close_code = 0;
}

/* seen: its last byte was. */
static void end_frame(struct dissect_stream *s, struct half *h, bool seen)
{
	struct ws_message *m = current(h);

	h->in_payload = false;
	if (h->frame.code == CODE_CLOSE)
		end_close(h);
	if (!is_control(&h->frame) && !h->frame.fin)
		return;
	if (m->compressed && m->counting)
		inflated(m, ws_deflate_end(&h->deflate, s->heap, &m->content));
	s->messages += seen;
	ws_message_end(s, m, true);
}

/* ---- The dissector --------------------------------------------------------------------------- */

static void end_all(struct dissect_stream *s)
{
	for (unsigned side = 0; side < 2; side++) {
		struct half *h = half_of(s, side);

		if (h->message.open)
			ws_message_end(s, &h->message, false);
		if (h->control.open)
			ws_message_end(s, &h->control, false);
	}
}

static enum verdict reject(struct dissect_stream *s)
{
	end_all(s);
	return DISSECT_REJECT;
}

static struct connection *connection_of(struct dissect_stream *s)
{
	struct connection *c = s->state;
	struct ws_deflate deflate[2] = { 0 };

	if (c->ready)
		return c;
	c->ready = true;
	c->extended = ws_deflate_agree(s->handed, deflate);
	c->half[FROM_CLIENT].deflate = deflate[FROM_CLIENT];
	c->half[FROM_SERVER].deflate = deflate[FROM_SERVER];
	return c;
}

static enum verdict ws_feed(struct dissect_stream *s, enum dissect_side side, struct str in,
			    size_t *used, uint64_t *skip)
{
	struct connection *c = connection_of(s);
	struct half *h = &c->half[side];
	size_t whole = in.n;

	for (;; *used = whole - in.n) {
		if (h->in_payload && h->at == h->frame.length) {
			end_frame(s, h, true);
		} else if (h->in_payload && !reads_payload(h)) {
			*skip = h->frame.length - h->at;
			return DISSECT_SKIP;
		} else if (in.n == 0) {
			return DISSECT_MORE;
		} else if (h->in_payload) {
			size_t n = read_payload(s, h, in);

			pass(h, n);
			in = str_skip(in, n);
		} else {
			ptrdiff_t n = read_head(in, &h->frame);
			unsigned marks = n > 0 ? head_marks(c, side, &h->frame) : 0;

			if (n == 0)
				return DISSECT_MORE;
			if (n < 0 || is_hopeless(marks))
				return reject(s);
			begin_frame(s, h, side, marks);
			in = str_skip(in, (size_t)n);
		}
	}
}

static void ws_skipped(struct dissect_stream *s, enum dissect_side side, uint64_t n,
		       uint64_t missing)
{
	struct half *h = half_of(s, side);

	pass(h, n);
	if (missing)
		current(h)->torn = true;
	if (h->at == h->frame.length)
		end_frame(s, h, missing == 0);
}

/* Only a payload that is read is not skipped, and has a known place behind it. */
static enum verdict ws_gap(struct dissect_stream *s, enum dissect_side side, uint64_t bytes)
{
	struct half *h = &connection_of(s)->half[side];
	struct ws_message *m = current(h);

	if (!h->in_payload || bytes > h->frame.length - h->at)
		return reject(s);
	m->torn = true;
	if (m->compressed) {
		m->counting = false;
		ws_deflate_lose(&h->deflate, s->heap);
	}
	pass(h, bytes);
	if (h->at == h->frame.length)
		end_frame(s, h, false);
	return DISSECT_MORE;
}

/* Frames say themselves where they end. */
static void ws_finished([[maybe_unused]] struct dissect_stream *s,
			[[maybe_unused]] enum dissect_side side)
{
}

static enum dissect_probe ws_probe([[maybe_unused]] struct str in)
{
	return PROBE_NO;
}

extern const struct dissector ws_dissector;
const struct dissector ws_dissector = {
	.name = "ws",
	.token = "websocket",
	.state_bytes = sizeof(struct connection),
	.window_bytes = 4 * KIB,
	.probe = ws_probe,
	.feed = ws_feed,
	.skipped = ws_skipped,
	.gap = ws_gap,
	.finished = ws_finished,
	.close = end_all,
};
