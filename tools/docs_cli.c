/* SPDX-License-Identifier: Apache-2.0 */
/*
 * docs/cli.md: the commands, from their option tables, from the error table, and from the columns
 * of --counts. What no table says, such as how the last word is taken, stands here as text.
 */
#include <stdio.h>
#include <stdlib.h>

#include "cli/cli.h"
#include "docs.h"

/* ---- Options --------------------------------------------------------------------------------- */

static void put_limits(struct buf *out, const struct conf_opt *opt)
{
	const char *def = opt->def ? opt->def : "";
	char from[TIME_TEXT_BYTES], to[TIME_TEXT_BYTES];

	(void)buf_printf(out, " | %s%s%s | ", def[0] ? "`" : "", def, def[0] ? "`" : "");
	if (opt->type == CONF_CHOICE) {
		docs_cell(out, opt->choices);
	} else if (opt->type == CONF_DUR && opt->max) {
		(void)dur_format((int64_t)opt->min, from);
		(void)dur_format((int64_t)opt->max, to);
		(void)buf_printf(out, "%s to %s", from, to);
	} else if (opt->max && opt->max != UINT64_MAX) {
		(void)buf_printf(out, "%llu to %llu", (unsigned long long)opt->min,
				 (unsigned long long)opt->max);
	}
}

static void put_option(struct buf *out, const struct conf_table *t, const struct conf_opt *opt)
{
	char name[CONF_ENV_BYTES];

	(void)buf_put(out, STR("| `"));
	if (opt->letter)
		(void)buf_printf(out, "-%c, ", opt->letter);
	(void)buf_printf(out, "--%s%s%s%s` | ", opt->name, opt->arg ? " " : "",
			 opt->arg ? opt->arg : "", opt->type == CONF_LIST ? "..." : "");
	docs_cell(out, opt->help);
	put_limits(out, opt);
	conf_env_name(t, opt, name);
	(void)buf_printf(out, " | `%s` |\n", name);
}

static void put_command(struct buf *out, const struct conf_table *t)
{
	(void)buf_printf(out, "\n## %s\n%s\n\n    %s [OPTIONS]", t->command, t->summary,
			 t->command);
	if (t->usage && t->usage[0])
		(void)buf_printf(out, " %s", t->usage);
	(void)buf_put_char(out, '\n');
	(void)buf_put(out, STR("\n| option | what | default | allowed | environment |\n"
			       "|---|---|---|---|---|\n"));
	for (size_t i = 0; i < t->count; i++)
		put_option(out, t, &t->opts[i]);
	if (t->examples)
		(void)buf_printf(out, "\nExamples:\n\n```sh\n%s```\n", t->examples);
}

/* ---- What redoubt traffic does with them ----------------------------------------------------- */

static void put_last_word(struct buf *out)
{
	(void)buf_put(
		out,
		STR("\n### The last word\nThe last word, be it behind the files or behind other "
		    "options, is taken as the filter where there is no `--where`, it is not `-`, "
		    "it is no file that exists, and it is a valid filter or at least has a mark "
		    "of one: one of `= < > ! & | \" ' [`, or `has(` at its beginning. Otherwise it "
		    "is the name of a file, which must follow `-r`. So a word that is both, such as "
		    "`http` beside a file `http`, is the file: write `--where http`. Programs that "
		    "pass on names of files use `--where` always.\n\nBefore the first record is "
		    "shown, every file must be there: a name that is none ends the command, with the "
		    "advice to quote it where it may be a filter.\n"));
}

static void put_table(struct buf *out)
{
	(void)buf_put(
		out,
		STR("\n### The table\nA line says when a record began, its client, its server and its "
		    "kind, and under WHAT the fields that [records.md](records.md) marks *table*. How "
		    "it ended stands first: the status of HTTP, the status of a gRPC call by its "
		    "name, the code of a DNS response; in colour where it is a failure. Texts follow, "
		    "known by their places: a `-` stands for one that was not seen, where another is "
		    "behind it. Numbers, lists, and the texts behind them have their names, and "
		    "`bytes=35B/22B` is the client's and the server's. A duration without a name is "
		    "the field `latency`, of a connection its `duration`. Sizes count in 1024s, "
		    "texts with blanks are in quotes, and one longer than 64 columns is cut: `…`. "
		    "Everything that was seen is in the other forms.\n"));
}

static void put_forms(struct buf *out)
{
	(void)buf_put(
		out,
		STR("\n### On a terminal\nThe table is cut to the width of the terminal: addresses "
		    "of IPv6 and names of files are shortened by a `…`, so that 28 columns are left "
		    "for what was said. The form `wide` shows each field on a line of its own there, "
		    "and never cuts one. In a pipe a record is one line, and nothing is shortened "
		    "but texts of the table. Colours are left out where `NO_COLOR` is set or `TERM` "
		    "is `dumb`.\n"));
}

static void put_ctrl_c(struct buf *out)
{
	(void)buf_put(
		out,
		STR("\n### Ctrl-C\nWhile a pipe or a FIFO is read, the first Ctrl-C (SIGINT) or "
		    "SIGTERM is its end: what its writer still gives within half a second is read, "
		    "connections that are open become records, and the exit status is as usual; "
		    "further files are not begun. So `tcpdump -U -i any -w - | redoubt traffic -r "
		    "-` loses nothing. The second one ends the command at once, as does the first "
		    "while a file is read or nothing was given yet.\n"));
}

static void put_state(struct buf *out)
{
	(void)buf_put(
		out,
		STR("\n### --state\nRecords go into a state directory, sealed, instead of onto the "
		    "screen. Each is durable before it is acknowledged, and the command tells at its "
		    "end how many are. Where there is no store yet one is made, with a root key in "
		    "the key file where that is not there either: keep a copy of it elsewhere, since "
		    "nothing opens the store without it. A run that ends early, for whatever "
		    "reason, leaves whole records; those that were not acknowledged are not there. "
		    "Two runs over the same file store its records twice. One process writes at a "
		    "time; any number read. Ctrl-C ends the reading of a file, too: what was read "
		    "is stored, it is said that there would have been more, and the exit status is "
		    "3.\n\nWhat is older or larger than is kept goes whenever somebody stores, and "
		    "by `redoubt keys expire`; until then it can be read. The hour that runs is "
		    "never touched, also where it alone is larger than `--keep-bytes`.\n"));
}

static void put_query(struct buf *out)
{
	(void)buf_put(
		out,
		STR("\n### Order, pages, parts\nRecords come in the order in which they were stored, "
		    "the oldest first unless `--newest` is given; `--since` and `--until` go by the "
		    "time at which a record began. An answer that was cut short by `--limit` or "
		    "`--patience` names the place where it ended, and `--after` goes on there: "
		    "nothing is shown twice or left out, also when the store has grown or was "
		    "rearranged since.\n\nWith `--by`, `--every`, `--sum` or `--quantile` groups "
		    "are shown instead of records, made of those that match the filter. Records "
		    "without the field are a group of their own, shown as `-`. Beyond 65536 groups, "
		    "further ones are counted together as all others. Quantiles are within 1 % of "
		    "the value.\n\nFields belong to parts: `meta`, `headers` and `payload` "
		    "([records.md](records.md)). With `--parts meta` the query gets no other key: "
		    "records come without the fields of other parts, and an expression that names "
		    "one is refused.\n"));
}

static void put_counts(struct buf *out)
{
	const char *name, *what;

	(void)buf_put(
		out,
		STR("\n### --counts\nOne line names the columns, then each file has one line; "
		    "columns are separated by tabs. They are counted from the records that would "
		    "be shown, so a filter holds for them too, and `--limit` ends them: with the "
		    "filter `http` there are no packets, since these stand in the `capture` "
		    "record. `--output` has no meaning then.\n\n| column | what |\n|---|---|\n"
		    "| `file` | name as it was given |\n"));
	for (size_t i = 0; (name = counts_column(i, &what)); i++)
		(void)buf_printf(out, "| `%s` | %s |\n", name, what);
}

/* ---- Exit statuses --------------------------------------------------------------------------- */

static void put_exits(struct buf *out)
{
	(void)buf_put(
		out,
		STR("\n## Exit statuses\nOf several files that are there each is read, "
		    "whatever is wrong with another, and the highest of their statuses is the command's. A "
		    "reader of the output that closes it, such as `head`, is no error.\n\n"
		    "| exit | when |\n|---|---|\n"
		    "| 1 | `doctor` found something wrong; `keys destroy` was asked without `--yes` "
		    "|\n"));
	for (int exit = 0; exit < 256; exit++) {
		const char *between = "";

		for (unsigned i = 0; i < ERR_COUNT; i++) {
			const struct err_row *row = err_row(i);

			if (row->exit != exit)
				continue;
			if (!between[0])
				(void)buf_printf(out, "| %d | ", exit);
			if (i == 0)
				(void)buf_put(out, STR("no error"));
			else
				(void)buf_printf(out, "%s[`%s`](errors.md)", between, row->id);
			between = ", ";
		}
		if (between[0])
			(void)buf_put(out, STR(" |\n"));
	}
}

void docs_cli(struct buf *out)
{
	docs_head(out, "Commands", "the option tables in src/cli");
	(void)buf_put(
		out,
		STR("`redoubt COMMAND --help` prints the options too. An option of the command "
		    "line wins over its variable in the environment, and that over the default; "
		    "an empty variable counts as none. A list option takes all words up to the "
		    "next option, and one from its variable.\n"));
	put_command(out, &cmd_traffic_table);
	put_last_word(out);
	put_table(out);
	put_forms(out);
	put_ctrl_c(out);
	put_counts(out);
	put_state(out);
	put_command(out, &cmd_query_table);
	put_query(out);
	put_command(out, &cmd_status_table);
	put_command(out, &cmd_keys_list_table);
	put_command(out, &cmd_keys_destroy_table);
	put_command(out, &cmd_keys_expire_table);
	put_command(out, &cmd_doctor_store_table);
	put_command(out, &cmd_schema_table);
	(void)buf_put(out, STR("\n## redoubt version\nPrints the version.\n"));
	put_exits(out);
}
