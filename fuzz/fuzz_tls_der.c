/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Certificates of arbitrary bytes: nothing is read beyond the end, texts stay within their limits,
 * and walking elements comes to its end.
 */
#include "tls/x509.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_names(const struct x509 *x)
{
	struct str name[X509_NAMES_MAX], text;
	struct pool pool;
	struct arena arena;
	int64_t t;
	bool cut;

	if (pool_init(&pool, 4 * KIB, 16) < 0)
		return;
	arena_init(&arena, &pool, 64 * KIB);
	text = x509_name(x->subject, &arena, &cut);
	assert(text.n <= X509_NAME_TEXT_MAX);
	text = x509_name(x->issuer, &arena, &cut);
	assert(text.n <= X509_NAME_TEXT_MAX);
	assert(x509_alternatives(x->alternatives, &arena, name, &cut) <= X509_NAMES_MAX);
	(void)!der_time(&x->not_before, &t);
	(void)!der_time(&x->not_after, &t);
	arena_done(&arena);
	pool_done(&pool);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str in = { (const char *)data, size };
	struct x509 x;
	struct der d;

	(void)!x509_parse(in, &x);
	read_names(&x);
	while (der_next(&in, &d) == 1)
		assert(d.whole.n >= 2 && d.body.n < d.whole.n);
	return 0;
}
