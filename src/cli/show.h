/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the forms for people share (show.c): the table in table.c, wide in wide.c.
 */
#ifndef REDOUBT_CLI_SHOW_H
#define REDOUBT_CLI_SHOW_H

#include "cli/cli.h"

/* Readable on dark and on light ground. Put only where the output has colours. */
extern const char show_dim[], show_bold[], show_magenta[], show_red[], show_plain[];
void show_colour(struct show *s, const char *colour);

/* How a form lays out the columns of every kind. */
struct layout {
	size_t time_from, time_to; /* of 2026-11-20T08:15:30.123456789Z */
	bool client_port;
	size_t end_max[2]; /* columns that client and server may take; SIZE_MAX: any */
	size_t source_max; /* and the name of a source in their place */
	bool what;         /* more stands behind them */
};
/* Of the form, in so many columns; 0 is no terminal. */
struct layout show_layout(unsigned width, bool wide);
/* An address in so many columns: where it is longer, the middle of it becomes "…". The first groups
 * stay, which tell the network, and the last, down to one each. Returns the bytes written. */
size_t show_address(struct str address, size_t columns, char out[IP_TEXT_BYTES + sizeof("…")]);
/* Below this width the table is narrow. */
bool show_narrow(const struct show *s);

/* Begins s->line with those columns, each with at least one blank behind it, and writes the head of
 * the table, and of the day, where they are due before it. True when an address was shortened. */
bool show_common(struct show *s, const struct row_view *v, const struct layout *l);
/* Writes s->line, without blanks at its end; cut: to the width of the terminal. */
void show_line(struct show *s, bool cut);

/* The front of text that takes that many columns. */
struct str show_head(struct str text, size_t columns);
/* In quotes where it is empty or holds blanks or quotes. */
void show_quoted(struct buf *line, struct str text);

#endif
