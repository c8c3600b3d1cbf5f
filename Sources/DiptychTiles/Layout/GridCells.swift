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
            if min(ends[0], ends[1]) > 0.65 { break }
            if ends[0] < ends[1] { bands.removeFirst() } else { bands.removeLast() }
        }
        return best
    }

    private func grid(of found: [Range<Int>]) -> FoundGrid? {
        guard !found.isEmpty else { return nil }
        // Columns over all bands; where perspective makes those of single bands differ, each band's.
        let completion = GridCompletion(others: others, region: region)
        let seen = columns(in: found)
        guard !seen.isEmpty else { return nil }
        let columns = completion.columns(seen, in: found)
        let bands = completion.rows(found, in: columns)
        var cells: [SheetRegion] = []
        for (row, band) in bands.enumerated() {
            let own = self.columns(in: [band])
            let isNear =
                own.count == columns.count
                && zip(own, columns).allSatisfy { mine, all in
                    let reach = max(2, all.count / 14)
                    return abs(mine.lowerBound - all.lowerBound) <= reach
                        && abs(mine.upperBound - all.upperBound) <= reach
                }
            let places = isNear ? own : columns
            var line = places.map { column in
                SheetRegion(
                    left: column.lowerBound, top: band.lowerBound, right: column.upperBound, bottom: band.upperBound)
            }
            // The last row may end early.
            if row > 0, row == bands.count - 1 {
                while line.count > 1, let last = line.last, others.share(last) < 0.02 { line.removeLast() }
            }
            cells += line
        }
        return FoundGrid(
            rows: bands.count, columns: columns.count, cells: refined(cells), quality: quality(cells, bands, columns))
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

    /// Cells without rows and columns of background at their edges, where tiles are smaller than their cells: where most fill
    /// theirs, the others are of the background's own colour.
    private func refined(_ cells: [SheetRegion]) -> [SheetRegion] {
        let boxes = cells.map(refined)
        let full = zip(cells, boxes).count { $1.width * 100 >= $0.width * 95 && $1.height * 100 >= $0.height * 95 }
        return full * 2 > cells.count ? cells : boxes
    }

    private func refined(_ cell: SheetRegion) -> SheetRegion {
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
        // Of a tile of the background's own colour only its content is left.
        guard box.width * 100 >= cell.width * 40, box.height * 100 >= cell.height * 40 else { return cell }
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
            ].enumerated().map { side, part in
                // The region's own border tells nothing.
                let isBorder = [
                    cell.left == region.left, cell.right == region.right, cell.top == region.top,
                    cell.bottom == region.bottom,
                ][side]
                return isBorder ? min(0.5, others.share(part)) : others.share(part)
            }
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

    /// How much a grid looks like one: sides stand out, gaps are of one colour, lengths are alike, and little is left outside.
    private func quality(_ cells: [SheetRegion], _ bands: [Range<Int>], _ columns: [Range<Int>]) -> Double {
        let all = others.share(region) * Double(region.area)
        let held = cells.reduce(0.0) { $0 + others.share($1) * Double($1.area) }
        let sizes = Self.variation(bands.map(\.count)) + Self.variation(columns.map(\.count))
        let between = Self.spread(bands) + Self.spread(columns)
        // Of two grids, the one of fewer cells has mostly missed some.
        let count = 1 - 0.5 / Double(max(1, cells.count))
        return count * sides(cells) * gaps(bands, columns) * (held / max(1, all)).squareRoot()
            / (1 + 0.5 * sizes + between)
    }

    /// By how much gaps differ, as a share of what they are between.
    private static func spread(_ runs: [Range<Int>]) -> Double {
        let gaps = zip(runs, runs.dropFirst()).map { Double($1.lowerBound - $0.upperBound) }
        guard gaps.count > 1 else { return 0 }
        let mean = gaps.reduce(0, +) / Double(gaps.count)
        let square = gaps.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(gaps.count)
        let length = Double(runs.reduce(0) { $0 + $1.count }) / Double(runs.count)
        return length > 0 ? square.squareRoot() / length : 0
    }
}

extension [SheetRegion] {
    /// Those in a band of rows.
    fileprivate func filter(in band: Range<Int>) -> [SheetRegion] {
        filter { $0.top >= band.lowerBound && $0.bottom <= band.upperBound }
    }
}
