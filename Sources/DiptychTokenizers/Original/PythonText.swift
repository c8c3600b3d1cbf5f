/// Rules of Python's `str` that the original cleaning is written in.
enum PythonText {
    /// `str.isspace` of one character: Unicode's white space and four ASCII separators.
    static func isSpace(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x09...0x0D, 0x1C...0x20, 0x85, 0xA0: true
        case 0..<0x1680: false
        default: scalar.properties.isWhitespace
        }
    }
}
