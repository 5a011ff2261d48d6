/* SPDX-License-Identifier: Apache-2.0 */
/*
 * frames: what the tests of this room share. Frames are made from small descriptions, a talk plays
 * a TCP connection with right numbers, and a rig runs an engine and keeps the rows that left it.
 * Its engine knows HTTP/1 alone, so that what other protocols take for theirs matters to no test. A
 * rig checks at each end that row ids ascend, and that every pool got its blocks back.
 */
#ifndef REDOUBT_FLOW_FRAMES_TEST_H
#define REDOUBT_FLOW_FRAMES_TEST_H

#include "t.h"

#include "flow/flow_int.h"

#define T0         (INT64_C(1790000000) * NS_PER_S)
#define FRAME_ROOM (FRAME_MAX + 512)

/* ---- Rig ------------------------------------------------------------------------------------- */

struct rig {
	struct ring ring;
	struct counters counters;
	struct mask_plan plan; /* everything is kept */
	struct row_out out;
	struct flow_conf conf;
	struct flow_engine *e;
	int64_t at_ns;   /* of the next frame; each frame moves it by 1 ms */
	struct buf rows; /* of all ends, in order */
	struct row_view *view;
	size_t views;
	bool count_only; /* rows are counted, not kept */
	uint64_t of_kind[16];
	uint64_t last_hi, last_lo;
	unsigned vlan; /* each frame gets this tag, where it is not 0 */
	uint8_t frame[FRAME_ROOM];
};

static void rig_note_row(struct rig *r, struct str row)
{
	struct row_view v;

	assert_int_equal(row_view(row, &v), 0);
	assert_non_null(v.kind);
	assert_true(v.id_hi > r->last_hi || (v.id_hi == r->last_hi && v.id_lo > r->last_lo));
	r->last_hi = v.id_hi;
	r->last_lo = v.id_lo;
	r->of_kind[v.kind_id]++;
	if (!r->count_only)
		assert_int_equal(buf_put(&r->rows, row), 0);
}

static int rig_drain(void *owner, [[maybe_unused]] size_t n)
{
	struct rig *r = owner;
	struct str in = ring_readable(&r->ring);
	size_t whole = in.n;

	while (in.n > 0) {
		ptrdiff_t length = row_length(in);

		assert_true(length > 0 && (size_t)length <= in.n);
		rig_note_row(r, str_head(in, (size_t)length));
		in = str_skip(in, (size_t)length);
	}
	ring_consume(&r->ring, whole);
	return 0;
}

/* A table and pools that are small, but not in the way. */
[[maybe_unused]] static struct flow_conf small_conf(void)
{
	struct flow_conf conf;

	flow_conf_default(&conf);
	conf.flows = 256;
	conf.streams = 64;
	conf.transactions = 256;
	conf.windows = 64;
	conf.segments = 512;
	conf.fragments = 256;
	conf.observer = STR("eth0");
	conf.seed = 7;
	return conf;
}

extern const struct dissector http1_dissector;
static const struct dissector *const only_http1[] = { &http1_dissector };

static struct rig *rig_with(const struct flow_conf *conf)
{
	struct rig *r = calloc(1, sizeof(*r));

	assert_non_null(r);
	assert_int_equal(ring_create(MIB, &r->ring, NULL), 0);
	buf_init(&r->rows, GIB);
	r->conf = *conf;
	r->at_ns = T0;
	r->out = (struct row_out){
		.ring = &r->ring,
		.plan = &r->plan,
		.counters = &r->counters,
		.agent = 1,
		.epoch = 2,
		.full = rig_drain,
		.owner = r,
	};
	assert_int_equal(flow_engine_new(conf, &r->out, &r->counters, &r->e), 0);
	r->e->dissectors = only_http1;
	r->e->dissectors_n = ARRAY_LEN(only_http1);
	return r;
}

[[maybe_unused]] static struct rig *rig_new(void)
{
	struct flow_conf conf = small_conf();

	return rig_with(&conf);
}

static void rig_free(struct rig *r)
{
	flow_engine_free(r->e);
	ring_done(&r->ring);
	buf_done(&r->rows);
	free(r->view);
	free(r);
}

static void rig_check_pools(const struct rig *r)
{
	assert_int_equal(r->e->flows.used, 0);
	assert_int_equal(r->e->streams.used, 0);
	assert_int_equal(r->e->transactions.used, 0);
	assert_int_equal(r->e->segments.used, 0);
	for (unsigned i = 0; i < WINDOW_SIZES; i++)
		assert_int_equal(r->e->windows[i].used, 0);
	assert_int_equal(frag_held(r->e->frag), 0);
}

static void rig_index(struct rig *r)
{
	struct str in = buf_str(&r->rows);

	r->views = 0;
	for (; in.n > 0; r->views++) {
		ptrdiff_t n = row_length(in);

		if ((r->views & (r->views - 1)) == 0) {
			size_t room = r->views ? 2 * r->views : 1;

			r->view = realloc(r->view, room * sizeof(*r->view));
			assert_non_null(r->view);
		}
		assert_int_equal(row_view(str_head(in, (size_t)n), &r->view[r->views]), 0);
		in = str_skip(in, (size_t)n);
	}
}

/* The rows up to here become readable. */
[[maybe_unused]] static void rig_look(struct rig *r)
{
	(void)rig_drain(r, 0);
	rig_index(r);
}

/* Ends the source; the rows are readable then. */
[[maybe_unused]] static void rig_end(struct rig *r)
{
	struct flow_source source = { .interfaces = 1 };

	flow_engine_end(r->e, &source);
	rig_check_pools(r);
	rig_look(r);
}

[[maybe_unused]] static size_t rig_count(const struct rig *r, enum kind_id kind)
{
	size_t n = 0;

	for (size_t i = 0; i < r->views; i++)
		n += r->view[i].kind_id == kind;
	return n;
}

/* The i-th row of a kind. */
[[maybe_unused]] static const struct row_view *rig_row(const struct rig *r, enum kind_id kind,
						       size_t i)
{
	for (size_t at = 0; at < r->views; at++)
		if (r->view[at].kind_id == kind && i-- == 0)
			return &r->view[at];
	fail_msg("there is no such row of kind %d", (int)kind);
	abort();
}

[[maybe_unused]] static struct row_value value_in(const struct row_view *v, struct field_ref ref)
{
	struct row_value value = { 0 };

	if ((ref.kind && ref.kind != v->kind_id) || !row_value(v, ref.slot, &value))
		fail_msg("field %s is absent", v->kind->field[ref.slot].name);
	return value;
}

[[maybe_unused]] static bool has_value(const struct row_view *v, struct field_ref ref)
{
	struct row_value value;

	return row_value(v, ref.slot, &value);
}

#define row_u64(v, f)  (value_in((v), (f).ref).u)
#define row_i64(v, f)  (value_in((v), (f).ref).i)
#define row_text(v, f) (value_in((v), (f).ref).s)
#define row_true(v, f) (value_in((v), (f).ref).b)

#define assert_row_ip(v, f, text)                                                                  \
	do {                                                                                       \
		struct ip_addr ip_ = value_in((v), (f).ref).ip;                                    \
		char text_[IP_TEXT_BYTES];                                                         \
		(void)ip_format(&ip_, text_);                                                      \
		assert_string_equal(text_, (text));                                                \
	} while (0)

/* ---- Frames ---------------------------------------------------------------------------------- */

struct peer {
	const char *ip;
	uint16_t port;
};

/* One packet. Fields that are 0 take what is usual. */
struct shape {
	struct peer src, dst;
	uint8_t proto;
	uint8_t flags; /* TCP */
	uint32_t seq, ack;
	uint8_t icmp_type, icmp_code;
	uint16_t icmp_id;
	uint16_t ip_id;
	uint16_t frag; /* the field of flags and offset; the body is given whole then */
	struct str body;
	uint32_t keep; /* bytes that the capture keeps, 0: all */
};

static void put16(uint8_t *p, unsigned v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static void put32(uint8_t *p, uint32_t v)
{
	put16(p, v >> 16);
	put16(p + 2, v & 0xffff);
}

/* The transport header and the body; answers how long they are. */
static size_t put_transport(uint8_t *p, const struct shape *s)
{
	size_t header = 0;

	if (s->frag == 0 && s->proto == IP_PROTO_TCP) {
		header = 20;
		memset(p, 0, header);
		put32(p + 4, s->seq);
		put32(p + 8, s->ack);
		p[12] = 0x50;
		p[13] = s->flags;
		put16(p + 14, 0x2000);
	} else if (s->frag == 0 && (s->proto == IP_PROTO_UDP || s->proto == IP_PROTO_SCTP)) {
		header = s->proto == IP_PROTO_UDP ? 8 : 12;
		memset(p, 0, header);
		put16(p + 4, (unsigned)(header + s->body.n));
	} else if (s->frag == 0 && (s->proto == IP_PROTO_ICMP || s->proto == IP_PROTO_ICMPV6)) {
		header = 8;
		memset(p, 0, header);
		p[0] = s->icmp_type;
		p[1] = s->icmp_code;
		put16(p + 4, s->icmp_id);
	}
	if (header >= 8 && s->proto != IP_PROTO_ICMP && s->proto != IP_PROTO_ICMPV6) {
		put16(p, s->src.port);
		put16(p + 2, s->dst.port);
	}
	if (s->body.n)
		memcpy(p + header, s->body.p, s->body.n);
	return header + s->body.n;
}

static struct ip_addr ip_of(const char *text)
{
	struct ip_addr ip;

	assert_int_equal(ip_parse(str_of(text), &ip), 0);
	return ip;
}

/* The IP packet; answers how long it is. */
static size_t put_ip(uint8_t *p, const struct shape *s)
{
	struct ip_addr src = ip_of(s->src.ip), dst = ip_of(s->dst.ip);
	size_t n;

	if (!ip_is_v4(&src)) {
		n = put_transport(p + 40, s);
		memset(p, 0, 8);
		p[0] = 0x60;
		put16(p + 4, n > 65535 ? 0 : (unsigned)n);
		p[6] = s->proto;
		p[7] = 64;
		memcpy(p + 8, src.b, 16);
		memcpy(p + 24, dst.b, 16);
		return 40 + n;
	}
	n = 20 + put_transport(p + 20, s);
	memset(p, 0, 12);
	p[0] = 0x45;
	put16(p + 2, n > 65535 ? 0 : (unsigned)n);
	put16(p + 4, s->ip_id);
	put16(p + 6, s->frag);
	p[8] = 64;
	p[9] = s->proto;
	memcpy(p + 12, src.b + 12, 4);
	memcpy(p + 16, dst.b + 12, 4);
	return n;
}

static void send_raw(struct rig *r, const uint8_t *bytes, size_t n, uint32_t keep)
{
	struct frame frame = {
		.bytes = { (const char *)bytes, keep && keep < n ? keep : n },
		.wire_bytes = (uint32_t)n,
		.link = LINK_ETHERNET,
		.at_ns = r->at_ns,
	};

	flow_engine_frame(r->e, &frame);
	r->at_ns += NS_PER_MS;
}

static void send_shape(struct rig *r, const struct shape *s)
{
	static const uint8_t macs[12] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2 };
	uint8_t *p = r->frame;

	memcpy(p, macs, sizeof(macs));
	p += sizeof(macs);
	if (r->vlan) {
		put16(p, 0x8100);
		put16(p + 2, r->vlan);
		p += 4;
	}
	put16(p, strchr(s->src.ip, ':') ? 0x86dd : 0x0800);
	p += 2;
	p += put_ip(p, s);
	send_raw(r, r->frame, (size_t)(p - r->frame), s->keep);
}

[[maybe_unused]] static void send_udp(struct rig *r, struct peer src, struct peer dst,
				      struct str body)
{
	send_shape(r,
		   &(struct shape){ .src = src, .dst = dst, .proto = IP_PROTO_UDP, .body = body });
}

/* ---- Talks ----------------------------------------------------------------------------------- */

enum { CLIENT, SERVER };

/* A TCP connection; next is the sequence number of each side's next byte. */
struct talk {
	struct rig *r;
	struct peer peer[2];
	uint32_t next[2];
};

[[maybe_unused]] static struct talk talk_of(struct rig *r, struct peer client, struct peer server)
{
	return (struct talk){ r, { client, server }, { 1000, 900000 } };
}

/* The client has the lower address; `talk_high` has it the other way round. */
#define LOW  ((struct peer){ "10.0.0.1", 40000 })
#define HIGH ((struct peer){ "10.0.0.2", 80 })

[[maybe_unused]] static struct talk talk_low(struct rig *r)
{
	return talk_of(r, LOW, HIGH);
}

/* A segment at a place of its own; moves nothing. */
static void segment_at(struct talk *t, unsigned side, uint8_t flags, uint32_t seq, struct str body)
{
	send_shape(t->r, &(struct shape){ .src = t->peer[side],
					  .dst = t->peer[!side],
					  .proto = IP_PROTO_TCP,
					  .flags = flags,
					  .seq = seq,
					  .ack = t->next[!side],
					  .body = body });
}

/* A segment without bytes; SYN and FIN take a number. */
static void flags_from(struct talk *t, unsigned side, uint8_t flags)
{
	segment_at(t, side, flags, t->next[side], STR(""));
	if (flags & (TCP_SYN | TCP_FIN))
		t->next[side]++;
}

static void say_bytes(struct talk *t, unsigned side, struct str body)
{
	segment_at(t, side, TCP_PSH | TCP_ACK, t->next[side], body);
	t->next[side] += (uint32_t)body.n;
}

[[maybe_unused]] static void say(struct talk *t, unsigned side, const char *text)
{
	say_bytes(t, side, str_of(text));
}

/* Bytes that were sent and not captured. */
[[maybe_unused]] static void lose(struct talk *t, unsigned side, const char *text)
{
	t->next[side] += (uint32_t)strlen(text);
}

[[maybe_unused]] static void talk_open(struct talk *t)
{
	flags_from(t, CLIENT, TCP_SYN);
	flags_from(t, SERVER, TCP_SYN | TCP_ACK);
	flags_from(t, CLIENT, TCP_ACK);
}

[[maybe_unused]] static void talk_close(struct talk *t)
{
	flags_from(t, CLIENT, TCP_FIN | TCP_ACK);
	flags_from(t, SERVER, TCP_FIN | TCP_ACK);
	flags_from(t, CLIENT, TCP_ACK);
}

#define GET_A "GET /a HTTP/1.1\r\nHost: a.example\r\n\r\n"
#define GET_B "GET /b HTTP/1.1\r\nHost: b.example\r\n\r\n"
#define OK_5  "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
#define OK_0  "HTTP/1.1 204 No Content\r\n\r\n"

[[maybe_unused]] static void talk_exchange(struct talk *t)
{
	say(t, CLIENT, GET_A);
	say(t, SERVER, OK_5);
}

#endif
