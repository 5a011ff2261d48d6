/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages and control frames as rows. A row is opened with the first frame, whose time it has, and
 * filled at the end.
 */
#include "dissect/ws/message.h"

static const struct record_kind *ws_kind(void)
{
	static const struct record_kind *kind;

	if (!kind)
		kind = record_kind_by_id(KIND_WS);
	return kind;
}

void ws_message_begin(struct dissect_stream *s, struct ws_message *m, enum dissect_side side,
		      uint64_t sequence)
{
	*m = (struct ws_message){ .open = true, .tx = dissect_tx_open(s, ws_kind(), 0) };
	if (!m->tx)
		return;
	row_put_bool(m->tx->row, ws_from_server, side == FROM_SERVER);
	row_put_u64(m->tx->row, ws_sequence, sequence);
}

static struct str mark_name(unsigned mark)
{
#define WS_MARK_NAME(name, token, ...) { token, sizeof(token) - 1 },
	static const struct str names[] = { WS_MARK_TABLE(WS_MARK_NAME) };

	return names[mark];
}

static void put_anomalies(struct dissect_tx *tx, unsigned marks)
{
	struct str *list;
	size_t n = 0;

	if (!marks)
		return;
	list = arena_alloc(tx->arena, (size_t)__builtin_popcount(marks) * sizeof(*list));
	if (!list)
		row_mark_cut(tx->row, ws_anomalies.ref);
	for (unsigned mark = 0; mark < WS_MARK_COUNT && list; mark++)
		if (marks >> mark & 1)
			list[n++] = mark_name(mark);
	row_put_list_str(tx->row, ws_anomalies, list, n);
}

void ws_message_end(struct dissect_stream *s, struct ws_message *m, bool whole)
{
	struct dissect_tx *tx = m->tx;

	m->open = false;
	m->tx = NULL;
	if (!tx)
		return;
	row_put_enum(tx->row, ws_opcode, m->opcode);
	row_put_u64(tx->row, ws_bytes, m->bytes);
	row_put_u64(tx->row, ws_frames, m->frames);
	row_put_bool(tx->row, ws_compressed, m->compressed);
	row_put_bool(tx->row, ws_masked, m->masked);
	if (!m->compressed)
		row_put_u64(tx->row, ws_content_bytes, m->bytes);
	else if (m->counting || (m->marks & WS_BIT(INFLATE_CAP) && m->content))
		row_put_u64(tx->row, ws_content_bytes, m->content);
	if (m->compressed && row_has(tx->row, ws_content_bytes.ref.slot) && !m->counting)
		row_mark_cut(tx->row, ws_content_bytes.ref);
	if (m->opcode == WS_CLOSE && m->close_code)
		row_put_u64(tx->row, ws_close_code, m->close_code);
	if (s->at_ns >= tx->began_ns)
		row_put_dur(tx->row, ws_duration, s->at_ns - tx->began_ns);
	put_anomalies(tx, m->marks);
	row_put_enum(tx->row, ws_state, whole && !m->torn ? WS_COMPLETE : WS_CUT);
	dissect_tx_commit(s, tx);
}
