/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The memory of libcrypto.
 */
#ifndef REDOUBT_CRYPTO_MEMORY_H
#define REDOUBT_CRYPTO_MEMORY_H

#include "base/base.h"

/* From here on libcrypto allocates from pools of ours. Must be the first that is done with it.
 * 0, -ENOMEM, or -EALREADY when libcrypto has allocated before. */
[[nodiscard]] int crypto_memory_route(void);
/* Bytes of blocks that libcrypto holds, and how often it asked for memory. */
size_t crypto_memory_held(void);
uint64_t crypto_memory_asked(void);

#endif
