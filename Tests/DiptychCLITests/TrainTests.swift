import DiptychTestSupport
import Foundation
import Testing

/// `diptych train`. The numbers are those of PyTorch loops: Scripts/fixtures/training.py and choice.py.
@Suite(.enabled(if: TorchInstallation.isPresent, "the torch engine is not installed; `make test-torch` builds it"))
struct TrainTests {
    private struct Step: Decodable {
        let step: Int
        let loss: Double
        let lr: Double
        let logit_scale: Double
    }

    private let environment = ["DIPTYCH_TORCH": TorchInstallation.path]

    /// The fixtures of the library's tests.
    private static let fixtures = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent()
        .appendingPathComponent("DiptychTrainingTests/Fixtures")

    private func train(_ kind: String, _ steps: Int, _ folder: TemporaryFolder, _ options: [String]) throws
        -> Command.Result
    {
        let fixtures = Self.fixtures.path
        return try Command.run(
            [
                "train", "--model", "\(fixtures)/\(kind).pt", "--heads", kind == "rn" ? "4,2" : "2,2", "--train-data",
                "\(fixtures)/lmdb/train", "--logs", folder.path, "--name", "run", "--batch-size", "8", "--lr", "2e-3",
                "--warmup",
                "4", "--wd", "0.2", "--max-steps", "\(steps)", "--log-interval", "1", "--dropout", "0",
                "--context-length", "16",
                "--quiet",
            ] + options, environment: environment)
    }

    @Test(arguments: [
        ("vit-two-double", ["--processes", "2"]), ("vit-two-alone-double", ["--processes", "2", "--skip-aggregate"]),
        ("vit-two-grad-double", ["--processes", "2", "--gather-with-grad"]),
        (
            "vit-two-accum-grad-double",
            ["--processes", "2", "--gather-with-grad", "--accum-freq", "2", "--batch-size", "4"]
        ),
        ("rn-two-double", ["--processes", "2"]),
    ])
    func `two processes give every step's numbers of the reference`(name: String, options: [String]) throws {
        let all = try JSONDecoder().decode(
            [String: [Step]].self, from: Data(contentsOf: Self.fixtures.appendingPathComponent("expected.json")))
        let expected = try #require(all[name])
        let folder = try TemporaryFolder()
        let result = try train(
            name.hasPrefix("rn") ? "rn" : "vit", expected.count, folder, ["--precision", "fp64"] + options)
        #expect(result.status == 0, "\(result.error)")
        let found = try steps(folder)
        #expect(found.count == expected.count && expected.count >= 10)
        for (own, other) in zip(found, expected) {
            #expect(own.step == other.step && own.lr == other.lr)
            #expect(abs(own.loss - other.loss) <= 1e-8 * other.loss)
            #expect(abs(own.logit_scale - other.logit_scale) <= 1e-8 * other.logit_scale)
        }
    }

    private func steps(_ folder: TemporaryFolder) throws -> [Step] {
        try String(contentsOfFile: "\(folder.path)/run/metrics.jsonl", encoding: .utf8).split(separator: "\n")
            .map { try JSONDecoder().decode(Step.self, from: Data($0.utf8)) }
    }

    // Two processes of 8 pairs have the pairs of one process of 16: with the statistics and gradients of all, they are the same model.
    @Test(arguments: [
        ("vit", ["--gather-with-grad"]), ("vit", ["--gather-with-grad", "--local-loss"]),
        ("rn", ["--gather-with-grad", "--use-bn-sync"]),
    ])
    func `two processes that share all train as one does`(kind: String, options: [String]) throws {
        let (one, two) = try (TemporaryFolder(), TemporaryFolder())
        let alone = try train(kind, 8, one, ["--precision", "fp64", "--batch-size", "16"])
        let shared = try train(kind, 8, two, ["--precision", "fp64", "--processes", "2"] + options)
        #expect(alone.status == 0 && shared.status == 0, "\(shared.error)")
        let (expected, found) = try (steps(one), steps(two))
        #expect(expected.count == 8 && found.count == 8)
        for (own, other) in zip(found, expected) {
            #expect(abs(own.logit_scale - other.logit_scale) <= 1e-8 * other.logit_scale)
            // Of a local loss, each process states its own.
            guard !options.contains("--local-loss") else { continue }
            #expect(abs(own.loss - other.loss) <= 1e-8 * other.loss)
        }
    }

    @Test func `a process that is killed is named, and the same command goes on to the same end`() throws {
        let (whole, killed) = try (TemporaryFolder(), TemporaryFolder())
        let options = ["--processes", "2", "--precision", "fp32", "--dropout", "0.1", "--save-step-frequency", "2"]
        #expect(try train("vit", 40, whole, options).status == 0)
        // The second process ends itself by a signal once there is a checkpoint.
        let script =
            "while [ ! -e \(killed.path)/run/checkpoints/epoch_latest.pt ]; do sleep 0.02; done; "
            + "pkill -9 -n -f 'train --model .*\(killed.path)'"
        let killer = Process()
        killer.executableURL = URL(fileURLWithPath: "/bin/sh")
        killer.arguments = ["-c", script]
        try killer.run()
        let first = try train("vit", 40, killed, options)
        killer.waitUntilExit()
        if first.status != 0 { #expect(first.error.contains("ended by signal 9"), "\(first.error)") }
        let second = try train("vit", 40, killed, options)
        #expect(second.status == 0, "\(second.error)")
        #expect(try steps(killed).map(\.loss) == steps(whole).map(\.loss))
    }

    @Test func `multiple choice gives the reference's losses, and learns the choices`() throws {
        let folder = try TemporaryFolder()
        let made = try Command.run(
            "pictures", "--count", "20", "--choices", "4", "--seed", "4", "--output", folder.path, "--quiet")
        #expect(made.status == 0)
        let result = try Command.run(
            [
                "train", "choice", "--model", "demo", "--train-data", "\(folder.path)/choices.parquet", "--image",
                "filename",
                "--choices", "caption_choices", "--label", "label", "--optimizer", "adam", "--lr", "1e-4",
                "--batch-size", "2",
                "--epochs", "5", "--precision", "fp64", "--output", "\(folder.path)/trained",
            ], environment: environment)
        #expect(result.status == 0, "\(result.error)")
        // Scripts/fixtures/choice.py
        let expected = [
            0.3125359057681793, 0.005033350044212255, 0.0032992035466606327, 0.0008754808903984961,
            0.0003955473811400812,
        ]
        for (epoch, loss) in expected.enumerated() {
            let start = "loss for epoch \(epoch): "
            let found = result.lines.first { $0.hasPrefix(start) }.flatMap { Double($0.dropFirst(start.count)) }
            #expect(abs(try #require(found) - loss) <= 1e-4 * loss)
        }
        let after = try #require(result.lines.first { $0.hasPrefix("training after: ") })
        #expect(try #require(after.split(separator: " ").last.flatMap { Double($0) }) > 0.99)
        #expect(FileManager.default.fileExists(atPath: "\(folder.path)/trained/model.safetensors"))
    }

    @Test func `a plan is printed, and what does not fit is one line`() throws {
        let folder = try TemporaryFolder()
        let plan = try train("vit", 7, folder, ["--dry-run"])
        #expect(
            plan.status == 0 && plan.output.contains("steps: 7 in 2 epochs") && plan.output.contains("memory: about ")
                && plan.output.contains("minutes: about 0."))
        #expect(!FileManager.default.fileExists(atPath: "\(folder.path)/run"))
        let cases: [([String], String)] = [
            (["--skip-aggregate", "--gather-with-grad"], "--gather-with-grad"),
            (["--accum-freq", "9"], "fewer than --accum-freq"),
            (["--mask-ratio", "1.5"], "--mask-ratio"), (["--resume", "\(Self.fixtures.path)/rn.pt"], "another model"),
            (["--val-data", "\(folder.path)"], folder.path), (["--engine", "cuda:77"], "cuda:77"),
            (["--context-length", "77"], "--context-length"), (["--name", "a/b"], "--name"),
        ]
        for (options, reason) in cases {
            let result = try train("vit", 7, folder, options)
            #expect(result.status == 1 || result.status == 2, "\(options)")
            #expect(result.error.contains(reason), "\(options): \(result.error)")
            #expect(result.error.split(separator: "\n").count == 1, "\(options): \(result.error)")
        }
    }

    @Test func `options that have no meaning here are accepted with a line each`() throws {
        let folder = try TemporaryFolder()
        let fixtures = Self.fixtures.path
        let result = try Command.run(
            [
                "train", "--model", "\(fixtures)/vit.pt", "--heads", "2,2", "--train-data", "\(fixtures)/lmdb/train",
                "--logs", folder.path, "--batch-size", "8", "--max-steps", "1", "--context-length", "16",
                "--use-flash-attention", "--debug", "--local_rank", "0", "--dist-backend", "nccl",
                "--valid-num-workers", "3",
            ], environment: environment)
        #expect(result.status == 0)
        for option in ["--use-flash-attention", "--debug", "--local-rank", "--dist-backend"] {
            #expect(result.error.contains("note: \(option) changes nothing"), "\(option)")
        }
    }

    // The fixtures' towers are of another size, which shows that they are read.
    @Test func `towers begin with the weights that paths name`() throws {
        let folder = try TemporaryFolder()
        let fixtures = Self.fixtures.path
        for (option, checkpoint, tensor) in [
            ("--clip-weight-path", "rn.pt", "visual.conv1.weight"),
            ("--bert-weight-path", "vit.pt", "bert.embeddings.word_embeddings.weight"),
        ] {
            let result = try Command.run(
                [
                    "train", "--vision-model", "RN50", "--text-model", "RBT3-chinese", "--vocabulary", fixtures,
                    "--train-data", "\(fixtures)/lmdb/train", "--logs", folder.path, "--dry-run", option,
                    "\(fixtures)/\(checkpoint)",
                ], environment: environment)
            #expect(result.status == 1 && result.error.contains("initial values: tensor '\(tensor)' has shape"))
        }
    }

    @Test func `the worked example of the catalog ends with a trained model`() throws {
        let page = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("Documentation/catalog.md")
        let text = try String(contentsOf: page, encoding: .utf8)
        let blocks = text.replacing("```bash\n", with: "```sh\n").components(separatedBy: "```sh\n").dropFirst()
            .map { $0.components(separatedBy: "```")[0] }
        let folder = try TemporaryFolder()
        let binary = (Command.path as NSString).deletingLastPathComponent
        var variables = environment
        variables["PATH"] = binary + ":" + (ProcessInfo.processInfo.environment["PATH"] ?? "")
        (variables["DIPTYCH_CATALOG"], variables["DIPTYCH_MODEL"]) = (folder / "catalog", "demo")
        let result = try Command.run(
            [], in: folder.path, environment: variables,
            launcher: ["/bin/sh", "-e", "-c", blocks.joined(separator: "\n")])
        #expect(result.status == 0, "\(result.error)")
        #expect(result.output.contains("training after: ") && result.output.contains("held-out after: "))
        #expect(FileManager.default.fileExists(atPath: folder / "chosen/model.safetensors"))
    }

    @Test func `the walk-through of labels ends with a model that finds what was labelled`() throws {
        let page = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("Documentation/labels.md")
        let text = try String(contentsOf: page, encoding: .utf8)
        let blocks = text.components(separatedBy: "```bash\n").dropFirst().map { $0.components(separatedBy: "```")[0] }
        #expect(blocks.count == 2)
        let folder = try TemporaryFolder()
        let binary = (Command.path as NSString).deletingLastPathComponent
        var variables = environment
        variables["PATH"] = binary + ":" + (ProcessInfo.processInfo.environment["PATH"] ?? "")
        variables["DIPTYCH_CATALOG"] = folder / "catalog"
        let result = try Command.run(
            [], in: folder.path, environment: variables,
            launcher: ["/bin/sh", "-e", "-c", blocks.joined(separator: "\n")])
        #expect(result.status == 0, "\(result.error)")
        #expect(result.output.contains("better: B (best) against A (DemoModel) in mean_recall"))
    }

    @Test func `the commands of the page go from pictures to an export`() throws {
        let page = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("Documentation/training.md")
        let text = try String(contentsOf: page, encoding: .utf8)
        let blocks = text.components(separatedBy: "```sh\n").dropFirst().map { $0.components(separatedBy: "```")[0] }
        #expect(blocks.count == 2)
        let folder = try TemporaryFolder()
        let binary = (Command.path as NSString).deletingLastPathComponent
        var variables = environment
        variables["PATH"] = binary + ":" + (ProcessInfo.processInfo.environment["PATH"] ?? "")
        variables["DIPTYCH_CATALOG"] = folder / "catalog"
        let result = try Command.run(
            [], in: folder.path, environment: variables,
            launcher: ["/bin/sh", "-e", "-c", blocks.joined(separator: "\n")])
        #expect(result.status == 0, "\(result.error)")
        for name in [
            "logs/small/best/model.safetensors", "logs/small/checkpoints/epoch_latest.pt", "small.txt.fp32.onnx",
            "chosen/model.safetensors",
        ] { #expect(FileManager.default.fileExists(atPath: folder / name), "\(name)") }
    }
}
