import Foundation
import Testing

/// Bad input ends in one line that says where and what to do, never in a crash or in half a result.
struct BadInputTests {
    private let wide = Fixture.images + "/wide.jpg"

    // MARK: Usage

    @Test(arguments: [
        [], ["--bogus"], ["--text", ""], ["--text", " \n"], ["--text", "a", "--precision", "int3"],
        ["--text", "a", "--threads", "0"], ["--text", "a", "--output", "e.csv"], ["--text", "a", "--format", "text"],
        ["--image", "-", "--input", "-"], ["--image", ""], ["--text", "a", "--decode", "sloppy"], ["stray"],
    ])
    func `arguments that make no sense are refused before any work`(_ arguments: [String]) throws {
        let result = try Command.run(["embed", "--model", "/nowhere"] + arguments)
        expectFailure(result, status: 2)
        #expect(result.output.isEmpty)
        #expect(result.error.contains("Usage: diptych embed"))
    }

    @Test(arguments: [
        ["similarity", "--text", "a"], ["similarity", "--query-text", "a"],
        ["similarity", "--query-text", "", "--text", "a"],
        ["similarity", "--query-text", "a", "--query-image", "b", "--text", "c"], ["classify", "a.jpg"],
        ["classify", "--label", "", "a.jpg"], ["classify", "--label", "a", "--template", "no place", "a.jpg"],
        ["classify", "--label", "a"], ["search", "--store", "s"], ["search", "a", "--store", "s", "-k", "0"],
        ["search", "", "--store", "s"], ["search", "a", "--store", "s", "--min-similarity", "2"],
        ["index", "--store", "s"],
        ["store", "export", "--store", "s", "--output", "x.txt"],
        ["preprocess", "a.jpg", "--output", "a.png"],
        ["profile", "--batch", "0"], ["tokenize"], ["nonsense"], ["models", "inspect", "--tensors", "x"],
    ])
    func `other commands refuse them too`(_ arguments: [String]) throws {
        expectFailure(try Command.run(arguments), status: 2)
    }

    @Test func `an unknown instruction set is bad usage`() throws {
        let result = try Command.run(["embed", "--text", "a"], environment: ["DIPTYCH_ISA": "sse9"])
        expectFailure(result, status: 2, saying: "sse9", "avx2")
    }

    // MARK: Models

    @Test func `a model that is not there is named`() throws {
        expectFailure(try Command.run("embed", "--text", "a", "--model", "/nowhere"), status: 1, saying: "/nowhere")
        expectFailure(try Command.run("embed", "--text", "a", "--model", wide), status: 1, saying: wide)
        expectFailure(
            try Command.run("embed", "--text", "a", "--model", Fixture.images), status: 1, saying: "config.json")
    }

    @Test(arguments: ["config.json", "model.safetensors", "vocab.json", "merges.txt", "preprocessor_config.json"])
    func `a missing file is named`(_ name: String) throws {
        let folder = try TemporaryFolder()
        let model = try Fixture.modelCopy(in: folder, without: name)
        expectFailure(try Command.run("embed", "--text", "a", "--model", model), status: 1, saying: model)
    }

    @Test(arguments: [
        ("\"model_type\": \"clip\"", "\"model_type\": \"clap\"", "clap"),
        ("\"hidden_act\": \"quick_gelu\"", "\"hidden_act\": \"relu9\"", "relu9"),
        ("\"num_hidden_layers\": 2", "\"num_hidden_layers\": 3", "missing"),
        ("\"num_hidden_layers\": 2", "\"num_hidden_layers\": 1", "disagree"),
        ("\"hidden_size\": 48", "\"hidden_size\": 96", "shape"),
        ("\"image_size\": 32", "\"image_size\": 33", "33"),
        ("\"projection_dim\": 32", "\"projection_dim\": -1", "projection_dim"),
        ("\"projection_dim\": 32", "\"projection_dim\": 1e300", "projection_dim"),
        ("{", "[", "config.json"),
    ])
    func `a configuration that does not fit is explained`(_ old: String, _ new: String, _ word: String) throws {
        let folder = try TemporaryFolder()
        let model = try Fixture.modelCopy(in: folder)
        let config = model + "/config.json"
        let text = try String(contentsOfFile: config, encoding: .utf8)
        #expect(text.contains(old))
        try Data(text.replacing(old, with: new).utf8).write(to: URL(fileURLWithPath: config))
        expectFailure(try Command.run("embed", "--text", "a", "--model", model), status: 1, saying: model, word)
    }

    @Test func `damaged weights are explained`() throws {
        let folder = try TemporaryFolder()
        let model = try Fixture.modelCopy(in: folder)
        let weights = URL(fileURLWithPath: model + "/model.safetensors")
        let whole = try Data(contentsOf: weights)
        for bytes in [Data(), Data("hello".utf8), whole.prefix(1000), whole.dropLast(), whole + Data([0])] {
            try bytes.write(to: weights)
            expectFailure(
                try Command.run("embed", "--text", "a", "--model", model), status: 1, saying: "model.safetensors")
        }
        // A tensor under another name.
        var renamed = whole
        let name = Data("logit_scale".utf8)
        let place = try #require(renamed.range(of: name))
        renamed.replaceSubrange(place, with: Data("logit_scald".utf8))
        try renamed.write(to: weights)
        expectFailure(try Command.run("embed", "--text", "a", "--model", model), status: 1, saying: "logit_scale")
        // Numbers that are not.
        var poisoned = whole
        poisoned.replaceSubrange((poisoned.count - 2000)..., with: Data(repeating: 0xFF, count: 2000))
        try poisoned.write(to: weights)
        let result = try Command.run("embed", "--image", wide, "--model", model)
        expectFailure(result, status: 1, saying: model, "not finite")
        #expect(result.output.isEmpty)
    }

    // MARK: Images

    @Test func `hostile images are skipped with a reason`() throws {
        let folder = try TemporaryFolder()
        let jpeg = try Data(contentsOf: URL(fileURLWithPath: wide))
        let png = try Data(contentsOf: URL(fileURLWithPath: Fixture.images + "/tiny.png"))
        var huge = png
        huge.replaceSubrange(16..<24, with: [0x7F, 0xFF, 0xFF, 0xFF, 0x7F, 0xFF, 0xFF, 0xFF])
        let files: [String: Data] = [
            "empty.jpg": Data(), "text.jpg": Data("hello".utf8), "cut.jpg": jpeg.prefix(700), "huge.png": huge,
            "cut.png": png.prefix(60), "start.gif": Data("GIF89a".utf8),
        ]
        for (name, data) in files { try data.write(to: URL(fileURLWithPath: folder / name)) }
        mkfifo(folder / "pipe.jpg", 0o600)
        let single = ["/dev/zero", "/proc/self/mem", folder / "pipe.jpg", folder / "nothing.jpg"]
        let urls = [
            "http://127.0.0.1:9/a.jpg", "http://[::1]/a.jpg", "data:image/png;base64,@@@", "data:,", "ftp://a/b.jpg",
        ]
        var arguments = ["embed", "--image", folder.path, "--image", wide]
        for image in single + urls { arguments += ["--image", image] }
        let result = try Command.run(arguments)
        #expect(result.signal == nil && result.status == 3, "\(result.error)")
        #expect(try result.jsonLines(EmbeddedLine.self).map(\.input) == [wide])
        for name in files.keys { #expect(result.error.contains(folder / name), "\(name): \(result.error)") }
        for name in single + urls { #expect(result.error.contains("skipped \(name)"), "\(name): \(result.error)") }
        #expect(result.error.contains("--allow-private-urls"))
        #expect(result.error.contains("\(files.count + single.count + urls.count) of "))

        let index = try Command.run("index", folder.path, "--store", folder / "store")
        #expect(index.status == 3 && index.output.hasPrefix("added 0"), "\(index.error)")
    }

    @Test func `a query that cannot be read fails`() throws {
        expectFailure(
            try Command.run("similarity", "--query-image", "/none.jpg", "--text", "a"), status: 1, saying: "/none.jpg")
        expectFailure(
            try Command.run("preprocess", "/none.jpg", "--output", "/tmp/x.npy"), status: 1, saying: "/none.jpg")
        expectFailure(try Command.run("embed", "--input", "/none.txt"), status: 1, saying: "/none.txt")
        expectFailure(
            try Command.run("classify", "--labels", "/none.txt", wide), status: 1, saying: "/none.txt")
    }

    // MARK: Stores

    @Test func `a store that is none is explained`() throws {
        let folder = try TemporaryFolder()
        try Data("x".utf8).write(to: URL(fileURLWithPath: folder / "file"))
        try FileManager.default.createDirectory(atPath: folder / "fake", withIntermediateDirectories: true)
        try Data("not SQLite at all, not by far".utf8).write(to: URL(fileURLWithPath: folder / "fake/store.sqlite"))
        for store in ["file", "none", "fake"] {
            let path = folder / store
            expectFailure(try Command.run("search", "a", "--store", path), status: 1, saying: path)
            expectFailure(try Command.run("store", "info", "--store", path), status: 1, saying: path)
        }
        #expect(!FileManager.default.fileExists(atPath: folder / "none"))
        expectFailure(
            try Command.run("index", Fixture.images, "--store", folder / "file"), status: 1, saying: folder / "file")
        // A folder with other files does not become a store.
        expectFailure(
            try Command.run("index", Fixture.images, "--store", folder.path), status: 1, saying: folder.path)
        expectFailure(
            try Command.run("index", "/nothing", "--store", folder / "new"), status: 1, saying: "/nothing")
    }
}
