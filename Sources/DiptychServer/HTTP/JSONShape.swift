internal import HTTPTypes

/// The outline of a JSON text, by which one that would cost far more than its bytes is refused before it is read.
enum JSONShape {
    /// The most values and names together.
    static let values = 65_536
    /// The most levels of lists and objects.
    static let depth = 64

    /// Refuses a text with too many values or levels. Whether it is JSON at all is for its reader to say.
    ///
    /// - Throws: ``Problem`` naming the limit.
    static func check(_ text: UnsafeRawBufferPointer) throws(Problem) {
        var (level, count) = (0, 1)
        var (isText, isEscaped) = (false, false)
        for byte in text {
            if isText {
                if isEscaped {
                    isEscaped = false
                } else if byte == UInt8(ascii: "\\") {
                    isEscaped = true
                } else if byte == UInt8(ascii: "\"") {
                    isText = false
                }
                continue
            }
            switch byte {
            case UInt8(ascii: "\""): isText = true
            case UInt8(ascii: ","), UInt8(ascii: ":"): count += 1
            case UInt8(ascii: "["), UInt8(ascii: "{"):
                level += 1
                count += 1
                guard level <= depth else {
                    throw .badRequest("the body holds lists and objects more than \(depth) levels deep")
                }
            case UInt8(ascii: "]"), UInt8(ascii: "}"): level -= 1
            default: continue
            }
            guard count <= values else {
                throw Problem(
                    status: .contentTooLarge, detail: "the body holds more than the \(values) values that are read")
            }
        }
    }
}
