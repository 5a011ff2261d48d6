// SPDX-License-Identifier: Apache-2.0
/*
 * The engine against an oracle of a few lines: random rows in logs and segments of several clusters
 * and hours, random filters, ranges, orders, limits, cursors and aggregates. REDOUBT_SEED runs one
 * seed again, REDOUBT_ROUNDS more of them.
 */
#include "query/rig.h"

/* With sanitizers each round costs ten times as much. */
#ifdef REDOUBT_SANITIZED
#define STORES_DEFAULT 7
#else
#define STORES_DEFAULT 27
#endif
#define ASKS 12 /* rounds in each store */

static uint64_t seed_now;

#define REQUIRE(what)                                                                              \
	do {                                                                                       \
		if (!(what))                                                                       \
			fail_msg("seed %llu: %s (line %d)", (unsigned long long)seed_now, #what,   \
				 __LINE__);                                                        \
	} while (0)

/* ---- Random questions ------------------------------------------------------------------------ */

static const char *const atoms[] = {
	"http",
	"dns || gap",
	"flow",
	"http.status == 404",
	"http.status >= 500",
	"http.status != 200",
	"http.status in [200, 503, 999]",
	"http.method == \"GET\"",
	"http.method in [\"PUT\", \"NONE\"]",
	"http.path.startsWith(\"/items\")",
	"http.path.contains(\"a\")",
	"http.latency > \"1ms\"",
	"http.latency < \"0s\"",
	"http.state == \"complete\"",
	"has(http.status)",
	"has(time)",
	"103 in http.interim",
	"\"te-and-cl\" in http.anomalies",
	"src.port > 50000",
	"dst.port == 443",
	"dst.port == 8443",
	"src.ip == \"10.0.0.2\"",
	"src.ip in [\"10.0.0.1\", \"10.0.0.3\"]",
	"node == \"api\"",
	"node > \"shop\"",
	"flow.midstream",
	"flow.src_bytes > 50000",
	"flow.state != \"open\"",
	"dns.name.endsWith(\".com\")",
	"dns.latency > \"50ms\"",
	"gap.reason == \"drop.link-unknown\"",
	"time >= \"2026-01-31T12:30:00Z\"",
	"time < \"2026-01-31T12:10:00Z\"",
	"true",
};
static const char *const header_atoms[] = {
	"\"host\" in http.request.headers",
	"http.request.headers[\"host\"] == \"api\"",
	"has(http.request.headers)",
};

static void put_filter(struct buf *b, unsigned depth, bool headers)
{
	if (depth == 0 || chance(3) == 0) {
		if (headers && chance(5) == 0)
			(void)buf_printf(b, "%s", header_atoms[chance(ARRAY_LEN(header_atoms))]);
		else
			(void)buf_printf(b, "(%s)", atoms[chance(ARRAY_LEN(atoms))]);
		return;
	}
	if (chance(4) == 0) {
		(void)buf_put(b, STR("!("));
		put_filter(b, depth - 1, headers);
		(void)buf_put(b, STR(")"));
		return;
	}
	(void)buf_put(b, STR("("));
	put_filter(b, depth - 1, headers);
	(void)buf_printf(b, "%s", chance(2) ? " && " : " || ");
	put_filter(b, depth - 1, headers);
	(void)buf_put(b, STR(")"));
}

static struct query_spec spec_chance(const struct rig *r)
{
	struct query_spec s = spec_all();
	struct buf b;

	buf_init(&b, QUERY_TEXT_MAX);
	if (chance(4)) {
		put_filter(&b, 3, r->parts >> PART_HEADERS & 1);
		memcpy(s.where, b.p, b.len + 1);
	}
	buf_done(&b);
	s.order = chance(2) ? QUERY_OLDEST : QUERY_NEWEST;
	if (chance(3) == 0)
		s.since_ns = RIG_TIME + (int64_t)chance(7200) * NS_PER_S;
	if (chance(3) == 0)
		s.until_ns = RIG_TIME + (int64_t)chance(9000) * NS_PER_S;
	if (chance(3) == 0)
		s.after = chance(r->arrival + 10);
	return s;
}

/* ---- Rows ------------------------------------------------------------------------------------ */

static void require_rows(const struct found *f, const struct rig_row *const *want, size_t n)
{
	REQUIRE(f->rows == n);
	for (size_t i = 0; i < n; i++) {
		REQUIRE(f->row[i].arrival == want[i]->arrival);
		REQUIRE(str_eq(f->row[i].bytes, want[i]->view.bytes));
	}
}

static void ask_rows(struct found *f, struct query_spec *s, const struct rig_row **want)
{
	size_t n = oracle_rows(f->rig, s, want);
	bool more;

	s->limit = chance(2) ? 1 + chance(n + 20) : 0;
	ask(f, s);
	more = s->limit && n > s->limit;
	require_rows(f, want, more ? s->limit : n);
	REQUIRE(f->problems == 0 && !f->end.partial);
	REQUIRE(f->end.rows_matched == f->rows);
	REQUIRE(!more || f->end.next == f->row[f->rows - 1].arrival);
	REQUIRE(s->limit || f->end.next == 0);
	found_clear(f);
}

/* Page by page, by a limit or by patience, it is the whole answer. */
static void ask_pages(struct found *f, struct query_spec *s, const struct rig_row **want)
{
	size_t n = oracle_rows(f->rig, s, want), pages = 0;
	bool impatient = n < 2000 && chance(2);

	s->limit = impatient ? 0 : n / 40 + 1 + chance(200);
	s->patience_ns = impatient;
	do {
		size_t before = f->rows;

		ask(f, s);
		REQUIRE(f->end.partial == (impatient && f->end.next != 0));
		REQUIRE(!f->end.partial || f->end.why[0]);
		REQUIRE(impatient || f->rows - before <= s->limit);
		REQUIRE(pages++ < RIG_ROWS_MAX);
		REQUIRE(f->end.next != s->after || f->end.next == 0);
		s->after = f->end.next;
	} while (f->end.next);
	require_rows(f, want, n);
	found_clear(f);
}

/* ---- Groups ---------------------------------------------------------------------------------- */

struct oracle_group {
	struct row_value key[QUERY_BY_MAX];
	int64_t at_ns;
	uint64_t count;
	__int128_t sum;
	bool has_sum;
	double *value;
	size_t values;
};

static bool oracle_value(const struct query_spec *s, uint16_t id, const struct rig_row *row,
			 struct row_value *out)
{
	const struct record_kind *kind = s->kind ? record_kind_by_id(s->kind) : record_kind_at(0);

	*out = (struct row_value){ 0 };
	if (!id || (id >= 100 && row->view.kind_id != s->kind))
		return false;
	return row_value(&row->view, (unsigned)record_slot_by_id(kind, id), out);
}

static int64_t oracle_step(const struct query_spec *s, const struct rig_row *row)
{
	int64_t at;

	if (!s->every_ns)
		return 0;
	if (!row_get_time(&row->view, common_time, &at))
		return INT64_MIN;
	return at - at % s->every_ns; /* of times behind 1970 */
}

static struct oracle_group *oracle_group(struct oracle_group *g, size_t *n,
					 const struct query_spec *s, const struct rig_row *row)
{
	struct oracle_group mine = { .at_ns = oracle_step(s, row) };
	size_t i;

	for (i = 0; i < QUERY_BY_MAX; i++)
		(void)oracle_value(s, s->by[i], row, &mine.key[i]);
	for (i = 0; i < *n; i++) {
		bool same = g[i].at_ns == mine.at_ns;

		for (size_t k = 0; same && k < QUERY_BY_MAX; k++)
			same = query_value_compare(&g[i].key[k], &mine.key[k]) == 0;
		if (same)
			return &g[i];
	}
	g[(*n)++] = mine;
	return &g[i];
}

static size_t oracle_groups(const struct query_spec *s, const struct rig_row *const *row, size_t n,
			    struct oracle_group *g)
{
	size_t groups = 0;
	struct row_value v;

	for (size_t i = 0; i < n; i++) {
		struct oracle_group *to = oracle_group(g, &groups, s, row[i]);

		to->count++;
		if (oracle_value(s, s->sum, row[i], &v)) {
			to->has_sum = true;
			to->sum += v.type == FIELD_U64 ? (__int128_t)v.u : (__int128_t)v.i;
		}
		if (oracle_value(s, s->quantile, row[i], &v)) {
			to->value = reallocarray(to->value, to->values + 1, sizeof(double));
			assert_non_null(to->value);
			to->value[to->values++] = v.type == FIELD_U64 ? (double)v.u : (double)v.i;
		}
	}
	return groups;
}

static int double_compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void require_group(const struct query_spec *s, const struct query_group *got,
			  struct oracle_group *want)
{
	REQUIRE(got->count == want->count && !got->rest);
	REQUIRE(got->has_sum == want->has_sum);
	REQUIRE(!got->has_sum || got->sum == (double)want->sum);
	REQUIRE(got->has_quantile == (want->values > 0));
	if (!want->values)
		return;
	qsort(want->value, want->values, sizeof(double), double_compare);
	for (size_t i = 0; i < 4; i++) {
		double q = s->quantiles[i], exact;

		if (q < 0)
			continue;
		exact = want->value[(size_t)(q * (double)(want->values - 1))];
		REQUIRE(fabs(got->quantile[i] - exact) <= fabs(exact) * (SKETCH_ERROR + 1e-9));
	}
}

/* Each group that was given is one of the oracle's; they ascend by key, or descend by count. */
static void require_groups(const struct query_spec *s, const struct found *f,
			   struct oracle_group *want, size_t n)
{
	REQUIRE(f->groups == (s->limit ? size_min(s->limit, n) : n));
	for (size_t i = 0; i < f->groups; i++) {
		const struct query_group *g = &f->group[i];
		size_t k = 0;

		for (; k < n; k++) {
			bool same = g->at_ns == want[k].at_ns;

			for (unsigned j = 0; same && j < g->keys; j++)
				same = query_value_compare(&g->key[j], &want[k].key[j]) == 0;
			if (same)
				break;
		}
		REQUIRE(k < n);
		require_group(s, g, &want[k]);
		if (i == 0)
			continue;
		REQUIRE(!s->top || g[-1].count >= g->count);
		REQUIRE(s->top || g[-1].at_ns <= g->at_ns);
	}
	for (size_t i = 0; s->top && i < n; i++) /* none that was left out is larger */
		REQUIRE(f->groups == n || f->groups == 0 || want[i].count <= f->group[0].count);
}

static void spec_groups(struct query_spec *s)
{
	static const uint16_t fields[] = { 2, 4, 10, 11, 41, 70, 100, 105, 102, 118, 106 };
	static const int64_t steps[] = { 1, NS_PER_S, 60 * NS_PER_S, 600 * NS_PER_S,
					 86400 * NS_PER_S };
	size_t n = chance(4);

	s->kind = KIND_HTTP;
	for (size_t i = 0; i < n; i++)
		s->by[i] = fields[chance(ARRAY_LEN(fields))];
	s->count = true;
	if (chance(2))
		s->sum = chance(2) ? 106 : 11;
	if (chance(2)) {
		s->quantile = chance(2) ? 106 : 11;
		s->quantiles[0] = 0.5;
		s->quantiles[1] = (double)chance(1001) / 1000;
		s->quantiles[3] = 1;
	}
	if (chance(2))
		s->every_ns = steps[chance(ARRAY_LEN(steps))];
	s->top = chance(2);
	if (chance(3) == 0)
		s->limit = 1 + chance(20);
}

static void ask_groups(struct found *f, struct query_spec *s, const struct rig_row **want)
{
	size_t n = oracle_rows(f->rig, s, want);
	struct oracle_group *g = calloc(n + 1, sizeof(*g));
	size_t groups;

	/* The oracle looks for each group in a list. */
	if (n > 3000) {
		s->since_ns = RIG_TIME;
		s->until_ns = RIG_TIME + 300 * NS_PER_S;
		n = oracle_rows(f->rig, s, want);
	}
	assert_non_null(g);
	spec_groups(s);
	groups = oracle_groups(s, want, n, g);
	ask(f, s);
	REQUIRE(f->end.rows_matched == n && f->problems == 0 && !f->end.partial);
	require_groups(s, f, g, groups);
	for (size_t i = 0; i < groups; i++)
		free(g[i].value);
	free(g);
	found_clear(f);
}

/* ---- Stores ---------------------------------------------------------------------------------- */

static struct rig *store_chance(void)
{
	static const struct {
		unsigned clusters, hours, turns;
	} shapes[] = { { 2, 3, 20 }, { 1, 2, 8 }, { 20, 1, 60 }, { 3, 1, 3 }, { 40, 2, 90 } };
	size_t shape = chance(ARRAY_LEN(shapes));
	struct rig *r = rig_new();

	rig_fill(r, shapes[shape].clusters, shapes[shape].hours, shapes[shape].turns);
	for (size_t i = 0; i < r->pieces; i++)
		r->piece[i].flips = chance(6) == 0;
	rig_write(r);
	if (chance(3) == 0)
		rig_restrict(r, RIG_META);
	return r;
}

static void run_store(uint64_t seed)
{
	struct found f = { 0 };
	const struct rig_row **want = calloc(RIG_ROWS_MAX, sizeof(*want));

	seed_now = seed;
	chance_state = seed * 0x9e3779b97f4a7c15 + 1;
	f.rig = store_chance();
	for (unsigned i = 0; i < ASKS; i++) {
		struct query_spec s = spec_chance(f.rig);

		if (i % 3 == 0)
			ask_rows(&f, &s, want);
		else if (i % 3 == 1)
			ask_pages(&f, &s, want);
		else
			ask_groups(&f, &s, want);
	}
	rig_free(f.rig);
	free(want);
}

/* ---- Damage ---------------------------------------------------------------------------------- */

/* Turns some bits of one file of a piece; true when there was one. */
static bool damage(struct rig *r, size_t piece)
{
	const struct rig_piece *p = &r->piece[piece];
	enum field_part part = chance(3) ? PART_META : PART_HEADERS;
	char name[SEGMENT_NAME_BYTES];
	struct stat st;
	uint8_t byte;
	off_t at;
	int fd;

	if (p->as_log)
		rowlog_name(p->first, name);
	else
		segment_name(p->first, part, name);
	fd = openat(r->dir_fd, name, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return false;
	assert_int_equal(fstat(fd, &st), 0);
	for (size_t n = 1 + chance(3); n > 0; n--) {
		at = (off_t)chance((uint64_t)st.st_size);
		assert_int_equal(pread(fd, &byte, 1, at), 1);
		byte ^= (uint8_t)(1u << chance(8));
		assert_int_equal(pwrite(fd, &byte, 1, at), 1);
	}
	fd_close(fd);
	return true;
}

/* The rows of whole pieces are all there, as they were; of the damaged one some are, whole or
 * without what its damaged file had; and where anything is missing it was told. */
static void require_rest(const struct rig *r, const struct found *f, size_t damaged)
{
	size_t k = 0, missing = 0;

	for (size_t i = 0; i < f->rows; i++, k++) {
		struct row_view v;

		for (; k < r->rows && r->row[k].arrival != f->row[i].arrival; k++) {
			REQUIRE(r->row[k].piece == damaged);
			missing++;
		}
		REQUIRE(k < r->rows);
		if (str_eq(f->row[i].bytes, r->row[k].bytes))
			continue;
		REQUIRE(r->row[k].piece == damaged);
		REQUIRE(row_view(f->row[i].bytes, &v) == 0);
		REQUIRE(v.id_lo == r->row[k].view.id_lo && v.fields < r->row[k].view.fields);
		missing++;
	}
	for (; k < r->rows; k++, missing++)
		REQUIRE(r->row[k].piece == damaged);
	/* What ends a log may be what a crash left, which is no damage. */
	REQUIRE(!missing || f->problems || r->piece[damaged].as_log);
}

static size_t rows_beside(const struct rig *r, size_t piece)
{
	size_t n = 0;

	for (size_t i = 0; i < r->rows; i++)
		n += r->row[i].piece != piece;
	return n;
}

static void run_damage(uint64_t seed)
{
	struct found f = { 0 };
	struct query_spec s = spec_all(), count = spec_all();
	size_t piece;

	seed_now = seed;
	chance_state = seed * 0x9e3779b97f4a7c15 + 2;
	f.rig = rig_new();
	rig_fill(f.rig, 2, 2, 10);
	rig_write(f.rig);
	count.count = true;
	piece = chance(f.rig->pieces);
	if (damage(f.rig, piece)) {
		ask(&f, &s);
		require_rest(f.rig, &f, piece);
		found_clear(&f);
		ask(&f, &count);
		REQUIRE(f.groups == 1 && f.group[0].count <= f.rig->rows);
		REQUIRE(f.group[0].count >= rows_beside(f.rig, piece));
		found_clear(&f);
	}
	rig_free(f.rig);
}

TEST(damage_costs_what_it_hit_and_is_told)
{
	for (uint64_t s = 1; s <= STORES_DEFAULT * 4; s++)
		run_damage(s);
}

TEST(random_questions_have_the_answers_of_the_oracle)
{
	const char *seed = getenv("REDOUBT_SEED"), *rounds = getenv("REDOUBT_ROUNDS");
	uint64_t n = rounds ? strtoull(rounds, NULL, 10) : STORES_DEFAULT;

	if (seed) {
		run_store(strtoull(seed, NULL, 10));
		return;
	}
	printf("# seeds 1 to %llu, %d rounds each\n", (unsigned long long)n, ASKS);
	for (uint64_t s = 1; s <= n; s++)
		run_store(s);
}

TEST_MAIN
