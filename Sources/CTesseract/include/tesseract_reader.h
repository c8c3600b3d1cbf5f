// Tesseract 5 by its C interface, from the shared library that is loaded when a reader is first opened: programs that read no text
// neither need it nor wait for it.
#ifndef DIPTYCH_TESSERACT_H
#define DIPTYCH_TESSERACT_H

#include <stdint.h>

#ifdef __clang__
#pragma clang assume_nonnull begin
#endif

typedef struct diptych_tesseract diptych_tesseract;

enum {
    DIPTYCH_TESSERACT_DONE = 0,
    // The library is not installed.
    DIPTYCH_TESSERACT_NO_LIBRARY = 1,
    // It does not have what this program calls.
    DIPTYCH_TESSERACT_OTHER_LIBRARY = 2,
    // It cannot read one of the languages.
    DIPTYCH_TESSERACT_NO_LANGUAGE = 3,
    DIPTYCH_TESSERACT_FAILED = 4
};

// How an image is looked at: Tesseract's page segmentation modes.
enum {
    DIPTYCH_TESSERACT_PAGE = 3,
    DIPTYCH_TESSERACT_BLOCK = 6,
    DIPTYCH_TESSERACT_LINE = 7,
    DIPTYCH_TESSERACT_SPARSE = 11
};

// Called with each line: its text in UTF-8, its box and its confidence, 0 to 100.
typedef void (*diptych_tesseract_line)(
    void *context, const char *text, int32_t left, int32_t top, int32_t right, int32_t bottom, float confidence);

// Opens a reader of languages such as "chi_sim+eng"; `reader` is NULL where that fails.
int32_t diptych_tesseract_open(
    const char *_Nullable folder, const char *languages, diptych_tesseract *_Nullable *_Nonnull reader);
// Reads 8-bit RGB or grey rows without gaps. One thread at a time for each reader.
int32_t diptych_tesseract_read(
    diptych_tesseract *reader, const uint8_t *bytes, int32_t width, int32_t height, int32_t channels, int32_t mode,
    void *context, diptych_tesseract_line line);
void diptych_tesseract_close(diptych_tesseract *reader);

#ifdef __clang__
#pragma clang assume_nonnull end
#endif

#endif
