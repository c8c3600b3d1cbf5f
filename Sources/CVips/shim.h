// libvips' operations are variadic C functions, which Swift cannot call: each stands here once with its options fixed.
#pragma once
#include <string.h>
#include <vips/vips.h>

static inline void diptych_vips_silent(const gchar *domain, GLogLevelFlags level, const gchar *text, gpointer data) {
    (void)domain, (void)level, (void)text, (void)data;
}

// Once per process. Callers bring their own threads, and no operation repeats, so neither libvips' workers nor its cache
// would help; without them memory stays flat. What it would print is in the error that it returns.
static inline int diptych_vips_start(void) {
    g_log_set_handler("VIPS", (GLogLevelFlags)(G_LOG_LEVEL_MASK | G_LOG_FLAG_FATAL | G_LOG_FLAG_RECURSION),
                      diptych_vips_silent, NULL);
    if (vips_init("diptych")) return -1;
    vips_concurrency_set(1);
    vips_cache_set_max(0);
    vips_cache_set_max_mem(0);
    vips_cache_set_max_files(0);
    return 0;
}

// Loaders are called by name, so that bytes never reach one that the caller did not choose. Opening reads the header
// only; pixels are decoded when rows are copied. `bytes` must stay valid until the image is released.
#define DIPTYCH_VIPS_READ(failure) "access", VIPS_ACCESS_SEQUENTIAL, "fail_on", (failure)

static inline VipsImage *diptych_vips_open_png(const void *bytes, size_t count, VipsFailOn failure) {
    VipsImage *out = NULL;
    return vips_pngload_buffer((void *)bytes, count, &out, DIPTYCH_VIPS_READ(failure), NULL) ? NULL : out;
}

static inline VipsImage *diptych_vips_open_webp(const void *bytes, size_t count, VipsFailOn failure) {
    VipsImage *out = NULL;
    return vips_webpload_buffer((void *)bytes, count, &out, DIPTYCH_VIPS_READ(failure), NULL) ? NULL : out;
}

static inline VipsImage *diptych_vips_open_tiff(const void *bytes, size_t count, VipsFailOn failure) {
    VipsImage *out = NULL;
    return vips_tiffload_buffer((void *)bytes, count, &out, DIPTYCH_VIPS_READ(failure), NULL) ? NULL : out;
}

static inline VipsImage *diptych_vips_open_heif(const void *bytes, size_t count, VipsFailOn failure) {
    VipsImage *out = NULL;
    return vips_heifload_buffer((void *)bytes, count, &out, DIPTYCH_VIPS_READ(failure), NULL) ? NULL : out;
}

static inline VipsImage *diptych_vips_open_jxl(const void *bytes, size_t count, VipsFailOn failure) {
    VipsImage *out = NULL;
    return vips_jxlload_buffer((void *)bytes, count, &out, DIPTYCH_VIPS_READ(failure), NULL) ? NULL : out;
}

// Whether this build has an operation.
static inline int diptych_vips_has(const char *name) { return vips_type_find("VipsOperation", name) != 0; }

// Decodes `rows` rows from row `top` on and copies them without gaps; 0 when all are there.
static inline int diptych_vips_copy_rows(VipsRegion *region, int top, int rows, void *out) {
    VipsRect rect = {0, top, region->im->Xsize, rows};
    if (vips_region_prepare(region, &rect)) return -1;
    size_t bytes = VIPS_REGION_SIZEOF_LINE(region);
    for (int y = 0; y < rows; y++)
        memcpy((char *)out + (size_t)y * bytes, VIPS_REGION_ADDR(region, 0, top + y), bytes);
    return 0;
}

static inline void diptych_vips_release(void *object) { g_object_unref(object); }

// Wraps tightly packed 8-bit RGB rows without copying them.
static inline VipsImage *diptych_vips_wrap_rgb(const void *bytes, size_t count, int width, int height) {
    VipsImage *wrapped = vips_image_new_from_memory(bytes, count, width, height, 3, VIPS_FORMAT_UCHAR);
    VipsImage *out = NULL;
    if (!wrapped) return NULL;
    int status = vips_copy(wrapped, &out, "interpretation", VIPS_INTERPRETATION_sRGB, NULL);
    g_object_unref(wrapped);
    return status ? NULL : out;
}

// Renders an SVG document, for images that this project draws itself. Never fed with a user's bytes.
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

static inline int diptych_vips_save_jpeg_buffer(VipsImage *in, void **bytes, size_t *count, int quality) {
    return vips_jpegsave_buffer(in, bytes, count, "Q", quality, NULL);
}

static inline int diptych_vips_save_png_buffer(VipsImage *in, void **bytes, size_t *count) {
    return vips_pngsave_buffer(in, bytes, count, NULL);
}
