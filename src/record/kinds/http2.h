/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kind http2: an HTTP/2 connection as a whole: what its exchanges do not tell. Its fields and
 * the names of their choices, in the form that kinds.h explains and reads.
 */
#ifndef REDOUBT_RECORD_KINDS_HTTP2_H
#define REDOUBT_RECORD_KINDS_HTTP2_H

// clang-format off
#define HTTP2_FIELDS(F, k) \
	F(k, 100, U64, N1(streams), PUBLIC, META, FIELD_TABLE, "", "Streams that any frame named", "", "", "") \
	F(k, 101, U64, N1(exchanges), PUBLIC, META, FIELD_TABLE, "", "Exchanges that were recorded", "", "", "") \
	F(k, 102, U64, N1(shed), PUBLIC, META, 0, "", "Streams that were not recorded, because there were too many at once", "", "", "") \
	F(k, 103, U64, N1(pushes), PUBLIC, META, 0, "", "Pushed streams, which are counted and not decoded", "", "", "http2.push_promise.promised_stream") \
	F(k, 104, U64, N1(client_resets), PUBLIC, META, FIELD_TABLE, "", "Streams that the client ended early", "", "", "") \
	F(k, 105, U64, N1(server_resets), PUBLIC, META, FIELD_TABLE, "", "Streams that the server ended early", "", "", "") \
	F(k, 106, STR, N1(goaway), PUBLIC, META, FIELD_FACET | FIELD_TABLE, "", "Error code of the last GOAWAY", "", "", "http2.goaway.error") \
	F(k, 107, MAP, N1(frames), PUBLIC, META, 0, "", "Frames by type, with counts", "", "", "http2.type") \
	F(k, 108, MAP, N2(client, settings), PUBLIC, META, 0, "", "Settings of the client, the last value of each", "", "", "") \
	F(k, 109, MAP, N2(server, settings), PUBLIC, META, 0, "", "Settings of the server, the last value of each", "", "", "") \
	F(k, 110, U64, N1(unknown_headers), PUBLIC, META, 0, "", "Header fields that were said by reference to something before the capture", "", "", "") \
	F(k, 111, BOOL, N1(upgraded), PUBLIC, META, 0, "", "It began as HTTP/1.1", "", "", "") \
	F(k, 112, BOOL, N1(midstream), PUBLIC, META, FIELD_FACET, "", "It began before the capture", "", "", "") \
	F(k, 113, DUR, N1(duration), PUBLIC, META, 0, "ns", "From its first to its last frame", "", "", "") \
	F(k, 114, LIST_STR, N1(anomalies), PUBLIC, META, FIELD_FACET | FIELD_TABLE, "", "What is unusual, floods among it", "", "", "")
// clang-format on

#define HTTP2_ENUMS(V)

#endif
