/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kind ws: a WebSocket message, or a control frame. Its fields and the names of their choices,
 * in the form that kinds.h explains and reads.
 */
#ifndef REDOUBT_RECORD_KINDS_WS_H
#define REDOUBT_RECORD_KINDS_WS_H

// clang-format off
#define WS_FIELDS(F, k) \
	F(k, 100, BOOL, N1(from_server), PUBLIC, META, FIELD_FACET | FIELD_TABLE, "", "The server sent it", "", "", "") \
	F(k, 101, ENUM, N1(opcode), PUBLIC, META, FIELD_FACET | FIELD_TABLE, "", "What it is", "", "", "websocket.opcode") \
	F(k, 102, U64, N1(bytes), PUBLIC, META, FIELD_TABLE, "bytes", "Payload of its frames on the wire", "", "", "websocket.payload_length") \
	F(k, 103, U64, N1(content_bytes), PUBLIC, META, 0, "bytes", "Length of the message itself; of a compressed one after inflating, as far as the cap lets", "", "", "") \
	F(k, 104, U64, N1(frames), PUBLIC, META, 0, "", "Frames that it came in", "", "", "") \
	F(k, 105, BOOL, N1(compressed), PUBLIC, META, FIELD_FACET, "", "It was compressed (permessage-deflate, RFC 7692)", "", "", "") \
	F(k, 106, BOOL, N1(masked), PUBLIC, META, 0, "", "Its frames were masked, as those of a client must be", "", "", "websocket.mask") \
	F(k, 107, U64, N1(close_code), PUBLIC, META, FIELD_FACET | FIELD_TABLE, "", "Status code of a close frame", "", "", "websocket.payload.close.status_code") \
	F(k, 108, DUR, N1(duration), PUBLIC, META, 0, "ns", "From its first to its last frame", "", "", "") \
	F(k, 109, U64, N1(sequence), PUBLIC, META, 0, "", "Number of the message in its direction, from 1", "", "", "") \
	F(k, 110, ENUM, N1(state), PUBLIC, META, FIELD_FACET, "", "Whether it was seen whole", "", "", "") \
	F(k, 111, LIST_STR, N1(anomalies), PUBLIC, META, FIELD_FACET, "", "What is unusual in its frames", "", "", "")
// clang-format on

#define WS_ENUMS(V)                                                                                \
	V(ws_opcode, "text", "binary", "close", "ping", "pong", "other")                           \
	V(ws_state, "complete", "cut")

enum ws_opcode { WS_TEXT, WS_BINARY, WS_CLOSE, WS_PING, WS_PONG, WS_OTHER };
enum ws_state { WS_COMPLETE, WS_CUT };

#endif
