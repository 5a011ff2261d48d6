/* SPDX-License-Identifier: Apache-2.0 */
/*
 * make-hostile CASE [N]: writes a capture to standard output that nobody honest would send: lengths
 * at their extremes, floods, streams without end. The same call writes the same bytes.
 */
#include "hostile.h"

#define CASE_ROW(name, make, help) { name, make, help },
static const struct {
	const char *name;
	void (*make)(uint64_t n);
	const char *help;
} cases[] = { CASE_TABLE(CASE_ROW) };

int main(int argc, char **argv)
{
	uint64_t n = argc > 2 ? strtoull(argv[2], NULL, 10) : 0;

	for (size_t i = 0; argc > 1 && i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (strcmp(argv[1], cases[i].name) != 0)
			continue;
		cases[i].make(n);
		return fflush(stdout) == 0 ? 0 : 1;
	}
	(void)fputs("usage: make-hostile CASE [N]\n", stderr);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		(void)fprintf(stderr, "  %-16s %s\n", cases[i].name, cases[i].help);
	return 2;
}
