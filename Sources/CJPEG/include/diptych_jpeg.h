// JPEG data to RGB rows through libjpeg-turbo, without libvips between: its copies of each row took as long as decoding.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct diptych_jpeg diptych_jpeg;

// The longest reason, with its terminating zero.
#define DIPTYCH_JPEG_REASON 200

// Reads the header. `bytes` must stay valid until the end. NULL where that fails, with the reason. A tolerant decoder takes the
// data's end for the image's, and fills what is missing with grey or with what came before.
diptych_jpeg *diptych_jpeg_open(const uint8_t *bytes, size_t count, bool isTolerant, char *reason);

// The sides in the header, and once decoding has begun those of what is decoded, cut to whole pixels of 1/`shrink`, at least 1.
size_t diptych_jpeg_width(const diptych_jpeg *jpeg);
size_t diptych_jpeg_height(const diptych_jpeg *jpeg);

// Begins to decode at 1/`shrink` (1, 2, 4 or 8) of the size, which the caller has checked; colours become RGB, grey and ink as
// well. Not 0 where that fails, with the reason, and where there are neither 1, 3 nor 4 components, with an empty one.
int diptych_jpeg_start(diptych_jpeg *jpeg, int shrink, char *reason);

// Decodes the next rows and puts them at `out` without gaps, 3 bytes a pixel. 0 when all are there; otherwise the reason says
// what is wrong with the data, and nothing more may be read.
int diptych_jpeg_read(diptych_jpeg *jpeg, uint8_t *out, size_t rows, char *reason);

void diptych_jpeg_close(diptych_jpeg *jpeg);
