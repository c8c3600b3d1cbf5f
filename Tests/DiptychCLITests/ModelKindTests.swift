import Foundation
import Testing

/// Models that are no CLIP, and `models convert`, by the built program.
@Suite struct ModelKindTests {
    private let folder: TemporaryFolder
    private let resnet: String

    init() throws {
        folder = try TemporaryFolder()
        let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        resnet = tests.appendingPathComponent("DiptychTests/Fixtures/resnet/bottleneck/resnet.pth").path
    }

    @Test func `every command refuses a text in one line where the model embeds none`() throws {
        let line = "diptych: resnet.pth embeds images only; a text needs a model with a text tower\n"
        for arguments in [
            ["embed", "--text", "a cat"], ["tokenize", "a cat"], ["similarity", "--query-text", "a", "--text", "b"],
            ["classify", "--label", "a", "--label", "b", "--quiet", "none.png"], ["profile", "--text-length", "5"],
        ] {
            let result = try Command.run(arguments + ["--model", resnet])
            #expect(
                result.status == 1 && result.output.isEmpty && result.error == line, "\(arguments): \(result.error)")
        }
        let inspected = try Command.run(["models", "inspect", "--model", resnet])
        #expect(inspected.status == 0 && inspected.output.contains("texts         none"), "\(inspected.error)")
    }

    @Test func `a converted model gives the same embeddings`() throws {
        let expected = try Command.run(["embed", "--model", Fixture.model, "--text", "a cat"])
        for (layout, file) in [("huggingface", "config.json"), ("open_clip", "open_clip_config.json")] {
            let output = folder / layout
            let result = try Command.run(
                ["models", "convert", Fixture.model, "--output", output, "--layout", layout])
            #expect(result.status == 0 && result.output == output + "\n", "\(result.error)")
            #expect(FileManager.default.fileExists(atPath: output + "/" + file))
            #expect(try Command.run(["embed", "--model", output, "--text", "a cat"]).output == expected.output)
            let again = try Command.run(["models", "convert", Fixture.model, "--output", output, "--layout", layout])
            #expect(again.status == 1 && again.error.contains("not an empty directory"), "\(again.error)")
        }
        let other = try Command.run(["models", "convert", resnet, "--output", folder / "other"])
        #expect(other.status == 1 && other.error.contains("not a CLIP model"), "\(other.error)")
        #expect(try Command.run(["models", "convert", resnet, "--model", resnet, "--output", "x"]).status == 2)
    }
}
