// What the scalar and the vectorised transforms share.
#pragma once
#include "diptych_winograd.h"
#include "gemm_internal.h"

// Squares of RESULTS x RESULTS come from POINTS x POINTS.
enum { RESULTS = 4, POINTS = 6, PLACES = POINTS * POINTS };

// Polynomials are multiplied through their values at 0, ±NEAR, ±FAR and infinity. The usual points, 0, ±1, ±2, lose five times
// as much to rounding as a direct convolution, these twice as much; and what follows from them is exact in floats.
#define NEAR 0.75f
#define FAR 1.5f
#define NEAR2 (NEAR * NEAR)
#define FAR2 (FAR * FAR)

// A square of results.
typedef struct {
    size_t image, top, left;
} winograd_square;

// The transform of a square's inputs, whose positions are at[36]: number n of each channel goes to values[n · stride].
void winograd_input_scalar(const float *const *at, size_t channels, float *values, size_t stride);
// The results of a square for `outputs` outputs from `first` on, from the products of which number n is at products[n · stride].
void winograd_output_scalar(const diptych_winograd *convolution, winograd_square square, const float *products,
                            size_t stride, size_t first, size_t outputs);

#if defined(__x86_64__)
void winograd_input_avx512(const float *const *at, size_t channels, float *values, size_t stride);
void winograd_output_avx512(const diptych_winograd *convolution, winograd_square square, const float *products,
                            size_t stride, size_t first, size_t outputs);
#endif
