/* SPDX-License-Identifier: Apache-2.0 */
/*
 * conf: a table of options, filled from defaults, environment and arguments, the later over the
 * earlier. This part finds out which option is meant and which text is its value; conf_value.c
 * judges the text, conf_help.c prints the table.
 */
#include "base/conf_value.h"

#include <stdio.h>
#include <stdlib.h>

/* Limit: rows of one table. */
#define OPTS_MAX 128
/* Limit: a name that differs by more from what was written is not suggested. */
#define SUGGEST_DISTANCE 2

/* Limit: how much of an unknown option is shown. */
#define SHOWN 60

static const char env_prefix[] = "REDOUBT_";

struct reader {
	const struct conf_table *table;
	void *conf;
	struct err *err;
	size_t argc;
	char *const *argv;
	size_t at; /* the argument looked at */
	/* A list given by a person replaces the one from an earlier source. */
	enum conf_source source[OPTS_MAX];
};

static int set(struct reader *rd, const struct conf_opt *opt, const char *text, const char *label,
	       enum conf_source source)
{
	enum conf_source *from = &rd->source[opt - rd->table->opts];

	if (opt->type == CONF_LIST && *from != source)
		((struct conf_list *)(void *)((uint8_t *)rd->conf + opt->offset))->n = 0;
	*from = source;
	return conf_value_set(opt, text, label, rd->conf, rd->err);
}

/* ---- defaults and environment ---------------------------------------------------------------- */

/* What a field holds when nobody said anything: nothing. */
static void clear(struct reader *rd, const struct conf_opt *opt)
{
	static const size_t sizes[] = {
		[CONF_FLAG] = sizeof(bool),
		[CONF_U64] = sizeof(uint64_t),
		[CONF_BYTES] = sizeof(uint64_t),
		[CONF_DUR] = sizeof(int64_t),
		[CONF_STR] = sizeof(char *),
		[CONF_CHOICE] = sizeof(unsigned),
		[CONF_LIST] = sizeof(struct conf_list),
	};

	memset((uint8_t *)rd->conf + opt->offset, 0, sizes[opt->type]);
}

static int from_defaults(struct reader *rd)
{
	for (size_t i = 0; i < rd->table->count; i++) {
		const struct conf_opt *opt = &rd->table->opts[i];
		int r = 0;

		clear(rd, opt);
		if (opt->def)
			r = set(rd, opt, opt->def, opt->name, CONF_DEFAULT);
		assert(r == 0); /* the table contradicts itself */
		if (r < 0)
			return r;
	}
	return 0;
}

/* REDOUBT_LIMIT; of "redoubt traffic" REDOUBT_TRAFFIC_LIMIT, since another command's may be
 * another. */
void conf_env_name(const struct conf_table *t, const struct conf_opt *opt, char out[CONF_ENV_BYTES])
{
	const char *words = t->command ? strchr(t->command, ' ') : NULL;
	int n = snprintf(out, CONF_ENV_BYTES, "%s%s%s%s", env_prefix, words ? words + 1 : "",
			 words ? "_" : "", opt->name);

	assert(n > 0 && n < CONF_ENV_BYTES);
	for (char *c = out; *c; c++)
		*c = (char)(strchr("-. ", *c) ? '_' : *c >= 'a' && *c <= 'z' ? *c - 32 : *c);
}

static int from_environment(struct reader *rd)
{
	for (size_t i = 0; i < rd->table->count; i++) {
		const struct conf_opt *opt = &rd->table->opts[i];
		char name[CONF_ENV_BYTES];
		const char *text;
		int r = 0;

		conf_env_name(rd->table, opt, name);
		text = getenv(name);
		if (text && text[0] != '\0')
			r = set(rd, opt, text, name, CONF_ENV);
		if (r < 0)
			return r;
	}
	return 0;
}

/* ---- arguments ------------------------------------------------------------------------------- */

/* "-" alone is a value: it means standard input or output. */
static bool looks_like_option(const char *arg)
{
	return arg[0] == '-' && arg[1] != '\0';
}

static const struct conf_opt *by_name(const struct conf_table *t, struct str name)
{
	for (size_t i = 0; i < t->count; i++)
		if (str_eq(str_of(t->opts[i].name), name))
			return &t->opts[i];
	return NULL;
}

static const struct conf_opt *by_letter(const struct conf_table *t, char letter)
{
	for (size_t i = 0; i < t->count; i++)
		if (t->opts[i].letter == letter)
			return &t->opts[i];
	return NULL;
}

static bool wants_help(const struct conf_table *t, size_t argc, char *const *argv)
{
	for (size_t i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (strcmp(argv[i], "--help") == 0 ||
		    (strcmp(argv[i], "-h") == 0 && !by_letter(t, 'h')))
			return true;
	return false;
}

static int unknown(const struct reader *rd, struct str name)
{
	const struct conf_table *t = rd->table;
	const char *arg = rd->argv[rd->at];
	int shown = (int)size_min(strcspn(arg, "="), SHOWN);
	const char *best = NULL;
	size_t nearest = SUGGEST_DISTANCE + 1;

	for (size_t i = 0; i < t->count; i++) {
		size_t d = str_distance(name, str_of(t->opts[i].name));

		if (d < nearest && d < name.n) {
			nearest = d;
			best = t->opts[i].name;
		}
	}
	if (best)
		return err_set(rd->err, ERR_OPTION, "%.*s is no option of %s; did you mean --%s?",
			       shown, arg, t->command, best);
	return err_set(rd->err, ERR_OPTION, "%.*s is no option of %s; see %s --help", shown, arg,
		       t->command, t->command);
}

/* The next argument when it can be a value. */
static const char *next_value(struct reader *rd)
{
	if (rd->at + 1 == rd->argc || looks_like_option(rd->argv[rd->at + 1]))
		return NULL;
	rd->at++;
	return rd->argv[rd->at];
}

/* The value of opt stands in the arguments behind it. */
static int take_values(struct reader *rd, const struct conf_opt *opt, const char *label)
{
	const char *arg = opt->arg ? opt->arg : "VALUE";
	const char *text = next_value(rd);

	if (!text)
		return err_set(
			rd->err, ERR_OPTION,
			"%s needs %s behind it; give %s %s, or --%s=%s if it begins with '-'",
			label, conf_value_kind(opt->type), label, arg, opt->name, arg);
	while (text) {
		int r = set(rd, opt, text, label, CONF_ARG);

		if (r < 0)
			return r;
		text = opt->type == CONF_LIST ? next_value(rd) : NULL;
	}
	return 0;
}

/* "--name", "--name value", "--name=value" */
static int long_option(struct reader *rd, const char *arg)
{
	struct str left = str_of(arg + 2);
	char label[CONF_LABEL_BYTES];
	const struct conf_opt *opt;
	struct str name;
	bool with_value = str_cut(&left, '=', &name);

	opt = by_name(rd->table, name);
	if (!opt)
		return unknown(rd, name);
	(void)snprintf(label, sizeof(label), "--%s", opt->name);
	if (with_value)
		return set(rd, opt, left.p, label, CONF_ARG);
	if (opt->type == CONF_FLAG)
		return set(rd, opt, "true", label, CONF_ARG);
	return take_values(rd, opt, label);
}

/* "-x", "-x value", "-xvalue", and flags together: "-vx value" */
static int short_options(struct reader *rd, const char *arg)
{
	for (const char *c = arg + 1; *c; c++) {
		const struct conf_opt *opt = by_letter(rd->table, *c);
		const char label[] = { '-', *c, '\0' };
		int r;

		if (!opt)
			return unknown(rd, str_of(arg + 1));
		if (opt->type != CONF_FLAG)
			return c[1] != '\0' ? set(rd, opt, c + 1, label, CONF_ARG)
					    : take_values(rd, opt, label);
		r = set(rd, opt, "true", label, CONF_ARG);
		if (r < 0)
			return r;
	}
	return 0;
}

static int add_rest(struct reader *rd, struct conf_list *rest)
{
	const char *arg = rd->argv[rd->at];

	if (!rest)
		return err_set(rd->err, ERR_USAGE, "%s takes no argument \"%.60s\"",
			       rd->table->command, arg);
	if (rest->n == CONF_LIST_MAX)
		return err_set(rd->err, ERR_LIMIT, "%s takes at most %d arguments",
			       rd->table->command, CONF_LIST_MAX);
	rest->v[rest->n++] = arg;
	return 0;
}

static int from_arguments(struct reader *rd, struct conf_list *rest)
{
	bool options = true;

	for (rd->at = 1; rd->at < rd->argc; rd->at++) {
		const char *arg = rd->argv[rd->at];
		int r = 0;

		if (!options || !looks_like_option(arg))
			r = add_rest(rd, rest);
		else if (strcmp(arg, "--") == 0)
			options = false;
		else
			r = arg[1] == '-' ? long_option(rd, arg) : short_options(rd, arg);
		if (r < 0)
			return r;
	}
	return 0;
}

int conf_parse(const struct conf_table *t, int argc, char *const *argv, void *conf,
	       struct conf_list *rest, struct err *err)
{
	struct reader rd = { .table = t, .conf = conf, .err = err, .argv = argv };
	int r;

	assert(t->count <= OPTS_MAX);
	rd.argc = argc > 0 ? (size_t)argc : 0;
	if (wants_help(t, rd.argc, argv))
		return 1;
	if (rest)
		rest->n = 0;
	r = from_defaults(&rd);
	if (r == 0)
		r = from_environment(&rd);
	if (r == 0)
		r = from_arguments(&rd, rest);
	return r;
}
