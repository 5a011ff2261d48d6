// SPDX-License-Identifier: Apache-2.0
/* The mask of keys: what of a key stays, and that nothing else does. */
#include "record/record.h"
#include "t.h"

static void assert_key(const char *key, const char *masked)
{
	struct buf out;

	buf_init(&out, MIB);
	mask_key(str_of(key), &out);
	if (!str_eq(buf_str(&out), str_of(masked)))
		fail_msg("%s became %.*s instead of %s", key, STR_FMT(buf_str(&out)), masked);
	buf_done(&out);
}

TEST(words_between_separators_stay)
{
	assert_key("", "");
	assert_key("key", "key");
	assert_key("queue:mail.out", "queue:mail.out");
	assert_key("cache:/path/x", "cache:/path/x");
	assert_key("app|user-list#v2", "app|user-list#v2");
	assert_key("rate_limit api", "rate_limit api");
	assert_key("::", "::");
}

TEST(ids_tokens_and_addresses_are_replaced)
{
	assert_key("session:abcdef0123456789abcdef0123456789", "session:{id}");
	assert_key("session:8f14e45f-ceea-467f-a1d4-91e0f2a1b3c4", "session:{uuid}");
	assert_key("user:alice@example.org", "user:{email}");
	assert_key("user:alice.b+c@example.org:cart", "user:{email}:cart");
	assert_key("jwt:eyJhbGciOiJub25lIn0.eyJzdWIiOiJqYW5lIn0.c2ln", "jwt:{token}");
	assert_key("spring:session:sessions:expires:9f1c2b7e-4f0e-4d3a-b1c1-0a9d8e7f6c5b",
		   "spring:session:sessions:expires:{uuid}");
	assert_key("PHPREDIS_SESSION:q8fj2kd93ms0alw7dk2m1", "PHPREDIS_SESSION:{token}");
}

TEST(numbers_are_ids)
{
	assert_key("user:4711", "user:{id}");
	assert_key("user:4711:cart:1", "user:{id}:cart:{id}");
	assert_key("user-4711", "user-{id}");
	assert_key("1", "{id}");
	assert_key("{user1000}.following", "{user{id}}.following");
	assert_key("order4711", "order{id}");
	assert_key("pay:4111-1111-1111-1111", "pay:{id}");
	assert_key("call:+49 30 123456", "call:+{id} {id} {id}");
}

TEST(few_digits_behind_letters_are_no_id)
{
	assert_key("db0:v12", "db0:v12");
	assert_key("db100", "db{id}");
}

TEST(addresses_are_replaced_whole)
{
	assert_key("ip:10.0.12.34:hits", "ip:{id}:hits");
	assert_key("ip:10.0.12.34:8080", "ip:{id}:{id}");
	assert_key("ip:2001:db8::1", "ip:{id}");
	assert_key("ip:fe80::1ff:fe23:4567:890a|seen", "ip:{id}|seen");
	assert_key("mac:aa:bb:cc:dd:ee:ff", "mac:{id}");
	assert_key("ban:[2001:db8::1]:443", "ban:[{id}]:{id}");
}

TEST(values_behind_an_equals_sign_are_masked)
{
	assert_key("name=alice:page", "name=[masked]:page");
	assert_key("name=:page", "name=:page");
	assert_key("q=a=b", "q=[masked]");
	assert_key("=alice", "=[masked]");
	assert_key("=", "=");
}

TEST(what_is_no_text_is_masked_whole)
{
	assert_key("\x01session", MASK_TEXT);
	assert_key("a\nb", MASK_TEXT);
	assert_key("\xff\xfe", MASK_TEXT);
	assert_key("\x7f", MASK_TEXT);
	assert_key("stra\xc3\x9f"
		   "e",
		   "stra\xc3\x9f"
		   "e");
}

TEST(a_key_longer_than_the_limit_is_masked_whole)
{
	char key[130];

	memset(key, ':', sizeof(key));
	key[128] = '\0';
	assert_key(key, key);
	key[128] = ':';
	key[129] = '\0';
	assert_key(key, MASK_TEXT);
}

TEST(what_needed_no_mask_is_as_it_was_and_a_second_time_changes_no_word)
{
	assert_key("{id}", "{id}");
	assert_key("[masked]", "[masked]");
}

TEST_MAIN
