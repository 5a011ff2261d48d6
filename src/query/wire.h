/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the two processes of a query say to each other. Over the channel: one start message with the
 * ring; then the query process asks for pieces by their place in the list, and gets descriptors
 * and keys. Through the ring: its results, framed. The side with the keys believes nothing of what
 * it reads there: that process has parsed what attackers sent. Private to query.
 */
#ifndef REDOUBT_QUERY_WIRE_H
#define REDOUBT_QUERY_WIRE_H

#include "query/query_int.h"

/* ---- The channel ----------------------------------------------------------------------------- */

#define QUERY_START_VERSION 1
#define QUERY_RING_BYTES    (2 * MIB)

/* With the descriptors of the ring. */
struct query_start {
	uint32_t version;
	uint32_t parts;
	uint64_t ring_bytes, seed, pieces;
	uint64_t first; /* of the first piece */
	struct query_spec spec;
};
static_assert(sizeof(struct query_start) <= PROC_MESSAGE_MAX, "it is one message");

/* The one thing that the query process may ask for. */
struct query_ask {
	uint64_t piece;
};

/* The answer, with the descriptors that `has` names, ascending. */
struct query_give {
	uint64_t piece;
	int32_t result; /* 0, -ENOENT, or negative with text */
	uint32_t has;   /* bit i: fd[i] of the piece */
	uint64_t next_first;
	struct store_piece p;
	char text[256];
};
static_assert(sizeof(struct query_give) <= PROC_MESSAGE_MAX, "it is one message");

/* Receives one ask and answers it: 1, 0 when the other end is gone, -EBADMSG when what came is no
 * ask for a piece of the list, or another negative when it cannot be sent. parts: what may be given
 * away, whatever the list has. */
[[nodiscard]] int query_answer(int channel_fd, const struct query_pieces *pieces, unsigned parts);
/* Pieces over the channel: an owner and its functions for struct query_pieces. */
struct query_remote {
	int channel_fd;
	uint64_t first;     /* of the piece behind the one that came last */
	struct ring *flush; /* what is in it is wanted before the next piece */
};
uint64_t query_remote_first(void *owner, size_t i);
[[nodiscard]] int query_remote_open(void *owner, size_t i, struct store_piece *out,
				    struct err *err);

/* How long a query process may neither ask nor give anything; a test makes it shorter. */
extern int64_t query_hang_ns;

/* ---- Results (results.c) --------------------------------------------------------------------- */

enum result_type { RESULT_ROW = 1, RESULT_GROUP, RESULT_PROBLEM, RESULT_END, RESULT_FAILED };

/* Limit: of one result: a group whose keys are texts as long as a row may be. */
#define RESULT_MAX (64 * KIB + QUERY_BY_MAX * ROW_MAX)

/* Each writes one result, waiting for room: false when nobody reads any more. */
bool query_result_put_row(struct ring *ring, uint64_t arrival, struct str row);
bool query_result_put_group(struct ring *ring, const struct query_group *group);
bool query_result_put_problem(struct ring *ring, const char *text);
bool query_result_put_end(struct ring *ring, const struct query_end *end);
bool query_result_put_failed(struct ring *ring, const struct err *err);

/* One that was read. Everything borrowed lies in the reader. */
struct result {
	enum result_type type;
	uint64_t arrival;
	struct row_view row;
	struct query_group group;
	struct query_end end;
	struct err err;
	char problem[sizeof(((struct err *)NULL)->text)];
};

/* Reads results, and keeps them to what the plan allows: rows in order and behind the cursor,
 * groups of its fields, no more than its limit, texts that are printable. */
struct result_reader {
	const struct query_plan *plan;
	bool any;
	uint64_t last_key, given;
	bool ended;
	uint8_t *copy; /* RESULT_MAX: the ring may be changed while it is read */
};
[[nodiscard]] int query_result_reader_init(struct result_reader *r, const struct query_plan *plan);
void query_result_reader_done(struct result_reader *r);
/* The result at the front of bytes: how long it is, 0 when it is not all there, -EBADMSG when it is
 * not one that may come now. */
[[nodiscard]] ptrdiff_t query_result_take(struct result_reader *r, struct str bytes,
					  struct result *out);

/* ---- The list of pieces, where the keys are (list.c) ----------------------------------------- */

struct query_list;

/* Lists the store in the order of the query, without what the cursor has behind it. */
[[nodiscard]] int query_list_open(const char *dir, const struct root_source *root, unsigned parts,
				  const struct query_spec *spec, struct query_list **out,
				  struct err *err);
void query_list_free(struct query_list *l);
CLEANUP_DEFINE(struct query_list *, query_list_free)
/* Borrowed from the list. */
const struct query_pieces *query_list_pieces(const struct query_list *l);

#endif
