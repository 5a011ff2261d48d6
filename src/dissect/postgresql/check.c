/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The check of a whole message, or of a packet that opens a connection, against its build. A build
 * is a word of letters, one for each part; the parts must end where the message does:
 *
 *   s  text with its NUL            n  the same, a name of a setting     q  the same, a statement
 *   t  the same, a command tag      p  S or P                            z  I, T or E
 *   o  0 or 1                       w  2 bytes                           u  4 bytes
 *   2  a count of 2 bytes, and so many of 2 bytes                        4  … of 4 bytes
 *   v  a count of 2 bytes, and so many values                            l  a value
 *   f  a count of 2 bytes, and so many descriptions of columns
 *   e  fields of an error           a  an authentication request         k  a key
 *   x  a count of 4 bytes, and so many texts
 */
#include "dissect/postgresql/message.h"

/* ---- Checking a whole message ---------------------------------------------------------------- */

enum { CHECK_BAD = -1, CHECK_MORE = 0, CHECK_GOOD = 1 };

/* The body of a message: n bytes are left of it, of which `in` is there. */
struct check {
	struct str in;
	size_t left;
};

/* Takes n bytes. */
static int take(struct check *c, size_t n, struct str *out)
{
	if (n > c->left)
		return CHECK_BAD;
	if (n > c->in.n)
		return CHECK_MORE;
	*out = str_head(c->in, n);
	c->in = str_skip(c->in, n);
	c->left -= n;
	return CHECK_GOOD;
}

static int take_number(struct check *c, size_t n, uint32_t *out)
{
	struct str s;
	int r = take(c, n, &s);

	if (r != CHECK_GOOD)
		return r;
	*out = 0;
	for (size_t i = 0; i < n; i++)
		*out = *out << 8 | (uint8_t)s.p[i];
	return r;
}

/* A text and its NUL, which *out does not have. */
static int take_text(struct check *c, struct str *out)
{
	ptrdiff_t nul = str_find(c->in, '\0', 0);
	int r;

	if (nul < 0)
		return c->in.n < c->left ? CHECK_MORE : CHECK_BAD;
	r = take(c, (size_t)nul + 1, out);
	if (r == CHECK_GOOD)
		out->n--;
	return r;
}

/* A value: its length, or -1 for NULL, and its bytes. */
static int take_value(struct check *c)
{
	uint32_t n = 0;
	struct str s;
	int r = take_number(c, 4, &n);

	return r != CHECK_GOOD || n == UINT32_MAX ? r : take(c, n, &s);
}

static bool is_one_of(char c, const char *set)
{
	return c && strchr(set, c);
}

static bool is_letter(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/* The name of a setting, such as client_encoding or TimeZone. */
static bool is_setting(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!is_letter(s.p[i]) && s.p[i] != '_' && s.p[i] != '.' &&
		    (s.p[i] < '0' || s.p[i] > '9'))
			return false;
	return s.n > 0;
}

static bool is_tag(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((s.p[i] < 'A' || s.p[i] > 'Z') && (s.p[i] < '0' || s.p[i] > '9') &&
		    s.p[i] != ' ' && s.p[i] != '_')
			return false;
	return command_word(s).n > 0;
}

static bool is_statement(struct str s)
{
	return command_word(s).n > 0;
}

static int take_text_that(struct check *c, bool (*is)(struct str))
{
	struct str s;
	int r = take_text(c, &s);

	return r == CHECK_GOOD && !is(s) ? CHECK_BAD : r;
}

/* That it is no text is told before it is whole. */
static int take_statement(struct check *c)
{
	if (c->in.n && (uint8_t)c->in.p[0] < '\t')
		return CHECK_BAD;
	return take_text_that(c, is_statement);
}

static int take_byte(struct check *c, const char *set)
{
	struct str s;
	int r = take(c, 1, &s);

	return r == CHECK_GOOD && !is_one_of(s.p[0], set) ? CHECK_BAD : r;
}

/* A description of a column: its name, and 18 bytes. */
static int take_column(struct check *c)
{
	struct str s;
	int r = take_text(c, &s);

	return r == CHECK_GOOD ? take(c, 18, &s) : r;
}

static int take_pair(struct check *c)
{
	struct str s;

	return take(c, 2, &s);
}

static int take_four(struct check *c)
{
	struct str s;

	return take(c, 4, &s);
}

static int take_any_text(struct check *c)
{
	struct str s;

	return take_text(c, &s);
}

static int take_many(struct check *c, size_t count_bytes, int (*one)(struct check *c))
{
	uint32_t n = 0;
	int r = take_number(c, count_bytes, &n);

	for (; r == CHECK_GOOD && n; n--)
		r = one(c);
	return r;
}

/* Letters with texts, the first an S, and a NUL. */
static int take_error(struct check *c)
{
	int r = take_byte(c, "S");
	struct str s;

	while (r == CHECK_GOOD) {
		r = take_text(c, &s);
		if (r == CHECK_GOOD)
			r = take(c, 1, &s);
		if (r == CHECK_GOOD && s.p[0] == '\0')
			break;
		if (r == CHECK_GOOD && !is_one_of(s.p[0], "SVCMDHPpqWstcdnFLR"))
			r = CHECK_BAD;
	}
	return r;
}

static int take_rest(struct check *c)
{
	struct str s;

	return take(c, c->left, &s);
}

/* A code, and what it has behind it. */
static int take_authentication(struct check *c)
{
	uint32_t code = 0;
	struct str s;
	int r = take_number(c, 4, &code);

	if (r != CHECK_GOOD)
		return r;
	switch (code) {
	case 0:
	case 2:
	case 3:
	case 6:
	case 7:
	case 9:
		return CHECK_GOOD;
	case 4:
		return take(c, 2, &s);
	case 5:
		return take(c, 4, &s);
	case 10:
		do
			r = take_text(c, &s);
		while (r == CHECK_GOOD && s.n);
		return r;
	case 8:
	case 11:
	case 12:
		return take_rest(c);
	default:
		return CHECK_BAD;
	}
}

static int take_part(struct check *c, char part)
{
	struct str s;

	switch (part) {
	case 's':
		return take_any_text(c);
	case 'n':
		return take_text_that(c, is_setting);
	case 'q':
		return take_statement(c);
	case 't':
		return take_text_that(c, is_tag);
	case 'p':
		return take_byte(c, "SP");
	case 'z':
		return take_byte(c, "ITE");
	case 'o':
		return c->in.n && (uint8_t)c->in.p[0] > 1 ? CHECK_BAD : take(c, 1, &s);
	case 'w':
		return take_pair(c);
	case 'u':
		return take_four(c);
	case '2':
		return take_many(c, 2, take_pair);
	case '4':
		return take_many(c, 2, take_four);
	case 'v':
		return take_many(c, 2, take_value);
	case 'l':
		return take_value(c);
	case 'f':
		return take_many(c, 2, take_column);
	case 'e':
		return take_error(c);
	case 'a':
		return take_authentication(c);
	case 'k':
		return take_rest(c);
	case 'x':
		return take_many(c, 4, take_any_text);
	default:
		return CHECK_BAD;
	}
}

/* Up to the length that may be checked, the first bytes of a length are zero. */
static int check_begin(struct str in)
{
	for (size_t i = 1; i < in.n && i < 3; i++)
		if (in.p[i] != '\0')
			return CHECK_BAD;
	return in.n < 5 ? CHECK_MORE : CHECK_GOOD;
}

int message_check(enum dissect_side side, struct str in, size_t *length)
{
	const struct wire *w = in.n ? wire_of(side, in.p[0]) : NULL;
	struct check c;
	uint32_t n;
	int r;

	if (in.n == 0)
		return CHECK_MORE;
	if (!w || !w->build)
		return CHECK_BAD;
	r = check_begin(in);
	if (r != CHECK_GOOD)
		return r;
	n = load_u32be((const uint8_t *)in.p + 1);
	if (n < w->min || n > w->max || n >= CHECKED_MAX)
		return CHECK_BAD;
	c = (struct check){ str_head(str_skip(in, 5), n - 4), n - 4 };
	for (const char *part = w->build; *part && r == CHECK_GOOD; part++)
		r = take_part(&c, *part);
	if (r == CHECK_GOOD && c.left)
		return CHECK_BAD;
	*length = 1 + (size_t)n;
	return r;
}

/* ---- Packets that open a connection ---------------------------------------------------------- */

bool startup_next(struct str *rest, struct str *name, struct str *value)
{
	return str_cut(rest, '\0', name) && name->n && str_cut(rest, '\0', value);
}

/* Names of settings and their values, "user" among them, and a NUL. */
static int check_parameters(struct check *c)
{
	bool has_user = false;
	struct str name, value;
	int r;

	for (;;) {
		r = take_text(c, &name);
		if (r != CHECK_GOOD)
			break;
		if (name.n == 0)
			return has_user && c->left == 0 ? CHECK_GOOD : CHECK_BAD;
		if (!is_setting(name))
			return CHECK_BAD;
		has_user |= str_eq(name, STR("user"));
		r = take_text(c, &value);
		if (r != CHECK_GOOD)
			return r;
	}
	if (r == CHECK_MORE && c->in.n && !is_setting(c->in))
		return CHECK_BAD;
	return r;
}

int startup_check(struct str in, size_t *length)
{
	struct check c;
	uint32_t n, code;

	for (size_t i = 0; i < in.n && i < 2; i++)
		if (in.p[i] != '\0')
			return CHECK_BAD;
	if (in.n < 8)
		return CHECK_MORE;
	n = load_u32be((const uint8_t *)in.p);
	code = load_u32be((const uint8_t *)in.p + 4);
	if (n < STARTUP_MIN || n > STARTUP_MAX)
		return CHECK_BAD;
	*length = n;
	if (code == CODE_SSL || code == CODE_GSS)
		return n == 8 ? CHECK_GOOD : CHECK_BAD;
	if (code == CODE_CANCEL)
		return n >= 16 && n <= 268 ? CHECK_GOOD : CHECK_BAD;
	if (code >> 16 != 3)
		return CHECK_BAD;
	c = (struct check){ str_head(str_skip(in, 8), n - 8), n - 8 };
	return check_parameters(&c);
}
