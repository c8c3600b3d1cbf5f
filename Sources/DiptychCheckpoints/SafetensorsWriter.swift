internal import Foundation

/// Writes tensors of floats as a safetensors file.
///
/// The format's header stands before the data and names every tensor with its place, so shapes are declared first, and
/// then the numbers follow in the same order:
///
///     let writer = try SafetensorsWriter(path: path, tensors: [("embeddings", [count, 512])], metadata: ["model": name])
///     for row in rows { try writer.append(row) }
///     try writer.finish()
public final class SafetensorsWriter {
    private let file: AtomicFile
    private let expected: Int
    private var written = 0
    private let elementType: ElementType

    /// Starts a file with these tensors.
    ///
    /// - Parameters:
    ///   - path: where the file will appear.
    ///   - tensors: names, all different, and shapes.
    ///   - metadata: free-form strings for the header.
    ///   - elementType: float32, or float16 or bfloat16, to which numbers are rounded, half to even.
    /// - Throws: ``FileWriteError``, also when the header would be longer than readers accept.
    public init(
        path: String, tensors: [(name: String, shape: [Int])], metadata: [String: String] = [:],
        elementType: ElementType = .float32
    ) throws(FileWriteError) {
        precondition([.float32, .float16, .bfloat16].contains(elementType), "not a type that is written")
        self.elementType = elementType
        var entries: [String: Entry] = [:]
        var end = 0
        for (name, shape) in tensors {
            let begin = end
            end += elementType.byteCount * shape.reduce(1, *)
            entries[name] = Entry(dtype: elementType.rawValue, shape: shape, data_offsets: [begin, end])
        }
        precondition(entries.count == tensors.count, "two tensors of the same name")
        expected = end / elementType.byteCount
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        var header: [UInt8]
        do { header = try [UInt8](encoder.encode(Header(tensors: entries, metadata: metadata))) } catch {
            throw FileWriteError(path: path, "its header cannot be encoded: \(error)")
        }
        // Spaces until the data are aligned for any element type, as the reference implementation adds.
        header += [UInt8](repeating: UInt8(ascii: " "), count: (8 - header.count % 8) % 8)
        guard header.count <= SafetensorsFile.maximumHeaderBytes else {
            throw FileWriteError(
                path: path,
                "its header would have \(header.count) bytes, more than the format allows; write .npy instead")
        }
        file = try AtomicFile(path: path)
        try file.write(withUnsafeBytes(of: UInt64(header.count).littleEndian) { Array($0) })
        try file.write(header)
    }

    /// Adds the next numbers of the tensors, in the order in which they were declared.
    ///
    /// - Throws: ``FileWriteError``, also for a number that float16 cannot hold.
    public func append(_ values: some Collection<Float>) throws(FileWriteError) {
        written += values.count
        guard elementType != .float32 else { return try file.write(floats: values) }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(2 * values.count)
        for value in values {
            let bits = elementType == .float16 ? value.halfBits : value.brainBits
            if elementType == .float16, value.isFinite, bits & 0x7C00 == 0x7C00 {
                throw FileWriteError(
                    path: file.path, "a weight of \(value) is beyond what 16-bit floats hold; write bf16 or fp32")
            }
            bytes.append(UInt8(truncatingIfNeeded: bits))
            bytes.append(UInt8(truncatingIfNeeded: bits >> 8))
        }
        try file.write(bytes)
    }

    /// Puts the file in its place.
    ///
    /// - Throws: ``FileWriteError``, also when fewer or more numbers came than were declared.
    public func finish() throws(FileWriteError) {
        guard written == expected else {
            throw FileWriteError(path: file.path, "holds \(written) numbers where \(expected) were declared")
        }
        try file.commit()
    }

    private struct Entry: Encodable {
        let dtype: String
        let shape: [Int]
        let data_offsets: [Int]
    }

    private struct Header: Encodable {
        let tensors: [String: Entry]
        let metadata: [String: String]

        private struct Key: CodingKey {
            let stringValue: String
            init(_ value: String) { stringValue = value }
            init(stringValue: String) { self.stringValue = stringValue }
            var intValue: Int? { nil }
            init?(intValue: Int) { nil }
        }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: Key.self)
            if !metadata.isEmpty { try container.encode(metadata, forKey: Key("__metadata__")) }
            for (name, entry) in tensors { try container.encode(entry, forKey: Key(name)) }
        }
    }
}
