/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The HTTP/2 dissector; see dissector.h.
 */
#define FUZZ_DISSECTOR http2_dissector
#include "dissector.h"
