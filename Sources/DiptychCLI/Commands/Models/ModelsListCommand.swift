import Diptych
import ArgumentParser
import DiptychHub
import Foundation

struct ModelsListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List the models that have a name, and those that were downloaded.",
        discussion: """
            Parameters are those of the image tower and of everything else, in millions. Any other model is given by its \
            directory, or downloaded by its owner/name on the hub.

            Example: diptych models list
            """)

    @OptionGroup var formatting: FormatArguments

    @Flag(help: "Only those that are here.")
    var installed = false

    func run() async throws {
        let cache = HubSettings.cache
        let present = Dictionary(
            cache.models().map { ($0.name.description, $0.directory.path) }, uniquingKeysWith: { first, _ in first })
        var list = ResultList(formatting.chosen, name: "models")
        let isText = formatting.chosen == .text
        if isText { try StandardOutput.line(Self.heading) }
        try addDemo(to: &list)
        for model in ModelRegistry.models where !installed || present[model.name] != nil {
            try list.add(
                Self.json(model, path: present[model.name]),
                text: Self.line(model, isPresent: present[model.name] != nil))
        }
        let registered = Set(ModelRegistry.models.map(\.name))
        for (name, path) in present.sorted(by: { $0.key < $1.key }) where !registered.contains(name) {
            try list.add(
                ["name": .string(name), "path": .string(path), "installed": .bool(true)],
                text: "* \(Columns.left(name, Self.nameWidth)) downloaded")
        }
        try list.end()
        if isText {
            Console.say("* is here; `diptych models pull NAME` downloads; --model also takes a model's directory")
        }
    }

    private func addDemo(to list: inout ResultList) throws {
        let path = try? DemoModel.path()
        try list.add(
            [
                "name": .string(ModelLocation.demo), "path": path.map(JSON.string) ?? .null,
                "installed": .bool(path != nil),
            ],
            text: "\(path == nil ? " " : "*") \(Columns.left(ModelLocation.demo, Self.nameWidth)) comes with diptych")
    }

    // MARK: One model

    private static let nameWidth = ModelRegistry.models.map(\.name.count).max() ?? 0

    private static var heading: String {
        "  \(Columns.left("name", nameWidth)) \(Columns.left("family", 12)) image + text M   dim  size  ctx   download  "
            + "licence"
    }

    private static func line(_ model: PublicModel, isPresent: Bool) -> String {
        let parameters = "\(millions(model.imageParameters)) + \(millions(model.textParameters))"
        return [
            isPresent ? "*" : " ", Columns.left(model.name, nameWidth), Columns.left(model.family.rawValue, 12),
            Columns.right(parameters, 14), Columns.right(String(model.dimension), 5),
            Columns.right(String(model.resolution), 5), Columns.right(String(model.contextLength), 4),
            Columns.right(Columns.bytes(model.approximateBytes), 10), " " + model.licence,
        ].joined(separator: " ")
    }

    private static func millions(_ number: Int) -> String { String(format: "%.0f", Double(number) / 1e6) }

    private static func json(_ model: PublicModel, path: String?) -> JSON {
        [
            "name": .string(model.name), "aliases": .array(model.aliases.map(JSON.string)),
            "family": .string(model.family.rawValue), "summary": .string(model.summary),
            "image_parameters": .int(model.imageParameters), "text_parameters": .int(model.textParameters),
            "dimension": .int(model.dimension), "resolution": .int(model.resolution),
            "context_length": .int(model.contextLength), "licence": .string(model.licence),
            "source": .string(model.page), "approximate_bytes": .int(model.approximateBytes),
            "path": path.map(JSON.string) ?? .null, "installed": .bool(path != nil),
        ]
    }
}
