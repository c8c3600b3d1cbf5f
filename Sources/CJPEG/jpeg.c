#include <setjmp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>
#include <jerror.h>

#include "diptych_jpeg.h"

// A progressive file may repeat its scans without end, each as long to decode as the whole image; encoders make about ten.
enum { MOST_SCANS = 100 };

struct diptych_jpeg {
    struct jpeg_decompress_struct decoder;
    struct jpeg_error_mgr errors;
    struct jpeg_source_mgr source;
    struct jpeg_progress_mgr progress;
    jmp_buf failed;
    char *reason;
    size_t width, height;
    uint8_t *row;     // of the decoder's width, where that is more, and of its ink, where it gives CMYK
    bool isTolerant;  // the data's end is the image's
};

// libjpeg must not go on after an error; it leaves through the function that called it.
static void leave(j_common_ptr common) {
    diptych_jpeg *jpeg = common->client_data;
    char text[JMSG_LENGTH_MAX];
    common->err->format_message(common, text);
    snprintf(jpeg->reason, DIPTYCH_JPEG_REASON, "%s", text);
    longjmp(jpeg->failed, 1);
}

static void say_nothing(j_common_ptr common) { (void)common; }

// Warnings are counted and otherwise passed over, as by libvips and Pillow: such files are shown by everybody.
static void note(j_common_ptr common, int level) {
    if (level < 0) common->err->num_warnings++;
}

static void nothing(j_decompress_ptr decoder) { (void)decoder; }

// All bytes are there from the beginning, so whoever wants more has come to an early end. A tolerant decoder is given an end
// marker there, as by Pillow's LOAD_TRUNCATED_IMAGES, and makes up the rest.
static boolean end_of_data(j_decompress_ptr decoder) {
    static const JOCTET end[] = {0xFF, JPEG_EOI};
    const diptych_jpeg *jpeg = decoder->client_data;
    if (!jpeg->isTolerant) ERREXIT(decoder, JERR_INPUT_EOF);
    decoder->src->next_input_byte = end;
    decoder->src->bytes_in_buffer = sizeof end;
    return TRUE;
}

static void skip(j_decompress_ptr decoder, long count) {
    struct jpeg_source_mgr *source = decoder->src;
    if (count <= 0) return;
    if ((size_t)count > source->bytes_in_buffer) {
        end_of_data(decoder);
        return;
    }
    source->next_input_byte += count;
    source->bytes_in_buffer -= (size_t)count;
}

static void watch(j_common_ptr common) {
    if (((j_decompress_ptr)common)->input_scan_number <= MOST_SCANS) return;
    diptych_jpeg *jpeg = common->client_data;
    snprintf(jpeg->reason, DIPTYCH_JPEG_REASON, "more than %d scans", MOST_SCANS);
    longjmp(jpeg->failed, 1);
}

void diptych_jpeg_close(diptych_jpeg *jpeg) {
    if (!jpeg) return;
    jpeg_destroy_decompress(&jpeg->decoder);
    free(jpeg->row);
    free(jpeg);
}

// What may leave by longjmp; functions of their own, so that no variable of the caller changes meanwhile.
static bool read_header(diptych_jpeg *jpeg) {
    struct jpeg_decompress_struct *decoder = &jpeg->decoder;
    if (setjmp(jpeg->failed)) return false;
    jpeg_create_decompress(decoder);
    decoder->client_data = jpeg;
    decoder->src = &jpeg->source;
    decoder->progress = &jpeg->progress;
    jpeg_read_header(decoder, TRUE);
    return true;
}

static bool begin(diptych_jpeg *jpeg, int shrink) {
    struct jpeg_decompress_struct *decoder = &jpeg->decoder;
    if (setjmp(jpeg->failed)) return false;
    decoder->scale_num = 1;
    decoder->scale_denom = (unsigned)shrink;
    if (decoder->num_components == 4) {
        decoder->out_color_space = JCS_CMYK;
    } else if (decoder->num_components == 3 || decoder->num_components == 1) {
        decoder->out_color_space = JCS_RGB;
    } else {
        return false;
    }
    jpeg_start_decompress(decoder);
    return decoder->output_components == (decoder->num_components == 4 ? 4 : 3);
}

diptych_jpeg *diptych_jpeg_open(const uint8_t *bytes, size_t count, bool isTolerant, char *reason) {
    *reason = 0;
    diptych_jpeg *jpeg = calloc(1, sizeof *jpeg);
    if (!jpeg) {
        snprintf(reason, DIPTYCH_JPEG_REASON, "out of memory");
        return NULL;
    }
    jpeg->reason = reason;
    jpeg->isTolerant = isTolerant;
    jpeg->decoder.err = jpeg_std_error(&jpeg->errors);
    // Also for errors before jpeg_create_decompress is done.
    jpeg->decoder.client_data = jpeg;
    jpeg->errors.error_exit = leave;
    jpeg->errors.output_message = say_nothing;
    jpeg->errors.emit_message = note;
    jpeg->progress.progress_monitor = watch;
    jpeg->source = (struct jpeg_source_mgr){
        .next_input_byte = bytes, .bytes_in_buffer = count, .init_source = nothing, .fill_input_buffer = end_of_data,
        .skip_input_data = skip, .resync_to_restart = jpeg_resync_to_restart, .term_source = nothing};
    if (!read_header(jpeg)) {
        diptych_jpeg_close(jpeg);
        return NULL;
    }
    jpeg->width = jpeg->decoder.image_width;
    jpeg->height = jpeg->decoder.image_height;
    return jpeg;
}

int diptych_jpeg_start(diptych_jpeg *jpeg, int shrink, char *reason) {
    *reason = 0;
    jpeg->reason = reason;
    if (!begin(jpeg, shrink)) return -1;
    // libjpeg rounds sides up: of the last pixels only a part would lie in the image.
    jpeg->width = jpeg->decoder.image_width / (unsigned)shrink;
    jpeg->height = jpeg->decoder.image_height / (unsigned)shrink;
    if (jpeg->width == 0) jpeg->width = 1;
    if (jpeg->height == 0) jpeg->height = 1;
    int components = jpeg->decoder.output_components;
    bool isPlain = jpeg->width == jpeg->decoder.output_width && components == 3;
    if (!isPlain) jpeg->row = malloc((size_t)jpeg->decoder.output_width * (size_t)components);
    if (jpeg->width > jpeg->decoder.output_width || jpeg->height > jpeg->decoder.output_height ||
        (!isPlain && !jpeg->row)) {
        snprintf(reason, DIPTYCH_JPEG_REASON, "out of memory");
        return -1;
    }
    return 0;
}

size_t diptych_jpeg_width(const diptych_jpeg *jpeg) { return jpeg->width; }

size_t diptych_jpeg_height(const diptych_jpeg *jpeg) { return jpeg->height; }

static unsigned divided_by_255(unsigned value) {
    unsigned rounded = value + 128;
    return ((rounded >> 8) + rounded) >> 8;
}

// Ink to light, by Pillow's formula. Adobe's programs store ink inverted, and Pillow takes all JPEG files for theirs.
static void put_ink(const diptych_jpeg *jpeg, uint8_t *out) {
    for (size_t x = 0; x < jpeg->width; x++) {
        const uint8_t *ink = jpeg->row + 4 * x;
        unsigned light = ink[3];
        for (int channel = 0; channel < 3; channel++)
            out[3 * x + channel] = (uint8_t)(light - divided_by_255((255u - ink[channel]) * light));
    }
}

int diptych_jpeg_read(diptych_jpeg *jpeg, uint8_t *out, size_t rows, char *reason) {
    enum { AT_ONCE = 16 };
    struct jpeg_decompress_struct *decoder = &jpeg->decoder;
    *reason = 0;
    jpeg->reason = reason;
    if (rows > jpeg->height - decoder->output_scanline) return -1;
    if (setjmp(jpeg->failed)) return -1;
    size_t first = decoder->output_scanline, bytes = jpeg->width * 3;
    while (decoder->output_scanline < first + rows) {
        size_t done = decoder->output_scanline - first, count = rows - done;
        JSAMPROW places[AT_ONCE];
        if (jpeg->row) {
            places[0] = jpeg->row;
            count = 1;
        } else {
            if (count > AT_ONCE) count = AT_ONCE;
            for (size_t i = 0; i < count; i++) places[i] = out + (done + i) * bytes;
        }
        // With all data there it gives a row at least, or leaves.
        if (jpeg_read_scanlines(decoder, places, (JDIMENSION)count) == 0) return -1;
        if (!jpeg->row) continue;
        if (decoder->output_components == 4)
            put_ink(jpeg, out + done * bytes);
        else
            memcpy(out + done * bytes, jpeg->row, bytes);
    }
    return 0;
}
