// Vectorised resampling. Sums of products are exact integers modulo 2^32 here as in the scalar kernel, so splitting a
// weight into pieces that the processor multiplies faster changes no bit of the result.
#if defined(__x86_64__)
#include <immintrin.h>
#include <string.h>

#include "resize_internal.h"

#define AVX2 __attribute__((target("avx2")))
#define VNNI __attribute__((target("avx512f,avx512bw,avx512vl,avx512vnni")))

bool resize_has_vnni(void) {
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512vnni");
}

// Rounds, shifts and clips four sums, of which the first three are a pixel.
AVX2 static inline void store_pixel(__m128i sum, uint8_t *out) {
    sum = _mm_add_epi32(sum, _mm_set1_epi32(1 << (WEIGHT_BITS - 1)));
    sum = _mm_srai_epi32(sum, WEIGHT_BITS);
    sum = _mm_packs_epi32(sum, sum);
    uint32_t pixel = (uint32_t)_mm_cvtsi128_si32(_mm_packus_epi16(sum, sum));
    memcpy(out, &pixel, 3);
}

// Eight pixels a step, as 16-bit pairs of neighbours of one channel: each lane's words are R R G G B B 0 0, made from
// pixels 0 1 | 4 5 (`even`) and 2 3 | 6 7 (`odd`). The upper lane is loaded from byte 8, so that no byte past the
// eighth pixel is touched.
AVX2 static inline void load_pixels(const uint8_t *in, __m256i *even, __m256i *odd) {
    const __m256i even_order = _mm256_setr_epi8(
        0, -1, 3, -1, 1, -1, 4, -1, 2, -1, 5, -1, -1, -1, -1, -1,
        4, -1, 7, -1, 5, -1, 8, -1, 6, -1, 9, -1, -1, -1, -1, -1);
    const __m256i odd_order = _mm256_setr_epi8(
        6, -1, 9, -1, 7, -1, 10, -1, 8, -1, 11, -1, -1, -1, -1, -1,
        10, -1, 13, -1, 11, -1, 14, -1, 12, -1, 15, -1, -1, -1, -1, -1);
    __m256i bytes = _mm256_inserti128_si256(
        _mm256_castsi128_si256(_mm_loadu_si128((const __m128i *)in)),
        _mm_loadu_si128((const __m128i *)(in + 8)), 1);
    *even = _mm256_shuffle_epi8(bytes, even_order);
    *odd = _mm256_shuffle_epi8(bytes, odd_order);
}

// Eight 16-bit weights as pairs: 0 1 | 4 5 all over the lanes, and 2 3 | 6 7.
AVX2 static inline void load_weights(const int16_t *weights, __m256i *even, __m256i *odd) {
    __m256i all = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)weights));
    *even = _mm256_permutevar8x32_epi32(all, _mm256_setr_epi32(0, 0, 0, 0, 2, 2, 2, 2));
    *odd = _mm256_permutevar8x32_epi32(all, _mm256_setr_epi32(1, 1, 1, 1, 3, 3, 3, 3));
}

AVX2 static inline __attribute__((always_inline)) void rows_avx2(
    const uint8_t *in, size_t in_stride, size_t rows, const resize_table *table, uint8_t *out) {
    for (size_t x = 0; x < table->outputs; x++) {
        const uint8_t *pixel = in + (size_t)table->start[x] * 3;
        const int16_t *low = table->halves + x * 2 * table->taps, *high = low + table->taps;
        __m256i low_sum[2], high_sum[2];
        for (size_t r = 0; r < rows; r++) low_sum[r] = high_sum[r] = _mm256_setzero_si256();
        for (size_t t = 0; t < table->taps; t += 8, pixel += 24) {
            __m256i low_even, low_odd, high_even, high_odd, even, odd;
            load_weights(low + t, &low_even, &low_odd);
            load_weights(high + t, &high_even, &high_odd);
            for (size_t r = 0; r < rows; r++) {
                load_pixels(pixel + r * in_stride, &even, &odd);
                low_sum[r] = _mm256_add_epi32(low_sum[r], _mm256_madd_epi16(even, low_even));
                low_sum[r] = _mm256_add_epi32(low_sum[r], _mm256_madd_epi16(odd, low_odd));
                high_sum[r] = _mm256_add_epi32(high_sum[r], _mm256_madd_epi16(even, high_even));
                high_sum[r] = _mm256_add_epi32(high_sum[r], _mm256_madd_epi16(odd, high_odd));
            }
        }
        for (size_t r = 0; r < rows; r++) {
            __m256i sum = _mm256_add_epi32(low_sum[r], _mm256_slli_epi32(high_sum[r], 16));
            __m128i both = _mm_add_epi32(_mm256_castsi256_si128(sum), _mm256_extracti128_si256(sum, 1));
            store_pixel(both, out + (r * table->outputs + x) * 3);
        }
    }
}

// Two rows share each load of the weights.
AVX2 void resize_horizontal_avx2(
    const uint8_t *in, size_t in_stride, size_t rows, const resize_table *table, uint8_t *out) {
    for (; rows >= 2; rows -= 2, in += 2 * in_stride, out += 2 * table->outputs * 3)
        rows_avx2(in, in_stride, 2, table, out);
    if (rows) rows_avx2(in, in_stride, 1, table, out);
}

// Sixteen pixels a step: lane i holds pixels 4i to 4i + 3 as the bytes R R R R G G G G B B B B 0 0 0 0.
VNNI static inline __m512i load_sixteen(const uint8_t *in) {
    const __m512i spread = _mm512_setr_epi32(0, 1, 2, 0, 3, 4, 5, 3, 6, 7, 8, 6, 9, 10, 11, 9);
    const __m512i order = _mm512_broadcast_i32x4(
        _mm_setr_epi8(0, 3, 6, 9, 1, 4, 7, 10, 2, 5, 8, 11, -1, -1, -1, -1));
    __m512i bytes = _mm512_maskz_loadu_epi32(0x0fff, in);
    return _mm512_shuffle_epi8(_mm512_permutexvar_epi32(spread, bytes), order);
}

VNNI static inline __m512i load_digits(const int8_t *digits) {
    const __m512i spread = _mm512_setr_epi32(0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3);
    return _mm512_permutexvar_epi32(
        spread, _mm512_castsi128_si512(_mm_loadu_si128((const __m128i *)digits)));
}

VNNI static inline __attribute__((always_inline)) void rows_vnni(
    const uint8_t *in, size_t in_stride, size_t rows, const resize_table *table, uint8_t *out) {
    for (size_t x = 0; x < table->outputs; x++) {
        const uint8_t *pixel = in + (size_t)table->start[x] * 3;
        const int8_t *digits = table->digits + x * 3 * table->taps;
        __m512i sum0[4], sum1[4], sum2[4];
        for (size_t r = 0; r < rows; r++) sum0[r] = sum1[r] = sum2[r] = _mm512_setzero_si512();
        for (size_t t = 0; t < table->taps; t += 16, pixel += 48) {
            __m512i digit0 = load_digits(digits + t);
            __m512i digit1 = load_digits(digits + table->taps + t);
            __m512i digit2 = load_digits(digits + 2 * table->taps + t);
            for (size_t r = 0; r < rows; r++) {
                __m512i samples = load_sixteen(pixel + r * in_stride);
                sum0[r] = _mm512_dpbusd_epi32(sum0[r], samples, digit0);
                sum1[r] = _mm512_dpbusd_epi32(sum1[r], samples, digit1);
                sum2[r] = _mm512_dpbusd_epi32(sum2[r], samples, digit2);
            }
        }
        for (size_t r = 0; r < rows; r++) {
            __m512i sum = _mm512_add_epi32(
                sum0[r], _mm512_add_epi32(_mm512_slli_epi32(sum1[r], 8), _mm512_slli_epi32(sum2[r], 16)));
            __m256i half = _mm256_add_epi32(_mm512_castsi512_si256(sum), _mm512_extracti64x4_epi64(sum, 1));
            __m128i both = _mm_add_epi32(_mm256_castsi256_si128(half), _mm256_extracti128_si256(half, 1));
            store_pixel(both, out + (r * table->outputs + x) * 3);
        }
    }
}

// Four rows share each load of the weights.
VNNI void resize_horizontal_vnni(
    const uint8_t *in, size_t in_stride, size_t rows, const resize_table *table, uint8_t *out) {
    for (; rows >= 4; rows -= 4, in += 4 * in_stride, out += 4 * table->outputs * 3)
        rows_vnni(in, in_stride, 4, table, out);
    for (; rows; rows--, in += in_stride, out += table->outputs * 3) rows_vnni(in, in_stride, 1, table, out);
}

// Sixteen columns; rows are taken in pairs, as the 16-bit multiply-add wants them.
AVX2 static inline void columns_avx2(
    const uint8_t *top, size_t stride, const int16_t *low, const int16_t *high, size_t taps, uint8_t *out) {
    __m256i low_a = _mm256_setzero_si256(), low_b = low_a, high_a = low_a, high_b = low_a;
    for (size_t t = 0; t < taps; t += 2) {
        bool pair = t + 1 < taps;
        __m256i a = _mm256_cvtepu8_epi16(_mm_loadu_si128((const __m128i *)(top + t * stride)));
        __m256i b = pair ? _mm256_cvtepu8_epi16(_mm_loadu_si128((const __m128i *)(top + (t + 1) * stride)))
                         : _mm256_setzero_si256();
        __m256i first = _mm256_unpacklo_epi16(a, b), second = _mm256_unpackhi_epi16(a, b);
        uint32_t low_pair = (uint16_t)low[t] | (pair ? (uint32_t)(uint16_t)low[t + 1] << 16 : 0);
        uint32_t high_pair = (uint16_t)high[t] | (pair ? (uint32_t)(uint16_t)high[t + 1] << 16 : 0);
        __m256i low_weights = _mm256_set1_epi32((int32_t)low_pair);
        __m256i high_weights = _mm256_set1_epi32((int32_t)high_pair);
        low_a = _mm256_add_epi32(low_a, _mm256_madd_epi16(first, low_weights));
        low_b = _mm256_add_epi32(low_b, _mm256_madd_epi16(second, low_weights));
        high_a = _mm256_add_epi32(high_a, _mm256_madd_epi16(first, high_weights));
        high_b = _mm256_add_epi32(high_b, _mm256_madd_epi16(second, high_weights));
    }
    __m256i half = _mm256_set1_epi32(1 << (WEIGHT_BITS - 1));
    __m256i sum_a = _mm256_add_epi32(_mm256_add_epi32(low_a, _mm256_slli_epi32(high_a, 16)), half);
    __m256i sum_b = _mm256_add_epi32(_mm256_add_epi32(low_b, _mm256_slli_epi32(high_b, 16)), half);
    // Packing undoes the unpacking above: both work within 128-bit lanes.
    __m256i words = _mm256_packs_epi32(_mm256_srai_epi32(sum_a, WEIGHT_BITS), _mm256_srai_epi32(sum_b, WEIGHT_BITS));
    __m256i packed = _mm256_permute4x64_epi64(_mm256_packus_epi16(words, words), 0x08);
    _mm_storeu_si128((__m128i *)out, _mm256_castsi256_si128(packed));
}

AVX2 void resize_vertical_avx2(
    const uint8_t *in, size_t in_stride, size_t bytes, const resize_table *table, size_t output, uint8_t *out) {
    const uint8_t *top = in + (size_t)table->start[output] * in_stride;
    const int16_t *low = table->halves + output * 2 * table->taps, *high = low + table->taps;
    size_t x = 0;
    for (; x + 16 <= bytes; x += 16) columns_avx2(top + x, in_stride, low, high, table->taps, out + x);
    // The last block overlaps the one before it.
    if (x < bytes) columns_avx2(top + bytes - 16, in_stride, low, high, table->taps, out + bytes - 16);
}
#endif
