/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the commands share towards a person: how an error is told, with what, where, what to do, and
 * the id under which docs/errors.md has it; the help; and what the terminal can do.
 */
#include "cli/cli.h"

#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* The exit status of what was done in part (ARCHITECTURE.md). */
#define EXIT_PARTIAL 3

/* Bytes of the character at p, or 0 if it is none. Longer forms than needed are let pass: they are
 * as harmless as they are wrong. */
static size_t char_bytes(const unsigned char *p)
{
	size_t n = *p < 0x80   ? 1
		   : *p < 0xc2 ? 0
		   : *p < 0xe0 ? 2
		   : *p < 0xf0 ? 3
		   : *p < 0xf5 ? 4
			       : 0;

	for (size_t i = 1; i < n; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	return n;
}

/* Controls (C0, DEL, C1), marks and embeddings of direction, line ends of Unicode, and what has no
 * width: U+061C, U+200B to U+200F, U+2028 to U+202E, U+2060 to U+2069, U+FEFF. */
static bool is_harmful(const unsigned char *p, size_t n)
{
	unsigned last = n == 3 ? p[1] * 256U + p[2] : 0;

	if (n == 1)
		return *p < ' ' || *p == 0x7f;
	if (n == 2)
		return (*p == 0xc2 && p[1] < 0xa0) || (*p == 0xd8 && p[1] == 0x9c);
	if (n == 3 && *p == 0xe2)
		return (last >= 0x808b && last <= 0x808f) || (last >= 0x80a8 && last <= 0x80ae) ||
		       (last >= 0x81a0 && last <= 0x81a9);
	return n == 3 && *p == 0xef && last == 0xbbbf;
}

void cli_put_text(const char *text, FILE *to)
{
	const unsigned char *p = (const unsigned char *)text;

	while (*p) {
		size_t n = char_bytes(p);

		if (n == 0 || is_harmful(p, n))
			(void)fputc('?', to);
		else
			(void)fwrite(p, 1, n, to);
		p += n ? n : 1;
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

void cli_help(const struct conf_table *table)
{
	struct buf text;

	buf_init(&text, 64 * KIB);
	conf_help(table, &text);
	(void)fwrite(text.p, 1, text.len, stdout);
	buf_done(&text);
}

unsigned cli_width(void)
{
	struct winsize ws;

	return ioctl(STDOUT_FILENO, TIOCGWINSZ, &ws) < 0 ? 0 : ws.ws_col;
}

/* By the convention of no-color.org an empty NO_COLOR counts as none. */
bool cli_colours(int fd)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

	return isatty(fd) && !(no && no[0]) && !(term && strcmp(term, "dumb") == 0);
}

int cli_fail(const struct err *err)
{
	const struct err_row *row = err_row(err->id);
	bool warning = row->exit == EXIT_PARTIAL, colour = cli_colours(STDERR_FILENO);

	(void)fprintf(stderr, "%s%s:%s %s\n",
		      !colour   ? ""
		      : warning ? "\033[1;33m"
				: "\033[1;31m",
		      warning ? "warning" : "error", colour ? "\033[0m" : "", row->title);
	/* Other lines than ours come from a name, and would pass for ours. */
	if (err->id == ERR_FILTER) {
		put_lines(err->text, stderr);
	} else if (err->text[0]) {
		cli_put_text(err->text, stderr);
		(void)fputc('\n', stderr);
	}
	(void)fprintf(stderr, "%s (%s)\n", row->hint, row->id);
	return row->exit;
}

int cli_flush(struct err *err)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return 0;
	return err_set(err, ERR_OUTPUT, "standard output: %s", strerror(errno));
}
