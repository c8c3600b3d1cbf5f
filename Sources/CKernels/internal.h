// What the kernels share: one row of work at a time, so that dispatch and threading stand in one place.
#pragma once
#include <math.h>
#include <string.h>

#include "diptych_kernels.h"

static inline float bf16_to_float(uint16_t bits) {
    uint32_t wide = (uint32_t)bits << 16;
    float value;
    memcpy(&value, &wide, 4);
    return value;
}

static inline uint16_t float_to_bf16(float value) {
    uint32_t bits;
    memcpy(&bits, &value, 4);
    if ((bits & 0x7fffffff) > 0x7f800000) return (uint16_t)(bits >> 16 | 0x40);  // NaN stays NaN
    return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

static inline size_t round_up(size_t value, size_t step) { return (value + step - 1) / step * step; }

// One head of one sequence: rows of q, k and v are `stride` elements apart, output rows `output_stride`.
typedef struct {
    const void *q, *k, *v;
    void *output;
    diptych_type type;
    size_t stride, output_stride, length, head_width;
    int causal;
    float *scratch;
} attention_head;

// One head of one sequence with a single query: rows of k and v are `stride` elements apart.
typedef struct {
    const void *q, *k, *v;
    void *output;
    diptych_type type;
    size_t stride, length, head_width;
    float *scratch;  // length + head_width floats
} query_head;

#define DECLARE_KERNELS(suffix)                                                                                     \
    void widen_##suffix(diptych_type type, const void *source, float *destination, size_t count);                   \
    void narrow_bf16_##suffix(const float *source, uint16_t *destination, size_t count);                            \
    void layer_norm_row_##suffix(const float *input, const float *weight, const float *bias, float epsilon,           \
                                 void *output, diptych_type type, size_t width);                                    \
    void attention_head_##suffix(const attention_head *head);                                                       \
    void query_head_##suffix(const query_head *head);                                                               \
    void dot_rows_##suffix(const float *query, const float *matrix, size_t rows, size_t width, float *scores);

DECLARE_KERNELS(scalar)
#if defined(__x86_64__)
DECLARE_KERNELS(avx2)
DECLARE_KERNELS(avx512)
// Attention in tiles, for elements of one type; the bfloat16 one needs AVX512_BF16 and an even head_width.
void attention_head_f32(const attention_head *head);
void attention_head_bf16(const attention_head *head);
#endif
