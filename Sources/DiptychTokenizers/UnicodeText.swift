/// What the word patterns ask of a character.
enum CharacterClass {
    case letter
    case number
    case space
    case other

    init(_ scalar: Unicode.Scalar) {
        switch scalar.value {
        case 0x61...0x7A, 0x41...0x5A, 0x4E00...0x9FA5, 0xAC00...0xD7A3: self = .letter
        case 0x30...0x39: self = .number
        case 0x09...0x0D, 0x20, 0x85, 0xA0: self = .space
        case 0..<0x80: self = .other
        default:
            switch scalar.properties.generalCategory {
            case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter: self = .letter
            case .decimalNumber, .letterNumber, .otherNumber: self = .number
            default: self = scalar.properties.isWhitespace ? .space : .other
            }
        }
    }
}

/// Reading and writing Unicode scalars in arrays of UTF-8.
enum UnicodeText {
    /// The scalar that starts at `index`, and the index after it. `bytes` come from a `String`, so they are valid.
    @inline(__always)
    static func scalar(in bytes: [UInt8], at index: Int) -> (scalar: Unicode.Scalar, next: Int) {
        let first = UInt32(bytes[index])
        if first < 0x80 { return (Unicode.Scalar(bytes[index]), index + 1) }
        let count = first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4
        var value = first & (0x7F >> UInt32(count))
        for offset in 1..<count { value = value << 6 | UInt32(bytes[index + offset] & 0x3F) }
        return (Unicode.Scalar(value) ?? "\u{FFFD}", index + count)
    }

    /// Appends a scalar's UTF-8.
    @inline(__always)
    static func append(_ scalar: Unicode.Scalar, to bytes: inout [UInt8]) {
        let value = scalar.value
        if value < 0x80 {
            bytes.append(UInt8(value))
        } else if value < 0x800 {
            bytes.append(UInt8(0xC0 | value >> 6))
            bytes.append(UInt8(0x80 | value & 0x3F))
        } else if value < 0x10000 {
            bytes.append(UInt8(0xE0 | value >> 12))
            bytes.append(UInt8(0x80 | value >> 6 & 0x3F))
            bytes.append(UInt8(0x80 | value & 0x3F))
        } else {
            bytes.append(UInt8(0xF0 | value >> 18))
            bytes.append(UInt8(0x80 | value >> 12 & 0x3F))
            bytes.append(UInt8(0x80 | value >> 6 & 0x3F))
            bytes.append(UInt8(0x80 | value & 0x3F))
        }
    }

    /// The text in Unicode normalisation form C, as Unicode 13 has it: the version of the `tokenizers` library's data.
    static func composed(_ bytes: [UInt8]) -> [UInt8] {
        var index = 0
        while index < bytes.count {
            if bytes[index] < 0x80 {
                index += 1
                continue
            }
            let (scalar, next) = scalar(in: bytes, at: index)
            guard isStable(scalar.value) else {
                let scalars = String(decoding: bytes, as: UTF8.self).unicodeScalars
                var output: [UInt8] = []
                output.reserveCapacity(bytes.count)
                for value in Composition.shared.compose(scalars.lazy.map(\.value), newestMarks: 13) {
                    append(Unicode.Scalar(value) ?? "\u{FFFD}", to: &output)
                }
                return output
            }
            index = next
        }
        return bytes
    }

    /// Whether a scalar never changes under composition, nor changes a neighbour that is stable itself. Not complete:
    /// only the common ranges, so that common text skips the general algorithm.
    private static func isStable(_ value: UInt32) -> Bool {
        switch value {
        case 0..<0x300, 0x400..<0x483, 0x2010..<0x2028, 0x3041..<0x3097, 0x30A1..<0x30FB, 0x4E00..<0xA000,
            0xAC00..<0xD7A4, 0xFF01..<0xFFEF, 0x1F300..<0x1FB00:
            true
        case 0x3000...0x3003, 0x3008...0x3020: true
        default: false
        }
    }
}
