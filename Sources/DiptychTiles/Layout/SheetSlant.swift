internal import Foundation

/// How the lines of a sheet slant: upright lines are x + (y - cy) · (a + b · (x - cx)), level ones y + (x - cx) · (c + d · (y - cy)).
/// The first numbers turn or shear the sheet, the second ones are its perspective.
struct SheetSlant: Sendable, Hashable {
    struct Lines: Sendable, Hashable {
        var slope = 0.0
        var change = 0.0
    }

    struct Point: Sendable, Hashable {
        let x: Double
        let y: Double
    }

    var upright = Lines()
    var level = Lines()
    let centre: Point

    /// Whether lines are as good as straight.
    var isNone: Bool {
        let most = max(
            abs(upright.slope) + abs(upright.change) * centre.x, abs(level.slope) + abs(level.change) * centre.y)
        return most * max(centre.x, centre.y) < 1
    }

    /// Finds the slant for which edges fall into the fewest lines.
    init(of pixels: SheetPixels) {
        centre = Point(x: Double(pixels.width) / 2, y: Double(pixels.height) / 2)
        guard min(pixels.width, pixels.height) >= 64 else { return }
        let step = max(1, max(pixels.width, pixels.height) / 420)
        let edge = pixels.edge
        var ups: [(Float, Float)] = []
        var levels: [(Float, Float)] = []
        for y in stride(from: step, to: pixels.height - step, by: step) {
            for x in stride(from: step, to: pixels.width - step, by: step) {
                let at = y * pixels.width + x
                let across = pixels.difference(at - step, at + step)
                let down = pixels.difference(at - step * pixels.width, at + step * pixels.width)
                let place = (Float(x), Float(y))
                if across > edge, across > 2 * down { ups.append(place) }
                if down > edge, down > 2 * across { levels.append((place.1, place.0)) }
            }
        }
        upright = Self.best(ups, width: pixels.width, centre.x, centre.y, step)
        level = Self.best(levels, width: pixels.height, centre.y, centre.x, step)
    }

    /// The slope, and its change, that gather points in the fewest places along their first coordinate.
    private static func best(
        _ points: [(Float, Float)], width: Int, _ middle: Double, _ other: Double, _ step: Int
    ) -> Lines {
        guard points.count > 50 else { return Lines() }
        let bins = width / step + 1
        var counts = [Float](repeating: 0, count: bins + 64)
        func score(_ slope: Double, _ change: Double) -> Double {
            for index in counts.indices { counts[index] = 0 }
            let (a, b) = (Float(slope), Float(change)), (cx, cy) = (Float(middle), Float(other))
            for (x, y) in points {
                let bin = Int((x + (y - cy) * (a + b * (x - cx))) / Float(step)) + 32
                if bin >= 0, bin < counts.count { counts[bin] += 1 }
            }
            return counts.reduce(0) { $0 + Double($1) * Double($1) }
        }
        let straight = score(0, 0)
        var (best, most) = ((0.0, 0.0), straight)
        func attempt(_ slope: Double, _ change: Double) {
            let value = score(slope, change)
            if value > most { (best, most) = ((slope, change), value) }
        }
        for slope in stride(from: -0.11, through: 0.11, by: 0.01) {
            for change in stride(from: -0.06, through: 0.06, by: 0.02) { attempt(slope, change / (2 * middle)) }
        }
        for (fine, finer) in [(0.004, 0.008), (0.0015, 0.004)] {
            let (slope, change) = best
            for a in -2...2 {
                for b in -2...2 {
                    attempt(slope + Double(a) * fine, change + Double(b) * finer / (2 * middle))
                }
            }
        }
        // What is hardly better is chance.
        return most > 1.08 * straight ? Lines(slope: best.0, change: best.1) : Lines()
    }

    /// Where a point of the straightened sheet is on the sheet.
    func original(_ u: Double, _ v: Double) -> (x: Double, y: Double) {
        var (x, y) = (u, v)
        for _ in 0..<4 {
            let next = u - (y - centre.y) * (upright.slope + upright.change * (x - centre.x))
            y = v - (x - centre.x) * (level.slope + level.change * (y - centre.y))
            x = next
        }
        return (x, y)
    }

    /// The sheet with its lines upright and level, of the same size and with its border repeated outside.
    func straightened(_ pixels: SheetPixels) -> SheetPixels {
        var bytes = [UInt8](repeating: 0, count: pixels.bytes.count)
        let (width, height) = (pixels.width, pixels.height)
        for row in 0..<height {
            for column in 0..<width {
                let (x, y) = original(Double(column), Double(row))
                let (cx, cy) = (min(max(x, 0), Double(width - 1)), min(max(y, 0), Double(height - 1)))
                let (left, top) = (min(Int(cx), width - 2), min(Int(cy), height - 2))
                let (fx, fy) = (cx - Double(left), cy - Double(top))
                for channel in 0..<3 {
                    let at = (top * width + left) * 3 + channel
                    let upper = Double(pixels.bytes[at]) * (1 - fx) + Double(pixels.bytes[at + 3]) * fx
                    let below = at + width * 3
                    let lower = Double(pixels.bytes[below]) * (1 - fx) + Double(pixels.bytes[below + 3]) * fx
                    bytes[(row * width + column) * 3 + channel] = UInt8(upper * (1 - fy) + lower * fy)
                }
            }
        }
        return SheetPixels(width: width, height: height, bytes: bytes, scale: pixels.scale)
    }
}
