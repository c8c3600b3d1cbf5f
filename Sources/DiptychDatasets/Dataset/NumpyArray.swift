internal import DiptychBasics
internal import DiptychCheckpoints

/// An array of NumPy in a file, or in a part of one, read an element or a row at a time.
struct NumpyArray: Sendable {
    /// What its elements are.
    enum Element: Equatable {
        case boolean
        case signed(bytes: Int)
        case unsigned(bytes: Int)
        case float(VectorReference.Kind)
        /// Texts of so many characters of four bytes.
        case text(characters: Int)
        /// Bytes, with zeros behind what is shorter.
        case bytes(Int)

        /// From NumPy's `descr`; nil for objects, structures, complex numbers, dates, and numbers with the highest byte first.
        init?(_ type: String) {
            guard let order = type.first, let kind = type.dropFirst().first, let size = Int(type.dropFirst(2)) else {
                return nil
            }
            guard order == "<" || order == "|" || order == "=" else { return nil }
            switch (kind, size) {
            case ("b", 1): self = .boolean
            case ("i", 1), ("i", 2), ("i", 4), ("i", 8): self = .signed(bytes: size)
            case ("u", 1), ("u", 2), ("u", 4), ("u", 8): self = .unsigned(bytes: size)
            case ("f", 2): self = .float(.float16)
            case ("f", 4): self = .float(.float32)
            case ("f", 8): self = .float(.float64)
            case ("U", 0...65_536): self = .text(characters: size)
            case ("S", 0...262_144): self = .bytes(size)
            default: return nil
            }
        }

        var size: Int {
            switch self {
            case .boolean: 1
            case .signed(let bytes), .unsigned(let bytes), .bytes(let bytes): bytes
            case .float(let kind): kind.size
            case .text(let characters): characters * 4
            }
        }
    }

    let shape: [Int]
    let element: Element
    private let source: Source
    /// Where the elements begin in the source.
    private let start: Int

    /// Where an array lies.
    enum Source: Sendable {
        case file(InputFile, offset: Int)
        /// Unpacked from a compressed archive.
        case bytes([UInt8])

        func read(_ offset: Int, _ count: Int) throws(DatasetError) -> [UInt8] {
            switch self {
            case .file(let file, let base): return try file.read(at: base + offset, count: count)
            case .bytes(let bytes): return Array(bytes[offset..<offset + count])
            }
        }
    }

    /// - Parameters:
    ///   - size: the bytes of the source.
    ///   - name: what errors call the array.
    init(_ source: Source, size: Int, path: String, name: String) throws(DatasetError) {
        func failure(_ kind: DatasetError.Kind, _ reason: String) -> DatasetError {
            DatasetError(kind, path: path, place: name, reason)
        }
        guard size >= 12 else { throw failure(.malformed, "is not a NumPy array") }
        let head = try source.read(0, 12)
        guard head.starts(with: [0x93] + Array("NUMPY".utf8)), (1...3).contains(head[6]) else {
            throw failure(.malformed, "is not a NumPy array")
        }
        let begin = head[6] == 1 ? 10 : 12
        let length = head[8..<begin].reversed().reduce(0) { $0 << 8 | Int($1) }
        guard length <= 1 << 16, length <= size - begin else { throw failure(.malformed, "has a damaged header") }
        guard let header = NumpyHeader(String(decoding: try source.read(begin, length), as: UTF8.self)) else {
            throw failure(.unsupported, "holds structures, or has a damaged header")
        }
        guard let element = Element(header.type) else {
            throw failure(
                .unsupported,
                "holds elements of type \(header.type); numbers with the lowest byte first, truth values, texts and bytes are read"
            )
        }
        guard !header.isFortran || header.shape.count < 2 else {
            throw failure(.unsupported, "is stored column by column; save it with numpy.ascontiguousarray")
        }
        var bytes = element.size
        for extent in header.shape {
            let (product, overflow) = bytes.multipliedReportingOverflow(by: extent)
            guard !overflow else { throw failure(.malformed, "has a shape of more elements than there can be") }
            bytes = product
        }
        guard bytes > 0 || header.shape.contains(0) && header.shape.first == 0 else {
            // A header of a few bytes could count rows without end.
            throw failure(.unsupported, "has rows of no bytes")
        }
        guard bytes <= size - begin - length else {
            throw failure(.malformed, "has fewer elements than its shape \(header.shape) says; it may be cut short")
        }
        (shape, self.element, self.source, start) = (header.shape, element, source, begin + length)
    }

    /// The elements of a row, one after the other.
    private var width: Int { shape.dropFirst().reduce(1, *) }

    /// The type of a column of its rows.
    var type: DatasetType {
        let scalar: DatasetType =
            switch element {
            case .boolean: .boolean
            case .signed: .integer
            // Those of 64 bits may be beyond a signed number.
            case .unsigned(let bytes): bytes == 8 ? .any : .integer
            case .float(let kind): kind == .float64 ? .double : .float
            case .text: .text
            case .bytes: .bytes
            }
        guard shape.count > 1 else { return scalar }
        if case .float = element { return .vector }
        return .list(scalar)
    }

    /// The row with this number.
    func row(_ index: Int) throws(DatasetError) -> DatasetValue {
        let count = shape.count > 1 ? width * element.size : element.size
        let offset = start + index * count
        if shape.count > 1, case .float(let kind) = element, case .file(let file, let base) = source {
            return .vector(
                VectorReference(part: FilePart(path: file.path, offset: base + offset, count: count), kind: kind))
        }
        let bytes = try source.read(offset, count)
        guard shape.count > 1 else { return value(bytes[...]) }
        if case .float(let kind) = element { return .floats(kind.floats(bytes)) }
        return .list(stride(from: 0, to: count, by: max(1, element.size)).map { value(bytes[$0..<$0 + element.size]) })
    }

    private func value(_ bytes: ArraySlice<UInt8>) -> DatasetValue {
        func number(_ bytes: ArraySlice<UInt8>) -> UInt64 { bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) } }
        switch element {
        case .boolean: return .boolean(bytes.first != 0)
        case .signed(let size):
            let shift = UInt64(64 - 8 * size)
            return .integer(Int64(bitPattern: number(bytes) << shift) >> Int64(shift))
        case .unsigned:
            let value = number(bytes)
            return Int64(exactly: value).map(DatasetValue.integer) ?? .decimal(String(value))
        case .float(let kind):
            if kind == .float64 { return .double(Double(bitPattern: number(bytes))) }
            return .float(kind.floats(Array(bytes)).first ?? .nan)
        case .text:
            var scalars = String.UnicodeScalarView()
            for at in stride(from: bytes.startIndex, to: bytes.endIndex, by: 4) {
                let value = UInt32(truncatingIfNeeded: number(bytes[at..<at + 4]))
                scalars.append(Unicode.Scalar(value) ?? "\u{FFFD}")
            }
            // Zeros fill up what is shorter.
            while scalars.last == "\0" { scalars.removeLast() }
            return .text(String(scalars))
        case .bytes:
            let end = bytes.lastIndex { $0 != 0 }.map { $0 + 1 } ?? bytes.startIndex
            return .bytes(Array(bytes[..<end]))
        }
    }
}
