// The scans with AVX2 and with AVX-512 VNNI. A register holds a word of each of 16 vectors (AVX2: of 8), so that sums
// need no adding across lanes, and one that is unpacked serves up to CODE_QUERIES queries.
#if defined(__x86_64__)
#include <immintrin.h>

#include "codes_internal.h"

#pragma STDC FP_CONTRACT OFF  // bit-identical to the scalar twin

#define AVX2 __attribute__((target("avx2,fma")))
#define AVX512 __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,fma"), min_vector_width(512)))
#define VNNI __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni"), min_vector_width(512)))
#define INLINE inline __attribute__((always_inline))

bool codes_has_vnni(void) {
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512vnni");
}

static INLINE int32_t four_digits(const int8_t *digits) {
    int32_t value;
    memcpy(&value, digits, 4);
    return value;
}

// MARK: AVX-512 VNNI

VNNI static INLINE void offer_vnni(__m512i sum, __m512 factor, const diptych_code_query *query, float offset,
                                   uint32_t mask, uint32_t first, diptych_code_list *list) {
    __m512 scaled = _mm512_mul_ps(_mm512_set1_ps(query->scale), _mm512_cvtepi32_ps(sum));
    __m512 centred = _mm512_sub_ps(scaled, _mm512_set1_ps(query->bias));
    __m512 part = _mm512_mul_ps(factor, centred);
    __m512 estimate = _mm512_add_ps(_mm512_set1_ps(offset), part);
    mask &= _mm512_cmp_ps_mask(estimate, _mm512_set1_ps(list->threshold), _CMP_GT_OQ);
    if (__builtin_expect(mask == 0, 1)) return;
    float values[16];
    _mm512_storeu_ps(values, estimate);
    for (; mask; mask &= mask - 1) {
        unsigned lane = (unsigned)__builtin_ctz(mask);
        code_list_add(list, values[lane], first + lane);
    }
}

// `queries` and `parts` are constants wherever this is inlined: all sums stay in registers. With few queries, several sums
// for the parts of a word hide the latency of the products.
VNNI static INLINE void scan_block_vnni(size_t words, const char *block, const int queries, const int parts,
                                        const diptych_code_query *query, const float *offsets, uint32_t mask,
                                        uint32_t first, diptych_code_list *lists) {
    const __m512i low = _mm512_set1_epi32(0x03030303);
    __m512i sum[2 * CODE_QUERIES];
#pragma clang loop unroll(full)
    for (int i = 0; i < queries * parts; i++) sum[i] = _mm512_setzero_si512();
    for (size_t w = 0; w < words; w++) {
        __m512i word = _mm512_loadu_si512(block + 64 + 64 * w);
        __m512i level[4] = {
            _mm512_and_si512(word, low), _mm512_and_si512(_mm512_srli_epi32(word, 2), low),
            _mm512_and_si512(_mm512_srli_epi32(word, 4), low), _mm512_and_si512(_mm512_srli_epi32(word, 6), low)};
#pragma clang loop unroll(full)
        for (int q = 0; q < queries; q++)
#pragma clang loop unroll(full)
            for (int j = 0; j < 4; j++) {
                int at = q * parts + j % parts;
                sum[at] = _mm512_dpbusd_epi32(
                    sum[at], level[j], _mm512_set1_epi32(four_digits(query[q].digits + 16 * w + 4 * (size_t)j)));
            }
    }
    __m512 factor = _mm512_loadu_ps((const float *)block);
#pragma clang loop unroll(full)
    for (int q = 0; q < queries; q++) {
        __m512i total = sum[q * parts];
        for (int j = 1; j < parts; j++) total = _mm512_add_epi32(total, sum[q * parts + j]);
        offer_vnni(total, factor, query + q, offsets[q], mask, first, lists + q);
    }
}

#define SCAN_VNNI(name, QUERIES, PARTS)                                                                               \
    VNNI static void name(size_t words, const diptych_code_chunk *chunk, const diptych_code_query *query,             \
                          const float *offsets, diptych_code_list *lists) {                                           \
        for (size_t b = 0; b < chunk->count; b++) {                                                                   \
            uint32_t mask = chunk->masks ? chunk->masks[b] : 0xffff;                                                  \
            if (mask == 0) continue;                                                                                  \
            scan_block_vnni(words, (const char *)chunk->blocks + b * (64 + 64 * words), QUERIES, PARTS, query,        \
                            offsets, mask, chunk->first + 16 * (uint32_t)b, lists);                                   \
        }                                                                                                             \
    }

SCAN_VNNI(scan_1_vnni, 1, 4)
SCAN_VNNI(scan_2_vnni, 2, 4)
SCAN_VNNI(scan_4_vnni, 4, 2)
SCAN_VNNI(scan_8_vnni, 8, 1)

VNNI void scan_blocks_vnni(size_t words, const diptych_code_chunk *chunk, const diptych_code_query *queries,
                           const float *offsets, size_t query_count, diptych_code_list *lists) {
    if (query_count == 8) {
        scan_8_vnni(words, chunk, queries, offsets, lists);
        return;
    }
    if (query_count & 4) {
        scan_4_vnni(words, chunk, queries, offsets, lists);
        queries += 4, offsets += 4, lists += 4;
    }
    if (query_count & 2) {
        scan_2_vnni(words, chunk, queries, offsets, lists);
        queries += 2, offsets += 2, lists += 2;
    }
    if (query_count & 1) scan_1_vnni(words, chunk, queries, offsets, lists);
}

AVX512 float score_record_avx512(size_t padded, const float *query, const int8_t *codes) {
    __m512 sum[4] = {_mm512_setzero_ps(), _mm512_setzero_ps(), _mm512_setzero_ps(), _mm512_setzero_ps()};
    size_t i = 0;
    for (; i + 64 <= padded; i += 64)
#pragma clang loop unroll(full)
        for (int j = 0; j < 4; j++) {
            __m512i wide = _mm512_cvtepi8_epi32(_mm_loadu_si128((const __m128i *)(codes + i + 16 * (size_t)j)));
            sum[j] = _mm512_fmadd_ps(_mm512_cvtepi32_ps(wide), _mm512_loadu_ps(query + i + 16 * (size_t)j), sum[j]);
        }
    for (; i < padded; i += 16) {
        __m512i wide = _mm512_cvtepi8_epi32(_mm_loadu_si128((const __m128i *)(codes + i)));
        sum[0] = _mm512_fmadd_ps(_mm512_cvtepi32_ps(wide), _mm512_loadu_ps(query + i), sum[0]);
    }
    return _mm512_reduce_add_ps(_mm512_add_ps(_mm512_add_ps(sum[0], sum[1]), _mm512_add_ps(sum[2], sum[3])));
}

// MARK: AVX2

// Half a block: 8 vectors. Products of a level and a digit are at most 381, so that 16 bits hold 8 of them in a pair's sum.
AVX2 static INLINE void scan_half_avx2(size_t words, const char *block, size_t half, const int queries,
                                       const diptych_code_query *query, const float *offsets, uint32_t mask,
                                       uint32_t first, diptych_code_list *lists) {
    const __m256i low = _mm256_set1_epi8(3), ones = _mm256_set1_epi16(1);
    __m256i sum[4];
    for (int q = 0; q < queries; q++) sum[q] = _mm256_setzero_si256();
    for (size_t w = 0; w < words; w++) {
        __m256i word = _mm256_loadu_si256((const __m256i *)(block + 64 + 64 * w + 32 * half));
        __m256i level[4] = {
            _mm256_and_si256(word, low), _mm256_and_si256(_mm256_srli_epi32(word, 2), low),
            _mm256_and_si256(_mm256_srli_epi32(word, 4), low), _mm256_and_si256(_mm256_srli_epi32(word, 6), low)};
#pragma clang loop unroll(full)
        for (int q = 0; q < queries; q++) {
            const int8_t *digits = query[q].digits + 16 * w;
            __m256i pairs = _mm256_maddubs_epi16(level[0], _mm256_set1_epi32(four_digits(digits)));
#pragma clang loop unroll(full)
            for (int j = 1; j < 4; j++)
                pairs = _mm256_add_epi16(
                    pairs, _mm256_maddubs_epi16(level[j], _mm256_set1_epi32(four_digits(digits + 4 * j))));
            sum[q] = _mm256_add_epi32(sum[q], _mm256_madd_epi16(pairs, ones));
        }
    }
    __m256 factor = _mm256_loadu_ps((const float *)(block + 32 * half));
    for (int q = 0; q < queries; q++) {
        __m256 scaled = _mm256_mul_ps(_mm256_set1_ps(query[q].scale), _mm256_cvtepi32_ps(sum[q]));
        __m256 centred = _mm256_sub_ps(scaled, _mm256_set1_ps(query[q].bias));
        __m256 part = _mm256_mul_ps(factor, centred);
        __m256 estimate = _mm256_add_ps(_mm256_set1_ps(offsets[q]), part);
        __m256 above = _mm256_cmp_ps(estimate, _mm256_set1_ps(lists[q].threshold), _CMP_GT_OQ);
        uint32_t found = mask & (uint32_t)_mm256_movemask_ps(above);
        if (__builtin_expect(found == 0, 1)) continue;
        float values[8];
        _mm256_storeu_ps(values, estimate);
        for (; found; found &= found - 1) {
            unsigned lane = (unsigned)__builtin_ctz(found);
            code_list_add(lists + q, values[lane], first + lane);
        }
    }
}

#define SCAN_AVX2(name, queries)                                                                                      \
    AVX2 static void name(size_t words, const diptych_code_chunk *chunk, const diptych_code_query *query,             \
                          const float *offsets, diptych_code_list *lists) {                                           \
        for (size_t b = 0; b < chunk->count; b++) {                                                                   \
            uint32_t mask = chunk->masks ? chunk->masks[b] : 0xffff;                                                  \
            if (mask == 0) continue;                                                                                  \
            const char *block = (const char *)chunk->blocks + b * (64 + 64 * words);                                  \
            uint32_t first = chunk->first + 16 * (uint32_t)b;                                                         \
            scan_half_avx2(words, block, 0, queries, query, offsets, mask & 0xff, first, lists);                      \
            scan_half_avx2(words, block, 1, queries, query, offsets, mask >> 8, first + 8, lists);                    \
        }                                                                                                             \
    }

SCAN_AVX2(scan_1_avx2, 1)
SCAN_AVX2(scan_4_avx2, 4)

AVX2 void scan_blocks_avx2(size_t words, const diptych_code_chunk *chunk, const diptych_code_query *queries,
                           const float *offsets, size_t query_count, diptych_code_list *lists) {
    for (; query_count >= 4; query_count -= 4, queries += 4, offsets += 4, lists += 4)
        scan_4_avx2(words, chunk, queries, offsets, lists);
    for (; query_count > 0; query_count--, queries++, offsets++, lists++)
        scan_1_avx2(words, chunk, queries, offsets, lists);
}

AVX2 float score_record_avx2(size_t padded, const float *query, const int8_t *codes) {
    __m256 sum[2] = {_mm256_setzero_ps(), _mm256_setzero_ps()};
    for (size_t i = 0; i < padded; i += 16)
        for (int j = 0; j < 2; j++) {
            __m256i wide = _mm256_cvtepi8_epi32(_mm_loadl_epi64((const __m128i *)(codes + i + 8 * (size_t)j)));
            sum[j] = _mm256_fmadd_ps(_mm256_cvtepi32_ps(wide), _mm256_loadu_ps(query + i + 8 * (size_t)j), sum[j]);
        }
    __m256 both = _mm256_add_ps(sum[0], sum[1]);
    __m128 four = _mm_add_ps(_mm256_castps256_ps128(both), _mm256_extractf128_ps(both, 1));
    four = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(four, _mm_movehdup_ps(four)));
}
#endif
