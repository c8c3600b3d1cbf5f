import DiptychMedia
import Foundation

/// One image that shows queries and what was found for each: thumbnails with rank and similarity.
///
/// ```swift
/// let found = [ContactSheet.Result(path: "a.jpg", similarity: 0.41)]
/// try ContactSheet.write(rows: [.init(query: "three red stars", results: found)], to: "sheet.png")
/// ```
public enum ContactSheet {
    /// An image that was found.
    public struct Result: Hashable, Sendable {
        /// The image's file, of any format that is read.
        public var path: String
        /// Its cosine similarity to the query.
        public var similarity: Double
        /// The second of a video whose frame is shown; nil for an image.
        public var time: Double?

        /// An image that was found, with its cosine similarity to the query.
        public init(path: String, similarity: Double, time: Double? = nil) {
            self.path = path
            self.similarity = similarity
            self.time = time
        }

        /// What tells its thumbnail from others.
        fileprivate var place: String { time.map { "\(path)#\($0)" } ?? path }
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

    /// An image that could not be shown: the sheet has its name in its place.
    public struct Unshown: Hashable, Sendable {
        /// The image's file.
        public let path: String
        /// Why it could not be read.
        public let reason: String
    }

    /// How a sheet's file may end, in any case.
    public static let fileExtensions = ["png", "jpg", "jpeg"]
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
    /// - Returns: The images that vanished or are damaged, each once.
    /// - Throws: `SamplesError` where the sheet cannot be written, its name ends otherwise, or there are no rows, more
    ///   than ``rowLimit`` rows or more than ``resultLimit`` results in one.
    @discardableResult
    public static func write(rows: [Row], to path: String) throws(SamplesError) -> [Unshown] {
        let kind = (path as NSString).pathExtension.lowercased()
        guard fileExtensions.contains(kind) else {
            throw .unwritable(path: path, reason: "its name must end in .png, .jpg or .jpeg")
        }
        guard (1...rowLimit).contains(rows.count) else {
            throw .outOfRange(what: "number of queries", value: rows.count, allowed: 1...rowLimit)
        }
        let longest = rows.map(\.results.count).max() ?? 0
        guard longest <= resultLimit else {
            throw .outOfRange(what: "number of results of a query", value: longest, allowed: 0...resultLimit)
        }
        // An image that several queries find is read once.
        var thumbnails: [String: Thumbnail] = [:]
        var seen: Set<String> = []
        var unshown: [Unshown] = []
        for result in rows.flatMap(\.results) where seen.insert(result.place).inserted {
            do {
                thumbnails[result.place] = try Thumbnail(file: result.path, at: result.time, side: thumbnail)
            } catch { unshown.append(Unshown(path: result.path, reason: error.reason)) }
        }
        try Drawing.save(Drawing.render(document(rows, thumbnails)), to: path, quality: kind == "png" ? nil : 90)
        return unshown
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
    static let fonts =
        "'DejaVu Sans', 'Noto Sans', 'Helvetica Neue', 'Noto Sans CJK SC', 'WenQuanYi Zen Hei', 'PingFang SC', sans-serif"

    private static func document(_ rows: [Row], _ thumbnails: [String: Thumbnail]) -> String {
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
                svg += cell(
                    result, thumbnails[result.place], rank: column + 1, id: "c\(index)-\(column)", left: left,
                    top: top + queryHeight)
            }
        }
        return svg + "</svg>"
    }

    private static func cell(
        _ result: Result, _ image: Thumbnail?, rank: Int, id: String, left: Int, top: Int
    ) -> String {
        let frame = "x=\"\(left)\" y=\"\(top)\" width=\"\(thumbnail)\" height=\"\(thumbnail)\" rx=\"8\""
        let baseline = top + thumbnail + 20
        let similarity = String(format: "%.3f", result.similarity)
        let content = image.map { shown($0, left: left, top: top) } ?? named(result.path, left: left, top: top)
        // The whole image in a square with rounded corners and a hairline that ends a white image.
        return "<clipPath id=\"\(id)\"><rect \(frame)/></clipPath><g clip-path=\"url(#\(id))\">"
            + "<rect \(frame) fill=\"#f3f4f6\"/>\(content)</g>"
            + "<rect \(frame) fill=\"none\" stroke=\"#000000\" stroke-opacity=\"0.14\"/>"
            + "<text x=\"\(left + 2)\" y=\"\(baseline)\" font-size=\"14\" font-weight=\"bold\" fill=\"#16181d\">\(rank)</text>"
            + "<text x=\"\(left + thumbnail - 2)\" y=\"\(baseline)\" font-size=\"14\" text-anchor=\"end\""
            + " fill=\"#6b7280\">\(similarity)</text>"
    }

    private static func shown(_ image: Thumbnail, left: Int, top: Int) -> String {
        // Whole pixels, so that rendering does not resample it.
        let x = left + (thumbnail - image.width) / 2
        let y = top + (thumbnail - image.height) / 2
        return "<image x=\"\(x)\" y=\"\(y)\" width=\"\(image.width)\" height=\"\(image.height)\""
            + " xlink:href=\"\(image.uri)\"/>"
    }

    /// What stands for an image that cannot be read.
    private static func named(_ path: String, left: Int, top: Int) -> String {
        let name = SheetText.fitted((path as NSString).lastPathComponent, size: 13, width: Double(thumbnail - 16))
        let middle = top + thumbnail / 2
        let place = "x=\"\(left + thumbnail / 2)\" text-anchor=\"middle\" font-size=\"13\""
        return "<text \(place) y=\"\(middle - 6)\" fill=\"#16181d\">\(name)</text>"
            + "<text \(place) y=\"\(middle + 16)\" fill=\"#6b7280\">cannot be read</text>"
    }
}
