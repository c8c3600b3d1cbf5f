internal import CKernels

/// The number format of weights and of the inputs of matrix products; sums and the residual stream stay in fp32.
public enum Precision: String, Sendable, Hashable, CaseIterable {
    /// 32-bit floats: equal to the reference implementations up to rounding.
    case fp32
    /// bfloat16: half the memory, about twice the speed where the processor has it.
    case bf16
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
