#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "video.h"

enum { LONGEST_SIDE = 16384 };

// The rules of the program ffmpeg: quarter turns and mirrors are followed, other angles are not.
void diptych_video_read_geometry(diptych_video *v, diptych_video_facts *facts) {
  const int32_t *matrix = (const int32_t *)ff(av_stream_get_side_data)(v->stream, AV_PKT_DATA_DISPLAYMATRIX, NULL);
  v->transposes = v->mirrors_columns = v->mirrors_rows = false;
  if (matrix) {
    double angle = -round(ff(av_display_rotation_get)(matrix));
    angle -= 360 * floor(angle / 360 + 0.9 / 360);
    if (fabs(angle - 90) < 1) {
      v->transposes = true;
      v->mirrors_columns = matrix[3] <= 0;
    } else if (fabs(angle - 180) < 1) {
      v->mirrors_columns = matrix[0] < 0;
      v->mirrors_rows = matrix[4] < 0;
    } else if (fabs(angle - 270) < 1) {
      v->transposes = v->mirrors_rows = true;
      v->mirrors_columns = matrix[3] < 0;
    } else if (fabs(angle) < 1) {
      v->mirrors_rows = matrix[4] < 0;
    }
  }
  int width = facts->stored_width, height = facts->stored_height;
  AVRational aspect = ff(av_guess_sample_aspect_ratio)(v->format, v->stream, NULL);
  if (aspect.num > 0 && aspect.den > 0 && aspect.num != aspect.den) {
    double wide = width * av_q2d(aspect);
    if (wide >= 1 && wide <= LONGEST_SIDE && wide * height <= v->limits.pixels) width = (int)wide;
  }
  facts->width = v->transposes ? height : width;
  facts->height = v->transposes ? width : height;
}

// A scaler from the frame to `format`, with the settings that the program ffmpeg uses.
static int prepare(diptych_video *v, enum AVPixelFormat format, int width, int height, int flags) {
  const AVFrame *f = v->frame;
  int key[9] = {f->format, f->width, f->height, f->colorspace, f->color_range, format, width, height, flags};
  if (v->scaler && !memcmp(key, v->key, sizeof key)) return 0;
  ff(sws_freeContext)(v->scaler);
  v->scaler = ff(sws_alloc_context)();
  if (!v->scaler) return AVERROR(ENOMEM);
  ff(av_opt_set_int)(v->scaler, "srcw", f->width, 0);
  ff(av_opt_set_int)(v->scaler, "srch", f->height, 0);
  ff(av_opt_set_int)(v->scaler, "src_format", f->format, 0);
  ff(av_opt_set_int)(v->scaler, "dstw", width, 0);
  ff(av_opt_set_int)(v->scaler, "dsth", height, 0);
  ff(av_opt_set_int)(v->scaler, "dst_format", format, 0);
  ff(av_opt_set_int)(v->scaler, "sws_flags", flags, 0);
  // By convention, colours lie between two rows.
  if (f->format == AV_PIX_FMT_YUV420P) ff(av_opt_set_int)(v->scaler, "src_v_chr_pos", 128, 0);
  int code = ff(sws_init_context)(v->scaler, NULL, NULL);
  if (code < 0) {
    ff(sws_freeContext)(v->scaler);
    v->scaler = NULL;
    return code;
  }
  int *inverse, *table, in_full, out_full, brightness, contrast, saturation;
  ff(sws_getColorspaceDetails)(v->scaler, &inverse, &in_full, &table, &out_full, &brightness, &contrast, &saturation);
  int space = f->colorspace;
  if (space < 1 || space > 10 || space == 8) space = SWS_CS_DEFAULT;
  if (f->color_range != AVCOL_RANGE_UNSPECIFIED) in_full = f->color_range == AVCOL_RANGE_JPEG;
  ff(sws_setColorspaceDetails)(v->scaler, ff(sws_getCoefficients)(space), in_full,
      ff(sws_getCoefficients)(SWS_CS_DEFAULT), out_full, brightness, contrast, saturation);
  memcpy(v->key, key, sizeof key);
  return 0;
}

static int has_frame(const diptych_video *v, char *reason) {
  if (v->frame->data[0] && v->frame->width > 0 && v->frame->height > 0
      && (int64_t)v->frame->width * v->frame->height <= v->limits.pixels)
    return 0;
  diptych_ffmpeg_say(reason, "a frame has no pixels, or too many");
  return -1;
}

int diptych_video_rgb(diptych_video *v, uint8_t *out, int width, int height, char *reason) {
  if (has_frame(v, reason)) return -1;
  bool turns = v->transposes || v->mirrors_columns || v->mirrors_rows;
  int across = v->transposes ? height : width, down = v->transposes ? width : height;
  int code = prepare(v, AV_PIX_FMT_RGB24, across, down, SWS_BICUBIC);
  if (code < 0) {
    diptych_ffmpeg_explain(reason, "its pixels cannot be converted", code);
    return -1;
  }
  // The library writes whole vectors, beyond the end of a row too.
  size_t stride = ((size_t)across * 3 + 63) / 64 * 64, size = stride * down + 64;
  if (v->turned_size < size) {
    free(v->turned);
    v->turned = malloc(size);
    v->turned_size = v->turned ? size : 0;
  }
  if (!v->turned) {
    diptych_ffmpeg_say(reason, "memory ran out");
    return -1;
  }
  uint8_t *planes[4] = {v->turned};
  int strides[4] = {(int)stride};
  int rows = ff(sws_scale)(v->scaler, (const uint8_t *const *)v->frame->data, v->frame->linesize, 0, v->frame->height, planes, strides);
  if (rows <= 0) {
    diptych_ffmpeg_say(reason, "its pixels cannot be converted");
    return -1;
  }
  if (!turns) {
    for (int y = 0; y < height; y++) memcpy(out + (size_t)y * width * 3, v->turned + y * stride, (size_t)width * 3);
    return 0;
  }
  for (int y = 0; y < height; y++) {
    int row = v->mirrors_rows ? height - 1 - y : y;
    for (int x = 0; x < width; x++) {
      int column = v->mirrors_columns ? width - 1 - x : x;
      const uint8_t *from = v->turned + (v->transposes ? column * stride + (size_t)row * 3 : row * stride + (size_t)column * 3);
      uint8_t *to = out + ((size_t)y * width + x) * 3;
      to[0] = from[0], to[1] = from[1], to[2] = from[2];
    }
  }
  return 0;
}

// The mean of each cell of a plane of bytes that lie `step` apart.
static void means(
    const uint8_t *plane, ptrdiff_t stride, int step, int width, int height, uint8_t *out, int columns, int rows) {
  int skip = height / rows >= 24 ? 2 : 1;
  for (int r = 0; r < rows; r++) {
    int top = (int)((int64_t)r * height / rows), bottom = (int)((int64_t)(r + 1) * height / rows);
    if (bottom <= top) bottom = top + 1;
    for (int c = 0; c < columns; c++) {
      int left = (int)((int64_t)c * width / columns), right = (int)((int64_t)(c + 1) * width / columns);
      if (right <= left) right = left + 1;
      uint32_t sum = 0, count = 0;
      for (int y = top; y < bottom; y += skip) {
        const uint8_t *row = plane + y * stride;
        if (step == 1)
          for (int x = left; x < right; x++) sum += row[x];
        else
          for (int x = left; x < right; x++) sum += row[x * step];
        count += (uint32_t)(right - left);
      }
      out[r * columns + c] = (uint8_t)((sum + count / 2) / count);
    }
  }
}

int diptych_video_cells(diptych_video *v, uint8_t *out, int columns, int rows, char *reason) {
  if (has_frame(v, reason)) return -1;
  const AVFrame *f = v->frame;
  const AVPixFmtDescriptor *d = ff(av_pix_fmt_desc_get)(f->format);
  size_t cells = (size_t)columns * rows;
  bool is_plain = d && d->nb_components >= 3 && !(d->flags & (AV_PIX_FMT_FLAG_RGB | AV_PIX_FMT_FLAG_PAL | AV_PIX_FMT_FLAG_BITSTREAM))
      && (d->flags & AV_PIX_FMT_FLAG_PLANAR) && d->comp[0].depth == 8 && f->width >= 2 * columns && f->height >= 2 * rows;
  if (is_plain) {
    for (int i = 0; i < 3; i++) {
      int across = i ? -(-f->width >> d->log2_chroma_w) : f->width, down = i ? -(-f->height >> d->log2_chroma_h) : f->height;
      means(f->data[d->comp[i].plane] + d->comp[i].offset, f->linesize[d->comp[i].plane], d->comp[i].step, across, down,
          out + i * cells, columns, rows);
    }
    return 0;
  }
  int code = prepare(v, AV_PIX_FMT_YUV444P, columns, rows, SWS_AREA);
  if (code < 0) {
    diptych_ffmpeg_explain(reason, "its pixels cannot be converted", code);
    return -1;
  }
  size_t stride = ((size_t)columns + 63) / 64 * 64, plane = stride * rows + 64;
  uint8_t *copy = malloc(3 * plane);
  if (!copy) {
    diptych_ffmpeg_say(reason, "memory ran out");
    return -1;
  }
  uint8_t *planes[4] = {copy, copy + plane, copy + 2 * plane};
  int strides[4] = {(int)stride, (int)stride, (int)stride};
  int done = ff(sws_scale)(v->scaler, (const uint8_t *const *)f->data, f->linesize, 0, f->height, planes, strides);
  for (int i = 0; i < 3; i++)
    for (int y = 0; y < rows; y++) memcpy(out + i * cells + (size_t)y * columns, planes[i] + y * stride, (size_t)columns);
  free(copy);
  if (done > 0) return 0;
  diptych_ffmpeg_say(reason, "its pixels cannot be converted");
  return -1;
}
