/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Capture files: the first byte chooses how fast the window grows, the rest is the file. Read at
 * once and read in pieces, it must give the same answers, and each answer must keep its promises.
 */
#include "packet/packet.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct outcome {
	uint64_t events; /* hash of all answers in their order */
	uint64_t count;
	int end;
	struct err err;
};

static void note(struct outcome *o, uint64_t v)
{
	o->events = hash_mix(o->events + 1, v);
}

static void check_frame(struct outcome *o, const struct frame *frame, int answer, struct str window)
{
	if (answer == CAPFILE_FRAME) {
		assert(frame->bytes.n <= FRAME_MAX);
		assert(frame->wire_bytes >= frame->bytes.n);
		assert(frame->bytes.p >= window.p);
		assert(frame->bytes.n <= (size_t)(window.p + window.n - frame->bytes.p));
		note(o, hash_bytes(frame->bytes.p, frame->bytes.n, 0));
	} else {
		assert(frame->bytes.n == 0 && frame->wire_bytes > FRAME_MAX);
	}
	note(o, frame->wire_bytes);
	note(o, frame->interface);
	note(o, frame->link);
	note(o, (uint64_t)frame->at_ns);
}

static void read_all(struct str all, size_t step, struct outcome *o)
{
	static struct capfile cf;
	size_t begin = 0, end = 0;

	memset(o, 0, sizeof(*o));
	capfile_init(&cf);
	for (;;) {
		struct str window = { all.p + begin, end - begin };
		struct frame frame;
		size_t used;
		int r = capfile_next(&cf, window, &used, &frame, &o->err);

		assert(used <= window.n);
		begin += used;
		assert(cf.offset == begin);
		if (r == CAPFILE_FRAME || r == CAPFILE_SKIPPED)
			check_frame(o, &frame, r, window);
		if (r == CAPFILE_MORE) {
			assert(used > 0 || window.n < CAPFILE_WINDOW);
			if (end < all.n) {
				end += size_min(step, all.n - end);
				continue;
			}
			r = capfile_end(&cf, (struct str){ all.p + begin, end - begin }, &o->err);
			assert(r <= 2);
		} else if (r > 0) {
			assert(used > 0);
			note(o, (uint64_t)r);
			o->count++;
			continue;
		}
		o->end = r;
		return;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct outcome whole, pieces;
	struct str all;

	if (size < 1)
		return 0;
	all = (struct str){ (const char *)data + 1, size - 1 };
	read_all(all, SIZE_MAX, &whole);
	read_all(all, data[0] + (size_t)1, &pieces);

	assert(whole.events == pieces.events && whole.count == pieces.count);
	assert(whole.end == pieces.end);
	assert(strcmp(whole.err.text, pieces.err.text) == 0);
	return 0;
}
