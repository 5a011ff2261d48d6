/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kind capture: a capture file that was read. Its fields and the names of their choices, in the
 * form that kinds.h explains and reads.
 */
#ifndef REDOUBT_RECORD_KINDS_CAPTURE_H
#define REDOUBT_RECORD_KINDS_CAPTURE_H

// clang-format off
#define CAPTURE_FIELDS(F, k)                                                                                             \
	F(k, 100, ENUM, N1(format), PUBLIC, META, FIELD_FACET, "", "Format of the file", "", "", "")                     \
	F(k, 101, ENUM, N1(compression), PUBLIC, META, 0, "", "Compression of the file", "", "", "")                     \
	F(k, 102, U64, N1(file_bytes), PUBLIC, META, 0, "bytes", "Bytes read from the file", "", "", "")                 \
	F(k, 103, U64, N1(packets), PUBLIC, META, FIELD_TABLE, "", "Frames in the file", "", "", "")                               \
	F(k, 104, U64, N1(packet_bytes), PUBLIC, META, 0, "bytes", "Their bytes on the wire", "", "", "")                \
	F(k, 105, TIME, N1(until), PUBLIC, META, 0, "", "Time of the last frame", "", "", "")                            \
	F(k, 106, BOOL, N1(truncated), PUBLIC, META, FIELD_FACET | FIELD_TABLE, "", "The file ends within a frame or block", "", "", "") \
	F(k, 107, U64, N1(delivered), PUBLIC, META, 0, "", "Frames that were accounted to a flow or kept as other", "", "", "") \
	F(k, 108, U64, N1(dropped), PUBLIC, META, FIELD_TABLE, "", "Frames that were not, see the gap records", "", "", "")        \
	F(k, 109, U64, N1(fragments), PUBLIC, META, 0, "", "IP fragments used in reassembled packets", "", "", "")       \
	F(k, 110, MAP, N1(vlans), PUBLIC, META, 0, "", "Frames by VLAN id", "", "", "vlan.id")                           \
	F(k, 111, U64, N1(interfaces), PUBLIC, META, 0, "", "Interfaces the file describes", "", "", "")                 \
	F(k, 112, LIST_U64, N1(links), PUBLIC, META, 0, "", "Link types in the file (LINKTYPE numbers)", "", "", "")     \
	F(k, 113, STR, N1(error), PUBLIC, META, FIELD_FACET | FIELD_TABLE, "", "Why reading ended early, as an error id", "", "", "")
// clang-format on

#define CAPTURE_ENUMS(V)                                                                           \
	V(capture_format, "pcap", "pcapng")                                                        \
	V(capture_compression, "none", "gzip", "zstd")

#endif
