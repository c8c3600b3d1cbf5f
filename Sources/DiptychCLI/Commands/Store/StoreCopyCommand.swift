import Diptych
import ArgumentParser
import DiptychSearch

struct StoreCopyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "copy",
        abstract: "Copy a store into another one, between a directory and a Milvus server either way.",
        discussion: """
            Boxes, spans and annotations come along. Safe to interrupt and to repeat: what is there already stays. At the end the number of items and a sample of the \
            embeddings are compared. Passwords are best given as DIPTYCH_MILVUS_PASSWORD (with DIPTYCH_MILVUS_USER) or \
            DIPTYCH_MILVUS_TOKEN.

            A Milvus collection that another program made is read where the address names its fields, in quotes for the shell: \
            "milvus://host/db/collection?id=m_id&vector=embedding&path=path". Its other fields become attributes. Give the \
            model that made its vectors, to search by texts and images.

            Example: diptych store copy images.store milvus://localhost/photos/pictures
            """)

    @Argument(help: "The store to copy: a directory, or milvus://host/database/collection.")
    var from: String

    @Argument(help: "The store to copy into, made where it is missing.")
    var to: String

    @Option(help: "The model that made another program's vectors; a new store then belongs to it.")
    var model: String?

    @Flag(help: "No progress.")
    var quiet = false

    @Option(help: "The format of the summary.")
    var format = ResultFormat.text

    func validate() throws {
        if from.isEmpty || to.isEmpty { throw ValidationError("a store is empty.") }
    }

    func run() async throws {
        #if Milvus
            if let source = try await StoreLocation(from).foreign() {
                return try await ForeignCopy(source, to: StoreLocation(to), model: model, isQuiet: quiet).run(format)
            }
        #endif
        guard model == nil else {
            throw Failure("--model is for collections that another program made: a store knows its model")
        }
        let source = try await StoreLocation(from).open()
        let destination = try await StoreLocation(to).open(like: source.identity)
        guard source.name != destination.name else { throw Failure("\(source.name): is both stores") }
        let info = try await source.info()
        try await LeftBehind.say(of: source)
        let progress = Progress("copying", total: quiet ? nil : info.count + info.missing, isQuiet: quiet)
        defer { progress.end() }
        let summary = try await StoreCopy(from: source, to: destination).run { progress.update($0) }
        progress.end()
        LeftBehind.say(parts: summary.parts, annotations: summary.annotations, in: destination)
        switch format {
        case .text:
            try StandardOutput.line(
                "copied \(summary.copied), unchanged \(summary.unchanged), in all \(summary.total); "
                    + "\(summary.compared) embeddings compared")
        case .json, .jsonl:
            let json: JSON = [
                "copied": .int(summary.copied), "unchanged": .int(summary.unchanged), "total": .int(summary.total),
                "compared": .int(summary.compared), "parts": .int(summary.parts),
                "annotations": .int(summary.annotations),
            ]
            try StandardOutput.line(json.text)
        }
    }
}
