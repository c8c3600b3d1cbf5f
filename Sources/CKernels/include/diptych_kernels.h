// The kernels that oneDNN lacks, over row-major matrices. Every vectorised kernel has a scalar twin, written separately,
// that computes the same; the caller chooses with the `isa` argument.
#pragma once
#include <stddef.h>
#include <stdint.h>

// The instruction sets that the kernels are built for, narrowest first.
typedef enum { DIPTYCH_ISA_SCALAR = 0, DIPTYCH_ISA_AVX2 = 1, DIPTYCH_ISA_AVX512 = 2 } diptych_isa;

// The element types that kernels read and write. bfloat16 is rounded to nearest even.
typedef enum { DIPTYCH_F32 = 0, DIPTYCH_BF16 = 1, DIPTYCH_F16 = 2 } diptych_type;

// The widest instruction set that this processor has and our kernels use.
diptych_isa diptych_detected_isa(void);

// Whether the processor multiplies bfloat16 in hardware (AVX512_BF16).
int diptych_has_bf16(void);

// Calls body(context, index) for every index below count, on up to `threads` threads, the calling one among them. Threads
// of the team stay for the next call and end with the thread that calls. A call from inside a body runs on its own thread.
void diptych_parallel(int threads, size_t count, void (*body)(void *context, size_t index), void *context);

// Which thread of the team calls a body: below the `threads` of its diptych_parallel, and different for those at work at once.
int diptych_thread_index(void);

// The number of threads that oneDNN uses when called from this thread.
void diptych_set_threads(int threads);

// Converts count elements of `source` (possibly unaligned) to float.
void diptych_widen(diptych_isa isa, diptych_type type, const void *source, float *destination, size_t count);

// Converts count floats to bfloat16.
void diptych_narrow_bf16(diptych_isa isa, const float *source, uint16_t *destination, size_t count);

// Layer normalisation of each row (Ba et al. 2016): (x − mean) / √(variance + epsilon) · weight + bias.
void diptych_layer_norm(diptych_isa isa, int threads, const float *input, const float *weight, const float *bias,
                        float epsilon, void *output, diptych_type output_type, size_t rows, size_t width);

// The bytes of working memory that diptych_attention needs for each thread.
size_t diptych_attention_scratch(size_t longest, size_t head_width);

// Scaled dot-product attention (Vaswani et al. 2017) within each sequence of a packed batch.
//   qkv:      [rows, 3 · heads · head_width], the queries, keys and values of a row side by side
//   output:   [rows, heads · head_width], same element type
//   offsets:  [sequences + 1], the row at which each sequence starts; the last is the number of rows
//   causal:   nonzero when a position attends to itself and what stands before it only
//   scratch:  threads · diptych_attention_scratch(longest, head_width) bytes, 64-byte aligned
void diptych_attention(diptych_isa isa, int threads, const void *qkv, void *output, diptych_type type,
                       const int32_t *offsets, size_t sequences, size_t heads, size_t head_width, int causal,
                       void *scratch, size_t scratch_per_thread);

// The same attention with a single query for each sequence, which attends to all positions.
//   query:       [sequences, heads · head_width]
//   keys_values: [rows, 2 · heads · head_width], the keys and values of a row side by side
//   output:      [sequences, heads · head_width]
//   scratch:     threads · scratch_per_thread bytes, at least 4 · (the longest sequence + head_width) a thread
void diptych_query_attention(diptych_isa isa, int threads, const void *query, const void *keys_values, void *output,
                             diptych_type type, const int32_t *offsets, size_t sequences, size_t heads,
                             size_t head_width, void *scratch, size_t scratch_per_thread);

// Reorders images [count, 3, side, side] to [count, side, side, 3].
void diptych_channels_last(int threads, const float *pixels, size_t count, size_t side, void *output,
                           diptych_type output_type);

// Cuts images [count, 3, side_y, side_x] into patches: [count · patches, 3 · patch · patch], so that a patch embedding
// is one matrix product.
void diptych_patchify(diptych_isa isa, int threads, const float *pixels, size_t count, size_t height, size_t width,
                      size_t patch, void *output, diptych_type output_type);

// Puts the class token, unless it is null, before the projected patches of each image and adds the positions:
// [count · per_image, width] to [count · (1 + per_image), width].
void diptych_place_patches(int threads, const float *patches, const float *class_token, const float *positions,
                           size_t count, size_t per_image, size_t width, float *output);

// The inner product of `query` with each of `rows` vectors of `width` floats, into scores.
void diptych_dot_rows(diptych_isa isa, const float *query, const float *matrix, size_t rows, size_t width,
                      float *scores);
