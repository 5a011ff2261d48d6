/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kind redis: a Redis command with its reply, or a message that the server pushed. Its fields
 * and the names of their choices, in the form that kinds.h explains and reads.
 */
#ifndef REDOUBT_RECORD_KINDS_REDIS_H
#define REDOUBT_RECORD_KINDS_REDIS_H

// clang-format off
#define REDIS_FIELDS(F, k) \
	F(k, 100, STR, N1(command), PUBLIC, META, FIELD_FACET | FIELD_TABLE, "", "Command, with its subcommand, in capitals, where it is a known one", "db.operation.name", "", "resp.bulk_string") \
	F(k, 101, STR, N1(key), KEY, META, FIELD_INDEX | FIELD_TABLE, "", "First key; parts that look like ids, tokens or addresses are replaced", "", "", "") \
	F(k, 102, U64, N1(keys), PUBLIC, META, 0, "", "Keys of the command", "", "", "") \
	F(k, 103, U64, N1(arguments), PUBLIC, META, 0, "", "Arguments behind the command", "", "", "") \
	F(k, 104, ENUM, N2(response, type), PUBLIC, META, FIELD_FACET | FIELD_TABLE, "", "Type of the reply", "", "", "") \
	F(k, 105, STR, N1(error), PUBLIC, META, FIELD_FACET | FIELD_TABLE, "", "First word of an error reply where it is a known one, such as WRONGPASS", "db.response.status_code", "", "") \
	F(k, 106, DUR, N1(latency), PUBLIC, META, FIELD_TABLE, "ns", "From the end of the command to the end of its reply", "db.client.operation.duration", "", "") \
	F(k, 107, U64, N2(request, bytes), PUBLIC, META, FIELD_TABLE, "bytes", "Length of the command", "", "", "") \
	F(k, 108, U64, N2(response, bytes), PUBLIC, META, FIELD_TABLE, "bytes", "Length of the reply", "", "", "") \
	F(k, 109, U64, N2(response, elements), PUBLIC, META, 0, "", "Elements of the reply, where it has any", "db.response.returned_rows", "", "") \
	F(k, 110, U64, N1(depth), PUBLIC, META, 0, "", "Commands that waited for their replies when it was sent, itself among them", "", "", "") \
	F(k, 111, BOOL, N1(inline), PUBLIC, META, FIELD_FACET, "", "It was written as a line of words", "", "", "") \
	F(k, 112, BOOL, N1(pushed), PUBLIC, META, FIELD_FACET | FIELD_TABLE, "", "The server sent it without being asked", "", "", "") \
	F(k, 113, U64, N1(sequence), PUBLIC, META, 0, "", "Number of the command in its connection, from 1", "", "", "") \
	F(k, 114, LIST_STR, N1(anomalies), PUBLIC, META, FIELD_FACET, "", "What is unusual", "", "", "") \
	F(k, 115, ENUM, N1(state), PUBLIC, META, FIELD_FACET, "", "Whether command and reply were seen whole; complete too where the client wants no reply", "", "", "")
// clang-format on

#define REDIS_ENUMS(V)                                                                             \
	V(redis_response_type, "simple", "error", "integer", "bulk", "array", "null", "map",       \
	  "set", "double", "boolean", "big-number", "verbatim", "push")                            \
	V(redis_state, "complete", "no-response", "no-request", "cut")

enum redis_state { REDIS_COMPLETE, REDIS_NO_RESPONSE, REDIS_NO_REQUEST, REDIS_CUT };

#endif
