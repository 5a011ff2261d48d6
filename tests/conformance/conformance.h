/* SPDX-License-Identifier: Apache-2.0 */
/*
 * conformance: suites of real inputs with results that others expect. A suite is a row of the table
 * in main.c; a case is counted once, as passed, failed or skipped. Where a peer's expectation is
 * wrong the case stands in SUITE.differences.tsv with our answer and the reason, and passes as long
 * as the answer is that one; there is no other list of exceptions.
 */
#ifndef REDOUBT_CONFORMANCE_H
#define REDOUBT_CONFORMANCE_H

#include "base/base.h"

/* Limit: recorded differences, of all cases of a suite. */
#define DIFFERENCES_PERCENT 3

struct difference {
	char *file, *column, *ours;
	bool used;
};

struct suite_run {
	const char *dir;
	char *program_dir; /* where redoubt stands */
	struct difference *difference;
	size_t differences;
	uint64_t passed, failed, skipped, recorded;
};

/* Counts a case; prints it when ours is not what is expected and not recorded as a difference. */
void suite_case(struct suite_run *run, const char *file, const char *column, const char *expected,
		const char *ours);
/* Counts a case that could not be tried, and says why. */
void suite_skip(struct suite_run *run, const char *file, const char *why);

/* A tab-separated table with a header line, read whole; cells are NUL-terminated. */
struct tsv {
	char *text;
	char **cell;
	size_t rows, columns;
};

[[nodiscard]] int tsv_read(const char *path, struct tsv *out);
[[nodiscard]] int tsv_take(char *text, struct tsv *out);
void tsv_done(struct tsv *t);
/* The cell of a data row (0 is the first below the header); "" when there is none. */
const char *tsv_cell(const struct tsv *t, size_t row, size_t column);
/* The column of a name, or -1. */
int tsv_column(const struct tsv *t, const char *name);

int suite_pcaps(struct suite_run *run);
/* The rows of a file, whole and cut and fed byte by byte; part of the suite pcaps. */
void pcaps_cut(struct suite_run *run, const char *file);
void pcaps_cut_done(void);

#endif
