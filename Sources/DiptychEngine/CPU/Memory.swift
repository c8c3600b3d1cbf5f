#if canImport(Glibc)
    internal import Glibc
#endif

/// Memory for weights and activations.
enum Memory {
    /// The size of a huge page on x86-64 and on most 64-bit Arm systems.
    private static let hugePage = 2 << 20

    /// Memory aligned for vectors, whose content is undefined; freed by `deallocate()`.
    ///
    /// Large blocks ask for huge pages: streaming through weights in pages of 4 KiB spends its time on address
    /// translation, which a batch of one image feels most. Only whole huge pages inside the block are asked for, so
    /// that no more becomes resident than was wanted.
    static func allocate(_ byteCount: Int) -> UnsafeMutableRawPointer {
        guard byteCount >= hugePage else { return .allocate(byteCount: byteCount, alignment: 64) }
        let pointer = UnsafeMutableRawPointer.allocate(byteCount: byteCount, alignment: hugePage)
        #if canImport(Glibc)
            madvise(pointer, byteCount / hugePage * hugePage, Int32(MADV_HUGEPAGE))
        #endif
        return pointer
    }
}
