// SPDX-License-Identifier: Apache-2.0
/*
 * Randomness, and memory for keys. Each piece is a mapping of its own, so that what is advised
 * about its pages concerns nothing else; its length stands in front of what the caller gets.
 *
 *   pages | total bytes, 64 bytes aligned | what the caller gets … |
 */
#include <openssl/crypto.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <unistd.h>

#include "crypto/crypto_int.h"

#define SECRET_HEAD_BYTES ((size_t)64)

struct secret_head {
	size_t bytes; /* of the mapping */
};
static_assert(sizeof(struct secret_head) <= SECRET_HEAD_BYTES, "the head has room");

int crypto_random(void *to, size_t n)
{
	uint8_t *p = to;

	while (n > 0) {
		ssize_t got = getrandom(p, n, 0);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return -EIO;
		p += got;
		n -= (size_t)got;
	}
	return 0;
}

void crypto_wipe(void *p, size_t n)
{
	if (n)
		explicit_bzero(p, n);
}

bool crypto_equal(const void *a, const void *b, size_t n)
{
	return n == 0 || CRYPTO_memcmp(a, b, n) == 0;
}

/* ---- Pages ----------------------------------------------------------------------------------- */

static size_t page_bytes(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

void crypto_no_dump(void *p, size_t n)
{
	(void)madvise(p, n, MADV_DONTDUMP);
}

size_t crypto_lock_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_MEMLOCK, &limit) < 0)
		return 0;
	return limit.rlim_cur == RLIM_INFINITY ? SIZE_MAX : (size_t)limit.rlim_cur;
}

/* mlock2() and not mlock(), which sanitizers leave out. */
void crypto_no_swap(void *p, size_t n, size_t most_bytes)
{
	size_t page = page_bytes();

	n = size_min(n, most_bytes) / page * page;
	while (n > 0 && mlock2(p, n, MLOCK_ONFAULT) < 0)
		n = n / 2 / page * page;
}

void *crypto_secret_alloc(size_t n)
{
	size_t page = page_bytes(), bytes;
	struct secret_head *head;

	if (ckd_add(&bytes, n, SECRET_HEAD_BYTES + page - 1))
		return NULL;
	bytes = bytes / page * page;
	head = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (head == MAP_FAILED)
		return NULL;
	crypto_no_dump(head, bytes);
	crypto_no_swap(head, bytes, SIZE_MAX);
	head->bytes = bytes;
	return (uint8_t *)head + SECRET_HEAD_BYTES;
}

void crypto_secret_free(void *p)
{
	struct secret_head *head = p ? (void *)((uint8_t *)p - SECRET_HEAD_BYTES) : NULL;
	size_t bytes = head ? head->bytes : 0;

	if (!head)
		return;
	crypto_wipe(head, bytes);
	(void)munmap(head, bytes);
}
