/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The DNS dissector, of datagrams and of streams: recognises, cuts streams into messages (RFC 1035
 * 4.2.2), and pairs by id and question; the bit of the message says who speaks, as both ends may
 * have the same port. A query that comes again before its response is the same row. A response that
 * comes again has nothing to pair with and is a row by itself, as are all messages of multicast.
 * Transfers are one row for all their messages.
 */
#include "dissect/dns/message.h"

enum { PORT_DNS = 53, PORT_NETBIOS_NS = 137, PORT_MDNS = 5353, PORT_LLMNR = 5355 };

#define PREFIX_BYTES 2
/* Limit: what looked like a message behind a hole and was none, before the stream is given up. */
#define RESYNC_TRIES_MAX 16

struct half {
	bool begun;
	bool lost; /* the next byte is not known to be a message's first */
	uint8_t tries;
};

struct connection {
	struct half half[2]; /* by enum dissect_side */
};
static_assert(sizeof(struct connection) <= DISSECT_STATE_MAX, "a connection fits its state");

/* The message being read. It is never kept over a call, and the process has one thread; static, it
 * is not cleared for each call. */
static struct message scratch;

static const struct record_kind *dns_kind(void)
{
	static const struct record_kind *kind;

	if (!kind)
		kind = record_kind_by_id(KIND_DNS);
	return kind;
}

/* ---- Transports ------------------------------------------------------------------------------ */

static bool has_port(uint16_t a, uint16_t b, uint16_t port)
{
	return a == port || b == port;
}

/* Does the first question end in the domain of multicast? */
static bool asks_local(const struct message *m)
{
	static const char domain[] = "\005local"; /* with its root */
	const char *end;

	if (m->questions == 0 || m->name_end < HEADER_BYTES + sizeof(domain))
		return false;
	end = m->in.p + m->name_end;
	return str_eq_nocase((struct str){ end - sizeof(domain), sizeof(domain) },
			     (struct str){ domain, sizeof(domain) });
}

/* Name servers of clusters use the port of multicast, too; it is multicast from that port, or with
 * the id of multicast, or for its domain. */
static enum dns_transport datagram_transport(const struct dissect_stream *s,
					     const struct message *m)
{
	if (has_port(s->src_port, s->dst_port, PORT_LLMNR))
		return DNS_LLMNR;
	if (!has_port(s->src_port, s->dst_port, PORT_MDNS))
		return DNS_UDP;
	return s->src_port == s->dst_port || m->id == 0 || asks_local(m) ? DNS_MDNS : DNS_UDP;
}

/* ---- Pairing --------------------------------------------------------------------------------- */

static enum dns_state state_of(const struct row *row)
{
	bool asked = row_u64(row, dns_queries), answered = row_u64(row, dns_responses);
	uint64_t transport = row->slot[dns_transport.ref.slot].u;

	if (asked && answered)
		return DNS_COMPLETE;
	if (transport == DNS_MDNS || transport == DNS_LLMNR)
		return DNS_MULTICAST;
	return asked ? DNS_NO_RESPONSE : DNS_NO_REQUEST;
}

static void end(struct dissect_stream *s, struct dissect_tx *tx)
{
	dns_fields_end(tx);
	row_put_enum(tx->row, dns_state, state_of(tx->row));
	dissect_tx_commit(s, tx);
}

static void dns_close(struct dissect_stream *s)
{
	while (s->first)
		end(s, s->first);
}

static enum verdict give_up(struct dissect_stream *s)
{
	dns_close(s);
	return DISSECT_REJECT;
}

/* The query of a response. Without a question, as some errors and later messages of a transfer are,
 * the id alone must do. */
static struct dissect_tx *find_query(struct dissect_stream *s, const struct message *m)
{
	struct dissect_tx *tx;

	if (m->questions)
		return dissect_tx_find(s, m->key);
	for (tx = s->first; tx; tx = tx->next)
		if (key_id(tx->key) == m->id)
			return tx;
	return NULL;
}

/* Queries that are not answered any more make room. */
static struct dissect_tx *open_row(struct dissect_stream *s, uint64_t key,
				   enum dns_transport transport)
{
	while (transport != DNS_TCP && s->first &&
	       s->at_ns - s->first->began_ns > DISSECT_ANSWER_NS)
		end(s, s->first);
	if (s->first && s->open >= DISSECT_OPEN_MAX)
		end(s, s->first);
	return dissect_tx_open(s, dns_kind(), key);
}

static void on_query(struct dissect_stream *s, const struct message *m,
		     enum dns_transport transport)
{
	struct dissect_tx *tx = dissect_tx_find(s, m->key);

	if (tx && row_u64(tx->row, dns_responses) == 0) {
		dns_fields_again(tx, m);
		return;
	}
	if (tx)
		end(s, tx);
	tx = open_row(s, m->key, transport);
	if (tx)
		dns_fields_query(tx, m, transport);
}

/* A transfer ends with the SOA that it began with (RFC 5936 2.2); where an incremental one ends is
 * not told by one message (RFC 1995 4), so that it ends with its stream. */
static bool goes_on(const struct dissect_tx *tx, const struct message *m,
		    enum dns_transport transport)
{
	if (transport != DNS_TCP || (m->flags & 15) || m->count[SECTION_ANSWER] == 0)
		return false;
	if (tx->note[NOTE_TYPE] == TYPE_AXFR)
		return tx->note[NOTE_SOAS] < 2 || !m->ends_in_soa;
	return tx->note[NOTE_TYPE] == TYPE_IXFR &&
	       (row_u64(tx->row, dns_responses) > 1 || m->count[SECTION_ANSWER] > 1);
}

static void on_response(struct dissect_stream *s, const struct message *m,
			enum dns_transport transport)
{
	struct dissect_tx *tx = find_query(s, m);

	if (!tx)
		tx = open_row(s, m->key, transport);
	if (!tx)
		return;
	dns_fields_response(tx, m, transport, s->at_ns);
	if (!goes_on(tx, m, transport))
		end(s, tx);
}

static void on_multicast(struct dissect_stream *s, const struct message *m)
{
	struct dissect_tx *tx = open_row(s, m->key, DNS_MDNS);

	if (!tx)
		return;
	if (message_is_response(m))
		dns_fields_response(tx, m, DNS_MDNS, s->at_ns);
	else
		dns_fields_query(tx, m, DNS_MDNS);
	end(s, tx);
}

static void on_message(struct dissect_stream *s, const struct message *m,
		       enum dns_transport transport)
{
	s->messages++;
	if (transport == DNS_MDNS && s->src_port == s->dst_port)
		on_multicast(s, m);
	else if (message_is_response(m))
		on_response(s, m, transport);
	else
		on_query(s, m, transport);
}

/* ---- Datagrams ------------------------------------------------------------------------------- */

static bool is_usual(uint16_t a, uint16_t b)
{
	return has_port(a, b, PORT_DNS) || has_port(a, b, PORT_MDNS) || has_port(a, b, PORT_LLMNR);
}

static enum dissect_probe speaker(struct str in)
{
	assert(in.p && in.n >= HEADER_BYTES);
	return (uint8_t)in.p[2] & 0x80 ? PROBE_FROM_SERVER : PROBE_FROM_CLIENT;
}

/* NetBIOS names have the same form and are none of ours. */
static bool looks_like_datagram(struct str in, uint16_t src_port, uint16_t dst_port)
{
	if (in.n < HEADER_BYTES || has_port(src_port, dst_port, PORT_NETBIOS_NS))
		return false;
	if (is_usual(src_port, dst_port))
		return dns_message_looks_loose(in);
	return dns_message_looks_strict(in, in.n) > 0;
}

static enum dissect_probe dns_probe_datagram(struct str in, uint16_t src_port, uint16_t dst_port)
{
	return looks_like_datagram(in, src_port, dst_port) ? speaker(in) : PROBE_NO;
}

static enum verdict dns_datagram(struct dissect_stream *s, [[maybe_unused]] enum dissect_side side,
				 struct str in, size_t missing)
{
	if (in.n < HEADER_BYTES)
		return DISSECT_MORE;
	dns_message_parse(&scratch, in, missing);
	if (scratch.anomalies && !missing && !is_usual(s->src_port, s->dst_port))
		return give_up(s);
	on_message(s, &scratch, datagram_transport(s, &scratch));
	return DISSECT_MORE;
}

/* ---- Streams --------------------------------------------------------------------------------- */

static size_t message_length(struct str in)
{
	return load_u16be((const uint8_t *)in.p);
}

static enum dissect_probe dns_probe(struct str in)
{
	int r;

	if (in.n < PREFIX_BYTES)
		return PROBE_MORE;
	r = dns_message_looks_strict(str_skip(in, PREFIX_BYTES), message_length(in));
	if (r == 0)
		return PROBE_MORE;
	return r > 0 ? speaker(str_skip(in, PREFIX_BYTES)) : PROBE_NO;
}

/* A stream's window may hold the front of the longest message only. */
static size_t shown_length(size_t length)
{
	return size_min(length, DISSECT_WINDOW_MAX - PREFIX_BYTES);
}

/* Drops bytes up to what looks like a whole message; the half is placed there then. The front of it
 * is looked at each time that more bytes come, all of it but once. */
static enum verdict find_place(struct half *h, struct str in, size_t *used)
{
	for (*used = 0; in.n - *used >= PREFIX_BYTES; ++*used) {
		struct str rest = str_skip(in, *used);
		size_t length = shown_length(message_length(rest));

		rest = str_skip(rest, PREFIX_BYTES);
		if (length == 0 || dns_message_looks_strict(str_head(rest, length - 1), length) < 0)
			continue;
		if (rest.n < length)
			break;
		h->lost = dns_message_looks_strict(rest, length) <= 0;
		if (!h->lost)
			break;
		if (++h->tries > RESYNC_TRIES_MAX)
			return DISSECT_REJECT;
	}
	return DISSECT_MORE;
}

/* The message at the front of in, if it is there. */
static enum verdict next_message(struct dissect_stream *s, struct str in, size_t *used,
				 uint64_t *skip)
{
	size_t length, shown;

	*used = 0;
	if (in.n < PREFIX_BYTES)
		return DISSECT_MORE;
	length = message_length(in);
	shown = shown_length(length);
	if (length < HEADER_BYTES)
		return give_up(s);
	if (in.n < PREFIX_BYTES + shown)
		return DISSECT_MORE;
	dns_message_parse(&scratch, str_head(str_skip(in, PREFIX_BYTES), shown), length - shown);
	if (scratch.anomalies & ANOMALY_OPCODE)
		return give_up(s);
	on_message(s, &scratch, DNS_TCP);
	*used = PREFIX_BYTES + shown;
	*skip = length - shown;
	return *skip ? DISSECT_SKIP : DISSECT_MORE;
}

static enum verdict dns_feed(struct dissect_stream *s, enum dissect_side side, struct str in,
			     size_t *used, uint64_t *skip)
{
	struct half *h = &((struct connection *)s->state)->half[side];
	enum verdict v;
	size_t n;

	if (!h->begun)
		h->lost = !s->from_start;
	h->begun = true;
	do {
		if (h->lost) {
			v = find_place(h, in, &n);
			*used += n;
			in = str_skip(in, n);
			if (v == DISSECT_REJECT)
				return give_up(s);
			if (h->lost)
				return DISSECT_MORE;
		}
		v = next_message(s, in, &n, skip);
		*used += n;
		in = str_skip(in, n);
	} while (n && v == DISSECT_MORE);
	return v;
}

/* Of the last byte of the longest message, which is left out. */
static void dns_skipped([[maybe_unused]] struct dissect_stream *s,
			[[maybe_unused]] enum dissect_side side, [[maybe_unused]] uint64_t n,
			[[maybe_unused]] uint64_t missing)
{
}

static enum verdict dns_gap(struct dissect_stream *s, enum dissect_side side,
			    [[maybe_unused]] uint64_t bytes)
{
	struct half *h = &((struct connection *)s->state)->half[side];

	h->begun = true;
	h->lost = true;
	return DISSECT_MORE;
}

/* The other side may go on. */
static void dns_finished([[maybe_unused]] struct dissect_stream *s,
			 [[maybe_unused]] enum dissect_side side)
{
}

extern const struct dissector dns_dissector;
const struct dissector dns_dissector = {
	.name = "dns",
	.ports = { PORT_DNS, PORT_MDNS, PORT_LLMNR },
	.state_bytes = sizeof(struct connection),
	.window_bytes = DISSECT_WINDOW_MAX,
	.probe = dns_probe,
	.feed = dns_feed,
	.skipped = dns_skipped,
	.gap = dns_gap,
	.finished = dns_finished,
	.close = dns_close,
	.probe_datagram = dns_probe_datagram,
	.datagram = dns_datagram,
};
