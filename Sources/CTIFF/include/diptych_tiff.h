// TIFF data in YCbCr to RGB rows through libtiff. libvips takes such samples for RGB, and refuses subsampled ones.
#pragma once
#include <stddef.h>
#include <stdint.h>

typedef struct diptych_tiff diptych_tiff;

// The longest reason, with its terminating zero.
#define DIPTYCH_TIFF_REASON 200

// Reads the first directory. `bytes` must stay valid until the end. NULL where that fails, with the reason.
diptych_tiff *diptych_tiff_open(const uint8_t *bytes, size_t count, char *reason);

size_t diptych_tiff_width(const diptych_tiff *tiff);
size_t diptych_tiff_height(const diptych_tiff *tiff);

// Decodes the next rows and puts them at `out` without gaps, 3 bytes a pixel. 0 when all are there, otherwise the reason says
// what is wrong with the data. A strip or a row of tiles is in memory at a time. The caller has checked the sides.
int diptych_tiff_read(diptych_tiff *tiff, uint8_t *out, size_t rows, char *reason);

void diptych_tiff_close(diptych_tiff *tiff);
