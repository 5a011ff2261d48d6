/* SPDX-License-Identifier: Apache-2.0 */
/*
 * query: one question to the store. The side that holds the keys checks what the caller may ask,
 * starts a redoubt-query for it, and hands that pieces one by one: read-only descriptors, and the
 * keys of the parts the caller may read. The process prunes, filters, aggregates, and sends back
 * results through a ring. Nobody asks without saying who he is.
 */
#ifndef REDOUBT_QUERY_H
#define REDOUBT_QUERY_H

#include "base/base.h"
#include "record/record.h"
#include "rules/rules.h"
#include "store/store.h"

/* ---- What is asked --------------------------------------------------------------------------- */

/* Limits of one query. */
#define QUERY_BY_MAX   4    /* fields that results are grouped by */
#define QUERY_TEXT_MAX 2048 /* bytes of its filter */
#define QUERY_ROWS_MAX 10000000
/* Groups, whose keys together have at most 64 MiB; rows of further ones go to one that is called
 * the rest. */
#define QUERY_GROUPS_MAX 65536
/* What a quantile may be off by, relative to the value with rank floor(q × (n - 1)). */
#define QUERY_QUANTILE_ERROR 0.01

enum query_order { QUERY_OLDEST, QUERY_NEWEST };

/* Who asks: parts that he may read, as bits. The owner of the root key may read all. */
struct query_viewer {
	char name[64];
	unsigned parts;
};

struct query_spec {
	char where[QUERY_TEXT_MAX + 1]; /* empty: all */
	int64_t since_ns,
		until_ns; /* of event time, until is not included; INT64_MIN, INT64_MAX: any */
	enum query_order order; /* of arrival */
	uint64_t after; /* cursor: only rows behind this arrival number in that order; 0: from the
			   start */
	uint64_t limit; /* rows, or groups of an aggregate; 0: QUERY_ROWS_MAX */
	int64_t patience_ns; /* time after which what was found is the answer, as partial; 0: none
			      */
	/* An aggregate, when any of these is set: one result for each group, of the rows that
	 * match. */
	uint16_t by[QUERY_BY_MAX]; /* field ids of `kind`, or common ones; 0 ends them */
	uint16_t kind;             /* of the fields in by, sum and quantile; 0: common ones only */
	bool count;                /* always given with a group */
	uint16_t sum;              /* a number or duration, or 0 */
	uint16_t quantile;         /* likewise */
	double quantiles[4];       /* 0…1; unused ones are negative */
	int64_t every_ns;          /* a histogram: groups by event time in steps of this; 0: none */
	bool top; /* groups by count, largest first, at most `limit`; else by their keys */
};

/* A spec from what people write: field names checked and turned into ids, times and durations read.
 * Each word may be NULL. ERR_QUERY names the word, with a suggestion. */
struct query_words {
	const char *where, *since, *until; /* RFC 3339, or a duration before now such as "15m" */
	const char *const *by;
	size_t bys;
	const char *sum, *quantile, *every; /* quantile: FIELD or FIELD:0.5,0.99 */
};
[[nodiscard]] int query_spec_from_words(const struct query_words *words, int64_t now_ns,
					struct query_spec *out, struct err *err);

/* ---- What is answered ------------------------------------------------------------------------ */

/* A value of a group's key, or absent (type 0). Its text is borrowed. */
struct query_group {
	unsigned keys;
	struct row_value key[QUERY_BY_MAX];
	const struct field *field[QUERY_BY_MAX];
	int64_t at_ns; /* start of its step of time, where every_ns is set; INT64_MIN: of no time */
	bool rest;     /* all that found no group of their own: the last, and beyond the limit */
	uint64_t count;
	double sum;   /* of whole numbers, the exact one rounded once */
	bool has_sum; /* some row had the field */
	double quantile[4];
	bool has_quantile;
};

struct query_end {
	bool partial;
	char why[128]; /* of partial, in words */
	/* Cursor for what follows, also where the limit or the sink ended it; 0: nothing follows.
	 * An aggregate has none. */
	uint64_t next;
	uint64_t rows_matched; /* rows given, or counted in groups */
	uint64_t rows_looked_at;
	uint64_t groups_of_rows,
		groups_pruned; /* groups of segments, and those that zone maps spared */
	uint64_t chunks_opened, bytes_read;
	uint64_t problems; /* pieces, frames and chunks that could not be read */
};

/* Called in the order of results; text of a problem names the file and what is wrong with it. */
struct query_sink {
	/* False ends the query. */
	bool (*row)(void *owner, uint64_t arrival, const struct row_view *row);
	bool (*group)(void *owner, const struct query_group *group);
	void (*problem)(void *owner, const char *text);
	void *owner;
};

/* ---- Asking ---------------------------------------------------------------------------------- */

/* Checks that the viewer may read every field that the query names (ERR_QUERY_PART), starts a
 * redoubt-query, and gives its results to the sink. stop may be NULL: a signal's handler sets it.
 */
[[nodiscard]] int query_run(const char *dir, const struct root_source *root,
			    const struct query_viewer *viewer, const struct query_spec *spec,
			    const struct query_sink *sink, const volatile int *stop,
			    struct query_end *end, struct err *err);
/* The same within this process, for tests that measure or compare. */
[[nodiscard]] int query_run_here(const char *dir, const struct root_source *root,
				 const struct query_viewer *viewer, const struct query_spec *spec,
				 const struct query_sink *sink, struct query_end *end,
				 struct err *err);
/* All that redoubt-query does, its sandbox included. Returns an exit status. */
int query_serve(int channel_fd);

#endif
