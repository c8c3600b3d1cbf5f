public import DiptychDatasets
public import DiptychSearch
internal import Foundation

/// The images of a store with the labels that hold now, in the order of the store: the same labels give the same bytes in any form.
public enum LabelledImages {
    /// An image with its labels.
    public struct Image: Sendable, Equatable {
        /// The item's id.
        public let id: String
        /// Where it lies: a path or a URL.
        public let path: String
        /// Its columns; 0 where they are not known.
        public let width: Int
        /// Its rows; 0 where they are not known.
        public let height: Int
        /// Its labels or its phrases.
        public let labels: [String]
    }

    /// The log of a task, replayed from a store.
    ///
    /// - Throws: ``StoreError``, ``LabelError``.
    public static func log(of kind: LabelTask.Kind, in store: any VectorStore) async throws -> LabelLog {
        let task = try await LabelTask.read(kind, from: store) ?? LabelTask(kind)
        var log = LabelLog(task)
        while true {
            let said = try await store.annotations(ofTask: task.name, after: log.last, limit: 4096)
            log.add(said)
            if said.count < 4096 { return log }
        }
    }

    /// The labelled images of a store.
    ///
    /// - Throws: ``StoreError``, ``LabelError``.
    public static func read(_ kind: LabelTask.Kind, from store: any VectorStore) async throws -> [Image] {
        let log = try await log(of: kind, in: store)
        var images: [Image] = []
        var last: String?
        while true {
            try Task.checkCancellation()
            let page = try await store.items(after: last, limit: 512, filter: nil)
            guard let end = page.last?.0.id else { return images }
            last = end
            let present = page.map(\.0).filter { !$0.missing && $0.attributes.kind == .image }
            for (item, part) in zip(present, try await store.wholeParts(ofItems: present.map(\.id))) {
                guard let part, case let state = log.state(of: part), state.isDecided else { continue }
                images.append(
                    Image(
                        id: item.id, path: item.path, width: item.attributes.width, height: item.attributes.height,
                        labels: kind == .multiple ? state.labels.sorted() : state.labels))
            }
        }
    }

    /// The images as rows: `image`, `image_id`, `label` or `labels`, and `texts` where they are texts that a model is trained on.
    ///
    /// - Parameter hasTexts: whether a single label is among `texts` too.
    public static func dataset(_ images: [Image], _ kind: LabelTask.Kind, hasTexts: Bool = false) -> any Dataset {
        let name = LabelTask.name(kind)
        let own: [DatasetColumn] =
            switch kind {
            case .single: [DatasetColumn(name, .text)] + (hasTexts ? [DatasetColumn("texts", .list(.text))] : [])
            case .multiple: [DatasetColumn(name, .list(.text)), DatasetColumn("texts", .list(.text))]
            case .text: [DatasetColumn("texts", .list(.text))]
            }
        let columns = [DatasetColumn("image", .image), DatasetColumn("image_id", .integer)] + own
        let rows = images.map { image in
            let texts = DatasetValue.list(image.labels.map(DatasetValue.text))
            let isURL = ["http://", "https://"].contains { image.path.prefix($0.count).lowercased() == $0 }
            var values: [DatasetValue] = [
                .image(isURL ? .url(image.path) : .file(image.path)),
                Int64(image.id).map(DatasetValue.integer) ?? .null,
            ]
            switch kind {
            case .single: values += [image.labels.first.map(DatasetValue.text) ?? .null] + (hasTexts ? [texts] : [])
            case .multiple: values += [texts, texts]
            case .text: values.append(texts)
            }
            return values
        }
        return MemoryDataset(columns: columns, rows: rows)
    }
}
