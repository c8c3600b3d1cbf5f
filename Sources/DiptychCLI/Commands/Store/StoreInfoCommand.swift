import Diptych
import ArgumentParser
import DiptychMedia
import DiptychSearch
import Foundation

struct StoreInfoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "info",
        abstract: "Show what a store holds and which model it belongs to.",
        discussion: "Example: diptych store info --store images.store")

    @OptionGroup var arguments: StoreArguments
    @OptionGroup var formatting: FormatArguments

    func run() async throws {
        let info = try await arguments.open().info()
        let members: [(String, JSON)] = [
            ("count", .int(info.count)), ("model", .string(info.model)), ("fingerprint", .string(info.fingerprint)),
            ("dimension", .int(info.dimension)), ("missing", .int(info.missing)), ("vectors", .int(info.vectors)),
            ("model_path", info.modelPath.map(JSON.string) ?? .null),
            ("applies_orientation", .bool(info.appliesOrientation)),
            ("decode", .string(info.decode.rawValue)), ("bytes", .int(info.bytes)),
            ("created", .double(info.created)),
            ("roots", .array(info.roots.map(Self.json))), ("spaces", .array(info.spaces.map(Self.json))),
            ("index", info.index.map(\.json) ?? .null),
        ]
        guard formatting.chosen == .text else { return try StandardOutput.line(JSON.object(members).text) }
        let lines =
            [
                ("images", "\(info.count)"), ("vanished", "\(info.missing)"), ("embeddings", "\(info.vectors)"),
                ("dimension", "\(info.dimension)"), ("model", info.model),
                ("model path", info.modelPath ?? "not known"),
                ("fingerprint", info.fingerprint), ("orientation", info.appliesOrientation ? "upright" : "as stored"),
                ("decode", info.decode.rawValue),
                ("bytes", Columns.grouped(info.bytes)),
                ("created", Self.date(info.created)),
            ] + info.roots.map { ("root", "\($0.path.shown)  \($0.count) items\($0.isThere ? "" : ", not there")") }
            + (info.spaces.count > 1 ? info.spaces : []).map { space in
                (
                    space.isCurrent ? "space, current" : "space",
                    "\(space.name)  \(space.embeddings) of \(space.parts) embeddings, dimension \(space.dimension)"
                )
            }
            + (info.index.map { [("index", $0.text)] } ?? [])
        for (name, value) in lines { try StandardOutput.line("\(Columns.left(name, 14)) \(value)") }
    }

    private static func json(_ root: StoreInfo.Root) -> JSON {
        [
            "name": .string(root.name), "path": .string(root.path), "count": .int(root.count),
            "available": .bool(root.isThere),
        ]
    }

    private static func json(_ space: StoreInfo.Space) -> JSON {
        [
            "id": .int(Int(space.id)), "name": .string(space.name), "model": .string(space.model),
            "fingerprint": .string(space.fingerprint), "dimension": .int(space.dimension),
            "embeddings": .int(space.embeddings), "parts": .int(space.parts), "current": .bool(space.isCurrent),
        ]
    }

    /// A date with a year of four digits; what else a damaged store says is no date.
    private static func date(_ seconds: Double) -> String {
        guard (-62_135_596_800..<253_402_300_800).contains(seconds) else { return "not known" }
        return ISO8601DateFormatter().string(from: Date(timeIntervalSince1970: seconds))
    }
}
