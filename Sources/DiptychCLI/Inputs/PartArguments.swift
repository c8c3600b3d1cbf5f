import ArgumentParser
import DiptychDatasets
import DiptychSearch
import Foundation

/// The options of indexing that name parts of images, and texts.
struct PartArguments: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Also embed the tiles of a grid over each image, such as 2x3.", valueName: "rows x columns"))
    var tiles: TileGrid?

    @Option(
        name: .customLong("regions"), parsing: .unconditionalSingleValue,
        help: ArgumentHelp(
            """
            A list of images with boxes to embed, in pixels from the left upper corner: {"path": "a.jpg", "box": [x, y, width, \
            height]}, or "boxes" with several.
            """,
            valueName: "file"))
    var regions: [String] = []

    @Option(
        name: .customLong("texts"), parsing: .unconditionalSingleValue,
        help: ArgumentHelp("A file of texts to find, one a line.", valueName: "file"))
    var texts: [String] = []

    func validate() throws {
        if regions.contains("") { throw ValidationError("--regions is empty.") }
        if texts.contains("") { throw ValidationError("--texts is empty.") }
        if texts.contains("-") { throw ValidationError("--texts needs a file, which says what its texts are called.") }
    }

    /// Whether no parts of images are named.
    var isEmpty: Bool { tiles == nil && regions.isEmpty }

    /// The texts of a file, and what the store calls the file.
    func texts(of file: String) throws -> (texts: [TextInput], path: String) {
        let path: String
        do { path = try ImageFiles.resolve(file) } catch let error as StoreError {
            throw Failure("\(file): \(error.reason)")
        }
        let lines = try TextFile.allLines(path: file, of: "text", mayBeJSON: false)
        return (
            lines.compactMap { line in
                let text = line.text.trimmingCharacters(in: .whitespaces)
                return text.isEmpty ? nil : TextInput(path: "\(path)#\(line.number)", text: text)
            }, path
        )
    }
}

/// A grid over a picture.
struct TileGrid: ExpressibleByArgument {
    let rows: Int
    let columns: Int

    /// The most rows and columns.
    private static let limit = 64

    init?(argument: String) {
        let parts = argument.lowercased().split(separator: "x", omittingEmptySubsequences: false).map { Int($0) }
        guard parts.count == 2, let rows = parts[0], let columns = parts[1], (1...Self.limit).contains(rows),
            (1...Self.limit).contains(columns)
        else { return nil }
        (self.rows, self.columns) = (rows, columns)
    }

    /// The tiles of a picture of this size, row by row; their edges are whole pixels. Empty where the image has fewer pixels
    /// than the grid has rows or columns, or the grid has one tile only, which is the whole.
    func boxes(width: Int, height: Int) -> [AssetPart] {
        guard rows * columns > 1, width >= columns, height >= rows, width < 1 << 40, height < 1 << 40 else { return [] }
        return (0..<rows).flatMap { row in
            (0..<columns).map { column in
                let (left, right) = (column * width / columns, (column + 1) * width / columns)
                let (top, bottom) = (row * height / rows, (row + 1) * height / rows)
                return .box(
                    x: Double(left), y: Double(top), width: Double(right - left), height: Double(bottom - top))
            }
        }
    }
}
