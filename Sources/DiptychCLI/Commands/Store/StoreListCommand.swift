import Diptych
import ArgumentParser
import DiptychSearch

struct StoreListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List the items of a store.",
        discussion: """
            Images whose file has vanished are marked.

            Example: diptych store list --store images.store --format jsonl
            """)

    @OptionGroup var arguments: StoreArguments
    @OptionGroup var formatting: PathFormatArguments

    func run() async throws {
        let store = try await arguments.open()
        guard let format = formatting.chosen else {
            return try await store.forEachItem { item, _ in try formatting.write(path: item.path) }
        }
        var list = ResultList(format, name: "items", header: "\(Columns.right("id", 6))  path")
        try await store.forEachItem { item, _ in
            try list.add(
                .object(item.facts),
                text: "\(Columns.right(item.id, 6))  \(item.path.shown)\(item.missing ? "  (vanished)" : "")")
        }
        try list.end()
    }
}

extension StoredItem {
    /// What is known about it, in the order of JSON keys.
    var facts: [(String, JSON)] {
        [
            ("id", .string(id)), ("path", .string(path)), ("missing", .bool(missing)),
            ("attributes", attributes.json),
        ]
    }
}
