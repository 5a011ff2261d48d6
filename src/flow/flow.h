/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flow: from frames to rows. The engine keeps a table of flows in memory fixed at its start, joins
 * fragments and TCP segments, recognises protocols by content first and port second, feeds their
 * dissectors, pairs what they find, and writes a record for every connection and for everything it
 * did not see. When memory is short it sheds in a written order, and counts what it shed.
 */
#ifndef REDOUBT_FLOW_H
#define REDOUBT_FLOW_H

#include "base/base.h"
#include "packet/packet.h"
#include "record/record.h"

/*
 * Memory of one engine: every number here is a mapping that is touched only when used. A quarter of
 * the flows, streams, transactions and windows is there whatever happens; the others are had by who
 * comes first, as long as shared_bytes lasts. With the defaults that is at most, in MiB:
 *
 *                              all    a quarter
 *   flows          448 B     28.0      7.0
 *   streams        912 B      7.1      1.8
 *   transactions   4 KiB      8.0      2.0
 *   windows        4 KiB     16.0      4.0
 *                 16 KiB      2.0      0.5
 *                 64 KiB      2.0      0.5
 *                                     15.8 + 24 shared + 4 segments + 2 fragments + 0.5 hash = 46
 *
 * so that one kind of traffic can have all of what it needs, and all of them together stay far
 * below 64 MiB, the rings between the processes included.
 */
struct flow_conf {
	uint32_t flows;        /* table size; of more than 65536, what is more is not shared */
	uint32_t streams;      /* flows with a recognised protocol at once */
	uint32_t transactions; /* blocks of 4 KiB that open records share */
	/* Blocks of 4 KiB for incomplete messages and for what dissectors keep, such as the header
	 * tables of HTTP/2: some thousand connections with small ones. A 32nd as many are of 16 KiB
	 * and a 128th of 64 KiB, but one of each. */
	uint32_t windows;
	size_t shared_bytes;
	uint32_t segments;   /* blocks of 2 KiB for TCP bytes out of order */
	uint32_t fragments;  /* blocks of 2 KiB for IP fragments */
	int64_t idle_tcp_ns; /* a flow without a frame for so long ends; by the capture's clock */
	/* The same once it is over (RST, or both FINs), and where only one side has spoken. */
	int64_t idle_closed_ns;
	int64_t idle_other_ns; /* the same for all else */
	struct str observer;   /* goes into each row */
	uint64_t seed;         /* keys the table's hash */
	/* Does a rule open the body of the request in this row? NULL: never. */
	bool (*opens_body)(void *owner, const struct row *row);
	void *opens_body_owner;
};

void flow_conf_default(struct flow_conf *conf);

struct flow_engine;

/* What a source was, for its capture record. */
struct flow_source {
	unsigned format, compression;
	uint64_t file_bytes;
	uint32_t interfaces;
	bool truncated;
	const char *error; /* id from the error table, or NULL */
};

/* Everything is allocated here. *counters and *out outlive the engine. 0, -EINVAL, -ENOMEM. */
[[nodiscard]] int flow_engine_new(const struct flow_conf *conf, struct row_out *out,
				  struct counters *counters, struct flow_engine **engine);
void flow_engine_free(struct flow_engine *e);
CLEANUP_DEFINE(struct flow_engine *, flow_engine_free)
/* As new, with the memory kept. */
void flow_engine_reset(struct flow_engine *e);
/* One frame. Counts it as offered, and as delivered or dropped once its fate is known. One without
 * a time is as old as the one before it. */
void flow_engine_frame(struct flow_engine *e, const struct frame *frame);
/* A frame that the source had but could not give, for the reason named; bytes as on the wire. */
void flow_engine_lost(struct flow_engine *e, enum counter reason, uint64_t bytes, int64_t at_ns);
/* The source ended: every flow ends, every drop gets its gap record, and the capture record is
 * last. Invariant, asserted here: offered = delivered + drops. */
void flow_engine_end(struct flow_engine *e, const struct flow_source *source);

#endif
