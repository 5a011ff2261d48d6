/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where in a request's target its host stands, where its path and where its query: so far it is
 * judged, that a password is never taken for one of them.
 */
#include "http/http.h"

#include "http/keep.h"

static ptrdiff_t find_last(struct str s, char c)
{
	const char *p = s.n ? memrchr(s.p, c, s.n) : NULL;

	return p ? p - s.p : -1;
}

struct str http_drop_userinfo(struct str s)
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
static bool take_authority(struct str *s, struct http_target *t)
{
	struct str authority, host;
	size_t n = 0;

	while (n < s->n && s->p[n] != '/' && s->p[n] != '?' && s->p[n] != '#')
		n++;
	authority = str_head(*s, n);
	*s = str_skip(*s, n);
	if (find_last(*s, '@') < 0) {
		t->authority = http_drop_userinfo(authority);
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

struct http_target http_target_split(struct str s, bool connect)
{
	bool origin = str_starts(s, STR("/"));
	size_t scheme = origin || connect ? 0 : scheme_length(s);
	struct http_target t = { .has_path = !connect };
	struct str path;

	if (scheme || connect) {
		s = str_skip(s, scheme);
		t.has_path = take_authority(&s, &t) && !connect;
		if (!t.has_path)
			return t;
	} else if (!origin) {
		s = http_drop_userinfo(s);
	}
	path = s;
	(void)str_cut(&path, '#', &s);
	t.query = s;
	t.has_query = str_cut(&t.query, '?', &t.path);
	if (scheme && t.path.n == 0)
		t.path = STR("/");
	return t;
}

/* s up to HTTP_KEEP_MAX bytes, ended behind the last `border` (with it when `with`). */
static struct str cut_at(struct str s, char border, bool with)
{
	size_t n = HTTP_KEEP_MAX;

	if (s.n <= HTTP_KEEP_MAX)
		return s;
	while (n > 0 && s.p[n - 1] != border)
		n--;
	return str_head(s, n > 0 && !with ? n - 1 : n);
}

void http_put_target(const struct http_keeper *k, const struct http_target *t, struct str host)
{
	if (t->has_path)
		http_put_str(k, http_path, cut_at(t->path, '/', true), t->path.n);
	if (t->has_query)
		http_put_str(k, http_query, cut_at(t->query, '&', false), t->query.n);
	http_put_host(k, http_host, t->authority.n ? t->authority : host);
}
