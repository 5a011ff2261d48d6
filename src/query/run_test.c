// SPDX-License-Identifier: Apache-2.0
/*
 * Queries of a real store, in this process and in a query process of its own, which must answer the
 * same; what goes over the channel; and how it ends when something is wrong.
 */
#include <sys/socket.h>

#include "query/rig.h"
#include "store_rows.h"

#define NS_PER_HOUR (3600 * NS_PER_S)
#define EACH        300 /* rows of each cluster and hour */

/* ---- A store --------------------------------------------------------------------------------- */

struct stored {
	char base[64], dir[80], key[80];
	struct store_conf conf;
	struct root_source root;
	struct store *store;
	struct query_viewer viewer;
	struct err err;
	int64_t now_ns;
	uint64_t sequence;
};

static int64_t stored_now(void *owner)
{
	return ((const struct stored *)owner)->now_ns;
}

static void must(int r, const struct err *err)
{
	if (r < 0)
		fail_msg("%s", err->text);
}

static void stored_open(struct stored *s)
{
	must(store_open(&s->conf, &s->store, &s->err), &s->err);
}

static void stored_close(struct stored *s)
{
	must(store_close(TAKE(s->store), &s->err), &s->err);
}

static void stored_rows(struct stored *s, const char *cluster, uint32_t agent, size_t n)
{
	char row[ROWS_BYTES];
	struct row_view v;

	for (size_t i = 0; i < n; i++) {
		struct rows_id id = { agent, 1, 0, ++s->sequence };

		assert_int_equal(row_view((struct str){ row, rows_make(&id, row) }, &v), 0);
		assert_int_equal(store_add(s->store, cluster, &v, &s->err), 1);
	}
	must(store_commit(s->store, &s->err), &s->err);
}

static struct stored *stored_empty(void)
{
	struct stored *s = calloc(1, sizeof(*s));

	assert_non_null(s);
	(void)snprintf(s->base, sizeof(s->base), "%s/redoubt-query-XXXXXX",
		       access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	assert_non_null(mkdtemp(s->base));
	/* The query process may run under another uid, and is given descriptors alone. */
	(void)snprintf(s->dir, sizeof(s->dir), "%s/state", s->base);
	(void)snprintf(s->key, sizeof(s->key), "%s/root.key", s->base);
	must(keystore_make_key_file(s->key, &s->err), &s->err);
	s->root = (struct root_source){ .key_file = s->key };
	s->now_ns = RIG_TIME;
	s->conf = (struct store_conf){ .dir = s->dir,
				       .root = s->root,
				       .create = true,
				       .keep = { .part_ns = { 999 * NS_PER_HOUR, 999 * NS_PER_HOUR,
							      999 * NS_PER_HOUR },
						 .bytes = GIB },
				       .now = stored_now,
				       .owner = s };
	s->viewer = (struct query_viewer){ "tester", RIG_ALL };
	stored_open(s);
	return s;
}

/* Two clusters in turn over three hours; the first two hours are segments, the last is logs. */
static struct stored *stored_new(void)
{
	struct stored *s = stored_empty();

	for (unsigned hour = 0; hour < 3; hour++) {
		for (unsigned turn = 0; turn < 3; turn++) {
			stored_rows(s, "east", 1, EACH / 3);
			stored_rows(s, "west", 2, EACH / 3);
		}
		if (hour == 1)
			must(store_compact(s->store, &s->err), &s->err);
		s->now_ns += NS_PER_HOUR;
	}
	return s;
}

static void stored_free(struct stored *s)
{
	char command[96];

	store_abandon(s->store);
	(void)snprintf(command, sizeof(command), "rm -r %s", s->base);
	assert_int_equal(system(command), 0);
	free(s);
}

/* ---- Asking it ------------------------------------------------------------------------------- */

static bool take_row(void *owner, uint64_t arrival, const struct row_view *row)
{
	return found_take_row(owner, arrival, row->bytes);
}

static struct query_sink sink_of(struct found *f)
{
	return (struct query_sink){ take_row, found_take_group, found_take_problem, f };
}

static int ask_here(struct stored *s, const struct query_spec *spec, struct found *f)
{
	struct query_sink sink = sink_of(f);

	return query_run_here(s->dir, &s->root, &s->viewer, spec, &sink, &f->end, &s->err);
}

static int ask_process(struct stored *s, const struct query_spec *spec, const volatile int *stop,
		       struct found *f)
{
	struct query_sink sink = sink_of(f);

	return query_run(s->dir, &s->root, &s->viewer, spec, &sink, stop, &f->end, &s->err);
}

static void require_same(const struct found *a, const struct found *b)
{
	assert_int_equal(a->rows, b->rows);
	for (size_t i = 0; i < a->rows; i++) {
		assert_int_equal(a->row[i].arrival, b->row[i].arrival);
		assert_true(str_eq(a->row[i].bytes, b->row[i].bytes));
	}
	assert_int_equal(a->groups, b->groups);
	for (size_t i = 0; i < a->groups; i++) {
		assert_int_equal(a->group[i].count, b->group[i].count);
		assert_int_equal(a->group[i].at_ns, b->group[i].at_ns);
		assert_true(a->group[i].sum == b->group[i].sum);
		assert_int_equal(a->group[i].has_sum, b->group[i].has_sum);
		assert_int_equal(a->group[i].has_quantile, b->group[i].has_quantile);
		assert_memory_equal(a->group[i].quantile, b->group[i].quantile,
				    sizeof(a->group[i].quantile));
		for (unsigned k = 0; k < a->group[i].keys; k++) {
			assert_ptr_equal(a->group[i].field[k], b->group[i].field[k]);
			assert_int_equal(
				query_value_compare(&a->group[i].key[k], &b->group[i].key[k]), 0);
		}
	}
	assert_int_equal(a->end.next, b->end.next);
	assert_int_equal(a->end.rows_matched, b->end.rows_matched);
	assert_int_equal(a->end.rows_looked_at, b->end.rows_looked_at);
	assert_int_equal(a->end.chunks_opened, b->end.chunks_opened);
	assert_int_equal(a->problems, b->problems);
}

/* Asks both ways, and keeps what the process gave. */
static void ask_both(struct stored *s, const struct query_spec *spec, struct found *f)
{
	struct found here = { 0 };

	must(ask_here(s, spec, &here), &s->err);
	must(ask_process(s, spec, NULL, f), &s->err);
	require_same(&here, f);
	found_clear(&here);
}

/* ---- Rows ------------------------------------------------------------------------------------ */

TEST(a_query_process_gives_all_rows_in_their_order)
{
	struct stored *s = stored_new();
	struct query_spec spec = spec_all();
	struct found up = { 0 }, down = { 0 };

	ask_both(s, &spec, &up);
	spec.order = QUERY_NEWEST;
	ask_both(s, &spec, &down);

	assert_int_equal(up.rows, 6 * EACH);
	assert_int_equal(down.rows, 6 * EACH);
	for (size_t i = 0; i < up.rows; i++) {
		const struct found_row *row = &up.row[i];
		struct row_view v;

		assert_true(i == 0 || row[-1].arrival < row->arrival);
		assert_int_equal(row->arrival, down.row[up.rows - 1 - i].arrival);
		assert_int_equal(row_view(row->bytes, &v), 0);
		assert_int_equal(rows_check(&v), RIG_ALL);
	}
	assert_int_equal(up.end.next, 0);
	assert_false(up.end.partial);
	assert_int_equal(up.problems, 0);
	found_clear(&up);
	found_clear(&down);
	stored_free(s);
}

TEST(pages_behind_a_cursor_go_on_where_the_last_one_ended)
{
	struct stored *s = stored_new();
	struct query_spec spec = spec_all();
	struct found all = { 0 }, pages = { 0 };

	for (unsigned order = 0; order < 2; order++) {
		spec.order = (enum query_order)order;
		spec.limit = spec.after = 0;
		must(ask_here(s, &spec, &all), &s->err);
		spec.limit = 171;
		do {
			must(ask_process(s, &spec, NULL, &pages), &s->err);
			spec.after = pages.end.next;
		} while (spec.after);
		assert_int_equal(pages.rows, all.rows);
		for (size_t i = 0; i < all.rows; i++)
			assert_int_equal(pages.row[i].arrival, all.row[i].arrival);
		found_clear(&all);
		found_clear(&pages);
	}
	stored_free(s);
}

TEST(rows_that_a_writer_commits_meanwhile_are_found_by_the_next_query)
{
	struct stored *s = stored_new();
	struct query_spec spec = spec_all();
	struct found f = { 0 };

	must(ask_here(s, &spec, &f), &s->err);
	spec.after = f.row[f.rows - 1].arrival;
	found_clear(&f);
	stored_rows(s, "east", 1, 7);
	ask_both(s, &spec, &f);

	assert_int_equal(f.rows, 7);
	found_clear(&f);
	stored_free(s);
}

TEST(an_empty_store_has_no_rows)
{
	struct stored *s = stored_empty();
	struct query_spec spec = spec_all();
	struct found f = { 0 };

	ask_both(s, &spec, &f);

	assert_int_equal(f.rows, 0);
	assert_int_equal(f.end.next, 0);
	found_clear(&f);
	stored_free(s);
}

/* ---- Groups ---------------------------------------------------------------------------------- */

TEST(a_query_process_gives_the_same_groups)
{
	struct stored *s = stored_new();
	struct query_spec spec = spec_all();
	struct found f = { 0 };

	spec.kind = KIND_HTTP;
	spec.by[0] = ROWS_FIELD_HOST;
	spec.limit = 20;
	spec.top = true;
	ask_both(s, &spec, &f);
	assert_int_equal(f.groups, 20);
	found_clear(&f);

	spec.by[0] = 0;
	spec.limit = 0;
	spec.count = true;
	ask_both(s, &spec, &f);
	assert_int_equal(f.groups, 1);
	assert_int_equal(f.group[0].count, 6 * EACH);
	found_clear(&f);
	stored_free(s);
}

/* ---- Parts ----------------------------------------------------------------------------------- */

TEST(a_viewer_without_headers_gets_rows_without_them)
{
	struct stored *s = stored_new();
	struct query_spec spec = spec_all();
	struct found f = { 0 };

	s->viewer.parts = RIG_META;
	ask_both(s, &spec, &f);

	assert_int_equal(f.rows, 6 * EACH);
	for (size_t i = 0; i < f.rows; i++) {
		struct row_view v;

		assert_int_equal(row_view(f.row[i].bytes, &v), 0);
		assert_int_equal(rows_check(&v), RIG_META);
	}
	found_clear(&f);
	stored_free(s);
}

TEST(what_a_viewer_may_not_read_he_may_not_ask_either)
{
	struct stored *s = stored_new();
	struct query_spec spec = spec_all();
	struct found f = { 0 };

	s->viewer.parts = RIG_META;
	(void)strcpy(spec.where, "has(http.request.headers)");

	assert_true(ask_process(s, &spec, NULL, &f) < 0);
	assert_int_equal(s->err.id, ERR_QUERY_PART);
	assert_true(ask_here(s, &spec, &f) < 0);
	assert_int_equal(s->err.id, ERR_QUERY_PART);
	assert_int_equal(f.rows, 0);
	found_clear(&f);
	stored_free(s);
}

static bool holds(const void *bytes, size_t n, const void *part, size_t part_n)
{
	return memmem(bytes, n, part, part_n) != NULL;
}

/* Every piece of the store is asked for as a query process does, with a list that would give all
 * keys: what comes has those of META alone. */
TEST(keys_and_files_of_other_parts_never_go_over_the_channel)
{
	struct stored *s = stored_new();
	struct query_spec spec = spec_all();
	struct query_list *list;
	const struct query_pieces *pieces;
	int pair[2];

	must(query_list_open(s->dir, &s->root, RIG_ALL, &spec, &list, &s->err), &s->err);
	pieces = query_list_pieces(list);
	assert_true(pieces->count >= 6);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	for (size_t i = 0; i < pieces->count; i++) {
		struct query_ask wanted = { i };
		struct store_piece whole;
		char message[PROC_MESSAGE_MAX];
		int fds[PROC_FDS_MAX];
		size_t n = PROC_FDS_MAX;
		ssize_t got;

		assert_int_equal(pieces->open(pieces->owner, i, &whole, &s->err), 0);
		assert_true(whole.key[PART_HEADERS].id != 0 && whole.key[PART_PAYLOAD].id != 0);
		assert_int_equal(channel_send(pair[1], &wanted, sizeof(wanted), NULL, 0), 0);
		assert_int_equal(query_answer(pair[0], pieces, RIG_META), 1);
		got = channel_receive(pair[1], message, sizeof(message), fds, &n);

		assert_int_equal(got, sizeof(struct query_give));
		assert_int_equal(n, 1);
		assert_true(
			holds(message, (size_t)got, whole.key[PART_META].key, CRYPTO_KEY_BYTES));
		assert_false(
			holds(message, (size_t)got, whole.key[PART_HEADERS].key, CRYPTO_KEY_BYTES));
		assert_false(
			holds(message, (size_t)got, whole.key[PART_PAYLOAD].key, CRYPTO_KEY_BYTES));
		fd_close(fds[0]);
		store_piece_done(&whole);
	}
	fd_close(pair[0]);
	fd_close(pair[1]);
	query_list_free(list);
	stored_free(s);
}

TEST(an_ask_that_is_none_is_refused)
{
	struct stored *s = stored_new();
	struct query_spec spec = spec_all();
	struct query_ask beyond;
	struct query_list *list;
	const struct query_pieces *pieces;
	int pair[2], extra = open("/dev/null", O_RDONLY | O_CLOEXEC);

	must(query_list_open(s->dir, &s->root, RIG_ALL, &spec, &list, &s->err), &s->err);
	pieces = query_list_pieces(list);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);

	beyond.piece = pieces->count;
	assert_int_equal(channel_send(pair[1], &beyond, sizeof(beyond), NULL, 0), 0);
	assert_int_equal(query_answer(pair[0], pieces, RIG_ALL), -EBADMSG);
	assert_int_equal(channel_send(pair[1], "x", 1, NULL, 0), 0);
	assert_int_equal(query_answer(pair[0], pieces, RIG_ALL), -EBADMSG);
	beyond.piece = 0;
	assert_int_equal(channel_send(pair[1], &beyond, sizeof(beyond), &extra, 1), 0);
	assert_int_equal(query_answer(pair[0], pieces, RIG_ALL), -EBADMSG);
	fd_close(pair[1]);
	assert_int_equal(query_answer(pair[0], pieces, RIG_ALL), 0);
	fd_close(pair[0]);
	fd_close(extra);
	query_list_free(list);
	stored_free(s);
}

/* ---- Ends ------------------------------------------------------------------------------------ */

TEST(a_stop_ends_it_with_what_was_found)
{
	struct stored *s = stored_new();
	struct query_spec spec = spec_all();
	struct found f = { 0 };
	const volatile int stop = 1;

	must(ask_process(s, &spec, &stop, &f), &s->err);

	/* It may have been done before anybody looked. */
	assert_true(f.end.partial || f.rows == 6 * EACH);
	assert_true(!f.end.partial || f.end.why[0]);
	assert_true(!f.end.partial || f.rows == 0 || f.end.next == f.row[f.rows - 1].arrival);
	found_clear(&f);
	stored_free(s);
}

TEST(a_sink_that_has_enough_ends_it)
{
	struct stored *s = stored_new();
	struct query_spec spec = spec_all();
	struct found f = { .stop_after = 5 };

	must(ask_process(s, &spec, NULL, &f), &s->err);

	assert_int_equal(f.rows, 5);
	assert_int_equal(f.end.next, f.row[4].arrival);
	assert_false(f.end.partial);
	found_clear(&f);
	stored_free(s);
}

TEST(no_store_and_another_key_are_told_apart)
{
	struct stored *s = stored_new();
	struct query_spec spec = spec_all();
	struct found f = { 0 };
	char other[96];

	stored_close(s);
	(void)snprintf(other, sizeof(other), "%s/other.key", s->base);
	must(keystore_make_key_file(other, &s->err), &s->err);
	s->root.key_file = other;
	assert_true(ask_process(s, &spec, NULL, &f) < 0);
	assert_int_equal(s->err.id, ERR_KEY_WRONG);

	(void)strcat(s->dir, "2");
	assert_true(ask_process(s, &spec, NULL, &f) < 0);
	assert_int_equal(s->err.id, ERR_STORE_NONE);
	stored_free(s);
}

/* ---- What changes below ---------------------------------------------------------------------- */

/* The last bit of each segment's file of headers. */
static void damage_headers(const struct stored *s)
{
	char command[256];

	(void)snprintf(command, sizeof(command),
		       "for f in %s/segments/*.headers; do printf x | "
		       "dd of=$f bs=1 seek=200 conv=notrunc status=none; done",
		       s->dir);
	assert_int_equal(system(command), 0);
}

TEST(what_is_damaged_is_told_through_the_process_too)
{
	struct stored *s = stored_new();
	struct query_spec spec = spec_all();
	struct found f = { 0 };

	damage_headers(s);
	ask_both(s, &spec, &f);

	assert_true(f.problems >= 4);
	assert_int_equal(f.end.problems, f.problems);
	assert_non_null(strstr(f.problem, ".headers"));
	assert_int_equal(f.rows, 6 * EACH); /* without headers, some */
	found_clear(&f);
	stored_free(s);
}

/* Between the list and the opening the writer makes segments of all logs. */
TEST(a_log_that_became_a_segment_is_still_a_piece)
{
	struct stored *s = stored_new();
	struct query_spec spec = spec_all();
	struct query_list *list;
	const struct query_pieces *pieces;
	size_t logs = 0;

	must(query_list_open(s->dir, &s->root, RIG_ALL, &spec, &list, &s->err), &s->err);
	pieces = query_list_pieces(list);
	must(store_compact(s->store, &s->err), &s->err);
	for (size_t i = 0; i < pieces->count; i++) {
		struct store_piece p;

		must(pieces->open(pieces->owner, i, &p, &s->err), &s->err);
		logs += p.is_log;
		assert_int_equal(p.first_arrival, pieces->first(pieces->owner, i));
		store_piece_done(&p);
	}

	assert_int_equal(logs, 0);
	query_list_free(list);
	stored_free(s);
}

TEST(a_piece_whose_keys_were_destroyed_meanwhile_is_passed_over)
{
	struct stored *s = stored_new();
	struct key_match west = {
		.cluster = "west", .part = -1, .hour_from = 0, .hour_to = INT64_MAX
	};
	struct query_spec spec = spec_all();
	struct query_list *list;
	const struct query_pieces *pieces;
	size_t gone = 0, there = 0;

	must(query_list_open(s->dir, &s->root, RIG_ALL, &spec, &list, &s->err), &s->err);
	pieces = query_list_pieces(list);
	assert_true(store_destroy(s->store, &west, &s->err) > 0);
	for (size_t i = 0; i < pieces->count; i++) {
		struct store_piece p;
		int r = pieces->open(pieces->owner, i, &p, &s->err);

		gone += r == -ENOENT;
		there += r == 0;
		if (r == 0)
			store_piece_done(&p);
	}

	assert_true(gone >= 3 && there >= 3);
	query_list_free(list);
	stored_free(s);
}

TEST(hours_behind_the_cursor_are_not_opened)
{
	struct stored *s = stored_new();
	struct query_spec spec = spec_all();
	struct query_list *list;
	struct found f = { 0 };
	uint64_t last;

	must(ask_here(s, &spec, &f), &s->err);
	last = f.row[f.rows - 1].arrival;
	found_clear(&f);

	spec.after = last - 1;
	must(query_list_open(s->dir, &s->root, RIG_ALL, &spec, &list, &s->err), &s->err);
	assert_int_equal(query_list_pieces(list)->count, 2); /* a log of each cluster */
	query_list_free(list);
	spec.order = QUERY_NEWEST;
	spec.after = 2;
	must(query_list_open(s->dir, &s->root, RIG_ALL, &spec, &list, &s->err), &s->err);
	assert_int_equal(query_list_pieces(list)->count, 1);
	query_list_free(list);
	stored_free(s);
}

TEST_MAIN
