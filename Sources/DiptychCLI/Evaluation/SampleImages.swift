import Diptych
import DiptychDatasets
import DiptychMedia
import Foundation

/// The images of samples, found again where results say that they lie.
struct SampleImages {
    private let file: EvaluationFile
    private let source: SourceOptions
    private let catalog: CatalogArguments

    private static let side = 160

    init(_ file: EvaluationFile, _ source: SourceOptions, _ catalog: CatalogArguments) {
        (self.file, self.source, self.catalog) = (file, source, catalog)
    }

    /// Small copies as data URIs, by the JSON of what samples call their images.
    ///
    /// - Throws: where the dataset cannot be read any more.
    func thumbnails(_ wanted: [JSONValue]) async throws -> [String: String] {
        guard !wanted.isEmpty else { return [:] }
        let names = Set(wanted.map(\.text))
        var found: [String: String] = [:]
        func add(_ name: String, _ bytes: [UInt8]) {
            guard let small = try? ImageDecoder(options: ImageOptions()).decode(bytes, fitting: Self.side),
                let jpeg = try? small.jpeg(quality: 80)
            else { return }
            found[name] = "data:image/jpeg;base64," + String(decoding: Base64.encode(jpeg), as: UTF8.self)
        }
        // Folders of classes name files.
        for case .string(let path) in wanted where names.contains(JSONValue.string(path).text) {
            if let bytes = FileManager.default.contents(atPath: path) { add(JSONValue.string(path).text, Array(bytes)) }
        }
        guard found.count < names.count, let part = try await part() else { return found }
        if ["choice", "winoground"].contains(file.kind) {
            let column = file.data["image_column"]?.string.map { EvaluateChoiceCommand.names($0)[0] }
            let rows = try NamedRows(
                part, images: [column ?? EvaluateChoiceCommand.usualImage(try part.rows().columns)])
            for case .int(let row) in wanted where (0..<Int64(rows.rows.count)).contains(row) {
                if let bytes = try? rows.bytes(Int(row)) { add(JSONValue.int(row).text, bytes) }
            }
            return found
        }
        let reader = try PairReader(part)
        while found.count < names.count, let result = reader.next() {
            guard case .success(let image) = result else { continue }
            let ids = [ChineseClipFiles.id(of: image.id).text, JSONValue.string(image.id).text]
            guard let name = ids.first(where: names.contains), let bytes = try? image.bytes() else { continue }
            add(name, bytes)
            try Task.checkCancellation()
        }
        return found
    }

    /// The split that was measured; nil where results do not say it.
    private func part() async throws -> DatasetPart? {
        guard case .array(let values)? = file.data["sources"] else { return nil }
        let sources = values.compactMap(\.string)
        guard !sources.isEmpty else { return nil }
        var options = source.options(notes: DatasetNotes())
        let isChoice = ["choice", "winoground"].contains(file.kind)
        options.columns = ColumnNames(
            image: isChoice ? nil : file.data["image_column"]?.string,
            caption: isChoice ? nil : file.data["text_column"]?.string)
        if isChoice { options.columns.caption = [] }
        let parts = try await DatasetSources(sources, options, catalog).readingStores().splits()
        return try EvaluationDataArguments.chosen(
            parts, file.data["split"]?.string, title: sources.joined(separator: " ")
        ).part
    }
}
