/// A rectangle in whole pixels of a sheet.
public struct TileBox: Sendable, Hashable {
    /// Columns left of it.
    public var x: Int
    /// Rows above it.
    public var y: Int
    /// Its columns.
    public var width: Int
    /// Its rows.
    public var height: Int

    /// Joins a place and a size.
    public init(x: Int, y: Int, width: Int, height: Int) {
        (self.x, self.y, self.width, self.height) = (x, y, width, height)
    }

    /// The share of the area of both that they have in common.
    public func overlap(with other: TileBox) -> Double {
        let across = min(x + width, other.x + other.width) - max(x, other.x)
        let down = min(y + height, other.y + other.height) - max(y, other.y)
        guard across > 0, down > 0 else { return 0 }
        let common = Double(across) * Double(down)
        return common / (Double(width) * Double(height) + Double(other.width) * Double(other.height) - common)
    }
}

/// Where the tiles of a sheet are.
public struct TileLayout: Sendable, Hashable {
    /// The rows of tiles.
    public let rows: Int
    /// The columns of tiles.
    public let columns: Int
    /// The tiles in reading order, in pixels of the sheet as it is in its file. The last row may lack tiles at its end.
    public let boxes: [TileBox]
    /// How clearly they form a grid, 0 to 1; 1 where the layout was stated.
    public let clarity: Double
    /// The tiles of a sheet that is askew, where it is straightened; nil for an upright one.
    let upright: UprightCells?

    /// Joins rows, columns and tiles.
    public init(rows: Int, columns: Int, boxes: [TileBox], clarity: Double = 1) {
        self.init(rows: rows, columns: columns, boxes: boxes, clarity: clarity, upright: nil)
    }

    init(rows: Int, columns: Int, boxes: [TileBox], clarity: Double, upright: UprightCells?) {
        (self.rows, self.columns, self.boxes, self.clarity) = (rows, columns, boxes, clarity)
        self.upright = upright
    }

    /// How likely the layout is right, by its clarity: as drawn sheets of the training split tell it.
    public var confidence: Float { Float(min(max(0.5 + (clarity - 0.45) * 1.1, 0.05), 1)) }

    /// The most tiles of a sheet.
    public static let limit = 1024
    /// Tiles with a shorter side show nothing that a model could tell.
    public static let shortestSide = 8

    /// A sheet cut into equal parts, without looking at it; nil where it has fewer pixels than that.
    public static func even(rows: Int, columns: Int, width: Int, height: Int) -> TileLayout? {
        guard rows > 0, columns > 0, columns <= width, rows <= height, rows <= limit, columns <= limit else {
            return nil
        }
        var boxes: [TileBox] = []
        for row in 0..<rows {
            for column in 0..<columns {
                let (left, right) = (column * width / columns, (column + 1) * width / columns)
                let (top, bottom) = (row * height / rows, (row + 1) * height / rows)
                boxes.append(TileBox(x: left, y: top, width: right - left, height: bottom - top))
            }
        }
        return TileLayout(rows: rows, columns: columns, boxes: boxes)
    }
}
