// SPDX-License-Identifier: Apache-2.0
/*
 * The TLS dissector: the handshake as far as it is in clear, over TCP. It walks the records of both
 * sides and gathers the messages in them, which may lie across records and share one; those that
 * say something go to the room tls, which makes the rows. Once both sides encrypt, all is told.
 *
 * Bytes of a record are used as they come, so that behind a hole it is known where in a record one
 * is: a hole within a record costs what it hits. Behind one beyond it, a hello is looked for.
 */
#include "dissect/tls/session.h"

/* Limit: bytes of one side that are waited through for the other side to end its handshake, such as
 * where only one direction was captured. */
#define PATIENCE_BYTES (256 * KIB)

/* ---- Records --------------------------------------------------------------------------------- */

/* What follows of this side is encrypted, if the handshake is that far. */
static void side_changed(struct dissect_visit *v)
{
	session_forget(v->s, v->h);
	v->h->changed = true;
	if (!v->c->agreed)
		return;
	v->h->over = true;
	if (v->side == FROM_SERVER)
		tls_server_sealed(v->s);
}

/* Data before a ServerHello are a client's early ones, behind which another hello may come in
 * clear, or a server's whose hello was not seen. */
static void side_sends_data(struct dissect_visit *v)
{
	if (v->c->agreed || v->side == FROM_SERVER)
		v->h->over = true;
	else
		v->h->changed = true;
}

static bool record_begin(struct dissect_visit *v)
{
	const uint8_t *p = (const uint8_t *)v->in.p;
	struct half *h = v->h;
	uint16_t n = load_u16be(p + 3);

	if (p[0] < CONTENT_CHANGE_CIPHER || p[0] > CONTENT_HEARTBEAT || p[1] != 3 || n > RECORD_MAX)
		return false;
	h->begun = true;
	h->waiting = false;
	h->content = p[0];
	h->left = n;
	if (p[0] == CONTENT_DATA)
		side_sends_data(v);
	/* An alert in clear has two bytes, and an encrypted one has more. */
	if (p[0] == CONTENT_ALERT && (n != sizeof(h->alert) || h->changed))
		h->content = CONTENT_PASSED;
	dissect_use(v, RECORD_HEAD);
	return true;
}

static void step_alert(struct dissect_visit *v)
{
	struct half *h = v->h;

	while (v->in.n && h->left) {
		h->alert[sizeof(h->alert) - h->left] = (uint8_t)v->in.p[0];
		h->left--;
		dissect_use(v, 1);
	}
	if (h->left)
		return;
	v->s->messages++;
	if (tls_alert(v->s, v->side, h->alert[0], h->alert[1]))
		v->c->ended = true;
}

static void count_passed(struct half *h, size_t n)
{
	h->passed += (uint32_t)size_min(n, PATIENCE_BYTES + 1);
}

static void pass(struct dissect_visit *v)
{
	size_t n = size_min(v->in.n, v->h->left);

	v->h->left = (uint16_t)(v->h->left - n);
	if (v->h->changed)
		count_passed(v->h, n);
	dissect_use(v, n);
}

static void step_content(struct dissect_visit *v)
{
	switch ((enum content)v->h->content) {
	case CONTENT_HANDSHAKE:
		session_read(v);
		break;
	case CONTENT_ALERT:
		step_alert(v);
		break;
	case CONTENT_CHANGE_CIPHER:
		pass(v);
		if (v->h->left == 0)
			side_changed(v);
		break;
	case CONTENT_PASSED:
	case CONTENT_DATA:
	case CONTENT_HEARTBEAT:
		pass(v);
		break;
	}
}

/* ---- Finding the place ----------------------------------------------------------------------- */

/* What a side said before it spoke TLS, such as to a proxy, is passed over; else it is no TLS. */
static bool no_record(struct dissect_visit *v)
{
	if (!v->h->begun && !v->s->from_start) {
		v->h->seek = true;
		return true;
	}
	tls_mark(v->s, TLS_ANOMALY_RECORD);
	tls_end(v->s);
	return dissect_answer(v, DISSECT_REJECT);
}

static bool step_seek(struct dissect_visit *v)
{
	enum dissect_probe mine = v->side == FROM_CLIENT ? PROBE_FROM_CLIENT : PROBE_FROM_SERVER;
	const char *begin;

	while ((begin = memchr(v->in.p, CONTENT_HANDSHAKE, v->in.n))) {
		enum dissect_probe found;

		dissect_use(v, (size_t)(begin - v->in.p));
		found = probe_tls(v->in);
		if (found == PROBE_MORE)
			return dissect_answer(v, DISSECT_MORE);
		if (found == mine) {
			v->h->seek = false;
			return true;
		}
		dissect_use(v, 1);
		if (v->in.n == 0)
			return dissect_answer(v, DISSECT_MORE);
	}
	dissect_use(v, v->in.n);
	return dissect_answer(v, DISSECT_MORE);
}

/* ---- SSL 2.0 --------------------------------------------------------------------------------- */

/* The first record of a side may be one of SSL 2.0; its first byte is never one of ours. */
static bool step_v2(struct dissect_visit *v)
{
	const uint8_t *p = (const uint8_t *)v->in.p;
	size_t n = V2_HEAD + (load_u16be(p) & 0x7fffU);
	struct str body;
	uint8_t type;

	if (v->in.n < size_min(n, 13))
		return dissect_answer(v, DISSECT_MORE);
	type = probe_v2(v->in);
	if (type != (v->side == FROM_CLIENT ? TLS_V2_CLIENT_HELLO : TLS_V2_SERVER_HELLO))
		return no_record(v);
	if (v->in.n < n)
		return dissect_answer(v, DISSECT_MORE);
	body = str_skip(str_head(v->in, n), V2_HEAD + 1);
	if (v->side == FROM_CLIENT)
		tls_client_hello_v2(v->s, body);
	else
		tls_server_hello_v2(v->s, body);
	v->s->messages++;
	v->c->ended = v->side == FROM_SERVER;
	v->h->begun = true;
	v->h->waiting = false;
	dissect_use(v, n);
	return true;
}

/* ---- The dissector --------------------------------------------------------------------------- */

static bool is_done(const struct connection *c)
{
	const struct half *client = &c->half[FROM_CLIENT], *server = &c->half[FROM_SERVER];

	return c->ended || (client->over && server->over) || client->passed > PATIENCE_BYTES ||
	       server->passed > PATIENCE_BYTES;
}

static bool step_head(struct dissect_visit *v)
{
	if (v->h->seek)
		return step_seek(v);
	v->h->waiting = true;
	if (!v->h->begun && (v->in.p[0] & 0x80) && v->in.n >= V2_HEAD)
		return step_v2(v);
	if (v->in.n < RECORD_HEAD)
		return dissect_answer(v, DISSECT_MORE);
	return record_begin(v) || no_record(v);
}

static bool step(struct dissect_visit *v)
{
	struct half *h = v->h;

	if (is_done(v->c)) {
		tls_end(v->s);
		return dissect_answer(v, DISSECT_DONE);
	}
	if (h->over && v->in.n) {
		count_passed(h, v->in.n);
		dissect_use(v, v->in.n);
		return true;
	}
	if (v->in.n == 0)
		return dissect_answer(v, DISSECT_MORE);
	if (h->left == 0)
		return step_head(v);
	step_content(v);
	return true;
}

static enum verdict tls_feed(struct dissect_stream *s, enum dissect_side side, struct str in,
			     size_t *used, uint64_t *skip)
{
	struct connection *c = s->state;
	struct dissect_visit v = { .s = s, .c = c, .h = &c->half[side], .side = side, .in = in };

	while (step(&v))
		;
	*used = v.used;
	*skip = 0;
	return v.verdict;
}

/* Within a message it costs the message, within a record what is left of it. */
static bool bridge(struct dissect_stream *s, struct half *h, uint64_t bytes)
{
	if (h->waiting || bytes > h->left)
		return false;
	h->left = (uint16_t)(h->left - bytes);
	if (h->content == CONTENT_HANDSHAKE && h->head_n == TLS_MESSAGE_HEAD && bytes < h->todo) {
		uint32_t todo = h->todo - (uint32_t)bytes;
		uint8_t type = h->head[0];

		session_forget(s, h);
		h->head[0] = type;
		h->head_n = TLS_MESSAGE_HEAD;
		h->todo = todo;
		return true;
	}
	session_forget(s, h);
	h->content = CONTENT_PASSED;
	return true;
}

static enum verdict tls_gap(struct dissect_stream *s, enum dissect_side side, uint64_t bytes)
{
	struct connection *c = s->state;
	struct half *h = &c->half[side];

	if (h->over)
		return DISSECT_MORE;
	tls_mark(s, TLS_ANOMALY_HOLE);
	if (bridge(s, h, bytes))
		return DISSECT_MORE;
	session_forget(s, h);
	h->left = 0;
	h->waiting = false;
	h->seek = !c->agreed;
	h->over = c->agreed;
	return DISSECT_MORE;
}

static void tls_skipped([[maybe_unused]] struct dissect_stream *s,
			[[maybe_unused]] enum dissect_side side, [[maybe_unused]] uint64_t n,
			[[maybe_unused]] uint64_t missing)
{
}

static void tls_finished([[maybe_unused]] struct dissect_stream *s,
			 [[maybe_unused]] enum dissect_side side)
{
}

extern const struct dissector tls_dissector;
const struct dissector tls_dissector = {
	.name = "tls",
	.ports = { 443, 8443, 6443, 993, 995, 465, 853 },
	.state_bytes = sizeof(struct connection),
	.window_bytes = V2_HEAD + V2_MAX,
	.probe = probe_tls,
	.feed = tls_feed,
	.skipped = tls_skipped,
	.gap = tls_gap,
	.finished = tls_finished,
	.close = tls_end,
};
