// SPDX-License-Identifier: Apache-2.0
/*
 * Values of group keys as bytes: in the table of groups and in the ring. A text is its own bytes,
 * an address 16, anything else its word.
 */
#include "query/query_int.h"

static bool is_text(unsigned type)
{
	return type == FIELD_STR || type == FIELD_BYTES;
}

bool query_type_groups(unsigned type)
{
	return is_text(type) || type == FIELD_BOOL || type == FIELD_U64 || type == FIELD_I64 ||
	       type == FIELD_TIME || type == FIELD_DUR || type == FIELD_IP || type == FIELD_ENUM;
}

bool query_type_adds(unsigned type)
{
	return type == FIELD_U64 || type == FIELD_I64 || type == FIELD_F64 || type == FIELD_DUR;
}

struct str query_value_bytes(const struct row_value *v)
{
	if (v->type == 0)
		return (struct str){ NULL, 0 };
	if (is_text(v->type))
		return v->s;
	if (v->type == FIELD_IP)
		return (struct str){ (const char *)v->ip.b, sizeof(v->ip.b) };
	return (struct str){ (const char *)&v->u, sizeof(v->u) };
}

bool query_value_of(unsigned type, struct str bytes, struct row_value *out)
{
	*out = (struct row_value){ .type = (enum field_type)type };
	if (type == 0)
		return bytes.n == 0;
	if (is_text(type)) {
		out->s = bytes;
		return true;
	}
	if (bytes.n != (type == FIELD_IP ? sizeof(out->ip.b) : sizeof(out->u)))
		return false;
	if (type == FIELD_IP) {
		memcpy(out->ip.b, bytes.p, sizeof(out->ip.b));
		return true;
	}
	memcpy(&out->u, bytes.p, sizeof(out->u));
	out->b = out->u != 0;
	out->i = (int64_t)out->u;
	return true;
}

int query_value_compare(const struct row_value *a, const struct row_value *b)
{
	if (a->type != b->type)
		return a->type < b->type ? -1 : 1;
	if (is_text(a->type))
		return str_cmp(a->s, b->s);
	if (a->type == FIELD_IP)
		return memcmp(a->ip.b, b->ip.b, sizeof(a->ip.b));
	if (a->type == FIELD_I64 || a->type == FIELD_TIME || a->type == FIELD_DUR)
		return (a->i > b->i) - (a->i < b->i);
	return (a->u > b->u) - (a->u < b->u);
}
