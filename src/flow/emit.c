/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The engine's own records: a flow for every connection, a gap for everything that was not seen,
 * and a capture for the source as a whole.
 */
#include <stdio.h>

#include "flow/flow_int.h"

static bool has_ports(uint32_t proto)
{
	return proto == IP_PROTO_TCP || proto == IP_PROTO_UDP || proto == IP_PROTO_SCTP;
}

void emit_ends(struct flow_engine *e, const struct flow *f, struct row *row)
{
	unsigned c = f->client;

	row_put_str(row, common_observer, e->conf.observer);
	row_put_ip(row, common_src_ip, f->key.ip[c]);
	row_put_ip(row, common_dst_ip, f->key.ip[!c]);
	if (has_ports(f->key.proto)) {
		row_put_u64(row, common_src_port, f->key.port[c]);
		row_put_u64(row, common_dst_port, f->key.port[!c]);
	}
	row_put_u64(row, common_flow_id, flow_id(&f->key));
}

static struct row *own_row(struct flow_engine *e, enum kind_id kind)
{
	row_init(e->row, record_kind_by_id((uint16_t)kind));
	return e->row;
}

static enum flow_transport transport_of(uint32_t proto)
{
	switch (proto) {
	case IP_PROTO_TCP:
		return TRANSPORT_TCP;
	case IP_PROTO_UDP:
		return TRANSPORT_UDP;
	case IP_PROTO_ICMP:
		return TRANSPORT_ICMP;
	case IP_PROTO_ICMPV6:
		return TRANSPORT_ICMPV6;
	case IP_PROTO_SCTP:
		return TRANSPORT_SCTP;
	default:
		return TRANSPORT_OTHER;
	}
}

static void put_tcp(struct row *row, const struct flow *f)
{
	const struct tcp_half *src = &f->half[f->client], *dst = &f->half[!f->client];

	if (f->handshake_seen)
		row_put_dur(row, flow_handshake, f->handshake_ns);
	row_put_u64(row, flow_src_retransmissions, src->retransmitted);
	row_put_u64(row, flow_dst_retransmissions, dst->retransmitted);
	row_put_u64(row, flow_out_of_order, (uint64_t)src->out_of_order + dst->out_of_order);
	row_put_u64(row, flow_overlaps, (uint64_t)src->overlaps + dst->overlaps);
	row_put_u64(row, flow_gaps, (uint64_t)src->gaps + dst->gaps);
	row_put_u64(row, flow_gap_bytes, src->gap_bytes + dst->gap_bytes);
	row_put_bool(row, flow_midstream, !f->syn_seen);
}

static void put_icmp(struct row *row, const struct flow *f)
{
	row_put_u64(row, flow_icmp_type, f->icmp_type);
	row_put_u64(row, flow_icmp_code, f->icmp_code);
}

void emit_flow(struct flow_engine *e, const struct flow *f, enum flow_end end)
{
	struct row *row = own_row(e, KIND_FLOW);
	enum flow_transport transport = transport_of(f->key.proto);
	uint64_t vlans[ARRAY_LEN(f->vlan)];

	for (unsigned i = 0; i < f->vlans; i++)
		vlans[i] = f->vlan[i];
	emit_ends(e, f, row);
	row_put_time(row, common_time, f->first_ns);
	row_put_enum(row, flow_transport, transport);
	row_put_u64(row, flow_ip_protocol, f->key.proto);
	if (f->protocol)
		row_put_str(row, flow_protocol, str_of(f->protocol->name));
	else if (f->carries)
		row_put_str(row, flow_protocol, STR("tunnel"));
	row_put_enum(row, flow_state, f->state);
	row_put_enum(row, flow_end, end);
	row_put_dur(row, flow_duration, f->last_ns - f->first_ns);
	row_put_u64(row, flow_src_packets, f->packets[f->client]);
	row_put_u64(row, flow_dst_packets, f->packets[!f->client]);
	row_put_u64(row, flow_src_bytes, f->bytes[f->client]);
	row_put_u64(row, flow_dst_bytes, f->bytes[!f->client]);
	if (transport == TRANSPORT_TCP)
		put_tcp(row, f);
	if (transport == TRANSPORT_ICMP || transport == TRANSPORT_ICMPV6)
		put_icmp(row, f);
	if (f->vlans)
		row_put_list_u64(row, flow_vlans, vlans, f->vlans);
	row_put_u64(row, flow_icmp_errors, f->icmp_errors);
	row_put_u64(row, flow_tunnels, f->tunnels);
	row_put_u64(row, flow_fragments, f->fragments);
	row_put_u64(row, flow_transactions, f->transactions);
	if (f->protocol)
		row_put_u64(row, flow_messages, f->messages);
	row_put_u64(row, flow_payload_packets, f->payload_packets);
	(void)row_commit(row, e->out);
}

void emit_stream_gap(struct flow_engine *e, const struct flow *f, unsigned end, uint64_t bytes,
		     int64_t at_ns)
{
	struct row *row = own_row(e, KIND_GAP);

	emit_ends(e, f, row);
	row_put_time(row, common_time, at_ns);
	row_put_str(row, gap_reason, str_of(counter_row(COUNTER_TCP_GAPS)->name));
	row_put_u64(row, gap_bytes, bytes);
	row_put_bool(row, gap_from_server, end != f->client);
	(void)row_commit(row, e->out);
}

/* A gap for each reason that dropped frames; of fragments neither times nor bytes are known. */
void emit_losses(struct flow_engine *e)
{
	for (unsigned i = 0; i < COUNTER_COUNT; i++) {
		const struct counter_row *c = counter_row(i);
		const struct loss *l = &e->loss[i];
		struct row *row;

		if (c->role != COUNTER_DROP || e->counters->v[i] == 0)
			continue;
		row = own_row(e, KIND_GAP);
		row_put_str(row, common_observer, e->conf.observer);
		row_put_time(row, common_time, l->first_ns ? l->first_ns : e->first_ns);
		row_put_time(row, gap_until, l->last_ns ? l->last_ns : e->last_ns);
		row_put_str(row, gap_reason, str_of(c->name));
		row_put_u64(row, gap_frames, e->counters->v[i]);
		if (l->bytes)
			row_put_u64(row, gap_bytes, l->bytes);
		(void)row_commit(row, e->out);
	}
}

#define NUMBER_TEXT 24

/* The lowest ids first, up to CAPTURE_VLANS_MAX. */
static size_t put_vlans(const struct flow_engine *e, struct row_pair *pair,
			char text[][NUMBER_TEXT])
{
	size_t n = 0;

	for (unsigned id = 0; id < ARRAY_LEN(e->vlan) && n < CAPTURE_VLANS_MAX; id++) {
		char *name = text[2 * n], *value = text[2 * n + 1];

		if (e->vlan[id] == 0)
			continue;
		(void)snprintf(name, NUMBER_TEXT, "%u", id);
		(void)snprintf(value, NUMBER_TEXT, "%llu", (unsigned long long)e->vlan[id]);
		pair[n++] = (struct row_pair){ str_of(name), str_of(value) };
	}
	return n;
}

void emit_capture(struct flow_engine *e, const struct flow_source *source)
{
	static char text[2 * CAPTURE_VLANS_MAX][NUMBER_TEXT];
	struct row_pair vlans[CAPTURE_VLANS_MAX];
	struct row *row = own_row(e, KIND_CAPTURE);
	const struct counters *c = e->counters;
	size_t n = put_vlans(e, vlans, text);

	row_put_str(row, common_observer, e->conf.observer);
	row_put_time(row, common_time, e->first_ns);
	row_put_time(row, capture_until, e->last_ns);
	row_put_enum(row, capture_format, source->format);
	row_put_enum(row, capture_compression, source->compression);
	row_put_u64(row, capture_file_bytes, source->file_bytes);
	row_put_u64(row, capture_packets, c->v[COUNTER_FRAMES_OFFERED]);
	row_put_u64(row, capture_packet_bytes, e->wire_bytes);
	row_put_bool(row, capture_truncated, source->truncated);
	row_put_u64(row, capture_delivered, counters_sum(c, COUNTER_DELIVERED));
	row_put_u64(row, capture_dropped, counters_sum(c, COUNTER_DROP));
	row_put_u64(row, capture_fragments, c->v[COUNTER_FRAMES_FRAGMENT]);
	row_put_u64(row, capture_interfaces, source->interfaces);
	row_put_list_u64(row, capture_links, e->links, e->links_seen);
	if (n)
		row_put_map(row, capture_vlans, vlans, n);
	if (source->error)
		row_put_str(row, capture_error, str_of(source->error));
	(void)row_commit(row, e->out);
}
