// libvips' operations are variadic C functions, which Swift cannot call: each stands here once with its options fixed.
#pragma once
#include <vips/vips.h>

// Opens bytes with one named option string, for example "access=sequential"; NULL on failure.
static inline VipsImage *diptych_vips_open(const void *bytes, size_t count, const char *options) {
    return vips_image_new_from_buffer(bytes, count, options, NULL);
}

static inline int diptych_vips_autorot(VipsImage *in, VipsImage **out) { return vips_autorot(in, out, NULL); }

static inline int diptych_vips_cast_uchar(VipsImage *in, VipsImage **out) {
    return vips_cast(in, out, VIPS_FORMAT_UCHAR, NULL);
}

// Renders an SVG document, for pictures that this project draws itself. Never fed with a user's bytes.
static inline int diptych_vips_render_svg(const void *bytes, size_t count, VipsImage **out) {
    return vips_svgload_buffer((void *)bytes, count, out, "unlimited", TRUE, NULL);
}

static inline int diptych_vips_flatten_white(VipsImage *in, VipsImage **out) {
    double white[3] = {255, 255, 255};
    VipsArrayDouble *background = vips_array_double_new(white, 3);
    int status = vips_flatten(in, out, "background", background, NULL);
    vips_area_unref(VIPS_AREA(background));
    return status;
}

static inline int diptych_vips_save_jpeg(VipsImage *in, const char *path, int quality) {
    return vips_jpegsave(in, path, "Q", quality, NULL);
}

static inline int diptych_vips_save_png(VipsImage *in, const char *path) { return vips_pngsave(in, path, NULL); }
