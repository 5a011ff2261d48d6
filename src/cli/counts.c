/* SPDX-License-Identifier: Apache-2.0 */
/*
 * --counts: one line of tab-separated numbers a file, made from its rows alone, under the column
 * names that the index of a capture corpus uses. A column is a row of a table: its name, how it
 * prints, and what it holds, which is also docs/cli.md. What a row adds, the functions above say,
 * one for each kind.
 */
#include <stdlib.h>

#include "cli/cli.h"
#include "cli/tally.h"

enum number {
	PACKETS,
	TCP_CONVS,
	UDP_CONVS,
	HTTP_REQUESTS,
	HTTP_RESPONSES,
	H2_STREAMS,
	H2_REQUESTS,
	H2_RESPONSES,
	GRPC_MESSAGES,
	WS_FRAMES,
	DNS_QUERIES,
	DNS_RESPONSES,
	TLS_CLIENT_HELLO,
	TLS_SERVER_HELLO,
	REDIS_FRAMES,
	IP_FRAGMENTS,
	NUMBERS,
};

enum list {
	HTTP_METHODS,
	HTTP_STATUSES,
	DNS_NAMES,
	SNI,
	JA3,
	ALPN,
	JA4_PEER,
	PGSQL_MSG_TYPES,
	VLAN,
	LISTS,
};

struct counts {
	uint64_t n[NUMBERS];
	struct tally list[LISTS];
	struct buf text;
};

int counts_new(struct counts **out)
{
	*out = calloc(1, sizeof(**out));
	if (!*out)
		return -ENOMEM;
	buf_init(&(*out)->text, 4 * ROW_VALUE_MAX);
	return 0;
}

void counts_free(struct counts *c)
{
	if (!c)
		return;
	for (unsigned i = 0; i < LISTS; i++)
		tally_done(&c->list[i]);
	buf_done(&c->text);
	free(c);
}

/* ---- Small things ---------------------------------------------------------------------------- */

static uint64_t number_of(const struct row_view *v, struct field_u64 f)
{
	uint64_t n;

	return row_get_u64(v, f, &n) ? n : 0;
}

static bool has(const struct row_view *v, struct field_ref ref)
{
	struct row_value value;

	return row_value(v, ref.slot, &value);
}

/* A peer chose the text: it is made harmless, as any value that is shown. */
static void add_text(struct counts *c, enum list list, struct str text, uint64_t n)
{
	const struct row_value value = { .type = FIELD_STR, .s = text };

	buf_clear(&c->text);
	row_value_text(NULL, &value, &c->text);
	tally_add(&c->list[list], buf_str(&c->text), n);
}

/* A name of DNS has its own escapes, each with a backslash, and is harmless by them; these are not
 * escaped once more. */
static void add_name(struct counts *c, struct str name)
{
	const struct row_value value = { .type = FIELD_STR, .s = name };
	size_t n = 0;

	buf_clear(&c->text);
	row_value_text(NULL, &value, &c->text);
	for (size_t i = 0; i < c->text.len; i++) {
		c->text.p[n++] = c->text.p[i];
		i += c->text.p[i] == '\\' && i + 1 < c->text.len && c->text.p[i + 1] == '\\';
	}
	tally_add(&c->list[DNS_NAMES], (struct str){ c->text.p, n }, 1);
}

static void add_str(struct counts *c, enum list list, const struct row_view *v, struct field_str f)
{
	struct str text;

	if (row_get_str(v, f, &text))
		add_text(c, list, text, 1);
}

static void add_elements(struct counts *c, enum list list, const struct row_view *v,
			 struct field_list_str f)
{
	struct row_value value;
	struct str text;
	size_t pos = 0;

	if (row_value(v, f.ref.slot, &value))
		while (row_value_next_str(&value, &pos, &text))
			add_text(c, list, text, 1);
}

/* A map from names to numbers. */
static void add_pairs(struct counts *c, enum list list, const struct row_view *v,
		      struct field_map f)
{
	struct row_value value;
	struct row_pair pair;
	size_t pos = 0;
	uint64_t n;

	if (row_value(v, f.ref.slot, &value))
		while (row_value_next_pair(&value, &pos, &pair))
			if (str_to_u64(pair.value, &n) == 0)
				add_text(c, list, pair.name, n);
}

/* ---- What a row adds ------------------------------------------------------------------------- */

static void add_capture(struct counts *c, const struct row_view *v)
{
	c->n[PACKETS] += number_of(v, capture_packets);
	c->n[IP_FRAGMENTS] += number_of(v, capture_fragments);
	add_pairs(c, VLAN, v, capture_vlans);
}

static void add_flow(struct counts *c, const struct row_view *v)
{
	struct str protocol;
	uint64_t transport;

	if (!row_get_enum(v, flow_transport, &transport))
		return;
	c->n[TCP_CONVS] += transport == TRANSPORT_TCP;
	c->n[UDP_CONVS] += transport == TRANSPORT_UDP;
	if (row_get_str(v, flow_protocol, &protocol) && str_eq(protocol, STR("redis")))
		c->n[REDIS_FRAMES] += number_of(v, flow_payload_packets);
}

static void add_status(struct counts *c, uint64_t status)
{
	char text[24];
	int n = snprintf(text, sizeof(text), "%llu", (unsigned long long)status);

	c->n[HTTP_RESPONSES]++;
	tally_add(&c->list[HTTP_STATUSES], (struct str){ text, (size_t)n }, 1);
}

static void add_http1(struct counts *c, const struct row_view *v)
{
	struct row_value interim;
	uint64_t status;
	size_t pos = 0;

	c->n[HTTP_REQUESTS] += has(v, http_method.ref);
	add_str(c, HTTP_METHODS, v, http_method);
	if (row_get_u64(v, http_status, &status))
		add_status(c, status);
	if (row_value(v, http_interim.ref.slot, &interim))
		while (row_value_next_u64(&interim, &pos, &status))
			add_status(c, status);
}

/* The stream was seen from this side. Of an unknown header the side is known all the same. */
static void add_h2(struct counts *c, uint64_t state)
{
	c->n[H2_REQUESTS] += state != HTTP_NO_REQUEST;
	c->n[H2_RESPONSES] += state != HTTP_NO_RESPONSE;
}

static bool is_h2(const struct row_view *v, struct field_str version)
{
	struct str text;

	return row_get_str(v, version, &text) && str_eq(text, STR("2"));
}

static void add_http(struct counts *c, const struct row_view *v)
{
	uint64_t state;

	if (!is_h2(v, http_version))
		add_http1(c, v);
	else if (row_get_enum(v, http_state, &state))
		add_h2(c, state);
}

static void add_http2(struct counts *c, const struct row_view *v)
{
	c->n[H2_STREAMS] += number_of(v, http2_streams);
}

static void add_grpc(struct counts *c, const struct row_view *v)
{
	uint64_t state;

	c->n[GRPC_MESSAGES] +=
		number_of(v, grpc_request_messages) + number_of(v, grpc_response_messages);
	if (is_h2(v, grpc_http_version) && row_get_enum(v, grpc_state, &state))
		add_h2(c, state);
}

static void add_ws(struct counts *c, const struct row_view *v)
{
	c->n[WS_FRAMES] += number_of(v, ws_frames);
}

/* A query that came again is one row, and several messages. */
static void add_dns(struct counts *c, const struct row_view *v)
{
	struct row_value questions;
	struct str name;
	size_t pos = 0;

	c->n[DNS_QUERIES] += has(v, dns_request_bytes.ref) + number_of(v, dns_retransmissions);
	c->n[DNS_RESPONSES] += has(v, dns_response_bytes.ref);
	if (row_value(v, dns_questions.ref.slot, &questions))
		while (row_value_next_str(&questions, &pos, &name))
			add_name(c, name);
}

/* A server asks for another ClientHello by a ServerHello (RFC 8446 §4.1.4): that is a row, too. */
static void add_tls(struct counts *c, const struct row_view *v)
{
	uint64_t state;

	if (!row_get_enum(v, tls_state, &state))
		return;
	c->n[TLS_CLIENT_HELLO] += state != TLS_NO_CLIENT_HELLO;
	c->n[TLS_SERVER_HELLO] += state != TLS_NO_SERVER_HELLO;
	add_str(c, SNI, v, tls_sni);
	add_str(c, JA3, v, tls_ja3);
	add_str(c, JA4_PEER, v, tls_ja4);
	add_elements(c, ALPN, v, tls_client_alpn);
	add_str(c, ALPN, v, tls_alpn);
}

static void add_postgresql(struct counts *c, const struct row_view *v)
{
	add_pairs(c, PGSQL_MSG_TYPES, v, postgresql_messages);
}

static const struct {
	enum kind_id kind;
	void (*add)(struct counts *c, const struct row_view *v);
} adders[] = {
	{ KIND_CAPTURE, add_capture }, { KIND_FLOW, add_flow }, { KIND_HTTP, add_http },
	{ KIND_HTTP2, add_http2 },     { KIND_GRPC, add_grpc }, { KIND_WS, add_ws },
	{ KIND_DNS, add_dns },         { KIND_TLS, add_tls },   { KIND_POSTGRESQL, add_postgresql },
};

void counts_add(struct counts *c, const struct row_view *v)
{
	for (size_t i = 0; i < ARRAY_LEN(adders); i++)
		if (v->kind_id == adders[i].kind)
			adders[i].add(c, v);
}

/* ---- Columns --------------------------------------------------------------------------------- */

/* clang-format off */
static const struct count_column {
	const char *name;
	enum { NUMBER, TALLY, NAMES } form;
	unsigned at;
	unsigned top; /* how many of a list are shown, as the index has it; 0: all */
	const char *what;
} columns[] = {
	{ "packets", NUMBER, PACKETS, 0,
	  "frames in the file (`capture`)" },
	{ "tcp_convs", NUMBER, TCP_CONVS, 0,
	  "TCP connections (`flow`)" },
	{ "udp_convs", NUMBER, UDP_CONVS, 0,
	  "UDP connections (`flow`)" },
	{ "http_requests", NUMBER, HTTP_REQUESTS, 0,
	  "HTTP/1 exchanges whose request was seen (`http`)" },
	{ "http_responses", NUMBER, HTTP_RESPONSES, 0,
	  "their final responses, and each interim 1xx one (`http`)" },
	{ "http_methods", TALLY, HTTP_METHODS, 0,
	  "these requests by method: `GET:6,POST:1`" },
	{ "http_statuses", TALLY, HTTP_STATUSES, 0,
	  "these responses by status: `200:6,404:1`" },
	{ "h2_streams", NUMBER, H2_STREAMS, 0,
	  "HTTP/2 streams that any frame named (`http2`)" },
	{ "h2_requests", NUMBER, H2_REQUESTS, 0,
	  "HTTP/2 exchanges whose request was seen (`http`, `grpc`)" },
	{ "h2_responses", NUMBER, H2_RESPONSES, 0,
	  "and whose response was (`http`, `grpc`)" },
	{ "grpc_messages", NUMBER, GRPC_MESSAGES, 0,
	  "messages of gRPC calls, both ways (`grpc`)" },
	{ "ws_frames", NUMBER, WS_FRAMES, 0,
	  "WebSocket frames (`ws`)" },
	{ "dns_queries", NUMBER, DNS_QUERIES, 0,
	  "DNS queries, each that came again counted (`dns`)" },
	{ "dns_responses", NUMBER, DNS_RESPONSES, 0,
	  "DNS responses (`dns`)" },
	{ "dns_names", NAMES, DNS_NAMES, 8,
	  "names asked for, the first eight in the order of their bytes (`dns`)" },
	{ "tls_client_hello", NUMBER, TLS_CLIENT_HELLO, 0,
	  "ClientHellos (`tls`)" },
	{ "tls_server_hello", NUMBER, TLS_SERVER_HELLO, 0,
	  "ServerHellos, requests for another ClientHello too (`tls`)" },
	{ "sni", TALLY, SNI, 8,
	  "server names in ClientHellos, the eight most frequent (`tls`)" },
	{ "ja3", TALLY, JA3, 6,
	  "JA3 of ClientHellos, the six most frequent (`tls`)" },
	{ "alpn", NAMES, ALPN, 6,
	  "protocols offered or chosen, the first six in the order of their bytes (`tls`)" },
	{ "ja4_peer", TALLY, JA4_PEER, 6,
	  "JA4 of handshakes, the six most frequent (`tls`)" },
	{ "redis_frames", NUMBER, REDIS_FRAMES, 0,
	  "frames in which a message of Redis ended (`flow`)" },
	{ "pgsql_msg_types", TALLY, PGSQL_MSG_TYPES, 10,
	  "messages of PostgreSQL, the ten most frequent (`postgresql`)" },
	{ "ip_fragments", NUMBER, IP_FRAGMENTS, 0,
	  "IP fragments used in reassembled packets (`capture`)" },
	{ "vlan", TALLY, VLAN, 0,
	  "frames by VLAN id: `100:2` (`capture`)" },
};
/* clang-format on */

const char *counts_column(size_t i, const char **what)
{
	if (i >= ARRAY_LEN(columns))
		return NULL;
	*what = columns[i].what;
	return columns[i].name;
}

void counts_header(FILE *to)
{
	(void)fputs("file", to);
	for (size_t i = 0; i < ARRAY_LEN(columns); i++)
		(void)fprintf(to, "\t%s", columns[i].name);
	(void)fputc('\n', to);
}

void counts_print(struct counts *c, const char *file, FILE *to)
{
	cli_put_text(file, to);
	for (size_t i = 0; i < ARRAY_LEN(columns); i++) {
		const struct count_column *column = &columns[i];

		(void)fputc('\t', to);
		if (column->form == NUMBER)
			(void)fprintf(to, "%llu", (unsigned long long)c->n[column->at]);
		else if (column->form == TALLY)
			tally_print(&c->list[column->at], column->top, to);
		else
			tally_print_names(&c->list[column->at], column->top, to);
	}
	(void)fputc('\n', to);
}
