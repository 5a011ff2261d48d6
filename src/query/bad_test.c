// SPDX-License-Identifier: Apache-2.0
/*
 * A query process that has been taken over. This program is copied into a directory twice, as the
 * side that asks and as the redoubt-query that it starts there, which does what the filter says.
 * Whatever that is, it is told as its death, and no result that cannot be one comes through.
 */
#include <signal.h>
#include <sys/wait.h>

#include "query/rig.h"
#include "store_rows.h"

/* ---- The bad process ------------------------------------------------------------------------- */

/* A filter that says what is to be done. */
#define WHAT "http.path == \""

static struct query_start start;
static struct ring ring;

static void put_rows(uint64_t first, int step)
{
	char row[ROWS_BYTES];

	for (unsigned i = 0; i < 3; i++) {
		struct rows_id id = { 1, 1, 0, i + 1 };
		struct str bytes = { row, query_pad8(rows_make(&id, row)) };

		(void)query_result_put_row(&ring, first + (uint64_t)(int64_t)(step * (int)i),
					   bytes);
	}
}

static void ask_for(uint64_t piece)
{
	struct query_ask wanted = { piece };

	(void)channel_send(PROC_CHANNEL_FD, &wanted, sizeof(wanted), NULL, 0);
}

static int bad_main(void)
{
	struct query_end end = { 0 };
	int fds[RING_FDS];
	size_t n = RING_FDS;
	char *what = start.spec.where + sizeof(WHAT) - 1;

	if (channel_receive(PROC_CHANNEL_FD, &start, sizeof(start), fds, &n) != sizeof(start) ||
	    ring_attach(fds, start.ring_bytes, &ring, NULL) < 0)
		return 99;
	what[strcspn(what, "\"")] = '\0';
	if (strcmp(what, "exits") == 0)
		return 3;
	if (strcmp(what, "speaks") == 0) {
		(void)!write(2, "all is \033[2J lost\n", 18);
		return 3;
	}
	if (strcmp(what, "is killed") == 0)
		(void)raise(SIGKILL);
	if (strcmp(what, "gives rows and ends without an end") == 0) {
		put_rows(1, 1);
		ring_end(&ring);
		return 0;
	}
	if (strcmp(what, "gives rows that do not ascend") == 0)
		put_rows(9, -1);
	if (strcmp(what, "gives no results") == 0) {
		memset(ring_reserve(&ring, 16), 0x41, 16);
		ring_publish(&ring, 16);
	}
	if (strcmp(what, "breaks its ring") == 0)
		atomic_store(&ring.page->head, UINT64_C(1) << 40);
	if (strcmp(what, "asks beyond the list") == 0)
		ask_for(start.pieces);
	if (strcmp(what, "asks for nothing that is known") == 0)
		(void)channel_send(PROC_CHANNEL_FD, "key!", 4, NULL, 0);
	if (strcmp(what, "asks and never listens") == 0)
		for (;;)
			ask_for(0);
	if (strcmp(what, "says too many problems") == 0) {
		for (unsigned i = 0; i < 5000; i++)
			(void)query_result_put_problem(&ring, "it \033[5m hurts");
		(void)query_result_put_end(&ring, &end);
	}
	if (strcmp(what, "fails") == 0)
		(void)query_result_put_failed(&ring, &(struct err){ ERR_KEY_FILE, "give\nkeys" });
	ring_flush(&ring);
	(void)pause();
	return 0;
}

/* ---- The side that asks ---------------------------------------------------------------------- */

struct told {
	unsigned rows, problems;
	bool ugly;
};

static bool tell_row(void *owner, uint64_t arrival, const struct row_view *row)
{
	(void)arrival;
	(void)row;
	((struct told *)owner)->rows++;
	return true;
}

static bool tell_group(void *owner, const struct query_group *group)
{
	(void)owner;
	(void)group;
	return true;
}

static void tell_problem(void *owner, const char *text)
{
	struct told *t = owner;

	t->problems++;
	t->ugly |= strchr(text, '\033') != NULL;
}

/* A process that does nothing at all is waited for so long. */
#define HANG_NS (200 * NS_PER_MS)

static int ask_main(const char *dir, const char *key, const char *what)
{
	struct root_source root = { .key_file = key };
	struct query_viewer viewer = { "tester", RIG_ALL };
	struct query_spec spec = spec_all();
	struct told told = { 0 };
	const struct query_sink sink = { tell_row, tell_group, tell_problem, &told };
	struct err err = { ERR_NONE, "" };
	struct query_end end = { 0 };
	int r;

	(void)snprintf(spec.where, sizeof(spec.where), WHAT "%s\"", what);
	query_hang_ns = HANG_NS;
	r = query_run(dir, &root, &viewer, &spec, &sink, NULL, &end, &err);
	printf("%s rows=%u problems=%u counted=%llu %s%s", r < 0 ? err_row(err.id)->id : "ok",
	       told.rows, told.problems, (unsigned long long)end.problems, told.ugly ? "ugly " : "",
	       err.text);
	return 0;
}

/* ---- Tests ----------------------------------------------------------------------------------- */

static char base[64];

static void make_base(void)
{
	char command[640], path[256];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);
	struct store_conf conf = { .create = true };
	struct store *store;
	char dir[96], key[96], row[ROWS_BYTES];
	struct rows_id id = { 1, 1, 0, 1 };
	struct row_view v;
	struct err err;

	assert_true(n > 0);
	path[n] = '\0';
	(void)strcpy(base, "/tmp/redoubt-query-XXXXXX");
	assert_non_null(mkdtemp(base));
	(void)snprintf(command, sizeof(command), "cp %s %s/asker && cp %s %s/redoubt-query", path,
		       base, path, base);
	assert_int_equal(system(command), 0);
	(void)snprintf(dir, sizeof(dir), "%s/state", base);
	(void)snprintf(key, sizeof(key), "%s/key", base);
	assert_int_equal(keystore_make_key_file(key, &err), 0);
	conf.dir = dir;
	conf.root.key_file = key;
	assert_int_equal(store_open(&conf, &store, &err), 0);
	assert_int_equal(row_view((struct str){ row, rows_make(&id, row) }, &v), 0);
	assert_int_equal(store_add(store, "east", &v, &err), 1);
	assert_int_equal(store_close(store, &err), 0);
}

/* What the asking side said of a process that does `what`. */
static const char *said(const char *what)
{
	static char out[1024];
	char command[256];
	FILE *f;
	size_t n;

	if (!base[0])
		make_base();
	(void)snprintf(command, sizeof(command), "%s/asker %s/state %s/key '%s'", base, base, base,
		       what);
	f = popen(command, "r");
	assert_non_null(f);
	n = fread(out, 1, sizeof(out) - 1, f);
	out[n] = '\0';
	assert_int_equal(pclose(f), 0);
	return out;
}

static void is_said(const char *what, const char *words)
{
	const char *got = said(what);

	if (strncmp(got, words, strlen(words)) != 0)
		fail_msg("%s: '%s' is not '%s'", what, got, words);
}

TEST(a_process_that_exits_is_told)
{
	is_said("exits", "role.died rows=0 problems=0 counted=0 redoubt-query exited with status 3 "
			 "behind row 0");
}

TEST(its_last_words_are_told_and_made_printable)
{
	is_said("speaks", "role.died rows=0 problems=0 counted=0 redoubt-query exited with status "
			  "3 behind row 0; it said: all is ?[2J lost");
}

TEST(a_process_that_is_killed_is_told)
{
	is_said("is killed", "role.died rows=0 problems=0 counted=0 redoubt-query killed by signal "
			     "9 (Killed) behind row 0");
}

TEST(rows_without_an_end_are_no_answer)
{
	is_said("gives rows and ends without an end",
		"role.died rows=3 problems=0 counted=0 redoubt-query exited with status 0 behind "
		"row 3");
}

TEST(rows_that_do_not_ascend_end_it)
{
	is_said("gives rows that do not ascend",
		"role.died rows=1 problems=0 counted=0 redoubt-query gave something that is no "
		"result behind row 1");
}

TEST(results_that_are_none_end_it)
{
	is_said("gives no results", "role.died rows=0");
	is_said("breaks its ring", "role.died rows=0 problems=0 counted=0 redoubt-query gave "
				   "something that is no result");
}

TEST(asking_for_what_is_not_in_the_list_ends_it)
{
	is_said("asks beyond the list", "role.died rows=0 problems=0 counted=0 redoubt-query asked "
					"for something that is not to be had");
	is_said("asks for nothing that is known", "role.died rows=0 problems=0 counted=0 "
						  "redoubt-query asked for something");
}

TEST(a_process_that_asks_and_never_listens_cannot_hold_the_other_side)
{
	is_said("asks and never listens", "role.died rows=0 problems=0 counted=0 redoubt-query "
					  "asked for something that is not to be had");
}

TEST(a_process_that_does_nothing_is_ended)
{
	is_said("sleeps", "role.died rows=0 problems=0 counted=0 redoubt-query does not go on, and "
			  "is ended, behind row 0");
}

TEST(problems_are_told_up_to_a_limit_and_printable)
{
	is_said("says too many problems", "ok rows=0 problems=1000 counted=0 ");
}

TEST(its_errors_are_not_taken_for_those_of_others)
{
	is_said("fails", "internal rows=0 problems=0 counted=0 give?keys");
}

static void remove_base(void)
{
	char command[96];

	(void)snprintf(command, sizeof(command), "rm -r %s", base);
	if (base[0] && system(command) != 0)
		abort();
}

int main(int argc, char **argv)
{
	size_t n = strlen(argv[0]);

	if (n >= 13 && strcmp(argv[0] + n - 13, "redoubt-query") == 0)
		return bad_main();
	if (argc == 4)
		return ask_main(argv[1], argv[2], argv[3]);
	(void)atexit(remove_base);
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return _cmocka_run_group_tests(__FILE__, t_tests, t_count, NULL, NULL);
}
