public import DiptychMedia
internal import Foundation

/// Finds the tiles of a sheet: by the background that shows between them, else by the lines that their edges form. The sheet may be
/// turned by a few degrees and seen a little from the side; headers, margins, frames and round corners do not matter.
public struct LayoutFinder: Sendable {
    /// From which quality a grid is one.
    private static let enough = 0.45
    private static let depth = 3

    /// A finder; there is nothing to choose.
    public init() {}

    /// The layout of a sheet; nil where there is no grid of at least two tiles.
    public func layout(of image: Image) -> TileLayout? {
        let pixels = SheetPixels(image)
        guard min(pixels.width, pixels.height) >= 8 else { return nil }
        let slant = SheetSlant(of: pixels)
        let upright = slant.isNone ? pixels : slant.straightened(pixels)
        guard let grid = grid(in: upright), Self.isBelievable(grid) else { return nil }
        let boxes = grid.cells.map { cell in
            box(cell, slant.isNone ? nil : slant, pixels.scale, image.width, image.height)
        }
        return TileLayout(
            rows: grid.rows, columns: grid.columns, boxes: boxes, clarity: min(1, grid.quality),
            upright: slant.isNone ? nil : UprightCells(slant: slant, cells: grid.cells, scale: pixels.scale))
    }

    /// Whether an ordinary image would hardly look like this: a row or a column has to be clearer than a grid, and planks and lines
    /// of text are no tiles.
    private static func isBelievable(_ grid: FoundGrid) -> Bool {
        guard grid.rows == 1 || grid.columns == 1 else { return grid.quality > 0.57 }
        let longest = grid.cells.map { cell in
            Double(max(cell.width, cell.height)) / Double(max(1, min(cell.width, cell.height)))
        }.sorted()[grid.cells.count / 2]
        return grid.quality > 0.72 && longest < 2.5
    }

    private func grid(in pixels: SheetPixels) -> FoundGrid? {
        let shortest = max(4, TileLayout.shortestSide / pixels.scale)
        let whole = SheetRegion(left: 0, top: 0, right: pixels.width, bottom: pixels.height)
        return grid(in: whole, of: pixels, shortest, depth: Self.depth)
    }

    private func grid(
        in region: SheetRegion, of pixels: SheetPixels, _ shortest: Int, depth: Int, touches: Bool = false
    ) -> FoundGrid? {
        guard depth > 0, min(region.width, region.height) >= shortest, max(region.width, region.height) >= 2 * shortest
        else { return nil }
        let (found, single) = cells(pixels, in: region, shortest)
        let lines = GridLines(pixels, in: region).grid(shortest: shortest)
        var best = found.map { divided($0, pixels, shortest) }
        var quality = found?.quality ?? 0
        var isByLines = false
        if let lines, lines.quality > Self.enough, lines.quality * 0.85 > quality {
            (best, quality, isByLines) = (lines, lines.quality * 0.85, true)
        }
        // Below a header of the only background there is, tiles touch, and what looks like another background is a tile.
        if touches, isByLines { return best }
        // A sheet on a table, or a block of tiles below a header, has its grid inside.
        guard let single, single.area * 100 > region.area * 30, single.area * 100 < region.area * 97,
            let inner = grid(
                in: single.inset(by: max(1, min(single.width, single.height) / 100)), of: pixels, shortest,
                depth: depth - 1, touches: single.isFoot(of: region)),
            inner.quality > quality
                * (single.isInside(region) ? 0.7 : isByLines ? (single.isFoot(of: region) ? 0.6 : 0.9) : 1.15)
        else { return best }
        return inner
    }

    /// The best grid of any background, and the best single cell.
    private func cells(
        _ pixels: SheetPixels, in region: SheetRegion, _ shortest: Int
    ) -> (FoundGrid?, SheetRegion?) {
        var best: FoundGrid?
        var single: FoundGrid?
        let tolerance = min(max(pixels.range / 12, 8), 20)
        for color in BackgroundColor.candidates(pixels, in: region, tolerance: tolerance) {
            for isLit in [false, true] {
                let others = color.others(pixels, in: region, tolerance: tolerance, isLit: isLit)
                guard let grid = GridCells(region: region, others: others, shortest: shortest).grid(),
                    grid.quality > Self.enough * (grid.cells.count == 1 ? 0.5 : 1)
                else { continue }
                if grid.cells.count == 1 {
                    guard let cell = grid.cells.first, cell.area < region.area else { continue }
                    // Around a block there is background, and maybe text.
                    let around =
                        (others.share(region) * Double(region.area) - others.share(cell) * Double(cell.area))
                        / Double(region.area - cell.area)
                    guard around < (cell.isFoot(of: region) ? 0.3 : 0.15) else { continue }
                    if grid.quality > single?.quality ?? 0 { single = grid }
                } else if grid.quality > best?.quality ?? 0 {
                    best = grid
                }
            }
        }
        return (best, single?.cells.first)
    }

    /// A row or a column of long cells whose other gaps were too thin is cut by the lines in all of them.
    private func divided(_ grid: FoundGrid, _ pixels: SheetPixels, _ shortest: Int) -> FoundGrid {
        guard grid.rows == 1 || grid.columns == 1, grid.cells.count > 1 else { return grid }
        let parts = grid.cells.map { GridLines(pixels, in: $0).grid(shortest: shortest) }
        guard let first = parts[0], first.quality > 0.6,
            parts.allSatisfy({ $0?.rows == first.rows && $0?.columns == first.columns })
        else { return grid }
        let pieces = parts.compactMap { $0 }
        if grid.columns == 1, first.rows == 1, first.columns > 1 {
            return FoundGrid(
                rows: grid.rows, columns: first.columns, cells: pieces.flatMap(\.cells), quality: first.quality)
        }
        if grid.rows == 1, first.columns == 1, first.rows > 1 {
            let cells = (0..<first.rows).flatMap { row in pieces.map { $0.cells[row] } }
            return FoundGrid(rows: first.rows, columns: grid.columns, cells: cells, quality: first.quality)
        }
        return grid
    }

    /// The upright box around a cell, in pixels of the sheet.
    private func box(
        _ cell: SheetRegion, _ slant: SheetSlant?, _ scale: Int, _ width: Int, _ height: Int
    ) -> TileBox {
        var (left, top, right, bottom) = (
            Double(cell.left), Double(cell.top), Double(cell.right), Double(cell.bottom)
        )
        if let slant {
            let corners = [(left, top), (right, top), (left, bottom), (right, bottom)].map {
                slant.original($0.0, $0.1)
            }
            let (xs, ys) = (corners.map(\.x).sorted(), corners.map(\.y).sorted())
            (left, right, top, bottom) = (xs[0], xs[3], ys[0], ys[3])
        }
        func whole(_ value: Double, _ limit: Int) -> Int { min(max(Int((value * Double(scale)).rounded()), 0), limit) }
        let (x, y) = (min(whole(left, width), width - 1), min(whole(top, height), height - 1))
        return TileBox(
            x: x, y: y, width: max(1, whole(right, width) - x), height: max(1, whole(bottom, height) - y))
    }
}
