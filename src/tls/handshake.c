// SPDX-License-Identifier: Apache-2.0
/*
 * Which message belongs to which row. Hellos pair in their order: that also holds where a capture
 * has the two directions in the wrong one, where a client says hello twice, and where the server
 * asks it to.
 */
#include "tls/handshake.h"

#include "tls/der.h"
#include "tls/names.h"

static void row_end(struct dissect_stream *s, struct dissect_tx *tx)
{
	hs_put_end(tx);
	dissect_tx_commit(s, tx);
}

/* The oldest open row that has not this flag yet, or a new one; NULL when there is no memory. */
static struct dissect_tx *row_for(struct dissect_stream *s, uint64_t flag)
{
	struct dissect_tx *tx = s->first;

	while (tx && hs_has(tx, flag))
		tx = tx->next;
	if (!tx && s->open >= TLS_WAITING_MAX)
		row_end(s, s->first);
	if (!tx)
		tx = dissect_tx_open(s, record_kind_by_id(KIND_TLS), 0);
	if (tx)
		hs_set(tx, flag);
	return tx;
}

/* The newest row that a server answered, or the newest. */
static struct dissect_tx *row_now(struct dissect_stream *s)
{
	struct dissect_tx *now = s->last;

	for (struct dissect_tx *tx = s->first; tx; tx = tx->next)
		if (hs_has(tx, HS_SERVER))
			now = tx;
	return now;
}

void tls_end(struct dissect_stream *s)
{
	while (s->first)
		row_end(s, s->first);
}

/* ---- Hellos ---------------------------------------------------------------------------------- */

static void client_hello(struct dissect_stream *s, const struct tls_hello *h,
			 const struct tls_carrier *by)
{
	struct dissect_tx *tx = row_for(s, HS_CLIENT);

	if (!tx)
		return;
	tx->marked_ns = s->at_ns;
	hs_put_client(tx, h, by);
	/* An answer that was there before waited for its question. */
	if (hs_has(tx, HS_SERVER) && tx->note[NOTE_FLAGS] & HS_AGAIN)
		row_end(s, tx);
}

void tls_client_hello(struct dissect_stream *s, struct str body, const struct tls_carrier *by)
{
	struct tls_hello h;

	tls_hello_parse_client(body, &h);
	client_hello(s, &h, by);
}

void tls_client_hello_v2(struct dissect_stream *s, struct str body)
{
	static const struct tls_carrier tcp = { TLS_OVER_TCP, { NULL, 0 } };
	struct tls_hello h;

	tls_hello_parse_client_v2(body, &h);
	client_hello(s, &h, &tcp);
}

static struct dissect_tx *answered(struct dissect_stream *s)
{
	struct dissect_tx *tx = row_for(s, HS_SERVER);

	if (tx && hs_has(tx, HS_CLIENT) && s->at_ns >= tx->marked_ns)
		row_put_dur(tx->row, tls_latency, s->at_ns - tx->marked_ns);
	return tx;
}

/* TLS 1.3 and its drafts, those of single companies among them: 0x7f.. and 0xfb... */
static bool is_1_3(uint16_t version)
{
	return version == 0x0304 || version >> 8 == 0x7f || version >> 8 == 0xfb;
}

enum tls_agreed tls_server_hello(struct dissect_stream *s, struct str body,
				 const struct tls_carrier *by)
{
	struct dissect_tx *tx = answered(s);
	struct tls_hello h;

	tls_hello_parse_server(body, &h);
	if (tx)
		hs_put_server(tx, &h, by);
	if (tx && h.retry) {
		hs_set(tx, HS_AGAIN);
		row_put_bool(tx->row, tls_retry, true);
		if (hs_has(tx, HS_CLIENT))
			row_end(s, tx);
	}
	if (h.retry)
		return TLS_AGAIN;
	return is_1_3(h.version) ? TLS_ALL_SEALED : TLS_IN_CLEAR;
}

bool tls_is_hello(enum dissect_side side, struct str body)
{
	struct tls_hello h;

	if (side == FROM_CLIENT)
		tls_hello_parse_client(body, &h);
	else
		tls_hello_parse_server(body, &h);
	return !h.malformed && h.legacy_version >= 0x0300 && h.legacy_version <= 0x0303;
}

/*
 * SSL 2.0 | hit u8 | certificate type u8 | version u16 | three lengths u16 | certificate | suites
 *         | connection id
 */
void tls_server_hello_v2(struct dissect_stream *s, struct str body)
{
	static const struct tls_carrier tcp = { TLS_OVER_TCP, { NULL, 0 } };
	struct cur c = cur_of(body.p, body.n);
	struct dissect_tx *tx = answered(s);
	struct tls_hello h = { .v2 = true };
	size_t certificate, suites;
	const uint8_t *p;

	if (!tx)
		return;
	h.psk = cur_u8(&c) != 0;
	(void)cur_u8(&c);
	h.legacy_version = h.version = cur_u16be(&c);
	certificate = cur_u16be(&c);
	suites = cur_u16be(&c);
	cur_skip(&c, 2);
	p = cur_take(&c, certificate);
	h.malformed = !cur_ok(&c) || suites > c.n;
	hs_put_server(tx, &h, &tcp);
	if (p && certificate)
		hs_put_certificate(tx, (struct str){ (const char *)p, certificate }, s->at_ns);
	/* The client chooses, of those that the server leaves; the first is as good as any. */
	if (!h.malformed && suites >= SUITE_V2_BYTES)
		hs_put_suite_v2(tx, (uint32_t)c.p[0] << 16 | load_u16be(c.p + 1));
}

/* ---- The rest -------------------------------------------------------------------------------- */

void tls_certificate(struct dissect_stream *s, enum dissect_side side, struct str body)
{
	struct dissect_tx *tx = row_now(s);

	if (!tx)
		return;
	if (side == FROM_SERVER)
		hs_set(tx, HS_FULL);
	hs_put_certificates(tx, side, body, s->at_ns);
}

#define DH_BITS_ENOUGH 2048

/* RFC 8422 §5.4: a named curve. RFC 5246 §7.4.3: the modulus of Diffie and Hellman. Which of them
 * it is, the suite says. */
void tls_key_exchange(struct dissect_stream *s, struct str body)
{
	struct dissect_tx *tx = row_now(s);
	struct cur c = cur_of(body.p, body.n);
	struct str suite;

	if (!tx)
		return;
	hs_set(tx, HS_FULL);
	suite = tls_name_find(&tls_name_suites, hs_suite(tx));
	if (str_contains(suite, STR("PSK")) || str_contains(suite, STR("SRP")))
		return;
	if (str_starts(suite, STR("TLS_ECDH"))) {
		uint8_t type = cur_u8(&c);
		uint16_t group = cur_u16be(&c);

		if (cur_ok(&c) && type == 3)
			hs_put_group(tx, group);
	} else if (str_starts(suite, STR("TLS_DH"))) {
		size_t n = cur_u16be(&c);
		const uint8_t *p = cur_take(&c, n);

		if (p && der_bits((struct str){ (const char *)p, n }) < DH_BITS_ENOUGH)
			hs_weak(tx, WEAK_DH);
	}
	if (!cur_ok(&c))
		hs_mark(tx, TLS_ANOMALY_KEY_EXCHANGE);
}

void tls_not_resumed(struct dissect_stream *s)
{
	struct dissect_tx *tx = row_now(s);

	if (tx)
		hs_set(tx, HS_FULL);
}

void tls_server_sealed(struct dissect_stream *s)
{
	struct dissect_tx *tx = row_now(s);

	if (tx && hs_has(tx, HS_SERVER))
		row_put_bool(tx->row, tls_resumed, !hs_has(tx, HS_FULL));
}

bool tls_alert(struct dissect_stream *s, enum dissect_side side, uint8_t level, uint8_t description)
{
	struct dissect_tx *tx = row_now(s);

	if (tx)
		hs_put_alert(tx, side, level, description);
	return level == 2;
}

void tls_mark(struct dissect_stream *s, enum tls_anomaly what)
{
	struct dissect_tx *tx = row_now(s);

	if (tx)
		hs_mark(tx, what);
}
