/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Strings of a message on their way into its row. What is too long is cut before it is copied, at a
 * border behind which nothing half-known stands. Nothing is judged here: the masks of the fields
 * see the strings as they were sent.
 */
#include "http/http.h"

#include "http/keep.h"
#include "http1/http1.h"

struct http_keeper http_keeper_of(struct dissect_tx *tx, struct str raw)
{
	struct http_keeper k = { .arena = tx->arena, .row = tx->row, .raw = raw };

	if (raw.n > 0 && raw.n <= HTTP_KEEP_MAX)
		k.copy = arena_str(tx->arena, raw).p;
	return k;
}

static bool is_within(struct str s, struct str raw)
{
	return s.p >= raw.p && s.p < raw.p + raw.n;
}

bool http_keep(const struct http_keeper *k, struct str s, struct str *out)
{
	if (s.n == 0)
		*out = STR("");
	else if (k->raw.n && !is_within(s, k->raw))
		*out = s;
	else if (k->copy)
		*out = (struct str){ k->copy + (s.p - k->raw.p), s.n };
	else
		*out = arena_str(k->arena, s);
	return out->p != NULL;
}

static bool has_capital(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] >= 'A' && s.p[i] <= 'Z')
			return true;
	return false;
}

bool http_keep_lower(const struct http_keeper *k, struct str s, struct str *out)
{
	char *p;

	if (!has_capital(s))
		return http_keep(k, s, out);
	p = arena_alloc(k->arena, s.n);
	if (!p)
		return false;
	for (size_t i = 0; i < s.n; i++)
		p[i] = (char)(s.p[i] >= 'A' && s.p[i] <= 'Z' ? s.p[i] | 0x20 : s.p[i]);
	*out = (struct str){ p, s.n };
	return true;
}

void http_put_str(const struct http_keeper *k, struct field_str f, struct str s, size_t whole)
{
	struct str kept = STR("");

	if (http_keep(k, s, &kept) && s.n == whole) {
		row_put_str(k->row, f, kept);
	} else {
		row_put_str(k->row, f, kept.p ? kept : STR(""));
		row_mark_cut(k->row, f.ref);
	}
}

void http_put_some(const struct http_keeper *k, struct field_str f, struct str s, size_t max)
{
	if (s.n)
		http_put_str(k, f, str_head(s, max), s.n);
}

void http_put_host(const struct http_keeper *k, struct field_str f, struct str s)
{
	http_put_some(k, f, http_drop_userinfo(s), HTTP_HOST_MAX);
}

void http_put_media(const struct http_keeper *k, struct field_str f, struct str s)
{
	http_put_some(k, f, http_media_part(s), HTTP_MEDIA_MAX);
}

struct str http_media_part(struct str s)
{
	size_t n = 0;

	while (n < s.n && (http1_is_token((struct str){ s.p + n, 1 }) || s.p[n] == '/'))
		n++;
	return str_head(s, n);
}
