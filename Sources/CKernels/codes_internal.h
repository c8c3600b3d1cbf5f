// What the scan's driver shares with its kernels.
#pragma once
#include <stdbool.h>
#include <string.h>

#include "diptych_codes.h"

// The queries that one pass over a block serves: as many sums as registers hold.
enum { CODE_QUERIES = 8 };

// Adds a vector to a list unless its estimate is too low.
void code_list_add(diptych_code_list *list, float estimate, uint32_t number);

// Each scans `count` blocks for 1 to CODE_QUERIES queries into as many lists.
#define DECLARE_CODE_KERNELS(suffix)                                                                                  \
    void scan_blocks_##suffix(size_t words, const diptych_code_chunk *chunk, const diptych_code_query *queries,       \
                              const float *offsets, size_t query_count, diptych_code_list *lists);                    \
    float score_record_##suffix(size_t padded, const float *query, const int8_t *codes);

DECLARE_CODE_KERNELS(scalar)
#if defined(__x86_64__)
// Whether the processor has AVX-512 VNNI, which DIPTYCH_ISA_AVX512 does not promise.
bool codes_has_vnni(void);
DECLARE_CODE_KERNELS(avx2)
DECLARE_CODE_KERNELS(vnni)
float score_record_avx512(size_t padded, const float *query, const int8_t *codes);
#endif
