// SPDX-License-Identifier: Apache-2.0
/*
 * Writing a log. A row is split by part as it is added, into memory that was had at the start; a
 * commit packs, seals and writes what waits as one piece. Where either the write or the sync fails,
 * nobody knows what the disk holds: the log is finished, and its rows wait for the next one.
 */
#include "rowlog/rowlog_int.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

/* Added to a row by its split: the two further headers. */
#define SPLIT_BYTES ((size_t)2 * 24)
#define SLOTS       ((size_t)2 * LOG_STREAMS_MAX) /* a power of two */
#define NO_FRAME    UINT16_MAX
/* Whatever waits, packed: what compression can add is less than this, and so is each frame's rest.
 */
#define OUT_ADDED ((size_t)512)
#define COMMIT_OUT_BYTES                                                                           \
	(ROWLOG_FRAME_BYTES + ROWLOG_FRAME_BYTES / 128 + OUT_ADDED * LOG_STREAMS_MAX)

/* Rows of one frame that were added one after another, as they stand in each part. */
struct run {
	uint32_t next; /* run of the same frame */
	uint32_t from[ROW_PARTS], to[ROW_PARTS];
};

/* A frame that waits. */
struct waiting {
	uint64_t id_hi;
	uint64_t sequence; /* of its last row */
	uint32_t rows;
	uint32_t first, last; /* runs */
	uint16_t chain;       /* the next one of the same slot */
	uint8_t shard;
};

/* Invariant: frame[0..frames) and run[0..runs) are those that wait, `rows` in all, in `part`. */
struct rowlog {
	int fd;
	bool finished;
	unsigned shed;
	struct log_head head;
	struct crypto_aead *aead[ROW_PARTS];
	struct rowlog_marks *marks;
	ZSTD_CCtx *zip;
	uint64_t bytes;        /* of the file */
	uint64_t next_number;  /* of its next frame */
	uint64_t next_arrival; /* of its next row */

	size_t frames, runs, rows;
	struct waiting *now; /* the frame of the last row */
	struct buf part[ROW_PARTS];
	struct waiting frame[LOG_STREAMS_MAX];
	uint16_t slot[SLOTS];
	struct run run[ROWLOG_FRAME_ROWS];
	uint8_t *gather; /* ROWLOG_FRAME_BYTES */
	uint8_t *out;    /* COMMIT_OUT_BYTES */
};

static int io_error(struct err *err, const struct rowlog *log, const char *what, int code)
{
	enum err_id id = code == -ENOSPC || code == -EDQUOT ? ERR_STORE_FULL : ERR_STORE_IO;
	char name[ROWLOG_NAME_BYTES];

	rowlog_name(log->head.says.first_arrival, name);
	return err_set(err, id, "log %s: %s: %s", name, what, strerror(-code));
}

/* ---- Frames ---------------------------------------------------------------------------------- */

static bool makes(const struct rowlog *log, unsigned part)
{
	return log->aead[part] && !(log->shed >> part & 1);
}

static int seal(struct crypto_aead *aead, const struct log_frame *frame, unsigned part,
		const uint8_t *head, uint8_t *section)
{
	uint8_t nonce[CRYPTO_GCM_NONCE_BYTES];
	const struct str plain = { (const char *)section,
				   frame->part[part].sealed - CRYPTO_GCM_TAG_BYTES };

	rowlog_nonce(frame->number, part, nonce);
	return crypto_aead_seal(aead, nonce, (struct str){ (const char *)head, LOG_FRAME_BYTES },
				plain, section);
}

/* Packs all parts, then writes the header, which names their sizes, then seals them under it.
 * Returns the frame's length. */
static ptrdiff_t put_frame(ZSTD_CCtx *zip, struct crypto_aead *const aead[ROW_PARTS],
			   struct log_frame *frame, const struct str plain[ROW_PARTS], uint8_t *out)
{
	size_t at = LOG_FRAME_BYTES;
	int r;

	for (unsigned part = 0; part < ROW_PARTS; part++) {
		ptrdiff_t n;

		/* A table of marks is a section also when it is empty. */
		if (!aead[part] || (plain[part].n == 0 && frame->kind == LOG_FRAME_ROWS))
			continue;
		n = rowlog_section_pack(zip, plain[part], out + at,
					rowlog_section_bound(plain[part].n));
		if (n < 0)
			return n;
		frame->part[part].plain = (uint32_t)plain[part].n;
		frame->part[part].sealed = (uint32_t)n;
		at += (size_t)n;
	}
	r = rowlog_frame_encode(frame, out);
	at = LOG_FRAME_BYTES;
	for (unsigned part = 0; r == 0 && part < ROW_PARTS; part++)
		if (frame->part[part].sealed) {
			r = seal(aead[part], frame, part, out, out + at);
			at += frame->part[part].sealed;
		}
	return r < 0 ? r : (ptrdiff_t)at;
}

/* ---- Creating -------------------------------------------------------------------------------- */

static void forget_waiting(struct rowlog *log)
{
	log->frames = log->runs = log->rows = 0;
	log->now = NULL;
	memset(log->slot, 0xff, sizeof(log->slot));
	for (unsigned part = 0; part < ROW_PARTS; part++)
		buf_clear(&log->part[part]);
}

void rowlog_free(struct rowlog *log)
{
	if (!log)
		return;
	fd_close(log->fd);
	for (unsigned part = 0; part < ROW_PARTS; part++) {
		crypto_aead_free(log->aead[part]);
		buf_done(&log->part[part]);
	}
	(void)ZSTD_freeCCtx(log->zip);
	free(log->gather);
	free(log->out);
	free(log);
}

static struct rowlog *make(const struct rowlog_conf *conf)
{
	CLEANUP(rowlog_free) struct rowlog *log = calloc(1, sizeof(*log));

	if (!log)
		return NULL;
	log->fd = -1;
	for (unsigned part = 0; part < ROW_PARTS; part++) {
		buf_init(&log->part[part], ROWLOG_FRAME_BYTES);
		if (!buf_extend(&log->part[part], ROWLOG_FRAME_BYTES))
			return NULL;
	}
	forget_waiting(log);
	log->gather = malloc(ROWLOG_FRAME_BYTES);
	log->out = malloc(COMMIT_OUT_BYTES);
	log->zip = rowlog_zip_new();
	if (!log->gather || !log->out || !log->zip)
		return NULL;
	log->marks = conf->marks;
	log->next_arrival = conf->first_arrival;
	rowlog_shed(log, conf->shed);
	return TAKE(log);
}

/* The header, and the keys that come from it. */
static int begin(struct rowlog *log, const struct rowlog_conf *conf, uint8_t head[LOG_HEAD_BYTES])
{
	struct log_head *h = &log->head;
	int r = crypto_random(h->salt, sizeof(h->salt));

	memcpy(h->says.store_id, conf->store_id, ROWLOG_STORE_ID_BYTES);
	h->says.first_arrival = conf->first_arrival;
	h->says.hour = conf->hour;
	for (unsigned part = 0; part < ROW_PARTS; part++)
		h->says.key_id[part] = conf->key[part].id;
	if (r == 0)
		r = rowlog_head_encode(h, head);
	for (unsigned part = 0; r == 0 && part < ROW_PARTS; part++)
		if (conf->key[part].id)
			r = rowlog_section_key(conf->key[part].key, head, &log->aead[part]);
	return r;
}

/* The table of marks as frame 0, behind the header. Returns the bytes of both. */
static ptrdiff_t put_marks(struct rowlog *log, const struct rowlog_conf *conf, uint8_t *out)
{
	struct log_frame frame = { .offset = LOG_HEAD_BYTES,
				   .first_arrival = conf->first_arrival,
				   .rows = (uint32_t)rowlog_marks_count(conf->marks),
				   .kind = LOG_FRAME_MARKS };
	const size_t n = (size_t)frame.rows * LOG_MARK_BYTES;
	CLEANUP(crypto_aead_free) struct crypto_aead *aead = NULL;
	uint8_t *plain = malloc(n ? n : 1);
	ptrdiff_t r = -ENOMEM;

	if (plain) {
		rowlog_marks_encode(conf->marks, plain);
		r = rowlog_section_key(conf->marks_key, out, &aead);
	}
	if (r == 0)
		r = put_frame(log->zip, (struct crypto_aead *[ROW_PARTS]){ aead }, &frame,
			      (struct str[ROW_PARTS]){ { (const char *)plain, n } },
			      out + LOG_HEAD_BYTES);
	free(plain);
	return r < 0 ? r : r + LOG_HEAD_BYTES;
}

/* Under another name until it is durable, so that a log always begins whole. */
static int write_first(struct rowlog *log, int dir_fd, struct str bytes)
{
	char name[ROWLOG_NAME_BYTES], fresh[ROWLOG_NAME_BYTES + 4];
	CLEANUP(fd_close) int there = -1;
	int r;

	rowlog_name(log->head.says.first_arrival, name);
	(void)snprintf(fresh, sizeof(fresh), "%s.new", name);
	there = disk_open(dir_fd, name);
	if (there != -ENOENT)
		return there < 0 ? there : -EEXIST;
	r = disk_remove(dir_fd, fresh); /* of somebody who died here */
	if (r < 0)
		return r;
	log->fd = disk_create(dir_fd, fresh);
	if (log->fd < 0)
		return log->fd;
	r = disk_write(log->fd, 0, bytes);
	if (r == 0)
		r = disk_sync(log->fd);
	if (r == 0)
		r = disk_rename(dir_fd, fresh, name);
	if (r == 0)
		r = disk_sync_dir(dir_fd);
	if (r < 0) {
		(void)disk_remove(dir_fd, fresh);
		(void)disk_remove(dir_fd, name);
	}
	return r;
}

int rowlog_create(const struct rowlog_conf *conf, struct rowlog **out, struct err *err)
{
	CLEANUP(rowlog_free) struct rowlog *log = make(conf);
	const size_t room = LOG_HEAD_BYTES + LOG_FRAME_BYTES +
			    rowlog_section_bound((size_t)ROWLOG_MARKS_MAX * LOG_MARK_BYTES);
	uint8_t *first = malloc(room);
	ptrdiff_t n;

	if (!log || !first) {
		free(first);
		return err_set(err, ERR_MEMORY, "a new log");
	}
	n = begin(log, conf, first);
	if (n == 0)
		n = put_marks(log, conf, first);
	if (n > 0) {
		log->bytes = (uint64_t)n;
		log->next_number = 1;
		n = write_first(log, conf->dir_fd, (struct str){ (const char *)first, (size_t)n });
	}
	free(first);
	if (n < 0)
		return io_error(err, log, "it cannot be made", (int)n);
	*out = TAKE(log);
	return 0;
}

/* ---- Adding ---------------------------------------------------------------------------------- */

static uint16_t *slot_of(struct rowlog *log, uint64_t id_hi, uint8_t shard)
{
	return &log->slot[hash_mix(id_hi, shard) % SLOTS];
}

static struct waiting *find(struct rowlog *log, uint64_t id_hi, uint8_t shard)
{
	uint16_t i;

	if (log->now && log->now->id_hi == id_hi && log->now->shard == shard)
		return log->now;
	for (i = *slot_of(log, id_hi, shard); i != NO_FRAME; i = log->frame[i].chain)
		if (log->frame[i].id_hi == id_hi && log->frame[i].shard == shard)
			return &log->frame[i];
	return NULL;
}

static struct waiting *new_frame(struct rowlog *log, uint64_t id_hi, uint8_t shard)
{
	uint16_t *slot = slot_of(log, id_hi, shard);
	struct waiting *w = &log->frame[log->frames];

	*w = (struct waiting){
		.id_hi = id_hi, .shard = shard, .first = UINT32_MAX, .chain = *slot
	};
	*slot = (uint16_t)log->frames++;
	return w;
}

static void begin_run(struct rowlog *log, struct waiting *w)
{
	struct run *run = &log->run[log->runs];

	run->next = UINT32_MAX;
	for (unsigned part = 0; part < ROW_PARTS; part++)
		run->from[part] = run->to[part] = (uint32_t)log->part[part].len;
	if (w->first == UINT32_MAX)
		w->first = (uint32_t)log->runs;
	else
		log->run[w->last].next = (uint32_t)log->runs;
	w->last = (uint32_t)log->runs++;
	log->now = w;
}

static size_t bytes_waiting(const struct rowlog *log)
{
	size_t n = 0;

	for (unsigned part = 0; part < ROW_PARTS; part++)
		n += log->part[part].len;
	return n;
}

/* Rows that the limits leave no room for. */
static bool full(const struct rowlog *log, const struct row_view *row, const struct waiting *w)
{
	return log->rows == ROWLOG_FRAME_ROWS || (!w && log->frames == LOG_STREAMS_MAX) ||
	       bytes_waiting(log) + row->bytes.n + SPLIT_BYTES > ROWLOG_FRAME_BYTES;
}

/* The memory is there, and full() was asked. */
static void split(struct rowlog *log, const struct row_view *row)
{
	struct run *run = &log->run[log->now->last];

	for (unsigned part = 0; part < ROW_PARTS; part++) {
		ptrdiff_t n = makes(log, part)
				      ? row_split(row, (enum field_part)part, &log->part[part])
				      : 0;

		assert(n >= 0);
		run->to[part] += (uint32_t)n;
	}
}

int rowlog_add(struct rowlog *log, const struct row_view *row, int64_t now_ns)
{
	const uint64_t sequence = row->id_lo & LOG_SEQUENCE_MASK;
	const uint8_t shard = (uint8_t)(row->id_lo >> 56);
	struct waiting *w;

	(void)now_ns;
	if (!log->aead[PART_META])
		return -EINVAL;
	if (log->finished)
		return -EIO;
	if (row->kind_id == 0 || sequence == 0)
		return -EBADMSG;
	w = find(log, row->id_hi, shard);
	if (sequence <= (w ? w->sequence
			   : rowlog_marks_get(log->marks, (uint32_t)(row->id_hi >> 32),
					      (uint32_t)row->id_hi, shard)))
		return 0;
	if (full(log, row, w))
		return -ENOBUFS;
	if (!w)
		w = new_frame(log, row->id_hi, shard);
	if (w != log->now)
		begin_run(log, w);
	split(log, row);
	w->sequence = sequence;
	w->rows++;
	log->rows++;
	return 1;
}

/* ---- What waits ------------------------------------------------------------------------------ */

/* The bytes of one part of a frame, in one piece: gathered to *to, which moves on, unless they are
 * so already. */
static struct str gather(const struct rowlog *log, const struct waiting *w, unsigned part,
			 uint8_t **to)
{
	const struct run *run = &log->run[w->first];
	const char *from = log->part[part].p;
	char *start = (char *)*to;

	if (w->first == w->last)
		return (struct str){ from + run->from[part], run->to[part] - run->from[part] };
	for (uint32_t i = w->first; i != UINT32_MAX; i = run->next) {
		size_t n;

		run = &log->run[i];
		n = run->to[part] - run->from[part];
		if (n)
			memcpy(*to, from + run->from[part], n);
		*to += n;
	}
	return (struct str){ start, (size_t)((char *)*to - start) };
}

static void gather_all(const struct rowlog *log, const struct waiting *w,
		       struct str plain[ROW_PARTS])
{
	uint8_t *to = log->gather;

	for (unsigned part = 0; part < ROW_PARTS; part++)
		plain[part] = gather(log, w, part, &to);
}

/* All but where it will stand. */
static struct log_frame frame_of(const struct waiting *w)
{
	return (struct log_frame){ .sequence = w->sequence,
				   .rows = w->rows,
				   .agent = (uint32_t)(w->id_hi >> 32),
				   .epoch = (uint32_t)w->id_hi,
				   .shard = w->shard,
				   .kind = LOG_FRAME_ROWS };
}

static int each_row(const struct rowlog *log, const struct waiting *w, char *merged,
		    int (*each)(void *owner, const struct row_view *row), void *owner)
{
	const struct log_frame frame = frame_of(w);
	struct str plain[ROW_PARTS];
	struct rowlog_rows rows;
	struct row_view row;
	int r;

	gather_all(log, w, plain);
	rowlog_rows_begin(&rows, &frame, plain, merged);
	while ((r = rowlog_rows_next(&rows, &row)) > 0) {
		r = each(owner, &row);
		if (r < 0)
			break;
	}
	return r;
}

int rowlog_rows_waiting(const struct rowlog *log,
			int (*each)(void *owner, const struct row_view *row), void *owner)
{
	char *merged = malloc(ROW_MAX);
	int r = merged ? 0 : -ENOMEM;

	for (size_t i = 0; r >= 0 && i < log->frames; i++)
		r = each_row(log, &log->frame[i], merged, each, owner);
	free(merged);
	return r < 0 ? r : 0;
}

size_t rowlog_waiting(const struct rowlog *log, size_t *rows)
{
	if (rows)
		*rows = log->rows;
	return bytes_waiting(log);
}

/* ---- Committing ------------------------------------------------------------------------------ */

/* Returns the bytes of all frames that wait. */
static ptrdiff_t put_frames(struct rowlog *log, int64_t now_ns)
{
	uint64_t arrival = log->next_arrival;
	size_t at = 0;

	for (size_t i = 0; i < log->frames; i++) {
		struct log_frame frame = frame_of(&log->frame[i]);
		struct str plain[ROW_PARTS];
		ptrdiff_t n;

		frame.offset = log->bytes + at;
		frame.number = log->next_number + i;
		frame.before = (uint16_t)i;
		frame.first_arrival = arrival;
		frame.at_ns = now_ns;
		gather_all(log, &log->frame[i], plain);
		n = put_frame(log->zip, log->aead, &frame, plain, log->out + at);
		if (n < 0)
			return n;
		at += (size_t)n;
		arrival += frame.rows;
	}
	return (ptrdiff_t)at;
}

static int write_out(struct rowlog *log, size_t n, struct err *err)
{
	int r = disk_write(log->fd, log->bytes, (struct str){ (const char *)log->out, n });

	if (r < 0)
		return io_error(err, log, "rows cannot be written", r);
	r = disk_sync(log->fd);
	return r < 0 ? io_error(err, log, "rows cannot be made durable", r) : 0;
}

static void acknowledge(struct rowlog *log, int64_t now_ns,
			void (*acked)(void *owner, const struct rowlog_ack *ack), void *owner)
{
	for (size_t i = 0; i < log->frames; i++) {
		const struct waiting *w = &log->frame[i];
		const struct rowlog_ack ack = { .agent = (uint32_t)(w->id_hi >> 32),
						.epoch = (uint32_t)w->id_hi,
						.shard = w->shard,
						.sequence = w->sequence,
						.first_arrival = log->next_arrival,
						.rows = w->rows };
		const struct rowlog_mark mark = { ack.agent, ack.epoch, ack.shard, ack.sequence,
						  now_ns };

		/* Marks have their memory already. */
		if (rowlog_marks_raise(log->marks, &mark) < 0)
			assert(false);
		log->next_arrival += w->rows;
		if (acked)
			acked(owner, &ack);
	}
}

int rowlog_commit(struct rowlog *log, int64_t now_ns,
		  void (*acked)(void *owner, const struct rowlog_ack *ack), void *owner,
		  struct err *err)
{
	ptrdiff_t n;
	int r;

	if (log->finished)
		return io_error(err, log, "an earlier commit failed, and it is finished", -EIO);
	if (log->rows == 0)
		return 0;
	n = put_frames(log, now_ns);
	r = n < 0 ? io_error(err, log, "rows cannot be sealed", (int)n)
		  : write_out(log, (size_t)n, err);
	if (r < 0) {
		log->finished = true;
		return r;
	}
	log->bytes += (uint64_t)n;
	log->next_number += log->frames;
	acknowledge(log, now_ns, acked, owner);
	forget_waiting(log);
	return 0;
}

/* ---- What it is ------------------------------------------------------------------------------ */

void rowlog_shed(struct rowlog *log, unsigned parts)
{
	log->shed = parts & ~(1U << PART_META);
}

void rowlog_number(struct rowlog *log, uint64_t arrival)
{
	if (arrival > log->next_arrival)
		log->next_arrival = arrival;
}

uint64_t rowlog_first_arrival(const struct rowlog *log)
{
	return log->head.says.first_arrival;
}

uint64_t rowlog_next_arrival(const struct rowlog *log)
{
	return log->next_arrival;
}

uint64_t rowlog_bytes(const struct rowlog *log)
{
	return log->bytes;
}

int64_t rowlog_hour(const struct rowlog *log)
{
	return log->head.says.hour;
}
