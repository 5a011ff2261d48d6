/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Comparisons of numbers, times, durations, choices and bools as runs of words of 64 bits: said
 * once, for a value, for a column whose words are narrower, and for the bounds of a group. The run
 * may go over the end and on at 0, as that of numbers with a sign does.
 */
#include "rules/filter_int.h"

/* The number that the smallest of a type stands for, as a word; words are counted from it. */
#define SIGNED   (UINT64_C(1) << 63)
#define UNSIGNED UINT64_C(0)

/* From the `first` to the `last` of all words, in their order, whose smallest is `least`. */
static struct filter_span between(uint64_t least, uint64_t first, uint64_t last)
{
	return (struct filter_span){ true, least + first, last - first };
}

static struct filter_span all(void)
{
	return between(UNSIGNED, 0, UINT64_MAX);
}

static struct filter_span compared(enum relation relation, uint64_t least, uint64_t word)
{
	static const struct filter_span none = { .any = false };
	uint64_t at = word - least;

	switch (relation) {
	case REL_EQ:
		return (struct filter_span){ true, word, 0 };
	case REL_NE:
		return (struct filter_span){ true, word + 1, UINT64_MAX - 1 };
	case REL_LT:
		return at > 0 ? between(least, 0, at - 1) : none;
	case REL_LE:
		return between(least, 0, at);
	case REL_GT:
		return at < UINT64_MAX ? between(least, at + 1, UINT64_MAX) : none;
	case REL_GE:
		return between(least, at, UINT64_MAX);
	}
	return none;
}

/* With a number below every one of the type. */
static struct filter_span compared_with_less(enum relation relation)
{
	if (relation == REL_NE || relation == REL_GT || relation == REL_GE)
		return all();
	return (struct filter_span){ .any = false };
}

/* True is every word but 0. */
static struct filter_span compared_bool(enum relation relation, bool with)
{
	return compared((relation == REL_EQ) == with ? REL_NE : REL_EQ, UNSIGNED, 0);
}

bool filter_span(enum field_type type, enum relation relation, const struct literal *l,
		 struct filter_span *out)
{
	switch (type) {
	case FIELD_BOOL:
		*out = compared_bool(relation, l->b);
		return true;
	case FIELD_U64:
		*out = l->negative ? compared_with_less(relation)
				   : compared(relation, UNSIGNED, l->u);
		return true;
	case FIELD_ENUM:
		*out = compared(relation, UNSIGNED, l->u);
		return true;
	case FIELD_I64:
	case FIELD_TIME:
	case FIELD_DUR:
		*out = compared(relation, SIGNED, (uint64_t)l->i);
		return true;
	case FIELD_F64:
	case FIELD_STR:
	case FIELD_BYTES:
	case FIELD_IP:
	case FIELD_JSON:
	case FIELD_LIST_U64:
	case FIELD_LIST_STR:
	case FIELD_MAP:
		break;
	}
	return false;
}
