// curl_easy_setopt and curl_easy_getinfo are variadic C functions, which Swift cannot call: each use stands here with its
// argument's type fixed.
#pragma once
#include <curl/curl.h>

static inline CURLcode diptych_curl_number(CURL *curl, CURLoption option, long value) {
    return curl_easy_setopt(curl, option, value);
}

static inline CURLcode diptych_curl_large_number(CURL *curl, CURLoption option, curl_off_t value) {
    return curl_easy_setopt(curl, option, value);
}

static inline CURLcode diptych_curl_string(CURL *curl, CURLoption option, const char *value) {
    return curl_easy_setopt(curl, option, value);
}

static inline CURLcode diptych_curl_headers(CURL *curl, struct curl_slist *list) {
    return curl_easy_setopt(curl, CURLOPT_HTTPHEADER, list);
}

// Only these two schemes, also after a redirect.
static inline CURLcode diptych_curl_http_only(CURL *curl) {
#if LIBCURL_VERSION_NUM >= 0x075500
    CURLcode code = curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    return code ? code : curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
#else
    CURLcode code = curl_easy_setopt(curl, CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
    return code ? code : curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
}

typedef size_t (*diptych_curl_write)(char *bytes, size_t size, size_t count, void *state);

static inline CURLcode diptych_curl_on_write(CURL *curl, diptych_curl_write callback, void *state) {
    CURLcode code = curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, callback);
    return code ? code : curl_easy_setopt(curl, CURLOPT_WRITEDATA, state);
}

static inline CURLcode diptych_curl_on_header(CURL *curl, diptych_curl_write callback, void *state) {
    CURLcode code = curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, callback);
    return code ? code : curl_easy_setopt(curl, CURLOPT_HEADERDATA, state);
}

typedef int (*diptych_curl_progress)(void *state, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d);

static inline CURLcode diptych_curl_on_progress(CURL *curl, diptych_curl_progress callback, void *state) {
    CURLcode code = curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, callback);
    if (!code) code = curl_easy_setopt(curl, CURLOPT_XFERINFODATA, state);
    return code ? code : curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
}

typedef curl_socket_t (*diptych_curl_open)(void *state, curlsocktype purpose, struct curl_sockaddr *address);

static inline CURLcode diptych_curl_on_open(CURL *curl, diptych_curl_open callback, void *state) {
    CURLcode code = curl_easy_setopt(curl, CURLOPT_OPENSOCKETFUNCTION, callback);
    return code ? code : curl_easy_setopt(curl, CURLOPT_OPENSOCKETDATA, state);
}

static inline long diptych_curl_status(CURL *curl) {
    long status = 0;
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    return status;
}

// Where a redirect that is not followed leads, as an absolute URL; NULL if nowhere.
static inline const char *diptych_curl_redirect(CURL *curl) {
    const char *url = NULL;
    curl_easy_getinfo(curl, CURLINFO_REDIRECT_URL, &url);
    return url;
}

static inline CURLMcode diptych_curl_multi_number(CURLM *multi, CURLMoption option, long value) {
    return curl_multi_setopt(multi, option, value);
}

// The next transfer of a set that has ended, and how; NULL where none has.
static inline CURL *diptych_curl_multi_ended(CURLM *multi, CURLcode *code) {
    int left = 0;
    CURLMsg *message = curl_multi_info_read(multi, &left);
    while (message && message->msg != CURLMSG_DONE) message = curl_multi_info_read(multi, &left);
    if (!message) return NULL;
    *code = message->data.result;
    return message->easy_handle;
}
