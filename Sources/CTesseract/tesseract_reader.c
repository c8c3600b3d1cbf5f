#define _GNU_SOURCE
#include "tesseract_reader.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>

// The level of an iterator that stops at lines.
enum { TEXTLINE = 2 };

static struct {
    void *library;
    int32_t status;
    void *(*create)(void);
    void (*destroy)(void *);
    int (*init)(void *, const char *, const char *);
    void (*end)(void *);
    int (*set_variable)(void *, const char *, const char *);
    void (*set_mode)(void *, int);
    void (*set_image)(void *, const unsigned char *, int, int, int, int);
    void (*set_resolution)(void *, int);
    int (*recognize)(void *, void *);
    void *(*iterator)(void *);
    void (*delete_iterator)(void *);
    int (*next)(void *, int);
    char *(*text)(const void *, int);
    float (*confidence)(const void *, int);
    const void *(*page)(const void *);
    int (*box)(const void *, int, int *, int *, int *, int *);
    void (*delete_text)(const char *);
    void (*clear)(void *);
} api;

static void load(void) {
    static const char *const names[] = {"libtesseract.so.5", "libtesseract.5.dylib", "libtesseract.so"};
    for (size_t i = 0; i < sizeof names / sizeof *names && !api.library; i++)
        api.library = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
    if (!api.library) {
        api.status = DIPTYCH_TESSERACT_NO_LIBRARY;
        return;
    }
    const struct {
        void **place;
        const char *name;
    } functions[] = {
        {(void **)&api.create, "TessBaseAPICreate"},
        {(void **)&api.destroy, "TessBaseAPIDelete"},
        {(void **)&api.init, "TessBaseAPIInit3"},
        {(void **)&api.end, "TessBaseAPIEnd"},
        {(void **)&api.set_variable, "TessBaseAPISetVariable"},
        {(void **)&api.set_mode, "TessBaseAPISetPageSegMode"},
        {(void **)&api.set_image, "TessBaseAPISetImage"},
        {(void **)&api.set_resolution, "TessBaseAPISetSourceResolution"},
        {(void **)&api.recognize, "TessBaseAPIRecognize"},
        {(void **)&api.iterator, "TessBaseAPIGetIterator"},
        {(void **)&api.delete_iterator, "TessResultIteratorDelete"},
        {(void **)&api.next, "TessResultIteratorNext"},
        {(void **)&api.text, "TessResultIteratorGetUTF8Text"},
        {(void **)&api.confidence, "TessResultIteratorConfidence"},
        {(void **)&api.page, "TessResultIteratorGetPageIteratorConst"},
        {(void **)&api.box, "TessPageIteratorBoundingBox"},
        {(void **)&api.delete_text, "TessDeleteText"},
        {(void **)&api.clear, "TessBaseAPIClear"},
    };
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++)
        if (!(*functions[i].place = dlsym(api.library, functions[i].name))) api.status = DIPTYCH_TESSERACT_OTHER_LIBRARY;
}

int32_t diptych_tesseract_open(const char *folder, const char *languages, diptych_tesseract **reader) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, load);
    *reader = NULL;
    if (api.status) return api.status;
    void *base = api.create();
    if (!base) return DIPTYCH_TESSERACT_FAILED;
    // What it would say on standard error; reasons come as statuses.
    api.set_variable(base, "debug_file", "/dev/null");
    if (api.init(base, folder, languages)) {
        api.destroy(base);
        return DIPTYCH_TESSERACT_NO_LANGUAGE;
    }
    *reader = base;
    return DIPTYCH_TESSERACT_DONE;
}

int32_t diptych_tesseract_read(
    diptych_tesseract *reader, const uint8_t *bytes, int32_t width, int32_t height, int32_t channels, int32_t mode,
    void *context, diptych_tesseract_line line) {
    api.set_mode(reader, mode);
    api.set_image(reader, bytes, width, height, channels, width * channels);
    api.set_resolution(reader, 150);
    if (api.recognize(reader, NULL)) {
        api.clear(reader);
        return DIPTYCH_TESSERACT_FAILED;
    }
    void *iterator = api.iterator(reader);
    if (iterator) {
        do {
            char *text = api.text(iterator, TEXTLINE);
            int left, top, right, bottom;
            if (text && api.box(api.page(iterator), TEXTLINE, &left, &top, &right, &bottom))
                line(context, text, left, top, right, bottom, api.confidence(iterator, TEXTLINE));
            if (text) api.delete_text(text);
        } while (api.next(iterator, TEXTLINE));
        api.delete_iterator(iterator);
    }
    api.clear(reader);
    return DIPTYCH_TESSERACT_DONE;
}

void diptych_tesseract_close(diptych_tesseract *reader) {
    api.end(reader);
    api.destroy(reader);
}
