/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the command line tells a person that something went wrong: what, where, what to do, and the
 * id under which docs/errors.md has it.
 */
#include "cli/cli.h"

#include <stdlib.h>
#include <unistd.h>

/* The exit status of what was done in part (ARCHITECTURE.md). */
#define EXIT_PARTIAL 3

void cli_put_text(const char *text, FILE *to)
{
	for (const char *p = text; *p; p++) {
		unsigned char c = (unsigned char)*p;
		/* U+0080 to U+009F, in UTF-8 */
		bool c1 = c == 0xc2 && ((unsigned char)p[1] & 0xe0) == 0x80;

		(void)fputc(c < ' ' || c == 0x7f || c1 ? '?' : c, to);
		p += c1;
	}
}

/* Line by line: the text of a filter's error has three. */
static void put_lines(const char *text, FILE *to)
{
	struct str rest = str_of(text), line;
	char one[sizeof(((struct err *)0)->text)];

	while (rest.n) {
		(void)str_cut(&rest, '\n', &line);
		(void)snprintf(one, sizeof(one), "%.*s", STR_FMT(line));
		cli_put_text(one, to);
		(void)fputc('\n', to);
	}
}

int cli_fail(const struct err *err)
{
	const struct err_row *row = err_row(err->id);
	bool colour = isatty(STDERR_FILENO) && !getenv("NO_COLOR");

	(void)fprintf(stderr, "%s%s:%s %s\n", colour ? "\033[1;31m" : "",
		      row->exit == EXIT_PARTIAL ? "warning" : "error", colour ? "\033[0m" : "",
		      row->title);
	put_lines(err->text, stderr);
	(void)fprintf(stderr, "%s (%s)\n", row->hint, row->id);
	return row->exit;
}
