// Pillow resamples 8-bit images by a separable convolution, rounded to 8 bits after each of its two passes, with
// weights in 22-bit fixed point. The steps below follow that definition, down to the order of its double operations,
// because a weight that differs in its last bit can change a byte.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "resize_internal.h"

// A fused multiply-add would round once where the definition rounds twice.
#pragma STDC FP_CONTRACT OFF

static double box_filter(double x) { return x > -0.5 && x <= 0.5 ? 1.0 : 0.0; }

static double bilinear_filter(double x) {
    x = fabs(x);
    return x < 1.0 ? 1.0 - x : 0.0;
}

static double hamming_filter(double x) {
    x = fabs(x);
    if (x == 0.0) return 1.0;
    if (x >= 1.0) return 0.0;
    x = x * M_PI;
    return sin(x) / x * (0.54f + 0.46f * cos(x));
}

static double bicubic_filter(double x) {
    const double a = -0.5;
    x = fabs(x);
    if (x < 1.0) return ((a + 2.0) * x - (a + 3.0)) * x * x + 1;
    if (x < 2.0) return (((x - 5) * x + 8) * x - 4) * a;
    return 0.0;
}

static double sinc(double x) {
    if (x == 0.0) return 1.0;
    x = x * M_PI;
    return sin(x) / x;
}

static double lanczos_filter(double x) { return -3.0 <= x && x < 3.0 ? sinc(x) * sinc(x / 3) : 0.0; }

typedef struct {
    double (*value)(double);
    double support;
} filter_shape;

static filter_shape shape_of(diptych_filter filter) {
    switch (filter) {
        case DIPTYCH_FILTER_BOX: return (filter_shape){box_filter, 0.5};
        case DIPTYCH_FILTER_BILINEAR: return (filter_shape){bilinear_filter, 1.0};
        case DIPTYCH_FILTER_HAMMING: return (filter_shape){hamming_filter, 1.0};
        case DIPTYCH_FILTER_BICUBIC: return (filter_shape){bicubic_filter, 2.0};
        case DIPTYCH_FILTER_LANCZOS: return (filter_shape){lanczos_filter, 3.0};
        default: return (filter_shape){NULL, 0.0};
    }
}

// Samples that one output sample draws on, and where its window lies.
typedef struct {
    double origin, scale, filter_scale, support;
    size_t in_size;
} axis;

// One side of the input and of its box.
typedef struct {
    size_t size;
    float origin, extent;
} input_side;

static bool is_whole(input_side in) { return in.origin == 0.0f && in.extent == (float)in.size; }

static axis axis_of(input_side in, size_t out_size, filter_shape shape) {
    axis a = {.origin = in.origin, .in_size = in.size};
    a.scale = (double)in.extent / (double)out_size;
    a.filter_scale = a.scale < 1.0 ? 1.0 : a.scale;
    a.support = shape.support * a.filter_scale;
    return a;
}

static void window_of(const axis *a, size_t output, double *center, int64_t *first, int64_t *count) {
    *center = a->origin + ((double)output + 0.5) * a->scale;
    int64_t low = (int64_t)(*center - a->support + 0.5);
    int64_t high = (int64_t)(*center + a->support + 0.5);
    if (low < 0) low = 0;
    if (high > (int64_t)a->in_size) high = (int64_t)a->in_size;
    if (low > high) low = high;
    *first = low;
    *count = high - low;
}

void resize_free_table(resize_table *table) {
    free(table->start);
    free(table->weights);
    free(table->halves);
    free(table->digits);
}

// Weights for outputs [from, from + outputs). `multiple` rounds the row length up where the input is long enough.
static diptych_resize_status make_table(
    resize_table *table, input_side in, size_t out_size, size_t from, size_t outputs, filter_shape shape,
    size_t multiple) {
    axis a = axis_of(in, out_size, shape);
    size_t in_size = in.size;
    double center;
    int64_t first, count;
    size_t longest = 1;
    for (size_t i = 0; i < outputs; i++) {
        window_of(&a, from + i, &center, &first, &count);
        if (count > 0 && (size_t)count > longest) longest = (size_t)count;
    }
    size_t taps = (longest + multiple - 1) / multiple * multiple;
    if (taps > in_size) taps = longest;

    *table = (resize_table){.outputs = outputs, .taps = taps};
    table->start = calloc(outputs, sizeof *table->start);
    table->weights = calloc(outputs * taps, sizeof *table->weights);
    double *exact = calloc(longest, sizeof *exact);
    if (!table->start || !table->weights || !exact) {
        free(exact);
        return DIPTYCH_RESIZE_OUT_OF_MEMORY;
    }

    for (size_t i = 0; i < outputs; i++) {
        window_of(&a, from + i, &center, &first, &count);
        double total = 0.0, inverse = 1.0 / a.filter_scale;
        for (int64_t x = 0; x < count; x++) {
            exact[x] = shape.value(((double)(x + first) - center + 0.5) * inverse);
            total += exact[x];
        }
        int64_t start = first + (int64_t)taps > (int64_t)in_size ? (int64_t)in_size - (int64_t)taps : first;
        int32_t *weights = table->weights + i * taps + (first - start);
        for (int64_t x = 0; x < count; x++) {
            double weight = total != 0.0 ? exact[x] / total : exact[x];
            double scaled = weight * (double)(1 << WEIGHT_BITS);
            weights[x] = (int32_t)(weight < 0 ? -0.5 + scaled : 0.5 + scaled);
        }
        table->start[i] = (int32_t)start;
    }
    free(exact);
    return DIPTYCH_RESIZE_DONE;
}

#if defined(__x86_64__)
// The pieces of weights that the vectorised kernels multiply.
static void split_halves(const int32_t *weights, size_t taps, int16_t *halves) {
    for (size_t t = 0; t < taps; t++) {
        int16_t low = (int16_t)(uint16_t)(weights[t] & 0xffff);
        halves[t] = low;
        halves[taps + t] = (int16_t)((weights[t] - low) / 65536);
    }
}

// False when a weight is too large for three signed bytes.
static bool split_digits(const int32_t *weights, size_t taps, int8_t *digits) {
    for (size_t t = 0; t < taps; t++) {
        int32_t rest = weights[t];
        for (size_t d = 0; d < 3; d++) {
            int8_t digit = (int8_t)(uint8_t)(rest & 0xff);
            digits[d * taps + t] = digit;
            rest = (rest - digit) / 256;
        }
        if (rest != 0) return false;
    }
    return true;
}

static diptych_resize_status add_halves(resize_table *table) {
    if (table->halves) return DIPTYCH_RESIZE_DONE;
    table->halves = malloc(table->outputs * 2 * table->taps * sizeof *table->halves);
    if (!table->halves) return DIPTYCH_RESIZE_OUT_OF_MEMORY;
    for (size_t i = 0; i < table->outputs; i++)
        split_halves(table->weights + i * table->taps, table->taps, table->halves + i * 2 * table->taps);
    return DIPTYCH_RESIZE_DONE;
}

// Leaves table->digits NULL where the weights do not fit.
static diptych_resize_status add_digits(resize_table *table) {
    if (table->digits) return DIPTYCH_RESIZE_DONE;
    table->digits = malloc(table->outputs * 3 * table->taps);
    if (!table->digits) return DIPTYCH_RESIZE_OUT_OF_MEMORY;
    for (size_t i = 0; i < table->outputs; i++) {
        if (split_digits(table->weights + i * table->taps, table->taps, table->digits + i * 3 * table->taps)) continue;
        free(table->digits);
        table->digits = NULL;
        return DIPTYCH_RESIZE_DONE;
    }
    return DIPTYCH_RESIZE_DONE;
}
#endif

static void horizontal_scalar(
    const uint8_t *in, size_t in_stride, size_t rows, const resize_table *table, uint8_t *out) {
    for (size_t y = 0; y < rows; y++, in += in_stride) {
        for (size_t x = 0; x < table->outputs; x++, out += 3) {
            const uint8_t *pixel = in + (size_t)table->start[x] * 3;
            const int32_t *weights = table->weights + x * table->taps;
            int32_t red = 1 << (WEIGHT_BITS - 1), green = red, blue = red;
            for (size_t t = 0; t < table->taps; t++, pixel += 3) {
                red += pixel[0] * weights[t];
                green += pixel[1] * weights[t];
                blue += pixel[2] * weights[t];
            }
            out[0] = resize_clip(red);
            out[1] = resize_clip(green);
            out[2] = resize_clip(blue);
        }
    }
}

static void vertical_scalar(
    const uint8_t *in, size_t in_stride, size_t bytes, const resize_table *table, size_t output, uint8_t *out) {
    const uint8_t *top = in + (size_t)table->start[output] * in_stride;
    const int32_t *weights = table->weights + output * table->taps;
    for (size_t x = 0; x < bytes; x++) {
        int32_t sum = 1 << (WEIGHT_BITS - 1);
        for (size_t t = 0; t < table->taps; t++) sum += top[t * in_stride + x] * weights[t];
        out[x] = resize_clip(sum);
    }
}

// The horizontal pass over `rows` rows.
diptych_resize_status resize_horizontal(
    resize_plane in, size_t rows, resize_table *table, diptych_isa isa, uint8_t *out) {
#if defined(__x86_64__)
    diptych_resize_status status = DIPTYCH_RESIZE_DONE;
    if (isa >= DIPTYCH_ISA_AVX512 && table->taps % 16 == 0 && resize_has_vnni()) status = add_digits(table);
    if (status == DIPTYCH_RESIZE_DONE && table->digits) {
        resize_horizontal_vnni(in.pixels, in.stride, rows, table, out);
        return DIPTYCH_RESIZE_DONE;
    }
    // Where the input is shorter than one block of weights, the scalar kernel does it.
    if (status == DIPTYCH_RESIZE_DONE && isa >= DIPTYCH_ISA_AVX2 && table->taps % 8 == 0) {
        status = add_halves(table);
        if (status == DIPTYCH_RESIZE_DONE) resize_horizontal_avx2(in.pixels, in.stride, rows, table, out);
        return status;
    }
    if (status != DIPTYCH_RESIZE_DONE) return status;
#endif
    (void)isa;
    horizontal_scalar(in.pixels, in.stride, rows, table, out);
    return DIPTYCH_RESIZE_DONE;
}

// The vertical pass over rows of `bytes` bytes.
diptych_resize_status resize_vertical(
    resize_plane in, size_t bytes, resize_table *table, diptych_isa isa, uint8_t *out) {
#if defined(__x86_64__)
    if (isa >= DIPTYCH_ISA_AVX2 && bytes >= 16) {
        diptych_resize_status status = add_halves(table);
        for (size_t y = 0; status == DIPTYCH_RESIZE_DONE && y < table->outputs; y++)
            resize_vertical_avx2(in.pixels, in.stride, bytes, table, y, out + y * bytes);
        return status;
    }
#endif
    (void)isa;
    for (size_t y = 0; y < table->outputs; y++)
        vertical_scalar(in.pixels, in.stride, bytes, table, y, out + y * bytes);
    return DIPTYCH_RESIZE_DONE;
}

size_t resize_narrow(resize_table *table, size_t *first) {
    *first = (size_t)table->start[0];
    size_t last = (size_t)table->start[table->outputs - 1] + table->taps;
    for (size_t i = 0; i < table->outputs; i++) table->start[i] -= (int32_t)*first;
    return last - *first;
}

// Both passes. The first one is done only for the samples that the second draws on.
static diptych_resize_status both_passes(
    resize_plane in, bool vertical_first, resize_table *across, resize_table *down, diptych_isa isa, uint8_t *out) {
    size_t first, needed = resize_narrow(vertical_first ? across : down, &first);
    size_t stride = (vertical_first ? needed : across->outputs) * 3;
    uint8_t *between = malloc((vertical_first ? down->outputs : needed) * stride);
    if (!between) return DIPTYCH_RESIZE_OUT_OF_MEMORY;
    resize_plane halfway = {between, stride};
    diptych_resize_status status;
    if (vertical_first) {
        in.pixels += first * 3;
        status = resize_vertical(in, stride, down, isa, between);
        if (status == DIPTYCH_RESIZE_DONE) status = resize_horizontal(halfway, down->outputs, across, isa, out);
    } else {
        in.pixels += first * in.stride;
        status = resize_horizontal(in, needed, across, isa, between);
        if (status == DIPTYCH_RESIZE_DONE) status = resize_vertical(halfway, stride, down, isa, out);
    }
    free(between);
    return status;
}

// Pillow 13 began to do the vertical pass first where the height shrinks by more than twice what the width does.
static bool is_vertical_first(const diptych_resize_geometry *g) {
    int64_t shrink_x = (int64_t)g->in_width - (int64_t)g->out_width;
    int64_t shrink_y = (int64_t)g->in_height - (int64_t)g->out_height;
    return shrink_y > 0 && shrink_y > 2 * shrink_x;
}

size_t resize_block(diptych_isa isa) { return isa == DIPTYCH_ISA_SCALAR ? 1 : isa == DIPTYCH_ISA_AVX2 ? 8 : 16; }

diptych_resize_status resize_tables(
    const diptych_resize_geometry *g, diptych_filter filter, size_t across_multiple, size_t down_multiple,
    resize_passes *passes) {
    *passes = (resize_passes){.vertical_first = is_vertical_first(g)};
    filter_shape shape = shape_of(filter);
    if (!shape.value) return DIPTYCH_RESIZE_BAD_ARGUMENT;
    input_side columns = {g->in_width, g->box_x, g->box_width}, rows = {g->in_height, g->box_y, g->box_height};
    passes->wider = g->in_width != g->out_width || !is_whole(columns);
    passes->higher = g->in_height != g->out_height || !is_whole(rows);
    diptych_resize_status status = DIPTYCH_RESIZE_DONE;
    if (passes->wider)
        status = make_table(&passes->across, columns, g->out_width, g->crop_x, g->crop_width, shape, across_multiple);
    if (passes->higher && status == DIPTYCH_RESIZE_DONE)
        status = make_table(&passes->down, rows, g->out_height, g->crop_y, g->crop_height, shape, down_multiple);
    return status;
}

static diptych_resize_status convolve(
    const uint8_t *pixels, uint8_t *out, const diptych_resize_geometry *g, diptych_filter filter, diptych_isa isa) {
    resize_plane in = {pixels, g->in_width * 3};
    resize_passes p;
    diptych_resize_status status = resize_tables(g, filter, resize_block(isa), 1, &p);
    if (!p.wider) in.pixels += g->crop_x * 3;
    if (!p.higher) in.pixels += g->crop_y * in.stride;
    if (status == DIPTYCH_RESIZE_DONE) {
        if (p.wider && p.higher) status = both_passes(in, p.vertical_first, &p.across, &p.down, isa, out);
        else if (p.wider) status = resize_horizontal(in, g->crop_height, &p.across, isa, out);
        else if (p.higher) status = resize_vertical(in, g->crop_width * 3, &p.down, isa, out);
        else
            for (size_t y = 0; y < g->crop_height; y++)
                memcpy(out + y * g->crop_width * 3, in.pixels + y * in.stride, g->crop_width * 3);
    }
    resize_free_table(&p.across);
    resize_free_table(&p.down);
    return status;
}

// Pillow steps through the input by adding the scale for each output sample; the sum's rounding is part of the result.
static diptych_resize_status nearest(const uint8_t *in, uint8_t *out, const diptych_resize_geometry *g) {
    double scale_x = (double)g->box_width / (double)g->out_width;
    double scale_y = (double)g->box_height / (double)g->out_height;
    size_t *columns = malloc(g->crop_width * sizeof *columns);
    if (!columns) return DIPTYCH_RESIZE_OUT_OF_MEMORY;
    double position = (double)g->box_x + scale_x * 0.5;
    for (size_t x = 0; x < g->crop_x + g->crop_width; x++, position += scale_x) {
        size_t column = position > 0.0 ? (size_t)position : 0;
        if (x >= g->crop_x) columns[x - g->crop_x] = (column < g->in_width ? column : g->in_width - 1) * 3;
    }
    position = (double)g->box_y + scale_y * 0.5;
    for (size_t y = 0; y < g->crop_y + g->crop_height; y++, position += scale_y) {
        if (y < g->crop_y) continue;
        size_t row = position > 0.0 ? (size_t)position : 0;
        const uint8_t *line = in + (row < g->in_height ? row : g->in_height - 1) * g->in_width * 3;
        for (size_t x = 0; x < g->crop_width; x++, out += 3) memcpy(out, line + columns[x], 3);
    }
    free(columns);
    return DIPTYCH_RESIZE_DONE;
}

// Whether a box reaches beyond its side by less than a pixel. Written so that what is not a number fails.
static bool is_inside(input_side in) {
    return in.origin > -1.0f && in.extent > 0.0f && in.origin + in.extent < (float)in.size + 1.0f;
}

static bool is_side(size_t side) { return side >= 1 && side <= DIPTYCH_RESIZE_MAX_SIDE; }

bool resize_is_sound(const diptych_resize_geometry *g) {
    return is_side(g->in_width) && is_side(g->in_height) && is_side(g->out_width) && is_side(g->out_height) &&
           is_side(g->crop_width) && is_side(g->crop_height) && g->crop_width <= g->out_width &&
           g->crop_height <= g->out_height && g->crop_x <= g->out_width - g->crop_width &&
           g->crop_y <= g->out_height - g->crop_height && is_inside((input_side){g->in_width, g->box_x, g->box_width}) &&
           is_inside((input_side){g->in_height, g->box_y, g->box_height});
}

diptych_resize_status diptych_resize_rgb8(
    const uint8_t *in, uint8_t *out, const diptych_resize_geometry *g, diptych_filter filter, diptych_isa isa) {
    if (!resize_is_sound(g)) return DIPTYCH_RESIZE_BAD_ARGUMENT;
    if (filter == DIPTYCH_FILTER_NEAREST) return nearest(in, out, g);
    return convolve(in, out, g, filter, isa);
}
