import Foundation

/// One picture that shows queries and what was found for each: thumbnails with rank and similarity.
///
/// ```swift
/// let found = [ContactSheet.Result(path: "a.jpg", similarity: 0.41)]
/// try ContactSheet.write(rows: [.init(query: "three red stars", results: found)], to: "sheet.png")
/// ```
public enum ContactSheet {
    /// A picture that was found.
    public struct Result: Hashable, Sendable {
        /// The picture's file, JPEG or PNG.
        public var path: String
        /// Its cosine similarity to the query.
        public var similarity: Double

        /// A picture that was found, with its cosine similarity to the query.
        public init(path: String, similarity: Double) {
            self.path = path
            self.similarity = similarity
        }
    }

    /// A query and what was found for it, best first.
    public struct Row: Hashable, Sendable {
        /// The query, in any language that an installed font can show.
        public var query: String
        /// The results, best first.
        public var results: [Result]

        /// A query and what was found for it, best first.
        public init(query: String, results: [Result]) {
            self.query = query
            self.results = results
        }
    }

    /// How many rows a sheet holds at most.
    public static let rowLimit = 40
    /// How many results a row holds at most.
    public static let resultLimit = 10

    /// The size in pixels of the sheet for these rows.
    public static func size(of rows: [Row]) -> (width: Int, height: Int) {
        let columns = max(rows.map(\.results.count).max() ?? 0, 3)
        let width = 2 * margin + columns * thumbnail + (columns - 1) * gap
        return (width, 2 * margin + rows.count * rowHeight - rowGap)
    }

    /// Draws a sheet and writes it as PNG or JPEG, as the path's extension says, replacing a file of that name.
    ///
    /// - Throws: `PicturesError` where a result cannot be read, the sheet cannot be written, or there are no rows, more
    ///   than ``rowLimit`` rows or more than ``resultLimit`` results in one.
    public static func write(rows: [Row], to path: String) throws {
        let quality: Int?
        switch (path as NSString).pathExtension.lowercased() {
        case "png": quality = nil
        case "jpg", "jpeg": quality = 90
        default: throw PicturesError.unwritable(path: path, reason: "its name must end in .png, .jpg or .jpeg")
        }
        guard (1...rowLimit).contains(rows.count) else {
            throw PicturesError.outOfRange(what: "number of queries", value: rows.count, allowed: 1...rowLimit)
        }
        let longest = rows.map(\.results.count).max() ?? 0
        guard longest <= resultLimit else {
            throw PicturesError.outOfRange(
                what: "number of results of a query", value: longest, allowed: 0...resultLimit)
        }
        try SVGRenderer.save(SVGRenderer.render(document(rows)), to: path, quality: quality)
    }

    // Lengths in pixels. A row is the query, its thumbnails, and a line of rank and similarity under each.
    private static let margin = 36
    private static let thumbnail = 176
    private static let gap = 16
    private static let queryHeight = 36
    private static let captionHeight = 28
    private static let rowGap = 26
    private static let rowHeight = queryHeight + thumbnail + captionHeight + rowGap

    /// Families that are common on Linux and macOS; the later ones have the Chinese letters that the first lacks.
    private static let fonts =
        "'DejaVu Sans', 'Noto Sans', 'Helvetica Neue', 'Noto Sans CJK SC', 'WenQuanYi Zen Hei', 'PingFang SC', sans-serif"

    private static func document(_ rows: [Row]) throws(PicturesError) -> String {
        let (width, height) = size(of: rows)
        var svg = "<svg xmlns=\"http://www.w3.org/2000/svg\" xmlns:xlink=\"http://www.w3.org/1999/xlink\""
        svg += " width=\"\(width)\" height=\"\(height)\" font-family=\"\(fonts)\">"
        svg += "<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>"
        for (index, row) in rows.enumerated() {
            let top = margin + index * rowHeight
            if index > 0 {
                let line = Double(top) - Double(rowGap) / 2 - 1.5
                svg += "<path d=\"M\(margin) \(line)H\(width - margin)\" stroke=\"#e4e6ea\"/>"
            }
            let query = SheetText.fitted(row.query, size: 18, width: Double(width - 2 * margin))
            svg += "<text x=\"\(margin)\" y=\"\(top + 19)\" font-size=\"18\" fill=\"#16181d\">\(query)</text>"
            if row.results.isEmpty {
                svg += "<text x=\"\(margin)\" y=\"\(top + queryHeight + 20)\" font-size=\"14\" fill=\"#6b7280\">"
                svg += "nothing found</text>"
            }
            for (column, result) in row.results.enumerated() {
                let left = margin + column * (thumbnail + gap)
                svg += try cell(result, rank: column + 1, id: "c\(index)-\(column)", left: left, top: top + queryHeight)
            }
        }
        return svg + "</svg>"
    }

    private static func cell(
        _ result: Result, rank: Int, id: String, left: Int, top: Int
    ) throws(PicturesError) -> String {
        let frame = "x=\"\(left)\" y=\"\(top)\" width=\"\(thumbnail)\" height=\"\(thumbnail)\""
        let baseline = top + thumbnail + 20
        let similarity = String(format: "%.3f", result.similarity)
        // The middle of the picture fills the square, with rounded corners and a hairline that ends a white picture.
        return "<clipPath id=\"\(id)\"><rect \(frame) rx=\"8\"/></clipPath><g clip-path=\"url(#\(id))\">"
            + "<image \(frame) preserveAspectRatio=\"xMidYMid slice\" xlink:href=\"\(try embedded(result.path))\"/></g>"
            + "<rect \(frame) rx=\"8\" fill=\"none\" stroke=\"#000000\" stroke-opacity=\"0.14\"/>"
            + "<text x=\"\(left + 2)\" y=\"\(baseline)\" font-size=\"14\" font-weight=\"bold\" fill=\"#16181d\">\(rank)</text>"
            + "<text x=\"\(left + thumbnail - 2)\" y=\"\(baseline)\" font-size=\"14\" text-anchor=\"end\""
            + " fill=\"#6b7280\">\(similarity)</text>"
    }

    /// A file as a data URI.
    private static func embedded(_ path: String) throws(PicturesError) -> String {
        let data = try FileSystem.read(path)
        let kind: String
        if data.starts(with: [0xFF, 0xD8, 0xFF]) {
            kind = "jpeg"
        } else if data.starts(with: [0x89, 0x50, 0x4E, 0x47]) {
            kind = "png"
        } else {
            throw .unreadable(path: path, reason: "it is neither JPEG nor PNG")
        }
        return "data:image/\(kind);base64,\(data.base64EncodedString())"
    }
}
