/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The same rows however the bytes come: a file is fed to the engine byte by byte, and it is noted
 * after which byte each row came; then it is cut at CUTS places and fed at once, and must give just
 * the rows that came up to there. The engine runs in this process, with a small table.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conformance.h"
#include "flow/flow.h"
#include "rules/rules.h"

#define CUTS 50
/* Limit: rows of one file. */
#define SEEN_MAX (1 << 20)

struct seen {
	uint64_t hash;
	size_t after; /* bytes of the file */
};

static struct {
	struct flow_engine *engine;
	struct ring ring;
	struct row_out out;
	struct counters counters;
	struct capfile capfile;
	struct seen *seen;
	size_t seen_n;
	size_t at;
} t;

static int drain(void *owner, size_t n)
{
	struct str rows = ring_readable(&t.ring);
	size_t all = rows.n;

	(void)owner;
	(void)n;
	while (rows.n) {
		ptrdiff_t length = row_length(rows);

		if (length <= 0 || t.seen_n == SEEN_MAX)
			abort();
		t.seen[t.seen_n++] = (struct seen){ hash_bytes(rows.p, (size_t)length, 0), t.at };
		rows = str_skip(rows, (size_t)length);
	}
	ring_consume(&t.ring, all);
	return 0;
}

static void setup(void)
{
	struct flow_conf conf;
	struct err err;

	if (t.engine)
		return;
	flow_conf_default(&conf);
	conf.flows = 2048;
	conf.streams = 512;
	conf.observer = STR("file");
	t.out = (struct row_out){
		.ring = &t.ring,
		.plan = rules_default_masks(),
		.counters = &t.counters,
		.full = drain,
	};
	t.seen = malloc(SEEN_MAX * sizeof(*t.seen));
	if (!t.seen || ring_create(1 * MIB, &t.ring, &err) < 0 ||
	    flow_engine_new(&conf, &t.out, &t.counters, &t.engine) < 0)
		abort();
}

/* Frames of in from *used on; true when it may go on with more. */
static bool take(struct str in, size_t *used)
{
	struct frame frame;
	struct err err;
	int answer;

	for (;;) {
		size_t n = 0;

		answer = capfile_next(&t.capfile, str_skip(in, *used), &n, &frame, &err);
		*used += n;
		if (answer == CAPFILE_FRAME)
			flow_engine_frame(t.engine, &frame);
		else if (answer == CAPFILE_SKIPPED)
			flow_engine_lost(t.engine, COUNTER_DROP_TOO_LONG, frame.wire_bytes,
					 frame.at_ns);
		else if (answer != CAPFILE_BLOCK)
			return answer == CAPFILE_MORE;
	}
}

/* Feeds the first n bytes in steps; the rows are in t.seen, but for those that only the end makes.
 */
static void feed(const char *bytes, size_t n, size_t step)
{
	const struct flow_source source = { 0 };
	size_t used = 0;
	bool more = true;

	flow_engine_reset(t.engine);
	capfile_init(&t.capfile);
	t.out.sequence = 0;
	t.seen_n = 0;
	for (t.at = size_min(step, n); more; t.at = size_min(t.at + step, n)) {
		more = take((struct str){ bytes, t.at }, &used);
		(void)drain(NULL, 0);
		if (t.at == n)
			break;
	}
	n = t.seen_n;
	flow_engine_end(t.engine, &source);
	(void)drain(NULL, 0);
	t.seen_n = n;
}

static bool same_up_to(const struct seen *whole, size_t whole_n, size_t cut)
{
	size_t n = 0;

	while (n < whole_n && whole[n].after <= cut)
		n++;
	if (n != t.seen_n)
		return false;
	for (size_t i = 0; i < n; i++)
		if (whole[i].hash != t.seen[i].hash)
			return false;
	return true;
}

static void cut_all(struct suite_run *run, const char *name, const char *bytes, size_t n)
{
	struct seen *whole;
	size_t whole_n;

	feed(bytes, n, 1);
	whole_n = t.seen_n;
	whole = malloc((whole_n + 1) * sizeof(*whole));
	if (!whole)
		abort();
	memcpy(whole, t.seen, whole_n * sizeof(*whole));
	for (size_t i = 1; i <= CUTS; i++) {
		size_t cut = n * i / CUTS;

		feed(bytes, cut, cut);
		if (!same_up_to(whole, whole_n, cut)) {
			char at[64];

			(void)snprintf(at, sizeof(at), "other rows when cut at byte %zu", cut);
			suite_case(run, name, "cut", "the same rows", at);
			free(whole);
			return;
		}
	}
	suite_case(run, name, "cut", "the same rows", "the same rows");
	free(whole);
}

void pcaps_cut(struct suite_run *run, const char *file)
{
	const char *name = strrchr(file, '/') ? strrchr(file, '/') + 1 : file;
	CLEANUP(fd_close) int fd = open(file, O_RDONLY | O_CLOEXEC);
	struct stat st;
	void *bytes;

	if (fd < 0 || fstat(fd, &st) < 0 || st.st_size == 0) {
		suite_skip(run, name, "it cannot be opened, or is empty");
		return;
	}
	setup();
	bytes = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (bytes == MAP_FAILED)
		abort();
	cut_all(run, name, bytes, (size_t)st.st_size);
	(void)munmap(bytes, (size_t)st.st_size);
}

void pcaps_cut_done(void)
{
	flow_engine_free(t.engine);
	ring_done(&t.ring);
	free(t.seen);
	memset(&t, 0, sizeof(t));
}
