internal import Diptych
internal import DiptychDatasets
public import DiptychSearch
internal import Foundation

/// Brings labels of files into a store, by the paths or names of their images. Repeating it changes nothing.
public struct LabelImport: Sendable {
    /// What was brought.
    public struct Summary: Sendable, Equatable {
        /// Images whose labels are new.
        public var imported = 0
        /// Images that had them already.
        public var unchanged = 0
        /// Images that the store does not have.
        public var unknown = 0
        /// Some of them.
        public var examples: [String] = []
    }

    private let workspace: LabelWorkspace
    /// Items by their paths, and by the last parts of those where these differ.
    private let items: [String: Int64]

    /// Prepares a store for labels.
    ///
    /// - Throws: ``StoreError``, ``LabelError``.
    public init(into store: any VectorStore, kind: LabelTask.Kind) async throws {
        workspace = try await LabelWorkspace.open(LabelTask(kind), of: store)
        var items: [String: Int64] = [:]
        var names: [String: Int64?] = [:]
        var last: String?
        while true {
            let page = try await store.places(after: last, limit: 2048, filter: nil)
            for (place, part) in zip(page, try await store.wholeParts(ofItems: page.map(\.id))) where !place.missing {
                guard let part else { continue }
                items[place.path] = part
                let name = Self.name(place.path)
                if let known = names[name], known != part { names[name] = .some(nil) } else { names[name] = part }
            }
            guard let end = page.last?.id else { break }
            last = end
        }
        for (name, part) in names { if let part, items[name] == nil { items[name] = part } }
        self.items = items
    }

    private static func name(_ path: String) -> String { path.split(separator: "/").last.map(String.init) ?? path }

    /// The entries of a file: COCO, Label Studio, or any dataset with images and a column `labels`, `label`, `class`, `texts`,
    /// `caption` or `text`.
    ///
    /// - Throws: ``LabelError``, `DatasetError`.
    public static func entries(of path: String) throws -> [LabelDocuments.Entry] {
        if path.lowercased().hasSuffix(".json"), let data = FileManager.default.contents(atPath: path),
            let found = try LabelDocuments.entries([UInt8](data), path: path)
        {
            return found
        }
        let rows = try DatasetFiles.open([path])
        let wanted = ["labels", "label", "class", "texts", "captions", "caption", "text", "title"]
        guard let column = wanted.first(where: { name in rows.columns.contains { $0.name == name } }) else {
            throw LabelError("\(path): has no column of labels; one of \(wanted.joined(separator: ", ")) is read")
        }
        let images = ["image", "filepath", "path", "file_name", "file"]
        guard let place = images.first(where: { name in rows.columns.contains { $0.name == name } }) else {
            throw LabelError("\(path): has no column that names images, such as image or filepath")
        }
        var found: [LabelDocuments.Entry] = []
        var known: [String: Int] = [:]
        for index in 0..<rows.count {
            let row = try rows.row(at: index)
            let name: String? =
                switch row[place] {
                case .text(let text)?: text
                case .image(.file(let text))?, .image(.url(let text))?: text
                default: nil
                }
            guard let name else { continue }
            let labels: [String] =
                switch row[column] {
                case .text(let text)?: [text]
                case .list(let values)?: values.compactMap(\.text)
                default: []
                }
            guard !labels.isEmpty else { continue }
            // A row a pair, as tables have them, is one image with all its labels.
            if let first = known[name] {
                let before = found[first]
                let more = labels.filter { !before.labels.contains($0) }
                found[first] = LabelDocuments.Entry(image: name, labels: before.labels + more, place: before.place)
            } else {
                known[name] = found.count
                found.append(LabelDocuments.Entry(image: name, labels: labels, place: "row \(index + 1)"))
            }
        }
        return found
    }

    /// Stores entries.
    ///
    /// - Parameter author: who counts as having said them.
    /// - Throws: ``LabelError`` naming the entry, ``StoreError``.
    public func add(_ entries: [LabelDocuments.Entry], by author: String, folder: String) async throws -> Summary {
        var summary = Summary()
        var decisions: [LabelDecision] = []
        func send() async throws {
            _ = try await workspace.decide(decisions, by: author)
            decisions = []
        }
        for entry in entries {
            let path = entry.image.hasPrefix("/") ? entry.image : folder + "/" + entry.image
            guard let part = items[entry.image] ?? items[path] ?? items[Self.name(entry.image)] else {
                summary.unknown += 1
                if summary.examples.count < 3 { summary.examples.append(entry.image) }
                continue
            }
            let state = await workspace.log.state(of: part)
            guard !state.isDecided || Set(state.labels) != Set(entry.labels) else {
                summary.unchanged += 1
                continue
            }
            var decision = LabelDecision(id: "import-\(UUID().uuidString)", part: part, labels: entry.labels)
            decision.isImport = true
            decisions.append(decision)
            summary.imported += 1
            if decisions.count == 500 { try await send() }
        }
        try await send()
        return summary
    }
}
