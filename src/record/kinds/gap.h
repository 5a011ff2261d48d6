/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kind gap: something that was not seen. Its fields and the names of their choices, in the form
 * that kinds.h explains and reads.
 */
#ifndef REDOUBT_RECORD_KINDS_GAP_H
#define REDOUBT_RECORD_KINDS_GAP_H

// clang-format off
#define GAP_FIELDS(F, k)                                                                                                 \
	F(k, 100, STR, N1(reason), PUBLIC, META, FIELD_FACET | FIELD_TABLE, "", "The counter it adds to, such as drop.cut or tcp.gaps", "", "", "") \
	F(k, 101, U64, N1(frames), PUBLIC, META, FIELD_TABLE, "", "Frames not seen", "", "", "")                         \
	F(k, 102, U64, N1(bytes), PUBLIC, META, FIELD_TABLE, "bytes", "Bytes not seen", "", "", "")                      \
	F(k, 103, TIME, N1(until), PUBLIC, META, 0, "", "When it ended; it began at time", "", "", "")                   \
	F(k, 104, BOOL, N1(from_server), PUBLIC, META, 0, "", "The hole is in what the server sent", "", "", "")
// clang-format on

#define GAP_ENUMS(V)

#endif
