/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The head of a message: where it ends, and what stands in it. Each byte of a well-formed head is
 * looked at once, names through one table and values eight bytes at a time; what is unusual leaves
 * the fast way, gets its mark and is read as most servers would read it. What single fields mean is
 * in fields.c; how the body then runs is body.c.
 */
#include "http1/parser.h"

/* ---- Bytes ----------------------------------------------------------------------------------- */

#define T2(c) [(c)] = true, [(c) + 1] = true
#define T4(c) T2(c), T2((c) + 2)
#define T8(c) T4(c), T4((c) + 4)

/* tchar of RFC 9110 §5.6.2. */
// clang-format off
static const bool token_byte[256] = {
	T8('0'), T2('8'), T8('A'), T8('I'), T8('Q'), T2('Y'), T8('a'), T8('i'), T8('q'), T2('y'),
	['!'] = true, T4('#'), ['\''] = true, T2('*'), T2('-'), T2('^'), ['`'] = true, ['|'] = true,
	['~'] = true, /* T4('#') is # $ % &; of T2, '*' brings '+', '-' brings '.', '^' brings '_' */
};
// clang-format on

static inline bool is_control(char c)
{
	return (uint8_t)c < 0x20 || c == 0x7f;
}

bool http1_is_token(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!token_byte[(uint8_t)s.p[i]])
			return false;
	return s.n > 0;
}

#define EACH_BYTE(b) (UINT64_C(0x0101010101010101) * (b))

/* The first control character at or after p, or end. Of eight bytes x, (x - 0x20…) & ~x has the
 * high bit of each byte below 0x20; a borrow can only touch bytes above the first such one. */
static inline const char *find_control(const char *p, const char *end)
{
	for (; end - p >= 8; p += 8) {
		uint64_t x = load_u64le((const uint8_t *)p);
		uint64_t del = x ^ EACH_BYTE(0x7f);
		uint64_t hit = ((x - EACH_BYTE(0x20)) & ~x) | ((del - EACH_BYTE(1)) & ~del);

		hit &= EACH_BYTE(0x80);
		if (hit)
			return p + __builtin_ctzll(hit) / 8;
	}
	while (p < end && !is_control(*p))
		p++;
	return p;
}

/* ---- The end of a head ----------------------------------------------------------------------- */

/* Length of the line end at offset i: 0 when there is none, -1 when one more byte would tell. */
static inline int line_end_at(struct str in, size_t i)
{
	if (i >= in.n)
		return -1;
	if (in.p[i] == '\n')
		return 1;
	if (in.p[i] != '\r')
		return 0;
	if (i + 1 >= in.n)
		return -1;
	return in.p[i + 1] == '\n' ? 2 : 0;
}

/* Offset behind the empty lines at `at`, or where they are not decidable yet. */
static size_t pass_empty_lines(struct str in, size_t at, bool *more)
{
	int n;

	while ((n = line_end_at(in, at)) > 0)
		at += (size_t)n;
	*more = n < 0;
	return at;
}

/* Invariant: *seen follows a line feed only while nothing but empty lines was seen, because a line
 * feed whose successor is unknown is looked at again. */
ptrdiff_t http1_head_end(struct str in, size_t *seen)
{
	struct str head = str_head(in, HTTP1_HEAD_MAX);
	size_t at = *seen;
	bool more = false;

	if (at == 0 || in.p[at - 1] == '\n')
		at = pass_empty_lines(head, at, &more);
	while (!more) {
		ptrdiff_t lf = str_find(head, '\n', at);
		int n;

		if (lf < 0) {
			at = head.n;
			break;
		}
		at = (size_t)lf;
		n = line_end_at(head, at + 1);
		if (n > 0)
			return lf + 1 + n;
		more = n < 0;
		at += n == 0;
	}
	if (head.n == HTTP1_HEAD_MAX)
		return -E2BIG;
	*seen = at;
	return 0;
}

/* ---- Lines ----------------------------------------------------------------------------------- */

/* The next line without its end. A control character in it is marked, with control_mark when it is
 * neither CR nor NUL. */
static inline struct str take_line(struct parser *ps, uint32_t control_mark)
{
	const char *start = ps->p, *p = start;

	for (;; p++) {
		p = find_control(p, ps->end);
		if (p == ps->end) {
			ps->p = p;
			break;
		}
		if (*p == '\r' && ps->end - p >= 2 && p[1] == '\n') {
			ps->p = p + 2;
			break;
		}
		if (*p == '\n') {
			ps->h->marks |= HTTP1_BIT(BARE_LF);
			ps->p = p + 1;
			break;
		}
		if (*p == '\r')
			ps->h->marks |= HTTP1_BIT(BARE_CR);
		else if (*p == '\0')
			ps->h->marks |= HTTP1_BIT(NUL);
		else if (*p != '\t')
			ps->h->marks |= control_mark;
	}
	return (struct str){ start, (size_t)(p - start) };
}

/* Takes an empty line if one is next. */
static inline bool take_empty_line(struct parser *ps)
{
	int n = line_end_at((struct str){ ps->p, (size_t)(ps->end - ps->p) }, 0);

	if (n <= 0)
		return false;
	if (n == 1)
		ps->h->marks |= HTTP1_BIT(BARE_LF);
	ps->p += n;
	return true;
}

/* The rest of a field line and the lines folded to it (obs-fold, RFC 9112 §5.2), trimmed. */
static inline struct str take_value(struct parser *ps, uint32_t control_mark)
{
	struct str v = take_line(ps, control_mark);

	if (unlikely(ps->p < ps->end && is_blank(*ps->p))) {
		ps->h->marks |= HTTP1_BIT(OBS_FOLD);
		do {
			struct str more = take_line(ps, control_mark);

			v.n = (size_t)(more.p + more.n - v.p);
		} while (ps->p < ps->end && is_blank(*ps->p));
		return trim_fold(v);
	}
	while (v.n && is_blank(v.p[0]))
		v = str_skip(v, 1);
	while (v.n && is_blank(v.p[v.n - 1]))
		v.n--;
	return v;
}

/* ---- Fields ---------------------------------------------------------------------------------- */

static int take_field(struct parser *ps)
{
	const char *name = ps->p, *name_end, *p = name;
	struct http1_field *f;

	while (p < ps->end && token_byte[(uint8_t)*p])
		p++;
	name_end = p;
	while (p < ps->end && is_blank(*p))
		p++;
	if (unlikely(name_end == name || p == ps->end || *p != ':')) {
		ps->h->marks |= HTTP1_BIT(NAME_INVALID);
		(void)take_value(ps, HTTP1_BIT(NAME_INVALID));
		return 0;
	}
	if (unlikely(p != name_end))
		ps->h->marks |= HTTP1_BIT(NAME_SPACE);
	if (unlikely(ps->h->fields == HTTP1_FIELDS_MAX))
		return -E2BIG;

	f = &ps->h->field[ps->h->fields++];
	ps->p = p + 1;
	f->name = (struct str){ name, (size_t)(name_end - name) };
	f->value = take_value(ps, HTTP1_BIT(VALUE_CONTROL));
	http1_field_known(ps, f);
	return 0;
}

/* ---- The first line -------------------------------------------------------------------------- */

/* Cuts the blanks at the front of *line; more than one space is marked. */
static void pass_blanks(struct parser *ps, struct str *line)
{
	size_t n = 0;

	while (n < line->n && is_blank(line->p[n]))
		n++;
	if (n != 1 || line->p[0] != ' ')
		ps->h->marks |= HTTP1_BIT(LINE_SPACES);
	*line = str_skip(*line, n);
}

static bool read_version(struct parser *ps, struct str v)
{
	if (v.n < 6 || !str_eq_nocase(str_head(v, 5), STR("HTTP/")) || v.p[5] < '0' || v.p[5] > '9')
		return false;
	if (str_eq(v, STR("HTTP/1.1"))) {
		ps->h->version = 11;
	} else if (str_eq(v, STR("HTTP/1.0"))) {
		ps->h->version = 10;
	} else {
		ps->h->version = 9;
		ps->h->marks |= HTTP1_BIT(VERSION_ODD);
	}
	return true;
}

/* method SP target SP version. The version is the last word, so that a target with spaces in it is
 * still found; without one it would be HTTP/0.9, which is not recognised. */
static int read_request_line(struct parser *ps, struct str line)
{
	struct http1_head *h = ps->h;
	size_t n = 0, end;

	while (n < line.n && token_byte[(uint8_t)line.p[n]])
		n++;
	if (n == 0 || n > HTTP1_METHOD_MAX || n == line.n || !is_blank(line.p[n]))
		return -EBADMSG;
	h->method = str_head(line, n);
	line = str_skip(line, n);
	end = line.n;
	while (end > 0 && is_blank(line.p[end - 1]))
		end--;
	if (end != line.n)
		h->marks |= HTTP1_BIT(LINE_SPACES);
	line.n = end;
	while (end > 0 && !is_blank(line.p[end - 1]))
		end--;
	if (!read_version(ps, str_skip(line, end)))
		return -EBADMSG;

	line.n = end; /* blanks, target, blanks */
	pass_blanks(ps, &line);
	for (end = line.n; end > 0 && is_blank(line.p[end - 1]); end--)
		;
	if (line.n > 0 && (end + 1 != line.n || line.p[end] != ' '))
		h->marks |= HTTP1_BIT(LINE_SPACES);
	h->target = str_head(line, end);
	if (end == 0 || str_find(h->target, ' ', 0) >= 0 || str_find(h->target, '\t', 0) >= 0)
		h->marks |= HTTP1_BIT(TARGET_INVALID);
	return 0;
}

/* version SP status SP reason; the reason and its space may be missing. */
static int read_status_line(struct parser *ps, struct str line)
{
	struct http1_head *h = ps->h;
	uint64_t status = 0;
	size_t n = 0;

	while (n < line.n && !is_blank(line.p[n]))
		n++;
	if (n == line.n || !read_version(ps, str_head(line, n)))
		return -EBADMSG;
	line = str_skip(line, n);
	pass_blanks(ps, &line);
	if (line.n < 3 || str_to_u64(str_head(line, 3), &status) < 0 || status < 100)
		return -EBADMSG;
	h->status = (unsigned)status;
	line = str_skip(line, 3);
	if (line.n > 0 && !is_blank(line.p[0]))
		return -EBADMSG;
	h->reason = str_skip(line, 1);
	return 0;
}

/* ---- The whole head -------------------------------------------------------------------------- */

/* Clears all but field[], which is large and told by `fields`. */
static void head_init(struct http1_head *h, bool response)
{
	memset(h, 0, offsetof(struct http1_head, field));
	memset(&h->has_length, 0, sizeof(*h) - offsetof(struct http1_head, has_length));
	h->response = response;
}

int http1_head_parse(struct str head, bool response, struct http1_head *out)
{
	struct parser ps = { .p = head.p, .end = head.p + head.n, .h = out };
	struct str line;
	int r;

	head_init(out, response);
	while (take_empty_line(&ps))
		out->marks |= HTTP1_BIT(EMPTY_LINES);
	if (ps.p - head.p > HTTP1_EMPTY_MAX)
		return -EBADMSG;
	line = take_line(&ps, response ? HTTP1_BIT(VALUE_CONTROL) : HTTP1_BIT(TARGET_INVALID));
	r = response ? read_status_line(&ps, line) : read_request_line(&ps, line);
	while (r == 0 && ps.p < ps.end && !take_empty_line(&ps))
		r = take_field(&ps);
	if (r < 0)
		return r;

	http1_head_conclude(&ps);
	return 0;
}

/* ---- Marks ----------------------------------------------------------------------------------- */

struct str http1_mark_name(enum http1_mark mark)
{
#define MARK_NAME(name, token, help) [HTTP1_MARK_##name] = { token, sizeof(token) - 1 },
	static const struct str names[HTTP1_MARK_COUNT] = { HTTP1_MARK_TABLE(MARK_NAME) };

	assert((unsigned)mark < HTTP1_MARK_COUNT);
	return names[mark];
}
