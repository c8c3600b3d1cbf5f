internal import CKernels

/// Where the parts of a segment's file lie.
///
///     0            the header, 64 bytes; commits at 512 and 1024
///     4096         the centre, turned: float32
///     ids          Int64, ascending
///     blocks       first-pass codes, a block for 16 vectors
///     records      second-pass codes, a record a vector
///
/// All parts begin at pages. A file is as long as a full segment from the beginning, with holes where nothing is yet.
package struct CodeLayout: Sendable, Equatable {
    /// Vectors of a block; segments grow by whole blocks.
    package static let block = Int(DIPTYCH_CODE_BLOCK)
    static let page = 4096
    static let headerBytes = 64
    static let commitOffsets = [512, 1024]

    /// The width of a vector.
    package let dimension: Int
    /// The most vectors in a segment, a multiple of 16.
    package let capacity: Int

    /// The layout for a dimension of 1 to 2^20 and a capacity of 16 to 2^20, rounded up to whole blocks; nil for others.
    package init?(dimension: Int, capacity: Int) {
        guard (1...1 << 20).contains(dimension), (1...1 << 20).contains(capacity) else { return nil }
        self.dimension = dimension
        self.capacity = (capacity + Self.block - 1) / Self.block * Self.block
    }

    var blockBytes: Int { diptych_code_block_bytes(dimension) }
    var recordBytes: Int { diptych_code_record_bytes(dimension) }
    var padded: Int { (dimension + 15) / 16 * 16 }

    var centreOffset: Int { Self.page }
    var idsOffset: Int { centreOffset + Self.pages(4 * dimension) }
    var blocksOffset: Int { idsOffset + Self.pages(8 * capacity) }
    var recordsOffset: Int { blocksOffset + Self.pages(capacity / Self.block * blockBytes) }
    var fileBytes: Int { recordsOffset + Self.pages(capacity * recordBytes) }

    private static func pages(_ bytes: Int) -> Int { (bytes + page - 1) / page * page }
}
