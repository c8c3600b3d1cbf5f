/// A plain value out of a Python pickle.
package enum PicklePlain: Sendable, Equatable {
    /// `None`.
    case none
    /// A truth value.
    case bool(Bool)
    /// A whole number of 64 bits.
    case int(Int)
    /// A 64-bit float.
    case float(Double)
    /// A text.
    case string(String)

    /// The longest pickle that is read.
    package static let maximumBytes = 64 << 20

    /// The values of the tuple or list that a pickle holds, such as `(image_id, text_id, text)`. Nothing in it is run.
    ///
    /// - Parameters:
    ///   - bytes: the pickle, of protocol 2 to 5.
    ///   - path: what errors call it.
    /// - Throws: ``CheckpointError`` where it is damaged, or is anything but a sequence of plain values.
    package static func sequence(_ bytes: UnsafeRawBufferPointer, path: String) throws -> [PicklePlain] {
        guard bytes.count <= maximumBytes else {
            throw CheckpointError(.unsupported, path: path, "its pickle has \(bytes.count) bytes")
        }
        var unpickler = Unpickler(bytes, path: path)
        guard case .sequence(let place) = try unpickler.load() else {
            throw CheckpointError(.malformed, path: path, "its pickle does not hold a tuple")
        }
        return try unpickler.heap.sequences[place].map { value in
            switch value {
            case .none: .none
            case .bool(let value): .bool(value)
            case .int(let value): .int(value)
            case .float(let value): .float(value)
            case .string(let text): .string(text)
            default: throw CheckpointError(.malformed, path: path, "its pickle holds more than numbers and texts")
            }
        }
    }
}
