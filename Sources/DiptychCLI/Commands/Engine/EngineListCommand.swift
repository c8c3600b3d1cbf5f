import ArgumentParser
import Diptych
import DiptychEngine
import DiptychTorch
import Foundation

struct EngineListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List the engines, with their versions and devices.",
        discussion: """
            `cpu` is built in. `torch` is a library that `engine build torch` makes of libtorch; it lies at $DIPTYCH_TORCH, or in \
            diptych/torch of the cache directory.

            Example: diptych engine list
            """)

    @OptionGroup var formatting: FormatArguments

    func run() async throws {
        var list = ResultList(formatting.chosen, name: "engines")
        let instructions = InstructionSet.detected.rawValue
        try list.add(
            [
                "name": "cpu", "available": .bool(true), "version": .null, "path": .null, "devices": ["cpu"],
                "instructions": .string(instructions), "reason": .null,
            ],
            text: "cpu    built in, \(instructions)")
        do {
            let plugin = try TorchPlugin.load(EngineChoice.pluginPath)
            let devices = plugin.devices.map(\.description)
            try list.add(
                [
                    "name": "torch", "available": .bool(true), "version": .string(plugin.version),
                    "path": .string(plugin.path), "devices": .array(devices.map(JSON.string)), "instructions": .null,
                    "reason": .null,
                ],
                text: "torch  \(plugin.version) on \(devices.joined(separator: ", ")) (\(plugin.path.shown))")
        } catch let error as EngineError {
            try list.add(
                [
                    "name": "torch", "available": .bool(false), "version": .null,
                    "path": .string(EngineChoice.pluginPath), "devices": .array([]), "instructions": .null,
                    "reason": .string(error.description),
                ],
                text: "torch  not available: \(error.description.shown)")
        }
        try list.end()
    }
}
