/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kind postgresql: a PostgreSQL exchange: the start of a session, a query, a copy, a
 * cancellation. Its fields and the names of their choices, in the form that kinds.h explains and
 * reads.
 */
#ifndef REDOUBT_RECORD_KINDS_POSTGRESQL_H
#define REDOUBT_RECORD_KINDS_POSTGRESQL_H

// clang-format off
#define POSTGRESQL_FIELDS(F, k) \
	F(k, 100, STR, N1(operation), PUBLIC, META, FIELD_FACET | FIELD_TABLE, "", "What it is: startup, query, extended, copy-in, copy-out, copy-both, function, cancel, terminate, other", "", "", "") \
	F(k, 101, STR, N1(command), PUBLIC, META, FIELD_FACET | FIELD_TABLE, "", "First word of the statement or of the tag, such as SELECT", "db.operation.name", "", "") \
	F(k, 102, STR, N1(statement), SQL, META, FIELD_TABLE, "", "Text of the statement, with ? for every literal and without comments", "db.query.text", "", "pgsql.query") \
	F(k, 103, DUR, N1(latency), PUBLIC, META, FIELD_TABLE, "ns", "From the end of the request to the first message of the answer", "", "", "") \
	F(k, 104, DUR, N1(duration), PUBLIC, META, 0, "ns", "From the request to the end of the answer", "db.client.operation.duration", "", "") \
	F(k, 105, U64, N1(rows), PUBLIC, META, FIELD_TABLE, "", "Rows returned or changed, as counted on the wire or by the tag", "db.response.returned_rows", "", "") \
	F(k, 106, STR, N2(error, code), PUBLIC, META, FIELD_FACET | FIELD_TABLE, "", "SQLSTATE of an error", "db.response.status_code", "", "pgsql.code") \
	F(k, 107, STR, N2(error, severity), PUBLIC, META, FIELD_FACET, "", "Its severity", "", "", "pgsql.severity") \
	F(k, 108, U64, N1(errors), PUBLIC, META, 0, "", "Errors in the exchange", "", "", "") \
	F(k, 109, U64, N1(notices), PUBLIC, META, 0, "", "Notices in the exchange", "", "", "") \
	F(k, 110, STR, N1(user), PERSONAL, META, FIELD_INDEX | FIELD_FACET, "", "User of the session", "", "", "pgsql.parameter_value") \
	F(k, 111, STR, N1(database), PERSONAL, META, FIELD_INDEX | FIELD_FACET, "", "Database of the session", "db.namespace", "", "") \
	F(k, 112, STR, N1(authentication), PUBLIC, META, FIELD_FACET, "", "Method of authentication that the server asked for, such as scram-sha-256", "", "", "") \
	F(k, 113, STR, N1(encryption), PUBLIC, META, FIELD_FACET, "", "Answer to a request for encryption: accepted or refused", "", "", "") \
	F(k, 114, U64, N1(statements), PUBLIC, META, 0, "", "Statements that were completed", "", "", "") \
	F(k, 115, U64, N1(parameters), PUBLIC, META, 0, "", "Parameters that were bound", "", "", "") \
	F(k, 116, U64, N1(copied_rows), PUBLIC, META, 0, "", "Messages of copied data", "", "", "") \
	F(k, 117, U64, N1(copied_bytes), PUBLIC, META, 0, "bytes", "Their bytes", "", "", "") \
	F(k, 118, U64, N2(request, bytes), PUBLIC, META, 0, "bytes", "Bytes from the client", "", "", "") \
	F(k, 119, U64, N2(response, bytes), PUBLIC, META, 0, "bytes", "Bytes from the server", "", "", "") \
	F(k, 120, ENUM, N1(transaction), PUBLIC, META, FIELD_FACET, "", "State of the transaction behind it", "", "", "") \
	F(k, 121, MAP, N1(messages), PUBLIC, META, 0, "", "Messages of the exchange by their names, with counts", "", "", "pgsql.type") \
	F(k, 122, U64, N1(sequence), PUBLIC, META, 0, "", "Number of the exchange in its connection, from 1", "", "", "") \
	F(k, 123, LIST_STR, N1(anomalies), PUBLIC, META, FIELD_FACET, "", "What is unusual", "", "", "") \
	F(k, 124, ENUM, N1(state), PUBLIC, META, FIELD_FACET, "", "Whether both sides were seen whole", "", "", "")
// clang-format on

#define POSTGRESQL_ENUMS(V)                                                                        \
	V(postgresql_transaction, "idle", "open", "failed")                                        \
	V(postgresql_state, "complete", "no-response", "no-request", "cut")

enum postgresql_transaction { POSTGRESQL_IDLE, POSTGRESQL_OPEN, POSTGRESQL_FAILED };
enum postgresql_state {
	POSTGRESQL_COMPLETE,
	POSTGRESQL_NO_RESPONSE,
	POSTGRESQL_NO_REQUEST,
	POSTGRESQL_CUT
};

#endif
