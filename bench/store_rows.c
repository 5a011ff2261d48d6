// SPDX-License-Identifier: Apache-2.0
/*
 * Rows from a counter. BENCH_DISTINCT of them are encoded once; after that only id, time and flow
 * are written into the bytes, so that making rows costs little beside storing them.
 */
#include "bench/store.h"

#include <stdio.h>
#include <stdlib.h>

static struct kept {
	char *bytes;
	struct row_view view;
	size_t time_at, flow_at; /* of their values in the bytes */
} kept[BENCH_DISTINCT];

void bench_fact(uint64_t i, struct bench_fact *f)
{
	static const char *const methods[] = { "GET",  "GET", "GET",  "GET",
					       "POST", "PUT", "HEAD", "DELETE" };
	static const uint16_t statuses[] = { 200, 200, 200, 200, 200, 200, 201, 204,
					     301, 304, 400, 403, 404, 404, 500, 503 };
	uint64_t h = hash_mix(i % BENCH_DISTINCT, 17);

	f->time = BENCH_FROM_NS + (int64_t)i * BENCH_STEP_NS + (int64_t)(h % 900000);
	f->src_ip = 0x0a000000 + (uint32_t)(h % BENCH_CLIENTS);
	f->dst_ip = 0x0a600000 + (uint32_t)(h >> 16) % BENCH_HOSTS;
	f->src_port = (uint16_t)(32768 + (h >> 24) % 28000);
	f->dst_port = 8080;
	f->method = methods[(h >> 32) % ARRAY_LEN(methods)];
	f->status = statuses[(h >> 36) % ARRAY_LEN(statuses)];
	(void)snprintf(f->host, sizeof(f->host), "svc%u.shop.example",
		       (unsigned)((h >> 16) % BENCH_HOSTS));
	(void)snprintf(f->path, sizeof(f->path), "/api/v1/catalogue/%u/items",
		       (unsigned)((h >> 40) % BENCH_PATHS));
	f->latency = (int64_t)(NS_PER_MS / 4 + (h >> 20) % (1U << (10 + (h >> 60))) * 1000);
	f->bytes = 200 + (h >> 12) % 16384;
	f->flow = hash_mix(i / 8, 3);
}

static struct ip_addr ipv4(uint32_t a)
{
	return (struct ip_addr){ { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, (uint8_t)(a >> 24),
				   (uint8_t)(a >> 16), (uint8_t)(a >> 8), (uint8_t)a } };
}

/* Where the bytes of a word of a row stand. */
static size_t place(const struct row_view *v, unsigned slot)
{
	const uint8_t *entry = (const uint8_t *)v->bytes.p + 24 + (v->at[slot] - 1U) * (size_t)8;

	return load_u32le(entry + 4);
}

static void keep(struct kept *k, const struct bench_fact *f)
{
	static _Alignas(8) char memory[sizeof(struct row) + ROW_SLOTS_MAX * sizeof(union row_slot)];
	struct row *row = (void *)memory;
	char bytes[4096];
	ptrdiff_t n;

	row_init(row, record_kind_by_id(KIND_HTTP));
	row_put_time(row, common_time, f->time);
	row_put_ip(row, common_src_ip, ipv4(f->src_ip));
	row_put_u64(row, common_src_port, f->src_port);
	row_put_ip(row, common_dst_ip, ipv4(f->dst_ip));
	row_put_u64(row, common_dst_port, f->dst_port);
	row_put_u64(row, common_flow_id, f->flow);
	row_put_str(row, http_method, str_of(f->method));
	row_put_str(row, http_host, str_of(f->host));
	row_put_str(row, http_path, str_of(f->path));
	row_put_u64(row, http_status, f->status);
	row_put_dur(row, http_latency, f->latency);
	row_put_u64(row, http_response_body_bytes, f->bytes);
	n = row_encode_clear(row, bytes, sizeof(bytes));
	k->bytes = n > 0 ? malloc((size_t)n) : NULL;
	if (!k->bytes)
		abort();
	memcpy(k->bytes, bytes, (size_t)n);
	if (row_view((struct str){ k->bytes, (size_t)n }, &k->view) < 0)
		abort();
	k->time_at = place(&k->view, common_time.ref.slot);
	k->flow_at = place(&k->view, common_flow_id.ref.slot);
}

const struct row_view *bench_row(uint64_t i)
{
	struct kept *k = &kept[i % BENCH_DISTINCT];
	uint64_t id[2] = { UINT64_C(7) << 32 | 1, i + 1 }, flow = hash_mix(i / 8, 3);
	struct bench_fact f;
	int64_t time;

	if (!k->bytes) {
		bench_fact(i, &f);
		keep(k, &f);
	}
	memcpy(&time, k->bytes + k->time_at, sizeof(time));
	time = BENCH_FROM_NS + (int64_t)i * BENCH_STEP_NS + time % BENCH_STEP_NS;
	memcpy(k->bytes + 8, id, sizeof(id));
	memcpy(k->bytes + k->time_at, &time, sizeof(time));
	memcpy(k->bytes + k->flow_at, &flow, sizeof(flow));
	k->view.id_hi = id[0];
	k->view.id_lo = id[1];
	return &k->view;
}
