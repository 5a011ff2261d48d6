// SPDX-License-Identifier: Apache-2.0
/*
 * Reading a log. A frame that is not what was written costs itself: the next one is looked for
 * behind its header, by magic, place and checksum, so that no length is believed that no seal has
 * proven. What of the last commit is not whole was perhaps never acknowledged, and is not given.
 */
#include "rowlog/rowlog_int.h"

#include <stdlib.h>

#define WINDOW_BYTES (64 * KIB)
/* What a frame of rows, or that of marks, can take at most behind its header. */
#define SEALED_BYTES                                                                               \
	((size_t)ROWLOG_MARKS_MAX * LOG_MARK_BYTES + ROWLOG_MARKS_MAX * LOG_MARK_BYTES / 128 +     \
	 ROW_PARTS * KIB)

/* Limit: bytes of frames that do not open, in sizes of the file and beside. Those of damaged frames
 * are together no more than the file; false headers can claim the same bytes over and over. */
#define FALSE_SIZES 4
#define FALSE_BYTES (16 * MIB)

struct rowlog_reader {
	int fd;
	char name[ROWLOG_NAME_BYTES];
	uint64_t size, at;
	uint64_t expect; /* number of the next frame */
	uint64_t wasted; /* bytes of frames that did not open */
	bool headless;   /* the file ends within its header */
	bool ended;

	struct crypto_aead *aead[ROW_PARTS], *marks_aead;
	ZSTD_DCtx *unzip;

	bool scanned; /* last is known: */
	uint64_t last_commit;

	/* The frame that was told, or is to be told behind its bad sections. */
	struct log_frame frame;
	uint8_t head[LOG_FRAME_BYTES];
	unsigned parts;
	bool waits, unpacked;
	struct rowlog_rows rows;
	uint64_t arrival;

	uint8_t *sealed; /* SEALED_BYTES */
	uint8_t *plain;  /* ROWLOG_FRAME_BYTES */
	char *merged;    /* ROW_MAX */
	uint8_t *window; /* WINDOW_BYTES */
};

static int read_error(struct err *err, const char *name, ssize_t code)
{
	return err_set(err, ERR_STORE_IO, "log %s: %s", name, strerror((int)-code));
}

/* ---- The header of the file ------------------------------------------------------------------ */

static int check_head(const struct log_head *head, const char *name,
		      const uint8_t store_id[ROWLOG_STORE_ID_BYTES], struct err *err)
{
	uint64_t number;

	if (memcmp(head->says.store_id, store_id, ROWLOG_STORE_ID_BYTES) != 0)
		return err_set(err, ERR_STORE_OTHER, "log %s", name);
	if (!rowlog_name_parse(name, &number) || number != head->says.first_arrival)
		return err_set(err, ERR_STORE_DAMAGED,
			       "log %s: it was written as %016llx.log, and has been renamed", name,
			       (unsigned long long)head->says.first_arrival);
	return 0;
}

/* 1 when the file ends within it. */
static int load_head(int fd, const char *name, uint8_t bytes[LOG_HEAD_BYTES], struct log_head *out,
		     struct err *err)
{
	ssize_t n = disk_read(fd, 0, bytes, LOG_HEAD_BYTES);

	if (n < 0)
		return read_error(err, name, n);
	if (n < LOG_HEAD_BYTES)
		return 1;
	switch (rowlog_head_decode(bytes, out)) {
	case LOG_HEAD_NEWER:
		return err_set(err, ERR_STORE_VERSION, "log %s", name);
	case LOG_HEAD_NONE:
		return err_set(err, ERR_STORE_DAMAGED,
			       "log %s: its header is not one; none of its rows can be opened",
			       name);
	case LOG_HEAD_FITS:
		break;
	}
	return 0;
}

int rowlog_read_head(int fd, const char *name, const uint8_t store_id[ROWLOG_STORE_ID_BYTES],
		     struct rowlog_head *out, struct err *err)
{
	uint8_t bytes[LOG_HEAD_BYTES];
	struct log_head head = { 0 };
	int r = load_head(fd, name, bytes, &head, err);

	if (r == 0)
		r = check_head(&head, name, store_id, err);
	if (r == 1) {
		memcpy(head.says.store_id, store_id, ROWLOG_STORE_ID_BYTES);
		(void)rowlog_name_parse(name, &head.says.first_arrival);
	}
	if (r >= 0)
		*out = head.says;
	return r;
}

/* ---- Opening --------------------------------------------------------------------------------- */

void rowlog_reader_free(struct rowlog_reader *r)
{
	if (!r)
		return;
	for (unsigned part = 0; part < ROW_PARTS; part++)
		crypto_aead_free(r->aead[part]);
	crypto_aead_free(r->marks_aead);
	(void)ZSTD_freeDCtx(r->unzip);
	free(r->sealed);
	free(r->plain);
	free(r->merged);
	free(r->window);
	free(r);
}

static struct rowlog_reader *make(int fd, const char *name)
{
	CLEANUP(rowlog_reader_free) struct rowlog_reader *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->fd = fd;
	memcpy(r->name, name, strnlen(name, sizeof(r->name) - 1));
	r->at = LOG_HEAD_BYTES;
	r->unzip = ZSTD_createDCtx();
	r->sealed = malloc(SEALED_BYTES);
	r->plain = malloc(ROWLOG_FRAME_BYTES);
	r->merged = malloc(ROW_MAX);
	r->window = malloc(WINDOW_BYTES);
	return r->unzip && r->sealed && r->plain && r->merged && r->window ? TAKE(r) : NULL;
}

static int make_keys(struct rowlog_reader *r, const uint8_t head[LOG_HEAD_BYTES],
		     const struct rowlog_key key[ROW_PARTS], const uint8_t *marks_key)
{
	int failed = 0;

	for (unsigned part = 0; failed == 0 && part < ROW_PARTS; part++)
		if (key[part].id)
			failed = rowlog_section_key(key[part].key, head, &r->aead[part]);
	if (failed == 0 && marks_key)
		failed = rowlog_section_key(marks_key, head, &r->marks_aead);
	return failed;
}

int rowlog_reader_new(int fd, const char *name, const struct rowlog_head *head,
		      const struct rowlog_key key[ROW_PARTS], const uint8_t *marks_key,
		      struct rowlog_reader **out, struct err *err)
{
	CLEANUP(rowlog_reader_free) struct rowlog_reader *r = make(fd, name);
	uint8_t bytes[LOG_HEAD_BYTES];
	struct log_head now = { 0 };
	int failed;

	if (!r)
		return err_set(err, ERR_MEMORY, "reading log %s", name);
	failed = disk_size(fd, &r->size);
	if (failed < 0)
		return read_error(err, name, failed);
	failed = load_head(fd, name, bytes, &now, err);
	if (failed < 0)
		return failed;
	r->headless = failed > 0;
	if (!r->headless && memcmp(&now.says, head, sizeof(*head)) != 0)
		return err_set(err, ERR_STORE_DAMAGED, "log %s: it was exchanged", name);
	if (!r->headless && make_keys(r, bytes, key, marks_key) < 0)
		return err_set(err, ERR_MEMORY, "the keys of log %s", name);
	*out = TAKE(r);
	return 0;
}

/* ---- Looking for frames ---------------------------------------------------------------------- */

/* Whether a header stands here; all that follows may still be cut or wrong. -EIO and the like. */
static int frame_at(struct rowlog_reader *r, uint64_t at, uint8_t head[LOG_FRAME_BYTES],
		    struct log_frame *out)
{
	ssize_t n =
		r->size - at < LOG_FRAME_BYTES ? 0 : disk_read(r->fd, at, head, LOG_FRAME_BYTES);

	if (n < 0)
		return (int)n;
	return n < LOG_FRAME_BYTES ? (int)LOG_FRAME_NONE : (int)rowlog_frame_decode(head, at, out);
}

/* The next header at or behind `from`: 1, or 0 when there is none. */
static int find_frame(struct rowlog_reader *r, uint64_t from, struct log_frame *out)
{
	uint64_t at = (from + LOG_ALIGN - 1) & ~(uint64_t)(LOG_ALIGN - 1);

	while (at < r->size && r->size - at >= LOG_FRAME_BYTES) {
		ssize_t n = disk_read(r->fd, at, r->window, WINDOW_BYTES);
		size_t i = 0;

		if (n < 0)
			return (int)n;
		for (; i + LOG_FRAME_BYTES <= (size_t)n; i += LOG_ALIGN)
			if (rowlog_frame_decode(r->window + i, at + i, out) == LOG_FRAME_FITS)
				return 1;
		if (i == 0)
			break; /* the file has become shorter */
		at += i;
	}
	return 0;
}

/* The number of the first frame of the last commit, from the last header of the file. Asked only
 * when something is bad. */
static int find_last_commit(struct rowlog_reader *r)
{
	struct log_frame frame;
	uint64_t at = r->at;
	int found;

	if (r->scanned)
		return 0;
	while ((found = find_frame(r, at, &frame)) > 0) {
		r->last_commit = frame.number - frame.before;
		at = frame.offset + LOG_FRAME_BYTES;
	}
	r->scanned = found == 0;
	return found;
}

/* ---- What is bad ----------------------------------------------------------------------------- */

/* Nothing more follows. */
static int torn(struct rowlog_reader *r, const char *why, struct err *err)
{
	const unsigned long long n = r->size - r->at, at = r->at;

	r->ended = true;
	(void)err_set(err, ERR_STORE_DAMAGED, "log %s: %llu bytes at its end, from byte %llu, %s",
		      r->name, n, at, why);
	return ROWLOG_TORN;
}

/* Frames that were moved are no write that a crash cut. */
static int moved(struct rowlog_reader *r, struct err *err)
{
	const unsigned long long at = r->at;

	r->ended = true;
	(void)err_set(err, ERR_STORE_DAMAGED,
		      "log %s: all from byte %llu on was written for another place", r->name, at);
	return ROWLOG_BAD;
}

/* Nobody wrote what claims so much. */
static int too_false(struct rowlog_reader *r, struct err *err)
{
	const unsigned long long at = r->at;

	r->ended = true;
	(void)err_set(err, ERR_STORE_DAMAGED,
		      "log %s: from byte %llu on there are more false frames than a file can hold, "
		      "and it is not read",
		      r->name, at);
	return ROWLOG_BAD;
}

/* What stands at r->at is no frame; the next one is found, or nothing follows. */
static int bad(struct rowlog_reader *r, const char *why, const char *why_last, struct err *err)
{
	const unsigned long long at = r->at, first = r->expect;
	const char *unsure = "";
	struct log_frame next;
	int found = find_frame(r, r->at + LOG_ALIGN, &next);

	if (found == 0)
		return why_last ? torn(r, why_last, err) : moved(r, err);
	if (found > 0)
		found = find_last_commit(r);
	if (found < 0)
		return read_error(err, r->name, found);
	if (first >= r->last_commit)
		unsure = "; it is of the last commit, perhaps never acknowledged";
	r->at = next.offset;
	if (next.number > first + 1)
		(void)err_set(err, ERR_STORE_DAMAGED,
			      "log %s: frames %llu to %llu at byte %llu: %s%s", r->name, first,
			      (unsigned long long)next.number - 1, at, why, unsure);
	else
		(void)err_set(err, ERR_STORE_DAMAGED, "log %s: frame %llu at byte %llu: %s%s",
			      r->name, first, at, why, unsure);
	r->expect = next.number;
	return ROWLOG_BAD;
}

/* ---- Opening a frame ------------------------------------------------------------------------- */

static size_t section_at(const struct log_frame *frame, unsigned part)
{
	size_t at = 0;

	for (unsigned i = 0; i < part; i++)
		at += frame->part[i].sealed;
	return at;
}

static struct crypto_aead *key_of(const struct rowlog_reader *r, unsigned part)
{
	return r->frame.kind == LOG_FRAME_MARKS ? r->marks_aead : r->aead[part];
}

static bool open_section(struct rowlog_reader *r, unsigned part)
{
	uint8_t *at = r->sealed + section_at(&r->frame, part);
	uint8_t nonce[CRYPTO_GCM_NONCE_BYTES];

	rowlog_nonce(r->frame.number, part, nonce);
	return crypto_aead_open(key_of(r, part), nonce,
				(struct str){ (const char *)r->head, LOG_FRAME_BYTES },
				(struct str){ (const char *)at, r->frame.part[part].sealed },
				at) == 0;
}

/* Opens what keys are had for; the answer has a bit for each that is not what was sealed. */
static unsigned open_sections(struct rowlog_reader *r)
{
	unsigned failed = 0;

	r->parts = 0;
	for (unsigned part = 0; part < ROW_PARTS; part++) {
		if (!r->frame.part[part].sealed || !key_of(r, part))
			continue;
		if (open_section(r, part))
			r->parts |= 1U << part;
		else
			failed |= 1U << part;
	}
	return failed;
}

static struct str packed(const struct rowlog_reader *r, unsigned part)
{
	return (struct str){ (const char *)r->sealed + section_at(&r->frame, part),
			     r->frame.part[part].sealed - CRYPTO_GCM_TAG_BYTES };
}

/* ---- The steps ------------------------------------------------------------------------------- */

static int tell_frame(struct rowlog_reader *r, struct rowlog_frame *frame)
{
	*frame = (struct rowlog_frame){ .number = r->frame.number,
					.offset = r->frame.offset,
					.first_arrival = r->frame.first_arrival,
					.rows = r->frame.rows,
					.agent = r->frame.agent,
					.epoch = r->frame.epoch,
					.shard = r->frame.shard,
					.sequence = r->frame.sequence,
					.at_ns = r->frame.at_ns };
	r->waits = false;
	r->unpacked = false;
	r->arrival = r->frame.first_arrival;
	return ROWLOG_FRAME;
}

static int tell_marks(struct rowlog_reader *r, struct rowlog_marks *marks, struct err *err)
{
	const size_t n = r->frame.part[0].plain;
	uint8_t *plain = malloc(n ? n : 1);
	int failed = -ENOMEM;

	r->parts = 0;
	if (plain)
		failed = rowlog_section_unpack(r->unzip, packed(r, 0), plain, n);
	if (failed == 0 && marks)
		failed = rowlog_marks_decode(marks, (struct str){ (const char *)plain, n });
	free(plain);
	if (failed == -ENOMEM)
		return err_set(err, ERR_MEMORY, "the marks of log %s", r->name);
	if (failed < 0) {
		(void)err_set(err, ERR_STORE_DAMAGED, "log %s: frame 0: its marks are none",
			      r->name);
		return ROWLOG_BAD;
	}
	return ROWLOG_MARKS;
}

/* META is whole, and with it the header is proven; of the others some are not. */
static int bad_sections(struct rowlog_reader *r, unsigned failed, struct err *err)
{
	const bool both = failed == (1U << PART_HEADERS | 1U << PART_PAYLOAD);

	r->waits = true;
	(void)err_set(err, ERR_STORE_DAMAGED,
		      "log %s: frame %llu at byte %llu: section%s %s not what "
		      "was written, and left out",
		      r->name, (unsigned long long)r->frame.number,
		      (unsigned long long)r->frame.offset, both ? "s" : "",
		      both                         ? "HEADERS and PAYLOAD are"
		      : failed >> PART_HEADERS & 1 ? "HEADERS is"
						   : "PAYLOAD is");
	return ROWLOG_BAD;
}

/* The whole frame stands in memory: 0 when it is passed over. */
static int open_frame(struct rowlog_reader *r, struct rowlog_frame *frame,
		      struct rowlog_marks *marks, struct err *err)
{
	const unsigned failed = open_sections(r);
	int found = failed ? find_last_commit(r) : 0;

	if (found < 0)
		return read_error(err, r->name, found);
	if (failed & 1U << PART_META || (failed && r->frame.number >= r->last_commit)) {
		r->parts = 0;
		r->wasted += rowlog_frame_length(&r->frame);
		if (r->wasted / FALSE_SIZES > r->size + FALSE_BYTES / FALSE_SIZES)
			return too_false(r, err);
		return bad(
			r, "its seals do not open",
			"are a frame whose length is whole, but its seals do not open: the middle "
			"of a write was lost, or it was damaged later",
			err);
	}
	r->at += rowlog_frame_length(&r->frame);
	r->expect = r->frame.number + 1;
	if (r->frame.kind == LOG_FRAME_MARKS)
		return r->marks_aead ? tell_marks(r, marks, err) : 0;
	return failed ? bad_sections(r, failed, err) : tell_frame(r, frame);
}

static int step(struct rowlog_reader *r, struct rowlog_frame *frame, struct rowlog_marks *marks,
		struct err *err)
{
	int found = frame_at(r, r->at, r->head, &r->frame);
	uint64_t length;
	ssize_t n;

	if (found < 0)
		return read_error(err, r->name, found);
	if (found == LOG_FRAME_MOVED)
		return bad(r, "it was written for another place", NULL, err);
	length = found == LOG_FRAME_FITS ? rowlog_frame_length(&r->frame) : 0;
	if (length == 0 || length > r->size - r->at)
		return bad(r, "it is no frame", "are no complete frame", err);
	length -= LOG_FRAME_BYTES;
	assert(length <= SEALED_BYTES);
	n = disk_read(r->fd, r->at + LOG_FRAME_BYTES, r->sealed, (size_t)length);
	if (n < 0 || (uint64_t)n < length)
		return read_error(err, r->name, n < 0 ? n : -EIO);
	return open_frame(r, frame, marks, err);
}

int rowlog_next(struct rowlog_reader *r, struct rowlog_frame *frame, struct rowlog_marks *marks,
		struct err *err)
{
	int found = 0;

	if (r->waits)
		return tell_frame(r, frame);
	r->parts = 0;
	if (r->headless && !r->ended) {
		r->at = 0;
		return torn(r, "are less than a header", err);
	}
	while (found == 0) {
		if (r->ended || r->at == r->size)
			return ROWLOG_END;
		found = step(r, frame, marks, err);
	}
	return found;
}

void rowlog_seek(struct rowlog_reader *r, const struct rowlog_frame *frame)
{
	r->at = frame->offset < r->size ? frame->offset : r->size;
	r->expect = frame->number;
	r->waits = false;
	r->ended = false;
	r->parts = 0;
}

/* ---- Rows ------------------------------------------------------------------------------------ */

static int unpack(struct rowlog_reader *r)
{
	struct str plain[ROW_PARTS] = { { 0 } };
	uint8_t *to = r->plain;

	for (unsigned part = 0; part < ROW_PARTS; part++) {
		const size_t n = r->frame.part[part].plain;

		if (!(r->parts >> part & 1))
			continue;
		if (rowlog_section_unpack(r->unzip, packed(r, part), to, n) < 0)
			return -EBADMSG;
		plain[part] = (struct str){ (const char *)to, n };
		to += n;
	}
	rowlog_rows_begin(&r->rows, &r->frame, plain, r->merged);
	r->unpacked = true;
	return 0;
}

int rowlog_row(struct rowlog_reader *r, struct row_view *row, uint64_t *arrival)
{
	int got;

	if (!(r->parts >> PART_META & 1))
		return 0;
	got = r->unpacked ? 0 : unpack(r);
	if (got == 0)
		got = rowlog_rows_next(&r->rows, row);
	if (got > 0)
		*arrival = r->arrival++;
	else
		r->parts = 0;
	return got;
}

unsigned rowlog_frame_parts(const struct rowlog_reader *r)
{
	return r->parts;
}
