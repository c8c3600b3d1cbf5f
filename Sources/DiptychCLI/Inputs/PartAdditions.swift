import Diptych
import DiptychDatasets
import DiptychSearch
import Foundation

/// Adds parts to images that are in a store.
struct PartAdditions {
    private let store: any VectorStore
    private let notes: DatasetNotes
    /// How many images get their parts in one transaction.
    private static let step = 512

    init(_ store: any VectorStore, notes: DatasetNotes) { (self.store, self.notes) = (store, notes) }

    /// Adds the tiles of a grid to the images below some roots.
    func add(_ grid: TileGrid, under roots: [String]) async throws {
        let filter = Filter.all([
            .compare(.kind, .equal, .text(AssetKind.image.rawValue)),
            .any(roots.flatMap { [.under($0), .compare(.path, .equal, .text($0))] }),
        ])
        var last: String?
        while true {
            try Task.checkCancellation()
            let page = try await store.items(after: last, limit: Self.step, filter: filter)
            guard let end = page.last?.0.id else { return }
            last = end
            _ = try await store.addParts(
                page.filter { !$0.0.missing }.map { item, _ in
                    (item.path, grid.boxes(width: item.attributes.width, height: item.attributes.height))
                })
        }
    }

    /// Indexes the images that lists name, and adds the boxes that stand there.
    mutating func index(
        regions files: [String], with indexer: Indexer, _ summary: inout IndexSummary,
        _ note: (IndexEvent) throws -> Void
    ) async throws {
        guard !files.isEmpty else { return }
        var iterator = DatasetRows(files, notes: notes).makeIterator()
        while true {
            try Task.checkCancellation()
            var step: [(path: String, parts: [AssetPart])] = []
            var places: [String] = []
            while step.count < Self.step, let row = iterator.next() {
                do {
                    let region = try Self.region(row.get())
                    step.append((region.path, region.parts))
                    places.append(region.place)
                } catch let error as DatasetError {
                    try note(summary.skip(Self.place(error.path, error.place), reason: error.reason))
                }
            }
            guard !step.isEmpty else { return }
            var seen: Set<String> = []
            let paths = step.map(\.path).filter { seen.insert($0).inserted }
            summary += try await indexer.index(inputs: paths.map { .success(.file($0)) }, onEach: note)
            // An image that could not be read was reported already.
            do { _ = try await store.addParts(step) } catch let error as StoreError where error.kind == .invalidRequest
            {
                // One of them is wrong: the others are added nevertheless.
                for (addition, place) in zip(step, places) {
                    do { _ = try await store.addParts([addition]) } catch let error as StoreError
                        where error.kind == .invalidRequest
                    { try note(summary.skip(place, reason: error.reason)) }
                }
            }
        }
    }

    private static func place(_ path: String, _ place: String) -> String {
        place.isEmpty ? path : "\(path): \(place)"
    }

    /// The image and the boxes of a row.
    private static func region(_ row: DatasetRow) throws -> (path: String, parts: [AssetPart], place: String) {
        let list = row.file.isEmpty ? row.locator : row.file
        func error(_ reason: String) -> DatasetError {
            DatasetError(.malformed, path: list, place: row.place, reason)
        }
        guard case .file(let file) = row.image else { throw error("boxes are taken for images in files only") }
        let path = (try? ImageFiles.resolve(file)) ?? URL(fileURLWithPath: file).standardizedFileURL.path
        let boxes: [JSONValue] = row.attributes.flatMap { member -> [JSONValue] in
            switch (member.name, member.value) {
            case ("box", let box): [box]
            case ("boxes", .array(let boxes)): boxes
            default: []
            }
        }
        guard !boxes.isEmpty else {
            throw error("has no \"box\": [x, y, width, height], in pixels, nor \"boxes\" with several")
        }
        var parts: [AssetPart] = []
        for box in boxes {
            guard let numbers = numbers(box), numbers.count == 4 else {
                throw error("a box is [x, y, width, height] in pixels, not \(box.text)")
            }
            // Nobody looks for less than a pixel: these are shares of the width and the height.
            guard numbers.contains(where: { !(0...1).contains($0) }) else {
                throw error(
                    "the box \(box.text) is in fractions; multiply by the image's width and height, as boxes are in pixels"
                )
            }
            parts.append(.box(x: numbers[0], y: numbers[1], width: numbers[2], height: numbers[3]))
        }
        return (path, parts, place(list, row.place))
    }

    /// The members of a list of finite numbers; nil for anything else.
    private static func numbers(_ value: JSONValue) -> [Double]? {
        guard case .array(let values) = value else { return nil }
        let numbers = values.compactMap { value -> Double? in
            switch value {
            case .int(let number): Double(number)
            case .double(let number) where number.isFinite: number
            default: nil
            }
        }
        return numbers.count == values.count ? numbers : nil
    }
}
