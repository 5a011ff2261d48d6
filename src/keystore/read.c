// SPDX-License-Identifier: Apache-2.0
/*
 * The file's reader. It takes what is whole, and makes a note of everything else: one header of the
 * two is enough, and an entry that does not open costs its own key. Nothing that it reads is
 * believed before it was opened, but for where to look.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "keystore/keystore_int.h"

/* Limit: missing keys that are named one by one. */
#define NAMED_MAX 16

struct reading {
	struct str file;
	const struct keystore_opener *opener;
	struct keystore *ks;
	struct keystore_notes *notes;
};

void keystore_note(struct keystore_notes *notes, const char *fmt, ...)
{
	char text[256];
	va_list args;

	notes->n++;
	if (!notes->say)
		return;
	va_start(args, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	notes->say(notes->owner, text);
}

static const uint8_t *bytes_at(struct str file, size_t at)
{
	return (const uint8_t *)file.p + at;
}

/* ---- The header ------------------------------------------------------------------------------ */

/* One of the two, and what became of it. */
struct copy {
	const uint8_t *bytes; /* NULL when the file is too short for it */
	struct keystore_header head;
	struct keystore_secrets *secrets;
	int r;
};

/* 0, -ENOTSUP (newer), -EKEYREJECTED (whole, and sealed by another root key), -EBADMSG (damaged),
 * or an error of this machine. */
static int open_copy(const struct keystore_opener *opener, struct copy *copy)
{
	int r = copy->bytes ? keystore_header_decode(copy->bytes, &copy->head) : -EBADMSG;

	if (r < 0)
		return r;
	r = opener->keys(opener->owner, &copy->head, copy->secrets);
	if (r == 0)
		r = keystore_header_open(copy->bytes, copy->secrets);
	if (r == -EBADMSG || r == -EKEYREJECTED)
		return keystore_header_whole(copy->bytes) ? -EKEYREJECTED : -EBADMSG;
	return r;
}

static bool is_verdict(int r)
{
	return r == 0 || r == -ENOTSUP || r == -EKEYREJECTED || r == -EBADMSG;
}

static int neither(const struct copy *first, const struct copy *second, struct err *err)
{
	const struct copy *rejected = first->r == -EKEYREJECTED ? first : second;

	if (rejected->r == -EKEYREJECTED)
		return err_set(err, ERR_KEY_WRONG, "the keystore was made with another %s",
			       rejected->head.root == KEYSTORE_ROOT_FILE ? "root key file"
									 : "passphrase");
	if (first->r == -ENOTSUP || second->r == -ENOTSUP)
		return err_set(err, ERR_STORE_VERSION, "the keystore");
	return err_set(err, ERR_STORE_DAMAGED, "the keystore: neither of its headers is whole");
}

/* The newer one, when both are whole and differ, which nobody but a forger makes. */
static const struct copy *choose(struct keystore_notes *notes, const struct copy *first,
				 const struct copy *second)
{
	if (first->r < 0)
		keystore_note(notes, "the first header of the keystore is damaged");
	if (second->r < 0)
		keystore_note(notes, "the second header of the keystore is damaged");
	if (first->r == 0 && second->r == 0 &&
	    memcmp(first->bytes, second->bytes, KEYSTORE_HEADER_BYTES) != 0)
		keystore_note(notes, "the headers of the keystore are not the same");
	if (first->r < 0 || (second->r == 0 && second->head.generation > first->head.generation))
		return second;
	return first;
}

static int open_copies(const struct reading *in, struct copy *first, struct copy *second)
{
	if (in->file.n >= KEYSTORE_HEADER_BYTES)
		first->bytes = bytes_at(in->file, 0);
	if (in->file.n >= 2 * (size_t)KEYSTORE_HEADER_BYTES)
		second->bytes = bytes_at(in->file, in->file.n - KEYSTORE_HEADER_BYTES);
	first->r = open_copy(in->opener, first);
	if (!is_verdict(first->r))
		return first->r;
	if (second->bytes && memcmp(first->bytes, second->bytes, KEYSTORE_HEADER_BYTES) == 0) {
		/* Once is enough, since a passphrase is slow. */
		second->r = first->r;
		second->head = first->head;
		*second->secrets = *first->secrets;
	} else {
		second->r = open_copy(in->opener, second);
	}
	return is_verdict(second->r) ? 0 : second->r;
}

/* Fills the keystore's header and secrets. *has_second: the file ends with a header. */
static int read_header(const struct reading *in, bool *has_second, struct err *err)
{
	CLEANUP(crypto_secret_free)
	void *secrets = crypto_secret_alloc(2 * sizeof(struct keystore_secrets));
	struct copy first = { .secrets = secrets }, second = { 0 };
	const struct copy *chosen;
	int r;

	if (!secrets)
		return err_set(err, ERR_MEMORY, "the keystore");
	second.secrets = first.secrets + 1;
	r = open_copies(in, &first, &second);
	if (r < 0)
		return err_set(err, ERR_MEMORY, "opening the keystore");
	if (first.r < 0 && second.r < 0)
		return neither(&first, &second, err);
	chosen = choose(in->notes, &first, &second);
	in->ks->head = chosen->head;
	*in->ks->secrets = *chosen->secrets;
	*has_second = second.r == 0;
	r = crypto_aead_new(in->ks->secrets->epoch, &in->ks->epoch);
	return r < 0 ? err_set(err, ERR_MEMORY, "the keystore") : 0;
}

/* ---- Entries --------------------------------------------------------------------------------- */

#define SCOPE_TEXT 160

/* " (cluster a, hour …, part 1)" when a keystore read before knows it. */
static const char *describe(const struct keystore_notes *notes, uint64_t id, char out[SCOPE_TEXT])
{
	static const char *const parts[KEYSTORE_PARTS] = { "meta", "headers", "payload" };
	const struct keystore_item *item = notes->known ? keystore_find(notes->known, id) : NULL;
	char hour[TIME_TEXT_BYTES];

	out[0] = '\0';
	if (item && keystore_scope_is_valid(&item->info.scope)) {
		(void)time_format(item->info.scope.hour * KEYSTORE_HOUR_NS, hour);
		(void)snprintf(out, SCOPE_TEXT, " (cluster %s, %s, hour of %.16s)",
			       item->info.scope.cluster, parts[item->info.scope.part], hour);
	}
	return out;
}

/* Opens the entry by the id it says, or, since that may be what is damaged, by the one behind the
 * entry before. One that does not open becomes a damaged key. */
static int resolve(const struct reading *in, size_t place, const uint8_t *bytes, uint64_t expected,
		   struct keystore_item *item, uint8_t key[CRYPTO_KEY_BYTES])
{
	const struct keystore_header *h = &in->ks->head;
	uint64_t says = load_u64le(bytes);
	char scope[SCOPE_TEXT];
	int r = keystore_entry_open(in->ks->epoch, h, says, bytes, &item->info, key);

	memcpy(item->sealed, bytes, sizeof(item->sealed));
	if (r == 0 || r == -EIO)
		return r;
	if (keystore_entry_open(in->ks->epoch, h, expected, bytes, &item->info, key) == 0) {
		keystore_note(in->notes,
			      "key %llu: its id in the keystore is damaged; nothing "
			      "is lost",
			      (unsigned long long)expected);
		for (unsigned i = 0; i < 8; i++)
			item->sealed[i] = (uint8_t)(expected >> 8 * i);
		return 0;
	}
	in->ks->altered = true;
	if (says < expected || says >= h->next_id)
		says = expected;
	item->info = (struct key_info){ .id = says, .state = KEY_DAMAGED };
	memset(key, 0, CRYPTO_KEY_BYTES);
	keystore_note(in->notes, "key %llu%s is damaged in the keystore, at entry %zu",
		      (unsigned long long)says, describe(in->notes, says, scope), place + 1);
	return 0;
}

static int read_entries(const struct reading *in, struct str area)
{
	CLEANUP(crypto_secret_free) void *key = crypto_secret_alloc(CRYPTO_KEY_BYTES);
	uint64_t expected = 1;
	int r = key ? 0 : -ENOMEM;

	for (size_t i = 0; r == 0 && area.n >= KEYSTORE_ENTRY_BYTES; i++) {
		struct keystore_item item = { .slot = 0 };

		r = resolve(in, i, (const uint8_t *)area.p, expected, &item, key);
		if (r == 0)
			r = keystore_add(in->ks, &item, key);
		expected = item.info.id + 1;
		area = str_skip(area, KEYSTORE_ENTRY_BYTES);
	}
	return r;
}

/* By id; of two with one id, the one that is not damaged first. */
static int by_id(const void *a, const void *b)
{
	const struct key_info *x = &((const struct keystore_item *)a)->info;
	const struct key_info *y = &((const struct keystore_item *)b)->info;

	if (x->id != y->id)
		return x->id < y->id ? -1 : 1;
	return (x->state == KEY_DAMAGED) - (y->state == KEY_DAMAGED);
}

/* Restores the order. An entry that stands twice is left out the second time, and so is one of a
 * key that there cannot be: who could write it could write anything, so it was never written by us.
 */
static void put_in_order(const struct reading *in)
{
	struct keystore *ks = in->ks;
	bool ordered = true;
	size_t n = 0;

	for (size_t i = 1; i < ks->n; i++)
		ordered = ordered && ks->items[i - 1].info.id < ks->items[i].info.id;
	if (!ordered) {
		keystore_note(in->notes, "the entries of the keystore are not in their order");
		qsort(ks->items, ks->n, sizeof(*ks->items), by_id);
	}
	for (size_t i = 0; i < ks->n; i++) {
		uint64_t id = ks->items[i].info.id;

		if (id == 0 || id >= ks->head.next_id)
			keystore_note(in->notes, "key %llu is in the keystore, and cannot be",
				      (unsigned long long)id);
		else if (n > 0 && ks->items[n - 1].info.id == id)
			keystore_note(in->notes, "key %llu stands twice in the keystore",
				      (unsigned long long)id);
		else
			ks->items[n++] = ks->items[i];
	}
	ks->n = n;
}

/* ---- What is not there ----------------------------------------------------------------------- */

static void name_missing(const struct reading *in, uint64_t missing)
{
	const struct keystore *ks = in->ks;
	uint64_t id = 1, named = 0;

	for (size_t i = 0; i <= ks->n; i++) {
		uint64_t next = i < ks->n ? ks->items[i].info.id : ks->head.next_id;

		for (; id < next && named < NAMED_MAX; id++, named++) {
			char scope[SCOPE_TEXT];

			keystore_note(in->notes, "key %llu%s is missing from the keystore",
				      (unsigned long long)id, describe(in->notes, id, scope));
		}
		id = next + 1;
	}
	if (missing > named)
		keystore_note(in->notes, "%llu more keys are missing from the keystore",
			      (unsigned long long)(missing - named));
}

static void find_missing(const struct reading *in)
{
	const struct keystore_header *h = &in->ks->head;
	uint64_t should = h->next_id - 1 - h->forgotten;
	uint64_t missing = should > in->ks->n ? should - in->ks->n : 0;

	in->ks->altered |= missing > 0;
	if (missing > 0 && h->forgotten == 0)
		name_missing(in, missing);
	else if (missing > 0)
		keystore_note(in->notes, "%llu keys are missing from the keystore",
			      (unsigned long long)missing);
}

static int check_sum(const struct reading *in, struct str area)
{
	uint8_t sum[CRYPTO_SHA256_BYTES];
	int r = keystore_sum(area, sum);

	if (r == 0 && memcmp(sum, in->ks->head.sum, sizeof(sum)) != 0)
		keystore_note(in->notes, "the keystore's entries are not those that were written: "
					 "their sum does not hold");
	return r;
}

int keystore_read(struct str file, const struct keystore_opener *opener, struct keystore *ks,
		  struct keystore_notes *notes, struct err *err)
{
	const struct reading in = { file, opener, ks, notes };
	bool has_second = false;
	struct str area;
	size_t want;
	int r = read_header(&in, &has_second, err);

	if (r < 0)
		return r;
	want = (size_t)ks->head.entries * KEYSTORE_ENTRY_BYTES;
	area = str_head(str_skip(file, KEYSTORE_HEADER_BYTES), want);
	if (has_second)
		area = str_head(area, file.n - 2 * (size_t)KEYSTORE_HEADER_BYTES);
	if (file.n != want + 2 * (size_t)KEYSTORE_HEADER_BYTES)
		keystore_note(notes, "the keystore has %zu bytes and should have %zu", file.n,
			      want + 2 * (size_t)KEYSTORE_HEADER_BYTES);
	r = read_entries(&in, area);
	if (r == 0) {
		put_in_order(&in);
		find_missing(&in);
		r = check_sum(&in, area);
	}
	return r < 0 ? err_set(err, ERR_MEMORY, "reading the keystore") : 0;
}
