// SPDX-License-Identifier: Apache-2.0
/*
 * Verifying: the file is read once more beside the keystore that is open, and every note that its
 * reader makes is told.
 */
#include <stdio.h>

#include "keystore/keystore_int.h"

static int keys_of_keystore(const void *owner, [[maybe_unused]] const struct keystore_header *h,
			    struct keystore_secrets *s)
{
	const struct keystore *ks = owner;

	memcpy(s->wraps_master, ks->secrets->wraps_master, CRYPTO_KEY_BYTES);
	memcpy(s->wraps_epoch, ks->secrets->wraps_epoch, CRYPTO_KEY_BYTES);
	return 0;
}

ptrdiff_t keystore_verify(int state_fd, const struct keystore *ks,
			  void (*say)(void *owner, const char *text), void *owner)
{
	CLEANUP(fd_close) int dir_fd = keystore_dir(state_fd);
	CLEANUP(keystore_free) struct keystore *found = NULL;
	struct keystore_notes notes = { .say = say, .owner = owner, .known = ks };
	const struct keystore_opener opener = { .keys = keys_of_keystore, .owner = ks };
	struct err err;

	if (dir_fd < 0)
		keystore_note(&notes, "the directory of the keystore: %s", strerror(-dir_fd));
	else if (keystore_load(dir_fd, &opener, &notes, &found, &err) < 0)
		keystore_note(&notes, "%.200s", err.text);
	else if (found->head.generation < ks->head.generation)
		keystore_note(&notes, "the keystore was set back to an older one");
	return (ptrdiff_t)notes.n;
}
