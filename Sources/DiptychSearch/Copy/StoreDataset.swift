internal import Diptych
internal import DiptychBasics
public import DiptychDatasets
internal import Foundation

/// The items of a store as rows of a dataset: `image`, `text` (the caption, or the text itself), `id`, what is known of the
/// image, the attributes by their names, and what annotations say now.
///
///     let rows = try await StoreDataset.read(store, as: "store:images.store")
///
/// Rows lie in a nameless temporary file meanwhile: memory grows by some bytes a row. Items whose files have vanished are
/// left out.
public struct StoreDataset: Dataset {
    /// `image` and `id`, and the columns that any item has a value for.
    public let columns: [DatasetColumn]
    private let rows: any Dataset
    private let name: String
    private let ids: [String]

    /// The items that are read at once.
    private static let step = 256
    /// The store's own columns, in their order. An attribute of such a name is called `attribute.NAME`.
    private static let known = [
        "image", "text", "id", "kind", "width", "height", "type", "taken", "camera", "latitude", "longitude",
        "duration", "parts", "embedding",
    ]

    /// Reads a store's items as they are now.
    ///
    /// - Parameters:
    ///   - name: what messages call it.
    ///   - hasEmbeddings: whether there is a column `embedding`.
    ///   - hasTexts: whether texts that were indexed as such are rows.
    ///   - limit: the most rows that are wanted.
    ///   - notes: takes the number of items that are left out.
    /// - Throws: ``StoreError``, `DatasetError`, `FileWriteError`, `CancellationError`.
    public static func read(
        _ store: any VectorStore, as name: String, hasEmbeddings: Bool = false, hasTexts: Bool = true,
        limit: Int? = nil,
        notes: DatasetNotes? = nil
    ) async throws -> StoreDataset {
        let folder = FileManager.default.temporaryDirectory.path
        let path = "\(folder)/diptych-\(getpid())-\(UInt64.random(in: 0...UInt64.max)).jsonl"
        let file = try AtomicFile(path: path)
        let counts = try await store.partsAndAnnotations()
        let hasParts = counts.parts > 0 || counts.annotations > 0
        var (last, vanished, texts): (String?, Int, Int) = (nil, 0, 0)
        var ids: [String] = []
        while ids.count < limit ?? .max {
            try Task.checkCancellation()
            let page = try await store.items(after: last, limit: min(step, limit ?? step), filter: nil)
            guard let end = page.last?.0.id else { break }
            last = end
            for (item, embedding) in page where ids.count < limit ?? .max {
                guard !item.missing else {
                    vanished += 1
                    continue
                }
                guard hasTexts || item.attributes.kind != .text else {
                    texts += 1
                    continue
                }
                var members = members(of: item)
                if hasParts { members += try await said(of: item, in: store) }
                if hasEmbeddings {
                    let bytes = embedding.values.withUnsafeBytes { Data($0) }
                    members.append(.init("embedding", .string(bytes.base64EncodedString())))
                }
                try file.write((JSONValue.object(members).text + "\n").utf8)
                ids.append(item.id)
            }
        }
        notes?.add(
            "those whose files have vanished are left out", about: name, path: name, place: "items", count: vanished)
        notes?.add("texts are left out: they have no image", about: name, path: name, place: "items", count: texts)
        try file.commit(isDurable: false)
        // The dataset keeps it open.
        defer { unlink(path) }
        return StoreDataset(try DatasetFiles.open([path], kind: .jsonl), name, ids)
    }

    private init(_ rows: any Dataset, _ name: String, _ ids: [String]) {
        (self.rows, self.name, self.ids) = (rows, name, ids)
        let found = rows.columns
        let own: [DatasetColumn] = Self.known.compactMap { name in
            switch name {
            case "image": return DatasetColumn(name, .image)
            case "id": return DatasetColumn(name, .text)
            default: break
            }
            guard let column = found.first(where: { $0.name == name }) else { return nil }
            switch name {
            case "taken": return DatasetColumn(name, .timestamp)
            case "embedding": return DatasetColumn(name, .vector)
            case "latitude", "longitude", "duration": return DatasetColumn(name, .double)
            default: return column
            }
        }
        let others = found.filter { !Self.known.contains($0.name) }.sorted { $0.name < $1.name }
        columns = own.filter { $0.name != "embedding" } + others + own.filter { $0.name == "embedding" }
    }

    /// The number of rows.
    public var count: Int { rows.count }

    /// The row with this number.
    public func row(at index: Int) throws(DatasetError) -> DatasetRecord {
        let row = try rows.row(at: index)
        return DatasetRecord(columns: columns, values: columns.map { Self.value(row[$0.name] ?? .null, $0) })
    }

    /// The item's number in the store.
    public func place(ofRow index: Int) -> DatasetPlace {
        DatasetPlace(file: name, place: "item \(ids[index])")
    }

    private static func value(_ value: DatasetValue, _ column: DatasetColumn) -> DatasetValue {
        switch (column.name, value) {
        case ("image", .text(let path)):
            let isURL = ["http://", "https://", "data:"].contains { path.prefix($0.count).lowercased() == $0 }
            return .image(isURL ? .url(path) : .file(path))
        case ("taken", .text(let text)): return DatasetValue(moment: text, .timestamp) ?? .null
        case ("embedding", .text(let text)):
            let bytes = Data(base64Encoded: text) ?? Data()
            return .floats(
                bytes.withUnsafeBytes { raw in
                    (0..<raw.count / 4).map { raw.loadUnaligned(fromByteOffset: 4 * $0, as: Float.self) }
                })
        case ("latitude", .integer(let number)), ("longitude", .integer(let number)),
            ("duration", .integer(let number)):
            return .double(Double(number))
        default: return value
        }
    }

    /// What a store says of an item.
    private static func members(of item: StoredItem) -> [JSONValue.Member] {
        let facts = item.attributes
        var members: [JSONValue.Member] = []
        func add(_ name: String, _ value: JSONValue?) { if let value { members.append(.init(name, value)) } }
        add("image", facts.kind == .text ? nil : .string(item.path))
        add("text", facts.caption.map(JSONValue.string))
        add("id", .string(item.id))
        add("kind", .string(facts.kind.rawValue))
        if facts.width > 0, facts.height > 0 {
            add("width", .int(Int64(facts.width)))
            add("height", .int(Int64(facts.height)))
        }
        add("type", facts.type.map(JSONValue.string))
        add(
            "taken",
            facts.taken.map {
                .string(DatasetTimestamp(seconds: Int64(clamping: $0), isUTC: false).description)
            })
        add("camera", facts.camera.map(JSONValue.string))
        add("latitude", facts.latitude.map(JSONValue.double))
        add("longitude", facts.longitude.map(JSONValue.double))
        add("duration", facts.duration.map(JSONValue.double))
        for (name, value) in facts.other.sorted(by: { $0.key < $1.key }) where value != .null {
            add(known.contains(name) ? "attribute.\(name)" : name, value.datasetValue)
        }
        return members
    }

    /// What holds now of an item's parts: `annotation.TASK` of its whole, and its boxes and spans with what is said of each.
    private static func said(of item: StoredItem, in store: any VectorStore) async throws -> [JSONValue.Member] {
        var members: [JSONValue.Member] = []
        var parts: [JSONValue] = []
        for part in try await store.parts(of: item.id) {
            // The last revision of each task counts.
            var tasks: [String: AttributeValue] = [:]
            for said in try await store.annotations(ofPart: part.id, task: nil) {
                tasks[said.annotation.task] = said.annotation.value
            }
            let values = tasks.sorted { $0.key < $1.key }.map { JSONValue.Member($0.key, $0.value.datasetValue) }
            func numbers(_ values: Double...) -> JSONValue { .array(values.map(JSONValue.double)) }
            switch part.part {
            case .whole: members += values.map { .init("annotation.\($0.name)", $0.value) }
            case .box(let x, let y, let width, let height):
                parts.append(.object([.init("box", numbers(x, y, width, height))] + values))
            case .span(let start, let end): parts.append(.object([.init("span", numbers(start, end))] + values))
            // Found by looking, not said by anybody.
            case .moment(let start, let end, _, _):
                if !values.isEmpty { parts.append(.object([.init("span", numbers(start, end))] + values)) }
            }
        }
        if !parts.isEmpty { members.append(.init("parts", .array(parts))) }
        return members
    }
}
