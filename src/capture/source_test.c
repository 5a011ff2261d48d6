/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opening sources: names of any length, and files that are none.
 */
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include "t.h"

#include "capture/capture_int.h"

static struct capture c;
static struct err err;

static int opened(const char *path)
{
	free(c.name);
	free(c.label);
	fd_close(c.fd);
	memset(&c, 0, sizeof(c));
	c.fd = -1;
	return source_open(&c, path, &err);
}

TEST(a_source_has_its_name_in_messages_and_its_last_part_as_label)
{
	c.fd = -1;

	assert_int_equal(opened("/dev/null"), 0);
	assert_string_equal(c.name, "/dev/null");
	assert_string_equal(c.label, "null");
	assert_false(c.regular);
	assert_int_equal(opened("-"), 0);
	assert_string_equal(c.name, "standard input");
	assert_string_equal(c.label, "stdin");
}

TEST(a_long_path_leaves_room_for_the_reason)
{
	static char path[PATH_MAX - 1];

	for (size_t i = 0; i + 1 < sizeof(path); i++)
		path[i] = i % 100 ? 'd' : '/';
	memcpy(path + sizeof(path) - 8, "/x.pcap", 8);
	assert_true(opened(path) < 0);

	assert_int_equal(err.id, ERR_FILE_OPEN);
	assert_memory_equal(err.text, "...", 3);
	assert_non_null(strstr(err.text, "/x.pcap: No such file"));
}

TEST(a_shortened_path_begins_with_a_whole_character)
{
	char path[403] = "/";

	for (size_t at = 0; at < 4; at++) {
		memset(path + 1, 'd', 4);
		for (size_t i = 1 + at; i + 2 < sizeof(path); i += 2)
			memcpy(path + i, "\xc3\xa4", 2);
		path[sizeof(path) - 3] = '\0';
		assert_true(opened(path) < 0);
		assert_true(strncmp(err.text, "...\xc3\xa4", 5) == 0 || err.text[3] == 'd');
	}
}

TEST(a_fifo_without_a_writer_does_not_hold_us)
{
	char dir[] = "/tmp/redoubt-source-XXXXXX", path[64];

	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/fifo", dir);
	assert_int_equal(mkfifo(path, 0600), 0);

	assert_int_equal(opened(path), 0);
	assert_true(capture_waits(&c));
	unlink(path);
	rmdir(dir);
}

TEST(what_is_not_there_is_found_missing_without_opening_it)
{
	assert_int_equal(capture_find("-", &err), 0);
	assert_int_equal(capture_find("/tmp", &err), 0);
	assert_true(capture_find("/tmp/redoubt-source-none", &err) < 0);
	assert_int_equal(err.id, ERR_FILE_OPEN);
	assert_string_equal(err.text, "/tmp/redoubt-source-none: No such file or directory");
	assert_true(capture_find("/dev/null/x", &err) < 0);
	assert_string_equal(err.text, "/dev/null/x: Not a directory");
}

TEST(a_folder_is_refused_with_words)
{
	assert_true(opened("/tmp") < 0);
	assert_int_equal(err.id, ERR_FILE_OPEN);
	assert_non_null(strstr(err.text, "directory"));
}

TEST_MAIN
