/* SPDX-License-Identifier: Apache-2.0 */
/*
 * redoubt schema: every record kind and field, from the tables. On a terminal too narrow for the
 * table, lines are broken between words, and what a field means moves below its name.
 */
#include "cli/cli.h"

#define SCHEMA_TEXT_MAX (4 * MIB)
#define HELP_INDENT     6

struct schema_conf {
	unsigned form;
};

static const struct conf_opt opts[] = {
	{ .name = "output",
	  .letter = 'o',
	  .type = CONF_CHOICE,
	  .offset = offsetof(struct schema_conf, form),
	  .def = "table",
	  .choices = "table|json|markdown|lock",
	  .arg = "FORM",
	  .help = "How it is written; lock is one line a field, for docs/schema.lock." },
};

const struct conf_table cmd_schema_table = {
	.command = "redoubt schema",
	.summary = "Prints every record kind and its fields: type, class, part and meaning.",
	.opts = opts,
	.count = ARRAY_LEN(opts),
};

static size_t blanks(struct str line)
{
	size_t n = 0;

	while (n < line.n && line.p[n] == ' ')
		n++;
	return n;
}

/* Words of text from indent on, in lines of at most width columns. */
static void put_words(struct str text, size_t indent, size_t width)
{
	size_t at = 0;
	struct str word;

	while (text.n) {
		(void)str_cut(&text, ' ', &word);
		if (at > 0 && at + 1 + word.n > width) {
			(void)putchar('\n');
			at = 0;
		}
		(void)printf("%*s%.*s", at ? 1 : (int)indent, "", STR_FMT(word));
		at += (at ? 1 : indent) + word.n;
	}
	(void)putchar('\n');
}

/* A line of the table, and those that go on with its last column. */
static void put_narrow(struct str line, struct str *rest, size_t width)
{
	struct buf help;

	if (blanks(line) == 0 || line.n <= SCHEMA_HELP) {
		put_words(line, 0, width);
		return;
	}
	buf_init(&help, 4 * KIB);
	if (blanks(line) < SCHEMA_HELP)
		(void)printf("  %.*s\n", STR_FMT(str_trim(str_head(line, SCHEMA_HELP))));
	(void)buf_put(&help, str_skip(line, SCHEMA_HELP));
	while (blanks(*rest) >= SCHEMA_HELP &&
	       !str_starts(str_skip(*rest, SCHEMA_HELP), STR("one of:"))) {
		(void)str_cut(rest, '\n', &line);
		(void)buf_put_char(&help, ' ');
		(void)buf_put(&help, str_skip(line, SCHEMA_HELP));
	}
	put_words(buf_str(&help), HELP_INDENT, width);
	buf_done(&help);
}

static void put_table(struct str text, size_t width)
{
	struct str line;

	while (text.n) {
		(void)str_cut(&text, '\n', &line);
		put_narrow(line, &text, width);
	}
}

static void put_schema(enum schema_form form)
{
	unsigned width = cli_width();
	struct buf text;

	buf_init(&text, SCHEMA_TEXT_MAX);
	schema_write(form, &text);
	if (form == SCHEMA_TABLE && width && width < SCHEMA_WIDTH)
		put_table(buf_str(&text), width);
	else
		(void)fwrite(text.p, 1, text.len, stdout);
	buf_done(&text);
}

int cmd_schema(int argc, char **argv)
{
	struct schema_conf conf = { 0 };
	struct conf_list rest = { .n = 0 };
	struct err err;
	int r = conf_parse(&cmd_schema_table, argc, argv, &conf, &rest, &err);

	if (r == 0 && rest.n)
		r = err_set(&err, ERR_USAGE, "'%.200s' is not understood.", rest.v[0]);
	if (r < 0)
		return cli_fail(&err);
	if (r == 1)
		cli_help(&cmd_schema_table);
	else
		put_schema((enum schema_form)conf.form);
	if (fflush(stdout) != 0 || ferror(stdout)) {
		(void)err_set(&err, ERR_OUTPUT, "standard output");
		return cli_fail(&err);
	}
	return 0;
}
