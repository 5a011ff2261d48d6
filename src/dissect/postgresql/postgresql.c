/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The PostgreSQL dissector, of protocol 3: one record for each exchange. It walks the messages of
 * both sides by their bytes and lengths, looks at the front of few of them, and lets the rest pass
 * (DISSECT_SKIP). Behind a hole, or joined in the middle, it drops bytes up to a message that is
 * built as its table has it. Encryption that the server accepts hands the stream to whoever knows
 * it.
 */
#include "dissect/postgresql/session.h"

/* What is open stays as far as it came. */
static bool reject(struct dissect_visit *v)
{
	for (struct dissect_tx *tx = v->s->first; tx; tx = tx->next)
		ex_set(tx, EX_TORN);
	exchange_end_all(v->s);
	return dissect_answer(v, DISSECT_REJECT);
}

/* ---- Messages -------------------------------------------------------------------------------- */

static void message_over(struct dissect_stream *s, enum dissect_side side)
{
	struct half *h = &session_of(s)->half[side];

	h->phase = PHASE_HEAD;
	if (h->unsure)
		h->unsure--;
	exchange_message_over(s, side);
}

/* A message of which `front` bytes are there, its body from `head` on, and which is `whole` bytes
 * long. */
static bool begin_message(struct dissect_visit *v, enum message m, size_t head, size_t front,
			  size_t whole)
{
	struct dissect_tx *tx = exchange_for(v->s, v->side, m);
	struct str body = str_head(str_skip(v->in, head), front - head);

	v->h->message = (uint8_t)m;
	v->h->length = (uint32_t)whole;
	v->h->tx = tx;
	fields_message(v->s, tx, v->side, m, body, whole - head);
	if (v->in.n >= whole) {
		dissect_use(v, whole);
		message_over(v->s, v->side);
		return true;
	}
	v->h->left = (uint32_t)(whole - v->in.n);
	v->h->phase = PHASE_SKIP;
	v->skip = v->h->left;
	dissect_use(v, v->in.n);
	return dissect_answer(v, DISSECT_SKIP);
}

/* All that answers a request of authentication has the same byte. */
static enum message password_of(const struct connection *c)
{
	switch (c->authentication) {
	case 10:
		return MESSAGE_SASL_INITIAL;
	case 11:
		return MESSAGE_SASL_RESPONSE;
	case 7:
	case 8:
	case 9:
		return MESSAGE_GSS_RESPONSE;
	default:
		return MESSAGE_PASSWORD;
	}
}

/* No message begins here. Just behind a hole that means that the place was not the right one. */
static bool no_message(struct dissect_visit *v)
{
	if (!v->h->unsure)
		return reject(v);
	exchange_hole(v->s, v->side);
	v->h->phase = PHASE_RESYNC;
	return true;
}

static bool step_head(struct dissect_visit *v)
{
	const struct wire *w;
	enum message m;
	uint32_t length;
	size_t front;

	if (v->in.n == 0)
		return dissect_answer(v, DISSECT_MORE);
	w = wire_of(v->side, v->in.p[0]);
	if (!w)
		return no_message(v);
	if (v->in.n < 5)
		return dissect_answer(v, DISSECT_MORE);
	length = load_u32be((const uint8_t *)v->in.p + 1);
	if (length < w->min || length > w->max)
		return no_message(v);
	front = 5 + size_min(length - 4, w->front);
	if (v->in.n < front)
		return dissect_answer(v, DISSECT_MORE);
	m = (enum message)w->message;
	if (m == MESSAGE_PASSWORD)
		m = password_of(v->c);
	return begin_message(v, m, 5, front, 1 + (size_t)length);
}

static void postgresql_skipped(struct dissect_stream *s, enum dissect_side side, uint64_t n,
			       uint64_t missing)
{
	struct half *h = &session_of(s)->half[side];

	h->left -= (uint32_t)n;
	if (missing && h->tx)
		ex_set(h->tx, EX_TORN);
	if (h->left == 0)
		message_over(s, side);
}

/* ---- The beginning of a session -------------------------------------------------------------- */

/* Limit: bytes of the client that wait for the answer whether they are TLS. */
#define HOLD_MAX (3 * KIB)
/* The first byte of a TLS record that carries a handshake. */
#define TLS_HANDSHAKE 0x16

/* From here on both sides speak another protocol. */
static bool switch_to_tls(struct dissect_visit *v)
{
	exchange_end_all(v->s);
	return dissect_answer(v, DISSECT_SWITCH);
}

static enum message startup_message(struct str in)
{
	switch (load_u32be((const uint8_t *)in.p + 4)) {
	case CODE_CANCEL:
		return MESSAGE_CANCEL;
	case CODE_SSL:
		return MESSAGE_SSL_REQUEST;
	case CODE_GSS:
		return MESSAGE_GSS_REQUEST;
	default:
		return MESSAGE_STARTUP;
	}
}

static bool step_startup(struct dissect_visit *v)
{
	struct half *h = v->h;
	size_t length = 0;
	enum message m;
	int r;

	if (v->in.n == 0)
		return dissect_answer(v, DISSECT_MORE);
	if (v->c->encryption_asked && (uint8_t)v->in.p[0] == TLS_HANDSHAKE)
		return v->in.n > HOLD_MAX ? switch_to_tls(v) : dissect_answer(v, DISSECT_MORE);
	r = startup_check(v->in, &length);
	if (r == 0 || (r > 0 && v->in.n < length))
		return dissect_answer(v, DISSECT_MORE);
	if (r < 0)
		return reject(v);
	m = startup_message(v->in);
	if (m == MESSAGE_STARTUP)
		fields_startup(v->s, str_head(str_skip(v->in, 8), length - 8));
	v->c->encryption_asked = m == MESSAGE_SSL_REQUEST || m == MESSAGE_GSS_REQUEST;
	(void)begin_message(v, m, length, length, length);
	h->phase = v->c->encryption_asked ? PHASE_STARTUP : PHASE_HEAD;
	return true;
}

/* The answer to a request for encryption is a single byte. */
static bool step_encryption(struct dissect_visit *v)
{
	char c = v->in.p[0];
	struct dissect_tx *tx = v->s->first;

	v->c->encryption_asked = false;
	if (c != 'S' && c != 'N' && c != 'G')
		return true;
	dissect_use(v, 1);
	if (tx) {
		exchange_answered(v->s, tx);
		exchange_of(tx)->encryption = c == 'N' ? 2 : 1;
		exchange_of(tx)->bytes[FROM_SERVER]++;
	}
	if (c == 'N')
		return true;
	if (tx)
		ex_set(tx, EX_ANSWERED_ALL);
	if (c == 'S')
		return switch_to_tls(v);
	exchange_end_all(v->s);
	return dissect_answer(v, DISSECT_DONE);
}

/* ---- Finding the place ----------------------------------------------------------------------- */

/* Limit: messages that are checked to recognise a stream. */
#define PROBE_MESSAGES 3
/* Limit: messages behind a found place before it is held to be the right one. */
#define UNSURE_MESSAGES 3

/* Does a message begin here? One that says nothing but its byte looks like a value of one letter in
 * front of one of four bytes: of a server it counts with the next one; of a client it may be the
 * last for long, and is passed over. */
static int check_place(enum dissect_side side, struct str in)
{
	for (unsigned n = 0; n < PROBE_MESSAGES; n++) {
		size_t length = 0;
		int r = message_check(side, in, &length);

		if (r <= 0 || length > 5)
			return r;
		if (side == FROM_CLIENT)
			return -1;
		in = str_skip(in, length);
	}
	return 1;
}

static bool step_resync(struct dissect_visit *v)
{
	size_t at = 0;
	int r = -1;

	for (; at < v->in.n; at++) {
		r = check_place(v->side, str_skip(v->in, at));
		if (r >= 0)
			break;
	}
	dissect_use(v, at);
	if (r <= 0)
		return dissect_answer(v, DISSECT_MORE);
	v->h->phase = PHASE_HEAD;
	v->h->unsure = UNSURE_MESSAGES;
	return true;
}

/* A client begins with a packet whose first byte is zero, and no message's is. */
static bool step_begin(struct dissect_visit *v)
{
	if (v->in.n == 0)
		return dissect_answer(v, DISSECT_MORE);
	if (v->side == FROM_CLIENT && v->in.p[0] == '\0') {
		size_t length;
		int r = v->s->from_start ? 1 : startup_check(v->in, &length);

		if (r == 0)
			return dissect_answer(v, DISSECT_MORE);
		v->h->phase = r > 0 ? PHASE_STARTUP : PHASE_RESYNC;
	} else {
		v->h->phase = v->s->from_start ? PHASE_HEAD : PHASE_RESYNC;
	}
	return true;
}

static enum verdict postgresql_gap(struct dissect_stream *s, enum dissect_side side,
				   [[maybe_unused]] uint64_t bytes)
{
	struct connection *c = session_of(s);

	exchange_hole(s, side);
	c->half[side].phase = PHASE_RESYNC;
	c->encryption_asked = false;
	return DISSECT_MORE;
}

/* ---- The dissector --------------------------------------------------------------------------- */

static bool step(struct dissect_visit *v)
{
	if (v->side == FROM_SERVER && v->c->encryption_asked && v->in.n)
		return step_encryption(v);
	switch ((enum phase)v->h->phase) {
	case PHASE_BEGIN:
		return step_begin(v);
	case PHASE_STARTUP:
		return step_startup(v);
	case PHASE_HEAD:
		return step_head(v);
	case PHASE_RESYNC:
		return step_resync(v);
	case PHASE_SKIP:
		break;
	}
	return reject(v);
}

static enum verdict postgresql_feed(struct dissect_stream *s, enum dissect_side side, struct str in,
				    size_t *used, uint64_t *skip)
{
	struct connection *c = session_of(s);
	struct dissect_visit v = { .s = s, .c = c, .h = &c->half[side], .side = side, .in = in };

	while (step(&v))
		;
	*used = v.used;
	*skip = v.skip;
	return v.verdict;
}

/* Messages that say nothing but their byte convince only together with others, or alone. */
static int probe_side(enum dissect_side side, struct str in)
{
	unsigned good = 0;

	while (good < PROBE_MESSAGES) {
		size_t length = 0;
		int r = message_check(side, in, &length);

		if (r <= 0)
			return r;
		good += length == 5 ? 1 : 2;
		if (in.n == length)
			return 1;
		in = str_skip(in, length);
	}
	return 1;
}

static enum dissect_probe postgresql_probe(struct str in)
{
	size_t length = 0;
	int client, server;

	if (in.n && in.p[0] == '\0') {
		client = startup_check(in, &length);
		return client > 0 ? PROBE_FROM_CLIENT : client == 0 ? PROBE_MORE : PROBE_NO;
	}
	client = probe_side(FROM_CLIENT, in);
	server = probe_side(FROM_SERVER, in);
	if (client > 0)
		return PROBE_FROM_CLIENT;
	if (server > 0)
		return PROBE_FROM_SERVER;
	return client == 0 || server == 0 ? PROBE_MORE : PROBE_NO;
}

static void postgresql_finished([[maybe_unused]] struct dissect_stream *s,
				[[maybe_unused]] enum dissect_side side)
{
}

static void postgresql_close(struct dissect_stream *s)
{
	exchange_end_all(s);
}

extern const struct dissector postgresql_dissector;
const struct dissector postgresql_dissector = {
	.name = "postgresql",
	.ports = { 5432, 5433, 6432, 26257 },
	.state_bytes = sizeof(struct connection),
	.window_bytes = 16 * KIB,
	.probe = postgresql_probe,
	.feed = postgresql_feed,
	.skipped = postgresql_skipped,
	.gap = postgresql_gap,
	.finished = postgresql_finished,
	.close = postgresql_close,
};
