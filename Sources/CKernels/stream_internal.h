// One thread's share of a stream.
#pragma once
#include "diptych_stream.h"

#define DECLARE_STREAM(suffix)                                                                                  \
    uint32_t stream_##suffix(diptych_stream_pattern pattern, uint32_t *a, const uint32_t *b, const uint32_t *c, \
                             size_t count);

DECLARE_STREAM(scalar)
#if defined(__x86_64__)
DECLARE_STREAM(avx2)
DECLARE_STREAM(avx512)
#endif
