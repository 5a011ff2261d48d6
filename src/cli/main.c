/* SPDX-License-Identifier: Apache-2.0 */
/*
 * redoubt: the command line. A command is a row of a table; everything a command does stands in the
 * file named after it.
 */
#include "cli/cli.h"

#include <fcntl.h>
#include <unistd.h>

/* A command that differs by more from what was written is not suggested. */
#define SUGGEST_DISTANCE 2

static const struct conf_table version_table = {
	.command = "redoubt version",
	.summary = "Prints the version.",
};

static int cmd_version(int argc, char **argv)
{
	struct err err;
	int r = conf_parse(&version_table, argc, argv, NULL, NULL, &err);

	if (r < 0)
		return cli_fail(&err);
	if (r == 1)
		cli_help(&version_table);
	else
		(void)puts("redoubt " REDOUBT_VERSION);
	return 0;
}

static const struct command {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *help;
} commands[] = {
	{ "traffic", cmd_traffic, "Show what capture files hold, as typed and masked records" },
	{ "query", cmd_query, "Show what a state directory holds, or count it" },
	{ "status", cmd_status, "Tell how large a state directory is, and how long it lasts" },
	{ "keys", cmd_keys, "List the keys of a state directory, or destroy some for ever" },
	{ "doctor", cmd_doctor, "Verify every byte of a state directory" },
	{ "schema", cmd_schema, "Print every record kind and field" },
	{ "version", cmd_version, "Print the version" },
};

static void usage(FILE *to)
{
	(void)fputs("Usage: redoubt COMMAND [OPTIONS]\n\nCommands:\n", to);
	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		(void)fprintf(to, "  %-10s %s\n", commands[i].name, commands[i].help);
	(void)fputs("\n'redoubt COMMAND --help' shows what a command takes.\n", to);
}

static const struct command *command_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	return NULL;
}

static int unknown(const char *name)
{
	const struct command *near = NULL;
	size_t best = SUGGEST_DISTANCE + 1;
	struct err err;

	for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
		size_t d = str_distance(str_of(name), str_of(commands[i].name));

		if (d < best) {
			best = d;
			near = &commands[i];
		}
	}
	if (access(name, F_OK) == 0)
		(void)err_set(&err, ERR_USAGE,
			      "There is no command '%.60s'; to read this file, write: redoubt "
			      "traffic -r %.200s",
			      name, name);
	else if (near)
		(void)err_set(&err, ERR_USAGE, "There is no command '%.60s'; did you mean '%s'?",
			      name, near->name);
	else
		(void)err_set(&err, ERR_USAGE, "There is no command '%.60s'.", name);
	(void)cli_fail(&err);
	usage(stderr);
	return err_row(err.id)->exit;
}

/* "help" alone shows the commands, "help COMMAND" what that takes. */
static int help(int argc, char **argv)
{
	const struct command *c;
	char *words[2];

	if (argc < 2) {
		usage(stdout);
		return 0;
	}
	c = command_find(argv[1]);
	if (!c)
		return unknown(argv[1]);
	words[0] = argv[1];
	words[1] = (char[]){ "--help" };
	return c->run(2, words);
}

/* A descriptor below 3 that was closed at our start would become a file's. It is opened on nothing,
 * the wrong way round, so that using it fails as it would have. */
static void fill_standard_fds(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0)
			(void)open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
}

int main(int argc, char **argv)
{
	const struct command *c;

	fill_standard_fds();
	log_init("redoubt", LOG_INFO);
	if (argc < 2) {
		usage(stderr);
		return err_row(ERR_USAGE)->exit;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
	    strcmp(argv[1], "help") == 0)
		return help(argc - 1, argv + 1);
	if (strcmp(argv[1], "--version") == 0)
		return cmd_version(1, argv);
	c = command_find(argv[1]);
	return c ? c->run(argc - 1, argv + 1) : unknown(argv[1]);
}
