import DiptychDatasets
import Foundation
import Testing

/// Zero-shot classification by Chinese-CLIP's options, of rows, and linear probes.
struct ZeroShotOriginalTests {
    private static let labels = ["红色", "蓝色", "绿色"]
    private static let images = [["wide.jpg", "tall.png"], ["grey.png"], ["turned.jpg"]]

    private func write(_ text: String, to path: String) throws {
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
    }

    /// Chinese-CLIP's layout: test/000/… and label_cn.txt.
    private func world() throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        for (index, names) in Self.images.enumerated() {
            let target = folder / "set/test/00\(index)"
            try FileManager.default.createDirectory(atPath: target, withIntermediateDirectories: true)
            for name in names {
                try FileManager.default.copyItem(atPath: Fixture.images + "/" + name, toPath: target + "/" + name)
            }
        }
        try write(Self.labels.joined(separator: "\n") + "\n", to: folder / "set/label_cn.txt")
        return folder
    }

    private struct Elevater: Decodable {
        let model_name, dataset_name: String
        let num_trainable_params, num_params, num_visual_params, num_backbone_params, n_shot: Int
        let rnd_seeds: [Int]
        let predictions: [[[Double]]]
    }

    /// The softmax of a hundred times the cosines that `classify` gives.
    private func expected(_ path: String) throws -> [Double] {
        struct Line: Decodable {
            struct Prediction: Decodable {
                let label: String
                let similarity: Double
            }
            let predictions: [Prediction]
        }
        let result = try Command.run(
            ["classify", "--templates", "none", "--top", "3", "--format", "jsonl", path]
                + Self.labels.flatMap { ["--label", $0] })
        let line = try result.jsonLines(Line.self)[0]
        let powers = Self.labels.map { label in
            exp(100 * (line.predictions.first { $0.label == label }?.similarity ?? -1))
        }
        return powers.map { $0 / powers.reduce(0, +) }
    }

    @Test func `the script's options give ELEVATER's file`() throws {
        let folder = try world()
        try write("[3, 0, 2]", to: folder / "order.json")
        let arguments = [
            "evaluate", "zero-shot", "--datapath", folder / "set/test", "--label-file", folder / "set/label_cn.txt",
            "--dataset", "colours", "--save-dir", folder / "out", "--img-batch-size", "2", "--context-length", "52",
            "--num-workers", "4", "--precision", "amp", "--vision-model", "ViT-B-16", "--text-model",
            "RoBERTa-wwm-ext-base-chinese", "--resume", Fixture.model, "--templates", "none", "--format", "json",
        ]
        let whole = try Command.run(arguments)
        #expect(whole.status == 0, "\(whole.error)")
        let first = try JSONDecoder().decode(
            Elevater.self, from: Data(contentsOf: URL(fileURLWithPath: folder / "out/colours.json")))
        #expect(first.model_name == "CN-CLIP-ViT-B-16" && first.dataset_name == "colours" && first.n_shot == 0)
        #expect(first.rnd_seeds == [123] && first.num_trainable_params == 0)
        #expect(first.num_visual_params > 0 && first.num_params == first.num_backbone_params)
        let paths = Self.images.enumerated().flatMap { index, names in
            names.sorted().map { folder / "set/test/00\(index)/\($0)" }
        }
        #expect(first.predictions.count == 1 && first.predictions[0].count == 4)
        for (row, path) in zip(first.predictions[0], paths) {
            for (found, wanted) in zip(row, try expected(path)) {
                #expect(abs(found - wanted) < 2e-5)
                #expect(abs(found * 1e6 - (found * 1e6).rounded()) < 1e-6)
            }
        }
        let ordered = try Command.run(arguments + ["--index", folder / "order.json"])
        #expect(ordered.status == 0, "\(ordered.error)")
        let second = try JSONDecoder().decode(
            Elevater.self, from: Data(contentsOf: URL(fileURLWithPath: folder / "out/colours.json")))
        #expect(second.predictions[0] == [3, 0, 2].map { first.predictions[0][$0] })
        // The folder above, and the labels beside it, are found.
        let found = try Command.run(
            "evaluate", "zero-shot", "--data", folder / "set", "--templates", "none", "--format", "json")
        #expect(found.error.contains("set/label_cn.txt") && found.output == whole.output, "\(found.error)")

        try write("[4]", to: folder / "order.json")
        expectFailure(
            try Command.run(arguments + ["--index", folder / "order.json"]), status: 1, saying: "order.json",
            "there are 4")
        try write("{}", to: folder / "order.json")
        expectFailure(
            try Command.run(arguments + ["--index", folder / "order.json"]), status: 1, saying: "order.json")
    }

    @Test func `rows with labels are classified as folders are`() throws {
        let folder = try world()
        let rows = Self.images.enumerated().flatMap { index, names in
            names.sorted().map { "set/test/00\(index)/\($0),\(Self.labels[index])" }
        }
        try write("image,label\n" + rows.joined(separator: "\n") + "\n", to: folder / "rows.csv")
        func figures(_ source: String, _ more: String...) throws -> JSONValue {
            let result = try Command.run(
                ["evaluate", "zero-shot", "--data", source, "--templates", "none", "--format", "json", "--quiet"] + more
            )
            #expect(result.status == 0, "\(result.error)")
            return try JSONParser.parse(result.output.utf8)
        }
        let (folders, table) = (try figures(folder / "set"), try figures(folder / "rows.csv"))
        for key in ["pictures", "labels", "top1", "mean_per_class", "interval_top1"] {
            #expect(folders[key] == table[key], "\(key)")
        }
        // So are folders of splits; test is measured.
        for name in ["train", "test"] {
            let (from, to) = (folder / "set/test", folder / "splits/\(name)")
            try FileManager.default.createDirectory(atPath: folder / "splits", withIntermediateDirectories: true)
            try FileManager.default.copyItem(atPath: from, toPath: to)
            for (index, label) in Self.labels.enumerated() {
                try FileManager.default.moveItem(atPath: "\(to)/00\(index)", toPath: "\(to)/\(label)")
            }
        }
        #expect(try figures(folder / "splits")["top1"] == folders["top1"])
        // A copy in another class is left out with its original.
        try FileManager.default.copyItem(
            atPath: Fixture.images + "/wide.jpg", toPath: folder / "splits/test/绿色/copy.jpg")
        let doubtful = try Command.run(
            "evaluate", "zero-shot", "--data", folder / "splits", "--templates", "none", "--format", "json", "--quiet")
        #expect(doubtful.status == 3 && doubtful.error.contains("has the labels"), "\(doubtful.error)")
        #expect(try JSONParser.parse(doubtful.output.utf8)["pictures"] == .int(3))
        // Labels of a file compete, and must have those of the rows.
        try write((Self.labels + ["黑色"]).joined(separator: "\n"), to: folder / "labels.txt")
        #expect(try figures(folder / "rows.csv", "--labels", folder / "labels.txt")["labels"] == .int(4))
        try write("红色\n蓝色\n", to: folder / "labels.txt")
        expectFailure(
            try Command.run(
                "evaluate", "zero-shot", "--data", folder / "rows.csv", "--labels", folder / "labels.txt"), status: 1,
            saying: folder / "labels.txt", "绿色")
    }

    @Test func `published figures and faults of the data stand beside the figures`() throws {
        let folder = try world()
        let images = Self.images.enumerated().flatMap { index, names in names.map { "set/test/00\(index)/\($0)" } }
        let rows = images.map { "\($0),一个/m 男人/n 骑/v 马/n" }.joined(separator: "\n")
        try write("image,text\n" + rows + "\n", to: folder / "test.csv")
        try write("image,text\n" + images[0] + ",一只猫\n", to: folder / "train.csv")
        try FileManager.default.createDirectory(atPath: folder / "data", withIntermediateDirectories: true)
        for name in ["test.csv", "train.csv"] {
            let text = try String(contentsOfFile: folder / name, encoding: .utf8)
            try write(text.replacing("set/", with: folder / "set/"), to: folder / "data/\(name)")
        }
        let result = try Command.run(
            "evaluate", "retrieval", "--data", folder / "data", "--benchmark", "flickr30k-cn", "--self-test",
            "--format",
            "json")
        #expect(result.status == 0, "\(result.error)")
        let json = try JSONParser.parse(result.output.utf8)
        guard case .array(let published)? = json["published"], case .array(let faults)? = json["self_test"] else {
            Issue.record("\(result.output)")
            return
        }
        #expect(published.count == 5 && published[1]["model"] == "ViT-B-16")
        #expect(published[1]["text_to_image"]?["r1"] == .double(0.627))
        #expect(published[1]["image_to_text_tuned"]?["r10"] == .double(0.995))
        let kinds = faults.compactMap { $0["kind"]?.string }
        #expect(kinds.contains("glued_markup") && kinds.contains("duplicate_across_splits"), "\(kinds)")
        #expect(result.error.contains("self-test: glued_markup"))
        let text = try Command.run(
            "evaluate", "zero-shot", "--data", folder / "set", "--benchmark", "imagenet-cn", "--templates", "none")
        #expect(text.output.contains("ViT-H-14      0.596"), "\(text.output)")
        expectFailure(
            try Command.run("evaluate", "retrieval", "--data", "x", "--benchmark", "imagenet-cn"), status: 2,
            saying: "zero-shot")
    }

    @Test func `a probe tells apart what it was fitted to`() throws {
        let folder = try world()
        // The fitted images are measured again under the name of another split.
        let rows = Self.images.enumerated().flatMap { index, names in
            names.flatMap { name in ["train", "test"].map { "set/test/00\(index)/\(name),\(Self.labels[index]),\($0)" }
            }
        }
        try write("image,label,split\n" + rows.joined(separator: "\n") + "\n", to: folder / "rows.csv")
        let result = try Command.run(
            "evaluate", "probe", "--data", folder / "rows.csv", "--C", "1e6", "--format", "json", "--output",
            folder / "probe.json")
        #expect(result.status == 0, "\(result.error)")
        let json = try JSONParser.parse(result.output.utf8)
        #expect(json["top1"] == .double(1) && json["train"] == .int(4) && json["n"] == .int(4), "\(result.output)")
        #expect(json["converged"] == true && json["classes"] == .int(3))
        let same = try Command.run("evaluate", "compare", folder / "probe.json", folder / "probe.json")
        #expect(same.output.hasPrefix("undecided"), "\(same.error)")
        for (arguments, words) in [
            (["--split", "train"], "same split"), (["--split", "valid"], "no split 'valid'"),
            (["--train-split", "nothing"], "no split 'nothing'"), (["--text-column", "nothing"], "--text-column"),
        ] {
            expectFailure(
                try Command.run(["evaluate", "probe", "--data", folder / "rows.csv"] + arguments), status: 1,
                saying: words)
        }
        expectFailure(try Command.run("evaluate", "probe", "--data", "x", "--C", "0"), status: 2, saying: "--C")
    }
}
