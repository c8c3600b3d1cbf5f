// The kernels that oneDNN lacks. Every vectorised kernel has a scalar twin; diptych_isa() says which set is used.
#pragma once
#include <stddef.h>
#include <stdint.h>

typedef enum { DIPTYCH_ISA_SCALAR = 0, DIPTYCH_ISA_AVX2 = 1, DIPTYCH_ISA_AVX512 = 2 } diptych_isa;

// The widest instruction set that this processor has and our kernels use.
diptych_isa diptych_detected_isa(void);
