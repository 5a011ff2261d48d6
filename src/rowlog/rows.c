// SPDX-License-Identifier: Apache-2.0
/*
 * The rows of a frame, one after another, merged from the parts that are had. Sections come from
 * behind a seal, and are checked all the same: each row, that they are of the frame's stream and
 * ascend to its mark, and that no part is left over.
 */
#include "rowlog/rowlog_int.h"

#define ID_AT     8
#define ROW_LEAST 24

void rowlog_rows_begin(struct rowlog_rows *rows, const struct log_frame *frame,
		       const struct str plain[ROW_PARTS], char *merged)
{
	*rows = (struct rowlog_rows){
		.id_hi = stream_agent_epoch(frame->agent, frame->epoch),
		.last = frame->sequence,
		.rows = frame->rows,
		.shard = frame->shard,
		.merged = merged,
	};
	memcpy(rows->left, plain, sizeof(rows->left));
}

/* Takes the row at the front of a part. */
static bool take(struct rowlog_rows *rows, unsigned part, struct row_view *out)
{
	if (row_view(rows->left[part], out) < 0)
		return false;
	rows->left[part] = str_skip(rows->left[part], out->bytes.n);
	return true;
}

/* The ids of a part's rows are among those of META, in the same order. */
static bool is_next(const struct rowlog_rows *rows, unsigned part, const struct row_view *meta)
{
	const struct str left = rows->left[part];
	const uint8_t *p = (const uint8_t *)left.p;

	return left.n >= ROW_LEAST && load_u64le(p + ID_AT) == meta->id_hi &&
	       load_u64le(p + ID_AT + 8) == meta->id_lo;
}

/* Also that the last row is the one the mark names. */
static bool check_id(struct rowlog_rows *rows, const struct row_view *row)
{
	uint64_t sequence = row->id_lo & LOG_SEQUENCE_MASK;

	if (row->id_hi != rows->id_hi || row->id_lo >> 56 != rows->shard ||
	    sequence <= rows->sequence || sequence > rows->last ||
	    (rows->rows == 1 && sequence != rows->last))
		return false;
	rows->sequence = sequence;
	return true;
}

static int at_end(const struct rowlog_rows *rows)
{
	for (unsigned part = 0; part < ROW_PARTS; part++)
		if (rows->left[part].n)
			return -EBADMSG;
	return 0;
}

static int merge(struct rowlog_rows *rows, const struct row_view *const part[ROW_PARTS],
		 struct row_view *out)
{
	ptrdiff_t n = row_merge(part, rows->merged, ROW_MAX);

	if (n < 0)
		return -EBADMSG;
	return row_view((struct str){ rows->merged, (size_t)n }, out) < 0 ? -EBADMSG : 1;
}

int rowlog_rows_next(struct rowlog_rows *rows, struct row_view *out)
{
	struct row_view meta, other[ROW_PARTS];
	const struct row_view *part[ROW_PARTS] = { &meta };
	bool whole = true;

	if (rows->rows == 0)
		return at_end(rows);
	if (!take(rows, PART_META, out) || !check_id(rows, out))
		return -EBADMSG;
	rows->rows--;
	for (unsigned i = PART_META + 1; i < ROW_PARTS; i++) {
		if (!is_next(rows, i, out))
			continue;
		if (!take(rows, i, &other[i]))
			return -EBADMSG;
		part[i] = &other[i];
		whole = false;
	}
	if (whole)
		return 1;
	meta = *out;
	return merge(rows, part, out);
}
