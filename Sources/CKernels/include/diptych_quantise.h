// Rows of numbers as bytes, for matrix products that the processor sums in integers.
//
// A row is rotated first, in blocks of up to 256 columns, by a Hadamard matrix. It is orthogonal, so that products of two
// rotated rows are what they were, and it spreads an outlier over its whole block: a few large values no longer cost the
// small ones their precision (Ashkboos et al. 2024, QuaRot, arXiv:2404.00456, there for language models).
#pragma once
#include "diptych_kernels.h"

// The bytes of a quantised row: `columns` rounded up to 64, so that no block is smaller.
size_t diptych_quantised_width(size_t columns);

// How a quantised row is to be read: value ≈ scale · byte; sum is that of the bytes.
typedef struct {
    float scale;
    int32_t sum;
} diptych_quantised_row;

// Rotates and rounds rows of `columns` floats or bfloat16: bytes [rows, diptych_quantised_width(columns)], and a scale for
// each, its largest magnitude / 127. A row with a value that is not finite gets a scale that is not finite.
void diptych_quantise_rows(diptych_isa isa, int threads, const void *input, diptych_type type, size_t rows,
                           size_t columns, int8_t *bytes, diptych_quantised_row *facts);
