/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the tests of this room share: rows of several kinds, by chance or by hand; pieces made of
 * them as logs and segments of several clusters whose arrival numbers interleave; the engine over
 * those pieces; and what an engine of a few lines says about the same rows in memory.
 */
#ifndef REDOUBT_QUERY_RIG_H
#define REDOUBT_QUERY_RIG_H

#include "t.h"

#include <fcntl.h>
#include <math.h>
#include <sys/stat.h>
#include <unistd.h>

#include "query/wire.h"

#define RIG_PIECES_MAX 96
#define RIG_ROWS_MAX   24000
/* 2026-01-31T12:00:00Z, and its hour. */
#define RIG_TIME (INT64_C(1769860800) * NS_PER_S)
#define RIG_HOUR (INT64_C(1769860800) / 3600)
#define RIG_ALL  7u /* all parts */
#define RIG_META (1u << PART_META)

/* ---- Chance that is the same each time ------------------------------------------------------- */

static uint64_t chance_state = 1;

static inline uint64_t chance(uint64_t below)
{
	chance_state = hash_mix(chance_state, 0x5eed) + 0x9e37;
	return (chance_state >> 11) % below;
}

/* ---- Rows ------------------------------------------------------------------------------------ */

struct rig_row {
	uint64_t arrival;
	size_t piece;
	struct str bytes;     /* whole */
	struct row_view view; /* of what the viewer may read */
};

struct rig_piece {
	unsigned cluster;
	int64_t hour;
	uint64_t first; /* in its name */
	bool as_log, as_segment;
	bool flips; /* a log when it is opened first, a segment from then on */
	bool gone;  /* when it is opened */
	uint64_t until;
	unsigned opened;
	int bad;
};

struct rig {
	char dir[64];
	int dir_fd;
	struct ring ring;
	struct row_out out;
	struct counters counters;
	struct mask_plan plan; /* keeps everything */
	struct rig_row *row;
	size_t rows;
	struct rig_piece piece[RIG_PIECES_MAX];
	size_t pieces;
	uint64_t arrival; /* the next one */
	uint64_t sequence;
	unsigned parts; /* of the viewer */
	enum query_order order;
	_Alignas(8) char memory[sizeof(struct row) + ROW_SLOTS_MAX * sizeof(union row_slot)];
};

static const uint8_t rig_store_id[16] = { 7, 7, 7 };

static inline void rig_key(enum field_part part, struct segment_key *out)
{
	out->id = part + 1u;
	memset(out->key, 0xc0 + (int)part, sizeof(out->key));
}

static inline struct rig *rig_new(void)
{
	struct rig *r = calloc(1, sizeof(*r));

	assert_non_null(r);
	/* Syncs cost nothing in memory. */
	(void)snprintf(r->dir, sizeof(r->dir), "%s/redoubt-query-XXXXXX",
		       access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	assert_non_null(mkdtemp(r->dir));
	r->dir_fd = open(r->dir, O_DIRECTORY | O_RDONLY | O_CLOEXEC);
	assert_true(r->dir_fd >= 0);
	assert_int_equal(ring_create(2 * MIB, &r->ring, NULL), 0);
	r->out = (struct row_out){
		.ring = &r->ring, .plan = &r->plan, .counters = &r->counters, .epoch = 9
	};
	r->row = calloc(RIG_ROWS_MAX, sizeof(*r->row));
	assert_non_null(r->row);
	r->arrival = 1;
	r->parts = RIG_ALL;
	return r;
}

static inline void rig_free(struct rig *r)
{
	char command[96];

	for (size_t i = 0; i < r->rows; i++) {
		if (r->row[i].view.bytes.p != r->row[i].bytes.p)
			free((void *)(uintptr_t)r->row[i].view.bytes.p);
		free((void *)(uintptr_t)r->row[i].bytes.p);
	}
	free(r->row);
	ring_done(&r->ring);
	fd_close(r->dir_fd);
	(void)snprintf(command, sizeof(command), "rm -r %s", r->dir);
	assert_int_equal(system(command), 0);
	free(r);
}

static inline struct row *rig_begin(struct rig *r, enum kind_id kind)
{
	struct row *row = (void *)r->memory;

	row_init(row, record_kind_by_id((uint16_t)kind));
	return row;
}

static const char *const rig_words[] = {
	"", "a", "shop.example", "api", "d\u00e9j\u00e0", "shop.example.com", "x", "/items/{id}"
};

static inline struct str rig_word(void)
{
	return str_of(rig_words[chance(ARRAY_LEN(rig_words))]);
}

static inline void rig_put_common(struct row *row, int64_t time_ns)
{
	struct ip_addr ip = { .b = { [10] = 0xff, [11] = 0xff, [12] = 10 } };

	if (chance(12))
		row_put_time(row, common_time, time_ns);
	ip.b[15] = (uint8_t)chance(5);
	if (chance(4))
		row_put_ip(row, common_src_ip, ip);
	if (chance(3))
		row_put_u64(row, common_src_port, 40000 + chance(20000));
	if (chance(3))
		row_put_u64(row, common_dst_port, chance(2) ? 80 : 443);
	if (chance(2))
		row_put_str(row, common_node, rig_word());
	if (chance(2))
		row_put_u64(row, common_flow_id, chance(UINT64_MAX));
}

static inline void rig_put_http(struct row *row)
{
	static const char *const methods[] = { "GET", "POST", "PUT" };
	static const uint64_t statuses[] = { 200, 204, 301, 404, 500, 503 };
	static const uint64_t interim[] = { 100, 103 };
	static struct row_pair headers[3]; /* borrowed until the commit */
	static const struct str anomalies[] = { { "te-and-cl", 9 }, { "bare-lf", 7 } };
	size_t n = chance(4);

	for (size_t i = 0; i < n; i++)
		headers[i] = (struct row_pair){ i ? STR("accept") : STR("host"), rig_word() };
	row_put_str(row, http_method, str_of(methods[chance(3)]));
	if (chance(8))
		row_put_u64(row, http_status, statuses[chance(6)]);
	if (chance(3))
		row_put_dur(row, http_latency, (int64_t)chance(1u << (4 + chance(26))) - 5);
	if (chance(3))
		row_put_str(row, http_path, rig_word());
	if (n)
		row_put_map(row, http_request_headers, headers, n);
	if (chance(2))
		row_put_list_u64(row, http_interim, interim, chance(3));
	if (chance(3) == 0)
		row_put_list_str(row, http_anomalies, anomalies, chance(3));
	row_put_enum(row, http_state, (unsigned)chance(4));
	if (chance(9) == 0)
		row_mark_cut(row, http_method.ref);
}

static inline void rig_put_own(struct row *row, enum kind_id kind)
{
	if (kind == KIND_HTTP) {
		rig_put_http(row);
	} else if (kind == KIND_FLOW) {
		row_put_enum(row, flow_state, (unsigned)chance(4));
		row_put_u64(row, flow_src_bytes, chance(3) ? chance(100000) : UINT64_MAX);
		if (chance(2))
			row_put_bool(row, flow_midstream, chance(2));
	} else if (kind == KIND_DNS) {
		row_put_str(row, dns_name, rig_word());
		row_put_dur(row, dns_latency, (int64_t)chance(100000000));
	} else if (kind == KIND_GAP) {
		row_put_str(row, gap_reason, STR("drop.link-unknown"));
	}
}

/* Takes the row out of the ring; `alien` makes it one of a kind that nobody knows. */
static inline struct str rig_commit(struct rig *r, const struct row *row, unsigned cluster,
				    bool alien)
{
	struct str bytes;
	char *copy;
	ptrdiff_t n;

	r->out.agent = cluster + 1;
	r->out.sequence = ++r->sequence;
	assert_int_equal(row_commit(row, &r->out), 0);
	bytes = ring_readable(&r->ring);
	n = row_length(bytes);
	assert_true(n > 0);
	copy = malloc((size_t)n);
	assert_non_null(copy);
	memcpy(copy, bytes.p, (size_t)n);
	ring_consume(&r->ring, (size_t)n);
	if (alien)
		memset(copy + 4, 0xee, 2);
	return (struct str){ copy, (size_t)n };
}

/* A row of the piece that is written now, with the next arrival number. */
static inline void rig_add(struct rig *r, struct str bytes)
{
	struct rig_row *row = &r->row[r->rows++];

	assert_true(r->rows <= RIG_ROWS_MAX);
	*row = (struct rig_row){ .arrival = r->arrival++, .piece = r->pieces, .bytes = bytes };
	assert_int_equal(row_view(bytes, &row->view), 0);
}

static inline void rig_add_chance(struct rig *r, unsigned cluster, int64_t hour)
{
	static const enum kind_id kinds[] = { KIND_HTTP, KIND_HTTP, KIND_FLOW, KIND_DNS, KIND_GAP };
	enum kind_id kind = kinds[chance(ARRAY_LEN(kinds))];
	struct row *row = rig_begin(r, kind);

	rig_put_common(row, RIG_TIME + (hour - RIG_HOUR) * 3600 * NS_PER_S +
				    (int64_t)chance(3600) * NS_PER_S);
	rig_put_own(row, kind);
	rig_add(r, rig_commit(r, row, cluster, kind == KIND_GAP && chance(3) == 0));
}

/* ---- Files ----------------------------------------------------------------------------------- */

/* Writes the rows of a piece as a log, a frame for each run of arrival numbers. */
static inline void rig_write_log(struct rig *r, size_t i)
{
	struct rig_piece *p = &r->piece[i];
	struct rowlog_conf conf = { .dir_fd = r->dir_fd,
				    .first_arrival = p->first,
				    .hour = p->hour };
	struct rowlog *log;
	struct err err = { ERR_NONE, "" };
	uint64_t next = 0;

	memcpy(conf.store_id, rig_store_id, sizeof(conf.store_id));
	for (unsigned part = 0; part < ROW_PARTS; part++) {
		struct segment_key key;

		rig_key((enum field_part)part, &key);
		conf.key[part].id = key.id;
		memcpy(conf.key[part].key, key.key, sizeof(key.key));
	}
	assert_int_equal(rowlog_marks_new(&conf.marks), 0);
	assert_int_equal(rowlog_create(&conf, &log, &err), 0);
	for (size_t k = 0; k < r->rows; k++) {
		if (r->row[k].piece != i)
			continue;
		if (next && (r->row[k].arrival != next || next % 37 == 0))
			assert_int_equal(rowlog_commit(log, 1, NULL, NULL, &err), 0);
		if (next == 0 || r->row[k].arrival != next || next % 37 == 0)
			rowlog_number(log, r->row[k].arrival);
		assert_int_equal(rowlog_add(log, &r->row[k].view, 1), 1);
		next = r->row[k].arrival + 1;
	}
	assert_int_equal(rowlog_commit(log, 1, NULL, NULL, &err), 0);
	rowlog_free(log);
	rowlog_marks_free(conf.marks);
}

static inline void rig_write_segment(struct rig *r, size_t i)
{
	struct rig_piece *p = &r->piece[i];
	struct segment_conf conf = { .dir_fd = r->dir_fd,
				     .first_arrival = p->first,
				     .hour = p->hour };
	struct segment_writer *w;
	struct segment_summary sum;
	struct err err = { ERR_NONE, "" };

	memcpy(conf.store_id, rig_store_id, sizeof(conf.store_id));
	for (unsigned part = 0; part < ROW_PARTS; part++)
		rig_key((enum field_part)part, &conf.key[part]);
	assert_int_equal(segment_writer_new(&conf, &w, &err), 0);
	for (size_t k = 0; k < r->rows; k++)
		if (r->row[k].piece == i)
			assert_int_equal(
				segment_writer_add(w, &r->row[k].view, r->row[k].arrival, &err), 0);
	assert_int_equal(segment_writer_finish(w, &sum, &err), 0);
	segment_writer_free(w);
}

static inline int rig_by_first(const void *a, const void *b)
{
	const struct rig_piece *x = a, *y = b;

	return (x->first > y->first) - (x->first < y->first);
}

/*
 * A store by chance: in each hour every cluster writes some pieces, a few rows at a time in turn,
 * so that arrival numbers interleave. Rows point to pieces by their place; pieces are begun in the
 * order of their first arrival, so that is the order of the list, too.
 */
static inline void rig_fill(struct rig *r, unsigned clusters, unsigned hours, unsigned turns)
{
	size_t open[64];

	assert_true(clusters <= ARRAY_LEN(open));
	for (unsigned h = 0; h < hours; h++) {
		memset(open, 0xff, sizeof(open));
		for (unsigned t = 0; t < turns; t++) {
			unsigned c = (unsigned)chance(clusters);
			size_t n = 1 + chance(40), mine;

			if (open[c] == SIZE_MAX || (chance(9) == 0 && r->pieces < 80)) {
				assert_true(r->pieces < RIG_PIECES_MAX);
				open[c] = r->pieces++;
				r->piece[open[c]] = (struct rig_piece){ .cluster = c,
									.hour = RIG_HOUR + h,
									.first = r->arrival,
									.until = UINT64_MAX };
			}
			mine = open[c];
			while (n--) {
				rig_add_chance(r, c, RIG_HOUR + h);
				r->row[r->rows - 1].piece = mine;
			}
			if (chance(5) == 0)
				r->arrival += chance(50);
		}
	}
}

/* Writes all pieces, each as it is to be. */
static inline void rig_write(struct rig *r)
{
	for (size_t i = 0; i < r->pieces; i++) {
		struct rig_piece *p = &r->piece[i];

		if (!p->as_log && !p->as_segment) {
			p->as_log = chance(3) == 0;
			p->as_segment = !p->as_log;
		}
		if (p->as_log || p->flips)
			rig_write_log(r, i);
		if (p->as_segment || p->flips)
			rig_write_segment(r, i);
	}
}

/* What a viewer without all parts sees of the rows. */
static inline void rig_restrict(struct rig *r, unsigned parts)
{
	r->parts = parts;
	for (size_t i = 0; i < r->rows; i++) {
		struct rig_row *row = &r->row[i];
		struct row_view whole, part[ROW_PARTS];
		const struct row_view *had[ROW_PARTS] = { NULL };
		struct buf b[ROW_PARTS];
		char *merged = malloc(ROW_MAX);
		ptrdiff_t n;

		assert_non_null(merged);
		assert_int_equal(row_view(row->bytes, &whole), 0);
		for (unsigned k = 0; k < ROW_PARTS; k++) {
			buf_init(&b[k], ROW_MAX);
			n = parts >> k & 1 ? row_split(&whole, (enum field_part)k, &b[k]) : 0;
			assert_true(n >= 0);
			if (n > 0 && row_view(buf_str(&b[k]), &part[k]) == 0)
				had[k] = &part[k];
		}
		n = row_merge(had, merged, ROW_MAX);
		assert_true(n > 0);
		if (row->view.bytes.p != row->bytes.p)
			free((void *)(uintptr_t)row->view.bytes.p);
		assert_int_equal(row_view((struct str){ merged, (size_t)n }, &row->view), 0);
		for (unsigned k = 0; k < ROW_PARTS; k++)
			buf_done(&b[k]);
	}
}

/* ---- Pieces for the engine ------------------------------------------------------------------- */

static inline size_t rig_place(const struct rig *r, size_t i)
{
	return r->order == QUERY_OLDEST ? i : r->pieces - 1 - i;
}

static inline uint64_t rig_first(void *owner, size_t i)
{
	const struct rig *r = owner;

	return r->piece[rig_place(r, i)].first;
}

static inline void rig_open_segment(struct rig *r, struct store_piece *out)
{
	char name[SEGMENT_NAME_BYTES];
	struct err err = { ERR_NONE, "" };

	for (unsigned part = 0; part < ROW_PARTS; part++) {
		segment_name(out->first_arrival, (enum field_part)part, name);
		out->fd[part] =
			r->parts >> part & 1 ? openat(r->dir_fd, name, O_RDONLY | O_CLOEXEC) : -1;
		if (out->fd[part] >= 0 && segment_read_head(out->fd[part], name, rig_store_id,
							    &out->segment_head[part], &err) < 0)
			(void)snprintf(out->text, sizeof(out->text), "%.255s", err.text);
	}
}

static inline int rig_open(void *owner, size_t i, struct store_piece *out, struct err *err)
{
	struct rig *r = owner;
	struct rig_piece *p = &r->piece[rig_place(r, i)];
	char name[ROWLOG_NAME_BYTES];

	*out = (struct store_piece){ .first_arrival = p->first,
				     .hour = p->hour,
				     .until_arrival = p->until,
				     .bad = p->bad,
				     .text = { p->bad ? '?' : '\0' },
				     .is_log = p->flips ? p->opened == 0 : p->as_log,
				     .fd = { -1, -1, -1 } };
	p->opened++;
	if (p->gone)
		return -ENOENT;
	for (unsigned part = 0; part < ROW_PARTS; part++)
		if (r->parts >> part & 1)
			rig_key((enum field_part)part, &out->key[part]);
	if (!out->is_log) {
		rig_open_segment(r, out);
		return 0;
	}
	rowlog_name(p->first, name);
	out->fd[0] = openat(r->dir_fd, name, O_RDONLY | O_CLOEXEC);
	if (rowlog_read_head(out->fd[0], name, rig_store_id, &out->log_head, err) < 0)
		(void)snprintf(out->text, sizeof(out->text), "%.255s", err->text);
	return 0;
}

/* ---- Asking ---------------------------------------------------------------------------------- */

struct found {
	struct rig *rig;
	struct found_row {
		uint64_t arrival;
		struct str bytes;
	} * row;
	size_t rows, rows_room;
	struct query_group *group;
	size_t groups, groups_room;
	size_t problems, stop_after;
	char problem[512]; /* the last one */
	struct query_end end;
};

static inline struct str found_copy(struct str s)
{
	char *p = malloc(s.n ? s.n : 1);

	assert_non_null(p);
	if (s.n)
		memcpy(p, s.p, s.n);
	return (struct str){ p, s.n };
}

static inline bool found_take_row(void *owner, uint64_t arrival, struct str bytes)
{
	struct found *f = owner;

	if (f->rows == f->rows_room) {
		f->rows_room = f->rows_room ? f->rows_room * 2 : 64;
		f->row = reallocarray(f->row, f->rows_room, sizeof(*f->row));
		assert_non_null(f->row);
	}
	f->row[f->rows++] = (struct found_row){ arrival, found_copy(bytes) };
	return f->rows != f->stop_after;
}

static inline bool found_take_group(void *owner, const struct query_group *group)
{
	struct found *f = owner;

	if (f->groups == f->groups_room) {
		f->groups_room = f->groups_room ? f->groups_room * 2 : 64;
		f->group = reallocarray(f->group, f->groups_room, sizeof(*f->group));
		assert_non_null(f->group);
	}
	f->group[f->groups] = *group;
	for (unsigned i = 0; i < group->keys; i++)
		if (group->key[i].s.n)
			f->group[f->groups].key[i].s = found_copy(group->key[i].s);
	f->groups++;
	return f->groups != f->stop_after;
}

static inline void found_take_problem(void *owner, const char *text)
{
	struct found *f = owner;

	f->problems++;
	(void)snprintf(f->problem, sizeof(f->problem), "%s", text);
}

static inline void found_clear(struct found *f)
{
	for (size_t i = 0; i < f->rows; i++)
		free((void *)(uintptr_t)f->row[i].bytes.p);
	for (size_t i = 0; i < f->groups; i++)
		for (unsigned k = 0; k < f->group[i].keys; k++)
			if (f->group[i].key[k].s.n)
				free((void *)(uintptr_t)f->group[i].key[k].s.p);
	free(f->row);
	free(f->group);
	*f = (struct found){ .rig = f->rig };
}

static inline struct query_spec spec_all(void)
{
	return (struct query_spec){ .since_ns = INT64_MIN,
				    .until_ns = INT64_MAX,
				    .quantiles = { -1, -1, -1, -1 } };
}

/* Asks the engine, and adds what it gives to what was found. */
static inline void ask(struct found *f, const struct query_spec *spec)
{
	struct rig *r = f->rig;
	struct query_plan *plan;
	struct query_pieces pieces = { r->pieces, rig_first, rig_open, r };
	struct query_out out = { found_take_row, found_take_group, found_take_problem, f };
	struct query_job job = {
		.pieces = &pieces, .out = &out, .seed = 5, .begun_ns = time_mono_ns()
	};
	struct err err = { ERR_NONE, "" };

	r->order = spec->order;
	for (size_t i = 0; i < r->pieces; i++)
		r->piece[i].opened = 0;
	if (query_plan_new(spec, r->parts, &plan, &err) < 0)
		fail_msg("%s: %s", spec->where, err.text);
	job.plan = plan;
	if (query_engine(&job, &f->end, &err) < 0)
		fail_msg("%s: %s", spec->where, err.text);
	query_plan_free(plan);
}

/* ---- The oracle ------------------------------------------------------------------------------ */

/* Rows that a query means, in its order, without limit and aggregate; rows stand by arrival. */
static inline size_t oracle_rows(const struct rig *r, const struct query_spec *spec,
				 const struct rig_row **out)
{
	struct filter *filter = NULL;
	size_t n = 0;

	if (spec->where[0])
		assert_int_equal(filter_new(str_of(spec->where), &filter, NULL), 0);
	for (size_t k = 0; k < r->rows; k++) {
		const struct rig_row *row =
			&r->row[spec->order == QUERY_OLDEST ? k : r->rows - 1 - k];
		bool ranged = spec->since_ns != INT64_MIN || spec->until_ns != INT64_MAX;
		int64_t at;

		if (row->arrival >= r->piece[row->piece].until)
			continue;
		if (spec->after && (spec->order == QUERY_OLDEST ? row->arrival <= spec->after
								: row->arrival >= spec->after))
			continue;
		if (ranged && (!row_get_time(&row->view, common_time, &at) || at < spec->since_ns ||
			       at >= spec->until_ns))
			continue;
		if (!filter || filter_match(filter, &row->view))
			out[n++] = row;
	}
	filter_free(filter);
	return n;
}

#endif
