/* SPDX-License-Identifier: Apache-2.0 */
/*
 * conf_value: the types of options, one setter each. A refused value is answered with a text that
 * names the option, the value and what would be allowed.
 */
#include "base/conf_value.h"

#include <inttypes.h>
#include <stdio.h>

#define BOUND_BYTES 40
/* Limit: how much of a refused value is shown. */
#define SHOWN 60

struct setting {
	const struct conf_opt *opt;
	const char *text;
	const char *label;
	void *conf;
	struct err *err;
};

/* The field itself; a table row promises that its type stands at its offset. */
static void *field(const struct setting *s)
{
	return (uint8_t *)s->conf + s->opt->offset;
}

static int refuse(const struct setting *s, const char *allowed)
{
	return err_set(s->err, ERR_OPTION, "%s: \"%.*s\" is not %s; give %s", s->label, SHOWN,
		       s->text, conf_value_kind(s->opt->type), allowed);
}

/* ---- bytes ----------------------------------------------------------------------------------- */

int bytes_parse(struct str s, uint64_t *out)
{
	static const char letters[] = "KMGT";
	size_t digits = 0;
	unsigned shift = 0;
	uint64_t v;
	int r;

	while (digits < s.n && s.p[digits] >= '0' && s.p[digits] <= '9')
		digits++;
	if (digits < s.n) {
		const char *at = memchr(letters, s.p[digits], sizeof(letters) - 1);
		struct str behind = str_skip(s, digits + 1);

		if (!at ||
		    (behind.n > 0 && !str_eq(behind, STR("i")) && !str_eq(behind, STR("iB"))))
			return -EINVAL;
		shift = 10 * (unsigned)(at - letters + 1);
	}
	r = str_to_u64(str_head(s, digits), &v);
	if (r < 0)
		return r;
	if (v > UINT64_MAX >> shift)
		return -ERANGE;
	*out = v << shift;
	return 0;
}

/* ---- numbers --------------------------------------------------------------------------------- */

static void format_bound(enum conf_type type, uint64_t v, char out[BOUND_BYTES])
{
	static const char *const units[] = { "", "K", "M", "G", "T" };
	size_t unit = 0;

	if (type == CONF_DUR && v <= INT64_MAX) {
		(void)dur_format((int64_t)v, out);
		return;
	}
	while (type == CONF_BYTES && v > 0 && v % KIB == 0 && unit + 1 < ARRAY_LEN(units)) {
		v /= KIB;
		unit++;
	}
	(void)snprintf(out, BOUND_BYTES, "%" PRIu64 "%s", v, units[unit]);
}

static int refuse_number(const struct setting *s, bool outside)
{
	static const char *const forms[] = {
		[CONF_U64] = "digits, such as 100",
		[CONF_BYTES] = "a number with K, M, G or T, such as 64M",
		[CONF_DUR] = "a number with ns, us, ms, s, m or h, such as 1m30s",
	};
	const struct conf_opt *opt = s->opt;
	char min[BOUND_BYTES];
	char max[BOUND_BYTES];

	if (!outside)
		return refuse(s, forms[opt->type]);
	format_bound(opt->type, opt->min, min);
	format_bound(opt->type, opt->max, max);
	if (opt->max == 0)
		return err_set(s->err, ERR_OPTION, "%s: %.*s is out of range; give %s or more",
			       s->label, SHOWN, s->text, min);
	return err_set(s->err, ERR_OPTION, "%s: %.*s is out of range; give %s to %s", s->label,
		       SHOWN, s->text, min, max);
}

/* The number, of whichever of the three types, inside its bounds. */
static int number_of(const struct setting *s, uint64_t *out)
{
	struct str text = str_of(s->text);
	const struct conf_opt *opt = s->opt;
	int64_t ns = 0;
	uint64_t v = 0;
	int r;

	if (opt->type == CONF_DUR) {
		r = dur_parse(text, &ns);
		v = (uint64_t)ns;
		if (r == 0 && ns < 0)
			r = -ERANGE;
	} else {
		r = opt->type == CONF_BYTES ? bytes_parse(text, &v) : str_to_u64(text, &v);
	}
	if (r == 0 && (v < opt->min || (opt->max > 0 && v > opt->max)))
		r = -ERANGE;
	if (r < 0)
		return refuse_number(s, r == -ERANGE);
	*out = v;
	return 0;
}

static int set_u64(const struct setting *s)
{
	uint64_t v = 0;
	int r = number_of(s, &v);

	if (r < 0)
		return r;
	*(uint64_t *)field(s) = v;
	return 0;
}

static int set_dur(const struct setting *s)
{
	uint64_t v = 0;
	int r = number_of(s, &v);

	if (r < 0)
		return r;
	*(int64_t *)field(s) = (int64_t)v;
	return 0;
}

/* ---- words ----------------------------------------------------------------------------------- */

static int set_flag(const struct setting *s)
{
	static const char *const words[] = { "false", "true", "0", "1", "no", "yes", "off", "on" };

	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		if (strcmp(s->text, words[i]) == 0) {
			*(bool *)field(s) = i % 2 == 1;
			return 0;
		}
	}
	return refuse(s, "true or false");
}

static int set_str(const struct setting *s)
{
	*(const char **)field(s) = s->text;
	return 0;
}

static int set_choice(const struct setting *s)
{
	struct str left = str_of(s->opt->choices);
	unsigned i = 0;

	while (left.n > 0) {
		struct str word;

		(void)str_cut(&left, '|', &word);
		if (str_eq(word, str_of(s->text))) {
			*(unsigned *)field(s) = i;
			return 0;
		}
		i++;
	}
	return refuse(s, s->opt->choices);
}

static int add_to_list(const struct setting *s)
{
	struct conf_list *list = field(s);

	if (list->n == CONF_LIST_MAX)
		return err_set(s->err, ERR_LIMIT, "%s: more than %d values; give fewer at a time",
			       s->label, CONF_LIST_MAX);
	list->v[list->n++] = s->text;
	return 0;
}

/* ---- the types ------------------------------------------------------------------------------- */

static const struct kind {
	const char *name;
	int (*set)(const struct setting *s);
} kinds[] = {
	[CONF_FLAG] = { "a truth value", set_flag },
	[CONF_U64] = { "a number", set_u64 },
	[CONF_BYTES] = { "a size", set_u64 },
	[CONF_DUR] = { "a duration", set_dur },
	[CONF_STR] = { "a value", set_str },
	[CONF_CHOICE] = { "one of its words", set_choice },
	[CONF_LIST] = { "one or more values", add_to_list },
};

const char *conf_value_kind(enum conf_type type)
{
	assert((size_t)type < ARRAY_LEN(kinds));
	return kinds[type].name;
}

int conf_value_set(const struct conf_opt *opt, const char *text, const char *label, void *conf,
		   struct err *err)
{
	assert((size_t)opt->type < ARRAY_LEN(kinds));
	return kinds[opt->type].set(&(struct setting){ opt, text, label, conf, err });
}
