/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rows that this room's tests and its fuzzer ask: one of each kind and one of a kind that is
 * not known, built by the real record room with everything kept, so that a test knows each value.
 */
#ifndef REDOUBT_RULES_ROWS_H
#define REDOUBT_RULES_ROWS_H

#include <stdlib.h>

#include "rules/rules.h"

/* Every shape of presence: a capture has maps and lists of numbers, a flow is TCP and has lasted
 * -1ns, a gap has next to nothing, an HTTP exchange has headers but neither query nor upgrade. */
enum row_name {
	ROW_CAPTURE,
	ROW_FLOW,
	ROW_GAP,
	ROW_HTTP,
	ROW_ALIEN,
	ROW_DNS,
	ROW_WS,
	ROW_REDIS,
	ROW_NAMES
};

#define ROWS_FLOW_ID UINT64_C(0xdeadbeef00000001)
/* 2026-01-31T12:00:00Z */
#define ROWS_TIME (INT64_C(1769860800) * NS_PER_S)

static struct ip_addr rows_ip(const char *text)
{
	struct ip_addr a;

	if (ip_parse(str_of(text), &a) < 0)
		abort();
	return a;
}

static void rows_put_common(struct row *row)
{
	row_put_time(row, common_time, ROWS_TIME);
	row_put_str(row, common_node, STR("node-1"));
	row_put_ip(row, common_src_ip, rows_ip("10.1.2.3"));
	row_put_u64(row, common_src_port, 40000);
}

static void rows_put_capture(struct row *row)
{
	static const struct row_pair vlans[] = { { { "7", 1 }, { "20", 2 } },
						 { { "", 0 }, { "", 0 } } };
	static const uint64_t links[] = { 1, 113, UINT64_MAX };

	row_put_enum(row, capture_format, 1);
	row_put_bool(row, capture_truncated, false);
	row_put_map(row, capture_vlans, vlans, ARRAY_LEN(vlans));
	row_put_list_u64(row, capture_links, links, ARRAY_LEN(links));
}

static void rows_put_flow(struct row *row)
{
	row_put_u64(row, common_flow_id, ROWS_FLOW_ID);
	row_put_enum(row, flow_transport, TRANSPORT_TCP);
	row_put_enum(row, flow_state, FLOW_HALF_OPEN);
	row_put_bool(row, flow_midstream, true);
	row_put_dur(row, flow_duration, -1);
	row_put_u64(row, flow_src_packets, 0);
	row_put_u64(row, flow_gap_bytes, UINT64_MAX);
}

static void rows_put_gap(struct row *row)
{
	row_put_str(row, gap_reason, STR("drop.link-unknown"));
}

static void rows_put_http(struct row *row)
{
	static const struct row_pair headers[] = {
		{ { "host", 4 }, { "shop.example", 12 } },
		{ { "accept", 6 }, { "text/html", 9 } },
		{ { "accept", 6 }, { "*/*", 3 } },
		{ { "cookie", 6 }, { MASK_TEXT, sizeof(MASK_TEXT) - 1 } },
	};
	static const struct str anomalies[] = { { "te-and-cl", 9 }, { "bare-lf", 7 } };
	static const uint64_t interim[] = { 100, 103 };

	row_put_ip(row, common_dst_ip, rows_ip("2001:db8::1"));
	row_put_u64(row, common_dst_port, 80);
	row_put_u64(row, common_flow_id, ROWS_FLOW_ID);
	row_put_str(row, http_method, STR("GET"));
	row_put_str(row, http_host, STR("shop.example"));
	row_put_str(row, http_path, STR("/api/d\u00e9j\u00e0/items"));
	row_put_u64(row, http_status, 404);
	row_put_dur(row, http_latency, 250 * NS_PER_MS);
	row_put_map(row, http_request_headers, headers, ARRAY_LEN(headers));
	row_put_list_u64(row, http_interim, interim, ARRAY_LEN(interim));
	row_put_list_str(row, http_anomalies, anomalies, ARRAY_LEN(anomalies));
	row_put_enum(row, http_state, HTTP_CUT);
}

static void rows_put_dns(struct row *row)
{
	static const struct str answers[] = { { "A 192.0.2.1", 11 }, { "A 192.0.2.2", 11 } };
	static const struct str questions[] = { { "shop.example", 12 } };

	row_put_str(row, dns_name, questions[0]);
	row_put_str(row, dns_type, STR("A"));
	row_put_str(row, dns_rcode, STR("NXDOMAIN"));
	row_put_list_str(row, dns_questions, questions, ARRAY_LEN(questions));
	row_put_list_str(row, dns_answers, answers, ARRAY_LEN(answers));
	row_put_u64(row, dns_request_bytes, 30);
	row_put_u64(row, dns_response_bytes, 62);
	row_put_dur(row, dns_latency, 1500 * NS_PER_US);
}

static void rows_put_ws(struct row *row)
{
	row_put_bool(row, ws_from_server, true);
	row_put_enum(row, ws_opcode, WS_PING);
}

static void rows_put_redis(struct row *row)
{
	row_put_str(row, redis_command, STR("GET"));
	row_put_u64(row, redis_request_bytes, UINT64_MAX);
	row_put_u64(row, redis_response_bytes, 5);
}

/* An unknown row is a gap whose kind has another number, so that only common fields are read. */
static void rows_take(struct ring *ring, enum row_name name, struct row_view *out)
{
	struct str bytes = ring_readable(ring);
	ptrdiff_t n = row_length(bytes);
	char *copy = n > 0 ? malloc((size_t)n) : NULL;

	if (!copy)
		abort();
	memcpy(copy, bytes.p, (size_t)n);
	if (name == ROW_ALIEN)
		memset(copy + 4, 0xff, 2);
	if (row_view((struct str){ copy, (size_t)n }, out) < 0)
		abort();
	ring_consume(ring, (size_t)n);
}

/* They live for ever. */
[[maybe_unused]] static const struct row_view *rows_of(enum row_name name)
{
	static void (*const put[])(struct row *) = { rows_put_capture, rows_put_flow, rows_put_gap,
						     rows_put_http,    rows_put_gap,  rows_put_dns,
						     rows_put_ws,      rows_put_redis };
	static const enum kind_id kinds[] = { KIND_CAPTURE, KIND_FLOW, KIND_GAP, KIND_HTTP,
					      KIND_GAP,     KIND_DNS,  KIND_WS,  KIND_REDIS };
	static _Alignas(8) char memory[sizeof(struct row) + ROW_SLOTS_MAX * sizeof(union row_slot)];
	static struct row_view views[ROW_NAMES];
	static struct mask_plan plan; /* keeps everything */
	struct counters counters = { 0 };
	struct ring ring;
	struct row_out out = { .ring = &ring, .plan = &plan, .counters = &counters };
	struct row *row = (void *)memory;

	if (views[name].kind_id)
		return &views[name];
	if (ring_create(ROW_MAX, &ring, NULL) < 0)
		abort();
	for (unsigned i = 0; i < ROW_NAMES; i++) {
		row_init(row, record_kind_by_id((uint16_t)kinds[i]));
		rows_put_common(row);
		put[i](row);
		if (row_commit(row, &out) < 0)
			abort();
		rows_take(&ring, (enum row_name)i, &views[i]);
	}
	ring_done(&ring);
	return &views[name];
}

#endif
