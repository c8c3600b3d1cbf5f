#define _GNU_SOURCE
#include "onnx_runtime.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// The library gives one table of functions for all versions: entries are only ever added behind the others, so that the position of
// one is fixed for good. Those that are called here are declared here, by position; no header of the library is needed. A version
// of the interface names how long the table is at least: that of 1.11, the first with all of them.
enum { INTERFACE = 11 };

typedef struct {
    const void *const *(*table)(uint32_t interface);
    const char *(*version)(void);
} base_functions;

enum {
    GET_ERROR_MESSAGE = 2,
    CREATE_ENV = 3,
    CREATE_SESSION = 7,
    RUN = 9,
    CREATE_SESSION_OPTIONS = 10,
    SET_INTRA_OP_THREADS = 24,
    INPUT_COUNT = 30,
    OUTPUT_COUNT = 31,
    INPUT_TYPE = 33,
    OUTPUT_TYPE = 34,
    INPUT_NAME = 36,
    OUTPUT_NAME = 37,
    CREATE_TENSOR_WITH_DATA = 49,
    GET_TENSOR_DATA = 51,
    CAST_TO_TENSOR_INFO = 55,
    ELEMENT_TYPE = 60,
    DIMENSIONS_COUNT = 61,
    DIMENSIONS = 62,
    TENSOR_TYPE_AND_SHAPE = 65,
    CREATE_CPU_MEMORY_INFO = 69,
    ALLOCATOR_FREE = 76,
    DEFAULT_ALLOCATOR = 78,
    RELEASE_STATUS = 93,
    RELEASE_MEMORY_INFO = 94,
    RELEASE_SESSION = 95,
    RELEASE_VALUE = 96,
    RELEASE_TYPE_INFO = 98,
    RELEASE_TENSOR_INFO = 99,
    RELEASE_SESSION_OPTIONS = 100,
    MODEL_METADATA = 111,
    METADATA_LOOKUP = 116,
    RELEASE_MODEL_METADATA = 118,
    APPEND_CUDA = 204,
    CREATE_CUDA_OPTIONS = 205,
    UPDATE_CUDA_OPTIONS = 206,
    RELEASE_CUDA_OPTIONS = 208,
};

static struct {
    const void *const *table;
    const char *version;
    void *env, *memory, *allocator;
} api;

struct diptych_onnx_session {
    void *session;
};

// An entry of the table as a function of the given arguments that gives a status, or nothing.
#define STATUS(position, ...) ((void *(*)(__VA_ARGS__))api.table[position])
#define VOID(position) ((void (*)(void *))api.table[position])

static void say(diptych_onnx_reason *reason, const char *text) {
    snprintf(reason->text, sizeof reason->text, "%s", text ? text : "unknown reason");
    for (char *at = reason->text; *at; at++)
        if (*at == '\n' || *at == '\r') *at = ' ';
}

// Whether a call failed; its status is released.
static int32_t failed(void *status, diptych_onnx_reason *reason) {
    if (!status) return 0;
    say(reason, ((const char *(*)(const void *))api.table[GET_ERROR_MESSAGE])(status));
    VOID(RELEASE_STATUS)(status);
    return 1;
}

int32_t diptych_onnx_load(const char *path, diptych_onnx_reason *reason) {
    if (api.version) return 0;
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!library) {
        say(reason, dlerror());
        return 1;
    }
    const base_functions *(*get)(void) = (const base_functions *(*)(void))dlsym(library, "OrtGetApiBase");
    const base_functions *base = get ? get() : NULL;
    api.table = base ? base->table(INTERFACE) : NULL;
    if (!api.table) {
        say(reason, base ? "is older than 1.11" : "is not ONNX Runtime");
        return 1;
    }
    // Fatal messages only: reasons come as statuses.
    if (failed(STATUS(CREATE_ENV, int, const char *, void **)(4, "diptych", &api.env), reason)
        || failed(STATUS(CREATE_CPU_MEMORY_INFO, int, int, void **)(0, 0, &api.memory), reason)
        || failed(STATUS(DEFAULT_ALLOCATOR, void **)(&api.allocator), reason))
        return 1;
    api.version = base->version();
    return 0;
}

const char *diptych_onnx_version(void) { return api.version; }

// Appends the CUDA provider with a device's number.
static int32_t append_cuda(void *options, int32_t device, diptych_onnx_reason *reason) {
    void *cuda = NULL;
    if (failed(STATUS(CREATE_CUDA_OPTIONS, void **)(&cuda), reason)) return 1;
    char number[16];
    snprintf(number, sizeof number, "%d", device);
    const char *keys[] = {"device_id"}, *values[] = {number};
    int32_t bad =
        failed(
            STATUS(UPDATE_CUDA_OPTIONS, void *, const char *const *, const char *const *, size_t)(cuda, keys, values, 1),
            reason)
        || failed(STATUS(APPEND_CUDA, void *, const void *)(options, cuda), reason);
    VOID(RELEASE_CUDA_OPTIONS)(cuda);
    return bad;
}

diptych_onnx_session *diptych_onnx_open(
    const char *path, int32_t threads, int32_t cuda, diptych_onnx_reason *reason) {
    void *options = NULL, *session = NULL;
    if (failed(STATUS(CREATE_SESSION_OPTIONS, void **)(&options), reason)) return NULL;
    int32_t bad = failed(STATUS(SET_INTRA_OP_THREADS, void *, int)(options, threads), reason)
        || (cuda >= 0 && append_cuda(options, cuda, reason))
        || failed(
                      STATUS(CREATE_SESSION, const void *, const char *, const void *, void **)(
                          api.env, path, options, &session),
                      reason);
    VOID(RELEASE_SESSION_OPTIONS)(options);
    diptych_onnx_session *made = bad ? NULL : malloc(sizeof *made);
    if (made) made->session = session;
    return made;
}

void diptych_onnx_close(diptych_onnx_session *session) {
    VOID(RELEASE_SESSION)(session->session);
    free(session);
}

// Gives what a description of a tensor says.
static int32_t take_info(
    const void *info, const char *name, const void *bytes, void *context, diptych_onnx_take take,
    diptych_onnx_reason *reason) {
    int type = 0;
    size_t rank = 0;
    int64_t extents[DIPTYCH_ONNX_RANK] = {0};
    if (failed(STATUS(ELEMENT_TYPE, const void *, int *)(info, &type), reason)
        || failed(STATUS(DIMENSIONS_COUNT, const void *, size_t *)(info, &rank), reason))
        return 1;
    if (rank > DIPTYCH_ONNX_RANK) {
        say(reason, "a tensor has more than 8 extents");
        return 1;
    }
    if (failed(STATUS(DIMENSIONS, const void *, int64_t *, size_t)(info, extents, rank), reason)) return 1;
    take(context, name, type, extents, rank, bytes);
    return 0;
}

int32_t diptych_onnx_ports(
    diptych_onnx_session *session, int32_t outputs, void *context, diptych_onnx_take take,
    diptych_onnx_reason *reason) {
    size_t count = 0;
    if (failed(
            STATUS(outputs ? OUTPUT_COUNT : INPUT_COUNT, const void *, size_t *)(session->session, &count), reason))
        return 1;
    for (size_t i = 0; i < count; i++) {
        char *name = NULL;
        void *type = NULL;
        const void *info = NULL;
        int32_t bad = failed(
                          STATUS(outputs ? OUTPUT_NAME : INPUT_NAME, const void *, size_t, void *, char **)(
                              session->session, i, api.allocator, &name),
                          reason)
            || failed(
                          STATUS(outputs ? OUTPUT_TYPE : INPUT_TYPE, const void *, size_t, void **)(
                              session->session, i, &type),
                          reason)
            || failed(STATUS(CAST_TO_TENSOR_INFO, const void *, const void **)(type, &info), reason);
        if (!bad && !info) {
            say(reason, "an input or output is no tensor");
            bad = 1;
        }
        bad = bad || take_info(info, name, NULL, context, take, reason);
        if (type) VOID(RELEASE_TYPE_INFO)(type);
        diptych_onnx_reason ignored;
        if (name) failed(STATUS(ALLOCATOR_FREE, void *, void *)(api.allocator, name), &ignored);
        if (bad) return 1;
    }
    return 0;
}

char *diptych_onnx_fact(diptych_onnx_session *session, const char *key) {
    diptych_onnx_reason ignored;
    void *metadata = NULL;
    char *value = NULL, *copy = NULL;
    if (failed(STATUS(MODEL_METADATA, const void *, void **)(session->session, &metadata), &ignored)) return NULL;
    if (!failed(
            STATUS(METADATA_LOOKUP, const void *, void *, const char *, char **)(metadata, api.allocator, key, &value),
            &ignored)
        && value) {
        copy = strdup(value);
        failed(STATUS(ALLOCATOR_FREE, void *, void *)(api.allocator, value), &ignored);
    }
    VOID(RELEASE_MODEL_METADATA)(metadata);
    return copy;
}

int32_t diptych_onnx_run(
    diptych_onnx_session *session, const char *input, int32_t type, const void *bytes, size_t count,
    const int64_t *extents, size_t rank, const char *output, void *context, diptych_onnx_take take,
    diptych_onnx_reason *reason) {
    void *value = NULL, *result = NULL, *info = NULL, *data = NULL;
    // The library reads the bytes and does not write them.
    int32_t bad = failed(
                      STATUS(
                          CREATE_TENSOR_WITH_DATA, const void *, void *, size_t, const int64_t *, size_t, int, void **)(
                          api.memory, (void *)bytes, count, extents, rank, type, &value),
                      reason)
        || failed(
                      STATUS(
                          RUN, void *, const void *, const char *const *, const void *const *, size_t,
                          const char *const *, size_t, void **)(
                          session->session, NULL, &input, (const void *const *)&value, 1, &output, 1, &result),
                      reason)
        || failed(STATUS(TENSOR_TYPE_AND_SHAPE, const void *, void **)(result, &info), reason)
        || failed(STATUS(GET_TENSOR_DATA, void *, void **)(result, &data), reason)
        || take_info(info, NULL, data, context, take, reason);
    if (info) VOID(RELEASE_TENSOR_INFO)(info);
    if (result) VOID(RELEASE_VALUE)(result);
    if (value) VOID(RELEASE_VALUE)(value);
    return bad;
}
