/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The default masks: what becomes of a value is decided by the class of its field, here and nowhere
 * else. Values of headers and of query parameters are masked unless their name stands in a list
 * below: names whose values describe the message, never who sent it, what it is about, or with what
 * right.
 */
#include "rules/rules.h"

#define NAME(s)                                                                                    \
	{                                                                                          \
		s, sizeof(s) - 1                                                                   \
	}

/* Invariant: both are sorted by bytes and in lower case. */
// clang-format off
static const struct str headers[] = {
	NAME("accept"), NAME("accept-charset"), NAME("accept-encoding"), NAME("accept-language"),
	NAME("accept-ranges"), NAME("age"), NAME("allow"), NAME("alt-svc"), NAME("cache-control"),
	NAME("connection"), NAME("content-encoding"), NAME("content-language"),
	NAME("content-length"), NAME("content-range"), NAME("content-type"), NAME("date"),
	NAME("expect"), NAME("expires"), NAME("grpc-status"), NAME("host"), NAME("keep-alive"),
	NAME("last-modified"), NAME("max-forwards"), NAME("pragma"), NAME("range"),
	NAME("retry-after"), NAME("server"), NAME("strict-transport-security"), NAME("te"),
	NAME("trailer"), NAME("transfer-encoding"), NAME("upgrade"), NAME("user-agent"),
	NAME("vary"), NAME("via"), NAME("x-content-type-options"), NAME("x-frame-options"),
	NAME("x-powered-by"),
};

/* Not "continue" of Kubernetes' lists: its token holds the names of objects. */
static const struct str parameters[] = {
	NAME("allowwatchbookmarks"), NAME("fieldmanager"), NAME("fieldvalidation"), NAME("follow"),
	NAME("format"), NAME("lang"), NAME("limit"), NAME("offset"), NAME("order"), NAME("page"),
	NAME("page_size"), NAME("pagesize"), NAME("per_page"), NAME("pretty"),
	NAME("propagationpolicy"), NAME("resourceversionmatch"), NAME("sort"), NAME("taillines"),
	NAME("timeout"), NAME("timeoutseconds"), NAME("timestamps"), NAME("version"), NAME("watch"),
};
// clang-format on

static const struct mask_names allowed_headers = { headers, ARRAY_LEN(headers) };
static const struct mask_names allowed_parameters = { parameters, ARRAY_LEN(parameters) };

const struct mask_names *rules_allowed_headers(void)
{
	return &allowed_headers;
}

const struct mask_names *rules_allowed_parameters(void)
{
	return &allowed_parameters;
}

/* A switch, so that the compiler asks for a class that is new. */
struct mask_rule rules_mask_of_class(enum field_class class)
{
	switch (class) {
	case CLASS_PUBLIC:
	case CLASS_PERSONAL:
		return (struct mask_rule){ .action = MASK_KEEP };
	case CLASS_SECRET:
		return (struct mask_rule){ .action = MASK_WHOLE };
	case CLASS_PATH:
		return (struct mask_rule){ .action = MASK_PATH };
	case CLASS_QUERY:
		return (struct mask_rule){ .action = MASK_QUERY, .allow = &allowed_parameters };
	case CLASS_HEADERS:
		return (struct mask_rule){ .action = MASK_HEADERS, .allow = &allowed_headers };
	case CLASS_CONTENT:
		break;
	}
	return (struct mask_rule){ .action = MASK_DROP };
}

const struct mask_plan *rules_default_masks(void)
{
	static struct mask_plan plan;

	for (size_t k = 0; k < RECORD_KINDS; k++) {
		const struct record_kind *kind = record_kind_at(k);

		for (unsigned slot = 0; slot < kind->slots; slot++)
			plan.rule[k][slot] = rules_mask_of_class(kind->field[slot].class);
	}
	return &plan;
}
