/* SPDX-License-Identifier: Apache-2.0 */
/*
 * redoubt traffic: what capture files hold. It opens each file, starts a dissector for it, filters
 * the masked rows that come back, and shows them in the form asked for, or gives them to a store.
 */
#include <stdlib.h>
#include <unistd.h>

#include "cli/keep.h"

#define LINE_MAX_BYTES (4 * MIB)
#define OUT_BYTES      (64 * KIB)
/* The exit status of what was done in part. */
#define EXIT_PARTIAL 3
/* The progress line is looked at after so many rows, and renewed after so much time. */
#define PROGRESS_ROWS 4096
#define PROGRESS_NS   (200 * NS_PER_MS)

struct traffic_conf {
	struct conf_list files;
	const char *where;
	const char *open_body;
	unsigned form;
	bool counts;
	bool stats;
	uint64_t limit;
	uint64_t flows;
	int64_t patience_ns;
	struct keep_conf keep;
};

#define AT(member) offsetof(struct traffic_conf, member)
#define KEEP_MAX   (INT64_C(20) * 365 * 86400 * NS_PER_S)
// clang-format off
static const struct conf_opt opts[] = {
	{ "read", 'r', CONF_LIST, AT(files), NULL, 0, 0, NULL, "FILE",
	  "Capture files, pcap or pcapng, plain, gzip or zstd; - is standard input." },
	{ "where", 'w', CONF_STR, AT(where), NULL, 0, 0, NULL, "EXPR",
	  "Only records for which EXPR is true; it may also be the last word." },
	{ "open-body", 0, CONF_STR, AT(open_body), NULL, 0, 0, NULL, "EXPR",
	  "Look into the bodies of HTTP requests for which EXPR is true, for the name and type of "
	  "a GraphQL operation; nothing else of a body is kept." },
	{ "output", 'o', CONF_CHOICE, AT(form), "table", 0, 0, FORM_CHOICES, "FORM",
	  "How records are shown." },
	{ "counts", 0, CONF_FLAG, AT(counts), NULL, 0, 0, NULL, NULL,
	  "Print one line of numbers a file, tab-separated, instead of records; --output is "
	  "ignored." },
	{ "limit", 'l', CONF_U64, AT(limit), "0", 0, UINT64_MAX, NULL, "N",
	  "End after N records; 0 shows all." },
	{ "stats", 0, CONF_FLAG, AT(stats), NULL, 0, 0, NULL, NULL,
	  "Print the dissector's counters and sandbox layers to standard error." },
	{ "flows", 0, CONF_U64, AT(flows), "65536", 1024, CAPTURE_FLOWS_MAX, NULL, "N",
	  "Connections followed at once; beyond them the least active end early." },
	{ "patience", 0, CONF_DUR, AT(patience_ns), "60s", 100 * NS_PER_MS, 86400 * NS_PER_S, NULL,
	  "TIME", "End a dissector that makes no step for so long, though it has what it needs." },
	{ "state", 's', CONF_STR, AT(keep.state.dir), NULL, 0, 0, NULL, "DIR",
	  "Store the records in this state directory, sealed, instead of showing them; it is made "
	  "where there is none." },
	STATE_OPT_KEYS(struct traffic_conf, keep.state),
	{ "cluster", 0, CONF_STR, AT(keep.cluster), "local", 0, 0, NULL, "NAME",
	  "With --state: the cluster that the records are from; its keys can be destroyed by "
	  "themselves." },
	{ "keep-meta", 0, CONF_DUR, AT(keep.part_ns[PART_META]), NULL, 3600 * NS_PER_S, KEEP_MAX,
	  NULL, "TIME", "With --state: how long records are kept, by arrival; 720h unless it was "
	  "ever set. Remembered, as the three below are." },
	{ "keep-headers", 0, CONF_DUR, AT(keep.part_ns[PART_HEADERS]), NULL, 3600 * NS_PER_S,
	  KEEP_MAX, NULL, "TIME", "The same for header fields; 168h." },
	{ "keep-payload", 0, CONF_DUR, AT(keep.part_ns[PART_PAYLOAD]), NULL, 3600 * NS_PER_S,
	  KEEP_MAX, NULL, "TIME", "The same for what people sent, where a rule opened it; 24h." },
	{ "keep-bytes", 0, CONF_BYTES, AT(keep.bytes), NULL, 16 * MIB, UINT64_MAX, NULL, "SIZE",
	  "The same in bytes, of which the oldest hours go first; a fifth of the disk." },
};
// clang-format on

const struct conf_table cmd_traffic_table = {
	.command = "redoubt traffic",
	.summary = "Shows what capture files hold, as typed and masked records. A file is parsed "
		   "only in a redoubt-dissect process that has no files, sockets or capabilities.",
	.usage = "-r FILE... [EXPR]",
	.examples =
		"  redoubt traffic -r capture.pcapng\n"
		"  redoubt traffic -r a.pcap b.pcap.gz 'http.status >= 500'\n"
		"  redoubt traffic -r a.pcap --open-body 'http.path == \"/graphql\"'\n"
		"  redoubt traffic -r - -o ndjson -w 'http.host == \"api.example.com\"' <a.pcap\n"
		"  redoubt traffic -r a.pcap --state /var/lib/redoubt\n",
	.opts = opts,
	.count = ARRAY_LEN(opts),
};

struct run {
	struct traffic_conf conf;
	struct filter *filter;
	struct counts *counts;
	struct keep *keep;   /* the store they go into, */
	bool cut;            /* though not all: a file was ended by Ctrl-C */
	int keep_failed;     /* it could not take one, */
	struct err keep_err; /* since … */
	struct show show;
	const struct capture *capture; /* the one that is being read, from this file */
	const char *path;
	bool terminal;       /* records are shown on one */
	bool progress;       /* is told, on a terminal that records are not on */
	bool progress_shown; /* and a line of it stands there now */
	int64_t progress_ns;
	uint64_t records; /* of the current file */
	int output_errno; /* why the output failed, or 0 */
	int exit;
};

/* The dissector, which is the one that asks it, could only fail to start. */
static int check_open_body(const char *expr, struct err *err)
{
	CLEANUP(filter_free) struct filter *filter = NULL;

	if (!expr)
		return 0;
	if (strlen(expr) > DISSECT_OPEN_BODY_MAX)
		return err_set(err, ERR_USAGE, "--open-body is longer than %d bytes",
			       DISSECT_OPEN_BODY_MAX);
	return filter_new(str_of(expr), &filter, err);
}

/* Who says how to store means to. */
static int check_no_state(const struct keep_conf *k, struct err *err)
{
	bool said = k->state.key_file || k->state.passphrase_file || k->bytes ||
		    k->part_ns[PART_META] || k->part_ns[PART_HEADERS] || k->part_ns[PART_PAYLOAD];

	return said ? err_set(err, ERR_USAGE, "An option about a store needs --state DIR.") : 0;
}

static int setup(struct run *run, int argc, char **argv, struct err *err)
{
	struct conf_list rest = { .n = 0 };
	const char *where;
	int r = conf_parse(&cmd_traffic_table, argc, argv, &run->conf, &rest, err);

	if (r != 0)
		return r;
	where = run->conf.where;
	if (!where)
		where = words_take_filter(&run->conf.files, &rest);
	r = words_check_rest(&rest, err);
	if (r == 0 && run->conf.files.n == 0)
		r = err_set(err, ERR_USAGE, "No file is named: redoubt traffic -r FILE");
	if (r == 0)
		r = words_check_files(&run->conf.files, where, err);
	if (r == 0)
		r = check_open_body(run->conf.open_body, err);
	if (r == 0 && where)
		r = filter_new(str_of(where), &run->filter, err);
	if (r == 0 && !run->conf.keep.state.dir)
		return check_no_state(&run->conf.keep, err);
	if (r == 0)
		r = keep_open(&run->conf.keep, &run->keep, err);
	return r;
}

static void progress_clear(struct run *run)
{
	if (run->progress_shown)
		(void)fputs("\r\033[K", stderr);
	run->progress_shown = false;
}

static void progress(struct run *run)
{
	int64_t now = time_mono_ns();
	uint64_t done, size;
	char share[16] = "";

	if (now - run->progress_ns < PROGRESS_NS)
		return;
	run->progress_ns = now;
	run->progress_shown = true;
	capture_progress(run->capture, &done, &size);
	if (size)
		(void)snprintf(share, sizeof(share), "%3llu %%  ",
			       (unsigned long long)(done * 100 / size));
	(void)fprintf(stderr, "\r\033[K%s%llu MiB  %llu records", share,
		      (unsigned long long)(done / MIB), (unsigned long long)run->records);
}

/* A FIFO may never get a writer, and a person may not know that standard input is read. */
static void tell_waiting(struct run *run)
{
	if (run->progress_shown || !isatty(STDERR_FILENO))
		return;
	(void)fputs("waiting for data: ", stderr);
	cli_put_text(strcmp(run->path, "-") == 0 ? "standard input" : run->path, stderr);
	run->progress_shown = true;
}

/* Nothing more is to be had now: what there is should be seen. */
static void idle(void *owner)
{
	struct run *run = owner;

	if (fflush(stdout) != 0 && !run->output_errno)
		run->output_errno = errno;
	if (run->keep && !run->keep_failed)
		run->keep_failed = keep_idle(run->keep, &run->keep_err);
	if (run->capture && capture_waits(run->capture))
		tell_waiting(run);
	else if (run->progress && run->capture)
		progress(run);
}

static void said(void *owner, struct str line)
{
	progress_clear(owner);
	(void)fprintf(stderr, "redoubt-dissect: %.*s\n", STR_FMT(line));
}

static void print_stats(const char *path, const struct capture_result *result)
{
	struct buf layers;

	buf_init(&layers, 4 * KIB);
	proc_layers_format(result->layers, &layers);
	cli_put_text(path, stderr);
	(void)fprintf(stderr, "\n  sandbox %.*s\n", STR_FMT(buf_str(&layers)));
	for (unsigned i = 0; i < COUNTER_COUNT; i++)
		if (result->counters.v[i])
			(void)fprintf(stderr, "  %-24s %12llu  %s\n", counter_row(i)->name,
				      (unsigned long long)result->counters.v[i],
				      counter_row(i)->help);
	buf_done(&layers);
}

static bool limit_reached(const struct run *run)
{
	return run->conf.limit && run->show.rows >= run->conf.limit;
}

static bool enough(const struct run *run)
{
	return run->output_errno || run->keep_failed || (run->keep && stop_signal) ||
	       limit_reached(run);
}

static void take_row(struct run *run, const struct row_view *row)
{
	run->records++;
	if (run->progress_shown && !run->progress)
		progress_clear(run);
	if (run->progress && run->records % PROGRESS_ROWS == 0)
		progress(run);
	if (run->filter && !filter_match(run->filter, row))
		return;
	if (run->keep)
		run->keep_failed = keep_row(run->keep, row, &run->keep_err);
	if (run->counts)
		counts_add(run->counts, row);
	else if (!run->keep)
		form_rows[run->conf.form].row(&run->show, row);
	run->show.rows++;
	if (ferror(stdout))
		run->output_errno = errno;
}

/* The exit status is that of the worst file. */
static void file_failed(struct run *run, const struct err *err)
{
	int status = cli_fail(err);

	if (status > run->exit)
		run->exit = status;
}

/* Takes rows up to the end or the limit. A limit hides no error of a source that was given whole to
 * the dissector, which ends soon: the rows that are left are passed over. 1 when there are more;
 * otherwise as capture_next(). */
static int read_rows(struct run *run, struct capture *c, struct err *err)
{
	struct row_view row;
	int r = 1;

	while (!enough(run) && (r = capture_next(c, &row, err)) == 1)
		take_row(run, &row);
	while (r == 1 && !run->output_errno && !run->keep_failed && capture_given(c))
		r = capture_next(c, &row, err);
	return r;
}

/* A stream ended by Ctrl-C may end within a frame; its capture record says so. One that had given
 * nothing leaves nothing to show, and the signal does what it always does. */
static void after_stop(const struct capture_result *result)
{
	if (result->bytes == 0)
		(void)raise((int)stop_signal);
}

/* Reads one file to its end; what is wrong with it is said, and the next one is read. */
static void read_file(struct run *run, unsigned number, const char *path)
{
	struct capture_conf conf = { .agent = run->keep ? keep_agent(run->keep) : 0,
				     .number = number,
				     .flows = run->conf.flows,
				     .open_body = str_of(run->conf.open_body),
				     .patience_ns = run->conf.patience_ns,
				     .stop = &stop_signal,
				     .idle = idle,
				     .said = said,
				     .owner = run };
	CLEANUP(capture_close) struct capture *c = NULL;
	struct capture_result result;
	struct err err = { ERR_NONE, "" };
	bool listens;
	int r = capture_open(path, &conf, &c, &err);

	if (r < 0) {
		(void)fflush(stdout);
		file_failed(run, &err);
		return;
	}
	run->records = 0;
	run->capture = c;
	run->path = path;
	/* What was stored of a file that is read is made durable before Ctrl-C ends it. */
	listens = capture_is_stream(c) || run->keep;
	if (listens)
		stop_listen();
	r = read_rows(run, c, &err);
	if (listens)
		stop_forget();
	run->cut |= stop_signal && !capture_is_stream(c);
	run->capture = NULL;
	progress_clear(run);
	idle(run);
	capture_result(c, &result);
	if (stop_signal)
		after_stop(&result);
	if (run->conf.stats)
		print_stats(path, &result);
	if (r < 0)
		file_failed(run, &err);
	else if (r == 0 && result.err.id &&
		 !(stop_signal && result.err.id == ERR_CAPTURE_TRUNCATED))
		file_failed(run, &result.err);
	if (run->counts)
		counts_print(run->counts, path, stdout);
}

/* What became of the rows: the store has them all, or the output. */
static int finish(struct run *run, struct err *err)
{
	idle(run);
	if (run->keep_failed) {
		keep_failed(run->keep);
		*err = run->keep_err;
		return run->keep_failed;
	}
	if (run->filter && run->show.rows == 0 && run->terminal && !run->conf.counts)
		(void)fputs("No record matched.\n", stderr);
	/* A reader that has had enough, such as head, is no error. */
	if (run->output_errno && run->output_errno != EPIPE)
		return err_set(err, ERR_OUTPUT, "standard output: %s", strerror(run->output_errno));
	if (run->cut)
		run->exit = EXIT_PARTIAL;
	return run->keep ? keep_end(run->keep, run->cut, err) : 0;
}

static int read_all(struct run *run, struct err *err)
{
	const struct form_row *form = &form_rows[run->conf.form];
	bool shown = !run->conf.counts && !run->keep;

	if (run->conf.counts)
		counts_header(stdout);
	if (shown)
		form->begin(&run->show);
	for (unsigned i = 0; i < run->conf.files.n && !enough(run) && !stop_signal; i++) {
		if (run->conf.counts && counts_new(&run->counts) < 0)
			return err_set(err, ERR_MEMORY, "counting");
		read_file(run, i, run->conf.files.v[i]);
		counts_free(run->counts);
		run->counts = NULL;
	}
	if (shown)
		form->end(&run->show);
	return finish(run, err);
}

int cmd_traffic(int argc, char **argv)
{
	static struct run run;
	struct err err = { ERR_NONE, "" };
	int r = setup(&run, argc, argv, &err);

	if (r == 1) {
		cli_help(&cmd_traffic_table);
		return 0;
	}
	if (r == 0) {
		run.terminal = isatty(STDOUT_FILENO);
		run.show = (struct show){ .to = stdout };
		run.show.width = cli_width();
		run.show.colour = cli_colours(STDOUT_FILENO);
		/* Not where records would stand on the same screen. */
		run.progress = isatty(STDERR_FILENO) && (!run.terminal || run.conf.counts);
		if (!run.terminal)
			(void)setvbuf(stdout, NULL, _IOFBF, OUT_BYTES);
		buf_init(&run.show.line, LINE_MAX_BYTES);
		buf_init(&run.show.cell, LINE_MAX_BYTES);
		r = read_all(&run, &err);
		buf_done(&run.show.line);
		buf_done(&run.show.cell);
	}
	filter_free(run.filter);
	keep_close(run.keep);
	return r < 0 ? cli_fail(&err) : run.exit;
}
