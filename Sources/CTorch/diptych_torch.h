// The torch engine's plug-in: libtorch as plain C functions.
//
// `make torch` compiles diptych_torch.cpp against the libtorch that is there into one shared library, which exports
// diptych_torch_plugin(); the program loads it when it runs, and never links it.
//
// Tensors are opaque, and freed by who asked for them. A function that makes one returns NULL when it fails; last_error() then tells
// why, in one line, to the same thread. No exception leaves the library. Operations are ordinary torch operations: what follows
// from a tensor that wants a gradient gets one from backward().
#ifndef DIPTYCH_TORCH_H
#define DIPTYCH_TORCH_H

#include <stdint.h>

// Grows with every change of what follows; a program and a plug-in of different numbers do not work together.
#define DIPTYCH_TORCH_INTERFACE 1

// Which pointers may be NULL, for Swift.
#ifdef __clang__
#pragma clang assume_nonnull begin
#define DIPTYCH_NULLABLE _Nullable
#define DIPTYCH_NONNULL _Nonnull
#else
#define DIPTYCH_NULLABLE
#define DIPTYCH_NONNULL
#endif

#ifdef __cplusplus
extern "C" {
#endif

typedef struct diptych_torch_tensor diptych_torch_tensor;
// A tensor, or NULL: as a result where a function fails, as an input where there is none.
typedef diptych_torch_tensor *DIPTYCH_NULLABLE diptych_torch_optional;

// Values of `type`.
enum { DIPTYCH_TORCH_F32 = 0, DIPTYCH_TORCH_BF16 = 1 };
// Values of `activation`.
enum {
    DIPTYCH_TORCH_IDENTITY = 0, DIPTYCH_TORCH_QUICK_GELU = 1, DIPTYCH_TORCH_GELU = 2, DIPTYCH_TORCH_GELU_TANH = 3,
    DIPTYCH_TORCH_RELU = 4
};

typedef struct diptych_torch_functions {
    // DIPTYCH_TORCH_INTERFACE of the plug-in; the first member of every version.
    int32_t interface;
    // torch's version, such as "2.13.0".
    const char *version;

    const char *DIPTYCH_NONNULL (*DIPTYCH_NONNULL last_error)(void);
    // The number of CUDA devices that torch can use.
    int32_t (*DIPTYCH_NONNULL cuda_devices)(void);
    // The threads of operations on processors; the calling thread is one.
    void (*DIPTYCH_NONNULL set_threads)(int32_t threads);

    // Copies in and out. `device` is -1 for the processors, or the number of a CUDA device.
    diptych_torch_optional (*DIPTYCH_NONNULL from_floats)(
        const float *values, const int64_t *shape, int32_t rank, int32_t device, int32_t type);
    diptych_torch_optional (*DIPTYCH_NONNULL from_indices)(const int64_t *values, int64_t count, int32_t device);
    // The tensor's `count` numbers in row-major order. Returns 0, or -1 with last_error().
    int32_t (*DIPTYCH_NONNULL copy_floats)(diptych_torch_tensor *x, float *destination, int64_t count);
    void (*DIPTYCH_NONNULL release)(diptych_torch_optional x);

    // Parameters. joined: side by side along the first extent. rows: `count` from `first` on.
    diptych_torch_optional (*DIPTYCH_NONNULL joined)(
        diptych_torch_tensor *DIPTYCH_NONNULL const *DIPTYCH_NONNULL parts, int32_t count);
    diptych_torch_optional (*DIPTYCH_NONNULL rows)(diptych_torch_tensor *x, int64_t first, int64_t count);
    diptych_torch_optional (*DIPTYCH_NONNULL transposed)(diptych_torch_tensor *x);
    diptych_torch_optional (*DIPTYCH_NONNULL converted)(diptych_torch_tensor *x, int32_t type);

    // Rows: [rows, width].
    // tokens[ids] + positions[places], and the first row of segments if given.
    diptych_torch_optional (*DIPTYCH_NONNULL embed_tokens)(
        diptych_torch_tensor *ids, diptych_torch_tensor *places, diptych_torch_tensor *tokens,
        diptych_torch_tensor *positions, diptych_torch_optional segments);
    // Pixels [n, 3, side, side] by projection [width, 3, patch, patch], after the class token if given: [n · rows, width].
    diptych_torch_optional (*DIPTYCH_NONNULL embed_patches)(
        diptych_torch_tensor *pixels, diptych_torch_tensor *projection, diptych_torch_optional bias,
        diptych_torch_optional class_token, diptych_torch_tensor *positions);
    diptych_torch_optional (*DIPTYCH_NONNULL layer_norm)(
        diptych_torch_tensor *x, diptych_torch_tensor *weight, diptych_torch_tensor *bias, float epsilon, int32_t type);
    // activation(x · weightᵀ + bias), weight [outputs, inputs] of x's type.
    diptych_torch_optional (*DIPTYCH_NONNULL linear)(
        diptych_torch_tensor *x, diptych_torch_tensor *weight, diptych_torch_optional bias,
        int32_t activation, int32_t type);
    diptych_torch_optional (*DIPTYCH_NONNULL sum)(diptych_torch_tensor *a, diptych_torch_tensor *b);
    // Sequence i is rows offsets[i] to offsets[i + 1]: `count` + 1 offsets. [rows, 3 · width] -> [rows, width].
    diptych_torch_optional (*DIPTYCH_NONNULL attention)(
        diptych_torch_tensor *queries_keys_values, const int32_t *offsets, int32_t count, int32_t heads, int32_t causal);
    // One query a sequence: [count, width] and [rows, 2 · width] -> [count, width].
    diptych_torch_optional (*DIPTYCH_NONNULL query_attention)(
        diptych_torch_tensor *query, diptych_torch_tensor *keys_values, const int32_t *offsets, int32_t count,
        int32_t heads);
    // The rows that `indices` name.
    diptych_torch_optional (*DIPTYCH_NONNULL chosen)(diptych_torch_tensor *x, diptych_torch_tensor *indices);

    // Maps: [n, channels, side, side].
    // Without `mean` the convolution alone, with `bias`; else normalised by weight, bias, mean and variance.
    diptych_torch_optional (*DIPTYCH_NONNULL convolution)(
        diptych_torch_tensor *x, diptych_torch_tensor *kernel, diptych_torch_optional weight,
        diptych_torch_tensor *bias, diptych_torch_optional mean,
        diptych_torch_optional variance, float epsilon, int32_t stride, int32_t padding,
        diptych_torch_optional residual, int32_t activation);
    diptych_torch_optional (*DIPTYCH_NONNULL average_pool)(diptych_torch_tensor *x, int32_t window);
    diptych_torch_optional (*DIPTYCH_NONNULL max_pool)(diptych_torch_tensor *x, int32_t window, int32_t stride);
    // [n, channels] in F32.
    diptych_torch_optional (*DIPTYCH_NONNULL mean)(diptych_torch_tensor *x);
    // The mean of each map's positions, then the positions, plus table: [n · (1 + side · side), channels].
    diptych_torch_optional (*DIPTYCH_NONNULL mean_and_positions)(
        diptych_torch_tensor *x, diptych_torch_tensor *table, int32_t type);

    // Gradients.
    // Makes a leaf want a gradient. Returns 0, or -1 with last_error().
    int32_t (*DIPTYCH_NONNULL require_gradient)(diptych_torch_tensor *x);
    // Symmetric cross-entropy of exp(scale) times the cosines of [n, width] and [n, width]: one number.
    diptych_torch_optional (*DIPTYCH_NONNULL contrastive_loss)(
        diptych_torch_tensor *images, diptych_torch_tensor *texts, diptych_torch_tensor *scale);
    // Computes the gradients of all leaves that `loss` follows from. Returns 0, or -1 with last_error().
    int32_t (*DIPTYCH_NONNULL backward)(diptych_torch_tensor *loss);
    // The gradient of a leaf; NULL where it has none.
    diptych_torch_optional (*DIPTYCH_NONNULL gradient)(diptych_torch_tensor *x);
} diptych_torch_functions;

// The functions, which live as long as the library is loaded.
const diptych_torch_functions *diptych_torch_plugin(void);

#ifdef __cplusplus
}
#endif

#ifdef __clang__
#pragma clang assume_nonnull end
#endif

#endif
