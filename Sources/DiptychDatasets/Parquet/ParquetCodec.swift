internal import CSnappy
internal import CZstd
internal import DiptychBasics

/// How the pages of a column are compressed.
public enum ParquetCompression: Int, Sendable, CaseIterable {
    /// Not at all.
    case none = 0
    /// Snappy: quick.
    case snappy = 1
    /// gzip (RFC 1952).
    case gzip = 2
    /// Zstandard: small.
    case zstd = 6
}

extension ParquetCompression {
    /// The codec of a file's number.
    init(number: Int) throws(ParquetFault) {
        guard let known = ParquetCompression(rawValue: number) else {
            let name = [3: "LZO", 4: "Brotli", 5: "LZ4", 7: "LZ4"][number] ?? "an unknown codec (\(number))"
            throw ParquetFault(
                "is compressed with \(name), which is not read; write it with snappy, gzip or zstd", kind: .unsupported)
        }
        self = known
    }

    /// Undoes the compression of a page, which must give exactly `count` bytes.
    func decompress(_ bytes: ArraySlice<UInt8>, count: Int) throws(ParquetFault) -> [UInt8] {
        // An empty array has no address to write to.
        guard count > 0 || self == .none else { return [] }
        var isRight = false
        let output: [UInt8]
        switch self {
        case .none:
            guard bytes.count == count else { throw ParquetFault("a page is not as long as it says") }
            return Array(bytes)
        case .snappy:
            output = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
                bytes.withUnsafeBytes { source in
                    let input = source.assumingMemoryBound(to: CChar.self).baseAddress
                    var length = 0
                    guard snappy_uncompressed_length(input, source.count, &length) == SNAPPY_OK, length == count else {
                        return
                    }
                    buffer.withMemoryRebound(to: CChar.self) { target in
                        isRight = snappy_uncompress(input, source.count, target.baseAddress, &length) == SNAPPY_OK
                    }
                }
                filled = isRight ? count : 0
            }
        case .zstd:
            output = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
                let made = bytes.withUnsafeBytes {
                    ZSTD_decompress(buffer.baseAddress, count, $0.baseAddress, $0.count)
                }
                isRight = ZSTD_isError(made) == 0 && made == count
                filled = isRight ? count : 0
            }
        case .gzip:
            output = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
                isRight = Inflater.inflate(
                    bytes, .gzip, exactlyInto: UnsafeMutableBufferPointer(rebasing: buffer[..<count]))
                filled = isRight ? count : 0
            }
        }
        guard isRight else { throw ParquetFault("a compressed page is damaged") }
        return output
    }

    /// Compresses a page.
    func compress(_ bytes: [UInt8]) throws(ParquetFault) -> [UInt8] {
        switch self {
        case .none: return bytes
        case .snappy:
            var length = snappy_max_compressed_length(bytes.count)
            return [UInt8](unsafeUninitializedCapacity: length) { buffer, filled in
                bytes.withUnsafeBytes { source in
                    let input = source.assumingMemoryBound(to: CChar.self).baseAddress
                    buffer.withMemoryRebound(to: CChar.self) {
                        _ = snappy_compress(input, source.count, $0.baseAddress, &length)
                    }
                }
                filled = length
            }
        case .zstd:
            var made = 0
            let output = [UInt8](unsafeUninitializedCapacity: ZSTD_compressBound(bytes.count)) { buffer, filled in
                made = bytes.withUnsafeBytes {
                    ZSTD_compress(buffer.baseAddress, buffer.count, $0.baseAddress, $0.count, 3)
                }
                filled = ZSTD_isError(made) == 0 ? made : 0
            }
            guard ZSTD_isError(made) == 0 else { throw ParquetFault("a page cannot be compressed") }
            return output
        case .gzip: throw ParquetFault("gzip is read and not written; use zstd", kind: .unsupported)
        }
    }
}
