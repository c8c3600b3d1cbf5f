/// Tiles of the background's own colour leave holes in a grid whose other tiles are all alike: their places follow from the others.
struct GridCompletion {
    let others: AreaSums
    let region: SheetRegion

    /// Columns with those that are missing between and beside them.
    func columns(_ runs: [Range<Int>], in bands: [Range<Int>]) -> [Range<Int>] {
        guard let top = bands.first?.lowerBound, let bottom = bands.last?.upperBound else { return runs }
        return completed(runs, within: region.left..<region.right) { slot in
            others.share(SheetRegion(left: slot.lowerBound, top: top, right: slot.upperBound, bottom: bottom)) > 0.004
        }
    }

    /// Rows with those that are missing between, above and below them. Text above them touches their left side, what a tile shows
    /// does not.
    func rows(_ runs: [Range<Int>], in columns: [Range<Int>]) -> [Range<Int>] {
        guard let left = columns.first?.lowerBound, let right = columns.last?.upperBound else { return runs }
        return completed(runs, within: region.top..<region.bottom) { slot in
            columns.allSatisfy { column in
                let strip = max(2, column.count / 16)
                let sides = [
                    (column.lowerBound, column.lowerBound + strip), (column.upperBound - strip, column.upperBound),
                ]
                return sides.allSatisfy {
                    others.share(SheetRegion(left: $0.0, top: slot.lowerBound, right: $0.1, bottom: slot.upperBound))
                        < 0.02
                }
            }
                && others.share(SheetRegion(left: left, top: slot.lowerBound, right: right, bottom: slot.upperBound))
                    > 0.004
        }
    }

    private func completed(
        _ runs: [Range<Int>], within limits: Range<Int>, _ shows: (Range<Int>) -> Bool
    ) -> [Range<Int>] {
        guard runs.count >= 2, runs.count <= 32 else { return runs }
        let lengths = runs.map(\.count).sorted()
        let length = lengths[lengths.count / 2]
        guard let shortest = lengths.first, let longest = lengths.last, length >= 16,
            (longest - shortest) * 100 <= length * 7
        else { return runs }
        let gaps = zip(runs, runs.dropFirst()).map { $1.lowerBound - $0.upperBound }
        guard let least = gaps.min() else { return runs }
        // Where even the least gap holds a tile, one is missing in each.
        let gap = least >= length ? (least - length) / 2 : least
        guard gap * 100 <= length * 45 else { return runs }
        let pitch = length + gap
        var all = [runs[0]]
        for run in runs.dropFirst() {
            let room = run.lowerBound - (all.last?.upperBound ?? 0) - gap
            let missing = (room + pitch / 2) / pitch
            if missing > 0, abs(room - missing * pitch) * 100 <= length * 6 * missing {
                for _ in 0..<missing {
                    let start = (all.last?.upperBound ?? 0) + gap
                    all.append(start..<start + length)
                }
            }
            all.append(run)
        }
        while let first = all.first, first.lowerBound - pitch >= limits.lowerBound - 2 {
            let start = max(limits.lowerBound, first.lowerBound - pitch)
            guard shows(start..<start + length) else { break }
            all.insert(start..<start + length, at: 0)
        }
        while let last = all.last, last.upperBound + pitch <= limits.upperBound + 2 {
            let end = min(limits.upperBound, last.upperBound + pitch)
            guard shows(end - length..<end) else { break }
            all.append(end - length..<end)
        }
        return all
    }
}
