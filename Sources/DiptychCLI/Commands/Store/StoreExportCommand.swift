import ArgumentParser
import Diptych
import DiptychDatasets
import DiptychSearch

struct StoreExportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Write the embeddings of a store to a file, or a folder for other programs.",
        discussion: """
            .npy: float32 [count, dimension], and beside it a .jsonl with the id and path of each row. .safetensors: the \
            tensor "embeddings", with ids and paths in its metadata. .jsonl: a line an item, with everything. Images \
            whose file has vanished are left out.

            --layout clip-retrieval writes a folder as clip-retrieval does: img_emb/img_emb_0.npy in float16, and \
            metadata/metadata_0.parquet with image_path, caption, and attributes as JSON, a million images a file.

            Example: diptych store export --store images.store --output images.npy
            """)

    @OptionGroup var arguments: StoreArguments

    @Option(name: .shortAndLong, help: "The file to write, ending in .npy, .safetensors or .jsonl, or the folder.")
    var output: String

    @Option(help: "The layout to write.")
    var layout = ExportLayout.file

    func validate() throws {
        if layout == .clipRetrieval {
            guard !output.isEmpty else { throw ValidationError("--output is empty.") }
            return
        }
        guard EmbeddingFileKind(path: output) != nil else {
            throw ValidationError("--output \(output) \(EmbeddingFileKind.expectation).")
        }
    }

    func run() async throws {
        let store = try await arguments.open()
        let info = try await store.info()
        if layout == .clipRetrieval { return try await exportFolder(store, dimension: info.dimension) }
        let sink: any EmbeddingSink
        switch EmbeddingFileKind(path: output) {
        case .npy:
            sink = try NumpySink(
                path: output, dimension: info.dimension, companion: output.dropLast(".npy".count) + ".jsonl")
        case .safetensors:
            sink = try SafetensorsSink(
                path: output, dimension: info.dimension,
                metadata: ["model": info.model, "fingerprint": info.fingerprint])
        case .jsonl, nil: sink = try JSONLinesSink(path: output)
        }
        var count = 0
        do {
            try await store.forEachItem { item, embedding in
                guard !item.missing else { return }
                try sink.append(item.facts, embedding.values)
                count += 1
            }
        } catch let error as CancellationError {
            Console.say("stopped after \(count) images; \(output) was not written")
            throw error
        }
        try sink.finish()
        Console.say("\(count) embeddings in \(output)")
    }

    private func exportFolder(_ store: any VectorStore, dimension: Int) async throws {
        let writer = try ClipRetrievalWriter(directory: output, dimension: dimension)
        try await store.forEachItem { item, embedding in
            guard !item.missing else { return }
            let attributes = item.attributes.other.sorted { $0.key < $1.key }
            try writer.append(
                ClipRetrievalItem(
                    imagePath: item.path, caption: item.attributes.caption,
                    attributes: attributes.map { JSONValue.Member($0.key, $0.value.datasetValue) },
                    embedding: embedding.values))
        }
        try writer.finish()
        Console.say("\(writer.count) embeddings in \(output)")
    }
}

/// What an export looks like.
enum ExportLayout: String, ExpressibleByArgument, CaseIterable {
    case file
    case clipRetrieval = "clip-retrieval"
}
