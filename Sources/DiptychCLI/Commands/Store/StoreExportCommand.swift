import ArgumentParser
import Diptych
import DiptychSearch

struct StoreExportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Write the embeddings of a store to a file.",
        discussion: """
            .npy: float32 [count, dimension], and beside it a .jsonl with the id and path of each row. .safetensors: the \
            tensor "embeddings", with ids and paths in its metadata. .jsonl: everything in one line a picture. Pictures \
            whose file has vanished are left out.

            Example: diptych store export --store pictures.store --output pictures.npy
            """)

    @OptionGroup var arguments: StoreArguments

    @Option(name: .shortAndLong, help: "The file to write, ending in .npy, .safetensors or .jsonl.")
    var output: String

    func validate() throws {
        guard EmbeddingFileKind(path: output) != nil else {
            throw ValidationError("--output \(output) \(EmbeddingFileKind.expectation).")
        }
    }

    func run() async throws {
        let store = try await arguments.open()
        let info = try await store.info()
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
            Console.say("stopped after \(count) pictures; \(output) was not written")
            throw error
        }
        try sink.finish()
        Console.say("\(count) embeddings in \(output)")
    }
}
