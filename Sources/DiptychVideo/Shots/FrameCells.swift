/// A frame as a mosaic: the mean brightness and colours of its cells.
struct FrameCells {
    static let columns = 32
    static let rows = 18
    /// Brightness and two differences of colour.
    static let count = 3 * columns * rows
    private static let plane = columns * rows

    let values: [UInt8]

    init(_ values: [UInt8]) { self.values = values }

    /// The mean difference of brightness, and half of that of colours: 0 to 510.
    func difference(to other: FrameCells) -> Float {
        var (bright, colour) = (Int32(0), Int32(0))
        values.withUnsafeBufferPointer { a in
            other.values.withUnsafeBufferPointer { b in
                for i in 0..<Self.plane { bright += abs(Int32(a[i]) - Int32(b[i])) }
                for i in Self.plane..<Self.count { colour += abs(Int32(a[i]) - Int32(b[i])) }
            }
        }
        return (Float(bright) + Float(colour) / 2) / Float(Self.plane)
    }

    /// The share of cells that changed visibly: 0 to 1.
    func changedShare(to other: FrameCells) -> Float {
        let changed = (0..<Self.plane).count { i in
            func change(_ place: Int) -> Int32 { abs(Int32(values[place]) - Int32(other.values[place])) }
            return 2 * change(i) + change(Self.plane + i) + change(2 * Self.plane + i) > 12
        }
        return Float(changed) / Float(Self.plane)
    }

    /// How alike the patterns of brightness are, whatever their contrast: −1 to 1. Of a frame of one colour, 0.
    func correlation(to other: FrameCells) -> Float {
        var (a, b, aa, bb, ab) = (Float(0), Float(0), Float(0), Float(0), Float(0))
        for i in 0..<Self.plane {
            let (x, y) = (Float(values[i]), Float(other.values[i]))
            (a, b, aa, bb, ab) = (a + x, b + y, aa + x * x, bb + y * y, ab + x * y)
        }
        let n = Float(Self.plane)
        let (va, vb) = (aa / n - a * a / n / n, bb / n - b * b / n / n)
        guard va > 1, vb > 1 else { return 0 }
        return (ab / n - a * b / n / n) / (va * vb).squareRoot()
    }

    /// The spread of brightness over the cells.
    var spread: Float {
        var (sum, squares) = (Float(0), Float(0))
        for i in 0..<Self.plane {
            let x = Float(values[i])
            (sum, squares) = (sum + x, squares + x * x)
        }
        let n = Float(Self.plane)
        return max(0, squares / n - sum * sum / n / n).squareRoot()
    }

    /// This frame as a blend of two others: the share of the second, by least squares, and what the blend does not explain, in the
    /// unit of ``difference(to:)``.
    func blend(of first: FrameCells, _ second: FrameCells) -> (share: Float, rest: Float) {
        var (product, square) = (Float(0), Float(0))
        for i in 0..<Self.count {
            let step = Float(second.values[i]) - Float(first.values[i])
            product += step * (Float(values[i]) - Float(first.values[i]))
            square += step * step
        }
        guard square > 0 else { return (0, difference(to: first)) }
        let share = product / square
        var (bright, colour) = (Float(0), Float(0))
        for i in 0..<Self.count {
            let (a, b) = (Float(first.values[i]), Float(second.values[i]))
            let rest = abs(Float(values[i]) - a - share * (b - a))
            if i < Self.plane { bright += rest } else { colour += rest }
        }
        return (share, (bright + colour / 2) / Float(Self.plane))
    }
}
