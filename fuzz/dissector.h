/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The fuzzer of a dissector of streams: conversations of arbitrary bytes, holes and ends on the
 * fake engine, which asserts the contract. Held: the rows are the same whether the bytes of an
 * event come one by one or at once, and the same up to any place where the conversation is cut; and
 * no transaction is left open. A protocol's fuzzer defines FUZZ_DISSECTOR, and FUZZ_HANDED where
 * another protocol hands over to it, and includes this.
 *
 *   input = settings, then events: what (u8), length (u8 of sixteens for bytes), bytes
 */
#ifndef REDOUBT_FUZZ_DISSECTOR_H
#define REDOUBT_FUZZ_DISSECTOR_H

#include "fake_engine.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

extern const struct dissector FUZZ_DISSECTOR;

enum { SETTING_MIDSTREAM = 1, SETTING_TIGHT = 2, SETTING_OPENS_BODY = 4, SETTING_DATAGRAMS = 8 };

static void play_event(struct fake *f, struct cur *c, bool datagrams, size_t step)
{
	uint8_t what = cur_u8(c);
	size_t n = (size_t)cur_u8(c) * 16;
	enum dissect_side side = what & 1 ? FROM_SERVER : FROM_CLIENT;

	f->ds.at_ns += NS_PER_MS;
	if (what % 8 < 6) {
		struct str bytes;

		n = size_min(n, c->n);
		bytes = (struct str){ (const char *)cur_take(c, n), n };
		if (datagrams)
			fake_datagram(f, side, bytes, what & 16 ? what : 0);
		else
			fake_send(f, side, bytes, step);
	} else if (!datagrams && what & 8) {
		fake_finish(f, side);
	} else if (!datagrams) {
		fake_hole(f, side, n + 1);
	}
}

static struct fake *play(const uint8_t *data, size_t size, size_t step)
{
	struct cur c = cur_of(data, size);
	uint8_t settings = cur_u8(&c);
	struct fake *f = fake_new(&FUZZ_DISSECTOR, !(settings & SETTING_MIDSTREAM));
	bool datagrams = (settings & SETTING_DATAGRAMS) && f->d->datagram;

	if (settings & SETTING_TIGHT)
		f->open_max = 2;
	f->opens_body = settings & SETTING_OPENS_BODY;
#ifdef FUZZ_HANDED
	fake_handed(f, STR(FUZZ_HANDED));
#endif
	while (c.n >= 2 && (datagrams || f->d->feed))
		play_event(f, &c, datagrams, step);
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

#endif
