/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a connection does as a whole: its frames, streams and settings, and what is done too often
 * to be meant well. All of it is counted in a fixed place, whatever is sent, and becomes one row at
 * the connection's end.
 */
#include "dissect/http2/connection.h"

#include <stdio.h>

/* Digits of a u32, or of a count. */
#define DIGITS 12

/* ---- Counting -------------------------------------------------------------------------------- */

/* Ids grow (RFC 9113 §5.1.1), with frames of older streams in between: those near the newest are
 * known one by one, and any that is older than they are was named before. */
void h2_report_named(struct connection *c, uint32_t id)
{
	unsigned way = id & 1;
	uint32_t highest = c->highest_named[way], behind = (highest - id) / 2;
	uint64_t bit;

	if (id == 0)
		return;
	if (highest == 0 || id > highest) {
		uint32_t by = (id - highest) / 2;

		c->named[way] = (highest && by < 64 ? c->named[way] << by : 0) | 1;
		c->highest_named[way] = id;
		c->streams++;
		return;
	}
	bit = behind < 64 ? UINT64_C(1) << behind : 0;
	if (bit && !(c->named[way] & bit)) {
		c->named[way] |= bit;
		c->streams++;
	}
}

void h2_report_rate(struct dissect_stream *s, enum rate rate)
{
#define RATE_LIMIT_(name, limit) [RATE_##name] = (limit),
	static const uint16_t limits[] = { RATE_TABLE(RATE_LIMIT_) };
#define RATE_MARK_(name, limit) [RATE_##name] = MARK_##name,
	static const uint8_t marks[] = { RATE_TABLE(RATE_MARK_) };
	struct connection *c = connection_of(s);

	if (s->at_ns - c->second_ns >= NS_PER_S || s->at_ns < c->second_ns) {
		c->second_ns = s->at_ns;
		memset(c->rate, 0, sizeof(c->rate));
	}
	if (c->rate[rate] == limits[rate])
		mark(c, (enum mark)marks[rate]);
	else
		c->rate[rate]++;
}

static void count_rate(struct dissect_stream *s, const struct frame *f)
{
	bool ack = f->flags & FLAG_ACK;

	if (f->type == FRAME_SETTINGS && !ack)
		h2_report_rate(s, RATE_SETTINGS_FLOOD);
	else if (f->type == FRAME_PING && !ack)
		h2_report_rate(s, RATE_PING_FLOOD);
	else if (f->type == FRAME_PRIORITY)
		h2_report_rate(s, RATE_PRIORITY_FLOOD);
	else if (f->length == 0 &&
		 ((f->type == FRAME_DATA && !(f->flags & FLAG_END_STREAM)) ||
		  (f->type == FRAME_CONTINUATION && !(f->flags & FLAG_END_HEADERS))))
		h2_report_rate(s, RATE_EMPTY_FLOOD);
}

void h2_report_frame(struct dissect_stream *s, const struct frame *f)
{
	struct connection *c = connection_of(s);

	if (!c->began)
		c->began_ns = c->last_ns = s->at_ns;
	c->began = true;
	if (s->at_ns > c->last_ns)
		c->last_ns = s->at_ns;
	c->frames[f->type < FRAME_OTHER ? f->type : FRAME_OTHER]++;
	c->pushes += f->type == FRAME_PUSH_PROMISE;
	h2_report_named(c, f->stream);
	count_rate(s, f);
}

/* ---- Settings -------------------------------------------------------------------------------- */

static const struct {
	uint16_t id;
	struct str name;
} settings[] = {
#define SETTING_ROW_(id, name) { (id), { name, sizeof(name) - 1 } },
	SETTING_TABLE(SETTING_ROW_)
};

void h2_report_setting(struct connection *c, enum dissect_side side, const uint8_t *p)
{
	struct half *h = &c->half[side];

	for (unsigned i = 0; i < ARRAY_LEN(settings); i++) {
		if (settings[i].id != load_u16be(p))
			continue;
		h->settings[i] = load_u32be(p + 2);
		h->settings_seen = (uint8_t)(h->settings_seen | 1u << i);
	}
}

/* ---- The row --------------------------------------------------------------------------------- */

struct str h2_report_error_name(uint32_t code)
{
	static const char *const names[] = {
		"NO_ERROR",
		"PROTOCOL_ERROR",
		"INTERNAL_ERROR",
		"FLOW_CONTROL_ERROR",
		"SETTINGS_TIMEOUT",
		"STREAM_CLOSED",
		"FRAME_SIZE_ERROR",
		"REFUSED_STREAM",
		"CANCEL",
		"COMPRESSION_ERROR",
		"CONNECT_ERROR",
		"ENHANCE_YOUR_CALM",
		"INADEQUATE_SECURITY",
		"HTTP_1_1_REQUIRED",
	};

	return code < ARRAY_LEN(names) ? str_of(names[code]) : STR("unknown");
}

/* A number as the value of a map; false when there is no room. */
static bool digits(struct arena *arena, uint32_t v, struct str *out)
{
	char *p = arena_alloc(arena, DIGITS);

	if (!p)
		return false;
	*out = (struct str){ p, (size_t)snprintf(p, DIGITS, "%u", v) };
	return true;
}

static void put_frames(struct dissect_tx *tx, const struct connection *c)
{
	static const struct str names[] = {
#define FRAME_NAME_(name, number) { #name, sizeof(#name) - 1 },
		FRAME_TABLE(FRAME_NAME_){ "other", 5 },
	};
	struct row_pair *pair = arena_alloc(tx->arena, ARRAY_LEN(names) * sizeof(*pair));
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_LEN(names) && pair; i++) {
		pair[n].name = names[i];
		if (c->frames[i] && digits(tx->arena, c->frames[i], &pair[n].value))
			n++;
	}
	row_put_map(tx->row, http2_frames, pair, n);
}

static void put_settings(struct dissect_tx *tx, struct field_map f, const struct half *h)
{
	struct row_pair *pair;
	size_t n = 0;

	if (!h->settings_seen)
		return;
	pair = arena_alloc(tx->arena, SETTINGS_NAMED * sizeof(*pair));
	for (size_t i = 0; i < ARRAY_LEN(settings) && pair; i++) {
		pair[n].name = settings[i].name;
		if (h->settings_seen >> i & 1 && digits(tx->arena, h->settings[i], &pair[n].value))
			n++;
	}
	row_put_map(tx->row, f, pair, n);
}

static void put_anomalies(struct dissect_tx *tx, uint32_t marks)
{
	static const struct str tokens[] = {
#define MARK_TOKEN_(name, token) { token, sizeof(token) - 1 },
		MARK_TABLE(MARK_TOKEN_)
	};
	struct str *list;
	size_t n = 0;

	if (!marks)
		return;
	list = arena_alloc(tx->arena, MARK_COUNT * sizeof(*list));
	for (size_t i = 0; i < MARK_COUNT && list; i++)
		if (marks >> i & 1)
			list[n++] = tokens[i];
	row_put_list_str(tx->row, http2_anomalies, list, n);
	if (!list)
		row_mark_cut(tx->row, http2_anomalies.ref);
}

static void put_counts(struct row *row, const struct connection *c)
{
	row_put_u64(row, http2_streams, c->streams);
	row_put_u64(row, http2_exchanges, c->exchanges);
	row_put_u64(row, http2_shed, c->shed);
	row_put_u64(row, http2_pushes, c->pushes);
	row_put_u64(row, http2_client_resets, c->resets[FROM_CLIENT]);
	row_put_u64(row, http2_server_resets, c->resets[FROM_SERVER]);
	row_put_u64(row, http2_unknown_headers, c->unknown);
	row_put_bool(row, http2_upgraded, c->upgraded);
	row_put_dur(row, http2_duration, c->last_ns - c->began_ns);
	if (c->has_goaway)
		row_put_str(row, http2_goaway, h2_report_error_name(c->goaway));
}

void h2_report_end(struct dissect_stream *s)
{
	const struct connection *c = connection_of(s);
	struct dissect_tx *tx;

	if (!c->began)
		return;
	tx = dissect_tx_open(s, record_kind_by_id(KIND_HTTP2), 0);
	if (!tx)
		return;
	tx->began_ns = c->began_ns;
	put_counts(tx->row, c);
	row_put_bool(tx->row, http2_midstream, !c->from_start);
	put_frames(tx, c);
	put_settings(tx, http2_client_settings, &c->half[FROM_CLIENT]);
	put_settings(tx, http2_server_settings, &c->half[FROM_SERVER]);
	put_anomalies(tx, c->marks);
	dissect_tx_commit(s, tx);
}
