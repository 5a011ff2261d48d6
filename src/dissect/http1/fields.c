/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What of a message goes into its row. Strings are copied into the exchange's arena, the whole head
 * at once where it is of ordinary size, else value by value. What is too long is cut before it is
 * copied, at a border behind which nothing half-known stands. Nothing is judged here but where in a
 * target its host stands; the masks of the fields see them as they were sent.
 */
#include "dissect/http1/exchange.h"

/* Limit: bytes copied in one piece; a block of the arena, less its header, holds them. */
#define KEEP_MAX 3584
/* Limit: a header name; longer ones are no name that anybody uses, and are left out. */
#define NAME_MAX  256
#define HOST_MAX  512
#define MEDIA_MAX 128

static_assert(HTTP1_NO_BODY == 0 && HTTP1_LENGTH == 1 && HTTP1_CHUNKED == 2 &&
		      HTTP1_UNTIL_CLOSE == 3 && HTTP1_TUNNEL == 4,
	      "the choices of http.request.framing and http.response.framing");

/* ---- Keeping strings ------------------------------------------------------------------------- */

struct keeper {
	struct arena *arena;
	struct row *row;
	struct str raw;
	const char *copy; /* of all of raw, or NULL */
};

static struct keeper keeper_of(struct dissect_tx *tx, struct str raw)
{
	struct keeper k = { .arena = tx->arena, .row = tx->row, .raw = raw };

	if (raw.n <= KEEP_MAX)
		k.copy = arena_str(tx->arena, raw).p;
	return k;
}

/* s as it lies in the arena, or s itself where it is a constant of ours and no part of raw; false
 * when there is no room. */
static bool keep(const struct keeper *k, struct str s, struct str *out)
{
	if (s.n == 0)
		*out = STR("");
	else if (s.p < k->raw.p || s.p >= k->raw.p + k->raw.n)
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

static bool keep_lower(const struct keeper *k, struct str s, struct str *out)
{
	char *p;

	if (!has_capital(s))
		return keep(k, s, out);
	p = arena_alloc(k->arena, s.n);
	if (!p)
		return false;
	for (size_t i = 0; i < s.n; i++)
		p[i] = (char)(s.p[i] >= 'A' && s.p[i] <= 'Z' ? s.p[i] | 0x20 : s.p[i]);
	*out = (struct str){ p, s.n };
	return true;
}

/* Puts s, of which `whole` was there. */
static void put_str(const struct keeper *k, struct field_str f, struct str s, size_t whole)
{
	struct str kept = STR("");

	if (keep(k, s, &kept) && s.n == whole)
		row_put_str(k->row, f, kept);
	else {
		row_put_str(k->row, f, kept.p ? kept : STR(""));
		row_mark_cut(k->row, f.ref);
	}
}

/* The same, left out when empty. */
static void put_some(const struct keeper *k, struct field_str f, struct str s, size_t max)
{
	if (s.n)
		put_str(k, f, str_head(s, max), s.n);
}

/* s up to KEEP_MAX bytes, ended behind the last `border` (with it when `with`). */
static struct str cut_at(struct str s, char border, bool with)
{
	size_t n = KEEP_MAX;

	if (s.n <= KEEP_MAX)
		return s;
	while (n > 0 && s.p[n - 1] != border)
		n--;
	return str_head(s, n > 0 && !with ? n - 1 : n);
}

/* ---- Targets --------------------------------------------------------------------------------- */

struct target {
	struct str authority, path, query;
	bool has_path, has_query;
};

static ptrdiff_t find_last(struct str s, char c)
{
	const char *p = s.n ? memrchr(s.p, c, s.n) : NULL;

	return p ? p - s.p : -1;
}

/* Without "user:password@", wherever an authority may stand. */
static struct str drop_userinfo(struct str s)
{
	return str_skip(s, (size_t)(find_last(s, '@') + 1));
}

static size_t scheme_length(struct str s)
{
	size_t n = 0;

	while (n < s.n && s.p[n] != ':' && s.p[n] != '/' && s.p[n] != '?' && s.p[n] != '@')
		n++;
	return n > 0 && str_starts(str_skip(s, n), STR("://")) ? n + 3 : 0;
}

/* The authority at the front of *s, which then begins behind it. A raw / ? or # in a password ends
 * an authority too early, and the @ follows: then nobody can say where the host is, and there is
 * none. Answers whether what follows may be read as a path. */
static bool take_authority(struct str *s, struct target *t)
{
	struct str authority, host;
	size_t n = 0;

	while (n < s->n && s->p[n] != '/' && s->p[n] != '?' && s->p[n] != '#')
		n++;
	authority = str_head(*s, n);
	*s = str_skip(*s, n);
	if (find_last(*s, '@') < 0) {
		t->authority = drop_userinfo(authority);
		return true;
	}
	/* With a port in front, as it seems, it may be a path such as /@scope. */
	if (!str_cut(&authority, ':', &host))
		return true;
	for (size_t i = 0; i < authority.n; i++)
		if (authority.p[i] < '0' || authority.p[i] > '9')
			return false;
	return true;
}

/* The four forms of RFC 9112 §3.2. The fragment, which has no business here, is dropped. */
static struct target target_split(struct str s, bool connect)
{
	bool origin = str_starts(s, STR("/"));
	size_t scheme = origin || connect ? 0 : scheme_length(s);
	struct target t = { .has_path = !connect };
	struct str path;

	if (scheme || connect) {
		s = str_skip(s, scheme);
		t.has_path = take_authority(&s, &t) && !connect;
		if (!t.has_path)
			return t;
	} else if (!origin) {
		s = drop_userinfo(s);
	}
	path = s;
	(void)str_cut(&path, '#', &s);
	t.query = s;
	t.has_query = str_cut(&t.query, '?', &t.path);
	if (scheme && t.path.n == 0)
		t.path = STR("/");
	return t;
}

/* type/subtype, or the first product of Upgrade. */
static struct str media_part(struct str s)
{
	size_t n = 0;

	while (n < s.n && (http1_is_token((struct str){ s.p + n, 1 }) || s.p[n] == '/'))
		n++;
	return str_head(s, n);
}

/* ---- Headers --------------------------------------------------------------------------------- */

/* Names in small letters, as HTTP/2 has them: they are the same in any case (RFC 9110 §5.1). */
static void put_headers(const struct keeper *k, struct field_map f, const struct http1_head *head)
{
	size_t n = size_min(head->fields, HEADERS_MAX), kept = 0;
	struct row_pair *pair;
	bool cut = n < head->fields;

	if (n == 0)
		return;
	pair = arena_alloc(k->arena, n * sizeof(*pair));
	for (size_t i = 0; i < n && pair; i++) {
		const struct http1_field *from = &head->field[i];
		struct str value = str_head(from->value, KEEP_MAX);

		if (from->name.n <= NAME_MAX && keep_lower(k, from->name, &pair[kept].name) &&
		    keep(k, value, &pair[kept].value))
			kept++;
		else
			cut = true;
		cut |= value.n < from->value.n;
	}
	row_put_map(k->row, f, pair, kept);
	if (cut || !pair)
		row_mark_cut(k->row, f.ref);
}

static void put_version(struct row *row, unsigned version)
{
	if (version >= 10)
		row_put_str(row, http_version, version == 10 ? STR("1.0") : STR("1.1"));
}

/* ---- Messages -------------------------------------------------------------------------------- */

void fields_request(struct dissect_tx *tx, const struct http1_head *head, struct str raw)
{
	struct keeper k = keeper_of(tx, raw);
	struct target t = target_split(head->target, str_eq(head->method, STR("CONNECT")));

	tx->note[NOTE_MARKS] |= head->marks;
	put_str(&k, http_method, head->method, head->method.n);
	if (t.has_path)
		put_str(&k, http_path, cut_at(t.path, '/', true), t.path.n);
	if (t.has_query)
		put_str(&k, http_query, cut_at(t.query, '&', false), t.query.n);
	put_some(&k, http_host, t.authority.n ? t.authority : drop_userinfo(head->host), HOST_MAX);
	put_version(tx->row, head->version);
	put_headers(&k, http_request_headers, head);
	put_some(&k, http_request_content_type, media_part(head->content_type), MEDIA_MAX);
	row_put_enum(tx->row, http_request_framing, http1_framing(head, STR("")));
	row_put_u64(tx->row, http_request_head_bytes, raw.n);
}

void fields_response(struct dissect_tx *tx, const struct http1_head *head, struct str raw,
		     enum http1_framing framing)
{
	struct keeper k = keeper_of(tx, raw);

	tx->note[NOTE_MARKS] |= head->marks;
	row_put_u64(tx->row, http_status, head->status);
	if (!ex_has(tx, EX_ASKED))
		put_version(tx->row, head->version);
	put_headers(&k, http_response_headers, head);
	put_some(&k, http_response_content_type, media_part(head->content_type), MEDIA_MAX);
	if (head->status == 101)
		put_some(&k, http_upgrade, media_part(head->upgrade), MEDIA_MAX);
	row_put_enum(tx->row, http_response_framing, framing);
	row_put_u64(tx->row, http_response_head_bytes, raw.n);
}

void fields_interim(struct dissect_tx *tx, const struct http1_head *head)
{
	uint64_t *list = (uint64_t *)(uintptr_t)tx->note[NOTE_INTERIM];
	uint64_t n = tx->note[NOTE_INTERIMS];

	tx->note[NOTE_MARKS] |= head->marks;
	if (!list)
		list = arena_alloc(tx->arena, INTERIM_MAX * sizeof(*list));
	if (!list || n == INTERIM_MAX) {
		row_mark_cut(tx->row, http_interim.ref);
		return;
	}
	list[n] = head->status;
	tx->note[NOTE_INTERIM] = (uint64_t)(uintptr_t)list;
	tx->note[NOTE_INTERIMS] = n + 1;
	row_put_list_u64(tx->row, http_interim, list, n + 1);
}

void fields_body(struct dissect_tx *tx, enum dissect_side side, const struct http1_body *body)
{
	bool client = side == FROM_CLIENT;

	tx->note[NOTE_MARKS] |= body->marks;
	row_put_u64(tx->row, client ? http_request_body_bytes : http_response_body_bytes,
		    body->bytes);
	if (body->framing == HTTP1_CHUNKED)
		row_put_u64(tx->row, client ? http_request_trailers : http_response_trailers,
			    body->trailers);
}

/* ---- The end --------------------------------------------------------------------------------- */

static void put_anomalies(struct dissect_tx *tx)
{
	uint64_t marks = tx->note[NOTE_MARKS];
	struct str *list;
	size_t n = 0;

	if (!marks)
		return;
	list = arena_alloc(tx->arena, (size_t)__builtin_popcountll(marks) * sizeof(*list));
	if (!list) {
		row_put_list_str(tx->row, http_anomalies, NULL, 0);
		row_mark_cut(tx->row, http_anomalies.ref);
		return;
	}
	for (unsigned mark = 0; mark < HTTP1_MARK_COUNT; mark++)
		if (marks >> mark & 1)
			list[n++] = http1_mark_name((enum http1_mark)mark);
	row_put_list_str(tx->row, http_anomalies, list, n);
}

/* A message that is missing altogether is told before one that is not whole; but behind a hole
 * nobody knows that there was no response. */
static enum http_state state_of(const struct dissect_tx *tx)
{
	if (!ex_has(tx, EX_ASKED))
		return HTTP_NO_REQUEST;
	if (ex_has(tx, EX_TORN))
		return HTTP_CUT;
	if (!ex_has(tx, EX_ANSWERED))
		return HTTP_NO_RESPONSE;
	return ex_has(tx, EX_ASKED_ALL | EX_ANSWERED_ALL) ? HTTP_COMPLETE : HTTP_CUT;
}

void fields_end(struct dissect_tx *tx)
{
	put_anomalies(tx);
	row_put_enum(tx->row, http_state, state_of(tx));
}
