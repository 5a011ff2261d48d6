/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names of KFL2, Kubeshark's filter language, for the same things here: a table, and how a row
 * answers to them, wherever its values are. Unlike a field of ours an alias is never absent: it has
 * its type's zero then, as KFL2 has it. Several fields of one alias are joined: the first text that
 * is there, the sum of numbers, the elements of all lists.
 */
#include "rules/filter_int.h"

#define WORD(a, b)                                                                                 \
	{                                                                                          \
		{ a, sizeof(a) - 1 },                                                              \
		{                                                                                  \
			b, sizeof(b) - 1                                                           \
		}                                                                                  \
	}
static const struct filter_word http_versions[] = {
	WORD("1.0", "HTTP/1.0"),
	WORD("1.1", "HTTP/1.1"),
	WORD("2", "HTTP/2"),
	{ { NULL, 0 }, { NULL, 0 } },
};

/* KFL2 has the response code of DNS as a number (RFC 6895 §2.3). */
static const struct filter_word status_codes[] = {
	WORD("NOERROR", "0"),   WORD("FORMERR", "1"),    WORD("SERVFAIL", "2"),
	WORD("NXDOMAIN", "3"),  WORD("NOTIMP", "4"),     WORD("REFUSED", "5"),
	WORD("YXDOMAIN", "6"),  WORD("YXRRSET", "7"),    WORD("NXRRSET", "8"),
	WORD("NOTAUTH", "9"),   WORD("NOTZONE", "10"),   WORD("DSOTYPENI", "11"),
	WORD("BADVERS", "16"),  WORD("BADKEY", "17"),    WORD("BADTIME", "18"),
	WORD("BADMODE", "19"),  WORD("BADNAME", "20"),   WORD("BADALG", "21"),
	WORD("BADTRUNC", "22"), WORD("BADCOOKIE", "23"), { { NULL, 0 }, { NULL, 0 } },
};

#define NOT_DECODED "it is not decoded yet"
#define NO_PAYLOAD  "payloads are not kept"
#define NO_LOCAL    "a flow has client and server: write flow.src_packets, flow.dst_bytes and so on"

/* clang-format off */
static const struct filter_alias aliases[] = {
	{ "tlsx", 0, "tls", NULL, NULL },
	{ "conn", 0, "flow", NULL, NULL },
	{ "tcp", 0, "flow && flow.transport == \"tcp\"", NULL, NULL },
	{ "tcp_conn", 0, "flow && flow.transport == \"tcp\"", NULL, NULL },
	{ "tcp_flow", 0, "flow && flow.transport == \"tcp\"", NULL, NULL },
	{ "udp", 0, "flow && flow.transport == \"udp\"", NULL, NULL },
	{ "udp_conn", 0, "flow && flow.transport == \"udp\"", NULL, NULL },
	{ "udp_flow", 0, "flow && flow.transport == \"udp\"", NULL, NULL },
	{ "icmp", 0, "flow && flow.transport in [\"icmp\", \"icmpv6\"]", NULL, NULL },
	{ "sctp", 0, "flow && flow.transport == \"sctp\"", NULL, NULL },
	{ "gql", 0, "has(http.graphql.type)", NULL, NULL },
	{ "gqlv1", 0, "has(http.graphql.type) && http.version in [\"1.0\", \"1.1\"]", NULL, NULL },
	{ "gqlv2", 0, "has(http.graphql.type) && http.version == \"2\"", NULL, NULL },

	{ "timestamp", FIELD_TIME, "time", NULL, NULL },
	{ "elapsed_time", FIELD_I64, "http.latency grpc.latency dns.latency tls.latency redis.latency postgresql.latency", NULL, NULL },
	{ "flow_id", FIELD_U64, "flow.id", NULL, NULL },
	{ "conn_id", FIELD_U64, "flow.id", NULL, NULL },
	{ "node_name", FIELD_STR, "node", NULL, NULL },
	{ "namespaces", FIELD_LIST_STR, "src.pod.namespace dst.pod.namespace src.service.namespace dst.service.namespace", NULL, NULL },
	{ "pods", FIELD_LIST_STR, "src.pod.name dst.pod.name", NULL, NULL },
	{ "services", FIELD_LIST_STR, "src.service.name dst.service.name", NULL, NULL },

	{ "method", FIELD_STR, "http.method", NULL, NULL },
	{ "path", FIELD_STR, "http.path", NULL, NULL },
	{ "status_code", FIELD_I64, "http.status grpc.http_status dns.rcode", NULL, status_codes },
	{ "http_version", FIELD_STR, "http.version grpc.http_version", NULL, http_versions },
	{ "request.headers", FIELD_MAP, "http.request.headers grpc.request.headers", NULL, NULL },
	{ "response.headers", FIELD_MAP, "http.response.headers grpc.response.headers", NULL, NULL },
	{ "request_headers_size", FIELD_I64, "http.request.head_bytes", NULL, NULL },
	{ "response_headers_size", FIELD_I64, "http.response.head_bytes", NULL, NULL },
	{ "request_body_size", FIELD_I64, "http.request.body_bytes grpc.request.message_bytes", NULL, NULL },
	{ "response_body_size", FIELD_I64, "http.response.body_bytes grpc.response.message_bytes", NULL, NULL },

	{ "grpc_method", FIELD_STR, "grpc.method", NULL, NULL },
	{ "grpc_status", FIELD_I64, "grpc.status", NULL, NULL },

	{ "dns_request", 0, "has(dns.request.bytes)", NULL, NULL },
	{ "dns_response", 0, "has(dns.response.bytes)", NULL, NULL },
	{ "dns_questions", FIELD_LIST_STR, "dns.questions dns.name", NULL, NULL },
	{ "dns_question_types", FIELD_LIST_STR, "dns.question_types dns.type", NULL, NULL },
	{ "dns_answers", FIELD_LIST_STR, "dns.answers", NULL, NULL },
	{ "dns_request_length", FIELD_I64, "dns.request.bytes", NULL, NULL },
	{ "dns_response_length", FIELD_I64, "dns.response.bytes", NULL, NULL },
	{ "dns_total_size", FIELD_I64, "dns.request.bytes dns.response.bytes", NULL, NULL },

	{ "tlsx_sni", FIELD_STR, "tls.sni", NULL, NULL },
	{ "tlsx_alpn", FIELD_LIST_STR, "tls.client.alpn tls.alpn", NULL, NULL },
	{ "tlsx_version", FIELD_STR, "tls.version", NULL, NULL },
	{ "tlsx_cipher_suite", FIELD_STR, "tls.cipher", NULL, NULL },
	{ "tlsx_cipher_suites", FIELD_LIST_STR, "tls.client.ciphers", NULL, NULL },

	{ "ws_request", 0, "ws && !ws.from_server", NULL, NULL },
	{ "ws_response", 0, "ws && ws.from_server", NULL, NULL },
	{ "ws_opcode", FIELD_STR, "ws.opcode", NULL, NULL },

	{ "redis_type", FIELD_STR, "redis.command", NULL, NULL },
	{ "redis_key", FIELD_STR, "redis.key", NULL, NULL },
	{ "redis_request_size", FIELD_I64, "redis.request.bytes", NULL, NULL },
	{ "redis_response_size", FIELD_I64, "redis.response.bytes", NULL, NULL },
	{ "redis_total_size", FIELD_I64, "redis.request.bytes redis.response.bytes", NULL, NULL },

	{ "protocol", 0, NULL, "write the name of the kind alone, such as http", NULL },
	{ "url", 0, NULL, "http.host, http.path and http.query have its parts", NULL },
	{ "query_string", 0, NULL, "write http.query.contains(\"name=\"); most of its values are masked", NULL },
	{ "request.cookies", 0, NULL, "cookies are masked; write \"cookie\" in http.request.headers", NULL },
	{ "response.cookies", 0, NULL, "cookies are masked; write \"set-cookie\" in http.response.headers", NULL },
	{ "redis_command", 0, NULL, "arguments are not kept; write redis.command or redis.key", NULL },
	{ "tls_summary", 0, NULL, "write tls.state, tls.version or tls.cipher", NULL },
	{ "tls_info", 0, NULL, "write tls.version or tls.cipher", NULL },
	{ "tlsx_*", 0, NULL, "see the fields of tls", NULL },
	{ "ws_*", 0, NULL, "see the fields of ws; " NO_PAYLOAD, NULL },
	{ "tcp_payload", 0, NULL, NO_PAYLOAD, NULL },
	{ "udp_payload", 0, NULL, NO_PAYLOAD, NULL },
	{ "conn_state", 0, NULL, "write flow.state", NULL },
	{ "flow_state", 0, NULL, "write flow.state", NULL },
	{ "conn_l7_detected", 0, NULL, "write flow.protocol", NULL },
	{ "flow_l7_detected", 0, NULL, "write flow.protocol", NULL },
	{ "conn_*", 0, NULL, NO_LOCAL, NULL },
	{ "flow_*", 0, NULL, NO_LOCAL, NULL },
	{ "local_*", 0, NULL, "write src and dst: which end is local is not known of a capture", NULL },
	{ "remote_*", 0, NULL, "write src and dst: which end is local is not known of a capture", NULL },
	{ "has_pcap", 0, NULL, "packets are not kept", NULL },
	{ "kafka*", 0, NULL, NOT_DECODED, NULL },
	{ "amqp*", 0, NULL, NOT_DECODED, NULL },
	{ "ldap*", 0, NULL, NOT_DECODED, NULL },
	{ "radius*", 0, NULL, NOT_DECODED, NULL },
	{ "diameter*", 0, NULL, NOT_DECODED, NULL },
};
/* clang-format on */

const struct filter_alias *filter_alias_at(size_t i)
{
	return i < ARRAY_LEN(aliases) ? &aliases[i] : NULL;
}

const struct filter_alias *filter_alias_find(struct str name)
{
	for (size_t i = 0; i < ARRAY_LEN(aliases); i++) {
		struct str want = str_of(aliases[i].name);
		bool open = str_ends(want, STR("*"));

		want.n -= open;
		if (open ? str_starts(name, want) : str_eq(name, want))
			return &aliases[i];
	}
	return NULL;
}

/* ---- Made for one filter --------------------------------------------------------------------- */

struct filter_made {
	struct filter_made *next;
	const struct filter_alias *alias;
	struct field field; /* as which types are checked and errors are said */
	struct node *flag;  /* or what a flag stands for */
	struct {
		const struct field *field;
		struct field_ref ref;
	} of[FILTER_ALIAS_FIELDS_MAX];
	size_t n;
};

static void make_fields(struct filter_made *m)
{
	struct str left = str_of(m->alias->from), name;

	while (left.n && m->n < ARRAY_LEN(m->of)) {
		(void)str_cut(&left, ' ', &name);
		m->of[m->n].field = filter_find(name, &m->of[m->n].ref);
		assert(m->of[m->n].field);
		m->n++;
	}
	assert(left.n == 0);
	m->field = *m->of[0].field;
	m->field.name = m->alias->name;
	m->field.type = m->alias->type;
}

/* Once for each filter, however often it is named there. */
static struct filter_made *make(struct parser *p, const struct filter_alias *alias)
{
	struct filter_made *m = p->filter->made;

	while (m && m->alias != alias)
		m = m->next;
	if (m)
		return m;
	m = filter_alloc(p, sizeof(*m));
	if (!m)
		return NULL;
	m->alias = alias;
	if (alias->type)
		make_fields(m);
	else
		m->flag = filter_parse_text(p, str_of(alias->from));
	m->next = p->filter->made;
	p->filter->made = m;
	return m;
}

bool filter_alias_resolve(struct parser *p, const struct filter_alias *alias, size_t at,
			  struct node *n)
{
	struct filter_made *m;

	if (!alias->from) {
		filter_fail(p, at, "KFL2's %s is not there: %s.", alias->name, alias->why);
		return false;
	}
	m = make(p, alias);
	if (!m)
		return false;
	n->made = m;
	if (m->flag) {
		n->type = NODE_FLAG;
		n->first = m->flag;
	} else {
		n->field = &m->field;
	}
	return true;
}

const struct field *filter_alias_field(const struct filter_made *m, size_t i, struct field_ref *ref)
{
	if (i >= m->n)
		return NULL;
	*ref = m->of[i].ref;
	return m->of[i].field;
}

/* ---- Asked of a row -------------------------------------------------------------------------- */

static struct str choice_of(const struct field *field, uint64_t value)
{
	for (uint64_t i = 0; field->choices[i]; i++)
		if (i == value)
			return str_of(field->choices[i]);
	return STR("");
}

static struct str text_of(const struct filter_made *m, size_t i, const struct row_value *v)
{
	struct str s = v->s;

	if (v->type == FIELD_ENUM)
		s = choice_of(m->of[i].field, v->u);
	for (const struct filter_word *w = m->alias->words; w && w->ours.p; w++)
		if (str_eq(s, w->ours))
			return w->theirs;
	return s;
}

/* Durations are whole microseconds; of a text that no table has, such as RCODE13, its digits count.
 */
static int64_t number_of(const struct filter_made *m, size_t i, const struct row_value *v)
{
	uint64_t u = v->u;
	struct str text;

	if (v->type == FIELD_DUR)
		return v->i / NS_PER_US;
	if (v->type == FIELD_STR) {
		text = text_of(m, i, v);
		while (text.n && (text.p[0] < '0' || text.p[0] > '9'))
			text = str_skip(text, 1);
		if (str_to_u64(text, &u) < 0)
			return -1;
	}
	return u > INT64_MAX ? INT64_MAX : (int64_t)u;
}

static void join(const struct filter_made *m, size_t i, const struct row_value *v, bool first,
		 struct row_value *out)
{
	int64_t sum;

	if (m->field.type == FIELD_I64) {
		if (ckd_add(&sum, out->i, number_of(m, i, v)))
			sum = INT64_MAX;
		out->i = sum;
	} else if (first && m->field.type == FIELD_STR) {
		out->s = text_of(m, i, v);
	} else if (first) {
		*out = *v;
	}
}

bool filter_alias_value(const struct filter_made *m, const struct filter_source *source,
			struct row_value *out)
{
	struct row_value v;
	bool any = false;

	*out = (struct row_value){ .type = (enum field_type)m->field.type };
	for (size_t i = 0; i < m->n; i++) {
		if (!filter_value(source, m->of[i].ref, &v))
			continue;
		join(m, i, &v, !any, out);
		any = true;
	}
	return any;
}

bool filter_alias_has(const struct filter_made *m, const struct filter_source *source,
		      struct str element)
{
	struct row_value v;

	for (size_t i = 0; i < m->n; i++) {
		struct str s;
		size_t pos = 0;

		if (!filter_value(source, m->of[i].ref, &v))
			continue;
		if (v.type == FIELD_STR && str_eq(v.s, element))
			return true;
		while (v.type == FIELD_LIST_STR && row_value_next_str(&v, &pos, &s))
			if (str_eq(s, element))
				return true;
	}
	return false;
}
