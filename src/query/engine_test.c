// SPDX-License-Identifier: Apache-2.0
/*
 * The engine where chance would come seldom: pieces that change or go while they are read, frames
 * that are void, what zone maps spare, how little a small limit opens, and damage of one column.
 */
#include <malloc.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "query/rig.h"
#include "query/scan.h"

/* ---- Making pieces --------------------------------------------------------------------------- */

/* A piece with n HTTP rows, the first at the next arrival; the status counts up from `status`. */
static size_t add_piece(struct rig *r, int64_t hour, size_t n, uint64_t status)
{
	size_t i = r->pieces++;

	r->piece[i] = (struct rig_piece){
		.hour = hour, .first = r->arrival, .until = UINT64_MAX, .as_segment = true
	};
	for (size_t k = 0; k < n; k++) {
		struct row *row = rig_begin(r, KIND_HTTP);

		row_put_time(row, common_time, RIG_TIME + (int64_t)r->arrival * NS_PER_S);
		row_put_u64(row, http_status, status + k);
		row_put_str(row, http_path, STR("/"));
		rig_add(r, rig_commit(r, row, 0, false));
		r->row[r->rows - 1].piece = i;
	}
	return i;
}

static void as_log(struct rig *r, size_t i)
{
	r->piece[i].as_log = true;
	r->piece[i].as_segment = false;
}

static void require_all(struct rig *r, enum query_order order)
{
	const struct rig_row **want = calloc(r->rows + 1, sizeof(*want));
	struct query_spec s = spec_all();
	struct found f = { .rig = r };
	size_t n;

	assert_non_null(want);
	s.order = order;
	n = oracle_rows(r, &s, want);
	ask(&f, &s);
	assert_int_equal(f.rows, n);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(f.row[i].arrival, want[i]->arrival);
	assert_int_equal(f.problems, 0);
	found_clear(&f);
	free(want);
}

/* ---- Pieces that change ---------------------------------------------------------------------- */

/* More pieces overlap than may be open, so that each is opened again; by then it is a segment. */
TEST(a_log_that_becomes_a_segment_while_it_is_read_gives_each_row_once)
{
	struct rig *r = rig_new();

	for (unsigned i = 0; i < 3 * SCAN_PIECES_MAX; i++)
		(void)add_piece(r, RIG_HOUR, 0, 0);
	for (unsigned i = 0; i < r->pieces; i++)
		r->piece[i].first = i + 1;
	r->arrival = r->pieces + 1;
	for (unsigned k = 0; k < 6000; k++) {
		rig_add_chance(r, 0, RIG_HOUR);
		r->row[r->rows - 1].piece = chance(r->pieces);
	}
	for (unsigned i = 0; i < r->pieces; i++) {
		as_log(r, i);
		r->piece[i].flips = true;
	}
	rig_write(r);

	require_all(r, QUERY_OLDEST);
	require_all(r, QUERY_NEWEST);
	rig_free(r);
}

TEST(a_piece_that_is_gone_is_passed_over_in_silence)
{
	struct rig *r = rig_new();
	struct query_spec s = spec_all();
	struct found f = { .rig = r };

	(void)add_piece(r, RIG_HOUR, 5, 200);
	(void)add_piece(r, RIG_HOUR, 5, 200);
	rig_write(r);
	r->piece[0].gone = true;
	ask(&f, &s);

	assert_int_equal(f.rows, 5);
	assert_int_equal(f.row[0].arrival, 6);
	assert_int_equal(f.problems, 0);
	found_clear(&f);
	rig_free(r);
}

TEST(frames_behind_a_failed_commit_are_void)
{
	struct rig *r = rig_new();
	struct query_spec s = spec_all();
	struct found f = { .rig = r };

	as_log(r, add_piece(r, RIG_HOUR, 100, 0));
	r->piece[0].until = 74; /* where a frame begins */
	rig_write(r);
	ask(&f, &s);

	assert_int_equal(f.rows, 73);
	assert_int_equal(f.row[0].arrival, 1);
	assert_int_equal(f.row[72].arrival, 73);
	found_clear(&f);
	rig_free(r);
}

/* Two pieces with the same rows, as no store of ours has them. */
TEST(rows_that_are_there_twice_are_given_once_and_told)
{
	struct rig *r = rig_new();
	struct query_spec s = spec_all();
	struct found f = { .rig = r };

	(void)add_piece(r, RIG_HOUR, 5, 200);
	r->arrival = 3;
	(void)add_piece(r, RIG_HOUR, 5, 200);
	rig_write(r);
	ask(&f, &s);

	assert_int_equal(f.rows, 7);
	for (size_t i = 0; i < f.rows; i++)
		assert_int_equal(f.row[i].arrival, i + 1);
	assert_int_equal(f.problems, 3);
	found_clear(&f);
	rig_free(r);
}

/* ---- Memory ---------------------------------------------------------------------------------- */

#ifndef REDOUBT_SANITIZED
static bool count_row(void *owner, uint64_t arrival, struct str row)
{
	(void)arrival;
	(void)row;
	++*(size_t *)owner;
	return true;
}

static void no_problem(void *owner, const char *text)
{
	(void)owner;
	(void)fprintf(stderr, "# %s\n", text);
	_exit(3);
}

/* In a process of its own, since a limit cannot be taken back. Each group decodes to 8 MiB and
 * more; all together do not fit. */
_Noreturn static void ask_in(struct rig *r, size_t bytes)
{
	struct query_spec s = spec_all();
	struct query_plan *plan;
	struct query_end end;
	size_t rows = 0;
	struct query_pieces pieces = { r->pieces, rig_first, rig_open, r };
	struct query_out out = { count_row, NULL, no_problem, &rows };
	struct query_job job = { .pieces = &pieces, .out = &out };
	char line[64] = "";
	FILE *statm = fopen("/proc/self/statm", "r");
	struct rlimit limit;

	if (!statm || !fgets(line, sizeof(line), statm) ||
	    query_plan_new(&s, RIG_ALL, &plan, NULL) < 0)
		_exit(2);
	job.plan = plan;
	(void)mallopt(M_MMAP_THRESHOLD, 256 * KIB); /* as query_serve() has it */
	limit.rlim_cur = limit.rlim_max = strtoul(line, NULL, 10) * 4096 + bytes;
	if (setrlimit(RLIMIT_AS, &limit) < 0 || query_engine(&job, &end, NULL) < 0)
		_exit(2);
	_exit(rows == r->rows ? 0 : 1);
}

TEST(groups_that_do_not_fit_into_memory_together_take_turns)
{
	struct rig *r = rig_new();
	char *path = malloc(ROW_VALUE_MAX);
	int status;
	pid_t pid;

	assert_non_null(path);
	for (unsigned i = 0; i < 10; i++)
		(void)add_piece(r, RIG_HOUR, 0, 0);
	for (unsigned i = 0; i < 10; i++)
		r->piece[i].first = i + 1;
	r->arrival = 11;
	for (unsigned k = 0; k < 8000; k++) {
		struct row *row = rig_begin(r, KIND_HTTP);

		for (size_t i = 0; i < ROW_VALUE_MAX; i++)
			path[i] = (char)('a' + chance(26));
		row_put_str(row, http_path, (struct str){ path, ROW_VALUE_MAX });
		rig_add(r, rig_commit(r, row, 0, false));
		r->row[r->rows - 1].piece = k % 10;
	}
	free(path);
	rig_write(r);
	pid = fork();
	if (pid == 0)
		ask_in(r, 80 * MIB);
	assert_int_equal(waitpid(pid, &status, 0), pid);

	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	rig_free(r);
}
#endif

/* ---- How little is read ---------------------------------------------------------------------- */

TEST(zone_maps_spare_groups_whose_values_cannot_match)
{
	struct rig *r = rig_new();
	struct query_spec s = spec_all();
	struct found f = { .rig = r };

	(void)add_piece(r, RIG_HOUR, 100, 200);
	(void)add_piece(r, RIG_HOUR, 100, 500);
	rig_write(r);
	(void)strcpy(s.where, "http.status >= 500");
	ask(&f, &s);
	assert_int_equal(f.rows, 100);
	assert_int_equal(f.end.groups_of_rows, 2);
	assert_int_equal(f.end.groups_pruned, 1);
	assert_int_equal(f.end.rows_looked_at, 100);
	found_clear(&f);

	s.count = true;
	ask(&f, &s);
	assert_int_equal(f.group[0].count, 100);
	assert_int_equal(f.end.groups_pruned, 1);
	found_clear(&f);
	rig_free(r);
}

TEST(groups_of_other_times_are_spared)
{
	struct rig *r = rig_new();
	struct query_spec s = spec_all();
	struct found f = { .rig = r };

	(void)add_piece(r, RIG_HOUR, 100, 200);
	(void)add_piece(r, RIG_HOUR, 100, 200);
	rig_write(r);
	s.since_ns = RIG_TIME + 101 * NS_PER_S;
	ask(&f, &s);

	assert_int_equal(f.rows, 100);
	assert_int_equal(f.end.groups_pruned, 1);
	found_clear(&f);
	rig_free(r);
}

/* A count needs no column, and a page of ten rows no more than the groups it lies in. */
TEST(what_is_not_needed_is_not_opened)
{
	struct rig *r = rig_new();
	struct query_spec s = spec_all();
	struct found f = { .rig = r };
	uint64_t all;

	for (unsigned i = 0; i < 8; i++)
		(void)add_piece(r, RIG_HOUR + i, 100, 200);
	rig_write(r);
	s.count = true;
	ask(&f, &s);
	assert_int_equal(f.group[0].count, 800);
	assert_int_equal(f.end.chunks_opened, 0);
	found_clear(&f);

	s.count = false;
	ask(&f, &s);
	all = f.end.chunks_opened;
	found_clear(&f);
	for (unsigned order = 0; order < 2; order++) {
		s.order = (enum query_order)order;
		s.limit = 10;
		ask(&f, &s);
		assert_int_equal(f.rows, 10);
		assert_int_equal(f.end.chunks_opened, all / 8);
		found_clear(&f);
	}
	rig_free(r);
}

/* ---- Patience and ends ----------------------------------------------------------------------- */

TEST(who_has_no_patience_gets_a_part_and_where_to_go_on)
{
	struct rig *r = rig_new();
	struct query_spec s = spec_all();
	struct found f = { .rig = r };

	for (unsigned i = 0; i < 4; i++)
		(void)add_piece(r, RIG_HOUR + i, 300, 200);
	rig_write(r);
	s.patience_ns = 1;
	ask(&f, &s);

	assert_true(f.end.partial);
	assert_string_equal(f.end.why, "the time that was given is over");
	assert_true(f.end.next > 0);
	assert_true(f.rows < 1200);
	found_clear(&f);

	s.count = true;
	ask(&f, &s);
	assert_true(f.end.partial);
	assert_int_equal(f.end.next, 0);
	found_clear(&f);
	rig_free(r);
}

TEST(nothing_follows_the_last_row)
{
	struct rig *r = rig_new();
	struct query_spec s = spec_all();
	struct found f = { .rig = r };

	(void)add_piece(r, RIG_HOUR, 10, 200);
	rig_write(r);
	s.limit = 10;
	ask(&f, &s);
	assert_int_equal(f.rows, 10);
	assert_int_equal(f.end.next, 0);
	found_clear(&f);

	s.limit = 9;
	ask(&f, &s);
	assert_int_equal(f.end.next, 9);
	found_clear(&f);
	rig_free(r);
}

/* ---- Damage ---------------------------------------------------------------------------------- */

static void turn(const struct rig *r, const char *name, off_t at)
{
	int fd = openat(r->dir_fd, name, O_RDWR | O_CLOEXEC);
	uint8_t byte;

	assert_int_equal(pread(fd, &byte, 1, at), 1);
	byte ^= 1;
	assert_int_equal(pwrite(fd, &byte, 1, at), 1);
	fd_close(fd);
}

/* Rows whose bytes are not those that were written. */
static size_t lacking(const struct found *f)
{
	size_t n = 0;

	for (size_t i = 0; i < f->rows; i++)
		n += !str_eq(f->row[i].bytes, f->rig->row[f->row[i].arrival - 1].bytes);
	return n;
}

/* Two kinds in one segment, and a turned bit here and there in its chunks: where it is in a column
 * that is only shown, its rows come without it; where it is in ids, the rows of that kind are lost;
 * the other kind is whole. */
TEST(a_damaged_column_costs_itself_or_its_group)
{
	struct rig *r = rig_new();
	struct query_spec s = spec_all();
	struct found f = { .rig = r };
	size_t i = add_piece(r, RIG_HOUR, 50, 200), shown = 0, lost = 0;
	char name[SEGMENT_NAME_BYTES];

	for (unsigned k = 0; k < 50; k++) {
		struct row *row = rig_begin(r, KIND_DNS);

		row_put_str(row, dns_name, STR("shop.example"));
		rig_add(r, rig_commit(r, row, 0, false));
		r->row[r->rows - 1].piece = i;
	}
	rig_write(r);
	segment_name(r->piece[i].first, PART_META, name);
	for (off_t at = 128; at < 640; at += 16) {
		turn(r, name, at);
		ask(&f, &s);
		if (f.rows == 100 && f.problems) {
			assert_int_equal(lacking(&f), 50);
			shown++;
		} else if (f.rows != 100 && f.rows != 0) { /* 0: of the directory */
			assert_int_equal(f.rows, 50);
			assert_int_equal(lacking(&f), 0);
			lost++;
		}
		if (f.rows != 100 || lacking(&f)) {
			assert_int_equal(f.problems, 1);
			assert_int_equal(f.end.problems, 1);
			assert_non_null(strstr(f.problem, name));
		}
		found_clear(&f);
		turn(r, name, at);
	}
	assert_true(shown > 1 && lost > 1);
	rig_free(r);
}

/* The same bit in a column that the query asks about. */
TEST(a_damaged_column_that_is_asked_about_costs_its_group)
{
	struct rig *r = rig_new();
	struct query_spec s = spec_all();
	struct found f = { .rig = r };
	char name[SEGMENT_NAME_BYTES];
	size_t lost = 0;

	(void)add_piece(r, RIG_HOUR, 50, 200);
	(void)add_piece(r, RIG_HOUR, 50, 200);
	rig_write(r);
	segment_name(r->piece[0].first, PART_META, name);
	s.kind = KIND_HTTP;
	s.by[0] = 105;
	for (off_t at = 80; at < 400; at += 8) {
		turn(r, name, at);
		(void)strcpy(s.where, at / 8 % 2 ? "http.status < 225 || http.status > 226" : "");
		ask(&f, &s);
		if (f.problems == 1 && f.groups)
			assert_int_equal(f.group[0].count, 1);
		lost += f.problems == 1 && f.groups;
		found_clear(&f);
		turn(r, name, at);
	}
	assert_true(lost > 1);
	rig_free(r);
}

/* A turned bit here and there in a log whose rows have headers: where it is in a section of
 * headers, all rows come, those of one frame without them, and it is told once. */
TEST(a_damaged_section_of_a_frame_costs_its_fields_alone)
{
	struct rig *r = rig_new();
	struct query_spec s = spec_all();
	struct found f = { .rig = r };
	static const struct row_pair host = { { "host", 4 }, { "api", 3 } };
	char name[ROWLOG_NAME_BYTES];
	size_t hits = 0;
	struct stat st;

	as_log(r, add_piece(r, RIG_HOUR, 0, 0));
	for (unsigned k = 0; k < 140; k++) {
		struct row *row = rig_begin(r, KIND_HTTP);

		row_put_map(row, http_request_headers, &host, 1);
		rig_add(r, rig_commit(r, row, 0, false));
		r->row[r->rows - 1].piece = 0;
	}
	rig_write(r);
	rowlog_name(r->piece[0].first, name);
	assert_int_equal(fstatat(r->dir_fd, name, &st, 0), 0);
	for (off_t at = 0; at < st.st_size; at += 16) {
		size_t without = 0;

		turn(r, name, at);
		s.order = at / 16 % 2 ? QUERY_OLDEST : QUERY_NEWEST;
		ask(&f, &s);
		for (size_t i = 0; i < f.rows; i++)
			without += f.row[i].bytes.n < r->row[0].bytes.n;
		if (f.rows == 140 && without) {
			assert_int_equal(f.problems, 1);
			assert_true(without >= 36 && without <= 37);
			hits++;
		}
		found_clear(&f);
		turn(r, name, at);
	}
	assert_true(hits > 2);
	rig_free(r);
}

TEST(a_piece_that_cannot_be_opened_is_told_once)
{
	struct rig *r = rig_new();
	struct query_spec s = spec_all();
	struct found f = { .rig = r };

	(void)add_piece(r, RIG_HOUR, 5, 200);
	(void)add_piece(r, RIG_HOUR, 5, 200);
	rig_write(r);
	r->piece[0].bad = -ENOKEY;
	ask(&f, &s);

	assert_int_equal(f.rows, 5);
	assert_int_equal(f.problems, 1);
	found_clear(&f);
	rig_free(r);
}

TEST_MAIN
