/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzzer of the flow engine: the input is a script of frames, made from pieces or given raw, with
 * times that jump. The pools are so small that all run out. At the end every frame has its fate,
 * each reason has its gap record, every pool has its blocks back, and every row can be read.
 *
 *   step: | what | … |   see the functions below, one for each
 */
#include "flow/flow_int.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FRAME_ROOM ((size_t)4096)

enum { PROTO_AT = 14 + 9, SRC_AT = 14 + 12, DST_AT = 14 + 16, L4_AT = 14 + 20 };

struct world {
	struct ring ring;
	struct row_out out;
	struct counters counters;
	struct mask_plan plan;
	struct flow_engine *e;
	int64_t at_ns;
	uint64_t rows, last_hi, last_lo;
	uint64_t gap_frames, gap_bytes; /* as the gap records have them */
	uint8_t frame[FRAME_ROOM];
	uint32_t next[4][2]; /* where the connections' ends are */
};

static void check_row(struct world *w, struct str bytes)
{
	struct row_view v;
	struct str reason;
	uint64_t n;

	assert(row_view(bytes, &v) == 0 && v.kind);
	assert(v.id_hi > w->last_hi || (v.id_hi == w->last_hi && v.id_lo > w->last_lo));
	w->last_hi = v.id_hi;
	w->last_lo = v.id_lo;
	w->rows++;
	if (v.kind_id != KIND_GAP || !row_get_str(&v, gap_reason, &reason))
		return;
	if (row_get_u64(&v, gap_frames, &n))
		w->gap_frames += n;
	else if (row_get_u64(&v, gap_bytes, &n))
		w->gap_bytes += n;
}

static int take_rows(void *owner, size_t n)
{
	struct world *w = owner;
	struct str in = ring_readable(&w->ring);
	size_t whole = in.n;

	(void)n;
	while (in.n > 0) {
		ptrdiff_t length = row_length(in);

		assert(length > 0);
		check_row(w, str_head(in, (size_t)length));
		in = str_skip(in, (size_t)length);
	}
	ring_consume(&w->ring, whole);
	return 0;
}

static struct world *world_new(void)
{
	struct world *w = calloc(1, sizeof(*w));
	struct flow_conf conf;
	int r;

	assert(w);
	flow_conf_default(&conf);
	conf.flows = 6;
	conf.streams = 3;
	conf.transactions = 6;
	conf.windows = 16;
	conf.shared_bytes = 48 * KIB;
	conf.segments = 6;
	conf.fragments = 4;
	conf.observer = STR("fuzz");
	r = ring_create(MIB, &w->ring, NULL);
	assert(r == 0);
	w->out = (struct row_out){
		.ring = &w->ring,
		.plan = &w->plan,
		.counters = &w->counters,
		.full = take_rows,
		.owner = w,
	};
	r = flow_engine_new(&conf, &w->out, &w->counters, &w->e);
	assert(r == 0);
	return w;
}

static void send(struct world *w, const uint8_t *p, size_t n, unsigned link, size_t more)
{
	struct frame frame = {
		.bytes = { (const char *)p, n },
		.wire_bytes = (uint32_t)(n + more),
		.link = (uint16_t)link,
		.at_ns = w->at_ns,
	};

	flow_engine_frame(w->e, &frame);
	if (w->at_ns < INT64_MAX - NS_PER_MS)
		w->at_ns += NS_PER_MS;
}

/* The rest of the input as far as n bytes. */
static struct str rest(struct cur *c, size_t n)
{
	n = size_min(n, c->n);
	return (struct str){ (const char *)cur_take(c, n), n };
}

/* | link | length | bytes the capture lacks | bytes … | */
static void step_raw(struct world *w, struct cur *c)
{
	static const uint16_t links[] = {
		LINK_ETHERNET, LINK_RAW, LINK_LINUX_SLL, LINK_LINUX_SLL2, LINK_IPV6, LINK_NULL, 147
	};
	unsigned link = links[cur_u8(c) % ARRAY_LEN(links)];
	size_t n = cur_u8(c), more = cur_u8(c);
	struct str bytes = rest(c, n);

	memcpy(w->frame, bytes.n ? bytes.p : "", bytes.n);
	send(w, w->frame, bytes.n, link, more);
}

static size_t put_head(struct world *w, unsigned peer, unsigned end, unsigned proto, unsigned frag)
{
	static const uint8_t head[L4_AT] = {
		[12] = 0x08, [14] = 0x45, [14 + 8] = 64, [SRC_AT] = 10, [DST_AT] = 10
	};
	uint8_t *p = w->frame;

	memcpy(p, head, sizeof(head));
	p[PROTO_AT] = (uint8_t)proto;
	p[14 + 6] = (uint8_t)(frag >> 8);
	p[14 + 7] = (uint8_t)frag;
	/* Of two connections the client is the lower end, of two the higher. */
	p[SRC_AT + 3] = (uint8_t)(end ? 5 : peer * 3);
	p[DST_AT + 3] = (uint8_t)(end ? peer * 3 : 5);
	return L4_AT;
}

static void send_ip(struct world *w, size_t n, size_t cut)
{
	w->frame[14 + 2] = (uint8_t)((n - 14) >> 8);
	w->frame[14 + 3] = (uint8_t)(n - 14);
	cut = cut < n - 14 ? cut : 0;
	send(w, w->frame, n - cut, LINK_ETHERNET, cut);
}

static void put_ports(uint8_t *p, unsigned end)
{
	p[end ? 1 : 3] = 80;
	p[end ? 2 : 0] = 0x30;
	p[end ? 3 : 1] = 0x39;
	p[end ? 0 : 2] = 0;
}

static void put32(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 24);
	p[1] = (uint8_t)(v >> 16);
	p[2] = (uint8_t)(v >> 8);
	p[3] = (uint8_t)v;
}

static struct str text_of(struct cur *c)
{
	static const char *const texts[] = {
		"GET /a HTTP/1.1\r\nHost: a\r\n\r\n",
		"POST /p HTTP/1.1\r\nContent-Length: 300\r\n\r\n",
		"POST /c HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
		"GET /u HTTP/1.1\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\nGET /b HTTP/1.1\r\n\r\n",
		"CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
		"HTTP/1.1 200 OK\r\n\r\nuntil the end",
		"HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\nHTTP/1.1 204 No\r\n\r\n",
		"HTTP/1.1 100 Continue\r\n\r\n",
		"GET /half HTTP/1.1\r\nX: ",
		"",
		"\x16\x03\x01",
		"GET /w HTTP/1.1\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
		"HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\n\r\n\x81\x02hi\x88\x02\x03\xe8",
		"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
		"*2\r\n$3\r\nGET\r\n$1\r\na\r\n",
		"$5\r\nhello\r\n",
	};
	unsigned which = cur_u8(c);

	if (which < 2 * ARRAY_LEN(texts))
		return str_of(texts[which / 2]);
	return rest(c, which - 2 * ARRAY_LEN(texts));
}

/* | connection, end | flags | how far from the next byte, signed | cut | text | */
static void step_tcp(struct world *w, struct cur *c)
{
	uint8_t who = cur_u8(c), flags = cur_u8(c), cut;
	unsigned peer = who & 3, end = who >> 2 & 1;
	int8_t away = (int8_t)cur_u8(c);
	size_t n = put_head(w, peer, end, IP_PROTO_TCP, 0);
	uint32_t *next = &w->next[peer][end];
	uint32_t seq = *next + (uint32_t)((int)away * (who & 8 ? 16 : 1));
	struct str body;

	cut = cur_u8(c);
	body = text_of(c);
	memset(w->frame + n, 0, 20);
	put_ports(w->frame + n, end);
	put32(w->frame + n + 4, seq);
	put32(w->frame + n + 8, w->next[peer][!end]);
	w->frame[n + 12] = 0x50;
	w->frame[n + 13] = flags;
	n += 20;
	if (body.n)
		memcpy(w->frame + n, body.p, body.n);
	n += body.n;
	/* What lies close moves the end on; what does not is out of order. */
	if (away >= 0 && away < 4)
		*next = seq + (uint32_t)body.n + ((flags & (TCP_SYN | TCP_FIN)) != 0);
	send_ip(w, n, cut & 1 ? cut : 0);
}

/* | protocol | connection, end | fragment's flags and offset | text | */
static void step_other(struct world *w, struct cur *c)
{
	static const uint8_t protos[] = { IP_PROTO_UDP,
					  IP_PROTO_ICMP,
					  IP_PROTO_SCTP,
					  IP_PROTO_IPIP,
					  IP_PROTO_GRE,
					  IP_PROTO_TCP,
					  89 };
	unsigned proto = protos[cur_u8(c) % ARRAY_LEN(protos)];
	uint8_t who = cur_u8(c), frag = cur_u8(c);
	size_t n = put_head(w, who & 3, who >> 2 & 1, proto,
			    (unsigned)(frag & 1) << 13 | (frag >> 1 & 7));
	struct str body = text_of(c);

	w->frame[14 + 5] = (uint8_t)(frag >> 4);
	if (body.n)
		memcpy(w->frame + n, body.p, body.n);
	n += body.n;
	if (frag & 1)
		n = L4_AT + ((n - L4_AT) & ~(size_t)7);
	send_ip(w, n, 0);
}

/* Datagrams of DNS, which have zeroes in them. */
#define DATAGRAM(lit)                                                                              \
	{                                                                                          \
		lit, sizeof(lit) - 1                                                               \
	}

static struct str datagram_of(struct cur *c)
{
	static const struct str datagrams[] = {
		DATAGRAM("\0\1\1\0\0\1\0\0\0\0\0\0\1a\7example\0\0\1\0\1"),
		DATAGRAM("\0\1\x81\x80\0\1\0\1\0\0\0\0\1a\7example\0\0\1\0\1"
			 "\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\x0a\0\0\1"),
		DATAGRAM("\0\2\1\0\0\1\0\0\0\0\0\0\1b\7example\0\0\1\0\1"),
		DATAGRAM("\0\2\x81\x83\0\1\0\0\0\0\0\0\1b\7example\0\0\1\0\1"),
	};
	unsigned which = cur_u8(c);

	if (which < 8 * ARRAY_LEN(datagrams))
		return datagrams[which % ARRAY_LEN(datagrams)];
	return rest(c, which);
}

/* | client's port, end | server's port, cut | datagram | */
static void step_udp(struct world *w, struct cur *c)
{
	static const uint16_t ports[] = { 53, 5353, 443, 12345 };
	uint8_t who = cur_u8(c), how = cur_u8(c);
	unsigned end = who & 1, port = ports[how % ARRAY_LEN(ports)], other = 40000U + who / 2;
	size_t n = put_head(w, 1, end, IP_PROTO_UDP, 0);
	struct str body = datagram_of(c);
	uint8_t *p = w->frame + n;

	memset(p, 0, 8);
	p[end ? 2 : 0] = (uint8_t)(other >> 8);
	p[end ? 3 : 1] = (uint8_t)other;
	p[end ? 0 : 2] = (uint8_t)(port >> 8);
	p[end ? 1 : 3] = (uint8_t)port;
	p[4] = (uint8_t)((8 + body.n) >> 8);
	p[5] = (uint8_t)(8 + body.n);
	if (body.n)
		memcpy(p + 8, body.p, body.n);
	send_ip(w, n + 8 + body.n, how & 4 ? how >> 3 : 0);
}

/* | how far, signed, in powers of ten of a microsecond | */
static void step_time(struct world *w, struct cur *c)
{
	int8_t by = (int8_t)cur_u8(c);
	int64_t ns = NS_PER_US;

	for (int i = by & 15; i > 0 && i < 15; i--)
		ns *= 10;
	if (ckd_add(&ns, w->at_ns, by < 0 ? -ns : ns))
		return;
	w->at_ns = ns;
}

/* | reason | bytes | */
static void step_lost(struct world *w, struct cur *c)
{
	static const enum counter reasons[] = { COUNTER_DROP_CUT, COUNTER_DROP_TOO_LONG };
	enum counter reason = reasons[cur_u8(c) % ARRAY_LEN(reasons)];

	flow_engine_lost(w->e, reason, cur_u8(c), w->at_ns);
}

static void check_end(const struct world *w)
{
	const struct counters *c = &w->counters;

	assert(c->v[COUNTER_FRAMES_OFFERED] ==
	       counters_sum(c, COUNTER_DELIVERED) + counters_sum(c, COUNTER_DROP));
	assert(w->gap_frames == counters_sum(c, COUNTER_DROP));
	assert(w->gap_bytes == c->v[COUNTER_TCP_GAP_BYTES]);
	assert(w->rows == c->v[COUNTER_ROWS] && c->v[COUNTER_ROWS_LOST] == 0);
	assert(w->e->flows.used == 0 && w->e->streams.used == 0);
	assert(w->e->transactions.used == 0 && w->e->segments.used == 0);
	for (unsigned i = 0; i < WINDOW_SIZES; i++)
		assert(w->e->windows[i].used == 0);
	assert(frag_held(w->e->frag) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const steps[])(struct world *, struct cur *) = {
		step_tcp, step_tcp, step_tcp, step_udp, step_other, step_raw, step_time, step_lost,
	};
	static const struct flow_source source;
	static struct world *w;
	struct cur c = cur_of(data, size);

	if (!w)
		w = world_new();
	flow_engine_reset(w->e);
	w->at_ns = NS_PER_S;
	w->rows = w->gap_frames = w->gap_bytes = 0;
	for (unsigned i = 0; i < ARRAY_LEN(w->next); i++)
		w->next[i][0] = w->next[i][1] = 1000 * (i + 1);
	while (c.n > 0)
		steps[cur_u8(&c) % ARRAY_LEN(steps)](w, &c);
	flow_engine_end(w->e, &source);
	(void)take_rows(w, 0);
	check_end(w);
	return 0;
}
