/* SPDX-License-Identifier: Apache-2.0 */
/*
 * conf_help: the help text of a command, made from its table, so that it cannot differ from what
 * the command takes.
 */
#include "base/base.h"

#define HELP_COLUMNS 80
#define HELP_INDENT  26 /* where the text of an option begins */

static size_t column_of(const struct buf *out)
{
	struct str s = buf_str(out);
	const char *line = s.n > 0 ? memrchr(s.p, '\n', s.n) : NULL;

	return line ? s.n - (size_t)(line - s.p) - 1 : s.n;
}

static void pad_to(struct buf *out, size_t column)
{
	for (size_t at = column_of(out); at < column; at++)
		(void)buf_put_char(out, ' ');
}

/* Words of text from indent on, in as many lines as they need. */
static void put_wrapped(struct buf *out, size_t indent, struct str text)
{
	while (text.n > 0) {
		size_t column = column_of(out);
		struct str word;

		(void)str_cut(&text, ' ', &word);
		if (column > indent && column + 1 + word.n > HELP_COLUMNS) {
			(void)buf_put_char(out, '\n');
			column = 0;
		}
		if (column > indent)
			(void)buf_put_char(out, ' ');
		pad_to(out, indent);
		(void)buf_put(out, word);
	}
}

static const char *placeholder(const struct conf_opt *opt)
{
	static const char *const names[] = {
		[CONF_FLAG] = "",      [CONF_U64] = "N",     [CONF_BYTES] = "SIZE",
		[CONF_DUR] = "TIME",   [CONF_STR] = "VALUE", [CONF_CHOICE] = "WORD",
		[CONF_LIST] = "VALUE",
	};

	return opt->arg ? opt->arg : names[opt->type];
}

static bool has_letter(const struct conf_table *t, char letter)
{
	for (size_t i = 0; i < t->count; i++)
		if (t->opts[i].letter == letter)
			return true;
	return false;
}

static void put_option(struct buf *out, const struct conf_opt *opt)
{
	const char *arg = placeholder(opt);

	if (opt->letter)
		(void)buf_printf(out, "  -%c, --%s", opt->letter, opt->name);
	else
		(void)buf_printf(out, "      --%s", opt->name);
	if (arg[0] != '\0')
		(void)buf_printf(out, " %s%s", arg, opt->type == CONF_LIST ? "..." : "");
	if (column_of(out) + 2 > HELP_INDENT)
		(void)buf_put_char(out, '\n');
	pad_to(out, HELP_INDENT);
	put_wrapped(out, HELP_INDENT, str_of(opt->help));
	if (opt->type == CONF_CHOICE) {
		put_wrapped(out, HELP_INDENT, STR("One of:"));
		put_wrapped(out, HELP_INDENT, str_of(opt->choices));
		(void)buf_put_char(out, '.');
	}
	if (opt->def && opt->type != CONF_FLAG) {
		put_wrapped(out, HELP_INDENT, STR("Default:"));
		put_wrapped(out, HELP_INDENT, str_of(opt->def));
		(void)buf_put_char(out, '.');
	}
	(void)buf_put_char(out, '\n');
}

void conf_help(const struct conf_table *t, struct buf *out)
{
	const struct conf_opt help = {
		.name = "help",
		.letter = has_letter(t, 'h') ? '\0' : 'h',
		.type = CONF_FLAG,
		.help = "Print this text and end.",
	};

	(void)buf_printf(out, "Usage: %s [OPTIONS]%s%s\n\n", t->command, t->usage ? " " : "",
			 t->usage ? t->usage : "");
	put_wrapped(out, 0, str_of(t->summary));
	(void)buf_put(out, STR("\n\nOptions:\n"));
	for (size_t i = 0; i < t->count; i++)
		put_option(out, &t->opts[i]);
	put_option(out, &help);
	if (t->count > 0) {
		(void)buf_put_char(out, '\n');
		put_wrapped(out, 0,
			    STR("Each option may also be set in the environment: --some-name is "
				"REDOUBT_SOME_NAME, with the name of a command before its own: "
				"REDOUBT_TRAFFIC_LIMIT. An option on the command line wins."));
		(void)buf_put_char(out, '\n');
	}
	if (t->examples)
		(void)buf_printf(out, "\nExamples:\n%s%s", t->examples,
				 str_ends(str_of(t->examples), STR("\n")) ? "" : "\n");
}
