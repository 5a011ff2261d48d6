/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The default masks: what becomes of a value is decided by the class of its field, here and nowhere
 * else. Values of headers and of query parameters are masked unless their name stands in a list
 * below: names whose values describe the message, never who sent it, what it is about, or with what
 * right. The list also says what such a value consists of; what else stands in it is masked.
 */
#include "rules/rules.h"

#define ROW(s, value)                                                                              \
	{                                                                                          \
		{ s, sizeof(s) - 1 }, VALUE_##value                                                \
	}

/* Invariant: both are sorted by bytes and in lower case. */
// clang-format off
static const struct mask_name headers[] = {
	ROW("accept", TEXT), ROW("accept-charset", TEXT), ROW("accept-encoding", WORDS),
	ROW("accept-language", TEXT), ROW("accept-ranges", WORDS), ROW("age", NUMBER),
	ROW("allow", WORDS), ROW("alt-svc", TEXT), ROW("cache-control", WORDS),
	ROW("connection", WORDS), ROW("content-encoding", WORDS), ROW("content-language", TEXT),
	ROW("content-length", NUMBER), ROW("content-range", RANGE), ROW("content-type", MEDIA),
	ROW("date", DATE), ROW("expect", WORDS), ROW("expires", DATE),
	ROW("grpc-status", NUMBER), ROW("host", HOST), ROW("keep-alive", WORDS),
	ROW("last-modified", DATE), ROW("max-forwards", NUMBER), ROW("pragma", WORDS),
	ROW("range", RANGE), ROW("retry-after", DATE), ROW("server", TEXT),
	ROW("strict-transport-security", TEXT), ROW("te", WORDS), ROW("trailer", TEXT),
	ROW("transfer-encoding", WORDS), ROW("upgrade", WORDS), ROW("user-agent", TEXT),
	ROW("vary", TEXT), ROW("via", TEXT), ROW("x-content-type-options", WORDS),
	ROW("x-frame-options", WORDS), ROW("x-powered-by", TEXT),
};

/* Not "continue" of Kubernetes' lists: its token holds the names of objects. */
static const struct mask_name parameters[] = {
	ROW("allowwatchbookmarks", QUERY), ROW("fieldmanager", QUERY),
	ROW("fieldvalidation", QUERY), ROW("follow", QUERY), ROW("format", QUERY),
	ROW("lang", QUERY), ROW("limit", QUERY), ROW("offset", QUERY), ROW("order", QUERY),
	ROW("page", QUERY), ROW("page_size", QUERY), ROW("pagesize", QUERY),
	ROW("per_page", QUERY), ROW("pretty", QUERY), ROW("propagationpolicy", QUERY),
	ROW("resourceversionmatch", QUERY), ROW("sort", QUERY), ROW("taillines", QUERY),
	ROW("timeout", QUERY), ROW("timeoutseconds", QUERY), ROW("timestamps", QUERY),
	ROW("version", QUERY), ROW("watch", QUERY),
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
	case CLASS_WORD:
		return (struct mask_rule){ .action = MASK_WORD };
	case CLASS_HOST:
		return (struct mask_rule){ .action = MASK_HOST };
	case CLASS_SQL:
		return (struct mask_rule){ .action = MASK_SQL };
	case CLASS_KEY:
		return (struct mask_rule){ .action = MASK_KEY };
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
