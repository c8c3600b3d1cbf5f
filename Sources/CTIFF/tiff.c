#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tiffio.h>

#include "diptych_tiff.h"

struct diptych_tiff {
    TIFF *file;
    const uint8_t *bytes;
    size_t count, position;
    char *reason;
    size_t width, height;
    TIFFRGBAImage image;
    bool has_image;
    uint32_t *strip;    // decoded pixels
    size_t strip_rows;  // that it has space for
    size_t first, held; // rows that it holds
    size_t next;        // row to give
};

static int note(TIFF *file, void *user, const char *module, const char *format, va_list arguments) {
    (void)file, (void)module;
    diptych_tiff *tiff = user;
    if (tiff->reason && !*tiff->reason) vsnprintf(tiff->reason, DIPTYCH_TIFF_REASON, format, arguments);
    return 1;
}

static int say_nothing(TIFF *file, void *user, const char *module, const char *format, va_list arguments) {
    (void)file, (void)user, (void)module, (void)format, (void)arguments;
    return 1;
}

static tmsize_t take(thandle_t handle, void *out, tmsize_t count) {
    diptych_tiff *tiff = handle;
    if (count <= 0 || tiff->position >= tiff->count) return 0;
    size_t left = tiff->count - tiff->position, taken = (size_t)count < left ? (size_t)count : left;
    memcpy(out, tiff->bytes + tiff->position, taken);
    tiff->position += taken;
    return (tmsize_t)taken;
}

static tmsize_t refuse(thandle_t handle, void *bytes, tmsize_t count) {
    (void)handle, (void)bytes, (void)count;
    return 0;
}

static toff_t seek(thandle_t handle, toff_t offset, int whence) {
    diptych_tiff *tiff = handle;
    size_t base = whence == SEEK_CUR ? tiff->position : whence == SEEK_END ? tiff->count : 0;
    if (offset > SIZE_MAX - base) return (toff_t)-1;
    tiff->position = base + (size_t)offset;
    return tiff->position;
}

static int leave_open(thandle_t handle) {
    (void)handle;
    return 0;
}

static toff_t size(thandle_t handle) { return ((diptych_tiff *)handle)->count; }

void diptych_tiff_close(diptych_tiff *tiff) {
    if (!tiff) return;
    if (tiff->has_image) TIFFRGBAImageEnd(&tiff->image);
    if (tiff->file) TIFFClose(tiff->file);
    free(tiff->strip);
    free(tiff);
}

static bool begin(diptych_tiff *tiff) {
    TIFFOpenOptions *options = TIFFOpenOptionsAlloc();
    if (!options) return false;
    TIFFOpenOptionsSetErrorHandlerExtR(options, note, tiff);
    TIFFOpenOptionsSetWarningHandlerExtR(options, say_nothing, tiff);
    tiff->file = TIFFClientOpenExt("image", "rm", tiff, take, refuse, seek, leave_open, size, NULL, NULL, options);
    TIFFOpenOptionsFree(options);
    if (!tiff->file) return false;
    uint32_t width = 0, height = 0;
    TIFFGetField(tiff->file, TIFFTAG_IMAGEWIDTH, &width);
    TIFFGetField(tiff->file, TIFFTAG_IMAGELENGTH, &height);
    tiff->width = width;
    tiff->height = height;
    char why[1024] = "";
    if (!TIFFRGBAImageOK(tiff->file, why) || !TIFFRGBAImageBegin(&tiff->image, tiff->file, 1, why)) {
        if (!*tiff->reason) snprintf(tiff->reason, DIPTYCH_TIFF_REASON, "%s", why);
        return false;
    }
    tiff->has_image = true;
    // Rows as they lie in the file: whoever asked turns the image.
    tiff->image.orientation = tiff->image.req_orientation = ORIENTATION_TOPLEFT;
    uint32_t rows = 0;
    if (TIFFIsTiled(tiff->file))
        TIFFGetField(tiff->file, TIFFTAG_TILELENGTH, &rows);
    else
        TIFFGetFieldDefaulted(tiff->file, TIFFTAG_ROWSPERSTRIP, &rows);
    tiff->strip_rows = rows == 0 || rows > height ? height : rows;
    return tiff->width > 0 && tiff->height > 0;
}

diptych_tiff *diptych_tiff_open(const uint8_t *bytes, size_t count, char *reason) {
    *reason = 0;
    diptych_tiff *tiff = calloc(1, sizeof *tiff);
    if (!tiff) {
        snprintf(reason, DIPTYCH_TIFF_REASON, "out of memory");
        return NULL;
    }
    tiff->bytes = bytes;
    tiff->count = count;
    tiff->reason = reason;
    if (!begin(tiff)) {
        diptych_tiff_close(tiff);
        return NULL;
    }
    return tiff;
}

size_t diptych_tiff_width(const diptych_tiff *tiff) { return tiff->width; }

size_t diptych_tiff_height(const diptych_tiff *tiff) { return tiff->height; }

int diptych_tiff_read(diptych_tiff *tiff, uint8_t *out, size_t rows, char *reason) {
    *reason = 0;
    tiff->reason = reason;
    if (rows > tiff->height - tiff->next) return -1;
    if (!tiff->strip) tiff->strip = calloc(tiff->width * tiff->strip_rows, sizeof *tiff->strip);
    if (!tiff->strip) {
        snprintf(reason, DIPTYCH_TIFF_REASON, "out of memory");
        return -1;
    }
    for (size_t row = 0; row < rows; row++, tiff->next++) {
        if (tiff->next >= tiff->first + tiff->held) {
            tiff->first += tiff->held;
            size_t left = tiff->height - tiff->first;
            tiff->held = left < tiff->strip_rows ? left : tiff->strip_rows;
            tiff->image.row_offset = (int)tiff->first;
            tiff->image.col_offset = 0;
            if (!TIFFRGBAImageGet(&tiff->image, tiff->strip, (uint32_t)tiff->width, (uint32_t)tiff->held)) return -1;
        }
        const uint32_t *from = tiff->strip + (tiff->next - tiff->first) * tiff->width;
        for (size_t x = 0; x < tiff->width; x++, out += 3) {
            out[0] = (uint8_t)TIFFGetR(from[x]);
            out[1] = (uint8_t)TIFFGetG(from[x]);
            out[2] = (uint8_t)TIFFGetB(from[x]);
        }
    }
    return 0;
}
