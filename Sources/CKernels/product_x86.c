// Products of packed weights with AVX-512: one tile for all operands, which differ in the instruction that multiplies the
// four bytes of a step and adds.
#if defined(__x86_64__)
#include <immintrin.h>

#include "product_internal.h"

#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,fma,f16c"), \
                                            min_vector_width(512))), apply_to = function)
#define LANES 16
#include "vector_math.h"

// x / (1 + e^z), z held where e^z is finite.
INLINE vec over_one_plus_exp(vec x, vec z) {
    return x / (1 + exp_of(__builtin_elementwise_min(z, splat(87))));
}

INLINE vec activated(vec x, diptych_activation activation) {
    switch (activation) {
    case DIPTYCH_QUICK_GELU: return over_one_plus_exp(x, -1.702f * x);
    case DIPTYCH_GELU_TANH:
        // (1 + tanh u) / 2 is 1 / (1 + e^−2u).
        return over_one_plus_exp(x, -1.59576912160573071f * (x + 0.044715f * x * x * x));
    case DIPTYCH_GELU: {
        // The error function by Abramowitz & Stegun 7.1.26, whose error is below 1.5e-7.
        const vec z = __builtin_elementwise_abs(x) * 0.70710678118654752f;
        const vec t = 1 / (1 + 0.3275911f * z);
        vec p = splat(1.061405429f);
        p = __builtin_elementwise_fma(p, t, splat(-1.453152027f));
        p = __builtin_elementwise_fma(p, t, splat(1.421413741f));
        p = __builtin_elementwise_fma(p, t, splat(-0.284496736f));
        p = __builtin_elementwise_fma(p, t, splat(0.254829592f));
        const vec tail = p * t * exp_of(-z * z);  // 1 − erf z
        const ivec negative = x < 0;
        const vec twice = (vec)(((ivec)tail & negative) | ((ivec)(2 - tail) & ~negative));
        return 0.5f * x * twice;
    }
    case DIPTYCH_RELU: return _mm512_max_ps(splat(0), x);
    case DIPTYCH_NO_ACTIVATION: break;
    }
    return x;
}

INLINE __m256i narrowed(__m512 y) {
    const __m512i bits = _mm512_castps_si512(y), high = _mm512_srli_epi32(bits, 16);
    const __m512i odd = _mm512_and_si512(high, _mm512_set1_epi32(1));
    const __m512i sum = _mm512_add_epi32(_mm512_add_epi32(bits, _mm512_set1_epi32(0x7fff)), odd);
    const __mmask16 nan = _mm512_cmp_ps_mask(y, y, _CMP_UNORD_Q);
    const __m512i rounded = _mm512_srli_epi32(sum, 16);
    return _mm512_cvtepi32_epi16(_mm512_mask_or_epi32(rounded, nan, high, _mm512_set1_epi32(0x40)));
}

// Sixteen results of a row: sums become numbers and go through what follows the product. `operand` and `activation` are
// constants where this is inlined; `mask` is 0xffff but for the last outputs.
INLINE void finish_vector(const diptych_product *p, __m512i sum, size_t row, size_t output, __m512 scale, __mmask16 mask,
                          const diptych_operand operand, const diptych_activation activation) {
    const size_t at = row * p->outputs + output;
    __m512 y = _mm512_loadu_ps(p->bias + output);
    if (operand == DIPTYCH_OPERAND_I8)
        y = _mm512_fmadd_ps(_mm512_mul_ps(_mm512_cvtepi32_ps(sum), _mm512_loadu_ps(p->scales + output)), scale, y);
    else y = _mm512_add_ps(_mm512_castsi512_ps(sum), y);
    if (p->adds)
        y = _mm512_add_ps(
            y, p->output_type == DIPTYCH_F32
                   ? _mm512_maskz_loadu_ps(mask, (const float *)p->output + at)
                   : _mm512_castsi512_ps(_mm512_slli_epi32(
                         _mm512_cvtepu16_epi32(_mm256_maskz_loadu_epi16(mask, (const uint16_t *)p->output + at)), 16)));
    y = (__m512)activated((vec)y, activation);
    if (p->output_type == DIPTYCH_F32) _mm512_mask_storeu_ps((float *)p->output + at, mask, y);
    else if (mask == 0xffff) _mm256_storeu_si256((__m256i *)((uint16_t *)p->output + at), narrowed(y));
    else _mm256_mask_storeu_epi16((uint16_t *)p->output + at, mask, narrowed(y));
}

INLINE void finish_rows(const diptych_product *p, const __m512i *sums, size_t row, size_t rows, size_t first,
                        const diptych_operand operand, const diptych_activation activation) {
    for (size_t i = 0; i < rows; i++, sums += 4) {
        const __m512 scale = _mm512_set1_ps(operand == DIPTYCH_OPERAND_I8 ? p->facts[row + i].scale : 1);
        if (first + DIPTYCH_PANEL <= p->outputs) {
#pragma clang loop unroll(full)
            for (int j = 0; j < 4; j++)
                finish_vector(p, sums[j], row + i, first + (size_t)j * LANES, scale, 0xffff, operand, activation);
            continue;
        }
        for (size_t j = 0; first + j * LANES < p->outputs; j++) {
            const size_t left = p->outputs - first - j * LANES;
            const __mmask16 mask = left >= LANES ? 0xffff : (__mmask16)((1u << left) - 1);
            finish_vector(p, sums[j], row + i, first + j * LANES, scale, mask, operand, activation);
        }
    }
}

INLINE void finish(const diptych_product *p, const __m512i *sums, size_t row, size_t rows, size_t first,
                   const diptych_operand operand) {
    switch (p->activation) {
    case DIPTYCH_QUICK_GELU: finish_rows(p, sums, row, rows, first, operand, DIPTYCH_QUICK_GELU); break;
    case DIPTYCH_GELU: finish_rows(p, sums, row, rows, first, operand, DIPTYCH_GELU); break;
    case DIPTYCH_GELU_TANH: finish_rows(p, sums, row, rows, first, operand, DIPTYCH_GELU_TANH); break;
    case DIPTYCH_RELU: finish_rows(p, sums, row, rows, first, operand, DIPTYCH_RELU); break;
    case DIPTYCH_NO_ACTIVATION: finish_rows(p, sums, row, rows, first, operand, DIPTYCH_NO_ACTIVATION); break;
    }
}
#pragma clang attribute pop

#define PRODUCT f32
#define FEATURES "avx512f,avx512bw,avx512dq,avx512vl,fma,f16c"
#define OPERAND DIPTYCH_OPERAND_F32
#define MULTIPLY_ADD(sum, weights, x) \
    _mm512_castps_si512(_mm512_fmadd_ps(_mm512_castsi512_ps(weights), _mm512_castsi512_ps(x), _mm512_castsi512_ps(sum)))
#include "product_tile.h"

#define PRODUCT bf16
#define FEATURES "avx512f,avx512bw,avx512dq,avx512vl,avx512bf16,fma,f16c"
#define OPERAND DIPTYCH_OPERAND_BF16
#define MULTIPLY_ADD(sum, weights, x) \
    _mm512_castps_si512(_mm512_dpbf16_ps(_mm512_castsi512_ps(sum), (__m512bh)(weights), (__m512bh)(x)))
#include "product_tile.h"

#define PRODUCT i8
#define FEATURES "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,fma,f16c"
#define OPERAND DIPTYCH_OPERAND_I8
#define MULTIPLY_ADD(sum, weights, x) _mm512_dpbusd_epi32(sum, weights, x)
#include "product_tile.h"
#endif
