/* SPDX-License-Identifier: Apache-2.0 */
/*
 * conformance SUITE DIR: runs one suite over its data folder, prints each case that differs, and
 * ends with "N passed, N failed, N skipped". Exit 0 when none failed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "conformance.h"

static const struct {
	const char *name;
	int (*run)(struct suite_run *run);
} suites[] = {
	{ "pcaps", suite_pcaps },
};

static struct difference *difference_find(struct suite_run *run, const char *file,
					  const char *column)
{
	for (size_t i = 0; i < run->differences; i++)
		if (strcmp(run->difference[i].file, file) == 0 &&
		    strcmp(run->difference[i].column, column) == 0)
			return &run->difference[i];
	return NULL;
}

void suite_case(struct suite_run *run, const char *file, const char *column, const char *expected,
		const char *ours)
{
	struct difference *d = difference_find(run, file, column);

	if (d)
		d->used = true;
	if (strcmp(expected, ours) == 0 && !d) {
		run->passed++;
	} else if (d && strcmp(d->ours, ours) == 0 && strcmp(expected, ours) != 0) {
		run->passed++;
		run->recorded++;
	} else {
		run->failed++;
		(void)printf("%s\t%s\texpected %s\tours %s%s\n", file, column, expected, ours,
			     d ? "\t(the recorded difference is another)" : "");
	}
}

void suite_skip(struct suite_run *run, const char *file, const char *why)
{
	run->skipped++;
	(void)printf("%s\tskipped: %s\n", file, why);
}

static void differences_read(struct suite_run *run, const char *suite, struct tsv *t)
{
	const char *root = getenv("REDOUBT_SOURCE");
	char path[4096];

	(void)snprintf(path, sizeof(path), "%s/tests/conformance/%s.differences.tsv",
		       root ? root : REDOUBT_SOURCE_DIR, suite);
	if (tsv_read(path, t) < 0)
		return;
	run->difference = calloc(t->rows + 1, sizeof(*run->difference));
	for (size_t i = 0; run->difference && i < t->rows; i++)
		run->difference[run->differences++] = (struct difference){
			.file = t->cell[(i + 1) * t->columns],
			.column = t->cell[(i + 1) * t->columns + 1],
			.ours = t->cell[(i + 1) * t->columns + 2],
		};
}

/* A recorded difference must be of use, and they must be few. */
static void differences_check(struct suite_run *run)
{
	uint64_t cases = run->passed + run->failed;

	for (size_t i = 0; i < run->differences; i++) {
		if (run->difference[i].used)
			continue;
		run->failed++;
		(void)printf("%s\t%s\tis recorded as a difference and is no case\n",
			     run->difference[i].file, run->difference[i].column);
	}
	(void)printf("%llu of %llu cases are recorded differences\n",
		     (unsigned long long)run->recorded, (unsigned long long)cases);
	if (run->recorded * 100 > cases * DIFFERENCES_PERCENT) {
		run->failed++;
		(void)printf("these are more than %d %%\n", DIFFERENCES_PERCENT);
	}
}

static int run_suite(size_t i, const char *dir)
{
	struct suite_run run = { .dir = dir };
	struct tsv differences;
	char self[4096];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (n <= 0)
		return 10;
	self[n] = '\0';
	*strrchr(self, '/') = '\0';
	run.program_dir = self;
	differences_read(&run, suites[i].name, &differences);
	if (suites[i].run(&run) < 0)
		run.failed++;
	differences_check(&run);
	tsv_done(&differences);
	free(run.difference);
	(void)printf("%llu passed, %llu failed, %llu skipped\n", (unsigned long long)run.passed,
		     (unsigned long long)run.failed, (unsigned long long)run.skipped);
	return run.failed ? 1 : 0;
}

int main(int argc, char **argv)
{
	(void)setvbuf(stdout, NULL, _IOLBF, 0);
	for (size_t i = 0; argc == 3 && i < ARRAY_LEN(suites); i++)
		if (strcmp(argv[1], suites[i].name) == 0)
			return run_suite(i, argv[2]);
	(void)fputs("Usage: conformance SUITE DIR\nSuites:", stderr);
	for (size_t i = 0; i < ARRAY_LEN(suites); i++)
		(void)fprintf(stderr, " %s", suites[i].name);
	(void)fputs("\n", stderr);
	return 2;
}
