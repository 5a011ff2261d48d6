/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rows that bench/store measures with: metadata of HTTP exchanges, as much alike from run to
 * run as a seed makes them. Every tool gets the same ones.
 */
#ifndef REDOUBT_BENCH_STORE_H
#define REDOUBT_BENCH_STORE_H

#include "record/record.h"

/* One exchange each millisecond. */
#define BENCH_STEP_NS  NS_PER_MS
#define BENCH_FROM_NS  (INT64_C(1767225600) * NS_PER_S) /* 2026-01-01 */
#define BENCH_PATHS    2000
#define BENCH_HOSTS    50
#define BENCH_CLIENTS  5000
#define BENCH_DISTINCT 65536 /* rows that are made; further ones repeat them at other times */

/* What a row says, for tools that do not take rows of ours. */
struct bench_fact {
	int64_t time;
	uint32_t src_ip, dst_ip; /* IPv4 */
	uint16_t src_port, dst_port, status;
	const char *method;
	char host[24], path[48];
	int64_t latency;
	uint64_t bytes, flow;
};

void bench_fact(uint64_t i, struct bench_fact *out);
/* Row i, encoded and indexed; borrowed until the next call. */
const struct row_view *bench_row(uint64_t i);

#endif
