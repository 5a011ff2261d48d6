/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GraphQL requests: arbitrary bytes as a JSON body, a document or the query of a GET. Held: the row
 * is the same whether they come one by one or at once, and what stands in it is a name.
 *
 *   input = form (u8), bytes
 */
#include "fake_engine.h"
#include "http/http.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void discard_all(struct dissect_stream *s)
{
	while (s->first)
		dissect_tx_discard(s, s->first);
}

static const struct dissector none = { .name = "none", .close = discard_all };

static struct fake *run(unsigned form, struct str in, size_t step)
{
	static const char *const types[] = { "application/json", "application/graphql", "" };
	struct fake *f = fake_new(&none, true);
	struct dissect_tx *tx = dissect_tx_open(&f->ds, record_kind_by_id(KIND_HTTP), 0);
	struct http_graphql *g;

	assert(tx);
	f->opens_body = true;
	row_put_str(tx->row, http_method, form == 2 ? STR("GET") : STR("POST"));
	row_put_str(tx->row, http_request_content_type, str_of(types[form]));
	if (form == 2)
		row_put_str(tx->row, http_query, in);
	g = http_graphql_begin(&f->ds, tx);
	for (; g && in.n; in = str_skip(in, step))
		(void)http_graphql_feed(g, tx->arena, str_head(in, step));
	if (g)
		http_graphql_end(g, tx->row);
	if (row_has(tx->row, http_graphql_operation.ref.slot)) {
		assert(graphql_is_name(tx->row->slot[http_graphql_operation.ref.slot].s));
		fake_append_field(f, tx->row, http_graphql_operation.ref.slot);
	}
	if (row_has(tx->row, http_graphql_type.ref.slot))
		fake_append_field(f, tx->row, http_graphql_type.ref.slot);
	fake_close(f);
	return f;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fake *whole, *bytewise;
	struct str in;

	if (size < 1 || size > 16 * KIB)
		return 0;
	in = (struct str){ (const char *)data + 1, size - 1 };
	whole = run(data[0] % 3, in, SIZE_MAX);
	bytewise = run(data[0] % 3, in, 1);
	assert(strcmp(whole->text, bytewise->text) == 0);
	fake_free(whole);
	fake_free(bytewise);
	return 0;
}
