/// A place in a file's bytes. Reading past the end throws, so that parsers cannot overrun.
struct ByteReader {
    let bytes: [UInt8]
    let label: String
    let format: ImageFormat
    var position = 0
    /// What messages about an early end add.
    private let hint: String

    init(_ bytes: [UInt8], label: String, format: ImageFormat, hint: String = "") {
        self.hint = hint
        self.bytes = bytes
        self.label = label
        self.format = format
    }

    func damaged(_ what: String) -> ImageError {
        ImageError(.damaged, source: label, reason: "damaged \(format.rawValue): \(what)")
    }

    var remaining: Int { bytes.count - position }

    mutating func byte() throws(ImageError) -> Int {
        guard position < bytes.count else { throw damaged("the data end too early" + hint) }
        defer { position += 1 }
        return Int(bytes[position])
    }

    /// A little-endian number of one to four bytes.
    mutating func number(bytes count: Int) throws(ImageError) -> Int {
        var value = 0
        for shift in 0..<count { value |= try byte() << (8 * shift) }
        return value
    }

    mutating func slice(_ count: Int) throws(ImageError) -> ArraySlice<UInt8> {
        guard count >= 0, count <= remaining else { throw damaged("the data end too early" + hint) }
        defer { position += count }
        return bytes[position..<position + count]
    }

    mutating func skip(_ count: Int) throws(ImageError) { _ = try slice(count) }

    mutating func seek(to offset: Int) throws(ImageError) {
        guard offset >= 0, offset <= bytes.count else { throw damaged("it points past its end") }
        position = offset
    }
}

/// A colour table that any 8-bit index may address: what the file leaves out is grey, as in Pillow.
struct Palette {
    private static let ramp: [UInt8] = (0..<256).flatMap { [UInt8($0), UInt8($0), UInt8($0)] }
    private var entries = ramp

    /// Whether each index is its own shade of grey: Pillow reads such images as plain grey samples.
    var isRamp: Bool { entries == Self.ramp }

    mutating func set(_ index: Int, red: UInt8, green: UInt8, blue: UInt8) {
        guard index < 256 else { return }
        entries.replaceSubrange(index * 3..<index * 3 + 3, with: [red, green, blue])
    }

    /// The colours of indices, as RGB samples.
    func samples(of indices: [UInt8]) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: indices.count * 3) { out, count in
            for (at, index) in indices.enumerated() {
                let entry = Int(index) * 3
                out[at * 3] = entries[entry]
                out[at * 3 + 1] = entries[entry + 1]
                out[at * 3 + 2] = entries[entry + 2]
            }
            count = indices.count * 3
        }
    }
}
