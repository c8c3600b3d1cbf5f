import Foundation
import Testing

/// Labels, templates, thresholds and saved classifiers on the command line.
struct ClassifyTests {
    private struct Classified: Decodable {
        struct Result: Decodable {
            struct Prediction: Decodable, Equatable {
                let label: String
                let probability: Float
                let similarity: Float
            }
            let input: String
            let predictions: [Prediction]
        }
        let results: [Result]
    }

    private let wide = Fixture.images + "/wide.jpg"

    private func file(_ text: String, _ name: String = "file", in folder: TemporaryFolder) throws -> String {
        try Data(text.utf8).write(to: URL(fileURLWithPath: folder / name))
        return folder / name
    }

    private func classify(_ arguments: String...) throws -> Command.Result {
        try Command.run(["classify", "--format", "json", "--quiet"] + arguments)
    }

    // MARK: Labels

    @Test func `label files of any system are read`() throws {
        let folder = try TemporaryFolder()
        let path = try file("\u{FEFF}cat\r\n\r\n  red circle \t\r\n雪地\r\n#1", in: folder)
        let result = try classify("--label", "dog", "--labels", path, wide)
        let labels = try result.json(Classified.self).results[0].predictions.map(\.label)
        #expect(Set(labels) == ["dog", "cat", "red circle", "雪地", "#1"] && labels.count == 5, "\(labels)")
    }

    @Test func `label files that make no sense are explained`() throws {
        let folder = try TemporaryFolder()
        let twice = try file("cat\n\ndog\ncat\n", "twice", in: folder)
        expectFailure(try classify("--labels", twice, wide), status: 1, saying: "\(twice):4", "'cat'", "line 1")
        for (index, text) in ["", "\n \r\n\t\n", "\u{FEFF}"].enumerated() {
            let empty = try file(text, "empty-\(index)", in: folder)
            expectFailure(try classify("--labels", empty, wide), status: 1, saying: empty, "no labels")
        }
        try Data([0x63, 0x61, 0x74, 0x0A, 0xFF, 0xFE, 0x41]).write(to: URL(fileURLWithPath: folder / "bytes"))
        expectFailure(
            try classify("--labels", folder / "bytes", wide), status: 1, saying: folder / "bytes:2", "UTF-8")
        expectFailure(try classify("--labels", folder.path, wide), status: 1, saying: folder.path, "one label a line")
        expectFailure(
            try classify("--label", "cat", "--label", "dog", "--label", "cat", wide), status: 1, saying: "'cat'",
            "twice")
        expectFailure(try classify("--labels", "-", wide), status: 2, saying: "standard input")
    }

    // MARK: Templates

    @Test func `templates of a file are those of the options`() throws {
        let folder = try TemporaryFolder()
        let path = try file("\u{FEFF}# captions\r\na {}\r\n\r\n  the {} and {}\n", in: folder)
        let labels = ["--label", "cat", "--label", "dog"]
        let fromFile = try Command.run(["classify", "--format", "json"] + labels + ["--template-file", path, wide])
        let fromOptions = try Command.run(
            ["classify", "--format", "json"] + labels + ["--template", "a {}", "--template", "the {} and {}", wide])
        #expect(fromFile.status == 0 && fromFile.output == fromOptions.output, "\(fromFile.error)")
        let mixed = try Command.run(
            ["classify"] + labels + ["--template", "the {} and {}", "--template-file", path, wide])
        #expect(mixed.status == 0 && mixed.output != fromFile.output, "\(mixed.error)")
    }

    @Test func `templates that make no sense are explained`() throws {
        let folder = try TemporaryFolder()
        let none = try file("a {}\n\nno place\n", "none", in: folder)
        let empty = try file("", "empty", in: folder)
        let comments = try file("# {}\n# b\n", "comments", in: folder)
        let label = ["classify", "--format", "json", "--label", "a", wide]
        expectFailure(try Command.run(label + ["--template-file", none]), status: 1, saying: "\(none):3", "{}")
        expectFailure(try Command.run(label + ["--template-file", empty]), status: 1, saying: empty, "no templates")
        expectFailure(try Command.run(label + ["--template-file", comments]), status: 1, saying: comments, "comments")
        expectFailure(try Command.run(label + ["--template-file", "/none"]), status: 1, saying: "/none")
        expectFailure(try Command.run(label + ["--templates", "latin"]), status: 2, saying: "latin", "chinese")
        for own in [["--template", "a {}"], ["--template-file", none]] {
            expectFailure(
                try Command.run(label + ["--templates", "none"] + own), status: 2, saying: "--templates")
        }
    }

    // MARK: How many labels

    @Test func `the best and those above a threshold are shown`() throws {
        let labels = ["cat", "dog", "bus", "snow"].flatMap { ["--label", $0] } + ["--templates", "none", wide]
        let all = try Command.run(["classify", "--format", "json"] + labels).json(Classified.self).results[0]
            .predictions
        #expect(all.count == 4 && zip(all, all.dropFirst()).allSatisfy { $0.similarity >= $1.similarity })
        let two = try Command.run(["classify", "--format", "json", "--top", "2"] + labels).json(Classified.self)
            .results[0].predictions
        #expect(two == Array(all.prefix(2)))
        let similar = try Command.run(
            ["classify", "--format", "json", "--min-similarity", "\(all[2].similarity)"] + labels)
        #expect(try similar.json(Classified.self).results[0].predictions == Array(all.prefix(3)))
        let probable = try Command.run(
            ["classify", "--format", "json", "--threshold", "\(all[1].probability)"] + labels)
        #expect(try probable.json(Classified.self).results[0].predictions == Array(all.prefix(2)))
        let none = try Command.run(["classify", "--min-similarity", "1", "--format", "text"] + labels)
        #expect(none.status == 0 && none.lines.count == 2 && none.output.contains("no label reaches"), "\(none.error)")
        let lines = try Command.run(["classify", "--min-similarity", "1", "--format", "jsonl"] + labels)
        #expect(try lines.jsonLines(Classified.Result.self).map(\.predictions) == [[]])
    }

    @Test(arguments: [
        ["--top", "0"], ["--threshold", "1.5"], ["--threshold", "-0.1"], ["--threshold", "nan"],
        ["--min-similarity", "2"], ["--classifier", "c"], ["--save-classifier", ""],
    ])
    func `numbers out of range and options at odds are refused`(_ arguments: [String]) throws {
        expectFailure(
            try Command.run(["classify", "--format", "json", "--label", "a", wide] + arguments), status: 2,
            saying: arguments[0] == "--save-classifier" ? "path is empty" : arguments[0])
    }

    // MARK: Saved classifiers

    @Test func `a saved classifier gives the same, folder by folder`() throws {
        let folder = try TemporaryFolder()
        let labels = try file("cat\n雪地\nred circle\n", "labels", in: folder)
        let saving = try Command.run(
            "classify", "--labels", labels, "--templates", "openai", "--save-classifier", folder / "c.safetensors")
        #expect(saving.status == 0 && saving.output.isEmpty && saving.error.contains("3 labels"), "\(saving.error)")
        let direct = try classify("--labels", labels, "--templates", "openai", Fixture.images)
        let again = try classify("--classifier", folder / "c.safetensors", Fixture.images)
        #expect(again.status == 0 && again.error.isEmpty, "\(again.error)")
        #expect(
            try again.json(Classified.self).results.map(\.input) == direct.json(Classified.self).results.map(\.input))
        for (a, b) in try zip(again.json(Classified.self).results, direct.json(Classified.self).results) {
            #expect(a.predictions.map(\.label) == b.predictions.map(\.label))
            for (x, y) in zip(a.predictions, b.predictions) { #expect(abs(x.probability - y.probability) < 1e-5) }
        }
        // Saving and classifying in one go.
        let both = try classify(
            "--labels", labels, "--templates", "openai", "--save-classifier", folder / "d.safetensors", wide,
            "/none.png")
        #expect(both.status == 3 && FileManager.default.fileExists(atPath: folder / "d.safetensors"))
        #expect(try both.json(Classified.self).results.count == 1)
    }

    @Test func `classifiers of other models and damaged ones are explained`() throws {
        let folder = try TemporaryFolder()
        let path = folder / "c.safetensors"
        #expect(try classify("--label", "cat", "--save-classifier", path).status == 0)
        expectFailure(
            try classify("--classifier", path, "--model", "demo", wide), status: 1, saying: path, "'tiny-clip'",
            "DemoModel")
        let whole = try Data(contentsOf: URL(fileURLWithPath: path))
        for bytes in [Data(), whole.prefix(200), whole.dropLast(), Data("hello".utf8)] {
            try bytes.write(to: URL(fileURLWithPath: path))
            expectFailure(try classify("--classifier", path, wide), status: 1, saying: path)
        }
        expectFailure(
            try classify("--classifier", Fixture.model + "/model.safetensors", wide), status: 1,
            saying: "--save-classifier")
        expectFailure(try classify("--classifier", "/none", wide), status: 1, saying: "/none")
        expectFailure(
            try classify("--label", "cat", "--save-classifier", "/nowhere/c.safetensors"), status: 1, saying: "/nowhere"
        )
        expectFailure(try classify("--classifier", path), status: 2, saying: "no images")
    }
}
