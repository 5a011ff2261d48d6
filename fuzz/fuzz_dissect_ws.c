/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The WebSocket dissector, where compression was agreed on; see dissector.h.
 */
#define FUZZ_DISSECTOR ws_dissector
#define FUZZ_HANDED    "permessage-deflate; client_max_window_bits=15"
#include "dissector.h"
