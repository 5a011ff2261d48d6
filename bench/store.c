// SPDX-License-Identifier: Apache-2.0
/*
 * store: measures the store with synthetic rows, beside SQLite on the same rows.
 *
 *   store insert DIR ROWS        durable, sealed, in segments; a store of its own
 *   store seal DIR               what sealing as many bytes, in pieces as large, costs by itself
 *   store query DIR NAME [cold]  one of the questions below, in this process; cold: out of the
 * cache store sqlite FILE ROWS       the same rows into plain SQLite, in transactions of 10,000
 *   store ask FILE NAME          the same questions to it
 *   store tsv ROWS               the same rows as text, for a server
 *
 * Each prints one line: what, rows, seconds of this process on the wall and on the processor.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sqlite3.h>

#include "bench/store.h"
#include "query/query.h"

/* Rows an hour of arrival, so that a large store has many hours. */
#define HOUR_ROWS 4000000
/* Up to so many rows all are made durable first, and then segments of them; of more, segments are
 * made as logs are full. */
#define APART_ROWS 20000000
#define BATCH      10000

static struct {
	uint64_t rows, row, limit;
} bench;

static double cpu_seconds(void)
{
	struct rusage u;

	(void)getrusage(RUSAGE_SELF, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
	       (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static void report(const char *what, uint64_t rows, int64_t from_ns, double cpu)
{
	(void)printf("%s\t%" PRIu64 "\t%.4f\t%.4f\n", what, rows,
		     (double)(time_mono_ns() - from_ns) / 1e9, cpu_seconds() - cpu);
}

_Noreturn static void die(const char *what, const char *why)
{
	(void)fprintf(stderr, "%s: %s\n", what, why);
	exit(1);
}

static uint64_t number(const char *text)
{
	uint64_t n;

	if (!text || str_to_u64(str_of(text), &n) < 0)
		die("not a number", text ? text : "nothing");
	return n;
}

/* ---- The store ------------------------------------------------------------------------------- */

static char key_file[4096];

static struct root_source root_of(const char *dir)
{
	(void)snprintf(key_file, sizeof(key_file), "%s.key", dir);
	return (struct root_source){ .key_file = key_file };
}

/* Hours pass as rows come. */
static int64_t clock_now(void *owner)
{
	(void)owner;
	return BENCH_FROM_NS + (int64_t)(bench.row / HOUR_ROWS) * KEYSTORE_HOUR_NS +
	       (int64_t)(bench.row % HOUR_ROWS) * (KEYSTORE_HOUR_NS / HOUR_ROWS);
}

static uint64_t size_of(const char *dir, const char *below)
{
	uint64_t sum = 0;
	char command[4200], line[64] = "";
	FILE *p;

	(void)snprintf(command, sizeof(command),
		       "find '%s/%s' -type f -printf '%%s\\n' | awk '{ n += $1 } END { print n }'",
		       dir, below);
	p = popen(command, "r"); /* NOLINT: a benchmark, its own directory */
	if (p && fgets(line, sizeof(line), p))
		sum = strtoull(line, NULL, 10);
	if (p)
		(void)pclose(p);
	return sum;
}

static void insert(const char *dir, uint64_t rows)
{
	struct store_conf conf = {
		.dir = dir, .root = root_of(dir), .create = true, .now = clock_now
	};
	struct err err = { ERR_NONE, "" };
	struct store *s;
	int64_t from;
	double cpu;
	int r;

	conf.keep.bytes = UINT64_C(1) << 50;
	if (rows <= APART_ROWS)
		conf.rest_ns = 10000 * KEYSTORE_HOUR_NS;
	for (unsigned part = 0; part < ROW_PARTS; part++)
		conf.keep.part_ns[part] = 10000 * KEYSTORE_HOUR_NS;
	if (access(key_file, F_OK) != 0 && keystore_make_key_file(key_file, &err) < 0)
		die(key_file, err.text);
	for (uint64_t i = 0; i < BENCH_DISTINCT; i++)
		(void)bench_row(i);
	from = time_mono_ns();
	cpu = cpu_seconds();
	r = store_open(&conf, &s, &err);
	for (bench.row = 0; r >= 0 && bench.row < rows; bench.row++) {
		r = store_add(s, "bench", bench_row(bench.row), &err);
		while (r >= 0 && bench.row % 1024 == 0 && (r = store_tick(s, &err)) == 1)
			continue;
	}
	if (r >= 0)
		r = store_commit(s, &err);
	if (r >= 0)
		report("insert, durable", rows, from, cpu);
	(void)printf("# log bytes %" PRIu64 "\n", size_of(dir, "log"));
	if (r >= 0)
		r = store_compact(s, &err);
	if (r >= 0)
		r = store_close(s, &err);
	if (r < 0)
		die(dir, err.text);
	report("insert, in segments", rows, from, cpu);
}

/* ---- Questions ------------------------------------------------------------------------------- */

static const struct question {
	const char *name, *where, *by, *quantile, *sql;
	bool range;
	uint64_t limit;
} questions[] = {
	{ "filter", "http.status >= 500u && http.method == \"DELETE\"", NULL, NULL,
	  "SELECT count(*) FROM r WHERE status >= 500 AND method = 'DELETE'", false, 0 },
	{ "range", NULL, NULL, NULL, "SELECT * FROM r WHERE time >= %lld AND time < %lld LIMIT 100",
	  true, 100 },
	{ "path", NULL, "http.path", "http.latency",
	  "SELECT path, count(*), avg(latency) FROM r GROUP BY path", false, 0 },
	{ "equal", "http.path == \"/api/v1/catalogue/77/items\"", NULL, NULL,
	  "SELECT count(*) FROM r WHERE path = '/api/v1/catalogue/77/items'", false, 0 },
};

static const struct question *question(const char *name)
{
	for (size_t i = 0; name && i < ARRAY_LEN(questions); i++)
		if (strcmp(questions[i].name, name) == 0)
			return &questions[i];
	die("no such question", name ? name : "");
}

/* A second in the middle of all rows. */
static void middle(uint64_t rows, int64_t *since, int64_t *until)
{
	*since = BENCH_FROM_NS + (int64_t)(rows / 2) * BENCH_STEP_NS;
	*until = *since + NS_PER_S;
}

static void forget(const char *dir)
{
	char command[4200];

	/* Each file is told to leave the cache, which needs no right but to read it. */
	(void)snprintf(
		command, sizeof(command),
		"sync; find '%s' -type f -exec dd if={} iflag=nocache count=0 status=none \\;",
		dir);
	if (system(command) != 0) /* NOLINT: a benchmark, its own directory */
		die(dir, "cannot be dropped from the cache");
}

static bool count_row(void *owner, uint64_t arrival, const struct row_view *row)
{
	(void)owner, (void)arrival, (void)row;
	bench.rows++;
	return true;
}

static bool count_group(void *owner, const struct query_group *group)
{
	(void)owner;
	bench.rows += group->count;
	return true;
}

static void problem(void *owner, const char *text)
{
	(void)owner;
	die("query", text);
}

static uint64_t stored_rows(const char *dir)
{
	const struct query_sink sink = { count_row, count_group, problem, NULL };
	const struct query_viewer viewer = { "bench", 7 };
	const struct root_source root = root_of(dir);
	struct query_spec spec = { .since_ns = INT64_MIN, .until_ns = INT64_MAX, .count = true };
	struct query_end end;
	struct err err;

	spec.quantiles[0] = -1;
	if (query_run_here(dir, &root, &viewer, &spec, &sink, &end, &err) < 0)
		die(dir, err.text);
	return end.rows_matched;
}

static void query(const char *dir, const char *name, bool cold)
{
	const struct query_sink sink = { count_row, count_group, problem, NULL };
	const struct query_viewer viewer = { "bench", 7 };
	const struct root_source root = root_of(dir);
	const struct question *q = question(name);
	const struct query_words words = {
		.where = q->where, .by = &q->by, .bys = q->by ? 1 : 0, .quantile = q->quantile
	};
	uint64_t stored = stored_rows(dir);
	struct query_spec spec;
	struct query_end end;
	struct err err;
	int64_t from;
	double cpu;

	if (query_spec_from_words(&words, time_now_ns(), &spec, &err) < 0)
		die(name, err.text);
	if (q->range)
		middle(stored, &spec.since_ns, &spec.until_ns);
	spec.limit = q->limit;
	spec.count = !q->range;
	if (cold)
		forget(dir);
	bench.rows = 0;
	from = time_mono_ns();
	cpu = cpu_seconds();
	if (query_run_here(dir, &root, &viewer, &spec, &sink, &end, &err) < 0)
		die(name, err.text);
	report(name, stored, from, cpu);
	(void)printf("# matched %" PRIu64 ", shown %" PRIu64 ", groups %" PRIu64
		     " of which %" PRIu64 " left out, chunks %" PRIu64 ", bytes read %" PRIu64 "\n",
		     end.rows_matched, bench.rows, end.groups_of_rows, end.groups_pruned,
		     end.chunks_opened, end.bytes_read);
}

/* ---- What sealing costs ---------------------------------------------------------------------- */

/* The average sealed piece of a segment of these rows. */
#define PIECE (32 * KIB)

/* Rows are sealed twice on their way: in the log, of which as many bytes are taken here as the log
 * would have had, given as LOG_BYTES, and in segments. */
static void seal(const char *dir, uint64_t log_bytes)
{
	static uint8_t piece[PIECE + CRYPTO_GCM_TAG_BYTES];
	uint64_t bytes = size_of(dir, "segments") + log_bytes;
	uint8_t key[CRYPTO_KEY_BYTES] = { 1 }, nonce[CRYPTO_GCM_NONCE_BYTES] = { 0 };
	struct crypto_aead *a;
	int64_t from;
	double cpu;

	if (crypto_aead_new(key, &a) < 0)
		die("seal", "no cipher");
	from = time_mono_ns();
	cpu = cpu_seconds();
	for (uint64_t n = 0; n * PIECE < bytes; n++) {
		memcpy(nonce, &n, sizeof(n));
		if (crypto_aead_seal(a, nonce, STR(""), (struct str){ (char *)piece, PIECE },
				     piece) < 0)
			die("seal", "failed");
	}
	report("seal", bytes, from, cpu);
	crypto_aead_free(a);
}

/* ---- SQLite ---------------------------------------------------------------------------------- */

static void run_sql(sqlite3 *db, const char *sql)
{
	char *why = NULL;

	if (sqlite3_exec(db, sql, NULL, NULL, &why) != SQLITE_OK)
		die("sqlite", why ? why : "?");
}

static void sqlite_insert(const char *file, uint64_t rows)
{
	sqlite3 *db;
	sqlite3_stmt *put;
	struct bench_fact f;
	int64_t from = time_mono_ns();
	double cpu = cpu_seconds();

	if (sqlite3_open(file, &db) != SQLITE_OK)
		die(file, "cannot be opened");
	run_sql(db, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
		    "CREATE TABLE r(time INTEGER, src_ip INTEGER, src_port INTEGER, dst_ip INTEGER,"
		    "dst_port INTEGER, flow INTEGER, method TEXT, host TEXT, path TEXT,"
		    "status INTEGER, latency INTEGER, bytes INTEGER);"
		    "CREATE INDEX r_time ON r(time)");
	if (sqlite3_prepare_v2(db, "INSERT INTO r VALUES(?,?,?,?,?,?,?,?,?,?,?,?)", -1, &put,
			       NULL) != SQLITE_OK)
		die("sqlite", sqlite3_errmsg(db));
	for (uint64_t i = 0; i < rows; i++) {
		if (i % BATCH == 0)
			run_sql(db, i ? "COMMIT; BEGIN" : "BEGIN");
		bench_fact(i, &f);
		(void)sqlite3_bind_int64(put, 1, f.time);
		(void)sqlite3_bind_int64(put, 2, f.src_ip);
		(void)sqlite3_bind_int64(put, 3, f.src_port);
		(void)sqlite3_bind_int64(put, 4, f.dst_ip);
		(void)sqlite3_bind_int64(put, 5, f.dst_port);
		(void)sqlite3_bind_int64(put, 6, (int64_t)f.flow);
		(void)sqlite3_bind_text(put, 7, f.method, -1, SQLITE_STATIC);
		(void)sqlite3_bind_text(put, 8, f.host, -1, SQLITE_TRANSIENT);
		(void)sqlite3_bind_text(put, 9, f.path, -1, SQLITE_TRANSIENT);
		(void)sqlite3_bind_int64(put, 10, f.status);
		(void)sqlite3_bind_int64(put, 11, f.latency);
		(void)sqlite3_bind_int64(put, 12, (int64_t)f.bytes);
		if (sqlite3_step(put) != SQLITE_DONE || sqlite3_reset(put) != SQLITE_OK)
			die("sqlite", sqlite3_errmsg(db));
	}
	run_sql(db, "COMMIT");
	(void)sqlite3_finalize(put);
	(void)sqlite3_close(db);
	report("sqlite insert", rows, from, cpu);
}

static void sqlite_ask(const char *file, const char *name)
{
	const struct question *q = question(name);
	int64_t since, until, from, shown = 0;
	sqlite3 *db;
	sqlite3_stmt *ask;
	char sql[256];
	uint64_t rows = 0;
	double cpu;

	if (sqlite3_open(file, &db) != SQLITE_OK ||
	    sqlite3_prepare_v2(db, "SELECT max(rowid) FROM r", -1, &ask, NULL) != SQLITE_OK)
		die(file, "cannot be opened");
	if (sqlite3_step(ask) == SQLITE_ROW)
		rows = (uint64_t)sqlite3_column_int64(ask, 0);
	(void)sqlite3_finalize(ask);
	middle(rows, &since, &until);
	if (q->range)
		(void)snprintf(sql, sizeof(sql),
			       "SELECT * FROM r WHERE time >= %" PRId64 " AND time < %" PRId64
			       " LIMIT 100",
			       since, until);
	else
		(void)snprintf(sql, sizeof(sql), "%s", q->sql);
	from = time_mono_ns();
	cpu = cpu_seconds();
	if (sqlite3_prepare_v2(db, sql, -1, &ask, NULL) != SQLITE_OK)
		die("sqlite", sqlite3_errmsg(db));
	while (sqlite3_step(ask) == SQLITE_ROW)
		shown++;
	(void)sqlite3_finalize(ask);
	(void)sqlite3_close(db);
	report(name, rows, from, cpu);
	(void)printf("# shown %" PRId64 "\n", shown);
}

static void tsv(uint64_t rows)
{
	struct bench_fact f;

	for (uint64_t i = 0; i < rows; i++) {
		bench_fact(i, &f);
		(void)printf("%" PRId64 "\t%u\t%u\t%u\t%u\t%" PRIu64 "\t%s\t%s\t%s\t%u\t%" PRId64
			     "\t%" PRIu64 "\n",
			     f.time, f.src_ip, f.src_port, f.dst_ip, f.dst_port, f.flow, f.method,
			     f.host, f.path, f.status, f.latency, f.bytes);
	}
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	if (argc == 4 && strcmp(what, "insert") == 0)
		insert(argv[2], number(argv[3]));
	else if (argc == 4 && strcmp(what, "seal") == 0)
		seal(argv[2], number(argv[3]));
	else if (argc >= 4 && strcmp(what, "query") == 0)
		query(argv[2], argv[3], argc > 4);
	else if (argc == 4 && strcmp(what, "sqlite") == 0)
		sqlite_insert(argv[2], number(argv[3]));
	else if (argc == 4 && strcmp(what, "ask") == 0)
		sqlite_ask(argv[2], argv[3]);
	else if (argc == 3 && strcmp(what, "tsv") == 0)
		tsv(number(argv[2]));
	else
		die("store", "insert|seal|query|sqlite|ask|tsv …");
	return 0;
}
