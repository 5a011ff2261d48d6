/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Datagrams on their way to a dissector. A flow holds a stream only while its dissector waits for
 * something: it is taken for a datagram and given back behind it, or when no answer comes, so that
 * finished flows hold none. Where memory is short, those that wait longest are closed first. A
 * datagram that is not understood is dropped and counted, and the next one looked at. After
 * PROBES_DATAGRAM of them in a row their sender is only counted, but for who knows the port: anyone
 * can send junk in somebody else's name, and it must not hide what follows.
 */
#include "flow/flow_int.h"

/* The one that was recognised before, or asked of the content. Who asks is told by the first
 * datagram that is understood. */
static const struct dissector *dissector_of(struct flow_engine *e, struct flow *f, unsigned end,
					    struct str in)
{
	enum dissect_probe answer = PROBE_NO;
	const struct dissector *d;

	if (likely(f->protocol))
		return f->protocol;
	d = recognise_datagram(e, f, end, in, &answer);
	if (d)
		f->client = (uint8_t)(answer == PROBE_FROM_CLIENT ? end : !end);
	return d;
}

static bool given_up(const struct flow_engine *e, const struct flow *f, unsigned end)
{
	return f->probes[end] >= PROBES_DATAGRAM && !recognise_port(e, f);
}

static void not_understood(const struct flow_engine *e, struct flow *f, unsigned end)
{
	f->probes[end] = (uint8_t)(f->probes[end] + (f->probes[end] < PROBES_DATAGRAM));
	f->stream_done = given_up(e, f, 0) && given_up(e, f, 1);
}

void datagram_unanswered(struct flow_engine *e, struct flow *f)
{
	f->stream->ds.at_ns = f->last_ns;
	stream_free(e, f);
	table_touch(e, f, flow_list_of(f));
}

bool datagram_make_room(struct flow_engine *e, unsigned n)
{
	bool any = e->oldest[LIST_WAITING] != NULL;

	for (unsigned i = 0; i < n && e->oldest[LIST_WAITING]; i++)
		datagram_unanswered(e, e->oldest[LIST_WAITING]);
	return any;
}

/* Nothing is waited for: no close, the dissector has nothing to end. */
static void give_back(struct flow_engine *e, struct flow *f)
{
	f->stream->dissector = NULL;
	stream_free(e, f);
}

static void show(struct flow_engine *e, struct stream *s, unsigned end, struct str in,
		 size_t missing)
{
	struct flow *f = s->flow;
	enum verdict v;

	s->ds.at_ns = e->now_ns;
	v = s->dissector->datagram(&s->ds, side_of(f, end), in, missing);
	assert(v == DISSECT_MORE || v == DISSECT_DONE || v == DISSECT_REJECT);
	stream_count_messages(s);
	if (v == DISSECT_REJECT) {
		e->counters->v[COUNTER_PARSE_REJECTED]++;
		not_understood(e, f, end);
	} else {
		f->probes[end] = 0;
	}
	if (v == DISSECT_DONE || f->stream_done)
		stream_close(e, f);
	else if (s->ds.open == 0 && !s->dissector->keeps_state)
		give_back(e, f);
}

void datagram_frame(struct flow_engine *e, struct flow *f, unsigned end, const struct packet *p)
{
	const struct dissector *d;
	struct stream *s;

	f->payload_packets += p->payload.n > 0;
	if (f->stream_done || p->payload.n == 0 || given_up(e, f, end))
		return;
	d = dissector_of(e, f, end, p->payload);
	if (!d) {
		not_understood(e, f, end);
		return;
	}
	s = f->stream;
	if (!s) {
		s = stream_open(e, f);
		if (!s)
			return;
		stream_set_dissector(s, d);
	}
	show(e, s, end, p->payload, p->payload_bytes - p->payload.n);
}
