// Convolutions of 3 x 3 windows, each beside the last, with a quarter of the multiplications.
//
// Winograd's minimal filtering F(4 x 4, 3 x 3), as in Lavin & Gray 2015, "Fast Algorithms for Convolutional Neural Networks":
// squares of 4 x 4 results come from 6 x 6 inputs. Both those and the windows' weights are transformed to 36 numbers, which
// are multiplied one by one where sums of products of 16 · 9 were; summing over channels makes that 36 matrix products.
#pragma once
#include "diptych_gemm.h"

// The bytes of transformed and packed weights.
size_t diptych_winograd_size(size_t inputs, size_t outputs);

// Transforms and packs weights.
//   weights: [outputs, inputs, 3, 3]
//   packed:  [outputs / 64][36][inputs][64], zero behind the last output
void diptych_winograd_pack(int threads, const float *weights, size_t inputs, size_t outputs, void *packed);

// The bytes of working memory that diptych_winograd_convolve needs for each thread.
size_t diptych_winograd_scratch(size_t inputs);

// output = activation(convolution + bias), or activation(output + convolution + bias); zeros lie outside the map. Results
// depend neither on the number of threads nor on the other images.
typedef struct {
    size_t images, side, inputs, outputs;  // channels are multiples of 16, and at most DIPTYCH_MOST_CHANNELS
    const float *input;                      // [images, side, side, inputs]
    const void *packed;                      // 64-byte aligned
    const float *bias;                       // [outputs]
    diptych_activation activation;
    float *output;  // [images, side, side, outputs]
    bool adds;      // what output holds
    void *scratch;  // threads · diptych_winograd_scratch(inputs) bytes, 64-byte aligned
} diptych_winograd;

void diptych_winograd_convolve(diptych_isa isa, int threads, const diptych_winograd *convolution);
