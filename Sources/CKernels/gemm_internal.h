// What the scalar and the vectorised products and roundings share.
#pragma once
#include "diptych_gemm.h"
#include "internal.h"

enum { TILE_ROWS = 6, MOST_ROWS = 12, LARGEST_ROTATION = 256 };

// The largest power of two up to LARGEST_ROTATION that divides `width`, a multiple of 64.
static inline size_t rotation_block(size_t width) {
    size_t block = LARGEST_ROTATION;
    while (width % block) block /= 2;
    return block;
}

// The four bytes at a time in which products read operands: how many there are in a row.
static inline size_t product_steps(diptych_operand operand, size_t inputs) {
    switch (operand) {
    case DIPTYCH_OPERAND_BF16: return inputs / 2;
    case DIPTYCH_OPERAND_I8: return diptych_quantised_width(inputs) / 4;
    case DIPTYCH_OPERAND_F32: break;
    }
    return inputs;
}

// The pieces that a row's inputs lie in.
static inline size_t gemm_places(const diptych_gemm *p) {
    return p->im2col.window ? p->im2col.window * p->im2col.window : 1;
}

// Zeros: what lies outside a map. As many as the widest position has.
extern const float product_zeros[DIPTYCH_MOST_CHANNELS];

// Where the pieces of some rows begin, those outside a map in zeros; `stride` is the bytes of a row that lies in one piece.
void gemm_starts(const diptych_gemm *product, size_t row, size_t rows, size_t stride,
                    const char *(*starts)[MOST_ROWS]);

// Rotates `width` floats in place and returns the largest magnitude, or what is not finite if there is such a value.
float rotate_row_scalar(float *row, size_t width);
// The bytes of a rotated row, and their sum.
int32_t round_row_scalar(const float *row, float inverse, int8_t *bytes, size_t width);
// A row rotated, in bytes; `scratch` holds `width` floats.
void quantise_row_scalar(const void *input, diptych_type type, size_t columns, size_t width, int8_t *bytes,
                         diptych_quantised_row *facts, float *scratch);
// From `first` up to `end`.
typedef struct {
    size_t first, end;
} gemm_range;

float activated_scalar(float x, diptych_activation activation);

// Some rows by some panels of outputs.
void gemm_part_scalar(const diptych_gemm *product, gemm_range panels, gemm_range rows);

#if defined(__x86_64__)
float rotate_row_avx512(float *row, size_t width);
void quantise_row_avx512(const void *input, diptych_type type, size_t columns, size_t width, int8_t *bytes,
                         diptych_quantised_row *facts, float *scratch);
void gemm_part_f32(const diptych_gemm *product, gemm_range panels, gemm_range rows);
void gemm_part_bf16(const diptych_gemm *product, gemm_range panels, gemm_range rows);
void gemm_part_i8(const diptych_gemm *product, gemm_range panels, gemm_range rows);
void gemm_part_i8_bf16(const diptych_gemm *product, gemm_range panels, gemm_range rows);
#endif
