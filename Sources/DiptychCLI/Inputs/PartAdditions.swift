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
            while step.count < Self.step, let row = iterator.next() {
                do { step.append(try Self.region(row.get())) } catch let error as DatasetError {
                    let place = error.place.isEmpty ? error.path : "\(error.path): \(error.place)"
                    try note(summary.skip(place, reason: error.reason))
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
                for addition in step {
                    do { _ = try await store.addParts([addition]) } catch let error as StoreError
                        where error.kind == .invalidRequest
                    { try note(summary.skip(addition.path, reason: error.reason)) }
                }
            }
        }
    }

    /// The image and the boxes of a row.
    private static func region(_ row: DatasetRow) throws -> (path: String, parts: [AssetPart]) {
        guard case .file(let file) = row.image else {
            throw DatasetError(.malformed, path: row.locator, "boxes are taken for images in files only")
        }
        let path = (try? ImageFiles.resolve(file)) ?? URL(fileURLWithPath: file).standardizedFileURL.path
        let boxes: [JSONValue] = row.attributes.flatMap { member -> [JSONValue] in
            switch (member.name, member.value) {
            case ("box", let box): [box]
            case ("boxes", .array(let boxes)): boxes
            default: []
            }
        }
        guard !boxes.isEmpty else {
            throw DatasetError(
                .malformed, path: path, "has no \"box\": [x, y, width, height], in pixels, nor \"boxes\" with several")
        }
        return (path, try boxes.map { try box($0, of: path) })
    }

    private static func box(_ value: JSONValue, of path: String) throws -> AssetPart {
        let numbers: [Double] =
            if case .array(let values) = value {
                values.compactMap { value in
                    switch value {
                    case .int(let number): Double(number)
                    case .double(let number) where number.isFinite: number
                    default: nil
                    }
                }
            } else {
                []
            }
        guard numbers.count == 4, case .array(let values) = value, values.count == 4 else {
            throw DatasetError(.malformed, path: path, "a box is [x, y, width, height] in pixels, not \(value.text)")
        }
        return .box(x: numbers[0], y: numbers[1], width: numbers[2], height: numbers[3])
    }
}
