import Foundation
import Testing

/// Accuracy over folders of labelled images.
struct ZeroShotTests {
    private struct Report: Decodable {
        struct Class: Decodable {
            let label: String
            let folder: String?
            let pictures, top1, top5: Int
            let accuracy: Double?
        }
        struct Confusion: Decodable {
            let label, predicted: String
            let pictures: Int
        }
        let pictures, skipped, labels, templates: Int
        let top1: Double
        let top5: Double?
        let mean_per_class: Double
        let classes: [Class]
        let confusions: [Confusion]
    }

    /// A directory with these folders, each with copies of pictures of the fixture.
    private func world(_ folders: [String: [String]]) throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        let manager = FileManager.default
        for (name, images) in folders {
            try manager.createDirectory(atPath: folder / "set/\(name)", withIntermediateDirectories: true)
            for image in images {
                try manager.copyItem(
                    atPath: Fixture.images + "/" + image, toPath: folder / "set/\(name)/\(image)")
            }
        }
        return folder
    }

    private func write(_ text: String, to path: String) throws {
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
    }

    private func evaluate(_ folder: TemporaryFolder, _ arguments: String...) throws -> Command.Result {
        try Command.run(
            ["evaluate", "zero-shot", "--data", folder / "set", "--format", "json", "--templates", "none"] + arguments)
    }

    /// The nearest label of each image, as `classify` says.
    private func nearest(_ image: String, _ labels: [String]) throws -> String {
        struct Line: Decodable {
            struct Prediction: Decodable { let label: String }
            let predictions: [Prediction]
        }
        let result = try Command.run(
            ["classify", "--templates", "none", "--top", "1", "--format", "jsonl", Fixture.images + "/" + image]
                + labels.flatMap { ["--label", $0] })
        return try result.jsonLines(Line.self)[0].predictions[0].label
    }

    @Test func `what is counted is what classify says`() throws {
        let labels = ["a bus", "cat", "snow"]
        let images = ["wide.jpg", "tall.png", "grey.png", "tiny.png"]
        // Every image stands in the folder of its nearest label, but for one that stands in another.
        var folders: [String: [String]] = ["a_bus": [], "cat": [], "snow": []]
        for image in images.dropLast() {
            folders[try nearest(image, labels).replacing(" ", with: "_")]?.append(image)
        }
        let found = try nearest("tiny.png", labels)
        let wrong = labels.first { $0 != found } ?? ""
        folders[wrong.replacing(" ", with: "_")]?.append("tiny.png")
        let folder = try world(folders)
        try write("not an image", to: folder / "set/cat/broken.jpg")
        try write("left alone", to: folder / "set/cat/notes.txt")
        let result = try evaluate(folder)
        #expect(result.status == 3 && result.error.contains("set/cat/broken.jpg"), "\(result.error)")
        let report = try result.json(Report.self)
        #expect(report.pictures == 4 && report.skipped == 1 && report.labels == 3 && report.templates == 1)
        #expect(report.top1 == 0.75 && report.top5 == nil)
        #expect(report.classes.map(\.label) == labels && report.classes.map(\.folder) == ["a_bus", "cat", "snow"])
        #expect(report.classes.map(\.pictures) == folders.sorted { $0.key < $1.key }.map(\.value.count))
        #expect(report.confusions.map(\.label) == [wrong] && report.confusions.map(\.predicted) == [found])
        let shares = report.classes.compactMap(\.accuracy)
        #expect(abs(report.mean_per_class - shares.reduce(0, +) / Double(shares.count)) < 1e-12)
        for (entry, images) in zip(report.classes, report.classes.map(\.pictures)) where images == 0 {
            #expect(entry.accuracy == nil && result.error.contains("set/\(entry.folder ?? ""): has no images"))
        }
        // A classifier with more labels than there are folders counts against the same classes.
        let save = folder / "c.safetensors"
        let made = try Command.run(
            ["classify", "--templates", "none", "--save-classifier", save, "--quiet"]
                + (["unlike anything"] + labels).flatMap { ["--label", $0] })
        #expect(made.status == 0, "\(made.error)")
        let saved = try Command.run(
            "evaluate", "zero-shot", "--data", folder / "set", "--classifier", save, "--format", "json")
        let other = try saved.json(Report.self)
        #expect(other.labels == 4 && other.pictures == 4 && other.top1 <= 0.75)
        #expect(other.classes.first { $0.label == "unlike anything" }?.folder == nil)
        let text = try Command.run("evaluate", "zero-shot", "--data", folder / "set", "--templates", "none")
        #expect(text.output.contains("top-1           0.750") && text.output.contains("says nothing below 6 labels"))
    }

    @Test func `a labels file names the classes`() throws {
        let folder = try world([
            "000": ["wide.jpg"], "001": ["tall.png"], "002": ["grey.png"], "003": ["tiny.png"], "004": ["turned.jpg"],
            "005": [],
        ])
        let path = folder / "labels.txt"
        try write("\u{FEFF}红\r\n绿\r\n蓝\r\n黄\r\n黑\r\n白\r\n", to: path)
        let ordered = try evaluate(folder, "--labels", path).json(Report.self)
        #expect(ordered.classes.map(\.label) == ["红", "绿", "蓝", "黄", "黑", "白"])
        #expect(ordered.classes.map(\.pictures) == [1, 1, 1, 1, 1, 0])
        #expect(ordered.top5 ?? -1 >= ordered.top1 && ordered.classes.allSatisfy { $0.top5 >= $0.top1 })
        try write("005\t白\n004\t黑\n003\t黄\n002\t蓝\n001\t绿\n000\t红\n006\t灰\n", to: path)
        let mapped = try evaluate(folder, "--labels", path).json(Report.self)
        #expect(mapped.classes.map(\.label) == ["红", "绿", "蓝", "黄", "黑", "白", "灰"])
        #expect(mapped.classes.last?.folder == nil && mapped.pictures == 5)

        for (text, words) in [
            ("a\nb\n", "2 labels for 6"), ("000\ta\n001\tb\n", "'002'"), ("000\ta\nb\n", "labels.txt:2"),
            ("000\ta\n000\tb\n", "labels.txt:2"), ("000\ta\n001\ta\n", "labels.txt:2"), ("000\t \n", "6 class"),
            ("", "no labels"), ("a\nb\nc\nd\ne\na\n", "labels.txt:6"),
        ] {
            try write(text, to: path)
            expectFailure(try evaluate(folder, "--labels", path), status: 1, saying: path, words)
        }
    }

    @Test func `directories that are no labelled folders are explained`() throws {
        let folder = try TemporaryFolder()
        expectFailure(try evaluate(folder), status: 1, saying: folder / "set", "no such directory")
        try write("x", to: folder / "set")
        expectFailure(try evaluate(folder), status: 1, saying: folder / "set", "not a directory")
        let flat = try world([".hidden": ["wide.jpg"]])
        try write("x", to: flat / "set/a.jpg")
        expectFailure(try evaluate(flat), status: 1, saying: flat / "set", "no class folders")
        expectFailure(try evaluate(try world(["a": [], "b": []])), status: 1, saying: "no picture of its 2 class")
        expectFailure(
            try evaluate(try world(["a_b": [], "a b": ["wide.jpg"]])), status: 1, saying: "'a b'", "'a_b'", "same label"
        )
        expectFailure(try evaluate(try world(["_": ["wide.jpg"]])), status: 1, saying: "--labels")
        let save = folder / "c.safetensors"
        #expect(try Command.run("classify", "--label", "cat", "--save-classifier", save).status == 0)
        let dogs = try world(["dog": ["wide.jpg"]])
        expectFailure(
            try Command.run("evaluate", "zero-shot", "--data", dogs / "set", "--classifier", save), status: 1,
            saying: save, "'dog'")
        expectFailure(try Command.run("evaluate", "zero-shot"), status: 2, saying: "--data")
        expectFailure(try evaluate(dogs, "--classifier", save), status: 2, saying: "--classifier")
        expectFailure(try evaluate(dogs, "--confusions", "-1"), status: 2, saying: "--confusions")
    }

    /// Images of seed 5001 were never trained on.
    @Test(arguments: ["openai", "chinese"]) func `the demo model tells colours apart`(_ templates: String) throws {
        let colours = [
            "red": "红色", "orange": "橙色", "yellow": "黄色", "green": "绿色", "blue": "蓝色", "purple": "紫色", "pink": "粉色",
            "brown": "棕色", "black": "黑色", "white": "白色",
        ]
        struct Caption: Decodable {
            let file, caption_en: String
        }
        let folder = try TemporaryFolder()
        let drawn = try Command.run(
            "pictures", "--count", "800", "--seed", "5001", "--output", folder / "all", "--quiet")
        #expect(drawn.status == 0, "\(drawn.error)")
        // Images whose caption has one colour belong to its folder; what stands on a coloured ground has two.
        let lines = try String(contentsOfFile: folder / "all/captions.jsonl", encoding: .utf8).split(separator: "\n")
        for line in lines {
            let caption = try JSONDecoder().decode(Caption.self, from: Data(line.utf8))
            let found = caption.caption_en.split { !$0.isLetter }.map(String.init).filter { colours[$0] != nil }
            guard found.count == 1 else { continue }
            let name = templates == "chinese" ? colours[found[0]] ?? "" : found[0]
            let target = folder / "set/\(name)"
            try FileManager.default.createDirectory(atPath: target, withIntermediateDirectories: true)
            try FileManager.default.moveItem(
                atPath: folder / "all/\(caption.file)", toPath: target + "/" + caption.file)
        }
        let result = try Command.run(
            "evaluate", "zero-shot", "--data", folder / "set", "--model", "demo", "--templates", templates, "--format",
            "json")
        #expect(result.status == 0, "\(result.error)")
        let report = try result.json(Report.self)
        #expect(report.classes.count == 10 && report.pictures >= 50 && report.templates > 30)
        // Chance is 0.1.
        #expect(report.top1 >= 0.8 && report.mean_per_class >= 0.8 && report.top5 ?? 0 >= 0.95, "\(result.output)")
    }
}
