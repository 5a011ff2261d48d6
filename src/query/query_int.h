/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of this room share. A query is checked into a plan (plan.c); pieces come from a
 * listing on the side that has the keys (list.c), or over a channel from it (channel.c); the engine
 * merges their rows (engine.c) or adds them up (aggregate.c); results travel framed through a ring
 * (results.c).
 */
#ifndef REDOUBT_QUERY_INT_H
#define REDOUBT_QUERY_INT_H

#include "query/query.h"

/* ---- Plan (plan.c) --------------------------------------------------------------------------- */

/* A spec that was checked, with what follows from it. */
struct query_plan {
	struct query_spec spec;
	struct filter *filter; /* NULL: all rows */
	bool aggregates;
	bool ranged; /* rows without a time, or beyond the range, are left out */
	unsigned keys;
	const struct field *by[QUERY_BY_MAX], *sum, *quantile;
	unsigned quantiles;
	uint64_t limit; /* never 0 */
};

/* ERR_QUERY, ERR_FILTER, or ERR_QUERY_PART when it names a field of a part beyond those. */
[[nodiscard]] int query_plan_new(const struct query_spec *spec, unsigned parts,
				 struct query_plan **out, struct err *err);
void query_plan_free(struct query_plan *p);
CLEANUP_DEFINE(struct query_plan *, query_plan_free)
/* Is the row what is asked for, as far as time and filter go? */
bool query_plan_match(const struct query_plan *p, const struct row_view *row);
/* The value of a field of the plan in a row; false when it has none, or is of another kind. */
bool query_plan_value(const struct query_plan *p, const struct field *f, const struct row_view *row,
		      struct row_value *out);
/* Where an arrival number stands in the order of a query: ascending whichever way it goes. It is
 * its own inverse. */
static inline uint64_t query_key(enum query_order order, uint64_t arrival)
{
	return order == QUERY_OLDEST ? arrival : ~arrival;
}

/* ---- Values (value.c) ------------------------------------------------------------------------ */

/* May this type be a key of groups; may it be added up? */
bool query_type_groups(unsigned type);
bool query_type_adds(unsigned type);
/* The bytes of a value that is a key, borrowed from it, and the value of them, which borrows texts;
 * false when the type has none of this length. Type 0 is an absent one. */
struct str query_value_bytes(const struct row_value *v);
bool query_value_of(unsigned type, struct str bytes, struct row_value *out);
/* Absent ones first, then in the order of their type. */
int query_value_compare(const struct row_value *a, const struct row_value *b);

/* The number at a row of a column of words, dictionary or not. */
static inline uint64_t query_number(const struct column *c, size_t row)
{
	uint64_t word = column_word(c, row);

	return c->distinct ? c->words[word] : word;
}

static inline size_t query_pad8(size_t n)
{
	return (n + 7) & ~(size_t)7;
}

/* ---- Quantiles (sketch.c) -------------------------------------------------------------------- */

#define SKETCH_ERROR QUERY_QUANTILE_ERROR
/* Limit: different (group, bucket) pairs: 128 MiB of them. */
#define SKETCH_CELLS_MAX (UINT64_C(1) << 22)

struct sketch;

[[nodiscard]] int query_sketch_new(uint64_t seed, struct sketch **out);
void query_sketch_free(struct sketch *s);
CLEANUP_DEFINE(struct sketch *, query_sketch_free)
/* The bucket of a value, ascending with it. */
uint32_t query_sketch_bucket(double value);
/* Counts a value of a group n times: 0, -ENOBUFS (it was left out) or -ENOMEM. */
[[nodiscard]] int query_sketch_add(struct sketch *s, uint32_t group, uint32_t bucket, uint64_t n);
/* Behind it nothing is added. */
void query_sketch_finish(struct sketch *s);
/* The value with rank floor(q × (n - 1)) of a group, within SKETCH_ERROR; false when it has none.
 */
bool query_sketch_quantile(const struct sketch *s, uint32_t group, double q, double *out);

/* ---- Groups (aggregate.c, aggregate_columns.c) ----------------------------------------------- */

/* Limit: bytes of the keys of all groups; a group that does not fit is one of the rest. */
#define AGGREGATE_KEYS_MAX (64 * MIB)

struct aggregate;

[[nodiscard]] int query_aggregate_new(const struct query_plan *plan, uint64_t seed,
				      struct aggregate **out);
void query_aggregate_free(struct aggregate *a);
CLEANUP_DEFINE(struct aggregate *, query_aggregate_free)
/* 0 or -ENOMEM, as below. */
[[nodiscard]] int query_aggregate_add_row(struct aggregate *a, const struct row_view *row);

/* Rows of one kind as columns, NULL where no row has the field. */
struct aggregate_rows {
	uint16_t kind_id;
	uint32_t rows;
	const uint64_t *selected; /* NULL: all */
	size_t count;             /* of selected rows */
	const struct column *by[QUERY_BY_MAX], *time, *sum, *quantile;
};
[[nodiscard]] int query_aggregate_add_rows(struct aggregate *a, const struct aggregate_rows *rows);
/* Why the groups are no whole answer, or NULL: not all have a group of their own, or quantiles had
 * no room for all values. */
const char *query_aggregate_lacks(const struct aggregate *a);
/* Gives the groups in their order, until one is answered with false. */
[[nodiscard]] int query_aggregate_give(struct aggregate *a,
				       bool (*give)(void *owner, const struct query_group *group),
				       void *owner);

/* Shared by the two files. */

/* A group's number, by the values of its key: a new one when there is room, else the rest.
 * Negative: -ENOMEM. has NULL where the value is absent. */
struct group_key {
	int64_t at_ns;
	const struct row_value *value[QUERY_BY_MAX];
};
[[nodiscard]] ptrdiff_t query_aggregate_group(struct aggregate *a, const struct group_key *key);
void query_aggregate_count(struct aggregate *a, size_t group, uint64_t n);
[[nodiscard]] int query_aggregate_value(struct aggregate *a, size_t group,
					const struct row_value *sum,
					const struct row_value *quantile);
/* What its step of time begins with; rows without a time: INT64_MIN. */
int64_t query_aggregate_step(const struct query_plan *p, bool has, int64_t time_ns);
const struct query_plan *query_aggregate_plan(const struct aggregate *a);
struct query_aggregate_work; /* what aggregate_columns.c needs from one call to the next */
struct query_aggregate_work **query_aggregate_work(struct aggregate *a);
void query_aggregate_work_free(struct query_aggregate_work *w);

/* ---- Pieces ---------------------------------------------------------------------------------- */

/* Where pieces come from, in the order of the query: by first arrival, ascending or descending. */
struct query_pieces {
	size_t count;
	/* At most the arrival number of a piece's first row; asked of the piece behind the one that
	 * was opened last, or of the first. */
	uint64_t (*first)(void *owner, size_t i);
	/* 0, -ENOENT when it is gone for ever, or negative with *err. It may be asked for again. */
	int (*open)(void *owner, size_t i, struct store_piece *out, struct err *err);
	void *owner;
};

/* ---- The engine (engine.c) ------------------------------------------------------------------- */

/* Where results go; false ends the query. A row's bytes are one row. */
struct query_out {
	bool (*row)(void *owner, uint64_t arrival, struct str row);
	bool (*group)(void *owner, const struct query_group *group);
	void (*problem)(void *owner, const char *text);
	void *owner;
};

struct query_job {
	const struct query_plan *plan;
	const struct query_pieces *pieces;
	const struct query_out *out;
	uint64_t seed;    /* of hashes */
	int64_t begun_ns; /* when patience began, by time_mono_ns() */
};

/* Runs it to its end. What is wrong with a piece is told as a problem, and is no error. */
[[nodiscard]] int query_engine(const struct query_job *job, struct query_end *end, struct err *err);

#endif
