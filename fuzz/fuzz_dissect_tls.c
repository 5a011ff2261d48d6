/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The TLS dissector; see dissector.h.
 */
#define FUZZ_DISSECTOR tls_dissector
#include "dissector.h"
