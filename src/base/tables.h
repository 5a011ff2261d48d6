/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tables of errors and of counters: one row each, from which the enums, the texts, docs/errors
 * and the status output are made. A row's dotted name is for ever: it stands in logs, in problem
 * answers and in other people's alerts. New rows go at the end of their group.
 */
#ifndef REDOUBT_BASE_TABLES_H
#define REDOUBT_BASE_TABLES_H

/* E(name, "dotted id", errno, HTTP status, exit status, title, what to do) */
#define ERR_TABLE(E)                                                                               \
	E(NONE, "none", 0, 200, 0, "No error.", "")                                                \
	E(USAGE, "usage", EINVAL, 400, 2, "The command line is not understood.",                   \
	  "Run the command with --help to see what it takes.")                                     \
	E(OPTION, "usage.option", EINVAL, 400, 2, "An option is unknown or has a bad value.",      \
	  "Run the command with --help to see its options.")                                       \
	E(FILTER, "filter.bad", EINVAL, 400, 2, "The filter expression is not valid.",             \
	  "Correct it at the position shown; 'redoubt schema' lists the fields.")                  \
	E(FILE_OPEN, "file.open", ENOENT, 404, 2, "A file cannot be opened.",                      \
	  "Check the path and its permissions.")                                                   \
	E(FILE_READ, "file.read", EIO, 500, 10, "A file cannot be read.",                          \
	  "Check the disk; copy the file elsewhere and try again.")                                \
	E(OUTPUT, "output.write", EIO, 500, 10, "The output cannot be written.",                   \
	  "Check the disk or the program that reads the output.")                                  \
	E(CAPTURE_FORMAT, "capture.format", EINVAL, 415, 2, "This is not a capture file.",         \
	  "Give a pcap or pcapng file, plain or compressed by gzip or zstd.")                      \
	E(CAPTURE_VERSION, "capture.version", EINVAL, 415, 2,                                      \
	  "The capture file has a version that this program does not know.",                       \
	  "Convert it: editcap IN OUT.pcapng.")                                                    \
	E(CAPTURE_DAMAGED, "capture.damaged", EBADMSG, 422, 3, "The capture file is damaged.",     \
	  "What stands before the damage was read; capture again for the rest.")                   \
	E(CAPTURE_TRUNCATED, "capture.truncated", ENODATA, 422, 3,                                 \
	  "The capture file is cut short.",                                                        \
	  "Everything before the cut was read; a frame at the cut is counted as drop.cut.")        \
	E(JSON, "json.bad", EBADMSG, 422, 2, "The text is not valid JSON.",                        \
	  "Correct it at the byte shown.")                                                         \
	E(LIMIT, "limit", E2BIG, 413, 2, "A named limit was reached.",                             \
	  "See the limit in the text.")                                                            \
	E(MEMORY, "memory", ENOMEM, 503, 10, "There is not enough memory.",                        \
	  "Give the process more memory, or lower the limits in its options.")                     \
	E(SANDBOX, "sandbox.missing", EPERM, 500, 10, "A required sandbox layer is missing.",      \
	  "Run on a kernel with seccomp filters; the program does not start without them.")        \
	E(ROLE_START, "role.start", ECHILD, 500, 10, "A role program cannot be started.",          \
	  "Install all redoubt programs in one directory.")                                        \
	E(ROLE_DIED, "role.died", ECHILD, 500, 10, "A role program ended unexpectedly.",           \
	  "This is a defect: report it with the log line; rows up to here are complete.")          \
	E(STORE_NONE, "store.none", ENOENT, 404, 2, "There is no store here.",                     \
	  "Check --state; 'redoubt traffic -r FILE --state DIR' makes one.")                       \
	E(STORE_BUSY, "store.busy", EBUSY, 503, 5, "The store is in use by another writer.",       \
	  "Wait for it to end, or end it; reading needs no turn.")                                 \
	E(STORE_DAMAGED, "store.damaged", EBADMSG, 500, 3, "Something in the store is damaged.",   \
	  "Run 'redoubt doctor store' to see all of it; the rest stays readable.")                 \
	E(STORE_VERSION, "store.version", ENOTSUP, 500, 2,                                         \
	  "The store was written by a newer version.", "Use that version, or a newer one.")        \
	E(STORE_OTHER, "store.other", EXDEV, 500, 3, "A file belongs to another store.",           \
	  "Move it out of the state directory; its keys are elsewhere.")                           \
	E(STORE_IO, "store.io", EIO, 500, 10, "The store cannot be read or written.",              \
	  "Check the disk and the permissions of the state directory.")                            \
	E(STORE_FULL, "store.disk-full", ENOSPC, 507, 10, "The disk is full.",                     \
	  "Free space, or keep less: --keep-bytes.")                                               \
	E(KEY_FILE, "key.file", EACCES, 500, 4, "The root key cannot be used.",                    \
	  "Keep it in a file of your own, mode 0600, outside the state directory.")                \
	E(KEY_WRONG, "key.wrong", EKEYREJECTED, 403, 4, "This root key does not open this store.", \
	  "Give the key that the store was made with: --key-file or --passphrase-file.")           \
	E(QUERY, "query.bad", EINVAL, 400, 2, "The query is not valid.",                           \
	  "Correct the word shown; 'redoubt schema' lists the fields.")                            \
	E(QUERY_PART, "query.not-allowed", EPERM, 403, 4,                                          \
	  "The query names a field that you may not read.",                                        \
	  "Leave it out, or ask for the right to its part.")                                       \
	E(INTERNAL, "internal", EIO, 500, 10, "An unexpected condition.",                          \
	  "This is a defect: report it with the log line.")

#define ERR_ENUM(name, ...) ERR_##name,
enum err_id { ERR_TABLE(ERR_ENUM) ERR_COUNT };

/*
 * C(name, "dotted name", role, help)
 * Every frame of a source ends in exactly one row of role DELIVERED or DROP; NOTE counts other
 * things that a person wants to know, losses above the frame among them.
 */
#define COUNTER_TABLE(C)                                                                           \
	C(FRAMES_OFFERED, "frames.offered", OFFERED, "Frames that the source held")                \
	C(FRAMES_FLOW, "frames.flow", DELIVERED, "Frames accounted to a flow")                     \
	C(FRAMES_FRAGMENT, "frames.fragment", DELIVERED,                                           \
	  "IP fragments used in a reassembled packet")                                             \
	C(FRAMES_OTHER, "frames.other", DELIVERED, "Frames that carry no IP packet, such as ARP")  \
	C(DROP_CUT, "drop.cut", DROP, "Frames cut by the end of a truncated file")                 \
	C(DROP_TOO_LONG, "drop.too-long", DROP, "Frames longer than the limit of a frame")         \
	C(DROP_LINK, "drop.link-unknown", DROP, "Frames of a link type that is not decoded")       \
	C(DROP_MALFORMED, "drop.malformed", DROP, "Frames whose headers contradict themselves")    \
	C(DROP_FRAG_TIMEOUT, "drop.fragment-timeout", DROP,                                        \
	  "Fragments whose packet never completed")                                                \
	C(DROP_FRAG_FULL, "drop.fragment-full", DROP,                                              \
	  "Fragments shed because their memory was full")                                          \
	C(DROP_FRAG_BAD, "drop.fragment-bad", DROP,                                                \
	  "Fragments that overlap or exceed their packet")                                         \
	C(ROWS, "rows.committed", NOTE, "Rows written to the ring")                                \
	C(ROWS_LOST, "rows.lost", NOTE, "Rows that found the ring full or exceeded a row's limit") \
	C(ROWS_CUT, "rows.cut", NOTE, "Rows with a value cut to its limit")                        \
	C(FLOWS, "flows.opened", NOTE, "Flows opened")                                             \
	C(FLOWS_IDLE, "flows.ended-idle", NOTE, "Flows ended because they were idle")              \
	C(FLOWS_EVICTED, "flows.evicted", NOTE, "Flows ended early to make room for others")       \
	C(TCP_RETRANSMITTED, "tcp.retransmitted", NOTE, "TCP segments seen before")                \
	C(TCP_OVERLAP, "tcp.overlap-differs", NOTE,                                                \
	  "TCP segments that repeat bytes with other content")                                     \
	C(TCP_GAPS, "tcp.gaps", NOTE, "Holes in TCP streams that were skipped")                    \
	C(TCP_GAP_BYTES, "tcp.gap-bytes", NOTE, "Bytes in those holes")                            \
	C(TCP_QUEUE_FULL, "tcp.queue-full", NOTE,                                                  \
	  "Holes skipped because the segment memory was full")                                     \
	C(TX_SHED, "transactions.shed", NOTE, "Transactions not recorded because memory was full") \
	C(PARSE_REJECTED, "parse.rejected", NOTE,                                                  \
	  "Streams whose protocol was no longer understood")                                       \
	C(FRAGMENTS_OVERLAP, "fragments.overlap", NOTE, "Packets whose fragments overlapped")      \
	C(BLOCKS_SKIPPED, "blocks.skipped", NOTE, "Capture file blocks that hold no frame")

#define COUNTER_ENUM(name, ...) COUNTER_##name,
enum counter { COUNTER_TABLE(COUNTER_ENUM) COUNTER_COUNT };

#endif
