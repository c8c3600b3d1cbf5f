import Diptych
import ArgumentParser
import DiptychMedia
import DiptychSearch
import Foundation

struct StoreInfoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "info",
        abstract: "Show what a store holds and which model it belongs to.",
        discussion: "Example: diptych store info --store pictures.store")

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
        ]
        guard formatting.chosen == .text else { return try StandardOutput.line(JSON.object(members).text) }
        let lines = [
            ("pictures", "\(info.count)"), ("vanished", "\(info.missing)"), ("embeddings", "\(info.vectors)"),
            ("dimension", "\(info.dimension)"), ("model", info.model), ("model path", info.modelPath ?? "not known"),
            ("fingerprint", info.fingerprint), ("orientation", info.appliesOrientation ? "upright" : "as stored"),
            ("decode", info.decode.rawValue),
            ("bytes", Columns.grouped(info.bytes)),
            ("created", Self.date(info.created)),
        ]
        for (name, value) in lines { try StandardOutput.line("\(Columns.left(name, 12)) \(value)") }
    }

    /// A date with a year of four digits; what else a damaged store says is no date.
    private static func date(_ seconds: Double) -> String {
        guard (-62_135_596_800..<253_402_300_800).contains(seconds) else { return "not known" }
        return ISO8601DateFormatter().string(from: Date(timeIntervalSince1970: seconds))
    }
}
