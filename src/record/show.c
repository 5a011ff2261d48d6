// SPDX-License-Identifier: Apache-2.0
/*
 * Values as people read them, one line each. What peers sent is shown so that it can neither
 * command a terminal nor reorder a line, and so that different bytes look different.
 */
#include "record/show.h"
#include "record/row.h"
#include "record/text.h"

#include <stdio.h>
#include <stdlib.h>

const char show_hex_digits[] = "0123456789abcdef";

void show_hex(uint64_t v, char *out, unsigned digits)
{
	for (unsigned i = digits; i > 0; v >>= 4)
		out[--i] = show_hex_digits[v & 0xf];
}

const char *show_choice(const struct field *field, uint64_t number)
{
	for (uint64_t i = 0; field->choices && field->choices[i]; i++)
		if (i == number)
			return field->choices[i];
	return NULL;
}

/* Characters that a terminal obeys, that hide, or that reorder what stands around them: C0, DEL,
 * C1, line and paragraph separators, marks and embeddings of direction, what has no width, and the
 * byte order mark. Invariant: the JSON writer escapes the same ones. */
static bool is_harmful(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x061c || (c >= 0x200b && c <= 0x200f) ||
	       (c >= 0x2028 && c <= 0x202e) || (c >= 0x2060 && c <= 0x2069) || c == 0xfeff;
}

static void text_escape(struct buf *out, struct str bytes)
{
	for (size_t i = 0; i < bytes.n; i++) {
		uint8_t c = (uint8_t)bytes.p[i];
		char text[4] = { '\\', 'x', show_hex_digits[c >> 4], show_hex_digits[c & 0xf] };

		(void)buf_put(out, (struct str){ text, sizeof(text) });
	}
}

/* Bytes in front that can stay as they are. */
static size_t plain_run(struct str s)
{
	size_t i = 0;

	while (i < s.n && s.p[i] >= ' ' && s.p[i] < 0x7f && s.p[i] != '\\')
		i++;
	return i;
}

static void text_str(struct buf *out, struct str s)
{
	while (s.n) {
		size_t n = plain_run(s);
		uint32_t code;

		(void)buf_put(out, str_head(s, n));
		s = str_skip(s, n);
		if (!s.n)
			break;
		n = text_char(s, &code);
		if (n == 0 || is_harmful(code))
			text_escape(out, str_head(s, n ? n : 1));
		else if (code == '\\')
			(void)buf_put(out, STR("\\\\"));
		else
			(void)buf_put(out, str_head(s, n));
		s = str_skip(s, n ? n : 1);
	}
}

static void text_list(struct buf *out, const struct row_value *v)
{
	struct row_pair pair;
	struct str text, between = STR("");
	size_t pos = 0;
	uint64_t u;

	for (; row_value_next_u64(v, &pos, &u); between = STR(", ")) {
		(void)buf_put(out, between);
		(void)buf_put_u64(out, u);
	}
	for (; row_value_next_str(v, &pos, &text); between = STR(", ")) {
		(void)buf_put(out, between);
		text_str(out, text);
	}
	for (; row_value_next_pair(v, &pos, &pair); between = STR(", ")) {
		(void)buf_put(out, between);
		text_str(out, pair.name);
		(void)buf_put(out, STR(": "));
		text_str(out, pair.value);
	}
}

/* The shortest form that reads back the same. */
static void text_f64(struct buf *out, double f)
{
	char text[32] = "";
	int n = 0;

	for (int digits = 15; digits <= 17; digits++) {
		n = snprintf(text, sizeof(text), "%.*g", digits, f);
		if (!(strtod(text, NULL) < f) && !(strtod(text, NULL) > f))
			break;
	}
	(void)buf_put(out, (struct str){ text, (size_t)n });
}

static void text_u64(struct buf *out, const struct field *field, uint64_t v)
{
	char text[16];

	if (!(field->flags & FIELD_HEX)) {
		(void)buf_put_u64(out, v);
		return;
	}
	show_hex(v, text, sizeof(text));
	(void)buf_put(out, (struct str){ text, sizeof(text) });
}

static void text_choice(struct buf *out, const struct field *field, uint64_t number)
{
	const char *name = show_choice(field, number);

	if (name)
		(void)buf_put(out, str_of(name));
	else
		(void)buf_put_u64(out, number);
}

void row_value_text(const struct field *field, const struct row_value *v, struct buf *out)
{
	char text[64];
	static_assert(sizeof(text) >= TIME_TEXT_BYTES && sizeof(text) >= IP_TEXT_BYTES);

	switch (v->type) {
	case FIELD_BOOL:
		(void)buf_put(out, v->b ? STR("true") : STR("false"));
		break;
	case FIELD_U64:
		text_u64(out, field, v->u);
		break;
	case FIELD_I64:
		(void)buf_printf(out, "%lld", (long long)v->i);
		break;
	case FIELD_F64:
		text_f64(out, v->f);
		break;
	case FIELD_STR:
	case FIELD_BYTES:
	case FIELD_JSON:
		text_str(out, v->s);
		break;
	case FIELD_TIME:
		(void)buf_put(out, (struct str){ text, time_format(v->i, text) });
		break;
	case FIELD_DUR:
		(void)buf_put(out, (struct str){ text, dur_format(v->i, text) });
		break;
	case FIELD_IP:
		(void)buf_put(out, (struct str){ text, ip_format(&v->ip, text) });
		break;
	case FIELD_ENUM:
		text_choice(out, field, v->u);
		break;
	case FIELD_LIST_U64:
	case FIELD_LIST_STR:
	case FIELD_MAP:
		text_list(out, v);
		break;
	}
}
