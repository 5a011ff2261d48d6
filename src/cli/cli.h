/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli, inside: the commands, and the forms in which traffic shows rows. A form is a row of a table:
 * adding one touches no other.
 */
#ifndef REDOUBT_CLI_H
#define REDOUBT_CLI_H

#include <signal.h>
#include <stdio.h>

#include "capture/capture.h"
#include "rules/rules.h"

/* Each answers its exit status (ARCHITECTURE §5). argv[0] is the command's name. */
int cmd_traffic(int argc, char **argv);
int cmd_query(int argc, char **argv);
int cmd_status(int argc, char **argv);
int cmd_keys(int argc, char **argv);
int cmd_doctor(int argc, char **argv);
int cmd_schema(int argc, char **argv);
/* What they take, also for docs/cli.md. */
extern const struct conf_table cmd_traffic_table, cmd_query_table, cmd_status_table,
	cmd_keys_list_table, cmd_keys_destroy_table, cmd_keys_expire_table, cmd_doctor_store_table,
	cmd_schema_table;

/* Prints an error as a person reads it, to stderr: what, where, and what to do. Returns the exit
 * status of its row. What leaves the output only partial is called a warning. */
int cli_fail(const struct err *err);
/* A text from outside, such as a file's name: control characters, those that hide or reorder what
 * stands around them, and what is not UTF-8 are shown as '?'. */
void cli_put_text(const char *text, FILE *to);

/* Was all that went to stdout written? 0, or ERR_OUTPUT. */
[[nodiscard]] int cli_flush(struct err *err);

/* Prints what a command takes, to stdout. */
void cli_help(const struct conf_table *table);
/* Columns of the terminal that standard output is; 0 when it is none. */
unsigned cli_width(void);
/* Whether to put colours there: a terminal that has them, and nobody who asked for none. */
bool cli_colours(int fd);

/* The words that belong to no option (words.c). Takes the filter away from the end of rest, or
 * where that is empty of files; NULL when the last word is none. */
const char *words_take_filter(struct conf_list *files, struct conf_list *rest);
/* Is every file there? filtered: there is a filter already, so that no word can be meant as one. */
[[nodiscard]] int words_check_files(const struct conf_list *files, bool filtered, struct err *err);
/* Is none left over? */
[[nodiscard]] int words_check_rest(const struct conf_list *rest, struct err *err);

/* Between these two, the first SIGINT or SIGTERM does not end the program but is put here; then
 * the next one does, as after stop_forget() (stop.c). */
extern volatile sig_atomic_t stop_signal;
void stop_listen(void);
void stop_forget(void);

enum form { FORM_TABLE, FORM_WIDE, FORM_JSON, FORM_NDJSON, FORM_CSV, FORM_COUNT };
#define FORM_CHOICES "table|wide|json|ndjson|csv"

/* Where rows are shown. */
struct show {
	FILE *to;
	struct buf line, cell;
	unsigned width; /* of the terminal, 0: lines are not cut */
	bool colour;
	uint64_t rows;       /* shown so far */
	size_t end_width[2]; /* of the columns of client and server */
	char day[10];        /* shown last, where times are shown without it */
};

struct form_row {
	void (*begin)(struct show *s);
	void (*row)(struct show *s, const struct row_view *v);
	void (*end)(struct show *s);
};

extern const struct form_row form_rows[FORM_COUNT];
/* A cell of CSV, quoted where it must be. */
void form_csv_text(struct buf *line, struct str s);
/* The forms for people, in table.c and wide.c. The head stands before the first row. */
void show_table_row(struct show *s, const struct row_view *v);
void show_wide_row(struct show *s, const struct row_view *v);

/* What --counts gathers over one source; its columns have the names of the capture corpora's index.
 */
struct counts;

[[nodiscard]] int counts_new(struct counts **out);
void counts_free(struct counts *c);
CLEANUP_DEFINE(struct counts *, counts_free)
void counts_add(struct counts *c, const struct row_view *v);
void counts_header(FILE *to);
void counts_print(struct counts *c, const char *file, FILE *to);
/* The name of a column and what it holds, for docs/cli.md; NULL behind the last. */
const char *counts_column(size_t i, const char **what);

#endif
