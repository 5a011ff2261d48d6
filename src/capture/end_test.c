/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How an end is judged: an orderly one as a start, then one thing after another that is not as it
 * should be.
 */
#include <sys/wait.h>

#include "t.h"

#include "capture/capture_int.h"

#define BYTES 1000

static struct capture c;
static struct dissect_status status;
static struct err err;
static char name[] = "x.pcap", long_name[700];

static void orderly(void)
{
	memset(&c, 0, sizeof(c));
	memset(&status, 0, sizeof(status));
	err = (struct err){ ERR_NONE, "" };
	c.name = name;
	c.proc = PROC_NONE;
	c.status = &status;
	c.input_done = true;
	c.done = BYTES;
	c.last_kind = KIND_CAPTURE;
	atomic_store(&status.state, DISSECT_IS_DONE);
	atomic_store(&status.input_used, BYTES);
}

static void failed(enum err_id id, const char *text)
{
	orderly();
	atomic_store(&status.state, DISSECT_IS_FAILED);
	atomic_store(&status.err_id, id);
	memcpy(status.err_text, text, strlen(text) + 1);
}

static void expect_death(const char *words)
{
	assert_int_equal(capture_judge(&c, 0, &err), -err_row(ERR_ROLE_DIED)->code);
	assert_int_equal(err.id, ERR_ROLE_DIED);
	assert_non_null(strstr(err.text, words));
}

TEST(an_orderly_end_is_one)
{
	struct capture_result result;

	orderly();

	assert_int_equal(capture_judge(&c, 0, &err), 0);
	capture_result(&c, &result);
	assert_int_equal(result.err.id, ERR_NONE);
	assert_int_equal(result.bytes, BYTES);
}

TEST(an_end_before_it_was_done_is_a_death)
{
	orderly();
	atomic_store(&status.state, DISSECT_IS_RUNNING);
	expect_death("before it was done");
	orderly();
	atomic_store(&status.state, DISSECT_IS_FAILED + 1);
	expect_death("before it was done");
}

TEST(an_end_without_the_capture_record_is_a_death)
{
	orderly();
	c.last_kind = KIND_FLOW;
	expect_death("capture record");
}

TEST(an_end_that_left_or_invented_input_is_a_death)
{
	orderly();
	atomic_store(&status.input_used, BYTES - 1);
	expect_death("reading everything");
	orderly();
	atomic_store(&status.input_used, BYTES + 1);
	expect_death("reading everything");
	orderly();
	c.input_done = false;
	expect_death("reading everything");
}

TEST(a_failure_without_a_reason_is_a_death_and_so_is_a_reason_without_a_failure)
{
	failed(ERR_NONE, "");
	expect_death("does not say why");
	orderly();
	atomic_store(&status.err_id, ERR_CAPTURE_DAMAGED);
	expect_death("says that it failed");
}

TEST(a_failure_of_the_capture_is_an_end_and_its_reason_is_given)
{
	struct capture_result result;

	failed(ERR_CAPTURE_DAMAGED, "at byte 7");
	atomic_store(&status.input_used, 7);

	assert_int_equal(capture_judge(&c, 0, &err), 0);
	capture_result(&c, &result);
	assert_int_equal(result.err.id, ERR_CAPTURE_DAMAGED);
	assert_string_equal(result.err.text, "x.pcap: at byte 7");
}

TEST(a_reason_that_is_not_a_dissectors_becomes_internal)
{
	static const uint32_t ids[] = { ERR_USAGE,     ERR_FILE_OPEN, ERR_OUTPUT,
					ERR_ROLE_DIED, ERR_COUNT,     UINT32_MAX };

	for (size_t i = 0; i < ARRAY_LEN(ids); i++) {
		failed(ERR_NONE, "");
		atomic_store(&status.err_id, ids[i]);
		assert_int_equal(capture_judge(&c, 0, &err), 0);
		assert_int_equal(c.failure.id, ERR_INTERNAL);
	}
}

TEST(words_of_the_dissector_cannot_steer_a_terminal_and_need_no_end)
{
	failed(ERR_CAPTURE_DAMAGED, "");
	memset(status.err_text, '\033', sizeof(status.err_text));

	assert_int_equal(capture_judge(&c, 0, &err), 0);
	assert_null(strchr(c.failure.text, '\033'));
	assert_int_equal(strlen(c.failure.text), strlen("x.pcap: ") + sizeof(status.err_text));
}

TEST(a_name_of_any_length_overflows_nothing)
{
	memset(long_name, 'd', sizeof(long_name) - 1);
	failed(ERR_CAPTURE_DAMAGED, "reason");
	c.name = long_name;

	assert_int_equal(capture_judge(&c, 0, &err), 0);
	assert_true(strlen(c.failure.text) < sizeof(c.failure.text));
}

TEST(a_status_is_told_unless_it_could_say_why)
{
	failed(ERR_MEMORY, "the flow engine");
	assert_true(capture_judge(&c, W_EXITCODE(10, 0), &err) < 0);
	assert_int_equal(err.id, ERR_MEMORY);
	assert_string_equal(err.text, "x.pcap: the flow engine");

	failed(ERR_MEMORY, "the flow engine");
	assert_true(capture_judge(&c, W_EXITCODE(0, SIGSEGV), &err) < 0);
	assert_int_equal(err.id, ERR_ROLE_DIED);
	assert_non_null(strstr(err.text, "killed by signal 11"));
}

TEST(who_could_not_begin_has_nothing_to_say_about_the_capture)
{
	failed(ERR_CAPTURE_TRUNCATED, "it ends within a frame");
	assert_true(capture_judge(&c, W_EXITCODE(3, 0), &err) < 0);
	assert_int_equal(err.id, ERR_INTERNAL);

	failed(ERR_SANDBOX, "a layer is missing");
	assert_int_equal(capture_judge(&c, 0, &err), 0);
	assert_int_equal(c.failure.id, ERR_INTERNAL);
}

TEST(a_file_that_cannot_be_read_is_told_before_what_that_made_of_it)
{
	failed(ERR_CAPTURE_TRUNCATED, "it ends within a frame");
	(void)err_set(&c.read_error, ERR_FILE_READ, "x.pcap, at byte 7: broken");

	assert_true(capture_judge(&c, 0, &err) < 0);
	assert_int_equal(err.id, ERR_FILE_READ);
}

TEST_MAIN
