internal import CBrotli
internal import CLZ4
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
    /// Brotli (RFC 7932).
    case brotli = 4
    /// LZ4, in Hadoop's blocks or without them.
    case lz4 = 5
    /// Zstandard: small.
    case zstd = 6
    /// LZ4 without anything around it.
    case lz4Raw = 7
}

extension ParquetCompression {
    /// The codec of a file's number.
    init(number: Int) throws(ParquetFault) {
        guard let known = ParquetCompression(rawValue: number) else {
            let name = number == 3 ? "LZO" : "an unknown codec (\(number))"
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
        case .brotli:
            output = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
                var made = count
                let result = bytes.withUnsafeBufferPointer {
                    BrotliDecoderDecompress($0.count, $0.baseAddress, &made, buffer.baseAddress)
                }
                isRight = result == BROTLI_DECODER_RESULT_SUCCESS && made == count
                filled = isRight ? count : 0
            }
        case .lz4, .lz4Raw:
            output = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
                isRight = bytes.withUnsafeBytes { source in
                    let target = UnsafeMutableRawBufferPointer(
                        rebasing: UnsafeMutableRawBufferPointer(buffer)[..<count])
                    if self == .lz4, Self.hadoop(source, into: target) { return true }
                    return Self.lz4(source, into: target)
                }
                filled = isRight ? count : 0
            }
        }
        guard isRight else { throw ParquetFault("a compressed page is damaged") }
        return output
    }

    /// Undoes one block of LZ4, which must fill `target`.
    private static func lz4(_ source: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer) -> Bool {
        guard let count = Int32(exactly: source.count), let room = Int32(exactly: target.count) else { return false }
        let made = LZ4_decompress_safe(
            source.assumingMemoryBound(to: CChar.self).baseAddress,
            target.assumingMemoryBound(to: CChar.self).baseAddress, count, room)
        return made == room
    }

    /// Undoes Hadoop's blocks: each behind its size and its compressed size, the highest byte first.
    private static func hadoop(_ source: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer) -> Bool {
        var (from, to) = (0, 0)
        while from < source.count {
            guard source.count - from >= 8 else { return false }
            func number(_ place: Int) -> Int {
                Int(UInt32(bigEndian: source.loadUnaligned(fromByteOffset: place, as: UInt32.self)))
            }
            let (made, size) = (number(from), number(from + 4))
            from += 8
            guard size <= source.count - from, made <= target.count - to else { return false }
            let input = UnsafeRawBufferPointer(rebasing: source[from..<from + size])
            let output = UnsafeMutableRawBufferPointer(rebasing: target[to..<to + made])
            guard lz4(input, into: output) else { return false }
            (from, to) = (from + size, to + made)
        }
        return to == target.count
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
        case .gzip, .brotli, .lz4, .lz4Raw:
            throw ParquetFault("\(self) is read and not written; use zstd", kind: .unsupported)
        }
    }
}
