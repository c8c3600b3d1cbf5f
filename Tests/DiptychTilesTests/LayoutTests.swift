import FoundationEssentials
import DiptychMedia
import DiptychSamples
import DiptychTestSupport
import DiptychTiles
import Testing

/// Layouts of sheets that are drawn here, and of the drawn set.
@Suite struct LayoutTests {
    /// An image of one colour on which rectangles are drawn.
    private struct Canvas {
        let width: Int
        let height: Int
        var bytes: [UInt8]

        init(_ width: Int, _ height: Int, _ color: (UInt8, UInt8, UInt8)) {
            (self.width, self.height) = (width, height)
            bytes = (0..<width * height).flatMap { _ in [color.0, color.1, color.2] }
        }

        mutating func fill(_ box: TileBox, _ color: (UInt8, UInt8, UInt8)) {
            for y in box.y..<box.y + box.height {
                for x in box.x..<box.x + box.width {
                    let at = (y * width + x) * 3
                    (bytes[at], bytes[at + 1], bytes[at + 2]) = color
                }
            }
        }

        var image: Image { get throws { try Image(width: width, height: height, bytes: bytes) } }
    }

    private let colors: [(UInt8, UInt8, UInt8)] = [
        (200, 40, 40), (40, 90, 200), (60, 160, 70), (230, 170, 40), (90, 60, 150), (40, 150, 160), (120, 80, 50),
    ]

    /// A sheet of plain tiles, and their boxes.
    private func sheet(
        rows: Int, columns: Int, tile: (Int, Int) = (60, 50), gap: Int, margin: Int, header: Int = 0, tiles: Int? = nil,
        background: (UInt8, UInt8, UInt8) = (255, 255, 255)
    ) throws -> (Image, [TileBox]) {
        let width = columns * tile.0 + (columns - 1) * gap + 2 * margin
        var canvas = Canvas(width, header + rows * tile.1 + (rows - 1) * gap + 2 * margin, background)
        if header > 0 {
            // Letters, more or less.
            for letter in 0..<(width / 14) {
                canvas.fill(TileBox(x: 6 + letter * 12, y: 8, width: 2 + letter % 4, height: 12), (40, 40, 40))
            }
        }
        var boxes: [TileBox] = []
        for index in 0..<(tiles ?? rows * columns) {
            let box = TileBox(
                x: margin + index % columns * (tile.0 + gap), y: header + margin + index / columns * (tile.1 + gap),
                width: tile.0, height: tile.1)
            canvas.fill(box, colors[(index * 3 + index / columns) % colors.count])
            // Something in it.
            canvas.fill(
                TileBox(x: box.x + 20, y: box.y + 15, width: 14, height: 12), colors[(index + 4) % colors.count])
            boxes.append(box)
        }
        return (try canvas.image, boxes)
    }

    private func expect(
        _ sheet: (image: Image, boxes: [TileBox]), _ rows: Int, _ columns: Int,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let layout = LayoutFinder().layout(of: sheet.image)
        #expect(layout?.rows == rows && layout?.columns == columns, sourceLocation: sourceLocation)
        #expect(layout?.boxes.count == sheet.boxes.count, sourceLocation: sourceLocation)
        for (found, box) in zip(layout?.boxes ?? [], sheet.boxes) {
            #expect(found.overlap(with: box) > 0.93, "\(found) \(box)", sourceLocation: sourceLocation)
        }
    }

    @Test func gridsWithGapsAndMargins() throws {
        expect(try sheet(rows: 2, columns: 3, gap: 8, margin: 10), 2, 3)
        expect(try sheet(rows: 3, columns: 3, gap: 4, margin: 0, background: (30, 30, 36)), 3, 3)
        expect(try sheet(rows: 4, columns: 5, gap: 12, margin: 20), 4, 5)
        expect(try sheet(rows: 1, columns: 6, gap: 6, margin: 6), 1, 6)
        expect(try sheet(rows: 5, columns: 1, gap: 6, margin: 6), 5, 1)
    }

    @Test func headersAreNoTiles() throws {
        expect(try sheet(rows: 2, columns: 3, gap: 8, margin: 10, header: 30), 2, 3)
        expect(try sheet(rows: 3, columns: 4, gap: 5, margin: 12, header: 30), 3, 4)
    }

    @Test func theLastRowMayEndEarly() throws {
        expect(try sheet(rows: 3, columns: 3, gap: 8, margin: 10, tiles: 7), 3, 3)
    }

    @Test func tilesThatTouch() throws {
        expect(try sheet(rows: 3, columns: 3, gap: 0, margin: 0), 3, 3)
        expect(try sheet(rows: 2, columns: 4, gap: 0, margin: 14), 2, 4)
    }

    @Test func whatIsNoGridHasNone() throws {
        let plain = Canvas(200, 150, (240, 240, 240))
        #expect(LayoutFinder().layout(of: try plain.image) == nil)
        // A single image of noise, and one with a gradient.
        var random = SmallRandom()
        var speckles: [UInt8] = []
        for _ in 0..<160 * 120 * 3 { speckles.append(random.byte()) }
        let noise = try Image(width: 160, height: 120, bytes: speckles)
        #expect(LayoutFinder().layout(of: noise) == nil)
        var shades: [UInt8] = []
        for y in 0..<120 {
            for x in 0..<160 { shades += [UInt8(x), UInt8(y), 90] }
        }
        let gradient = try Image(width: 160, height: 120, bytes: shades)
        #expect(LayoutFinder().layout(of: gradient) == nil)
        for (width, height) in [(1, 1), (3, 3), (400, 1), (1, 400)] {
            let tiny = try Image(width: width, height: height, bytes: [UInt8](repeating: 7, count: width * height * 3))
            #expect(LayoutFinder().layout(of: tiny) == nil)
        }
    }

    /// Scenes are single images, some with planks, bricks or equal objects side by side; few may pass for a sheet.
    @Test func singleImagesAreNoSheets() async throws {
        let folder = try TemporaryDirectory()
        try await SampleSet(seed: 80).write(count: 60, to: folder.url.path)
        var found = 0
        for index in 0..<60 {
            let image = try Image.decode(file: folder.path(SampleSet.fileName(at: index)))
            if LayoutFinder().layout(of: image) != nil { found += 1 }
        }
        #expect(found <= 3, "\(found) of 60")
    }

    private struct SmallRandom {
        var state: UInt32 = 12345
        mutating func byte() -> UInt8 {
            state = state &* 1_664_525 &+ 1_013_904_223
            return UInt8(state >> 24)
        }
    }

    /// The reach: 99 of 100 clean sheets; fifty are too few to tell 99 from 96.
    @Test func mostDrawnSheetsAreFound() throws {
        let set = SheetSet(seed: 40, split: .valid)
        var found: [SheetDegree: Int] = [:]
        for index in 0..<100 {
            let (image, truth, _) = try set.sheet(at: index)
            let layout = LayoutFinder().layout(of: image)
            let overlaps = zip(layout?.boxes ?? [], truth.boxes).map { found, box in
                found.overlap(with: TileBox(x: box.x, y: box.y, width: box.width, height: box.height))
            }
            let hasShape = layout?.rows == truth.rows && layout?.columns == truth.columns
            if hasShape, overlaps.allSatisfy({ $0 >= 0.8 }) { found[truth.degree, default: 0] += 1 }
        }
        // Of twenty each.
        #expect(found[.clean, default: 0] >= 18 && found.values.reduce(0, +) >= 85, "\(found)")
    }

    @Test func evenCutsCoverTheSheet() {
        let layout = TileLayout.even(rows: 2, columns: 3, width: 100, height: 51)
        #expect(layout?.boxes.map(\.width) == [33, 33, 34, 33, 33, 34])
        #expect(layout?.boxes.reduce(0) { $0 + $1.width * $1.height } == 5100)
        #expect(TileLayout.even(rows: 1, columns: 400, width: 300, height: 10) == nil)
        #expect(TileLayout.even(rows: 0, columns: 1, width: 9, height: 9) == nil)
    }
}
