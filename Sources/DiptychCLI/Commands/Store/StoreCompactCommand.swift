import Diptych
import ArgumentParser
import DiptychSearch

struct StoreCompactCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compact",
        abstract: "Drop vanished images and unused embeddings, and give the space back.",
        discussion: "Example: diptych store compact --store images.store")

    @OptionGroup var arguments: StoreArguments

    func run() async throws {
        let store = try await arguments.embedded(for: "compacted")
        let before = try await store.info().bytes
        let dropped = try await store.compact()
        let json: JSON = [
            "items": .int(dropped.items), "vectors": .int(dropped.vectors),
            "bytes_before": .int(before), "bytes": .int(try await store.info().bytes),
        ]
        try StandardOutput.line(json.text)
    }
}
