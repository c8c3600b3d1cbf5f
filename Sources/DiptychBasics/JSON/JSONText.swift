/// How values are written as JSON: what ``JSONValue`` and the answers of the command line and the server are made of.
package enum JSONText {
    /// Appends a text in quotation marks.
    package static func append(_ string: String, to text: inout String) {
        text += "\""
        for scalar in string.unicodeScalars {
            switch scalar {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            case "\r": text += "\\r"
            case "\t": text += "\\t"
            case _ where scalar.value < 0x20 || scalar.value == 0x7F:
                let digits = String(scalar.value, radix: 16)
                text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: text.unicodeScalars.append(scalar)
            }
        }
        text += "\""
    }

    /// Appends the shortest number that reads back as the same; `null` for those that JSON does not have.
    package static func append(_ number: some BinaryFloatingPoint & CustomStringConvertible, to text: inout String) {
        text += number.isFinite ? number.description : "null"
    }

    /// Appends values with commas between them.
    package static func append<T>(
        _ values: [T], _ open: String, _ close: String, to text: inout String, _ body: (T, inout String) -> Void
    ) {
        text += open
        for (index, value) in values.enumerated() {
            if index > 0 { text += "," }
            body(value, &text)
        }
        text += close
    }
}
