// JPEG data to RGB rows through libjpeg-turbo, without libvips between: its copies of each row took as long as decoding.
#pragma once
#include <stddef.h>
#include <stdint.h>

typedef struct diptych_jpeg diptych_jpeg;

// The longest reason, with its terminating zero.
#define DIPTYCH_JPEG_REASON 200

// Reads the header and begins to decode at 1/`shrink` (1, 2, 4 or 8) of the size. `bytes` must stay valid until the end.
// NULL where that fails, with the reason, and where the result would not be 8-bit RGB, with an empty one.
// Nothing is decoded beyond the sides of the header: the caller has checked them.
diptych_jpeg *diptych_jpeg_open(const uint8_t *bytes, size_t count, int shrink, char *reason);

// The sides of what is decoded, cut to whole pixels of 1/`shrink`, at least 1.
size_t diptych_jpeg_width(const diptych_jpeg *jpeg);
size_t diptych_jpeg_height(const diptych_jpeg *jpeg);

// Decodes the next rows and puts them at `out` without gaps, 3 bytes a pixel. 0 when all are there; otherwise the reason says
// what is wrong with the data, and nothing more may be read.
int diptych_jpeg_read(diptych_jpeg *jpeg, uint8_t *out, size_t rows, char *reason);

void diptych_jpeg_close(diptych_jpeg *jpeg);
