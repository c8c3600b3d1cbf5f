#include <dlfcn.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>

#include "internal.h"

diptych_ffmpeg_functions diptych_ff;

#define TEXT_(x) #x
#define TEXT(x) TEXT_(x)
#ifdef __APPLE__
#define LIBRARY(name, major) "lib" name "." TEXT(major) ".dylib"
#else
#define LIBRARY(name, major) "lib" name ".so." TEXT(major)
#endif

static pthread_once_t once = PTHREAD_ONCE_INIT;
static char failure[DIPTYCH_FFMPEG_REASON];

static void *library(const char *name) {
  void *handle = dlopen(name, RTLD_LAZY | RTLD_LOCAL);
  if (!handle && !failure[0])
    diptych_ffmpeg_say(
        failure, "video needs FFmpeg's library %s, which cannot be loaded; install the package ffmpeg, or run Scripts/setup",
        name);
  return handle;
}

static void *function(void *handle, const char *name) {
  void *found = handle ? dlsym(handle, name) : NULL;
  if (!found && !failure[0])
    diptych_ffmpeg_say(failure, "FFmpeg's library lacks %s; install the version that Diptych was built with", name);
  return found;
}

static void load(void) {
  void *util = library(LIBRARY("avutil", LIBAVUTIL_VERSION_MAJOR));
  void *codec = library(LIBRARY("avcodec", LIBAVCODEC_VERSION_MAJOR));
  void *format = library(LIBRARY("avformat", LIBAVFORMAT_VERSION_MAJOR));
  void *scale = library(LIBRARY("swscale", LIBSWSCALE_VERSION_MAJOR));
#define FROM(handle, name) *(void **)&diptych_ff.name##_ = function(handle, #name);
#define UTIL(name) FROM(util, name)
#define CODEC(name) FROM(codec, name)
#define FORMAT(name) FROM(format, name)
#define SCALE(name) FROM(scale, name)
  DIPTYCH_AVUTIL(UTIL)
  DIPTYCH_AVCODEC(CODEC)
  DIPTYCH_AVFORMAT(FORMAT)
  DIPTYCH_SWSCALE(SCALE)
  // Its messages go to standard error otherwise, a line for each damaged packet.
  if (!failure[0]) ff(av_log_set_level)(AV_LOG_QUIET);
}

int diptych_ffmpeg_load(char *reason) {
  pthread_once(&once, load);
  if (failure[0]) diptych_ffmpeg_say(reason, "%s", failure);
  return failure[0] ? -1 : 0;
}

void diptych_ffmpeg_say(char *reason, const char *format, ...) {
  va_list list;
  va_start(list, format);
  vsnprintf(reason, DIPTYCH_FFMPEG_REASON, format, list);
  va_end(list);
}

void diptych_ffmpeg_explain(char *reason, const char *doing, int code) {
  char words[96] = "";
  ff(av_strerror)(code, words, sizeof words);
  diptych_ffmpeg_say(reason, "%s (%s)", doing, words);
}
