/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The filter's grammar by recursive descent (see rules.h), its depth bounded by the parentheses.
 * The first thing that is wrong is said, with its place, and nothing after it.
 */
#include "rules/filter_int.h"

static struct node *node_new(struct parser *p, enum node_type type, size_t at)
{
	struct node *n = filter_alloc(p, sizeof(*n));

	if (n) {
		n->type = type;
		n->at = at;
	}
	return n;
}

/* ---- Names ---- */

/* A dotted name, and what stands before "(" behind it: a method. */
struct dotted {
	struct str name, method;
	size_t at, method_at;
};

static void fail_function(struct parser *p, const struct dotted *d)
{
	if (str_eq(d->name, STR("duration")) || str_eq(d->name, STR("timestamp")))
		filter_fail(p, d->at, "A comparison has its field on the left.");
	else
		filter_fail(p, d->at,
			    "There is no function '%s'; there are has, duration and timestamp.",
			    filter_quote(d->name).text);
}

static bool parse_dotted(struct parser *p, struct dotted *d)
{
	*d = (struct dotted){ .name = p->token.text, .at = p->token.at };
	filter_next(p);
	while (filter_take_op(p, ".")) {
		struct token part = p->token;

		if (p->failed || part.type != TOKEN_NAME) {
			filter_fail(p, part.at, "A name is expected behind the dot.");
			return false;
		}
		filter_next(p);
		if (filter_is_op(p, "(")) {
			d->method = part.text;
			d->method_at = part.at;
			break;
		}
		d->name.n = part.end - d->at;
	}
	if (!d->method.n && filter_is_op(p, "("))
		fail_function(p, d);
	return !p->failed;
}

/* A field alone, as has() and "in" take one. */
static bool parse_field(struct parser *p, struct node *n)
{
	struct dotted d;

	if (p->failed || p->token.type != TOKEN_NAME) {
		filter_fail(p, p->token.at, "The name of a field is expected here.");
		return false;
	}
	if (!parse_dotted(p, &d) || !filter_resolve(p, d.name, d.at, n) ||
	    !filter_check_field(p, n, d.at))
		return false;
	if (d.method.n)
		filter_fail(p, d.method_at, "A method does not belong here, but a field alone.");
	return !p->failed;
}

/* ---- Tests ---- */

static const struct {
	const char *op;
	enum relation relation;
} relations[] = {
	{ "==", REL_EQ }, { "!=", REL_NE }, { "<", REL_LT },
	{ "<=", REL_LE }, { ">", REL_GT },  { ">=", REL_GE },
};

static const struct {
	const char *name;
	enum node_type type;
} methods[] = {
	{ "startsWith", NODE_STARTS },
	{ "endsWith", NODE_ENDS },
	{ "contains", NODE_CONTAINS },
};

bool filter_is_method(struct str name)
{
	for (size_t i = 0; i < ARRAY_LEN(methods); i++)
		if (str_eq(name, str_of(methods[i].name)))
			return true;
	return false;
}

static bool method_by_name(struct parser *p, struct str name, size_t at, enum node_type *out)
{
	for (size_t i = 0; i < ARRAY_LEN(methods); i++) {
		if (str_eq(name, str_of(methods[i].name))) {
			*out = methods[i].type;
			return true;
		}
	}
	filter_fail(p, at, "There is no method '%s'; there are startsWith, endsWith and contains.",
		    filter_quote(name).text);
	return false;
}

static bool method_fits(struct parser *p, const struct node *n, struct str name, size_t at)
{
	const char *field = n->field->name;
	bool many = n->field->type >= FIELD_LIST_U64;

	if (n->field->type == FIELD_STR || n->indexed)
		return true;
	if (many)
		filter_fail(p, at, "%s is of type %s: write \"value\" in %s.", field,
			    field_type_name(n->field->type), field);
	else
		filter_fail(p, at, "%s is of type %s; only a string has %s().", field,
			    field_type_name(n->field->type), filter_quote(name).text);
	return false;
}

/* The parentheses behind a method's name. */
static void parse_call(struct parser *p, struct node *n, struct str name, size_t at)
{
	struct literal *l = filter_alloc(p, sizeof(*l));

	if (!l || !method_by_name(p, name, at, &n->type) || !method_fits(p, n, name, at) ||
	    !filter_expect_op(p, "("))
		return;
	l->type = LITERAL_STR;
	l->at = p->token.at;
	n->literal = l;
	n->literals = 1;
	if (filter_parse_string(p, &l->s))
		(void)filter_expect_op(p, ")");
}

/* ["key"] behind a map. */
static bool parse_index(struct parser *p, struct node *n)
{
	size_t at;

	if (n->field->type != FIELD_MAP) {
		filter_fail(p, n->at, "%s is of type %s; only a map is read by a key.",
			    n->field->name, field_type_name(n->field->type));
		return false;
	}
	n->indexed = true;
	at = p->token.at;
	return filter_parse_string(p, &n->key) && filter_check_key(p, n, n->key, at) &&
	       filter_expect_op(p, "]");
}

/* Over what stands before a literal. */
static bool step_to_literal(struct parser *p, const struct node *n)
{
	if (!filter_check_quoted(p, n, p->token.end))
		return false;
	filter_next(p);
	return !p->failed;
}

/* The list is gathered aside, since only its end says how long it is. */
static void parse_list(struct parser *p, struct node *n)
{
	struct literal list[FILTER_LIST_MAX], *kept;

	if (!filter_is_op(p, "[")) {
		(void)filter_expect_op(p, "[");
		return;
	}
	do {
		if (!step_to_literal(p, n))
			return;
		if (n->literals == FILTER_LIST_MAX) {
			filter_fail(p, p->token.at, "A list holds at most %d values.",
				    FILTER_LIST_MAX);
			return;
		}
		if (!filter_parse_literal(p, &list[n->literals]) ||
		    !filter_check_literal(p, n, &list[n->literals]))
			return;
		n->literals++;
	} while (filter_is_op(p, ","));
	kept = filter_alloc(p, n->literals * sizeof(*kept));
	if (!kept)
		return;
	memcpy(kept, list, n->literals * sizeof(*kept));
	n->literal = kept;
	(void)filter_expect_op(p, "]");
}

static void parse_comparison(struct parser *p, struct node *n, enum relation relation)
{
	struct literal *l = filter_alloc(p, sizeof(*l));

	if (!l || !filter_check_relation(p, n, &relation))
		return;
	n->type = NODE_COMPARE;
	n->relation = relation;
	n->literal = l;
	n->literals = 1;
	if (step_to_literal(p, n) && filter_parse_literal(p, l))
		(void)filter_check_literal(p, n, l);
}

/* What stands behind a value: a relation, "in", or nothing behind a bool. */
static void parse_relation(struct parser *p, struct node *n)
{
	for (size_t i = 0; i < ARRAY_LEN(relations); i++) {
		if (filter_is_op(p, relations[i].op)) {
			parse_comparison(p, n, relations[i].relation);
			return;
		}
	}
	if (filter_is_name(p, "in")) {
		n->type = NODE_IN;
		if (!filter_check_relation(p, n, NULL))
			return;
		filter_next(p);
		parse_list(p, n);
		return;
	}
	n->type = NODE_BOOL;
	if (filter_check_word(p, n) && n->field->type != FIELD_BOOL)
		filter_fail(p, p->token.at,
			    "%s is not true or false by itself: compare it, or write has(%s).",
			    n->field->name, n->field->name);
}

static bool follows_value(const struct parser *p)
{
	for (size_t i = 0; i < ARRAY_LEN(relations); i++)
		if (filter_is_op(p, relations[i].op))
			return true;
	return filter_is_name(p, "in") || filter_is_op(p, "[");
}

/* What begins with a name: a kind, or a test of a field. */
static struct node *parse_test(struct parser *p)
{
	struct node *n = node_new(p, NODE_COMPARE, p->token.at);
	struct dotted d;

	if (!n || !parse_dotted(p, &d) || !filter_resolve(p, d.name, d.at, n))
		return n;
	if (n->type == NODE_KIND || n->type == NODE_FLAG) {
		if (d.method.n || follows_value(p))
			(void)filter_check_field(p, n, d.at);
		return n;
	}
	if (!d.method.n && filter_take_op(p, "[")) {
		if (!parse_index(p, n))
			return n;
		if (filter_take_op(p, ".")) {
			d.method = p->token.type == TOKEN_NAME ? p->token.text : STR("");
			d.method_at = p->token.at;
			filter_next(p);
			parse_call(p, n, d.method, d.method_at);
			return n;
		}
	}
	if (d.method.n)
		parse_call(p, n, d.method, d.method_at);
	else if (!p->failed)
		parse_relation(p, n);
	return n;
}

static struct node *parse_has(struct parser *p)
{
	struct node *n = node_new(p, NODE_HAS, p->token.at);

	filter_next(p);
	if (!n || !filter_expect_op(p, "(") || !parse_field(p, n))
		return n;
	if (filter_is_op(p, "["))
		filter_fail(p, p->token.at, "has() takes a field alone; write \"key\" in %s.",
			    n->field->name);
	(void)filter_expect_op(p, ")");
	return n;
}

/* What begins with a value: "value" in FIELD. */
static struct node *parse_member(struct parser *p)
{
	struct node *n = node_new(p, NODE_MEMBER, p->token.at);
	struct literal *l = filter_alloc(p, sizeof(*l));
	size_t at;

	if (!n || !l || !filter_parse_literal(p, l))
		return n;
	if (!filter_is_name(p, "in")) {
		filter_fail(p, p->token.at,
			    "A comparison has its field on the left; only 'in' follows a value.");
		return n;
	}
	filter_next(p);
	at = p->token.at;
	if (!parse_field(p, n))
		return n;
	n->literal = l;
	n->literals = 1;
	if (n->field->type < FIELD_LIST_U64)
		filter_fail(p, at, "%s is of type %s, no list and no map.", n->field->name,
			    field_type_name(n->field->type));
	else if (filter_check_literal(p, n, l) && n->field->type == FIELD_MAP)
		(void)filter_check_key(p, n, l->s, l->at);
	return n;
}

/* ---- Connectives ---- */

static struct node *parse_or(struct parser *p);

static struct node *parse_group(struct parser *p)
{
	struct node *n;

	if (p->depth == FILTER_DEPTH_MAX) {
		filter_fail(p, p->token.at, "Parentheses are nested deeper than %d.",
			    FILTER_DEPTH_MAX);
		return NULL;
	}
	p->depth++;
	filter_next(p);
	n = parse_or(p);
	if (filter_check_word(p, NULL))
		(void)filter_expect_op(p, ")");
	p->depth--;
	return n;
}

static struct node *parse_const(struct parser *p)
{
	struct node *n = node_new(p, NODE_CONST, p->token.at);

	if (n)
		n->value = filter_is_name(p, "true");
	filter_next(p);
	return n;
}

static struct node *parse_primary(struct parser *p)
{
	if (filter_is_op(p, "("))
		return parse_group(p);
	if (!filter_check_word(p, NULL))
		return NULL;
	if (filter_is_name(p, "has"))
		return parse_has(p);
	if (filter_is_name(p, "true") || filter_is_name(p, "false"))
		return parse_const(p);
	if (p->token.type == TOKEN_NAME)
		return parse_test(p);
	if (p->token.type == TOKEN_STRING || p->token.type == TOKEN_INT ||
	    p->token.type == TOKEN_FLOAT || filter_is_op(p, "-"))
		return parse_member(p);
	filter_fail(p, p->token.at,
		    p->token.type == TOKEN_END ? "The expression ends too early."
					       : "The name of a field is expected here.");
	return NULL;
}

/* In CEL '!' binds closer than a comparison, so !a == b would not mean what it seems to. */
static bool needs_group(const struct node *n)
{
	return n->type == NODE_COMPARE || n->type == NODE_IN || n->type == NODE_MEMBER;
}

static struct node *parse_unary(struct parser *p)
{
	struct node *n, *operand;
	size_t at = p->token.at;
	bool not = false, any = false, group;

	while (filter_take_op(p, "!")) {
		not = !not ;
		any = true;
	}
	group = filter_is_op(p, "(");
	operand = p->failed ? NULL : parse_primary(p);
	if (!p->failed && any && !group && needs_group(operand))
		filter_fail(p, at, "'!' binds to the value alone: write !( ... ) around the test.");
	if (!not || p->failed)
		return operand;
	n = node_new(p, NODE_NOT, at);
	if (n)
		n->first = operand;
	return n;
}

/* One operand alone is itself; several are one node. */
static struct node *parse_chain(struct parser *p, const char *op, enum node_type type,
				struct node *(*parse)(struct parser *))
{
	struct node *first = parse(p), *last = first, *n;

	if (p->failed || !filter_is_op(p, op))
		return first;
	n = node_new(p, type, p->token.at);
	while (filter_take_op(p, op)) {
		struct node *operand = parse(p);

		if (p->failed)
			return NULL;
		last->next = operand;
		last = operand;
	}
	if (n)
		n->first = first;
	return n;
}

static struct node *parse_and(struct parser *p)
{
	return parse_chain(p, "&&", NODE_AND, parse_unary);
}

static struct node *parse_or(struct parser *p)
{
	return parse_chain(p, "||", NODE_OR, parse_and);
}

struct node *filter_parse_text(struct parser *p, struct str text)
{
	struct parser own = { .filter = p->filter, .text = text, .err = p->err };
	struct node *n;

	filter_next(&own);
	n = parse_or(&own);
	p->failed = own.failed;
	return own.failed ? NULL : n;
}

int filter_parse(struct filter *f, struct err *err)
{
	struct parser p = { .filter = f, .text = f->text, .err = err };

	filter_next(&p);
	if (p.token.type == TOKEN_END)
		filter_fail(&p, 0, "The expression is empty.");
	if (!p.failed)
		f->root = parse_or(&p);
	if (!p.failed && filter_check_word(&p, NULL) && p.token.type != TOKEN_END)
		filter_fail(&p, p.token.at, "This does not belong here; join tests by && or ||.");
	return p.failed ? -err_row(ERR_FILTER)->code : 0;
}
