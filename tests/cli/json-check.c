/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json-check [lines]: reads standard input and says whether it is an array of records, or with
 * `lines` one record a line: valid JSON, each an object that begins with kind and time. Prints how
 * many there were, or what is wrong with which.
 */
#include <stdio.h>
#include <stdlib.h>

#include "json/json.h"

#define PARSER_BYTES (256 * MIB)

static struct json_symbols *symbols;

static bool is_record(const struct json_value *v)
{
	return v->type == JSON_OBJECT && v->object.n >= 2 &&
	       str_eq(json_symbol_name(symbols, v->object.m[0].key), STR("kind")) &&
	       v->object.m[0].value.type == JSON_STR &&
	       str_eq(json_symbol_name(symbols, v->object.m[1].key), STR("time")) &&
	       v->object.m[1].value.type == JSON_STR;
}

static int fail(size_t number, const char *why)
{
	(void)printf("record %zu: %s\n", number, why);
	return 1;
}

static int check_array(const struct json_value *root)
{
	if (root->type != JSON_ARRAY)
		return fail(0, "no array");
	for (size_t i = 0; i < root->array.n; i++)
		if (!is_record(&root->array.v[i]))
			return fail(i, "does not begin with kind and time");
	(void)printf("%zu\n", root->array.n);
	return 0;
}

static int check_lines(struct json_parser *parser, struct str text)
{
	struct json_doc doc;
	struct str line;
	struct err err;
	size_t n = 0;

	for (; text.n; n++) {
		if (!str_cut(&text, '\n', &line))
			return fail(n, "no end of line");
		if (json_parse(parser, line, &doc, &err) < 0)
			return fail(n, err.text);
		if (!is_record(&doc.root))
			return fail(n, "does not begin with kind and time");
	}
	(void)printf("%zu\n", n);
	return 0;
}

int main(int argc, char **argv)
{
	static struct json_parser *parser;
	static struct buf text;
	struct json_doc doc;
	struct err err;
	char piece[64 * KIB];
	size_t n;

	buf_init(&text, JSON_TEXT_MAX);
	while ((n = fread(piece, 1, sizeof(piece), stdin)) > 0)
		if (buf_put(&text, (struct str){ piece, n }) < 0)
			return fail(0, "too long for this check");
	if (json_symbols_new(4 * MIB, &symbols) < 0 ||
	    json_parser_new(symbols, PARSER_BYTES, &parser) < 0)
		return fail(0, "no memory");
	if (argc > 1 && strcmp(argv[1], "lines") == 0)
		return check_lines(parser, buf_str(&text));
	if (json_parse(parser, buf_str(&text), &doc, &err) < 0)
		return fail(0, err.text);
	return check_array(&doc.root);
}
