internal import Foundation
internal import HTTPTypes

/// The outline of a JSON text, by which one that would cost far more than its bytes is refused before it is read.
enum JSONShape {
    /// The most values and names together.
    static let values = 262_144
    /// The most levels of lists and objects.
    static let depth = 64

    /// Refuses a text with too many values or levels, and an object with a name twice: which of the two counts, readers of JSON
    /// do not agree on. Whether it is JSON at all is for its reader to say.
    ///
    /// - Throws: ``Problem`` naming the limit or the name.
    static func check(_ text: UnsafeRawBufferPointer) throws(Problem) {
        var (level, count) = (0, 1)
        var (isText, isEscaped, hasEscapes) = (false, false, false)
        // The names of each open object; nil for a list.
        var names: [Set<[UInt8]>?] = []
        var (start, end) = (0, 0)
        for (place, byte) in text.enumerated() {
            if isText {
                if isEscaped {
                    isEscaped = false
                } else if byte == UInt8(ascii: "\\") {
                    (isEscaped, hasEscapes) = (true, true)
                } else if byte == UInt8(ascii: "\"") {
                    (isText, end) = (false, place)
                }
                continue
            }
            switch byte {
            case UInt8(ascii: "\""): (isText, hasEscapes, start) = (true, false, place)
            case UInt8(ascii: ","): count += 1
            case UInt8(ascii: ":"):
                count += 1
                guard start < end, !names.isEmpty, names[names.count - 1] != nil else { continue }
                let name = Self.name(text[start...end], hasEscapes: hasEscapes)
                guard names[names.count - 1]?.insert(name).inserted == true else {
                    let shown = String(String(decoding: name, as: UTF8.self).prefix(60))
                    throw .badField(shown, "the field '\(shown)' is given twice")
                }
            case UInt8(ascii: "["), UInt8(ascii: "{"):
                level += 1
                count += 1
                names.append(byte == UInt8(ascii: "{") ? [] : nil)
                guard level <= depth else {
                    throw .badRequest("the body holds lists and objects more than \(depth) levels deep")
                }
            case UInt8(ascii: "]"), UInt8(ascii: "}"):
                level -= 1
                _ = names.popLast()
            default: continue
            }
            guard count <= values else {
                throw Problem(
                    status: .contentTooLarge, detail: "the body holds more than the \(values) values that are read")
            }
        }
    }

    /// The bytes of a name in its quotes, with what it escapes.
    private static func name(_ quoted: Slice<UnsafeRawBufferPointer>, hasEscapes: Bool) -> [UInt8] {
        if hasEscapes, let name = try? JSONDecoder().decode(String.self, from: Data(quoted)) { return Array(name.utf8) }
        return Array(quoted.dropFirst().dropLast())
    }
}
