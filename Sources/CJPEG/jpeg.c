#include <setjmp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>
#include <jerror.h>

#include "diptych_jpeg.h"

// A progressive file may repeat its scans without end, each as long to decode as the whole picture; encoders make about ten.
enum { MOST_SCANS = 100 };

struct diptych_jpeg {
    struct jpeg_decompress_struct decoder;
    struct jpeg_error_mgr errors;
    struct jpeg_source_mgr source;
    struct jpeg_progress_mgr progress;
    jmp_buf failed;
    char *reason;
    size_t width, height;
    uint8_t *row;  // of the decoder's width, where that is more
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

// All bytes are there from the beginning, so whoever wants more has come to an early end.
static boolean end_of_data(j_decompress_ptr decoder) {
    ERREXIT(decoder, JERR_INPUT_EOF);
    return FALSE;
}

static void skip(j_decompress_ptr decoder, long count) {
    struct jpeg_source_mgr *source = decoder->src;
    if (count <= 0) return;
    if ((size_t)count > source->bytes_in_buffer) end_of_data(decoder);
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

// Everything that may leave by longjmp; a function of its own, so that no variable of the caller changes meanwhile.
static bool begin(diptych_jpeg *jpeg, int shrink) {
    struct jpeg_decompress_struct *decoder = &jpeg->decoder;
    if (setjmp(jpeg->failed)) return false;
    jpeg_create_decompress(decoder);
    decoder->client_data = jpeg;
    decoder->src = &jpeg->source;
    decoder->progress = &jpeg->progress;
    jpeg_read_header(decoder, TRUE);
    decoder->scale_num = 1;
    decoder->scale_denom = (unsigned)shrink;
    if (decoder->data_precision != 8 || decoder->num_components != 3 || decoder->out_color_space != JCS_RGB) return false;
    jpeg_start_decompress(decoder);
    return decoder->output_components == 3;
}

diptych_jpeg *diptych_jpeg_open(const uint8_t *bytes, size_t count, int shrink, char *reason) {
    *reason = 0;
    diptych_jpeg *jpeg = calloc(1, sizeof *jpeg);
    if (!jpeg) {
        snprintf(reason, DIPTYCH_JPEG_REASON, "out of memory");
        return NULL;
    }
    jpeg->reason = reason;
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
    if (!begin(jpeg, shrink)) {
        diptych_jpeg_close(jpeg);
        return NULL;
    }
    // libjpeg rounds sides up: of the last pixels only a part would lie in the picture.
    jpeg->width = jpeg->decoder.image_width / (unsigned)shrink;
    jpeg->height = jpeg->decoder.image_height / (unsigned)shrink;
    if (jpeg->width == 0) jpeg->width = 1;
    if (jpeg->height == 0) jpeg->height = 1;
    bool is_whole = jpeg->width == jpeg->decoder.output_width;
    if (!is_whole) jpeg->row = malloc((size_t)jpeg->decoder.output_width * 3);
    if (jpeg->width > jpeg->decoder.output_width || jpeg->height > jpeg->decoder.output_height ||
        (!is_whole && !jpeg->row)) {
        snprintf(reason, DIPTYCH_JPEG_REASON, "out of memory");
        diptych_jpeg_close(jpeg);
        return NULL;
    }
    return jpeg;
}

size_t diptych_jpeg_width(const diptych_jpeg *jpeg) { return jpeg->width; }

size_t diptych_jpeg_height(const diptych_jpeg *jpeg) { return jpeg->height; }

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
        if (jpeg->row) memcpy(out + done * bytes, jpeg->row, bytes);
    }
    return 0;
}
