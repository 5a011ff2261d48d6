/* SPDX-License-Identifier: Apache-2.0 */
/*
 * redoubt query: what a store holds. Records in the forms of traffic, or numbers about groups of
 * them (groups.c). Whoever has the root key may read all parts, and may ask with less.
 */
#include <stdlib.h>
#include <unistd.h>

#include "cli/groups.h"
#include "cli/state.h"

#define LINE_MAX_BYTES (4 * MIB)
#define OUT_BYTES      (64 * KIB)
#define EXIT_PARTIAL   3

struct query_conf {
	struct state_conf state;
	const char *where, *since, *until, *sum, *quantile, *every, *parts;
	struct conf_list by;
	unsigned form;
	bool newest, top, stats;
	uint64_t limit, after;
	int64_t patience_ns;
};

#define AT(member) offsetof(struct query_conf, member)
// clang-format off
static const struct conf_opt opts[] = {
	STATE_OPT_DIR(struct query_conf, state, STATE_OPT_DIR_HELP),
	STATE_OPT_KEYS(struct query_conf, state),
	{ "where", 'w', CONF_STR, AT(where), NULL, 0, 0, NULL, "EXPR",
	  "Only records for which EXPR is true; it may also be the last word." },
	{ "since", 0, CONF_STR, AT(since), NULL, 0, 0, NULL, "TIME",
	  "Only records of this time or later: RFC 3339, or how long ago, such as 15m." },
	{ "until", 0, CONF_STR, AT(until), NULL, 0, 0, NULL, "TIME",
	  "Only records before this time." },
	{ "newest", 0, CONF_FLAG, AT(newest), NULL, 0, 0, NULL, NULL,
	  "What was stored last comes first." },
	{ "limit", 'l', CONF_U64, AT(limit), "0", 0, QUERY_ROWS_MAX, NULL, "N",
	  "End after N records, or groups; 0 shows all." },
	{ "after", 0, CONF_U64, AT(after), "0", 0, UINT64_MAX, NULL, "CURSOR",
	  "Go on behind this place, which an answer that was cut short has named." },
	{ "by", 'b', CONF_LIST, AT(by), NULL, 0, 0, NULL, "FIELD",
	  "Count the records with equal values in these fields, up to four." },
	{ "every", 0, CONF_STR, AT(every), NULL, 0, 0, NULL, "TIME",
	  "Count the records in each step of so much time." },
	{ "sum", 0, CONF_STR, AT(sum), NULL, 0, 0, NULL, "FIELD",
	  "The sum of this field in each group." },
	{ "quantile", 0, CONF_STR, AT(quantile), NULL, 0, 0, NULL, "FIELD[:Q,...]",
	  "Quantiles of this field in each group, within 1 %; 0.5, 0.9 and 0.99 unless named." },
	{ "top", 0, CONF_FLAG, AT(top), NULL, 0, 0, NULL, NULL,
	  "The largest groups first, not in the order of their values." },
	{ "output", 'o', CONF_CHOICE, AT(form), "table", 0, 0, FORM_CHOICES, "FORM",
	  "How records or groups are shown." },
	{ "parts", 0, CONF_STR, AT(parts), "meta,headers,payload", 0, 0, NULL, "LIST",
	  "Read these parts alone; the query gets no key of another." },
	{ "patience", 0, CONF_DUR, AT(patience_ns), NULL, 10 * NS_PER_MS, 86400 * NS_PER_S, NULL,
	  "TIME", "Answer with what was found after so long." },
	{ "stats", 0, CONF_FLAG, AT(stats), NULL, 0, 0, NULL, NULL,
	  "Print to standard error what was read, and what could be left out." },
};
// clang-format on

const struct conf_table cmd_query_table = {
	.command = "redoubt query",
	.summary = "Shows what a state directory holds. The rows are opened only in a "
		   "redoubt-query process, which has read-only descriptors and the keys of the "
		   "parts that it may read, and nothing else.",
	.usage = "[EXPR]",
	.examples = "  redoubt query --state DIR 'http.status >= 500' --newest --limit 20\n"
		    "  redoubt query --state DIR --since 15m --by http.path --quantile "
		    "http.latency --top --limit 10\n"
		    "  redoubt query --state DIR --every 1m --by http.status -o csv\n",
	.opts = opts,
	.count = ARRAY_LEN(opts),
};

struct asked {
	struct query_conf conf;
	struct state state;
	struct query_spec spec;
	struct query_viewer viewer;
	struct show show;
	bool grouped;
	int output_errno;
};

static bool output_ok(struct asked *q)
{
	if (ferror(stdout) && !q->output_errno)
		q->output_errno = errno;
	return q->output_errno == 0;
}

static bool on_row(void *owner, uint64_t arrival, const struct row_view *row)
{
	struct asked *q = owner;

	(void)arrival;
	form_rows[q->conf.form].row(&q->show, row);
	q->show.rows++;
	return output_ok(q);
}

static bool on_group(void *owner, const struct query_group *group)
{
	struct asked *q = owner;

	groups_row(&q->show, q->conf.form, &q->spec, group);
	q->show.rows++;
	return output_ok(q);
}

static void on_problem(void *owner, const char *text)
{
	(void)fflush(stdout);
	state_said(owner, text);
}

static int read_words(struct asked *q, struct err *err)
{
	const struct query_conf *c = &q->conf;
	const struct query_words words = {
		.where = c->where,
		.since = c->since,
		.until = c->until,
		.by = c->by.v,
		.bys = c->by.n,
		.sum = c->sum,
		.quantile = c->quantile,
		.every = c->every,
	};
	int r = query_spec_from_words(&words, time_now_ns(), &q->spec, err);

	if (r < 0)
		return r;
	q->grouped = c->by.n || c->sum || c->quantile || c->every;
	if (q->grouped && (c->newest || c->after))
		return err_set(err, ERR_USAGE,
			       "--newest and --after are about records, and have no meaning with "
			       "groups.");
	if (c->top && !q->grouped)
		return err_set(err, ERR_USAGE,
			       "--top needs groups: --by, --every, --sum or --quantile.");
	q->spec.order = c->newest ? QUERY_NEWEST : QUERY_OLDEST;
	q->spec.limit = c->limit;
	q->spec.after = c->after;
	q->spec.patience_ns = c->patience_ns;
	q->spec.top = c->top;
	return 0;
}

static int setup(struct asked *q, int argc, char **argv, struct err *err)
{
	struct conf_list rest = { .n = 0 };
	int r = conf_parse(&cmd_query_table, argc, argv, &q->conf, &rest, err);

	if (r != 0)
		return r;
	/* The last word is the filter, also behind the fields of --by. */
	if (!q->conf.where && rest.n == 1)
		q->conf.where = rest.v[--rest.n];
	else if (!q->conf.where && rest.n == 0)
		q->conf.where = words_take_filter(&q->conf.by, &rest);
	if (rest.n)
		return err_set(err, ERR_USAGE,
			       "'%.200s' is one word too many: a filter is one word, quote it.",
			       rest.v[0]);
	r = state_find(&q->conf.state, &q->state, err);
	if (r == 0)
		r = state_parts(q->conf.parts, &q->viewer.parts, err);
	if (r == 0)
		r = state_need(&q->state, err);
	(void)snprintf(q->viewer.name, sizeof(q->viewer.name), "uid:%u", (unsigned)getuid());
	return r < 0 ? r : read_words(q, err);
}

static void tell_end(const struct asked *q, const struct query_end *end)
{
	if (end->partial)
		(void)fprintf(stderr, "This is a part of the answer: %s.\n", end->why);
	if (end->next)
		(void)fprintf(stderr, "To go on: --after %llu%s\n", (unsigned long long)end->next,
			      q->conf.newest ? " --newest" : "");
	if (end->problems)
		(void)fprintf(stderr,
			      "%llu things could not be read; 'redoubt doctor store' names all.\n",
			      (unsigned long long)end->problems);
	if (q->show.rows == 0 && isatty(STDOUT_FILENO))
		(void)fputs("No record matched.\n", stderr);
	if (q->conf.stats)
		(void)fprintf(stderr,
			      "rows %llu matched of %llu looked at, groups %llu (%llu left out), "
			      "chunks %llu, read %s\n",
			      (unsigned long long)end->rows_matched,
			      (unsigned long long)end->rows_looked_at,
			      (unsigned long long)end->groups_of_rows,
			      (unsigned long long)end->groups_pruned,
			      (unsigned long long)end->chunks_opened, state_bytes(end->bytes_read));
}

static int ask(struct asked *q, struct query_end *end, struct err *err)
{
	const struct query_sink sink = { on_row, on_group, on_problem, q };
	const struct form_row *form = &form_rows[q->conf.form];
	int r;

	if (q->grouped)
		groups_begin(&q->show, q->conf.form, &q->spec);
	else
		form->begin(&q->show);
	stop_listen();
	r = query_run(q->state.dir, &q->state.root, &q->viewer, &q->spec, &sink, &stop_signal, end,
		      err);
	stop_forget();
	if (q->grouped)
		groups_end(&q->show, q->conf.form, &q->spec);
	else
		form->end(&q->show);
	if (fflush(stdout) != 0)
		(void)output_ok(q);
	if (r == 0 && q->output_errno && q->output_errno != EPIPE)
		r = err_set(err, ERR_OUTPUT, "standard output: %s", strerror(q->output_errno));
	return r;
}

int cmd_query(int argc, char **argv)
{
	static struct asked q;
	struct query_end end = { 0 };
	struct err err = { ERR_NONE, "" };
	int r = setup(&q, argc, argv, &err);

	if (r == 1) {
		cli_help(&cmd_query_table);
		return 0;
	}
	if (r == 0) {
		q.show = (struct show){ .to = stdout };
		q.show.width = cli_width();
		q.show.colour = cli_colours(STDOUT_FILENO);
		if (!isatty(STDOUT_FILENO))
			(void)setvbuf(stdout, NULL, _IOFBF, OUT_BYTES);
		buf_init(&q.show.line, LINE_MAX_BYTES);
		buf_init(&q.show.cell, LINE_MAX_BYTES);
		r = ask(&q, &end, &err);
		buf_done(&q.show.line);
		buf_done(&q.show.cell);
	}
	if (r < 0)
		return cli_fail(&err);
	tell_end(&q, &end);
	return end.problems || (end.partial && !end.next) ? EXIT_PARTIAL : 0;
}
