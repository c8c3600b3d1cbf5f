/// Names of files that come from clients and go to others.
enum FileName {
    /// The most characters that are kept.
    private static let most = 255

    /// What a client calls a file, without folders and without characters that steer whoever shows it; nil where nothing is
    /// left.
    static func cleaned(_ given: String) -> String? {
        let name = given.unicodeScalars.split { $0 == "/" || $0 == "\\" }.last ?? []
        let kept = name.filter { scalar in
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned: false
            default: true
            }
        }.prefix(most)
        let text = String(String.UnicodeScalarView(kept))
        return text.isBlank || text == "." || text == ".." ? nil : text
    }

    /// The header Content-Disposition of a file that is shown and saved by this name (RFC 6266, RFC 8187).
    static func disposition(_ name: String) -> String {
        let name = cleaned(name) ?? "image"
        let plain = name.unicodeScalars.map { scalar in
            scalar.isASCII && scalar.value >= 0x20 && scalar.value != 0x7F && !"\"\\%/;".unicodeScalars.contains(scalar)
                ? Character(scalar) : "_"
        }
        let extended = name.utf8.map { byte in
            let isPlain =
                (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
                || "!#$&+-.^_`|~".utf8.contains(byte)
            return isPlain
                ? String(UnicodeScalar(byte))
                : "%" + String(byte >> 4, radix: 16, uppercase: true)
                    + String(byte & 15, radix: 16, uppercase: true)
        }
        return "inline; filename=\"\(String(plain))\"; filename*=UTF-8''\(extended.joined())"
    }
}
