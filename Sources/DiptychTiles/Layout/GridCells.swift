/// A grid that was found in a region, and how sure that is.
struct FoundGrid {
    var rows: Int
    var columns: Int
    /// The cells in reading order.
    var cells: [SheetRegion]
    /// 0 to 1: how well the sides of cells stand out, and how much of the region they fill.
    var quality: Double
}

/// Finds a grid of cells between which a background shows.
struct GridCells {
    let region: SheetRegion
    /// Where the background does not show.
    let others: AreaSums
    let shortest: Int

    /// The grid, if there is one; a single cell is one too.
    func grid() -> FoundGrid? {
        let rows = (region.top..<region.bottom).map { y in
            others.share(SheetRegion(left: region.left, top: y, right: region.right, bottom: y + 1))
        }
        let runs = Self.runs(rows, from: region.top, shortest: shortest)
        guard let tallest = runs.map(\.count).max() else { return nil }
        var bands = Self.joined(runs.filter { $0.count * 100 >= tallest * 12 })
            .filter { $0.count * 100 >= tallest * 40 }
        var best: FoundGrid?
        // Headers and footers are no rows of tiles: bands at the ends go as long as the rest is a better grid.
        while let grid = grid(of: bands) {
            if grid.quality > best?.quality ?? 0 { best = grid }
            guard bands.count > 1 else { break }
            let ends = [bands[0], bands[bands.count - 1]].map { sides(grid.cells.filter(in: $0)) }
            if min(ends[0], ends[1]) > 0.8 { break }
            if ends[0] < ends[1] { bands.removeFirst() } else { bands.removeLast() }
        }
        return best
    }

    private func grid(of bands: [Range<Int>]) -> FoundGrid? {
        guard !bands.isEmpty else { return nil }
        // Columns over all bands; where perspective makes those of single bands differ, each band's.
        let columns = columns(in: bands)
        guard !columns.isEmpty else { return nil }
        var cells: [SheetRegion] = []
        for (row, band) in bands.enumerated() {
            var line: [SheetRegion] = []
            let own = self.columns(in: [band])
            let places = own.count == columns.count ? own : columns
            for (index, column) in places.enumerated() {
                let before = index > 0 ? (places[index - 1].upperBound + column.lowerBound) / 2 : column.lowerBound
                let after =
                    index + 1 < places.count ? (column.upperBound + places[index + 1].lowerBound) / 2 : column.upperBound
                line.append(
                    refined(
                        SheetRegion(
                            left: column.lowerBound, top: band.lowerBound, right: column.upperBound,
                            bottom: band.upperBound), from: before, to: after))
            }
            // The last row may end early.
            if row > 0, row == bands.count - 1 {
                while line.count > 1, let last = line.last, others.share(last) < 0.02 { line.removeLast() }
            }
            cells += line
        }
        return FoundGrid(rows: bands.count, columns: columns.count, cells: cells,
            quality: quality(cells, bands, columns))
    }

    /// The columns of tiles in some bands.
    private func columns(in bands: [Range<Int>]) -> [Range<Int>] {
        let height = bands.reduce(0) { $0 + $1.count }
        let profile = (region.left..<region.right).map { x in
            bands.reduce(0.0) { sum, band in
                sum + Double(band.count)
                    * others.share(
                        SheetRegion(left: x, top: band.lowerBound, right: x + 1, bottom: band.upperBound))
            } / Double(height)
        }
        let runs = Self.joined(Self.runs(profile, from: region.left, shortest: shortest))
        guard let widest = runs.map(\.count).max() else { return [] }
        return runs.filter { $0.count * 100 >= widest * 30 }
    }

    /// Where a profile is high: above a quarter of its usual height.
    private static func runs(_ profile: [Double], from start: Int, shortest: Int) -> [Range<Int>] {
        let sorted = profile.sorted()
        guard let top = sorted.isEmpty ? nil : sorted[sorted.count * 9 / 10], top > 0.05 else { return [] }
        let limit = 0.28 * top
        var runs: [Range<Int>] = []
        var begin: Int?
        for (index, value) in profile.enumerated() {
            if value > limit {
                if begin == nil { begin = index }
            } else if let first = begin {
                runs.append(start + first..<start + index)
                begin = nil
            }
        }
        if let first = begin { runs.append(start + first..<start + profile.count) }
        return runs.filter { $0.count >= shortest }
    }

    /// Pieces of one tile that its own content cut, put together again: together they are as wide as most others.
    private static func joined(_ runs: [Range<Int>]) -> [Range<Int>] {
        guard runs.count > 2 else { return runs }
        let usual = runs.map(\.count).sorted()[runs.count * 2 / 3]
        var joined: [Range<Int>] = []
        for run in runs {
            if let last = joined.last, min(last.count, run.count) * 100 < usual * 70,
                (run.upperBound - last.lowerBound) * 100 <= usual * 106,
                (run.upperBound - last.lowerBound) * 100 >= usual * 60
            {
                joined[joined.count - 1] = last.lowerBound..<run.upperBound
            } else {
                joined.append(run)
            }
        }
        return joined
    }

    /// A cell without rows and columns of background at its edges.
    private func refined(_ cell: SheetRegion, from before: Int, to after: Int) -> SheetRegion {
        var box = cell
        func column(_ x: Int) -> Double {
            others.share(SheetRegion(left: x, top: cell.top, right: x + 1, bottom: cell.bottom))
        }
        func row(_ y: Int) -> Double {
            others.share(SheetRegion(left: cell.left, top: y, right: cell.right, bottom: y + 1))
        }
        while box.left < box.right, column(box.left) < 0.3 { box.left += 1 }
        while box.right > box.left, column(box.right - 1) < 0.3 { box.right -= 1 }
        while box.top < box.bottom, row(box.top) < 0.3 { box.top += 1 }
        while box.bottom > box.top, row(box.bottom - 1) < 0.3 { box.bottom -= 1 }
        // Of a tile whose own colour is the background's only its content is left: it has the place of its column and row.
        guard box.width * 100 >= cell.width * 62, box.height * 100 >= cell.height * 62, box.area * 2 > cell.area else {
            return cell
        }
        return box
    }

    /// How well sides of most cells stand out: the share of each side that does.
    private func sides(_ cells: [SheetRegion]) -> Double {
        let scores = cells.map { cell in
            let (w, h) = (max(1, cell.width / 12), max(1, cell.height / 12))
            let sides = [
                SheetRegion(left: cell.left, top: cell.top + h, right: cell.left + 2, bottom: cell.bottom - h),
                SheetRegion(left: cell.right - 2, top: cell.top + h, right: cell.right, bottom: cell.bottom - h),
                SheetRegion(left: cell.left + w, top: cell.top, right: cell.right - w, bottom: cell.top + 2),
                SheetRegion(left: cell.left + w, top: cell.bottom - 2, right: cell.right - w, bottom: cell.bottom),
            ].map(others.share)
            // Three sides are enough where light or a shadow takes one.
            return sides.sorted().dropFirst().reduce(0, +) / 3
        }.sorted()
        // Tiles of the background's own colour have no sides; most must have.
        return scores.isEmpty ? 0 : scores[scores.count / 2]
    }

    /// How much of the background's colour there is between neighbours.
    private func gaps(_ bands: [Range<Int>], _ columns: [Range<Int>]) -> Double {
        guard let top = bands.first?.lowerBound, let bottom = bands.last?.upperBound,
            let left = columns.first?.lowerBound, let right = columns.last?.upperBound
        else { return 0 }
        let across = zip(bands, bands.dropFirst()).map { one, next in
            others.share(SheetRegion(left: left, top: one.upperBound, right: right, bottom: next.lowerBound))
        }
        let down = zip(columns, columns.dropFirst()).map { one, next in
            others.share(SheetRegion(left: one.upperBound, top: top, right: next.lowerBound, bottom: bottom))
        }
        let all = across + down
        return all.isEmpty ? 1 : 1 - all.reduce(0, +) / Double(all.count)
    }

    /// By how much lengths differ, as a share of their mean.
    private static func variation(_ lengths: [Int]) -> Double {
        guard lengths.count > 1 else { return 0 }
        let mean = Double(lengths.reduce(0, +)) / Double(lengths.count)
        guard mean > 0 else { return 0 }
        let square = lengths.reduce(0) { $0 + (Double($1) - mean) * (Double($1) - mean) } / Double(lengths.count)
        return square.squareRoot() / mean
    }

    /// How much a grid looks like one: sides stand out, gaps are of one colour, lengths are alike, and cells fill the region.
    private func quality(_ cells: [SheetRegion], _ bands: [Range<Int>], _ columns: [Range<Int>]) -> Double {
        let fill = Double(cells.reduce(0) { $0 + $1.area }) / Double(region.area)
        let sizes = Self.variation(bands.map(\.count)) + Self.variation(columns.map(\.count))
        let between =
            Self.variation(zip(bands, bands.dropFirst()).map { $1.lowerBound - $0.upperBound })
            + Self.variation(zip(columns, columns.dropFirst()).map { $1.lowerBound - $0.upperBound })
        return sides(cells) * gaps(bands, columns) * min(1, 1.3 * fill.squareRoot()) / (1 + 0.5 * sizes + 0.25 * between)
    }
}

extension [SheetRegion] {
    /// Those in a band of rows.
    fileprivate func filter(in band: Range<Int>) -> [SheetRegion] {
        filter { $0.top >= band.lowerBound && $0.bottom <= band.upperBound }
    }
}
