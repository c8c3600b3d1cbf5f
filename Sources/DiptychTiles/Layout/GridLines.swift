/// Finds tiles that touch, or whose gaps are too thin to be seen, by the lines that their edges form.
struct GridLines {
    let pixels: SheetPixels
    let region: SheetRegion
    private let across: [Double]
    private let down: [Double]

    init(_ pixels: SheetPixels, in region: SheetRegion) {
        (self.pixels, self.region) = (pixels, region)
        let edge = pixels.edge
        // The share of each column's rows, and of each row's columns, in which there is an edge.
        var across = [Double](repeating: 0, count: region.width)
        var down = [Double](repeating: 0, count: region.height)
        for y in region.top + 2..<max(region.top + 2, region.bottom - 2) {
            for x in region.left + 2..<max(region.left + 2, region.right - 2) {
                let at = y * pixels.width + x
                if pixels.difference(at - 2, at + 1) > edge { across[x - region.left] += 1 }
                if pixels.difference(at - 2 * pixels.width, at + pixels.width) > edge { down[y - region.top] += 1 }
            }
        }
        self.across = across.map { $0 / Double(max(1, region.height)) }
        self.down = down.map { $0 / Double(max(1, region.width)) }
    }

    /// The grid of touching tiles, if there is one.
    func grid(shortest: Int) -> FoundGrid? {
        let columns = Self.cuts(across, shortest: shortest), rows = Self.cuts(down, shortest: shortest)
        guard columns.cuts.count + rows.cuts.count > 4 else {
            return nil
        }
        var cells: [SheetRegion] = []
        for row in 1..<rows.cuts.count {
            for column in 1..<columns.cuts.count {
                cells.append(
                    SheetRegion(
                        left: region.left + columns.cuts[column - 1], top: region.top + rows.cuts[row - 1],
                        right: region.left + columns.cuts[column], bottom: region.top + rows.cuts[row]))
            }
        }
        let strengths = [columns, rows].filter { $0.cuts.count > 2 }.map(\.strength)
        return FoundGrid(
            rows: rows.cuts.count - 1, columns: columns.cuts.count - 1, cells: cells, quality: strengths.min() ?? 0)
    }

    /// Where a profile has lines at equal distances, or else lines that nearly span the region: the cuts with both ends, and the
    /// strength of the weakest.
    private static func cuts(_ profile: [Double], shortest: Int) -> (cuts: [Int], strength: Double) {
        let length = profile.count
        let usual = profile.sorted()[length / 2]
        func peak(_ place: Int, _ reach: Int) -> (Int, Double) {
            var best = (place, 0.0)
            for at in max(0, place - reach)...min(length - 1, place + reach) where profile[at] > best.1 {
                best = (at, profile[at])
            }
            // An edge counts in the columns beside it too, and the first of the three is found.
            return (min(best.0 + 1, length - 1), best.1)
        }
        var found: (cuts: [Int], strength: Double) = ([0, length], 0)
        for count in 2...24 where length / count >= max(shortest, 16) {
            let reach = max(2, length / count / 30)
            let peaks = (1..<count).map { peak($0 * length / count, reach) }
            let weakest = peaks.map(\.1).min() ?? 0
            // More parts have to be as clear as fewer ones.
            if weakest > 0.4, weakest > usual + 0.22, weakest > found.strength * 0.75 {
                found = ([0] + peaks.map(\.0) + [length], weakest)
            }
        }
        if found.cuts.count > 2 { return found }
        var cuts = [0]
        var weakest = 1.0
        var at = max(shortest, length / 30)
        while at < length - max(shortest, length / 30) {
            let (place, value) = peak(at, 3)
            if value > 0.62, value > usual + 0.3, place - (cuts.last ?? 0) >= max(shortest, length / 20) {
                cuts.append(place)
                weakest = min(weakest, value)
                at = place + max(shortest, length / 20)
            } else {
                at += 3
            }
        }
        return cuts.count > 1 ? (cuts + [length], weakest * 0.8) : ([0, length], 0)
    }
}
