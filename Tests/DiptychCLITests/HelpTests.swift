import DiptychTestSupport
import Foundation
import Testing

struct HelpTests {
    static let commands: [[String]] =
        [
            [], ["index"], ["search"], ["classify"], ["similarity"], ["embed"], ["store"], ["store", "info"],
            ["store", "list"], ["store", "remove"], ["store", "compact"], ["store", "export"], ["store", "merge"],
            ["store", "verify"], ["store", "refresh"],
            ["models"], ["models", "list"], ["models", "pull"], ["models", "verify"], ["models", "inspect"],
            ["models", "path"], ["tokenize"], ["preprocess"], ["pictures"], ["profile"], ["contact-sheet"],
            ["video"], ["video", "frames"], ["video", "shots"], ["video", "embed"], ["video", "classify"],
            ["evaluate"],
            ["evaluate", "retrieval"], ["evaluate", "zero-shot"], ["evaluate", "choice"], ["evaluate", "compare"],
            ["evaluate", "muge-score"], ["evaluate", "probe"],
            ["tiles"], ["tiles", "fit"], ["read"], ["evaluate", "tiles"],
            ["export"], ["export", "onnx"], ["keys"], ["engine"], ["engine", "list"], ["dataset"], ["dataset", "show"],
            ["dataset", "convert"],
            ["dataset", "download"],
        ]
        + [
            "create", "list", "versions", "describe", "lineage", "diff", "query", "join", "map", "filter", "sample",
            "shuffle",
            "distinct", "group", "split", "remove", "gc", "roots", "check", "statistics", "verify",
        ].map { ["dataset", $0] }

    /// The parser adds the values of an option: a help text that only lists them says them twice.
    @Test(arguments: commands) func `help lists the values of an option once`(_ command: [String]) throws {
        let help = try Command.run(command + ["--help"], environment: ["COLUMNS": "2000"]).output
        for line in help.split(separator: "\n") {
            guard let start = line.range(of: "(values: "),
                let end = line[start.upperBound...].firstIndex(where: { ";)".contains($0) }),
                let text = line[..<start.lowerBound].range(of: "> ")
            else { continue }
            let values = Set(
                line[start.upperBound..<end].split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) })
            let known = values.union(["or", "and", "the", "default"])
            for clause in line[text.upperBound..<start.lowerBound].split(whereSeparator: { ":;".contains($0) }) {
                let words = clause.split { !$0.isLetter && !$0.isNumber && $0 != "-" && $0 != "_" }.map(String.init)
                #expect(words.count { values.contains($0) } < 2 || !words.allSatisfy(known.contains), "\(line)")
            }
        }
    }

    @Test(arguments: commands) func `help shows an example that works`(_ command: [String]) throws {
        let help = try Command.run(command + ["--help"], environment: ["COLUMNS": "200"])
        #expect(help.status == 0 && help.error.isEmpty)
        // The parser wraps the example like any other text.
        let lines = help.output.split(separator: "\n", omittingEmptySubsequences: false)
        let start = try #require(lines.firstIndex { $0.contains("Example: diptych") }, "\(help.output)")
        let example = lines[start...].prefix { !$0.isEmpty }.joined(separator: " ").replacing("Example: ", with: "")
        #expect(example.contains((["diptych"] + command).joined(separator: " ")))

        let folder = try TemporaryFolder()
        let manager = FileManager.default
        try manager.copyItem(atPath: Fixture.images, toPath: folder / "images")
        try manager.copyItem(atPath: Fixture.images, toPath: folder / "images/old")
        try manager.copyItem(atPath: Fixture.images + "/wide.jpg", toPath: folder / "image.jpg")
        // A list without URLs: nobody is asked for anything.
        try Data("url\n".utf8).write(to: URL(fileURLWithPath: folder / "images.csv"))
        if ["search", "store", "contact-sheet"].contains(command.first) {
            #expect(try Command.run(["index", "images", "--store", "images.store"], in: folder.path).status == 0)
        }
        if command.first == "video" {
            for name in ["holiday", "a", "b"] { try SampleVideo.write(to: folder / "\(name).mp4") }
        }
        if command.first == "dataset" { try Self.fillCatalog(in: folder) }
        let binary = (Command.path as NSString).deletingLastPathComponent
        let path = binary + ":" + (ProcessInfo.processInfo.environment["PATH"] ?? "")
        // A hub of our own, which has the model of the example.
        let hub = try #require(HubServer())
        hub.add("openai/clip-vit-base-patch32", try Fixture.modelFiles())
        let result = try Command.run(
            [], in: folder.path,
            environment: [
                "PATH": path, "DIPTYCH_CACHE": folder / "cache", "DIPTYCH_HUB_ENDPOINT": hub.endpoint,
                "DIPTYCH_CATALOG": folder / "catalog",
            ],
            launcher: ["/bin/sh", "-c", example.trimmingCharacters(in: .whitespaces)])
        // The sample images have faults: two are alike, and none has a text.
        let status: Int32 = command == ["dataset", "check"] ? 3 : 0
        #expect(result.status == status, "\(example): \(result.error)")
    }

    /// The datasets of the examples.
    private static func fillCatalog(in folder: TemporaryFolder) throws {
        let rows = "{\"image\":\"images/wide.jpg\",\"label\":\"a\"}\n{\"image\":\"images/tall.png\",\"label\":\"b\"}\n"
        try Data(rows.utf8).write(to: URL(fileURLWithPath: folder / "rows.jsonl"))
        try Data("filename,label\nwide.jpg,a\n".utf8).write(to: URL(fileURLWithPath: folder / "labels.csv"))
        for (name, file) in [("pairs", "rows.jsonl"), ("labels", "labels.csv")] {
            let made = try Command.run(
                ["dataset", "create", name, file], in: folder.path, environment: ["DIPTYCH_CATALOG": folder / "catalog"]
            )
            #expect(made.status == 0, "\(made.error)")
        }
    }
}
