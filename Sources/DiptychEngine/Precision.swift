internal import CKernels

/// The number format of weights and of the inputs of matrix products; sums and the residual stream stay in fp32.
public enum Precision: String, Sendable, Hashable, CaseIterable {
    /// 32-bit floats: equal to the reference implementations up to rounding.
    case fp32
    /// bfloat16: half the memory, about twice the speed where the processor has it.
    case bf16
    /// Bytes, a quarter of the memory: weights with a scale for each output, activations with one for each row as it comes,
    /// both rotated so that outliers are spread. Convolutions and attention stay in bf16, or fp32.
    case int8
}

/// The widest vector instructions that kernels may use.
public enum InstructionSet: String, Sendable, Hashable, CaseIterable, Comparable {
    /// No vector instructions beyond the compiler's baseline.
    case scalar
    /// AVX2 with FMA.
    case avx2
    /// AVX-512 (F, BW, DQ, VL).
    case avx512

    /// What this processor has.
    public static var detected: InstructionSet {
        switch diptych_detected_isa() {
        case DIPTYCH_ISA_AVX512: .avx512
        case DIPTYCH_ISA_AVX2: .avx2
        default: .scalar
        }
    }

    /// Whether this processor multiplies bfloat16 in hardware.
    public static var hasBFloat16: Bool { diptych_has_bf16() != 0 }

    /// Whether this processor sums products of bytes in hardware (AVX512_VNNI).
    public static var hasByteProducts: Bool { diptych_gemm_is_fast(DIPTYCH_OPERAND_I8) }

    /// The kernels' name for it.
    var kernels: diptych_isa {
        switch self {
        case .scalar: DIPTYCH_ISA_SCALAR
        case .avx2: DIPTYCH_ISA_AVX2
        case .avx512: DIPTYCH_ISA_AVX512
        }
    }

    /// Whether `a` is narrower than `b`.
    public static func < (a: InstructionSet, b: InstructionSet) -> Bool { a.kernels.rawValue < b.kernels.rawValue }
}
