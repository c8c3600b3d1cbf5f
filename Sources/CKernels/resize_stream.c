// A resize that takes its input a few rows at a time, as a decoder gives them, so that the whole image is never in memory
// and each row is still in the cache when it is resampled. The image may lie turned or mirrored in its file: then the
// passes change places and their weights run backwards. Sums are exact integers, so no byte of the result changes.
#include <stdlib.h>
#include <string.h>

#include "resize_internal.h"

// Rows that are taken at once where the first pass is along the rows: enough for the kernels, few enough for the cache.
enum { STRIP_ROWS = 16 };

struct diptych_resize_stream {
    size_t width, height;    // of the input, as it lies
    bool turned, mirrored_x, mirrored_y;  // where upright columns and rows lie in the input
    bool rows_first;         // whether the first pass is along the input's rows
    diptych_isa isa;
    resize_table x, y;       // weights along the input's rows and columns
    size_t first, needed;    // what the second pass draws on: input rows where rows_first, otherwise input columns
    uint8_t *window;         // input rows from `base` on
    size_t capacity, base, held;
    uint8_t *between;        // what the first pass gave
    size_t done;             // outputs of the table `y` that the first pass has given, where it is along the columns
};

// Turns a table around, as if the input began at its other end; what comes last is given first.
static void mirror(resize_table *table, size_t in_size) {
    for (size_t i = 0; i < table->outputs; i++) {
        table->start[i] = (int32_t)(in_size - table->taps) - table->start[i];
        int32_t *weights = table->weights + i * table->taps;
        for (size_t low = 0, high = table->taps - 1; low < high; low++, high--) {
            int32_t weight = weights[low];
            weights[low] = weights[high];
            weights[high] = weight;
        }
    }
    for (size_t low = 0, high = table->outputs - 1; low < high; low++, high--) {
        int32_t start = table->start[low];
        table->start[low] = table->start[high];
        table->start[high] = start;
        int32_t *a = table->weights + low * table->taps, *b = table->weights + high * table->taps;
        for (size_t t = 0; t < table->taps; t++) {
            int32_t weight = a[t];
            a[t] = b[t];
            b[t] = weight;
        }
    }
}

void diptych_resize_discard(diptych_resize_stream *s) {
    if (!s) return;
    resize_free_table(&s->x);
    resize_free_table(&s->y);
    free(s->window);
    free(s->between);
    free(s);
}

diptych_resize_stream *diptych_resize_begin(
    const diptych_resize_geometry *g, int orientation, diptych_filter filter, diptych_isa isa,
    diptych_resize_status *status) {
    *status = DIPTYCH_RESIZE_BAD_ARGUMENT;
    if (!resize_is_sound(g) || filter == DIPTYCH_FILTER_NEAREST || orientation < 1 || orientation > 8) return NULL;
    diptych_resize_stream *s = calloc(1, sizeof *s);
    *status = DIPTYCH_RESIZE_OUT_OF_MEMORY;
    if (!s) return NULL;
    s->isa = isa;
    s->turned = orientation >= 5;
    bool across_mirrored = orientation == 2 || orientation == 3 || orientation == 6 || orientation == 7;
    bool down_mirrored = orientation == 3 || orientation == 4 || orientation == 7 || orientation == 8;
    s->mirrored_x = s->turned ? down_mirrored : across_mirrored;
    s->mirrored_y = s->turned ? across_mirrored : down_mirrored;
    s->width = s->turned ? g->in_height : g->in_width;
    s->height = s->turned ? g->in_width : g->in_height;

    resize_passes passes;
    size_t block = resize_block(isa);
    *status = resize_tables(g, filter, s->turned ? 1 : block, s->turned ? block : 1, &passes);
    s->x = s->turned ? passes.down : passes.across;
    s->y = s->turned ? passes.across : passes.down;
    if (*status == DIPTYCH_RESIZE_DONE && !(passes.wider && passes.higher)) *status = DIPTYCH_RESIZE_BAD_ARGUMENT;
    if (*status != DIPTYCH_RESIZE_DONE) {
        diptych_resize_discard(s);
        return NULL;
    }
    if (s->mirrored_x) mirror(&s->x, s->width);
    if (s->mirrored_y) mirror(&s->y, s->height);

    s->rows_first = passes.vertical_first == s->turned;
    s->needed = resize_narrow(s->rows_first ? &s->y : &s->x, &s->first);
    s->capacity = s->rows_first ? STRIP_ROWS : s->y.taps + (s->y.taps > STRIP_ROWS ? s->y.taps : STRIP_ROWS);
    s->window = malloc(s->capacity * s->width * 3);
    s->between = malloc((s->rows_first ? s->needed * s->x.outputs : s->y.outputs * s->needed) * 3);
    if (!s->window || !s->between) {
        diptych_resize_discard(s);
        *status = DIPTYCH_RESIZE_OUT_OF_MEMORY;
        return NULL;
    }
    return s;
}

uint8_t *diptych_resize_space(diptych_resize_stream *s, size_t *rows) {
    size_t left = s->height - (s->base + s->held), free_rows = s->capacity - s->held;
    *rows = free_rows < left ? free_rows : left;
    if (*rows > STRIP_ROWS) *rows = STRIP_ROWS;
    return s->window + s->held * s->width * 3;
}

// Resamples what lies in the window along its rows; nothing of it is needed afterwards.
static diptych_resize_status take_rows(diptych_resize_stream *s) {
    size_t from = s->base > s->first ? s->base : s->first;
    size_t end = s->base + s->held, last = s->first + s->needed;
    if (end > last) end = last;
    diptych_resize_status status = DIPTYCH_RESIZE_DONE;
    if (from < end) {
        resize_plane in = {s->window + (from - s->base) * s->width * 3, s->width * 3};
        status = resize_horizontal(
            in, end - from, &s->x, s->isa, s->between + (from - s->first) * s->x.outputs * 3);
    }
    s->base += s->held;
    s->held = 0;
    return status;
}

// Resamples along the columns those outputs whose last row has come, and lets go of rows that no other one needs.
static diptych_resize_status take_columns(diptych_resize_stream *s) {
    resize_table *y = &s->y;
    while (s->done < y->outputs && (size_t)y->start[s->done] + y->taps <= s->base + s->held) {
        int32_t start = y->start[s->done] - (int32_t)s->base;
        resize_table one = {
            .outputs = 1, .taps = y->taps, .start = &start, .weights = y->weights + s->done * y->taps};
        resize_plane in = {s->window + s->first * 3, s->width * 3};
        diptych_resize_status status =
            resize_vertical(in, s->needed * 3, &one, s->isa, s->between + s->done * s->needed * 3);
        free(one.halves);
        if (status != DIPTYCH_RESIZE_DONE) return status;
        s->done++;
    }
    size_t end = s->base + s->held;
    size_t keep = s->done < y->outputs ? (size_t)y->start[s->done] : end;
    if (keep > end) keep = end;
    // Rows move only when there is no room for a strip, so that each is moved about once.
    if (keep > s->base && (s->capacity - s->held < STRIP_ROWS || keep == end)) {
        memmove(s->window, s->window + (keep - s->base) * s->width * 3, (end - keep) * s->width * 3);
        s->held = end - keep;
        s->base = keep;
    }
    return DIPTYCH_RESIZE_DONE;
}

diptych_resize_status diptych_resize_took(diptych_resize_stream *s, size_t rows) {
    size_t space;
    diptych_resize_space(s, &space);
    if (rows > space) return DIPTYCH_RESIZE_BAD_ARGUMENT;
    s->held += rows;
    return s->rows_first ? take_rows(s) : take_columns(s);
}

diptych_resize_status diptych_resize_end(diptych_resize_stream *s, uint8_t *out) {
    if (s->base + s->held != s->height) return DIPTYCH_RESIZE_BAD_ARGUMENT;
    size_t columns = s->x.outputs, rows = s->y.outputs;
    bool as_is = !s->turned && !s->mirrored_x && !s->mirrored_y;
    uint8_t *lying = as_is ? out : malloc(columns * rows * 3);
    if (!lying) return DIPTYCH_RESIZE_OUT_OF_MEMORY;
    diptych_resize_status status;
    if (s->rows_first) {
        resize_plane between = {s->between, columns * 3};
        status = resize_vertical(between, columns * 3, &s->y, s->isa, lying);
    } else {
        resize_plane between = {s->between, s->needed * 3};
        status = resize_horizontal(between, rows, &s->x, s->isa, lying);
    }
    if (as_is) return status;
    for (size_t y = 0; y < rows && status == DIPTYCH_RESIZE_DONE; y++) {
        size_t upright_y = s->mirrored_y ? rows - 1 - y : y;
        for (size_t x = 0; x < columns; x++) {
            size_t upright_x = s->mirrored_x ? columns - 1 - x : x;
            size_t place = s->turned ? upright_x * rows + upright_y : upright_y * columns + upright_x;
            memcpy(out + place * 3, lying + (y * columns + x) * 3, 3);
        }
    }
    free(lying);
    return status;
}
