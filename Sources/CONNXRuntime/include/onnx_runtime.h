// ONNX Runtime by its C interface, from the shared library that is loaded when a model's file is first opened: programs that open
// none neither need it nor wait for it.
#ifndef DIPTYCH_ONNX_RUNTIME_H
#define DIPTYCH_ONNX_RUNTIME_H

#include <stddef.h>
#include <stdint.h>

#ifdef __clang__
#pragma clang assume_nonnull begin
#endif

typedef struct diptych_onnx_session diptych_onnx_session;

// Element types, by ONNX's numbers.
enum { DIPTYCH_ONNX_FLOAT = 1, DIPTYCH_ONNX_INT32 = 6, DIPTYCH_ONNX_INT64 = 7, DIPTYCH_ONNX_FLOAT16 = 10 };

// The most extents that a tensor has here.
enum { DIPTYCH_ONNX_RANK = 8 };

// What a function that can fail writes its reason to.
typedef struct {
    char text[512];
} diptych_onnx_reason;

// Called with a tensor: its extents, of which those that a model leaves open are -1, and its bytes where it has some.
typedef void (*diptych_onnx_take)(
    void *context, const char *_Nullable name, int32_t type, const int64_t *extents, size_t rank, const void *_Nullable bytes);

// Loads the library, by a path or by a name that the linker knows. Once: later calls give what the first that succeeded gave.
// Returns 0 where it worked.
int32_t diptych_onnx_load(const char *path, diptych_onnx_reason *reason);
// The library's version, such as "1.31.1"; NULL where none is loaded.
const char *_Nullable diptych_onnx_version(void);

// Opens a model's file on processors, or on a CUDA device with `cuda` 0 or higher. NULL with a reason where that fails.
diptych_onnx_session *_Nullable diptych_onnx_open(
    const char *path, int32_t threads, int32_t cuda, diptych_onnx_reason *reason);
void diptych_onnx_close(diptych_onnx_session *session);

// Calls `take` with each input, or each output. Returns 0 where it worked.
int32_t diptych_onnx_ports(
    diptych_onnx_session *session, int32_t outputs, void *_Nullable context, diptych_onnx_take take,
    diptych_onnx_reason *reason);
// What the file says of itself under a key, to be freed; NULL where it says nothing.
char *_Nullable diptych_onnx_fact(diptych_onnx_session *session, const char *key);

// Runs the model on one input for one output, which `take` gets. Returns 0 where it worked.
int32_t diptych_onnx_run(
    diptych_onnx_session *session, const char *input, int32_t type, const void *bytes, size_t count,
    const int64_t *extents, size_t rank, const char *output, void *_Nullable context, diptych_onnx_take take,
    diptych_onnx_reason *reason);

#ifdef __clang__
#pragma clang assume_nonnull end
#endif

#endif
