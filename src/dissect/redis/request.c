// SPDX-License-Identifier: Apache-2.0
/*
 * What the client says: arrays of bulks, and lines of words (inline commands). Of a command only
 * its name, as far as it is in our table, the number of its arguments and its first key are looked
 * at; other arguments are stepped over by their lengths and never kept.
 */
#include "dissect/redis/session.h"

int number_read_lax(struct str in, struct number *out)
{
	bool negative = in.n > 1 && in.p[1] == '-';
	size_t digits = negative ? 2 : 1, i = digits;
	int64_t value = 0;

	for (; i < in.n && in.p[i] >= '0' && in.p[i] <= '9'; i++) {
		if (i - digits >= 18)
			return -1;
		value = value * 10 + (in.p[i] - '0');
	}
	if (i < in.n && (in.p[i] != '\r' || i == digits))
		return -1;
	if (i + 2 > in.n)
		return 0;
	*out = (struct number){ negative ? -value : value, i + 2, in.p[i + 1] != '\n' };
	return 1;
}

int number_read(struct str in, struct number *out)
{
	int r = number_read_lax(in, out);

	return r > 0 && out->odd ? -1 : r;
}

/* ---- Words of a command ---------------------------------------------------------------------- */

static void begin(struct dissect_visit *v, uint32_t words, bool inlined)
{
	struct request *r = &v->c->request;

	*r = (struct request){ .phase = PHASE_ELEMENT, .arguments = words, .inlined = inlined };
	r->tx = session_command(v->s);
	if (r->tx && inlined)
		row_put_bool(r->tx->row, redis_inline, true);
}

static void put_keys(struct request *r, uint64_t keys)
{
	if (r->tx && keys)
		row_put_u64(r->tx->row, redis_keys, keys);
}

/* Where the first key is, and how many there are. */
static void find_keys(struct request *r)
{
	const struct redis_command *command = r->command;
	int64_t last = command->last < 0 ? (int64_t)r->arguments + command->last : command->last;

	if (command->first == 0 || (uint32_t)command->first >= r->arguments)
		return;
	r->key_at = (uint32_t)command->first;
	last = last < r->arguments ? last : r->arguments - 1;
	if (last >= command->first)
		put_keys(r, (uint64_t)(last - command->first) / (uint64_t)command->step + 1);
}

static void command_word(struct request *r, struct str word)
{
	r->command = redis_command_find(word);
	if (!r->command) {
		tx_mark(r->tx, MARK_UNKNOWN_COMMAND);
		return;
	}
	find_keys(r);
}

static void subcommand_word(struct request *r, struct str word)
{
	const struct redis_command *found = redis_subcommand_find(r->command, word);

	if (!found) {
		tx_mark(r->tx, MARK_UNKNOWN_COMMAND);
		return;
	}
	r->command = found;
	find_keys(r);
}

static void number_of_keys(struct request *r, struct str word)
{
	uint64_t n;

	if (str_to_u64(word, &n) < 0 || n == 0 || n >= r->arguments - r->at)
		return;
	if (r->command->first == 0)
		r->key_at = r->at + 1;
	put_keys(r, n + (r->command->first > 0));
}

static void streams_word(struct request *r, struct str word)
{
	if (r->key_at || !str_eq_nocase(word, STR("STREAMS")) || r->at + 1 >= r->arguments)
		return;
	r->key_at = r->at + 1;
	put_keys(r, (r->arguments - r->key_at) / 2);
}

static void reply_word(struct connection *c, struct str word)
{
	if (str_eq_nocase(word, STR("OFF")))
		c->reply_off = true;
	else if (str_eq_nocase(word, STR("ON")))
		c->reply_off = false;
	else if (str_eq_nocase(word, STR("SKIP")) && !c->reply_off)
		c->skip_replies = 2;
}

static void key_word(struct request *r, struct str word)
{
	struct str key;

	if (!r->tx || word.n == 0)
		return;
	key = arena_str(r->tx->arena, str_head(word, KEY_KEPT));
	if (key.p)
		row_put_str(r->tx->row, redis_key, key);
	if (!key.p || word.n >= KEY_KEPT)
		row_mark_cut(r->tx->row, redis_key.ref);
}

/* How many bytes of the next word must be seen; 0 for those that nobody looks at. */
static size_t wanted(const struct request *r)
{
	unsigned flags = r->command ? r->command->flags : 0;

	if (r->at == 0 || (r->at == 1 && flags & COMMAND_SUBS))
		return REDIS_COMMAND_MAX + 1;
	if (r->at == r->key_at)
		return KEY_KEPT;
	if (flags & COMMAND_STREAMS && !r->key_at)
		return sizeof("STREAMS");
	if ((flags & COMMAND_REPLY && r->at == 2) ||
	    (r->command && r->command->number && r->at == r->command->number))
		return NUMBER_MAX;
	return 0;
}

/* Word `at` of the command, or as much of it as is wanted. */
static void word(struct dissect_visit *v, struct str text)
{
	struct request *r = &v->c->request;
	unsigned flags = r->command ? r->command->flags : 0;

	if (r->at == 0)
		command_word(r, text);
	else if (r->at == 1 && flags & COMMAND_SUBS)
		subcommand_word(r, text);
	else if (r->at == r->key_at)
		key_word(r, text);
	else if (flags & COMMAND_STREAMS)
		streams_word(r, text);
	else if (flags & COMMAND_REPLY && r->at == 2)
		reply_word(v->c, text);
	else if (r->command && r->command->number && r->at == r->command->number)
		number_of_keys(r, text);
}

static void over(struct dissect_visit *v)
{
	struct request *r = &v->c->request;
	const struct redis_command *command = r->command;
	struct dissect_tx *tx = r->tx;
	uint32_t behind = r->arguments - 1;

	if (tx) {
		bool sub = command && memchr(command->name, ' ', command->n);

		if (command)
			row_put_str(tx->row, redis_command, redis_command_name(command));
		row_put_u64(tx->row, redis_arguments, behind - sub);
		row_put_u64(tx->row, redis_request_bytes, r->bytes);
	}
	r->phase = PHASE_START;
	r->tx = NULL;
	v->s->messages++;
	session_asked(v->s, tx, command, r->arguments);
}

/* ---- Lines ----------------------------------------------------------------------------------- */

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* The end of the word in front, as the server parts them: quotes may stand anywhere in it, and a
 * blank or the end must follow them. */
static size_t word_end(struct str s)
{
	size_t i = 0;

	while (i < s.n && !is_blank(s.p[i])) {
		char quote = s.p[i++];

		if (quote != '"' && quote != '\'')
			continue;
		while (i < s.n && s.p[i] != quote)
			i += s.p[i] == '\\' ? 2 : 1;
		if (i >= s.n || (i + 1 < s.n && !is_blank(s.p[i + 1])))
			return SIZE_MAX;
		return i + 1;
	}
	return i;
}

static struct str unquoted(struct str s)
{
	bool quoted = s.n >= 2 && (s.p[0] == '"' || s.p[0] == '\'') && s.p[s.n - 1] == s.p[0];

	return quoted ? str_head(str_skip(s, 1), s.n - 2) : s;
}

/* Cuts the next word from the front; false when there is none, and *balanced. */
static bool next_word(struct str *line, struct str *out, bool *balanced)
{
	size_t n;

	while (line->n && is_blank(line->p[0]))
		*line = str_skip(*line, 1);
	if (line->n == 0)
		return false;
	n = word_end(*line);
	*balanced = n != SIZE_MAX;
	*out = *balanced ? unquoted(str_head(*line, n)) : *line;
	*line = str_skip(*line, n);
	return true;
}

bool inline_words(struct str line, struct str *words, size_t max, size_t *n)
{
	bool balanced = true;
	struct str next;

	for (*n = 0; next_word(&line, &next, &balanced); (*n)++)
		if (*n < max)
			words[*n] = next;
	return balanced;
}

static bool is_text(struct str line)
{
	for (size_t i = 0; i < line.n; i++)
		if ((line.p[i] >= 0 && line.p[i] < ' ' && line.p[i] != '\t') || line.p[i] == 0x7f)
			return false;
	return true;
}

static void read_line(struct dissect_visit *v, struct str line, size_t whole)
{
	struct request *r = &v->c->request;
	bool balanced;
	struct str next;
	size_t n;

	balanced = inline_words(line, NULL, 0, &n);
	if (n == 0)
		return;
	begin(v, (uint32_t)n, true);
	r->bytes = whole;
	if (!balanced)
		tx_mark(r->tx, MARK_UNBALANCED_QUOTES);
	for (; next_word(&line, &next, &balanced) && balanced; r->at++)
		word(v, next);
	over(v);
}

static bool step_inline(struct dissect_visit *v)
{
	struct request *r = &v->c->request;
	const char *end = memchr(v->in.p + r->seen, '\n', v->in.n - r->seen);
	struct str line;
	size_t whole;

	if (!end) {
		/* The last byte may be half of a line end. */
		struct str fresh = str_skip(str_head(v->in, v->in.n - 1), r->seen);

		r->seen = v->in.n - 1;
		return dissect_answer(v, v->in.n > INLINE_MAX || !is_text(fresh) ? DISSECT_REJECT
										 : DISSECT_MORE);
	}
	whole = (size_t)(end - v->in.p) + 1;
	line = str_head(v->in, whole - 1);
	if (line.n && line.p[line.n - 1] == '\r')
		line.n--;
	if (whole > INLINE_MAX || !is_text(line))
		return dissect_answer(v, DISSECT_REJECT);
	r->seen = 0;
	read_line(v, line, whole);
	dissect_use(v, whole);
	return true;
}

/* ---- Arrays of bulks ------------------------------------------------------------------------- */

/* Reads the number behind the type in front of what is left. What ends a line or a value is not
 * looked at by the server either: who sends something else there does not escape by it, and is
 * marked. */
static int head(struct dissect_visit *v, int64_t max, struct number *out)
{
	int r = number_read_lax(str_head(v->in, NUMBER_MAX), out);

	if (r == 0 && v->in.n >= NUMBER_MAX)
		r = -1;
	return r > 0 && out->value > max ? -1 : r;
}

static void mark_odd(struct dissect_visit *v, bool odd)
{
	if (odd && v->c->request.tx)
		tx_mark(v->c->request.tx, MARK_BAD_LINE_END);
}

static bool step_array(struct dissect_visit *v)
{
	struct number n;
	int r = head(v, ELEMENTS_MAX, &n);

	if (r <= 0)
		return dissect_answer(v, r < 0 ? DISSECT_REJECT : DISSECT_MORE);
	if (n.value <= 0) {
		v->s->messages++; /* which the server ignores */
	} else {
		begin(v, (uint32_t)n.value, false);
		v->c->request.bytes = n.line;
		mark_odd(v, n.odd);
	}
	dissect_use(v, n.line);
	return true;
}

static bool step_argument(struct dissect_visit *v)
{
	struct request *r = &v->c->request;
	size_t want = wanted(r);
	struct number n;
	int ok;

	if (v->in.p[0] != '$')
		return dissect_answer(v, DISSECT_REJECT);
	ok = head(v, BULK_MAX, &n);
	if (ok < 0 || (ok > 0 && n.value < 0))
		return dissect_answer(v, DISSECT_REJECT);
	if (ok == 0)
		return dissect_answer(v, DISSECT_MORE);
	want = size_min(want, (size_t)n.value);
	if (v->in.n - n.line < want)
		return dissect_answer(v, DISSECT_MORE);
	r->left = (uint64_t)n.value;
	r->bytes += n.line + r->left + 2;
	mark_odd(v, n.odd);
	dissect_use(v, n.line);
	if (want || r->left == 0)
		word(v, str_head(v->in, want));
	r->phase = PHASE_BULK;
	return true;
}

static bool step_bulk(struct dissect_visit *v)
{
	struct request *r = &v->c->request;
	size_t n = size_min(v->in.n, r->left);

	dissect_use(v, n);
	r->left -= n;
	if (r->left) {
		v->skip = r->left;
		return dissect_answer(v, DISSECT_SKIP);
	}
	r->phase = PHASE_BULK_END;
	return true;
}

static bool step_bulk_end(struct dissect_visit *v)
{
	struct request *r = &v->c->request;

	if (v->in.n < 2)
		return dissect_answer(v, DISSECT_MORE);
	mark_odd(v, v->in.p[0] != '\r' || v->in.p[1] != '\n');
	dissect_use(v, 2);
	r->phase = PHASE_ELEMENT;
	if (++r->at == r->arguments)
		over(v);
	return true;
}

/* ---- Finding the place ----------------------------------------------------------------------- */

int request_begins(struct str in)
{
	struct number n, length;
	struct str word;
	int r;

	if (in.n == 0)
		return 0;
	if (in.p[0] != '*' || (r = number_read(str_head(in, NUMBER_MAX), &n)) < 0)
		return -1;
	if (r == 0)
		return in.n < NUMBER_MAX ? 0 : -1;
	if (n.value <= 0 || n.value > ELEMENTS_MAX)
		return -1;
	in = str_skip(in, n.line);
	if (in.n == 0)
		return 0;
	if (in.p[0] != '$' || (r = number_read(str_head(in, NUMBER_MAX), &length)) < 0)
		return -1;
	if (r == 0)
		return in.n < NUMBER_MAX ? 0 : -1;
	if (length.value <= 0 || length.value > REDIS_COMMAND_MAX)
		return -1;
	word = str_head(str_skip(in, length.line), (size_t)length.value);
	if (word.n < (size_t)length.value)
		return 0;
	return redis_command_find(word) ? 1 : -1;
}

/* What is no command is dropped, byte by byte. */
static bool step_resync(struct dissect_visit *v)
{
	int r = -1;

	while (r < 0 && v->in.n) {
		const char *at = memchr(v->in.p, '*', v->in.n);

		dissect_use(v, at ? (size_t)(at - v->in.p) : v->in.n);
		r = at ? request_begins(v->in) : 0;
		if (r < 0)
			dissect_use(v, 1);
	}
	if (r <= 0)
		return dissect_answer(v, DISSECT_MORE);
	v->c->request.phase = PHASE_START;
	return true;
}

bool request_step(struct dissect_visit *v)
{
	if (v->in.n == 0)
		return dissect_answer(v, DISSECT_MORE);
	switch ((enum phase)v->c->request.phase) {
	case PHASE_START:
		return v->in.p[0] == '*' ? step_array(v) : step_inline(v);
	case PHASE_ELEMENT:
		return step_argument(v);
	case PHASE_BULK:
		return step_bulk(v);
	case PHASE_BULK_END:
		return step_bulk_end(v);
	case PHASE_RESYNC:
		return step_resync(v);
	case PHASE_LINE:
		break;
	}
	return dissect_answer(v, DISSECT_REJECT);
}
