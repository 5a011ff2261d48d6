/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of conf: every way to write an option, precedence, limits at their edges, and that each
 * refusal names the option, the value and what is allowed.
 */
#include "base/base.h"
#include "t.h"

struct settings {
	bool verbose, quiet;
	uint64_t limit, memory;
	int64_t idle_ns;
	const char *output;
	unsigned format;
	struct conf_list files;
};

static const struct conf_opt opts[] = {
	{ "verbose", 'v', CONF_FLAG, offsetof(struct settings, verbose), NULL, 0, 0, NULL, NULL,
	  "Say more." },
	{ "quiet", 'q', CONF_FLAG, offsetof(struct settings, quiet), "true", 0, 0, NULL, NULL,
	  "Say less." },
	{ "limit", 'l', CONF_U64, offsetof(struct settings, limit), "10", 1, 100, NULL, "ROWS",
	  "End after so many rows." },
	{ "memory-max", 0, CONF_BYTES, offsetof(struct settings, memory), "64M", 4096, 0, NULL,
	  NULL,
	  "Memory that may be used; more is refused, and what is refused is counted and "
	  "shown at the end of the run." },
	{ "idle", 0, CONF_DUR, offsetof(struct settings, idle_ns), "1m30s", 1000, 3600000000000,
	  NULL, NULL, "Time until a flow ends." },
	{ "output", 'o', CONF_STR, offsetof(struct settings, output), NULL, 0, 0, NULL, "FILE",
	  "Where rows go." },
	{ "format", 0, CONF_CHOICE, offsetof(struct settings, format), "json", 0, 0,
	  "text|json|wide", NULL, "How rows look." },
	{ "file", 'f', CONF_LIST, offsetof(struct settings, files), NULL, 0, 0, NULL, "FILE",
	  "Files to read." },
};

static const struct conf_table table = {
	.command = "redoubt test",
	.summary = "Tests the options.",
	.usage = "[FILTER]",
	.examples = "  redoubt test -f x.pcap\n",
	.opts = opts,
	.count = ARRAY_LEN(opts),
};

static struct settings conf;
static struct conf_list rest;
static struct err err;

#define ARGV_MAX 16

/* Parses words that are separated by single spaces. */
static int parse(const char *line)
{
	static char words[512];
	char *argv[ARGV_MAX + 1] = { words };
	int argc = 1;

	err = (struct err){ 0 };
	(void)snprintf(words, sizeof(words), "%s", "redoubt");
	if (line[0] != '\0') {
		(void)snprintf(words, sizeof(words), "redoubt %s", line);
		for (char *at = strchr(words, ' '); at; at = strchr(at, ' ')) {
			assert_true(argc < ARGV_MAX);
			*at++ = '\0';
			argv[argc++] = at;
		}
	}
	return conf_parse(&table, argc, argv, &conf, &rest, &err);
}

static void refused(const char *line, const char *text)
{
	assert_int_equal(parse(line), -EINVAL);
	assert_int_equal(err.id, ERR_OPTION);
	assert_string_equal(err.text, text);
}

TEST(defaults_fill_every_field)
{
	memset(&conf, 0xff, sizeof(conf));
	assert_int_equal(parse(""), 0);

	assert_false(conf.verbose);
	assert_true(conf.quiet);
	assert_int_equal(conf.limit, 10);
	assert_int_equal(conf.memory, 64 * MIB);
	assert_true(conf.idle_ns == 90 * NS_PER_S);
	assert_null(conf.output);
	assert_int_equal(conf.format, 1);
	assert_int_equal(conf.files.n, 0);
	assert_int_equal(rest.n, 0);
}

TEST(options_are_taken_in_every_form)
{
	static const char *const forms[] = { "--limit 7", "--limit=7", "-l 7",
					     "-l7",       "-vl7",      "-vl 7" };

	for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
		assert_int_equal(parse(forms[i]), 0);
		assert_int_equal(conf.limit, 7);
		assert_int_equal(rest.n, 0);
	}
}

TEST(flags_are_set_alone_or_by_word)
{
	assert_int_equal(parse("-v --quiet=false"), 0);
	assert_true(conf.verbose);
	assert_false(conf.quiet);
	assert_int_equal(parse("--verbose word"), 0);
	assert_true(conf.verbose);
	assert_int_equal(rest.n, 1);
}

TEST(the_last_of_one_option_wins)
{
	assert_int_equal(parse("-l 1 --limit 2"), 0);

	assert_int_equal(conf.limit, 2);
}

TEST(list_takes_all_up_to_the_next_option)
{
	assert_int_equal(parse("-f a b - --limit 5 filter"), 0);

	assert_int_equal(conf.files.n, 3);
	assert_string_equal(conf.files.v[1], "b");
	assert_string_equal(conf.files.v[2], "-");
	assert_int_equal(rest.n, 1);
	assert_string_equal(rest.v[0], "filter");
}

TEST(list_grows_over_repetitions_and_ends_at_two_dashes)
{
	assert_int_equal(parse("-f a --file=b --file c d -- -e --limit"), 0);

	assert_int_equal(conf.files.n, 4);
	assert_string_equal(conf.files.v[3], "d");
	assert_int_equal(rest.n, 2);
	assert_string_equal(rest.v[0], "-e");
	assert_string_equal(rest.v[1], "--limit");
}

TEST(list_written_with_equals_takes_one)
{
	assert_int_equal(parse("--file=a filter"), 0);

	assert_int_equal(conf.files.n, 1);
	assert_string_equal(rest.v[0], "filter");
}

TEST(list_ends_at_its_limit)
{
	static char *argv[CONF_LIST_MAX + 4];
	static char name[] = "x";
	static char option[] = "-f";

	for (size_t i = 0; i < ARRAY_LEN(argv); i++)
		argv[i] = name;
	argv[1] = option;

	assert_int_equal(conf_parse(&table, CONF_LIST_MAX + 2, argv, &conf, &rest, &err), 0);
	assert_int_equal(conf.files.n, CONF_LIST_MAX);
	assert_int_equal(conf_parse(&table, CONF_LIST_MAX + 3, argv, &conf, &rest, &err), -E2BIG);
	assert_string_equal(err.text, "-f: more than 4096 values; give fewer at a time");
}

TEST(rest_ends_at_its_limit)
{
	static char *argv[CONF_LIST_MAX + 4];
	static char name[] = "x";

	for (size_t i = 0; i < ARRAY_LEN(argv); i++)
		argv[i] = name;

	assert_int_equal(conf_parse(&table, CONF_LIST_MAX + 1, argv, &conf, &rest, &err), 0);
	assert_int_equal(conf_parse(&table, CONF_LIST_MAX + 2, argv, &conf, &rest, &err), -E2BIG);
}

TEST(arguments_are_refused_where_none_are_taken)
{
	char name[] = "redoubt";
	char word[] = "word";
	char *argv[] = { name, word, NULL };

	assert_int_equal(conf_parse(&table, 2, argv, &conf, NULL, &err), -EINVAL);
	assert_string_equal(err.text, "redoubt test takes no argument \"word\"");
}

TEST(environment_stands_between_default_and_argument)
{
	assert_int_equal(setenv("REDOUBT_TEST_LIMIT", "50", 1), 0);
	assert_int_equal(setenv("REDOUBT_TEST_MEMORY_MAX", "1GiB", 1), 0);
	assert_int_equal(setenv("REDOUBT_TEST_VERBOSE", "yes", 1), 0);
	assert_int_equal(setenv("REDOUBT_TEST_FILE", "e", 1), 0);
	assert_int_equal(setenv("REDOUBT_TEST_IDLE", "", 1), 0);

	assert_int_equal(parse(""), 0);
	assert_int_equal(conf.limit, 50);
	assert_int_equal(conf.memory, GIB);
	assert_true(conf.verbose);
	assert_int_equal(conf.files.n, 1);
	assert_true(conf.idle_ns == 90 * NS_PER_S);
	assert_int_equal(parse("-l 5 -f a"), 0);
	assert_int_equal(conf.limit, 5);
	assert_int_equal(conf.files.n, 1);
	assert_string_equal(conf.files.v[0], "a");

	assert_int_equal(setenv("REDOUBT_TEST_LIMIT", "many", 1), 0);
	refused("", "REDOUBT_TEST_LIMIT: \"many\" is not a number; give digits, such as 100");
	(void)unsetenv("REDOUBT_TEST_LIMIT");
	(void)unsetenv("REDOUBT_TEST_MEMORY_MAX");
	(void)unsetenv("REDOUBT_TEST_VERBOSE");
	(void)unsetenv("REDOUBT_TEST_FILE");
	(void)unsetenv("REDOUBT_TEST_IDLE");
}

TEST(names_in_the_environment_begin_with_the_command)
{
	static const struct conf_table alone = { .command = "redoubt-tool" };
	char name[CONF_ENV_BYTES];

	conf_env_name(&table, &opts[3], name);
	assert_string_equal(name, "REDOUBT_TEST_MEMORY_MAX");
	conf_env_name(&alone, &opts[3], name);
	assert_string_equal(name, "REDOUBT_MEMORY_MAX");
}

TEST(help_is_answered_before_anything_else)
{
	static const char *const asks[] = { "--help", "-h", "--limit nonsense --help", "-f a -h" };

	conf.limit = 77;
	for (size_t i = 0; i < ARRAY_LEN(asks); i++)
		assert_int_equal(parse(asks[i]), 1);

	assert_int_equal(conf.limit, 77);
	assert_int_equal(parse("-- --help"), 0);
	assert_string_equal(rest.v[0], "--help");
}

TEST(unknown_options_are_answered_with_the_nearest)
{
	refused("--limti 5", "--limti is no option of redoubt test; did you mean --limit?");
	refused("--limits=5", "--limits is no option of redoubt test; did you mean --limit?");
	refused("-zimit", "-zimit is no option of redoubt test; did you mean --limit?");
	refused("--colour", "--colour is no option of redoubt test; see redoubt test --help");
	refused("-x", "-x is no option of redoubt test; see redoubt test --help");
	refused("-vx", "-vx is no option of redoubt test; see redoubt test --help");
}

TEST(missing_values_are_named)
{
	refused("--limit",
		"--limit needs a number behind it; give --limit ROWS, or --limit=ROWS if it "
		"begins with '-'");
	refused("-f --verbose",
		"-f needs one or more values behind it; give -f FILE, or --file=FILE "
		"if it begins with '-'");
	refused("--idle -v",
		"--idle needs a duration behind it; give --idle VALUE, or --idle=VALUE if "
		"it begins with '-'");
}

TEST(numbers_are_bounded_on_both_sides)
{
	assert_int_equal(parse("-l 1"), 0);
	assert_int_equal(parse("-l 100"), 0);
	refused("-l 0", "-l: 0 is out of range; give 1 to 100");
	refused("--limit=101", "--limit: 101 is out of range; give 1 to 100");
	refused("--limit=99999999999999999999",
		"--limit: 99999999999999999999 is out of range; give 1 to 100");
	refused("--limit=-1", "--limit: \"-1\" is not a number; give digits, such as 100");
	refused("--limit=", "--limit: \"\" is not a number; give digits, such as 100");
}

TEST(sizes_and_durations_are_bounded_in_their_own_units)
{
	assert_int_equal(parse("--memory-max 4K --idle 1us"), 0);
	assert_int_equal(parse("--idle 1h"), 0);
	refused("--memory-max 4095", "--memory-max: 4095 is out of range; give 4K or more");
	refused("--idle 999ns", "--idle: 999ns is out of range; give 1us to 3600s");
	refused("--idle=-1s", "--idle: -1s is out of range; give 1us to 3600s");
	refused("--memory-max 64MB",
		"--memory-max: \"64MB\" is not a size; give a number with K, M, G or T, such as 64M");
	refused("--idle 5",
		"--idle: \"5\" is not a duration; give a number with ns, us, ms, s, m or h, "
		"such as 1m30s");
}

TEST(choices_are_stored_as_their_index)
{
	assert_int_equal(parse("--format text"), 0);
	assert_int_equal(conf.format, 0);
	assert_int_equal(parse("--format wide"), 0);
	assert_int_equal(conf.format, 2);
	refused("--format wid", "--format: \"wid\" is not one of its words; give text|json|wide");
	refused("--verbose=maybe", "--verbose: \"maybe\" is not a truth value; give true or false");
}

TEST(bytes_are_read_with_powers_of_1024)
{
	static const struct {
		const char *text;
		uint64_t bytes;
	} good[] = {
		{ "0", 0 },           { "4096", 4096 },
		{ "1K", 1024 },       { "64M", 64 * MIB },
		{ "1GiB", GIB },      { "2Gi", 2 * GIB },
		{ "1T", 1024 * GIB }, { "16777215T", UINT64_C(16777215) << 40 },
	};
	static const char *const bad[] = { "",    "K",    "1k", "1KB",   "1B",
					   "1 K", "1.5G", "-1", "1KiBs", "1P" };
	uint64_t v = 5;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(bytes_parse(str_of(bad[i]), &v), -EINVAL);
	assert_int_equal(bytes_parse(STR("16777216T"), &v), -ERANGE);
	assert_int_equal(v, 5);
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		assert_int_equal(bytes_parse(str_of(good[i].text), &v), 0);
		assert_true(v == good[i].bytes);
	}
}

TEST(help_names_every_option_within_80_columns)
{
	struct buf out;
	struct str text;

	buf_init(&out, 64 * KIB);
	conf_help(&table, &out);
	text = buf_str(&out);

	assert_false(out.full);
	assert_true(str_starts(text, STR("Usage: redoubt test [OPTIONS] [FILTER]\n\n")));
	for (size_t i = 0; i < ARRAY_LEN(opts); i++)
		assert_true(str_contains(text, str_of(opts[i].name)));
	assert_true(str_contains(text, STR("\n  -f, --file FILE...      Files to read.\n")));
	assert_true(str_contains(text, STR("\n      --format WORD       How rows look. One of: "
					   "text|json|wide. Default: json.\n")));
	while (text.n > 0) {
		struct str line;

		(void)str_cut(&text, '\n', &line);
		assert_in_range(line.n, 0, 80);
		assert_false(str_ends(line, STR(" ")));
	}
	buf_done(&out);
}

TEST_MAIN
