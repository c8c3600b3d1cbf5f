// The transforms of Winograd's convolution with AVX-512, for sixteen channels at a time.
#if defined(__x86_64__)
#include <immintrin.h>

#include "winograd_internal.h"

#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,fma,f16c"), \
                                            min_vector_width(512))), apply_to = function)
#define LANES 16
#include "activation_x86.h"

// a · b + c.
INLINE vec add(float a, vec b, vec c) { return __builtin_elementwise_fma(splat(a), b, c); }

// A line of six inputs, `step` apart. Points ±p share the even and the odd half of their polynomials.
INLINE void transform_inputs(const vec *d, const size_t step, vec *v) {
    const vec d1 = d[step], d2 = d[2 * step], d3 = d[3 * step], d4 = d[4 * step];
    const vec near_even = add(-FAR2, d2, d4), near_odd = add(-FAR2, d1, d3);
    const vec far_even = add(-NEAR2, d2, d4), far_odd = add(-NEAR2, d1, d3);
    v[0] = add(NEAR2 * FAR2, d[0], add(-NEAR2 - FAR2, d2, d4));
    v[1] = add(NEAR, near_odd, near_even);
    v[2] = add(-NEAR, near_odd, near_even);
    v[3] = add(FAR, far_odd, far_even);
    v[4] = add(-FAR, far_odd, far_even);
    v[5] = add(NEAR2 * FAR2, d1, add(-NEAR2 - FAR2, d3, d[5 * step]));
}

// A line of six products, `step` apart, to four results.
INLINE void transform_products(const vec *m, const size_t step, vec *y) {
    const vec near_even = m[step] + m[2 * step], near_odd = m[step] - m[2 * step];
    const vec far_even = m[3 * step] + m[4 * step], far_odd = m[3 * step] - m[4 * step];
    y[0] = m[0] + (near_even + far_even);
    y[1] = add(FAR, far_odd, NEAR * near_odd);
    y[2] = add(FAR2, far_even, NEAR2 * near_even);
    y[3] = add(FAR2 * FAR, far_odd, add(NEAR2 * NEAR, near_odd, m[5 * step]));
}

void winograd_input_avx512(const float *const *at, size_t channels, float *values, size_t stride) {
    for (size_t channel = 0; channel < channels; channel += LANES) {
        vec columns[POINTS][POINTS], d[POINTS];
#pragma clang loop unroll(full)
        for (size_t x = 0; x < POINTS; x++) {
#pragma clang loop unroll(full)
            for (size_t y = 0; y < POINTS; y++) {
                d[y] = load(at[y * POINTS + x] + channel);
                // The square to the right, but for the columns that it shares with this one.
                if (x >= POINTS - RESULTS) __builtin_prefetch(at[y * POINTS + x] + RESULTS * channels + channel);
            }
            transform_inputs(d, 1, columns[x]);
        }
#pragma clang loop unroll(full)
        for (size_t p = 0; p < POINTS; p++) {
            vec row[POINTS];
            transform_inputs(columns[0] + p, POINTS, row);
#pragma clang loop unroll(full)
            for (size_t q = 0; q < POINTS; q++) store(values + (p * POINTS + q) * stride + channel, row[q]);
        }
    }
}

INLINE void winograd_output(const diptych_winograd *w, winograd_square square, const float *products, size_t stride,
                            size_t first, size_t outputs, const diptych_activation activation) {
    const size_t height = w->side - square.top < RESULTS ? w->side - square.top : RESULTS;
    const size_t width = w->side - square.left < RESULTS ? w->side - square.left : RESULTS;
    float *corner = w->output + ((square.image * w->side + square.top) * w->side + square.left) * w->outputs + first;
    for (size_t output = 0; output < outputs; output += LANES) {
        vec columns[POINTS][RESULTS], results[RESULTS][RESULTS];
        const vec bias = load(w->bias + first + output);
#pragma clang loop unroll(full)
        for (size_t x = 0; x < POINTS; x++) {
            vec m[POINTS];
#pragma clang loop unroll(full)
            for (size_t y = 0; y < POINTS; y++) m[y] = load(products + (y * POINTS + x) * stride + output);
            transform_products(m, 1, columns[x]);
        }
#pragma clang loop unroll(full)
        for (size_t y = 0; y < RESULTS; y++) transform_products(columns[0] + y, RESULTS, results[y]);
        for (size_t y = 0; y < height; y++)
            for (size_t x = 0; x < width; x++) {
                float *result = corner + (y * w->side + x) * w->outputs + output;
                vec sum = results[y][x] + bias;
                if (w->adds) sum += load(result);
                store(result, activated(sum, activation, false));
            }
    }
}

void winograd_output_avx512(const diptych_winograd *w, winograd_square square, const float *products, size_t stride,
                            size_t first, size_t outputs) {
    if (w->activation == DIPTYCH_RELU) winograd_output(w, square, products, stride, first, outputs, DIPTYCH_RELU);
    else winograd_output(w, square, products, stride, first, outputs, w->activation);
}
#pragma clang attribute pop
#endif
