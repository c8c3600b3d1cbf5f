// Resampling of 8-bit RGB images, equal to Pillow's Image.resize in every byte, with and without its `box`.
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "diptych_kernels.h"

// The numbers are those that Pillow and preprocessor_config.json give to the filters.
typedef enum {
    DIPTYCH_FILTER_NEAREST = 0,
    DIPTYCH_FILTER_LANCZOS = 1,
    DIPTYCH_FILTER_BILINEAR = 2,
    DIPTYCH_FILTER_BICUBIC = 3,
    DIPTYCH_FILTER_BOX = 4,
    DIPTYCH_FILTER_HAMMING = 5
} diptych_filter;

typedef enum {
    DIPTYCH_RESIZE_DONE = 0,
    DIPTYCH_RESIZE_BAD_ARGUMENT = 1,
    DIPTYCH_RESIZE_OUT_OF_MEMORY = 2
} diptych_resize_status;

// An image of in_width × in_height is resampled to out_width × out_height, of which only the crop is computed.
// No side may be 0 or above DIPTYCH_RESIZE_MAX_SIDE; the crop lies inside the output. The box is the part of the input
// that becomes the output, down to fractions of a pixel. It may reach beyond the input by less than a pixel, where no samples
// are and the weights of the others sum to 1. Single precision is part of the result.
typedef struct {
    size_t in_width, in_height;
    float box_x, box_y, box_width, box_height;
    size_t out_width, out_height;
    size_t crop_x, crop_y, crop_width, crop_height;
} diptych_resize_geometry;

#define DIPTYCH_RESIZE_MAX_SIDE ((size_t)1 << 24)

// `in` holds in_height rows of in_width × 3 bytes, `out` takes crop_height rows of crop_width × 3 bytes, both without
// gaps between rows. Every instruction set gives the same bytes.
diptych_resize_status diptych_resize_rgb8(
    const uint8_t *in, uint8_t *out, const diptych_resize_geometry *geometry, diptych_filter filter, diptych_isa isa);

// The same for an image that comes a few rows at a time, which may lie turned or mirrored in its file. The geometry is
// that of the upright image, `orientation` the EXIF value, 1 to 8; rows come as they lie. NULL, with a status, when there is no
// memory, and for what is not resampled along both sides or by the nearest pixel: those need the whole image.
typedef struct diptych_resize_stream diptych_resize_stream;
diptych_resize_stream *diptych_resize_begin(
    const diptych_resize_geometry *geometry, int orientation, diptych_filter filter, diptych_isa isa,
    diptych_resize_status *status);

// Where the next rows are to be put, without gaps, and how many at most: 0 after the last.
uint8_t *diptych_resize_space(diptych_resize_stream *stream, size_t *rows);
// Takes so many rows from there.
diptych_resize_status diptych_resize_took(diptych_resize_stream *stream, size_t rows);
// Gives the upright crop after the last row, as diptych_resize_rgb8 does.
diptych_resize_status diptych_resize_end(diptych_resize_stream *stream, uint8_t *out);
void diptych_resize_discard(diptych_resize_stream *stream);
