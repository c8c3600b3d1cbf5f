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
#define DIPTYCH_TORCH_INTERFACE 3

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
enum { DIPTYCH_TORCH_F32 = 0, DIPTYCH_TORCH_BF16 = 1, DIPTYCH_TORCH_F64 = 2 };
// Values of `activation`.
enum {
    DIPTYCH_TORCH_IDENTITY = 0, DIPTYCH_TORCH_QUICK_GELU = 1, DIPTYCH_TORCH_GELU = 2, DIPTYCH_TORCH_GELU_TANH = 3,
    DIPTYCH_TORCH_RELU = 4
};

// What `recomputed` runs: makes a tensor of `x`, or returns NULL when it fails.
typedef diptych_torch_optional (*diptych_torch_body)(void *context, diptych_torch_tensor *x);

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
    diptych_torch_optional (*DIPTYCH_NONNULL from_doubles)(
        const double *values, const int64_t *shape, int32_t rank, int32_t device, int32_t type);
    // The tensor's `count` numbers in row-major order. Returns 0, or -1 with last_error().
    int32_t (*DIPTYCH_NONNULL copy_floats)(diptych_torch_tensor *x, float *destination, int64_t count);
    int32_t (*DIPTYCH_NONNULL copy_doubles)(diptych_torch_tensor *x, double *destination, int64_t count);
    void (*DIPTYCH_NONNULL release)(diptych_torch_optional x);

    // Another handle of the same tensor.
    diptych_torch_optional (*DIPTYCH_NONNULL shared)(diptych_torch_tensor *x);

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
    // Pixels [n, 3, side, side] by projection [width, 3, patch, patch], after the class token if given: [sequences · rows, width]. Of each
    // sequence, `kept` patches at random, or all for -1. A sequence is as many images as fill the table of positions.
    diptych_torch_optional (*DIPTYCH_NONNULL embed_patches)(
        diptych_torch_tensor *pixels, diptych_torch_tensor *projection, diptych_torch_optional bias,
        diptych_torch_optional class_token, diptych_torch_tensor *positions, int64_t kept);
    diptych_torch_optional (*DIPTYCH_NONNULL layer_norm)(
        diptych_torch_tensor *x, diptych_torch_tensor *weight, diptych_torch_tensor *bias, float epsilon, int32_t type);
    // activation(x · weightᵀ + bias), weight [outputs, inputs] of x's type.
    diptych_torch_optional (*DIPTYCH_NONNULL linear)(
        diptych_torch_tensor *x, diptych_torch_tensor *weight, diptych_torch_optional bias,
        int32_t activation, int32_t type);
    diptych_torch_optional (*DIPTYCH_NONNULL sum)(diptych_torch_tensor *a, diptych_torch_tensor *b);
    // Sequence i is rows offsets[i] to offsets[i + 1]: `count` + 1 offsets. [rows, 3 · width] -> [rows, width]. A share `dropout`
    // of the weights becomes 0.
    diptych_torch_optional (*DIPTYCH_NONNULL attention)(
        diptych_torch_tensor *queries_keys_values, const int32_t *offsets, int32_t count, int32_t heads, int32_t causal,
        double dropout);
    // One query a sequence: [count, width] and [rows, 2 · width] -> [count, width].
    diptych_torch_optional (*DIPTYCH_NONNULL query_attention)(
        diptych_torch_tensor *query, diptych_torch_tensor *keys_values, const int32_t *offsets, int32_t count,
        int32_t heads);
    // The rows that `indices` name.
    diptych_torch_optional (*DIPTYCH_NONNULL chosen)(diptych_torch_tensor *x, diptych_torch_tensor *indices);

    // Maps: [n, channels, side, side].
    // Without `mean` the convolution alone, with `bias`; else normalised by weight, bias, mean and variance. `trains`: by the
    // batch's own mean and variance, which move `mean` and `variance` by a tenth (batch_norm's momentum in PyTorch); 2 for those of
    // all processes' batches.
    diptych_torch_optional (*DIPTYCH_NONNULL convolution)(
        diptych_torch_tensor *x, diptych_torch_tensor *kernel, diptych_torch_optional weight,
        diptych_torch_tensor *bias, diptych_torch_optional mean,
        diptych_torch_optional variance, float epsilon, int32_t stride, int32_t padding,
        diptych_torch_optional residual, int32_t activation, int32_t trains);
    diptych_torch_optional (*DIPTYCH_NONNULL average_pool)(diptych_torch_tensor *x, int32_t window);
    diptych_torch_optional (*DIPTYCH_NONNULL max_pool)(diptych_torch_tensor *x, int32_t window, int32_t stride);
    // [n, channels] in F32.
    diptych_torch_optional (*DIPTYCH_NONNULL mean)(diptych_torch_tensor *x);
    // The mean of each map's positions, then the positions, plus table: [n · (1 + side · side), channels].
    diptych_torch_optional (*DIPTYCH_NONNULL mean_and_positions)(
        diptych_torch_tensor *x, diptych_torch_tensor *table, int32_t type);

    // Gradients.
    // Makes a leaf want a gradient. Returns 0, or -1 with last_error(), as do all below that return a number.
    int32_t (*DIPTYCH_NONNULL require_gradient)(diptych_torch_tensor *x);
    // Whether this thread's operations are recorded for backward().
    int32_t (*DIPTYCH_NONNULL set_recording)(int32_t on);
    // Computes the gradients of all leaves that `loss` follows from, added to what they have.
    int32_t (*DIPTYCH_NONNULL backward)(diptych_torch_tensor *loss);
    // The gradient of a leaf; NULL where it has none.
    diptych_torch_optional (*DIPTYCH_NONNULL gradient)(diptych_torch_tensor *x);
    int32_t (*DIPTYCH_NONNULL clear_gradient)(diptych_torch_tensor *x);
    // body(x), of which nothing is kept for backward(), which runs it again with the same random numbers. `release` is called with
    // `context` when nobody needs it any more, also where this fails.
    diptych_torch_optional (*DIPTYCH_NONNULL recomputed)(
        diptych_torch_tensor *x, diptych_torch_body DIPTYCH_NONNULL body, void *context,
        void (*DIPTYCH_NONNULL release)(void *context));
    // The Euclidean norm of all gradients of `count` leaves.
    int32_t (*DIPTYCH_NONNULL gradient_norm)(
        diptych_torch_tensor *DIPTYCH_NONNULL const *DIPTYCH_NONNULL leaves, int32_t count, double *norm);
    int32_t (*DIPTYCH_NONNULL scale_gradients)(
        diptych_torch_tensor *DIPTYCH_NONNULL const *DIPTYCH_NONNULL leaves, int32_t count, double factor);

    // What losses are made of. Tensors of features are [rows, width].
    // Rows of length 1.
    diptych_torch_optional (*DIPTYCH_NONNULL unit)(diptych_torch_tensor *x);
    // a · bᵀ.
    diptych_torch_optional (*DIPTYCH_NONNULL product)(diptych_torch_tensor *a, diptych_torch_tensor *b);
    // Element by element; one may be a single number.
    diptych_torch_optional (*DIPTYCH_NONNULL times)(diptych_torch_tensor *a, diptych_torch_tensor *b);
    diptych_torch_optional (*DIPTYCH_NONNULL exponential)(diptych_torch_tensor *x);
    // x · factor + addend.
    diptych_torch_optional (*DIPTYCH_NONNULL affine)(diptych_torch_tensor *x, double factor, double addend);
    diptych_torch_optional (*DIPTYCH_NONNULL detached)(diptych_torch_tensor *x);
    // The mean cross-entropy of rows of logits: row i's class is `first` + i, or `targets` where given.
    diptych_torch_optional (*DIPTYCH_NONNULL cross_entropy)(
        diptych_torch_tensor *logits, diptych_torch_optional targets, int64_t first);
    // −Σ log σ(±logits) / rows, with + for column `first` + i of row i, or nowhere for -1.
    diptych_torch_optional (*DIPTYCH_NONNULL sigmoid_loss)(diptych_torch_tensor *logits, int64_t first);
    // 1 − the mean cosine of rows, the second's interpolated to the width of the first's.
    diptych_torch_optional (*DIPTYCH_NONNULL cosine_distance)(diptych_torch_tensor *a, diptych_torch_tensor *b);
    // The share of rows whose highest number stands in column `first` + i of row i.
    int32_t (*DIPTYCH_NONNULL accuracy)(diptych_torch_tensor *logits, int64_t first, double *share);
    // A share `rate` of the numbers becomes 0, the others grow by 1 / (1 − rate).
    diptych_torch_optional (*DIPTYCH_NONNULL dropout)(diptych_torch_tensor *x, double rate);

    // Parameters in training.
    diptych_torch_optional (*DIPTYCH_NONNULL zeros_like)(diptych_torch_tensor *x);
    // Puts `source`'s numbers into x, whose type and device stay.
    int32_t (*DIPTYCH_NONNULL assign)(diptych_torch_tensor *x, diptych_torch_tensor *source);
    int32_t (*DIPTYCH_NONNULL clamp)(diptych_torch_tensor *x, double low, double high);
    // One step of AdamW for the leaves that have a gradient; `step` counts from 1.
    int32_t (*DIPTYCH_NONNULL adamw)(
        diptych_torch_tensor *DIPTYCH_NONNULL const *DIPTYCH_NONNULL leaves,
        diptych_torch_tensor *DIPTYCH_NONNULL const *DIPTYCH_NONNULL means,
        diptych_torch_tensor *DIPTYCH_NONNULL const *DIPTYCH_NONNULL squares, int32_t count, int64_t step, double rate,
        double beta1, double beta2, double epsilon, double decay);

    // Random numbers of a device.
    int32_t (*DIPTYCH_NONNULL seed)(uint64_t seed, int32_t device);
    // The generator's state: its size in bytes, which are copied where `capacity` is enough; -1 where it fails.
    int64_t (*DIPTYCH_NONNULL generator_state)(int32_t device, uint8_t *destination, int64_t capacity);
    int32_t (*DIPTYCH_NONNULL set_generator_state)(int32_t device, const uint8_t *state, int64_t count);
    // torch.randperm(count) of a new generator with `seed`.
    int32_t (*DIPTYCH_NONNULL permutation)(int64_t count, uint64_t seed, int64_t *destination);

    // Several processes, each of which joins one group. Waiting for the others ends after so many seconds.
    int32_t (*DIPTYCH_NONNULL join_group)(
        const char *host, int32_t port, int32_t rank, int32_t size, int32_t is_host, int32_t seconds);
    int32_t (*DIPTYCH_NONNULL leave_group)(void);
    // A number under a key for all to ask for; -1 where there is none.
    int32_t (*DIPTYCH_NONNULL tell_group)(const char *key, int64_t number);
    int64_t (*DIPTYCH_NONNULL asked_group)(const char *key);
    // Every process's x in the order of ranks. `follows`: gradients go back to the process that a row came from.
    diptych_torch_optional (*DIPTYCH_NONNULL gather)(diptych_torch_tensor *x, int32_t follows);
    // The sum of every process's x, which gradients follow.
    diptych_torch_optional (*DIPTYCH_NONNULL group_sum)(diptych_torch_tensor *x);
    // The mean of all processes' gradients of `count` leaves.
    int32_t (*DIPTYCH_NONNULL average_gradients)(
        diptych_torch_tensor *DIPTYCH_NONNULL const *DIPTYCH_NONNULL leaves, int32_t count);
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
