// Products of row-major activations and weights that are packed once, with what follows them in the same pass: bias, and an
// activation or a residual. Operands are floats, bfloat16 or bytes; sums are floats, those of bytes integers.
#pragma once
#include <stdbool.h>

#include "diptych_quantise.h"

// What is multiplied.
typedef enum { DIPTYCH_OPERAND_F32 = 0, DIPTYCH_OPERAND_BF16 = 1, DIPTYCH_OPERAND_I8 = 2 } diptych_operand;

// Whether this processor has a vectorised product of these operands: AVX-512 for floats, AVX512_BF16, AVX512_VNNI.
bool diptych_gemm_is_fast(diptych_operand operand);

// The outputs that are packed together.
enum { DIPTYCH_PANEL = 64 };

// The most channels that a map may have of which windows are multiplied.
enum { DIPTYCH_MOST_CHANNELS = 8192 };

// The bytes of packed weights. Inputs of bfloat16 must be even in number.
size_t diptych_packed_size(diptych_operand operand, size_t inputs, size_t outputs);

// Packs weights; element (output, input) is weights[output · output_stride + input · input_stride].
//   packed: [outputs / 64][steps][64][operands of four bytes], zero behind the last output; bytes are rotated and rounded as
//           diptych_quantise_rows does, plus 128
//   scales: [outputs rounded up to 64], for bytes: value ≈ scale · (byte − 128); not used otherwise
void diptych_pack(int threads, diptych_operand operand, const float *weights, size_t inputs, size_t outputs,
                  size_t input_stride, size_t output_stride, void *packed, float *scales);

// What follows a product.
typedef enum {
    DIPTYCH_NO_ACTIVATION = 0,
    DIPTYCH_QUICK_GELU = 1,
    DIPTYCH_GELU = 2,
    DIPTYCH_GELU_TANH = 3,
    DIPTYCH_RELU = 4
} diptych_activation;

// Where the inputs of a row lie that is a window of a map [images, side, side, channels]: its positions one after the
// other, and zeros outside the map. Such a product is a convolution.
typedef struct {
    size_t side, channels, window, stride;  // window 0 for rows that lie as they are
} diptych_im2col;

// output = activation(x · Wᵀ + bias), or activation(output + x · Wᵀ + bias).
typedef struct {
    diptych_operand operand;
    size_t rows, inputs, outputs;
    const void *input;                   // [rows, inputs], or of bytes [rows, diptych_quantised_width(inputs)], or a map
    diptych_im2col im2col;              // for floats and bfloat16; inputs are window · window · channels
    const diptych_quantised_row *facts;  // [rows], for bytes
    const void *packed;                  // 64-byte aligned
    const float *scales;                 // [outputs rounded up to 64], for bytes
    const float *bias;                   // [outputs rounded up to 64]
    diptych_activation activation;
    void *output;  // [rows, outputs]
    diptych_type output_type;
    bool adds;  // what output holds
} diptych_gemm;

void diptych_multiply(diptych_isa isa, int threads, const diptych_gemm *product);
