/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names in messages (RFC 1035 3.1, 4.1.4). A pointer must lead to a place before the labels that it
 * ends, which every honest one does; so each jump goes further back and no chain of them can loop.
 */
#include "dissect/dns/message.h"

void dns_text_put_u64(struct text *t, uint64_t v)
{
	char digits[20];
	size_t at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + v % 10);
		v /= 10;
	} while (v);
	text_put(t, digits + at, sizeof(digits) - at);
}

static void put_escape(struct text *t, uint8_t c, char also)
{
	char out[4] = { '\\', (char)('0' + c / 100), (char)('0' + c / 10 % 10),
			(char)('0' + c % 10) };

	if (c == '\\' || c == (uint8_t)also) {
		out[1] = (char)c;
		text_put(t, out, 2);
	} else {
		text_put(t, out, 4);
	}
}

void dns_text_put_escaped(struct text *t, const uint8_t *p, size_t n, char also)
{
	size_t from = 0;

	for (size_t i = 0; i < n; i++) {
		if (likely(p[i] > ' ' && p[i] < 0x7f && p[i] != '\\' && p[i] != (uint8_t)also))
			continue;
		text_put(t, p + from, i - from);
		put_escape(t, p[i], also);
		from = i + 1;
	}
	text_put(t, p + from, n - from);
}

static void put_label(struct text *t, const uint8_t *p, size_t n, bool first)
{
	if (!first)
		text_put_char(t, '.');
	dns_text_put_escaped(t, p, n, '.');
}

/* One name on its way. */
struct walk {
	const uint8_t *p;
	size_t n;
	size_t at;     /* the next label */
	size_t start;  /* of the labels since the last jump */
	size_t bytes;  /* of the labels so far */
	size_t behind; /* the place behind the name, 0 when not known yet */
	unsigned jumps;
};

static uint32_t jump(struct walk *w)
{
	size_t to;

	if (w->n - w->at < 2)
		return ANOMALY_NAME_CUT;
	to = load_u16be(w->p + w->at) & 0x3fff;
	if (!w->behind)
		w->behind = w->at + 2;
	if (to < HEADER_BYTES)
		return ANOMALY_NAME_HEADER;
	if (to >= w->start)
		return ANOMALY_NAME_FORWARD;
	if (++w->jumps > JUMPS_MAX)
		return ANOMALY_NAME_JUMPS;
	w->at = to;
	w->start = to;
	return 0;
}

static uint32_t label(struct walk *w, size_t n, struct text *text)
{
	if (n >= w->n - w->at)
		return ANOMALY_NAME_CUT;
	if (w->bytes + 1 + n > NAME_MAX_BYTES - 1)
		return ANOMALY_NAME_LONG;
	if (text)
		put_label(text, w->p + w->at + 1, n, w->bytes == 0);
	w->bytes += 1 + n;
	w->at += 1 + n;
	return 0;
}

uint32_t dns_name_read(struct str in, size_t *at, struct text *text)
{
	struct walk w = { .p = (const uint8_t *)in.p, .n = in.n, .at = *at, .start = *at };
	uint32_t wrong = 0;

	while (!wrong) {
		uint8_t byte;

		if (w.at >= w.n) {
			wrong = ANOMALY_NAME_CUT;
			break;
		}
		byte = w.p[w.at];
		if (byte == 0)
			break;
		if (byte < 0x40)
			wrong = label(&w, byte, text);
		else
			wrong = byte >= 0xc0 ? jump(&w) : ANOMALY_NAME_LABEL;
	}
	if (w.behind)
		*at = w.behind;
	else if (!wrong)
		*at = w.at + 1;
	if (text && !wrong && w.bytes == 0)
		text_put_char(text, '.');
	return wrong;
}
