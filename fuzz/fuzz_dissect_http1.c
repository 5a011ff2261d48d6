/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Conversations of arbitrary bytes, holes and ends against the HTTP/1 dissector on the fake engine,
 * which asserts the contract. Held: the rows are the same whether the bytes of an event come one by
 * one or at once, and no transaction is left open.
 *
 *   input = settings, then events: what (u8), length (u8 of sixteens for bytes), bytes
 */
#include "dissect/http1/fake_engine.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

extern const struct dissector http1_dissector;

enum { SETTING_MIDSTREAM = 1, SETTING_TIGHT = 2 };

static struct fake *play(const uint8_t *data, size_t size, size_t step)
{
	struct cur c = cur_of(data, size);
	uint8_t settings = cur_u8(&c);
	struct fake *f = fake_new(&http1_dissector, !(settings & SETTING_MIDSTREAM));

	if (settings & SETTING_TIGHT)
		f->open_max = 2;
	while (c.n >= 2) {
		uint8_t what = cur_u8(&c);
		size_t n = (size_t)cur_u8(&c) * 16;
		enum dissect_side side = what & 1 ? FROM_SERVER : FROM_CLIENT;

		f->ds.at_ns += NS_PER_MS;
		if (what % 8 < 6) {
			n = size_min(n, c.n);
			fake_send(f, side, (struct str){ (const char *)cur_take(&c, n), n }, step);
		} else if (what & 8) {
			fake_finish(f, side);
		} else {
			fake_hole(f, side, n + 1);
		}
	}
	fake_close(f);
	return f;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fake *whole, *bytewise;

	if (size < 1 || size > 16 * KIB)
		return 0;
	whole = play(data, size, SIZE_MAX);
	bytewise = play(data, size, 1);
	assert(whole->over == bytewise->over && whole->rows == bytewise->rows);
	assert(str_eq((struct str){ whole->text, whole->text_n },
		      (struct str){ bytewise->text, bytewise->text_n }));
	fake_free(whole);
	fake_free(bytewise);
	return 0;
}
