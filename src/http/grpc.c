/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gRPC: its message framing, counted over any split of the bytes, and a row of the kind grpc made
 * from that of the HTTP exchange which carried the call. Messages are passed over untouched; of
 * gRPC-Web the trailers, which stand in its body, are read.
 */
#include "http/grpc.h"

#define FLAG_COMPRESSED 0x01
#define FLAG_TRAILERS   0x80

/* Limit: trailer fields kept of gRPC-Web. */
#define WEB_TRAILERS_MAX 16
/* Limit: a name of a compression. */
#define ENCODING_MAX 64

enum grpc_type grpc_type_of(struct str s)
{
	static const struct {
		struct str name;
		enum grpc_type type;
	} types[] = {
		{ { "application/grpc-web-text", 25 }, GRPC_WEB_TEXT },
		{ { "application/grpc-web", 20 }, GRPC_WEB },
		{ { "application/grpc", 16 }, GRPC_PLAIN },
	};

	for (size_t i = 0; i < ARRAY_LEN(types); i++) {
		struct str rest = str_skip(s, types[i].name.n);

		if (!s.p || s.n < types[i].name.n ||
		    !str_eq_nocase(str_head(s, types[i].name.n), types[i].name))
			continue;
		if (rest.n == 0 || rest.p[0] == '+' || rest.p[0] == ';' || rest.p[0] == ' ')
			return types[i].type;
	}
	return GRPC_NONE;
}

/* ---- Messages -------------------------------------------------------------------------------- */

static void message_over(struct grpc_body *b)
{
	b->have = 0;
	if (b->prefix[0] & FLAG_TRAILERS)
		return;
	b->messages++;
	b->bytes += b->length;
	b->compressed += b->prefix[0] & FLAG_COMPRESSED;
}

static void prefix_over(struct grpc_body *b)
{
	unsigned known = FLAG_COMPRESSED | (b->type == GRPC_PLAIN ? 0u : FLAG_TRAILERS);

	if (b->prefix[0] & ~known) {
		b->broken = true;
		return;
	}
	b->length = load_u32be(b->prefix + 1);
	b->left = b->length;
	if (b->left == 0)
		message_over(b);
}

/* What of the trailers fits; the rest is passed over. */
static void keep_trailer(struct grpc_body *b, struct arena *arena, struct str in)
{
	size_t n = size_min(in.n, (size_t)GRPC_TRAILER_MAX - b->trailer_n);

	if (!b->trailer && arena)
		b->trailer = arena_alloc(arena, GRPC_TRAILER_MAX);
	if (!b->trailer)
		n = 0;
	if (n)
		memcpy(b->trailer + b->trailer_n, in.p, n);
	b->trailer_n = (uint16_t)(b->trailer_n + n);
	b->trailer_cut |= n < in.n;
}

static void feed_plain(struct grpc_body *b, struct arena *arena, struct str in)
{
	while (in.n && !b->broken) {
		size_t n = size_min(in.n, b->have < 5 ? 5u - b->have : b->left);

		if (b->have < 5) {
			memcpy(b->prefix + b->have, in.p, n);
			b->have = (uint8_t)(b->have + n);
			if (b->have == 5)
				prefix_over(b);
		} else {
			if (b->prefix[0] & FLAG_TRAILERS)
				keep_trailer(b, arena, str_head(in, n));
			b->left -= (uint32_t)n;
			if (b->left == 0)
				message_over(b);
		}
		in = str_skip(in, n);
	}
}

/* RFC 4648 §4: 0 to 63; 64 for padding, 65 for what is none of it. */
static unsigned sextet_of(char c)
{
	if (c >= 'A' && c <= 'Z')
		return (unsigned)(c - 'A');
	if (c >= 'a' && c <= 'z')
		return (unsigned)(c - 'a') + 26;
	if (c >= '0' && c <= '9')
		return (unsigned)(c - '0') + 52;
	if (c == '+' || c == '/')
		return c == '+' ? 62 : 63;
	return c == '=' ? 64 : 65;
}

/* Each piece that a sender encoded by itself ends with its own padding, in the middle of the body.
 */
static void feed_text(struct grpc_body *b, struct arena *arena, struct str in)
{
	for (size_t i = 0; i < in.n && !b->broken; i++) {
		unsigned v = sextet_of(in.p[i]);
		unsigned padding = b->quantum >> 24;
		char bytes[3];

		if (v > 64 || (v == 64 && b->quantum_n < 2) || (v < 64 && padding)) {
			b->broken = true;
			return;
		}
		/* The top byte counts the padding. */
		if (v == 64)
			padding++;
		b->quantum = padding << 24 | ((b->quantum << 6) & 0xffffff) | (v & 63);
		if (++b->quantum_n < 4)
			continue;
		bytes[0] = (char)(b->quantum >> 16 & 0xff);
		bytes[1] = (char)(b->quantum >> 8 & 0xff);
		bytes[2] = (char)(b->quantum & 0xff);
		b->quantum = 0;
		b->quantum_n = 0;
		feed_plain(b, arena, (struct str){ bytes, 3 - padding });
	}
}

void grpc_body_feed(struct grpc_body *b, struct arena *arena, struct str in)
{
	b->fed |= in.n > 0;
	if (b->type == GRPC_WEB_TEXT)
		feed_text(b, arena, in);
	else
		feed_plain(b, arena, in);
}

uint64_t grpc_body_skippable(const struct grpc_body *b)
{
	if (b->broken)
		return UINT64_MAX;
	if (b->type == GRPC_WEB_TEXT || b->have < 5 || (b->prefix[0] & FLAG_TRAILERS))
		return 0;
	return b->left;
}

void grpc_body_skip(struct grpc_body *b, uint64_t n)
{
	b->fed |= n > 0;
	if (b->broken || n == 0)
		return;
	assert(n <= b->left);
	b->left -= (uint32_t)n;
	if (b->left == 0)
		message_over(b);
}

bool grpc_body_is_whole(const struct grpc_body *b)
{
	return !b->broken && b->have == 0 && b->quantum_n == 0;
}

/* ---- Headers and trailers -------------------------------------------------------------------- */

int grpc_timeout_parse(struct str s, int64_t *out_ns)
{
	static const struct {
		char unit;
		int64_t ns;
	} units[] = {
		{ 'H', 3600 * NS_PER_S }, { 'M', 60 * NS_PER_S }, { 'S', NS_PER_S },
		{ 'm', NS_PER_MS },       { 'u', NS_PER_US },     { 'n', 1 },
	};
	uint64_t v;

	if (s.n < 2 || s.n > 9 || str_to_u64(str_head(s, s.n - 1), &v) < 0)
		return -EINVAL;
	for (size_t i = 0; i < ARRAY_LEN(units); i++) {
		if (units[i].unit != s.p[s.n - 1])
			continue;
		/* 99999999 hours are more than the nanoseconds of an i64. */
		if (ckd_mul(out_ns, (int64_t)v, units[i].ns))
			*out_ns = INT64_MAX;
		return 0;
	}
	return -EINVAL;
}

struct str grpc_name_of_status(uint32_t status)
{
	static const char *const names[] = {
		"OK",
		"CANCELLED",
		"UNKNOWN",
		"INVALID_ARGUMENT",
		"DEADLINE_EXCEEDED",
		"NOT_FOUND",
		"ALREADY_EXISTS",
		"PERMISSION_DENIED",
		"RESOURCE_EXHAUSTED",
		"FAILED_PRECONDITION",
		"ABORTED",
		"OUT_OF_RANGE",
		"UNIMPLEMENTED",
		"INTERNAL",
		"UNAVAILABLE",
		"DATA_LOSS",
		"UNAUTHENTICATED",
	};

	return status < ARRAY_LEN(names) ? str_of(names[status]) : STR("");
}

void grpc_call_field(struct grpc_call *c, struct arena *arena, enum dissect_side side,
		     struct str name, struct str value)
{
	uint64_t v;

	if (!str_starts(name, STR("grpc-")))
		return;
	if (side == FROM_SERVER && str_eq(name, STR("grpc-status"))) {
		c->marks_grpc = true;
		if (str_to_u64(value, &v) < 0 || v > UINT32_MAX)
			return;
		c->has_status = true;
		c->status = (uint32_t)v;
	} else if (side == FROM_CLIENT && str_eq(name, STR("grpc-timeout"))) {
		c->marks_grpc = true;
		c->has_timeout = grpc_timeout_parse(value, &c->timeout_ns) == 0;
	} else if (str_eq(name, STR("grpc-encoding"))) {
		c->marks_grpc = true;
		if (value.n && value.n <= ENCODING_MAX)
			c->encoding[side] = arena_str(arena, value);
	} else if (str_eq(name, STR("grpc-accept-encoding"))) {
		c->marks_grpc = true;
	}
}

static void make_lower(char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (p[i] >= 'A' && p[i] <= 'Z')
			p[i] |= 0x20;
}

void grpc_call_web_trailers(struct grpc_call *c, struct arena *arena)
{
	const struct grpc_body *b = &c->body[FROM_SERVER];
	struct str rest = { b->trailer, b->trailer_n };
	size_t max = c->trailers + WEB_TRAILERS_MAX;
	struct row_pair *pair;

	if (rest.n == 0)
		return;
	pair = arena_alloc(arena, max * sizeof(*pair));
	if (pair && c->trailers)
		memcpy(pair, c->trailer, c->trailers * sizeof(*pair));
	if (pair)
		c->trailer = pair;
	c->trailers_cut |= b->trailer_cut || !pair;
	while (rest.n && pair) {
		struct str line, name;
		bool whole = str_cut(&rest, '\n', &line);

		/* A line that the limit cut may hold half a secret, and half a number. */
		if ((!whole && b->trailer_cut) || c->trailers == max) {
			c->trailers_cut = true;
			break;
		}
		if (!str_cut(&line, ':', &name) || name.n == 0)
			continue;
		make_lower(b->trailer + (name.p - b->trailer), name.n);
		if (str_ends(line, STR("\r")))
			line.n--;
		line = str_trim(line);
		grpc_call_field(c, arena, FROM_SERVER, name, line);
		pair[c->trailers++] = (struct row_pair){ name, line };
	}
}

/* ---- The row --------------------------------------------------------------------------------- */

/* What a row of the kind grpc has as the kind http has it. */
static const struct {
	uint16_t http, grpc;
} same[] = {
	{ http_slot_host, grpc_slot_host },
	{ http_slot_version, grpc_slot_http_version },
	{ http_slot_status, grpc_slot_http_status },
	{ http_slot_latency, grpc_slot_latency },
	{ http_slot_duration, grpc_slot_duration },
	{ http_slot_request_headers, grpc_slot_request_headers },
	{ http_slot_response_headers, grpc_slot_response_headers },
	{ http_slot_request_content_type, grpc_slot_content_type },
	{ http_slot_anomalies, grpc_slot_anomalies },
	{ http_slot_state, grpc_slot_state },
	{ http_slot_stream, grpc_slot_stream },
	{ http_slot_reset, grpc_slot_reset },
	{ http_slot_reset_by_server, grpc_slot_reset_by_server },
	{ http_slot_unknown_headers, grpc_slot_unknown_headers },
};

static bool has_bit(const uint64_t *bits, unsigned slot)
{
	return bits[slot / 64] >> (slot % 64) & 1;
}

static void copy_bit(uint64_t *to, unsigned to_slot, const uint64_t *from, unsigned from_slot)
{
	if (has_bit(from, from_slot))
		to[to_slot / 64] |= UINT64_C(1) << (to_slot % 64);
}

static void copy_same(struct row *row, const struct row *http)
{
	for (size_t i = 0; i < ARRAY_LEN(same); i++) {
		if (row_has(http, same[i].http))
			row->slot[same[i].grpc] = http->slot[same[i].http];
		copy_bit(row->present, same[i].grpc, http->present, same[i].http);
		copy_bit(row->cut, same[i].grpc, http->cut, same[i].http);
		copy_bit(row->unknown, same[i].grpc, http->unknown, same[i].http);
	}
}

/* /package.Service/Method, with whatever prefix somebody put before it. */
static void put_route(struct row *row, const struct row *http)
{
	struct str path = http->slot[http_slot_path].s;
	size_t n = path.n;

	if (!row_has(http, http_slot_path))
		return;
	if (has_bit(http->unknown, http_slot_path)) {
		row_put_unknown(row, grpc_service);
		row_put_unknown(row, grpc_method);
		return;
	}
	if (has_bit(http->cut, http_slot_path)) {
		row_put_str(row, grpc_service, path);
		row_mark_cut(row, grpc_service.ref);
		return;
	}
	while (n > 0 && path.p[n - 1] != '/')
		n--;
	row_put_str(row, grpc_method, str_skip(path, n));
	path = str_head(path, n ? n - 1 : 0);
	row_put_str(row, grpc_service, str_starts(path, STR("/")) ? str_skip(path, 1) : path);
}

/* A stream that could have had more messages and had one looks like a call without streams. */
static enum grpc_streaming streaming_of(const struct grpc_call *c)
{
	bool client = c->body[FROM_CLIENT].messages > 1, server = c->body[FROM_SERVER].messages > 1;

	if (client)
		return server ? GRPC_BIDI : GRPC_CLIENT_STREAM;
	return server ? GRPC_SERVER_STREAM : GRPC_UNARY;
}

static void put_messages(struct row *row, const struct grpc_call *c)
{
	const struct grpc_body *client = &c->body[FROM_CLIENT], *server = &c->body[FROM_SERVER];

	row_put_u64(row, grpc_request_messages, client->messages);
	row_put_u64(row, grpc_request_message_bytes, client->bytes);
	row_put_u64(row, grpc_request_compressed, client->compressed);
	row_put_u64(row, grpc_response_messages, server->messages);
	row_put_u64(row, grpc_response_message_bytes, server->bytes);
	row_put_u64(row, grpc_response_compressed, server->compressed);
	row_put_enum(row, grpc_streaming, streaming_of(c));
	if (streaming_of(c) != GRPC_UNARY && c->first_latency_ns > 0)
		row_put_dur(row, grpc_latency, c->first_latency_ns);
}

static void put_told(struct row *row, const struct grpc_call *c)
{
	if (c->has_status) {
		row_put_u64(row, grpc_status, c->status);
		if (grpc_name_of_status(c->status).n)
			row_put_str(row, grpc_status_name, grpc_name_of_status(c->status));
	}
	if (c->has_timeout)
		row_put_dur(row, grpc_timeout, c->timeout_ns);
	if (c->encoding[FROM_CLIENT].n)
		row_put_str(row, grpc_request_encoding, c->encoding[FROM_CLIENT]);
	if (c->encoding[FROM_SERVER].n)
		row_put_str(row, grpc_response_encoding, c->encoding[FROM_SERVER]);
	if (c->trailers || c->trailers_cut)
		row_put_map(row, grpc_response_trailers, c->trailer, c->trailers);
	if (c->trailers_cut)
		row_mark_cut(row, grpc_response_trailers.ref);
	row_put_bool(row, grpc_web, c->web);
}

int grpc_make_row(struct dissect_tx *tx, const struct grpc_call *c)
{
	static const struct record_kind *kind;
	const struct row *http = tx->row;
	struct row *row;

	if (!kind)
		kind = record_kind_by_id(KIND_GRPC);
	row = arena_alloc(tx->arena, row_bytes(kind));
	if (!row)
		return -ENOBUFS;
	row_init(row, kind);
	copy_same(row, http);
	put_route(row, http);
	put_messages(row, c);
	put_told(row, c);
	tx->row = row;
	return 0;
}
