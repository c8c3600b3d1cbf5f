import Diptych
import DiptychBasics
import DiptychMedia
import DiptychSamples
import DiptychTiles
import Foundation

/// Drawn sheets as a model sees them: its cosines of tiles and words, by the truth's own boxes or by those that were found.
struct LabelledSheets {
    /// A sheet that was looked at.
    struct Sheet: Sendable {
        let truth: SheetTruth
        let image: Image
        let layout: TileLayout?
        /// How long finding the layout took.
        let layoutSeconds: Double

        /// Whether rows, columns and each tile are right, each tile sharing four fifths with the true one.
        var hasLayout: Bool {
            guard let layout, layout.rows == truth.rows, layout.columns == truth.columns,
                layout.boxes.count == truth.boxes.count
            else { return false }
            return zip(layout.boxes, truth.boxes).allSatisfy { found, box in
                found.overlap(with: TileBox(x: box.x, y: box.y, width: box.width, height: box.height)) >= 0.8
            }
        }

        /// The layout that was drawn.
        var trueLayout: TileLayout {
            TileLayout(
                rows: truth.rows, columns: truth.columns,
                boxes: truth.boxes.map { TileBox(x: $0.x, y: $0.y, width: $0.width, height: $0.height) })
        }
    }

    let folder: String
    let truths: [SheetTruth]

    init(_ folder: String) throws {
        self.folder = folder
        truths = try SheetSet.truth(in: folder)
        guard !truths.isEmpty else { throw Failure("\(folder): there are no sheets") }
    }

    /// Some sheets, read and with their layouts found.
    func sheets(_ range: Range<Int>) throws -> [Sheet] {
        let folder = folder
        return try ParallelWork().map(Array(truths[range])) { truth in
            Result<Sheet, any Error> {
                let image = try Image.decode(file: folder + "/" + truth.file)
                let begin = ContinuousClock.now
                let layout = LayoutFinder().layout(of: image)
                let time = (ContinuousClock.now - begin) / .seconds(1)
                return Sheet(truth: truth, image: image, layout: layout, layoutSeconds: time)
            }
        }.map { try $0.get() }
    }

    /// The cosines of a layout's tiles and the words, with the truth.
    static func labelled(
        _ sheet: Sheet, in layout: TileLayout, by model: any DualEncoder
    ) async throws -> LabelledSheet {
        let words = try await model.embed(texts: sheet.truth.words)
        let tiles = try await model.embed(images: layout.images(of: sheet.image, layout.boxes.indices))
        let cosines = tiles.similarity(to: words)
        let similarities = (0..<tiles.count).map { tile in (0..<words.count).map { cosines[tile, $0] } }
        let shows = (0..<tiles.count).map { tile in sheet.truth.matches.map { $0.contains(tile + 1) } }
        return LabelledSheet(
            similarities: similarities, shows: shows, layout: (sheet.layout?.confidence ?? 0, sheet.hasLayout))
    }
}
