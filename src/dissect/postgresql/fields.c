/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What of a message goes into its row. Of what peers sent, the statement is copied into the
 * exchange's arena for the mask to see, user and database into the stream's heap, and an SQLSTATE
 * by its syntax; everything else is a number, or a word out of a table. Passwords, values, messages
 * of errors and copied data are never looked at.
 */
#include "dissect/postgresql/session.h"

/* ---- Reading --------------------------------------------------------------------------------- */

/* A text up to its NUL; false where that is not there, and then all of it. */
static bool next_text(struct str *body, struct str *out)
{
	return str_cut(body, '\0', out);
}

static uint16_t u16_at(struct str body, size_t at)
{
	return at + 2 <= body.n ? load_u16be((const uint8_t *)body.p + at) : 0;
}

/* Behind a count of 2 bytes and so many formats stands another count. */
static uint16_t count_behind_formats(struct str body)
{
	return u16_at(body, 2 + 2 * (size_t)u16_at(body, 0));
}

/* ---- Of the client --------------------------------------------------------------------------- */

/* Of an extended query, the first statement is the exchange's. */
static void put_statement(struct dissect_tx *tx, struct str text, bool cut)
{
	struct exchange *x = exchange_of(tx);
	struct str head = statement_head(text, STATEMENT_MAX);

	if (x->statement.p)
		return;
	x->command = command_word(head);
	x->statement = arena_str(tx->arena, head.n ? head : STR(""));
	if (!x->statement.p) {
		x->statement = STR("");
		cut = true;
	}
	if (cut || head.n < text.n)
		ex_set(tx, EX_CUT_TEXT);
}

static void read_parse(struct dissect_stream *s, struct dissect_tx *tx, struct str body)
{
	struct str name, text;
	bool cut;

	if (!next_text(&body, &name))
		return;
	cut = !next_text(&body, &text);
	prepared_put(s, name, text, cut);
	if (tx)
		put_statement(tx, text, cut);
}

static void read_bind(struct dissect_stream *s, struct dissect_tx *tx, struct str body)
{
	struct str portal, name, text;
	bool cut;

	if (!tx || !next_text(&body, &portal) || !next_text(&body, &name))
		return;
	exchange_of(tx)->parameters += count_behind_formats(body);
	if (!exchange_of(tx)->statement.p && prepared_find(s, name, &text, &cut))
		put_statement(tx, text, cut);
}

static void read_close(struct dissect_stream *s, struct str body)
{
	struct str name = str_skip(body, 1), text;

	if (str_starts(body, STR("S")) && next_text(&name, &text))
		prepared_forget(s, text);
}

/* The words of SASL mechanisms that are known. */
static struct str mechanism(struct str name)
{
	static const struct {
		struct str name, word;
	} known[] = {
		{ { "SCRAM-SHA-256", 13 }, { "scram-sha-256", 13 } },
		{ { "SCRAM-SHA-256-PLUS", 18 }, { "scram-sha-256-plus", 18 } },
		{ { "OAUTHBEARER", 11 }, { "oauthbearer", 11 } },
	};

	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (str_eq(name, known[i].name))
			return known[i].word;
	return STR("sasl");
}

static void read_password(struct dissect_tx *tx, enum message m, struct str body)
{
	struct str name;

	if (m == MESSAGE_SASL_INITIAL && next_text(&body, &name))
		exchange_of(tx)->method = mechanism(name);
}

/* Some take the whole address of a database where its name should be, and its password with it. */
static bool is_address(struct str name)
{
	return str_contains(name, STR("://")) || str_contains(name, STR("password="));
}

static struct str keep_name(struct dissect_stream *s, struct str name, bool *cut)
{
	struct str head = str_head(name, SESSION_NAME_MAX);
	char *p;

	if (is_address(name))
		return STR(MASK_TEXT);
	p = heap_alloc(s->heap, head.n + 1);
	*cut = !p || head.n < name.n;
	if (!p)
		return STR("");
	if (head.n)
		memcpy(p, head.p, head.n);
	return (struct str){ p, head.n };
}

void fields_startup(struct dissect_stream *s, struct str body)
{
	struct connection *c = session_of(s);
	struct str name, value;

	if (c->user.p)
		return;
	while (startup_next(&body, &name, &value)) {
		if (str_eq(name, STR("user")) && !c->user.p)
			c->user = keep_name(s, value, &c->cut_user);
		else if (str_eq(name, STR("database")) && !c->database.p)
			c->database = keep_name(s, value, &c->cut_database);
	}
	/* Without a name, it is the user's. */
	if (!c->database.p) {
		c->database = c->user;
		c->cut_database = c->cut_user;
	}
}

/* ---- Of the server --------------------------------------------------------------------------- */

/* What the server asks for; what goes on, or is granted without asking, has none of its own. */
static struct str method_of(uint32_t code)
{
	static const struct str methods[] = {
		[2] = { "kerberos-v5", 11 }, [3] = { "cleartext", 9 }, [4] = { "crypt", 5 },
		[5] = { "md5", 3 },          [6] = { "scm", 3 },       [7] = { "gss", 3 },
		[9] = { "sspi", 4 },         [10] = { "sasl", 4 },
	};

	return code < ARRAY_LEN(methods) ? methods[code] : STR("");
}

static void read_authentication(struct dissect_stream *s, struct dissect_tx *tx, struct str body)
{
	uint32_t code = body.n >= 4 ? load_u32be((const uint8_t *)body.p) : UINT32_MAX;
	struct str method = method_of(code), name;
	struct exchange *x;

	session_of(s)->authentication = code < UINT8_MAX ? (uint8_t)code : UINT8_MAX;
	if (!tx)
		return;
	x = exchange_of(tx);
	body = str_skip(body, 4);
	if (code == 10 && next_text(&body, &name))
		method = mechanism(name);
	if (code == 0 && x->method.n == 0)
		method = STR("trust");
	if (code == 3)
		x->anomalies |= 1U << ANOMALY_CLEARTEXT_PASSWORD;
	if (method.n)
		x->method = method;
}

static struct str severity_of(struct str word)
{
	static const struct str known[] = {
		{ "ERROR", 5 },  { "FATAL", 5 }, { "PANIC", 5 }, { "WARNING", 7 },
		{ "NOTICE", 6 }, { "DEBUG", 5 }, { "INFO", 4 },  { "LOG", 3 },
	};

	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (str_eq(word, known[i]))
			return known[i];
	return STR("");
}

static bool is_sqlstate(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((s.p[i] < '0' || s.p[i] > '9') && (s.p[i] < 'A' || s.p[i] > 'Z'))
			return false;
	return s.n == 5;
}

/* Severity in the server's language (S) and as it is (V), and the SQLSTATE (C). The worst that is
 * said is told: a session may end behind an error. */
static void read_error(struct dissect_tx *tx, struct str body)
{
	struct exchange *x = exchange_of(tx);
	struct str field, severity = STR(""), code = STR("");

	x->errors++;
	while (next_text(&body, &field) && field.n) {
		struct str value = str_skip(field, 1), word = severity_of(value);

		if ((field.p[0] == 'S' || field.p[0] == 'V') && word.n)
			severity = word;
		else if (field.p[0] == 'C' && is_sqlstate(value))
			code = value;
	}
	if (x->errors > 1 && !str_eq(severity, STR("FATAL")))
		return;
	x->severity = severity;
	if (code.n)
		memcpy(x->code, code.p, sizeof(x->code));
}

/* The number that ends a tag: "INSERT 0 5", "SELECT 3"; false where there is none. */
static bool tag_rows(struct str tag, uint64_t *rows)
{
	const char *space = tag.n ? memrchr(tag.p, ' ', tag.n) : NULL;
	struct str digits = space ? str_skip(tag, (size_t)(space - tag.p) + 1) : STR("");

	return digits.n && str_to_u64(digits, rows) == 0;
}

/* What came on the wire is told before what the tag says, since MOVE and the like only count. */
static void count_rows(struct exchange *x, bool counted, uint64_t by_tag)
{
	if (counted || x->data_rows)
		x->flags |= EX_ROWS;
	x->rows += x->data_rows ? x->data_rows : counted ? by_tag : 0;
	x->data_rows = 0;
}

static void read_tag(struct dissect_tx *tx, struct str body)
{
	struct exchange *x = exchange_of(tx);
	uint64_t rows = 0;
	struct str tag;
	bool counted;

	x->statements++;
	(void)next_text(&body, &tag);
	if (!x->tag.n)
		x->tag = command_word(tag);
	counted = tag_rows(tag, &rows);
	count_rows(x, counted, rows);
}

static void read_ready(struct dissect_tx *tx, struct str body)
{
	static const char states[] = "ITE";
	const char *at = body.n && body.p[0] ? strchr(states, body.p[0]) : NULL;

	if (at)
		exchange_of(tx)->transaction = (uint8_t)(at - states + 1);
}

static void read_copy(struct dissect_tx *tx, enum operation operation)
{
	struct exchange *x = exchange_of(tx);

	if (x->operation != OPERATION_STARTUP)
		x->operation = (uint8_t)operation;
}

/* ---- Messages -------------------------------------------------------------------------------- */

static void of_client(struct dissect_stream *s, struct dissect_tx *tx, enum message m,
		      struct str body)
{
	struct str text;
	bool whole;

	/* Of these something is remembered, whether there is a record or not. */
	if (m == MESSAGE_PARSE)
		read_parse(s, tx, body);
	else if (m == MESSAGE_CLOSE)
		read_close(s, body);
	if (!tx)
		return;
	switch ((int)m) {
	case MESSAGE_QUERY:
		whole = next_text(&body, &text);
		put_statement(tx, text, !whole);
		break;
	case MESSAGE_BIND:
		read_bind(s, tx, body);
		break;
	case MESSAGE_FUNCTION_CALL:
		exchange_of(tx)->parameters += count_behind_formats(str_skip(body, 4));
		break;
	case MESSAGE_SASL_INITIAL:
		read_password(tx, m, body);
		break;
	default:
		break;
	}
}

static void of_server(struct dissect_stream *s, struct dissect_tx *tx, enum message m,
		      struct str body)
{
	if (m == MESSAGE_AUTHENTICATION)
		read_authentication(s, tx, body);
	if (!tx)
		return;
	switch ((int)m) {
	case MESSAGE_DATA_ROW:
		exchange_of(tx)->data_rows++;
		break;
	case MESSAGE_COMMAND_DONE:
		read_tag(tx, body);
		break;
	case MESSAGE_EMPTY_QUERY:
		exchange_of(tx)->statements++;
		break;
	case MESSAGE_SUSPENDED:
		count_rows(exchange_of(tx), true, 0);
		break;
	case MESSAGE_READY:
		read_ready(tx, body);
		break;
	case MESSAGE_ERROR:
		read_error(tx, body);
		break;
	case MESSAGE_NOTICE:
		exchange_of(tx)->notices++;
		break;
	case MESSAGE_COPY_IN:
		read_copy(tx, OPERATION_COPY_IN);
		break;
	case MESSAGE_COPY_OUT:
		read_copy(tx, OPERATION_COPY_OUT);
		break;
	case MESSAGE_COPY_BOTH:
		read_copy(tx, OPERATION_COPY_BOTH);
		break;
	default:
		break;
	}
}

void fields_message(struct dissect_stream *s, struct dissect_tx *tx, enum dissect_side side,
		    enum message m, struct str body, size_t whole)
{
	if (tx && m == MESSAGE_COPY_DATA) {
		exchange_of(tx)->copied_rows++;
		exchange_of(tx)->copied_bytes += whole;
	} else if (side == FROM_CLIENT) {
		of_client(s, tx, m, body);
	} else {
		of_server(s, tx, m, body);
	}
}

/* ---- The end --------------------------------------------------------------------------------- */

static void put_some(struct row *row, struct field_u64 f, uint64_t n)
{
	if (n)
		row_put_u64(row, f, n);
}

static void put_word(struct row *row, struct field_str f, struct str word)
{
	if (word.n)
		row_put_str(row, f, word);
}

/* Limit: digits of a count of 32 bits. */
#define COUNT_DIGITS 10

/* Small counts, which most are, need no memory. */
static struct str digits_of(struct arena *arena, uint32_t n)
{
	static const char small[] = "0123456789";
	char text[COUNT_DIGITS], *p = text + sizeof(text);

	if (n < 10)
		return (struct str){ small + n, 1 };
	for (; n; n /= 10)
		*--p = small[n % 10];
	return arena_str(arena, (struct str){ p, (size_t)(text + sizeof(text) - p) });
}

static void put_messages(struct dissect_tx *tx)
{
	const struct exchange *x = exchange_of(tx);
	struct row_pair *pair;
	size_t n = 0;

	for (unsigned m = 0; m < MESSAGE_COUNT; m++)
		n += x->messages[m] > 0;
	if (n == 0)
		return;
	pair = arena_alloc(tx->arena, n * sizeof(*pair));
	n = 0;
	for (unsigned m = 0; pair && m < MESSAGE_COUNT; m++) {
		if (!x->messages[m])
			continue;
		pair[n].name = message_name((enum message)m);
		pair[n].value = digits_of(tx->arena, x->messages[m]);
		n += pair[n].value.n > 0;
	}
	row_put_map(tx->row, postgresql_messages, pair, n);
	if (!pair)
		row_mark_cut(tx->row, postgresql_messages.ref);
}

static void put_anomalies(struct dissect_tx *tx)
{
#define ANOMALY_WORD_(id, word) { word, sizeof(word) - 1 },
	static const struct str words[] = { ANOMALIES(ANOMALY_WORD_) };
	uint32_t bits = exchange_of(tx)->anomalies;
	struct str *list;
	size_t n = 0;

	if (!bits)
		return;
	list = arena_alloc(tx->arena, ANOMALY_COUNT * sizeof(*list));
	for (unsigned i = 0; list && i < ANOMALY_COUNT; i++)
		if (bits >> i & 1)
			list[n++] = words[i];
	row_put_list_str(tx->row, postgresql_anomalies, list, n);
	if (!list)
		row_mark_cut(tx->row, postgresql_anomalies.ref);
}

static void put_error(struct row *row, const struct exchange *x)
{
	put_some(row, postgresql_errors, x->errors);
	put_some(row, postgresql_notices, x->notices);
	if (x->code[0])
		row_put_str(row, postgresql_error_code, (struct str){ x->code, sizeof(x->code) });
	if (x->errors)
		put_word(row, postgresql_error_severity, x->severity);
}

/* What was done is told by the statement, but WITH tells nothing. */
static void put_statement_fields(struct row *row, const struct exchange *x)
{
	bool by_tag = x->command.n == 0 || str_eq(x->command, STR("WITH"));

	put_word(row, postgresql_command, by_tag && x->tag.n ? x->tag : x->command);
	if (x->statement.p)
		row_put_str(row, postgresql_statement, x->statement);
	if (x->flags & EX_CUT_TEXT)
		row_mark_cut(row, postgresql_statement.ref);
	if (x->flags & EX_ROWS)
		row_put_u64(row, postgresql_rows, x->rows);
	put_some(row, postgresql_statements, x->statements);
	put_some(row, postgresql_parameters, x->parameters);
	put_some(row, postgresql_copied_rows, x->copied_rows);
	put_some(row, postgresql_copied_bytes, x->copied_bytes);
}

static void put_session(const struct connection *c, struct row *row)
{
	put_word(row, postgresql_user, c->user);
	if (c->user.n && c->cut_user)
		row_mark_cut(row, postgresql_user.ref);
	put_word(row, postgresql_database, c->database);
	if (c->database.n && c->cut_database)
		row_mark_cut(row, postgresql_database.ref);
}

static enum postgresql_state state_of(const struct dissect_tx *tx)
{
	if (ex_has(tx, EX_ONE_WAY))
		return POSTGRESQL_COMPLETE;
	if (!ex_has(tx, EX_ASKED))
		return POSTGRESQL_NO_REQUEST;
	if (ex_has(tx, EX_TORN))
		return POSTGRESQL_CUT;
	if (!ex_has(tx, EX_ANSWERED))
		return POSTGRESQL_NO_RESPONSE;
	return ex_has(tx, EX_ASKED_ALL | EX_ANSWERED_ALL) ? POSTGRESQL_COMPLETE : POSTGRESQL_CUT;
}

void fields_end(struct dissect_stream *s, struct dissect_tx *tx)
{
#define OPERATION_WORD_(id, word) { word, sizeof(word) - 1 },
	static const struct str operations[] = { OPERATIONS(OPERATION_WORD_) };
	static const struct str encryptions[] = { { "", 0 }, { "accepted", 8 }, { "refused", 7 } };
	struct exchange *x = exchange_of(tx);
	struct row *row = tx->row;

	count_rows(x, false, 0);
	row_put_str(row, postgresql_operation, operations[x->operation]);
	put_statement_fields(row, x);
	put_error(row, x);
	put_session(session_of(s), row);
	put_word(row, postgresql_authentication, x->method);
	put_word(row, postgresql_encryption, encryptions[x->encryption]);
	put_some(row, postgresql_request_bytes, x->bytes[FROM_CLIENT]);
	put_some(row, postgresql_response_bytes, x->bytes[FROM_SERVER]);
	if (x->transaction)
		row_put_enum(row, postgresql_transaction, x->transaction - 1U);
	put_messages(tx);
	row_put_u64(row, postgresql_sequence, x->sequence);
	put_anomalies(tx);
	row_put_enum(row, postgresql_state, state_of(tx));
}
