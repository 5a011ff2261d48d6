/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Texts that are JSON and texts that are not, once, for the tests of tokenizer and tree: both must
 * judge each of them as it stands here.
 */
#ifndef REDOUBT_JSON_TEST_SAMPLES_H
#define REDOUBT_JSON_TEST_SAMPLES_H

#include "json/json.h"

struct sample {
	struct str text;
	bool valid;
};

#define VALID(lit)                                                                                 \
	{                                                                                          \
		{ lit, sizeof(lit) - 1 }, true                                                     \
	}
#define INVALID(lit)                                                                               \
	{                                                                                          \
		{ lit, sizeof(lit) - 1 }, false                                                    \
	}

static const struct sample samples[] = {
	/* Literals. */
	VALID("null"),
	VALID("true"),
	VALID("false"),
	VALID(" \t\r\n true \t\r\n "),
	INVALID("nul"),
	INVALID("nulll"),
	INVALID("True"),
	INVALID("tru e"),
	INVALID("truex"),
	INVALID("true\"a\""),
	INVALID("true false"),
	INVALID("[true false]"),
	INVALID("NaN"),
	INVALID("Infinity"),
	/* Numbers. */
	VALID("0"),
	VALID("-0"),
	VALID("-1"),
	VALID("10"),
	VALID("1234567890"),
	VALID("9223372036854775807"),
	VALID("-9223372036854775808"),
	VALID("18446744073709551615"),
	VALID("18446744073709551616"),
	VALID("-9223372036854775809"),
	VALID("123456789012345678901234567890123456789012345678901234567890"),
	VALID("0.5"),
	VALID("-0.0"),
	VALID("1e5"),
	VALID("1E+5"),
	VALID("1e-5"),
	VALID("0e0"),
	VALID("1.25e0005"),
	VALID("1e400"),
	VALID("-1e400"),
	VALID("1e-400"),
	VALID("[1,-2,3.5,4e4]"),
	INVALID("-"),
	INVALID("+1"),
	INVALID("01"),
	INVALID("-01"),
	INVALID("00"),
	INVALID(".5"),
	INVALID("1."),
	INVALID("1.e5"),
	INVALID("1e"),
	INVALID("1e+"),
	INVALID("1e5.5"),
	INVALID("1.5.5"),
	INVALID("0x10"),
	INVALID("1a"),
	INVALID("1 2"),
	INVALID("1-2"),
	INVALID("--1"),
	INVALID("[-]"),
	INVALID("[1a]"),
	INVALID("[1\"a\"]"),
	INVALID("1\0"),
	/* Strings. */
	VALID("\"\""),
	VALID("\"a\""),
	VALID("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\""),
	VALID("\"\\u0000\\u00e9\\u20AC\""),
	VALID("\"\\ud83d\\ude00\""),
	VALID("\"\\ud83d\""),
	VALID("\"\\ude00\""),
	VALID("\"\\ude00\\ud83d\""),
	VALID("\"\\ud83d\\ud83d\\ude00\""),
	VALID("\"\\ud83d\\n\""),
	VALID("\"\\ud83dx\""),
	VALID("\"\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80\""),
	VALID("\"\x7f\""),
	VALID("\"{[,:]}\""),
	VALID("\"a long text that takes more than one block of any width of vector there is, so "
	      "that ends of strings fall in other blocks than their beginnings \\\\\""),
	INVALID("\""),
	INVALID("\"a"),
	INVALID("\"\\"),
	INVALID("\"\\\""),
	INVALID("\"\\x\""),
	INVALID("\"\\u\""),
	INVALID("\"\\u12\""),
	INVALID("\"\\u123g\""),
	INVALID("\"\\U0041\""),
	INVALID("\"\\ud83d\\u12\""),
	INVALID("\"\\ud83d\\x\""),
	INVALID("\"\\\n\""),
	INVALID("\"\n\""),
	INVALID("\"\t\""),
	INVALID("\"\0\""),
	INVALID("\"\x1f\""),
	INVALID("'a'"),
	INVALID("\"a\"b"),
	INVALID("\"a\"\"b\""),
	INVALID("\"a\" \"b\""),
	INVALID("a\"b\""),
	/* Containers. */
	VALID("[]"),
	VALID("{}"),
	VALID("[ ]"),
	VALID("{ }"),
	VALID("[[],{}]"),
	VALID("{\"a\":[]}"),
	VALID("{\"a\":1,\"a\":2}"),
	VALID("{\"\":0}"),
	VALID("{\"\\u0061\" : {\"b\":[1,{\"c\":null}]}}"),
	VALID("[\n\t1 ,\r\n 2\n]"),
	INVALID("["),
	INVALID("{"),
	INVALID("]"),
	INVALID("}"),
	INVALID("[}"),
	INVALID("{]"),
	INVALID("[1"),
	INVALID("[1,"),
	INVALID("[1,]"),
	INVALID("[,1]"),
	INVALID("[1,,2]"),
	INVALID("[1 2]"),
	INVALID("[1:2]"),
	INVALID("[[]"),
	INVALID("[]]"),
	INVALID("[1}"),
	INVALID("[[1}]"),
	INVALID("{\"a\"}"),
	INVALID("{\"a\":}"),
	INVALID("{\"a\":1"),
	INVALID("{\"a\":1,}"),
	INVALID("{\"a\":1]"),
	INVALID("{\"a\" 1}"),
	INVALID("{\"a\",1}"),
	INVALID("{\"a\"::1}"),
	INVALID("{:1}"),
	INVALID("{,}"),
	INVALID("{1:1}"),
	INVALID("{a:1}"),
	INVALID("{\"a\":1 \"b\":2}"),
	INVALID("{\"a\":1,2}"),
	INVALID("{\"a\":1}}"),
	/* Around the document. */
	INVALID(""),
	INVALID(" "),
	INVALID("\n\n"),
	INVALID("\xef\xbb\xbf"),
	INVALID("\xef\xbb\xbf{}"),
	INVALID("{} x"),
	INVALID("{}{}"),
	INVALID("1,"),
	INVALID("\f1"),
	INVALID("\v[]"),
	INVALID("[1]\0"),
	INVALID("\0"),
	INVALID("\xc2\xa0"),
	INVALID("[\xff]"),
	INVALID("/**/1"),
	INVALID("\x1a"),
	INVALID("[\x0c 1]"),
	INVALID("{\"a\"\x1a 1}"),
};

/* depth arrays in one another, around nothing. */
static inline struct str nested(unsigned depth, char out[4 * JSON_DEPTH_MAX])
{
	assert(depth <= 2 * JSON_DEPTH_MAX);
	memset(out, '[', depth);
	memset(out + depth, ']', depth);
	return (struct str){ out, (size_t)2 * depth };
}

#endif
