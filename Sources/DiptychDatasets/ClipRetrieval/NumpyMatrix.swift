internal import DiptychCheckpoints

/// A matrix of 16-bit or 32-bit floats in a NumPy file (`.npy`, versions 1 to 3), read row by row.
public final class NumpyMatrix: Sendable {
    /// The number of rows.
    public let rowCount: Int
    /// The numbers of a row.
    public let columnCount: Int
    /// Whether numbers have 16 bits.
    public let isHalf: Bool

    private let file: InputFile
    /// The file.
    var path: String { file.path }
    private let dataOffset: Int

    /// Embeddings longer than these are none.
    private static let maximumColumns = 1 << 20

    /// Opens the file at `path`.
    ///
    /// - Throws: ``DatasetError`` when it is not a matrix of floats in C order, or is cut short.
    public init(path: String) throws(DatasetError) {
        file = try InputFile(path: path)
        func malformed(_ reason: String) -> DatasetError { DatasetError(.malformed, path: path, reason) }
        guard file.size >= 12 else { throw malformed("is not a NumPy file") }
        let head = try file.read(at: 0, count: 12)
        guard head.starts(with: [0x93] + Array("NUMPY".utf8)), (1...3).contains(head[6]) else {
            throw malformed("is not a NumPy file")
        }
        let start = head[6] == 1 ? 10 : 12
        let length = head[8..<start].reversed().reduce(0) { $0 << 8 | Int($1) }
        guard length <= 1 << 16, length <= file.size - start else { throw malformed("has a damaged header") }
        let header = NumpyHeader(String(decoding: try file.read(at: start, count: length), as: UTF8.self))
        guard let header else { throw malformed("has a damaged header") }
        guard ["<f2", "<f4"].contains(header.type), !header.isFortran, header.shape.count == 2 else {
            throw DatasetError(
                .unsupported, path: path,
                "holds \(header.type) of shape \(header.shape), and embeddings are float16 or float32 in a matrix, row by "
                    + "row")
        }
        isHalf = header.type == "<f2"
        (rowCount, columnCount, dataOffset) = (header.shape[0], header.shape[1], start + length)
        guard (1...Self.maximumColumns).contains(columnCount) else {
            throw malformed("has rows of \(columnCount) numbers")
        }
        let (bytes, overflow) = rowCount.multipliedReportingOverflow(by: columnCount * (isHalf ? 2 : 4))
        guard !overflow, bytes <= file.size - dataOffset else {
            throw malformed("has fewer numbers than its shape says; it may be cut short")
        }
    }

    /// `count` rows from `first` on, one after the other.
    ///
    /// - Throws: ``DatasetError`` when the file cannot be read; rows that it does not have are a mistake of the caller.
    public func rows(from first: Int, count: Int) throws(DatasetError) -> [Float] {
        precondition(first >= 0 && count >= 0 && first + count <= rowCount, "rows outside the matrix")
        let size = isHalf ? 2 : 4
        let bytes = try file.read(
            at: dataOffset + first * columnCount * size, count: count * columnCount * size)
        return bytes.withUnsafeBytes { raw in
            (0..<count * columnCount).map { index in
                isHalf
                    ? Float(
                        halfBits: UInt16(littleEndian: raw.loadUnaligned(fromByteOffset: index * 2, as: UInt16.self)))
                    : Float(
                        bitPattern: UInt32(
                            littleEndian: raw.loadUnaligned(fromByteOffset: index * 4, as: UInt32.self)))
            }
        }
    }
}

/// The dictionary at the start of a NumPy file, as Python writes it: nothing of it is executed.
struct NumpyHeader {
    let type: String
    let isFortran: Bool
    let shape: [Int]

    init?(_ text: String) {
        guard let type = Self.value("descr", text)?.split(separator: "'", omittingEmptySubsequences: false),
            type.count >= 3, type[0].isEmpty,
            let order = Self.value("fortran_order", text), let shape = Self.value("shape", text), shape.first == "(",
            let close = shape.firstIndex(of: ")")
        else { return nil }
        self.type = String(type[1])
        guard order.hasPrefix("True") || order.hasPrefix("False") else { return nil }
        isFortran = order.hasPrefix("True")
        var extents: [Int] = []
        for part in shape[shape.index(after: shape.startIndex)..<close].split(separator: ",") {
            let digits = part.drop { $0 == " " }
            guard !digits.isEmpty else { continue }
            guard let extent = Int(digits), extent >= 0, extent <= 1 << 48 else { return nil }
            extents.append(extent)
        }
        self.shape = extents
    }

    /// What follows a key.
    private static func value(_ key: String, _ text: String) -> Substring? {
        guard let range = text.firstRange(of: "'\(key)':") else { return nil }
        return text[range.upperBound...].drop { $0 == " " }
    }
}
