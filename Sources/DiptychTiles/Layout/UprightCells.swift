/// The tiles of a sheet that is askew: rectangles of the straightened sheet, and the way back.
struct UprightCells: Sendable, Hashable {
    let slant: SheetSlant
    let cells: [SheetRegion]
    /// How many pixels of the sheet one pixel of the cells stands for.
    let scale: Int

    /// A tile, straightened: its size, and its samples between four pixels of the sheet each.
    func tile(_ index: Int, of bytes: [UInt8], width: Int, height: Int) -> (width: Int, height: Int, bytes: [UInt8]) {
        let cell = cells[index], step = 1 / Double(scale)
        let (columns, rows) = (max(1, cell.width * scale), max(1, cell.height * scale))
        var tile = [UInt8](repeating: 0, count: columns * rows * 3)
        guard width > 1, height > 1 else { return (columns, rows, tile) }
        for row in 0..<rows {
            for column in 0..<columns {
                let place = slant.original(
                    Double(cell.left) + (Double(column) + 0.5) * step - 0.5,
                    Double(cell.top) + (Double(row) + 0.5) * step - 0.5)
                let x = min(max((place.x + 0.5) * Double(scale) - 0.5, 0), Double(width - 1))
                let y = min(max((place.y + 0.5) * Double(scale) - 0.5, 0), Double(height - 1))
                let (left, top) = (min(Int(x), width - 2), min(Int(y), height - 2))
                let (fx, fy) = (x - Double(left), y - Double(top))
                for channel in 0..<3 {
                    let at = (top * width + left) * 3 + channel, below = at + width * 3
                    let upper = Double(bytes[at]) * (1 - fx) + Double(bytes[at + 3]) * fx
                    let lower = Double(bytes[below]) * (1 - fx) + Double(bytes[below + 3]) * fx
                    tile[(row * columns + column) * 3 + channel] = UInt8(upper * (1 - fy) + lower * fy)
                }
            }
        }
        return (columns, rows, tile)
    }
}
