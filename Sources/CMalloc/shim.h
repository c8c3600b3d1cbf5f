// Swift's own view of the C library leaves out what only glibc has.
#pragma once
#if defined(__GLIBC__) || __has_include(<malloc.h>)
#include <malloc.h>
#endif
