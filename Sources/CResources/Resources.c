#include "CResources.h"

// The assembler puts each file into the program as it is. It is found by the search paths of headers (Package.swift).
#ifdef __APPLE__
#define SECTION ".section __DATA,__const\n"
#define SYMBOL(kind, line) "_diptych_resource_" kind "_" #line
#else
#define SECTION ".section .rodata\n"
#define SYMBOL(kind, line) "diptych_resource_" kind "_" #line
#endif
#define INCLUDE_AT(line, path)                                                                                         \
    __asm__(SECTION ".balign 16\n"                                                                                     \
            ".globl " SYMBOL("start", line) "\n" SYMBOL("start", line) ":\n"                                           \
            ".incbin \"" path "\"\n"                                                                                   \
            ".globl " SYMBOL("end", line) "\n" SYMBOL("end", line) ":\n"                                               \
            ".byte 0\n.text\n");                                                                                       \
    extern const unsigned char diptych_resource_start_##line[], diptych_resource_end_##line[];
#define INCLUDE(line, path) INCLUDE_AT(line, path)

#define RESOURCE(path) INCLUDE(__LINE__, path)
#include "Files.inc"
#undef RESOURCE

#define ENTRY_AT(line, path) {path, diptych_resource_start_##line, diptych_resource_end_##line},
#define ENTRY(line, path) ENTRY_AT(line, path)
#define RESOURCE(path) ENTRY(__LINE__, path)
static const struct diptych_resource files[] = {
#include "Files.inc"
};

const struct diptych_resource *diptych_resource_at(size_t index) {
    return index < sizeof(files) / sizeof(files[0]) ? &files[index] : 0;
}
