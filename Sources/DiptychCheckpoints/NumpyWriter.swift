/// Writes an array of 32-bit or 16-bit floats as a NumPy file (`.npy`, format version 1.0), one entry of its first axis
/// after the other, in constant memory.
///
///     let writer = try NumpyWriter(path: "embeddings.npy", entryShape: [512])
///     try writer.append(row)
///     try writer.finish()             // numpy.load gives float32 [1, 512]
public final class NumpyWriter {
    /// The number of entries written so far: the extent of the first axis.
    public private(set) var count = 0
    /// The shape of one entry.
    public let entryShape: [Int]
    /// Whether numbers are rounded to 16 bits.
    public let isHalf: Bool
    private let file: AtomicFile

    /// The header has this many bytes whatever the count turns out to be, so that it can be completed at the end. Data
    /// start at a multiple of 64 bytes, as the format asks for.
    private static let headerBytes = 128

    /// Starts a file of shape [?, entryShape…].
    ///
    /// - Parameter isHalf: whether to write float16 instead of float32.
    /// - Throws: ``FileWriteError``.
    public init(path: String, entryShape: [Int], isHalf: Bool = false) throws(FileWriteError) {
        self.entryShape = entryShape
        self.isHalf = isHalf
        file = try AtomicFile(path: path)
        try file.write(Self.header(count: 0, entryShape, isHalf))
    }

    /// Adds one entry; it must fill ``entryShape``.
    ///
    /// - Throws: ``FileWriteError``.
    public func append(_ entry: [Float]) throws(FileWriteError) {
        precondition(entry.count == entryShape.reduce(1, *), "\(entry.count) numbers do not fill \(entryShape)")
        if isHalf {
            try file.write(entry.flatMap { [UInt8(truncatingIfNeeded: $0.halfBits), UInt8($0.halfBits >> 8)] })
        } else {
            try file.write(floats: entry)
        }
        count += 1
    }

    /// Completes the header and puts the file in its place.
    ///
    /// - Throws: ``FileWriteError``; the file is not there then.
    public func finish() throws(FileWriteError) {
        try file.overwrite(Self.header(count: count, entryShape, isHalf), at: 0)
        try file.commit()
    }

    private static func header(count: Int, _ entryShape: [Int], _ isHalf: Bool) -> [UInt8] {
        let extents = ([count] + entryShape).map(String.init).joined(separator: ", ")
        let shape = entryShape.isEmpty ? "(\(extents),)" : "(\(extents))"
        let text = "{'descr': '\(isHalf ? "<f2" : "<f4")', 'fortran_order': False, 'shape': \(shape), }"
        var bytes: [UInt8] = [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(headerBytes - 10), 0]
        bytes += Array(text.utf8)
        precondition(bytes.count < headerBytes, "a shape of too many extents")
        bytes += [UInt8](repeating: UInt8(ascii: " "), count: headerBytes - 1 - bytes.count)
        return bytes + [UInt8(ascii: "\n")]
    }
}
