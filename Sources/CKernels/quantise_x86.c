// Rounding rows to bytes with AVX-512.
#if defined(__x86_64__)
#include <immintrin.h>

#include "gemm_internal.h"

#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,fma,f16c"), \
                                            min_vector_width(512))), apply_to = function)
#define LANES 16
#include "vector_math.h"

// The Hadamard transform of the 16 lanes: each step adds to every lane the one whose number differs in one bit, with the sign
// of that bit.
INLINE __m512 butterfly(__m512 x, __m512 swapped, __mmask16 negative) {
    const __m512 sign = _mm512_mask_blend_ps(negative, _mm512_set1_ps(1), _mm512_set1_ps(-1));
    return _mm512_fmadd_ps(x, sign, swapped);
}
INLINE __m512 within_lanes(__m512 x) {
    x = butterfly(x, _mm512_permute_ps(x, 0xb1), 0xaaaa);
    x = butterfly(x, _mm512_permute_ps(x, 0x4e), 0xcccc);
    x = butterfly(x, _mm512_shuffle_f32x4(x, x, 0xb1), 0xf0f0);
    return butterfly(x, _mm512_shuffle_f32x4(x, x, 0x4e), 0xff00);
}

// One block of `vectors` · 16 elements from `input`, in registers, not yet scaled. `highest` is the largest magnitude so far
// as an integer, whose order is that of the numbers, and above which is whatever is not finite.
INLINE void rotate_block(const void *input, const diptych_type type, float *output, const int vectors,
                         __m512i *highest) {
    __m512 v[16];
#pragma clang loop unroll(full)
    for (int i = 0; i < vectors; i++)
        v[i] = within_lanes(
            type == DIPTYCH_BF16
                ? _mm512_castsi512_ps(_mm512_slli_epi32(
                      _mm512_cvtepu16_epi32(_mm256_loadu_si256((const __m256i *)((const uint16_t *)input + 16 * i))), 16))
                : _mm512_loadu_ps((const float *)input + 16 * i));
#pragma clang loop unroll(full)
    for (int step = 1; step < vectors; step *= 2)
#pragma clang loop unroll(full)
        for (int i = 0; i < vectors; i++)
            if (!(i & step)) {
                const __m512 a = v[i], b = v[i + step];
                v[i] = _mm512_add_ps(a, b);
                v[i + step] = _mm512_sub_ps(a, b);
            }
#pragma clang loop unroll(full)
    for (int i = 0; i < vectors; i++) {
        const __m512i bits = _mm512_castps_si512(v[i]);
        *highest = _mm512_max_epi32(*highest, _mm512_and_si512(bits, _mm512_set1_epi32(0x7fffffff)));
        _mm512_storeu_ps(output + 16 * i, v[i]);
    }
}

// The largest magnitude of a row that is rotated but not yet scaled.
INLINE float rotate_unscaled(const void *input, const diptych_type type, float *output, size_t width, size_t block) {
    __m512i highest = _mm512_setzero_si512();
    const size_t bytes = type == DIPTYCH_BF16 ? 2 : 4;
    for (size_t at = 0; at < width; at += block) {
        const char *from = (const char *)input + at * bytes;
        switch (block) {
        case 256: rotate_block(from, type, output + at, 16, &highest); break;
        case 128: rotate_block(from, type, output + at, 8, &highest); break;
        default: rotate_block(from, type, output + at, 4, &highest); break;
        }
    }
    const int32_t bits = _mm512_reduce_max_epi32(highest);
    float value;
    memcpy(&value, &bits, 4);
    return value;
}

float rotate_row_avx512(float *row, size_t width) {
    const size_t block = rotation_block(width);
    const float scale = 1 / sqrtf((float)block), highest = rotate_unscaled(row, DIPTYCH_F32, row, width, block);
    for (size_t i = 0; i < width; i++) row[i] *= scale;
    return highest * scale;
}

void quantise_row_avx512(const void *input, diptych_type type, size_t columns, size_t width, int8_t *bytes,
                         diptych_quantised_row *facts, float *scratch) {
    const size_t block = rotation_block(width);
    float highest;
    if (columns < width) {
        widen_scalar(type, input, scratch, columns);
        memset(scratch + columns, 0, (width - columns) * sizeof(float));
        highest = rotate_unscaled(scratch, DIPTYCH_F32, scratch, width, block);
    } else if (type == DIPTYCH_BF16) {
        highest = rotate_unscaled(input, DIPTYCH_BF16, scratch, width, block);
    } else {
        highest = rotate_unscaled(input, DIPTYCH_F32, scratch, width, block);
    }
    const __m512 inverse = _mm512_set1_ps(highest > 0 ? 127 / highest : 0);
    __m512i sum = _mm512_setzero_si512();
    for (size_t k = 0; k < width; k += LANES) {
        // At most 127 after rounding; what is not finite gives any digits, and a scale that says so.
        const __m512i digits = _mm512_cvtps_epi32(_mm512_mul_ps(_mm512_loadu_ps(scratch + k), inverse));
        sum = _mm512_add_epi32(sum, digits);
        _mm_storeu_si128((__m128i *)(bytes + k), _mm512_cvtepi32_epi8(digits));
    }
    facts->scale = highest * (1 / sqrtf((float)block)) / 127;
    facts->sum = _mm512_reduce_add_epi32(sum);
}
#pragma clang attribute pop
#endif
