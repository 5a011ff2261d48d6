/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tables of messages, and of the words that begin statements and tags.
 */
#include "dissect/postgresql/message.h"

#define NAME_(id, name) { name, sizeof(name) - 1 },
static const struct str names[] = { MESSAGE_NAMES(NAME_) };

struct str message_name(enum message m)
{
	return names[m];
}

/* Of Parse and Query, a name and the whole of what is kept. */
#define FRONT_STATEMENT (STATEMENT_MAX + 128)
/* Limits: fronts in which the few things that are wanted of others nearly always are. */
#define FRONT_BIND     256
#define FRONT_NAME     128
#define FRONT_TAG      64
#define FRONT_ERROR    128
#define FRONT_METHODS  128
#define FRONT_METHOD   32
#define FRONT_FUNCTION 64

#define W(byte, id, front, min, max, build)                                                        \
	[(uint8_t)(byte)] = { MESSAGE_##id, front, min, max, build }
static const struct wire wires[2][128] = {
	[FROM_CLIENT] = {
		W('p', PASSWORD, FRONT_METHOD, 5, 65536, NULL),
		W('Q', QUERY, FRONT_STATEMENT, 5, MESSAGE_MAX, "q"),
		W('P', PARSE, FRONT_STATEMENT, 8, MESSAGE_MAX, "ss4"),
		W('B', BIND, FRONT_BIND, 12, MESSAGE_MAX, "ss2v2"),
		W('E', EXECUTE, 0, 9, 65536, "su"),
		W('D', DESCRIBE, 0, 6, 65536, "ps"),
		W('C', CLOSE, FRONT_NAME, 6, 65536, "ps"),
		W('H', FLUSH, 0, 4, 4, ""),
		W('S', SYNC, 0, 4, 4, ""),
		W('F', FUNCTION_CALL, FRONT_FUNCTION, 14, MESSAGE_MAX, "u2vw"),
		W('d', COPY_DATA, 0, 4, MESSAGE_MAX, NULL),
		W('c', COPY_DONE, 0, 4, 4, ""),
		W('f', COPY_FAIL, 0, 5, 65536, "s"),
		W('X', TERMINATION, 0, 4, 4, ""),
	},
	[FROM_SERVER] = {
		W('R', AUTHENTICATION, FRONT_METHODS, 8, 65536, "a"),
		W('K', KEY_DATA, 0, 12, 264, "uk"),
		W('S', PARAMETER_STATUS, 0, 6, 65536, "ns"),
		W('1', PARSED, 0, 4, 4, ""),
		W('2', BOUND, 0, 4, 4, ""),
		W('3', CLOSED, 0, 4, 4, ""),
		W('C', COMMAND_DONE, FRONT_TAG, 5, 1024, "t"),
		W('t', PARAMETERS, 0, 6, 6 + 4 * 65535, "4"),
		W('T', ROW_DESCRIPTION, 0, 6, MESSAGE_MAX, "f"),
		W('D', DATA_ROW, 0, 6, MESSAGE_MAX, "v"),
		W('I', EMPTY_QUERY, 0, 4, 4, ""),
		W('n', NO_DATA, 0, 4, 4, ""),
		W('E', ERROR, FRONT_ERROR, 5, MESSAGE_MAX, "e"),
		W('N', NOTICE, 0, 5, MESSAGE_MAX, "e"),
		W('s', SUSPENDED, 0, 4, 4, ""),
		W('Z', READY, 1, 5, 5, "z"),
		W('A', NOTIFICATION, 0, 10, 65536, "uss"),
		W('V', FUNCTION_RESULT, 0, 8, MESSAGE_MAX, "l"),
		W('G', COPY_IN, 0, 7, 7 + 2 * 65535, "o2"),
		W('H', COPY_OUT, 0, 7, 7 + 2 * 65535, "o2"),
		W('W', COPY_BOTH, 0, 7, 7 + 2 * 65535, "o2"),
		W('d', COPY_DATA, 0, 4, MESSAGE_MAX, NULL),
		W('c', COPY_DONE, 0, 4, 4, ""),
		W('v', NEGOTIATE, 0, 12, 65536, "ux"),
	},
};
#undef W

const struct wire *wire_of(enum dissect_side side, char byte)
{
	const struct wire *w = &wires[side][byte & 0x7f];

	return (uint8_t)byte < 128 && w->max ? w : NULL;
}

/* ---- Words ----------------------------------------------------------------------------------- */

/* First words of statements and tags, sorted. */
static const char *const words[] = {
	"ABORT",
	"ALTER",
	"ANALYSE",
	"ANALYZE",
	"BASE_BACKUP",
	"BEGIN",
	"CALL",
	"CHECKPOINT",
	"CLOSE",
	"CLUSTER",
	"COMMENT",
	"COMMIT",
	"COPY",
	"CREATE",
	"CREATE_REPLICATION_SLOT",
	"DEALLOCATE",
	"DECLARE",
	"DELETE",
	"DISCARD",
	"DO",
	"DROP",
	"DROP_REPLICATION_SLOT",
	"END",
	"EXECUTE",
	"EXPLAIN",
	"FETCH",
	"GRANT",
	"IDENTIFY_SYSTEM",
	"IMPORT",
	"INSERT",
	"LISTEN",
	"LOAD",
	"LOCK",
	"MERGE",
	"MOVE",
	"NOTIFY",
	"PREPARE",
	"READ_REPLICATION_SLOT",
	"REASSIGN",
	"REFRESH",
	"REINDEX",
	"RELEASE",
	"RESET",
	"REVOKE",
	"ROLLBACK",
	"SAVEPOINT",
	"SECURITY",
	"SELECT",
	"SET",
	"SHOW",
	"START",
	"START_REPLICATION",
	"TABLE",
	"TIMELINE_HISTORY",
	"TRUNCATE",
	"UNLISTEN",
	"UPDATE",
	"VACUUM",
	"VALUES",
	"WITH",
};

/* Limit: the longest of them. */
#define WORD_MAX 23

static bool is_word_char(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
}

static struct str find_word(struct str upper)
{
	size_t low = 0, high = ARRAY_LEN(words);

	while (low < high) {
		size_t mid = (low + high) / 2;
		struct str word = str_of(words[mid]);
		int order = str_cmp(upper, word);

		if (order == 0)
			return word;
		if (order < 0)
			high = mid;
		else
			low = mid + 1;
	}
	return STR("");
}

static size_t space_length(struct str s)
{
	size_t n = 0;

	while (n < s.n && ((s.p[n] >= '\t' && s.p[n] <= '\r') || s.p[n] == ' ' || s.p[n] == '('))
		n++;
	return n;
}

/* Behind white space, comments and opening brackets. */
static struct str skip_to_word(struct str s)
{
	for (;;) {
		const char *end;

		s = str_skip(s, space_length(s));
		if (str_starts(s, STR("--"))) {
			end = memchr(s.p, '\n', s.n);
			s = end ? str_skip(s, (size_t)(end - s.p)) : STR("");
		} else if (str_starts(s, STR("/*"))) {
			end = memmem(s.p + 2, s.n - 2, "*/", 2);
			s = end ? str_skip(s, (size_t)(end - s.p) + 2) : STR("");
		} else {
			return s;
		}
	}
}

struct str command_word(struct str text)
{
	char upper[WORD_MAX];
	size_t n = 0;

	text = skip_to_word(text);
	for (; n < text.n && is_word_char(text.p[n]); n++) {
		if (n == sizeof(upper))
			return STR("");
		upper[n] = (char)(text.p[n] == '_' ? '_' : text.p[n] & ~0x20);
	}
	return n ? find_word((struct str){ upper, n }) : STR("");
}

static bool is_name_char(char c)
{
	return is_word_char(c) || (c >= '0' && c <= '9') || c == '$' || (uint8_t)c >= 0x80;
}

struct str statement_head(struct str text, size_t max)
{
	if (text.n <= max)
		return text;
	while (max && is_name_char(text.p[max - 1]) && is_name_char(text.p[max]))
		max--;
	return str_head(text, max);
}
