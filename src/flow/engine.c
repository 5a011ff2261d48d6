/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The engine: a frame comes in, is decoded, joined if it is a fragment, accounted to its flow, and,
 * if it is TCP, followed, or, if it is UDP, shown to a dissector. Each frame ends in exactly one
 * counter of role DELIVERED or DROP; fragments do so when their packet is complete or given up.
 */
#include "flow/flow_int.h"

#include <stdlib.h>
#include <sys/mman.h>

/* There are fewer of the larger ones, but one of each. */
static const struct {
	size_t bytes;
	uint32_t divisor;
} window_sizes[WINDOW_SIZES] = { { 4 * KIB, 1 }, { 16 * KIB, 32 }, { 64 * KIB, 128 } };

/* So many flows at most come out of what is shared. */
#define FLOWS_SHARED_MAX 49152

void flow_conf_default(struct flow_conf *conf)
{
	*conf = (struct flow_conf){
		.flows = 65536,
		.streams = 8192,
		.transactions = 2048,
		.windows = 4096,
		.shared_bytes = 24 * MIB,
		.segments = 2048,
		.fragments = 1024,
		.idle_tcp_ns = 3600 * NS_PER_S,
		.idle_closed_ns = 120 * NS_PER_S,
		.idle_other_ns = 600 * NS_PER_S,
	};
}

/* Pools that grow at the cost of each other, beyond a quarter of each. */
static void pools_share(struct flow_engine *e)
{
	uint32_t flows = e->conf.flows - (e->conf.flows + 3) / 4;
	struct pool *const pools[] = { &e->streams, &e->transactions, &e->windows[0],
				       &e->windows[1], &e->windows[2] };

	e->shared_bytes = e->conf.shared_bytes;
	flows = flows < FLOWS_SHARED_MAX ? flows : FLOWS_SHARED_MAX;
	pool_share(&e->flows, e->conf.flows - flows, &e->shared_bytes);
	for (size_t i = 0; i < ARRAY_LEN(pools); i++)
		pool_share(pools[i], (pools[i]->blocks + 3) / 4, &e->shared_bytes);
}

static int pools_init(struct flow_engine *e)
{
	const struct flow_conf *c = &e->conf;
	int r = pool_init(&e->flows, sizeof(struct flow), c->flows);

	if (r == 0)
		r = pool_init(&e->streams, sizeof(struct stream), c->streams);
	if (r == 0)
		r = pool_init(&e->transactions, 4 * KIB, c->transactions);
	if (r == 0)
		r = pool_init(&e->segments, TCP_SEGMENT_BLOCK_BYTES, c->segments);
	for (unsigned i = 0; r == 0 && i < WINDOW_SIZES; i++) {
		uint32_t n = c->windows / window_sizes[i].divisor;

		r = pool_init(&e->windows[i], window_sizes[i].bytes, n ? n : 1);
	}
	if (r == 0)
		pools_share(e);
	return r;
}

static size_t largest_row(void)
{
	size_t bytes = 0;

	for (size_t i = 0; i < RECORD_KINDS; i++) {
		size_t n = row_bytes(record_kind_at(i));

		bytes = n > bytes ? n : bytes;
	}
	return bytes;
}

int flow_engine_new(const struct flow_conf *conf, struct row_out *out, struct counters *counters,
		    struct flow_engine **engine)
{
	CLEANUP(flow_engine_free) struct flow_engine *e = NULL;
	int r;

	if (conf->flows == 0 || conf->streams == 0 || conf->transactions == 0 ||
	    conf->windows == 0 || conf->segments == 0 || conf->fragments == 0)
		return -EINVAL;
	e = calloc(1, sizeof(*e));
	if (!e)
		return -ENOMEM;
	e->conf = *conf;
	memcpy(e->observer, conf->observer.p ? conf->observer.p : "",
	       size_min(conf->observer.n, sizeof(e->observer)));
	e->conf.observer =
		(struct str){ e->observer, size_min(conf->observer.n, sizeof(e->observer)) };
	e->counters = counters;
	e->out = out;
	e->row = malloc(largest_row());
	if (!e->row)
		return -ENOMEM;
	recognise_init(e);
	r = pools_init(e);
	if (r == 0)
		r = table_init(e);
	if (r == 0)
		r = frag_new(conf->fragments, counters, &e->frag);
	if (r < 0)
		return r;
	*engine = TAKE(e);
	return 0;
}

void flow_engine_free(struct flow_engine *e)
{
	if (!e)
		return;
	pool_done(&e->flows);
	pool_done(&e->streams);
	pool_done(&e->transactions);
	pool_done(&e->segments);
	for (unsigned i = 0; i < WINDOW_SIZES; i++)
		pool_done(&e->windows[i]);
	if (e->bucket)
		(void)munmap(e->bucket, (e->bucket_mask + 1) * sizeof(struct flow *));
	frag_free(e->frag);
	free(e->row);
	free(e);
}

void flow_engine_reset(struct flow_engine *e)
{
	struct counters scrap = { { 0 } };

	frag_expire(e->frag, INT64_MAX);
	*e->counters = scrap;
	table_reset(e);
	pool_reset(&e->streams);
	pool_reset(&e->transactions);
	pool_reset(&e->segments);
	for (unsigned i = 0; i < WINDOW_SIZES; i++)
		pool_reset(&e->windows[i]);
	e->now_ns = e->clock_ns = e->first_ns = e->last_ns = 0;
	e->wire_bytes = 0;
	e->links_seen = 0;
	e->hand_over.from = NULL;
	memset(e->room_oldest, 0, sizeof(e->room_oldest));
	memset(e->room_newest, 0, sizeof(e->room_newest));
	memset(e->vlan, 0, sizeof(e->vlan));
	memset(e->loss, 0, sizeof(e->loss));
}

/* From the earliest to the latest; 0 is no time. */
static void widen(int64_t *first_ns, int64_t *last_ns, int64_t at_ns)
{
	if (unlikely(*first_ns == 0 || at_ns < *first_ns))
		*first_ns = at_ns;
	if (at_ns > *last_ns)
		*last_ns = at_ns;
}

static void loss_add(struct flow_engine *e, enum counter reason, uint64_t bytes)
{
	struct loss *l = &e->loss[reason];

	widen(&l->first_ns, &l->last_ns, e->now_ns);
	l->bytes += bytes;
	e->counters->v[reason]++;
}

static bool icmp_answers(const struct packet *p)
{
	if (p->proto == IP_PROTO_ICMP)
		return p->icmp_type == 0 || p->icmp_type == 43;
	return p->icmp_type == 129 || p->icmp_type == 161;
}

/* Whose question was it? A guess for what has no handshake: echo requests ask, and a low port
 * answers a high one; else whoever spoke first. A dissector that recognises the stream corrects it.
 */
static unsigned guess_client(const struct flow_key *key, unsigned end, const struct packet *p)
{
	bool icmp = p->proto == IP_PROTO_ICMP || p->proto == IP_PROTO_ICMPV6;

	if (p->proto == IP_PROTO_TCP && (p->tcp_flags & TCP_SYN))
		return p->tcp_flags & TCP_ACK ? !end : end;
	if (icmp)
		return icmp_answers(p) ? !end : end;
	if (key->port[end] < 1024 && key->port[!end] >= 1024)
		return !end;
	return end;
}

static struct flow *flow_begin(struct flow_engine *e, const struct flow_key *key, uint64_t hash,
			       const struct packet *p)
{
	struct flow *f = table_add(e, key, hash);

	f->first_ns = e->now_ns;
	f->last_ns = e->now_ns;
	f->vlans = p->vlans < ARRAY_LEN(f->vlan) ? p->vlans : ARRAY_LEN(f->vlan);
	memcpy(f->vlan, p->vlan, f->vlans * sizeof(f->vlan[0]));
	f->at_start = key->proto == IP_PROTO_UDP; /* as each datagram is */
	f->state = key->proto == IP_PROTO_TCP ? FLOW_HALF_OPEN : FLOW_STATELESS;
	tcp_half_init(&f->half[0]);
	tcp_half_init(&f->half[1]);
	return f;
}

/* Only one side has spoken, as in a scan. Of a TCP connection a capture may hold one direction:
 * after ONE_SIDED_FRAMES it is believed that there is another. */
static bool is_unanswered(const struct flow *f)
{
	if (f->packets[0] && f->packets[1])
		return false;
	return f->key.proto != IP_PROTO_TCP || f->state == FLOW_HALF_OPEN ||
	       f->packets[0] + f->packets[1] < ONE_SIDED_FRAMES;
}

enum flow_list flow_list_of(const struct flow *f)
{
	bool tcp = f->key.proto == IP_PROTO_TCP;

	if (f->stream && !tcp)
		return LIST_WAITING;
	if (tcp_is_over(f))
		return LIST_CLOSED;
	if (is_unanswered(f))
		return LIST_UNANSWERED;
	return tcp ? LIST_TCP : LIST_OTHER;
}

static void flow_count(struct flow_engine *e, struct flow *f, unsigned end, unsigned frames,
		       uint32_t bytes)
{
	widen(&f->first_ns, &f->last_ns, e->now_ns);
	f->seen_ns = e->clock_ns;
	f->packets[end] += frames;
	f->bytes[end] += bytes;
}

static void note_icmp_error(struct flow_engine *e, const struct packet *p)
{
	struct flow_key key;
	struct flow *f;
	unsigned end;

	quoted_key(p, &key, &end);
	f = table_find(e, &key, table_hash(e, &key));
	if (f)
		f->icmp_errors++;
}

static void flow_frame(struct flow_engine *e, const struct packet *p, unsigned fragments)
{
	struct flow_key key;
	unsigned end;
	uint64_t hash;
	struct flow *f;

	table_key(p, &key, &end);
	hash = table_hash(e, &key);
	f = table_find(e, &key, hash);
	if (f && p->proto == IP_PROTO_TCP && tcp_is_new(f, end, p)) {
		flow_finish(e, f, END_REPLACED);
		f = NULL;
	}
	if (unlikely(!f)) {
		f = flow_begin(e, &key, hash, p);
		f->client = (uint8_t)guess_client(&key, end, p);
		f->tunnels = p->tunnels;
		f->icmp_type = p->icmp_type;
		f->icmp_code = p->icmp_code;
	}
	flow_count(e, f, end, fragments ? fragments : 1, p->ip_bytes);
	f->fragments += fragments;
	if (p->proto == IP_PROTO_TCP && !p->transport_cut)
		tcp_frame(e, f, end, p);
	else if (p->proto == IP_PROTO_UDP)
		datagram_frame(e, f, end, p);
	if (p->icmp_quotes)
		note_icmp_error(e, p);
	table_touch(e, f, flow_list_of(f));
}

/* A tunnel is a connection too: its packets are counted to it as well as to what they carry. */
static void tunnel_frame(struct flow_engine *e, const struct packet *p, unsigned outer)
{
	struct flow_key key;
	unsigned end;
	uint64_t hash;
	struct flow *f;

	table_outer_key(&p->outer[outer], &key, &end);
	hash = table_hash(e, &key);
	f = table_find(e, &key, hash);
	if (!f) {
		f = flow_begin(e, &key, hash, p);
		f->client = (uint8_t)end;
		f->tunnels = (uint8_t)outer;
	}
	f->carries = true;
	flow_count(e, f, end, 1, p->outer[outer].ip_bytes);
	table_touch(e, f, flow_list_of(f));
}

/* The frames of a packet are one, or the fragments it came in. */
static void packet_frame(struct flow_engine *e, const struct packet *p, unsigned fragments)
{
	for (unsigned i = 0; i < p->tunnels && i < PACKET_OUTERS_MAX; i++)
		tunnel_frame(e, p, i);
	flow_frame(e, p, fragments);
}

/* What was joined may be a tunnel with a fragment inside, which is joined in turn; each storey has
 * used up a header, so this ends. */
static void fragment_frame(struct flow_engine *e, const struct packet *p)
{
	struct packet first, whole;
	struct str body;
	unsigned parts;

	while (frag_add(e->frag, p, e->clock_ns, &first, &body, &parts) == FRAG_WHOLE) {
		enum packet_answer answer = packet_decode_whole(&first, body, &whole);

		/* Each fragment had the IP header again. */
		if (whole.tunnels == first.tunnels)
			whole.ip_bytes += (parts - 1) * (first.ip_bytes - first.frag_bytes);
		if (answer == PACKET_IP)
			packet_frame(e, &whole, parts);
		if (answer != PACKET_FRAGMENT)
			return;
		p = &whole;
	}
}

static void note_link(struct flow_engine *e, uint16_t link)
{
	uint32_t i = 0;

	while (i < e->links_seen && e->links[i] != link)
		i++;
	if (unlikely(i == e->links_seen && i < CAPTURE_LINKS_MAX))
		e->links[e->links_seen++] = link;
}

static void note_vlans(struct flow_engine *e, const struct packet *p)
{
	for (unsigned i = 0; i < p->vlans && i < PACKET_VLANS_MAX; i++)
		e->vlan[p->vlan[i] & 0xfff]++;
}

/* Times are kept where differences cannot overflow; what has none is as old as what came before. */
static void set_time(struct flow_engine *e, int64_t at_ns)
{
	if (unlikely(at_ns <= 0))
		return;
	if (at_ns > INT64_MAX / 2)
		at_ns = INT64_MAX / 2;
	e->now_ns = at_ns;
	if (at_ns > e->clock_ns)
		e->clock_ns = at_ns;
}

/* A frame that the source had, whatever becomes of it. */
static void offer(struct flow_engine *e, uint64_t wire_bytes, int64_t at_ns)
{
	e->counters->v[COUNTER_FRAMES_OFFERED]++;
	e->wire_bytes += wire_bytes;
	set_time(e, at_ns);
	widen(&e->first_ns, &e->last_ns, e->now_ns);
}

void flow_engine_frame(struct flow_engine *e, const struct frame *frame)
{
	struct packet *p = &e->packet;
	enum packet_answer answer;

	offer(e, frame->wire_bytes, frame->at_ns);
	note_link(e, frame->link);
	room_check(e);
	table_expire(e);
	frag_expire(e->frag, e->clock_ns);
	answer = packet_decode(frame->link, frame->bytes, frame->wire_bytes, p);
	note_vlans(e, p);
	switch (answer) {
	case PACKET_IP:
		e->counters->v[COUNTER_FRAMES_FLOW]++;
		packet_frame(e, p, 0);
		break;
	case PACKET_FRAGMENT:
		fragment_frame(e, p);
		break;
	case PACKET_OTHER:
		e->counters->v[COUNTER_FRAMES_OTHER]++;
		break;
	case PACKET_LINK:
		loss_add(e, COUNTER_DROP_LINK, frame->wire_bytes);
		break;
	case PACKET_MALFORMED:
		loss_add(e, COUNTER_DROP_MALFORMED, frame->wire_bytes);
		break;
	}
}

void flow_engine_lost(struct flow_engine *e, enum counter reason, uint64_t bytes, int64_t at_ns)
{
	assert(counter_row(reason)->role == COUNTER_DROP);
	offer(e, bytes, at_ns);
	loss_add(e, reason, bytes);
}

void flow_finish(struct flow_engine *e, struct flow *f, enum flow_end end)
{
	if (f->key.proto == IP_PROTO_TCP)
		tcp_finish(e, f);
	else
		stream_close(e, f);
	emit_flow(e, f, end);
	table_remove(e, f);
}

void flow_engine_end(struct flow_engine *e, const struct flow_source *source)
{
	const struct counters *c = e->counters;

	frag_expire(e->frag, INT64_MAX);
	for (unsigned list = 0; list < LIST_COUNT; list++) {
		while (e->oldest[list])
			flow_finish(e, e->oldest[list],
				    list == LIST_CLOSED ? END_CLOSED : END_OF_CAPTURE);
	}
	assert(c->v[COUNTER_FRAMES_OFFERED] ==
	       counters_sum(c, COUNTER_DELIVERED) + counters_sum(c, COUNTER_DROP));
	emit_losses(e);
	emit_capture(e, source);
}
