/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GraphQL over any HTTP version: the name and type of the operation that a request asks for, where
 * a body rule opens it. The body is read as it goes by: of it nothing is kept but the names of
 * operations, and nothing of it stands in the row but the one that is meant.
 */
#ifndef REDOUBT_HTTP_GRAPHQL_H
#define REDOUBT_HTTP_GRAPHQL_H

#include "base/base.h"
#include "dissect/dissect.h"
#include "record/record.h"
#include "json/json.h"

/* Limit: bytes of a body that are read for it. */
#define GRAPHQL_BODY_MAX (64 * KIB)
/* Limit: a name; a longer one is left out. */
#define GRAPHQL_NAME_MAX 128
/* Limit: operations of one document among which one is chosen. */
#define GRAPHQL_OPERATIONS_MAX 16

/* ---- Documents ------------------------------------------------------------------------------- */

struct graphql_operation {
	struct str name; /* in the arena, or empty */
	uint8_t type;    /* enum http_graphql_type */
};

/* A document being read: definitions of operations are found, all else is passed over. Zeroed it is
 * at its begin. */
struct graphql_lexer {
	uint8_t mode;    /* within a comment, a string … */
	uint8_t quotes;  /* in a row so far */
	bool escaped;    /* behind a backslash */
	uint8_t place;   /* of the definition */
	uint8_t type;    /* of its operation */
	uint32_t depth;  /* of all brackets */
	uint8_t name_n;  /* of a name being read, above GRAPHQL_NAME_MAX when it is too long … */
	uint8_t title_n; /* … and of the operation's, once it was read */
	char name[GRAPHQL_NAME_MAX], title[GRAPHQL_NAME_MAX];
	unsigned operations;
	bool more;                           /* operations than are kept */
	struct graphql_operation *operation; /* in the arena */
};

/* The next bytes, over any split. */
void graphql_lexer_feed(struct graphql_lexer *l, struct arena *arena, struct str in);
/* It stands between two definitions. */
bool graphql_lexer_is_whole(const struct graphql_lexer *l);
/* Is s a Name of the GraphQL grammar? */
bool graphql_is_name(struct str s);

/* ---- Requests -------------------------------------------------------------------------------- */

/* A request whose body is read. */
struct http_graphql {
	struct json_tokenizer json;
	struct graphql_lexer lexer;
	uint32_t left; /* bytes that may still be read */
	bool is_json, done;
	bool whole;     /* all was read that could matter */
	bool in_batch;  /* the document is an array, and its first element counts */
	bool fresh;     /* the next token is not the rest of one */
	uint8_t depth;  /* of JSON, as far as it matters */
	uint8_t member; /* of the request object, whose value is next */
	uint8_t key_n;
	char key[16];
	uint8_t escape; /* of JSON, being read */
	uint16_t code;
	uint8_t asked_n; /* of operationName, above GRAPHQL_NAME_MAX when it is too long */
	char asked[GRAPHQL_NAME_MAX];
};

/* A request's head is in the row, of the kind http. Where it may be GraphQL by its method and type,
 * and a rule opens its body, answers what the body is to be fed to, in tx->arena; else NULL. That
 * of a GET is in its query, and the row is filled at once. */
struct http_graphql *http_graphql_begin(struct dissect_stream *s, struct dissect_tx *tx);
/* The next bytes of the content; false when no more are asked for. */
bool http_graphql_feed(struct http_graphql *g, struct arena *arena, struct str in);
/* Bytes are missing: what follows cannot be read. */
void http_graphql_torn(struct http_graphql *g);
/* The body is over, or as much of it as there is: fills http.graphql.operation and .type. */
void http_graphql_end(const struct http_graphql *g, struct row *row);

#endif
