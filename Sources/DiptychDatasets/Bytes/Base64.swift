/// Base64 (RFC 4648) in its usual and its URL-safe alphabet, with and without padding; other characters mean nothing, as
/// Python's decoder has it.
package enum Base64 {
    private static let none: UInt8 = 0xFF

    /// The value of each character; ``none`` of those that are no digits.
    private static let values: [UInt8] = (0..<256).map { digit(UInt8($0)) ?? none }
    private static let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    /// The value of a digit; nil of anything else.
    static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): byte - 65
        case UInt8(ascii: "a")...UInt8(ascii: "z"): byte - 97 + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - 48 + 52
        case UInt8(ascii: "+"), UInt8(ascii: "-"): 62
        case UInt8(ascii: "/"), UInt8(ascii: "_"): 63
        default: nil
        }
    }

    /// The bytes; nil where the digits do not make whole bytes.
    package static func decode(_ text: some Collection<UInt8>) -> [UInt8]? {
        text.withContiguousStorageIfAvailable(decode(buffer:)) ?? Array(text).withUnsafeBufferPointer(decode(buffer:))
    }

    private static func decode(buffer text: UnsafeBufferPointer<UInt8>) -> [UInt8]? {
        var isWhole = true
        let bytes = [UInt8](unsafeUninitializedCapacity: text.count / 4 * 3 + 3) { output, filled in
            values.withUnsafeBufferPointer { values in
                var (bits, count): (UInt32, Int) = (0, 0)
                for byte in text {
                    let value = values[Int(byte)]
                    guard value != none else { continue }
                    bits = bits << 6 | UInt32(value)
                    count += 1
                    guard count == 4 else { continue }
                    output[filled] = UInt8(truncatingIfNeeded: bits >> 16)
                    output[filled + 1] = UInt8(truncatingIfNeeded: bits >> 8)
                    output[filled + 2] = UInt8(truncatingIfNeeded: bits)
                    filled += 3
                    (bits, count) = (0, 0)
                }
                switch count {
                case 0: break
                case 2:
                    output[filled] = UInt8(truncatingIfNeeded: bits >> 4)
                    filled += 1
                case 3:
                    output[filled] = UInt8(truncatingIfNeeded: bits >> 10)
                    output[filled + 1] = UInt8(truncatingIfNeeded: bits >> 2)
                    filled += 2
                default: isWhole = false
                }
            }
        }
        return isWhole ? bytes : nil
    }

    /// The text of bytes in the usual alphabet with padding, as Python's `b64encode` writes it.
    package static func encode(_ bytes: [UInt8]) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: (bytes.count + 2) / 3 * 4) { output, filled in
            digits.withUnsafeBufferPointer { digits in
                bytes.withUnsafeBufferPointer { bytes in
                    var place = 0
                    while place < bytes.count {
                        let left = bytes.count - place
                        var bits = UInt32(bytes[place]) << 16
                        if left > 1 { bits |= UInt32(bytes[place + 1]) << 8 }
                        if left > 2 { bits |= UInt32(bytes[place + 2]) }
                        output[filled] = digits[Int(bits >> 18)]
                        output[filled + 1] = digits[Int(bits >> 12 & 63)]
                        output[filled + 2] = left > 1 ? digits[Int(bits >> 6 & 63)] : UInt8(ascii: "=")
                        output[filled + 3] = left > 2 ? digits[Int(bits & 63)] : UInt8(ascii: "=")
                        (place, filled) = (place + 3, filled + 4)
                    }
                }
            }
        }
    }

    /// Where the first character stands that a strict decoder would refuse, in either alphabet and with padding to groups of
    /// four; nil where there is none.
    package static func firstFault(in text: [UInt8]) -> Int? {
        text.withUnsafeBufferPointer { text in
            values.withUnsafeBufferPointer { values in
                var end = text.count
                while end > 0, text.count - end < 2, text[end - 1] == UInt8(ascii: "=") { end -= 1 }
                // All at once: no digit has the highest bit, and a branch for each would take as long as all the rest.
                var marks: UInt8 = 0
                for index in 0..<end { marks |= values[Int(text[index])] }
                guard marks & 0x80 == 0 else { return (0..<end).first { values[Int(text[$0])] == none } }
                return text.count.isMultiple(of: 4) ? nil : text.count
            }
        }
    }
}
