/// Finds where shots begin: hard cuts, dissolves and fades. Flashes, after which the picture is what it was, and pans are none.
///
/// It keeps the mosaics of a few seconds, and one number a frame.
struct ShotDetector {
    /// A hard cut changes cells by so much, on average over a frame.
    private static let leastCut: Float = 9
    /// In at least this share of a frame's cells: less is something that appears or jumps.
    private static let cutShare: Float = 0.4
    /// And by so many times what frames around it change.
    private static let cutRatio: Float = 3
    /// A picture that comes back within so many frames was covered by a flash.
    private static let flash = 5
    /// Half the lengths of dissolves, in frames.
    private static let halves = [5, 10, 18, 28]
    /// The middles of two dissolves lie so far apart, in frames.
    private static let apart = 32
    /// The ends of a dissolve differ by so much.
    private static let leastDissolve: Float = 16
    /// The share of that difference that a blend of the ends may leave unexplained.
    private static let dissolveRest: Float = 0.28
    /// So many frames before and after a dissolve are looked at, in which less changes than in it.
    private static let outside = 10
    /// Patterns more alike than this are one picture under another light.
    private static let samePattern: Float = 0.8
    /// A frame of one colour, as between two fades, spreads less than this.
    private static let plainSpread: Float = 2.5
    /// No shot is shorter, in frames.
    private static let shortest = 6

    private static let reach = 2 * (halves.last ?? 0) + 2

    /// The last frames; the first of them has the number `base`.
    private var window: [FrameCells] = []
    private var base = 0
    private(set) var count = 0
    /// The change from the frame before.
    private(set) var changes: [Float] = []
    private var cuts: [Int] = []
    /// Where a dissolve may be in its middle, and how much changes in it.
    private var dissolves: [(frame: Int, score: Float, half: Int)] = []
    /// Runs of plain frames.
    private var plain: [Range<Int>] = []

    /// Takes the next frame.
    mutating func add(_ frame: FrameCells) {
        changes.append(window.last.map { $0.difference(to: frame) } ?? 0)
        if frame.spread < Self.plainSpread {
            if plain.last?.upperBound == count {
                plain[plain.count - 1] = plain[plain.count - 1].lowerBound..<count + 1
            } else {
                plain.append(count..<count + 1)
            }
        }
        window.append(frame)
        count += 1
        if window.count > 2 * Self.reach {
            // Many at once, as each removal moves all.
            window.removeFirst(Self.reach / 2)
            base += Self.reach / 2
        }
        if count > Self.flash + 2 { judgeCut(at: count - 1 - Self.flash - 1) }
        let middle = count - 1 - (Self.halves.last ?? 0) - Self.outside
        if middle > 0 { judgeDissolve(at: middle) }
    }

    /// The numbers of the first frames of shots, ascending, without the first.
    mutating func finish() -> [Int] {
        for frame in max(1, count - Self.flash - 2)..<max(1, count) { judgeCut(at: frame) }
        for frame in max(1, count - (Self.halves.last ?? 0) - Self.outside)..<max(1, count) { judgeDissolve(at: frame) }
        var found = Set(cuts)
        // Frames of one colour end the shot before them, unless they were cut to.
        for run in plain where run.lowerBound > 0 && run.upperBound < count {
            let nearby = (run.lowerBound - 2)...(run.upperBound + 2)
            if !found.contains(where: nearby.contains) { found.insert((run.lowerBound + run.upperBound) / 2) }
        }
        // Of a dissolve's frames, that in which most changes is its middle.
        var middles: [Int] = []
        for (frame, _, half) in dissolves.sorted(by: { ($0.score, $1.frame) > ($1.score, $0.frame) }) {
            let nearby = (frame - half - 4)...(frame + half + 4)
            if !found.contains(where: nearby.contains), !middles.contains(where: { abs($0 - frame) < Self.apart }) {
                found.insert(frame)
                middles.append(frame)
            }
        }
        var boundaries: [Int] = []
        for frame in found.sorted()
        where frame - (boundaries.last ?? 0) >= Self.shortest && count - frame >= Self.shortest {
            boundaries.append(frame)
        }
        return boundaries
    }

    private func frame(_ number: Int) -> FrameCells? {
        number >= base && number < count ? window[number - base] : nil
    }

    private mutating func judgeCut(at number: Int) {
        guard number > 0, cuts.last.map({ $0 < number }) ?? true else { return }
        let change = changes[number]
        guard change >= Self.leastCut, let before = frame(number - 1), let after = frame(number) else { return }
        let around = [number - 3, number - 2, number - 1, number + 1, number + 2, number + 3]
            .filter { $0 > 0 && $0 < count }.map { min(changes[$0], change) }
        let usual = around.isEmpty ? 0 : around.reduce(0, +) / Float(around.count)
        guard change >= Self.cutRatio * usual + 1, before.changedShare(to: after) >= Self.cutShare else { return }
        for step in 1...Self.flash {
            if let later = frame(number + step), before.difference(to: later) < change / 2 { return }
            if let earlier = frame(number - 1 - step), earlier.difference(to: after) < change / 2 { return }
        }
        cuts.append(number)
    }

    private mutating func judgeDissolve(at number: Int) {
        for half in Self.halves {
            guard let first = frame(number - half), let last = frame(number + half), let middle = frame(number),
                let early = frame(number - half / 2), let late = frame(number + half / 2)
            else { continue }
            // A cut, or a flash, is no slow change.
            let most = changes[(number - half + 1)...(number + half)].max() ?? 0
            let whole = first.difference(to: last)
            guard whole >= Self.leastDissolve, most < whole / 2, first.correlation(to: last) < Self.samePattern else {
                continue
            }
            let (a, b, c) = (early.blend(of: first, last), middle.blend(of: first, last), late.blend(of: first, last))
            guard (0.2...0.8).contains(b.share), a.share < b.share - 0.08, c.share > b.share + 0.08,
                max(a.rest, b.rest, c.rest) <= Self.dissolveRest * whole
            else { continue }
            // What moves all the time changes as much before and after. One of the two scenes may move, but not both, as much
            // as the dissolve itself does; and as no shot is shorter than some frames, there are some of each.
            let around = min(half, Self.outside)
            guard number - half >= Self.shortest, number + half + Self.shortest < count,
                let earlier = frame(max(0, number - half - around)),
                let later = frame(min(count - 1, number + half + around))
            else { continue }
            let (before, after) = (earlier.difference(to: first), later.difference(to: last))
            let alone = whole * Float(around) / Float(2 * half)
            guard max(before, after) <= alone + 4, before + after <= alone + 8 else { continue }
            dissolves.append((number, whole * (1 - abs(b.share - 0.5)) - max(a.rest, b.rest, c.rest), half))
        }
    }
}
