internal import DiptychBasics
internal import DiptychMedia

/// The names that the field `type` has, and other spellings of them.
enum ImageTypeName {
    /// The names as stores keep them.
    static let all = ImageFormat.allCases.map { $0.rawValue.lowercased() }

    private static let aliases = [
        "jpg": "jpeg", "jpe": "jpeg", "jfif": "jpeg", "pjpeg": "jpeg", "tif": "tiff", "dib": "bmp", "x-ms-bmp": "bmp",
        "heif": "heic", "hif": "heic", "avifs": "avif", "apng": "png",
    ]

    /// The name that a text means: in any case, as a file's extension or as a media type.
    ///
    /// - Throws: ``FilterError`` for anything else, since no image has such a type.
    static func named(_ text: String, column: Int) throws(FilterError) -> String {
        var name = text.lowercased()
        if name.hasPrefix("image/") { name.removeFirst("image/".count) }
        if name.hasPrefix(".") { name.removeFirst() }
        name = aliases[name] ?? name
        if all.contains(name) { return name }
        let meant = Spelling.nearest(to: name, among: all).map { "; did you mean '\($0)'?" } ?? ""
        throw FilterError(
            column: column, "'\(text)' is not a type of image; expected one of \(all.joined(separator: ", "))\(meant)")
    }
}
