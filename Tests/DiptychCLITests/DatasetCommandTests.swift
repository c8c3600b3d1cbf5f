import Foundation
import Testing

/// `diptych dataset`, as users type it.
struct DatasetCommandTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
        try write("7\tiVBORw0KGgo=\n30\t_9j_4AAQ\n", to: "train_imgs.tsv")
        try write(
            "{\"text_id\": 1, \"text\": \"一只猫\", \"image_ids\": [7, 30]}\n{\"text_id\": 2, \"text\": \"没有\", \"image_ids\": []}\n",
            to: "train_texts.jsonl")
        try write("8\tiVBORw0KGgo=\n", to: "val_imgs.tsv")
        try write("{\"text_id\": 3, \"text\": \"狗\", \"image_ids\": [8]}\n", to: "val_texts.jsonl")
    }

    @discardableResult private func write(_ text: String, to name: String) throws -> String {
        try Data(text.utf8).write(to: URL(fileURLWithPath: folder / name))
        return folder / name
    }

    @Test("show prints rows in every format, chosen columns, and so many of them")
    func show() throws {
        let lines = try Command.run(
            "dataset", "show", folder.path, "--format", "jsonl", "--columns", "image_id,texts,split")
        // The text of no image is in no row.
        #expect(lines.status == 0 && lines.error.contains("texts that name no image are in no row"))
        #expect(
            lines.lines == [
                "{\"image_id\":7,\"texts\":[\"一只猫\"],\"split\":\"train\"}",
                "{\"image_id\":30,\"texts\":[\"一只猫\"],\"split\":\"train\"}",
                "{\"image_id\":8,\"texts\":[\"狗\"],\"split\":\"valid\"}",
            ])
        let csv = try Command.run(
            "dataset", "show", folder.path, "--format", "csv", "--columns", "image_id,texts", "--limit", "1")
        #expect(csv.lines == ["image_id,texts", "7,\"[\"\"一只猫\"\"]\""])
        let json = try Command.run("dataset", "show", folder.path, "--format", "json", "--limit", "1", "--base64")
        let document = try #require(try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [String: Any])
        #expect(document["count"] as? Int == 3)
        #expect((document["rows"] as? [[String: Any]])?.first?["image"] as? String == "iVBORw0KGgo=")
        let text = try Command.run("dataset", "show", folder.path, "--limit", "1")
        #expect(text.lines == ["image_id=7  image=<png, 8 bytes>  texts=[\"一只猫\"]  text_ids=[1]  split=train"])
    }

    @Test("convert takes the flags of Chinese-CLIP's script, in either spelling, and writes in place")
    func inPlace() throws {
        for (data, lmdb) in [("--data_dir", "--lmdb_dir"), ("--data-dir", "--lmdb-dir")] {
            let result = try Command.run(
                "dataset", "convert", "--to", "lmdb", data, folder.path, "--splits", "train,valid", lmdb,
                folder / "made")
            #expect(result.status == 0, "\(result.error)")
            let rows = try Command.run(
                "dataset", "show", folder / "made", "--format", "jsonl", "--columns", "image_id,texts")
            #expect(rows.lines.count == 3)
        }
        let result = try Command.run(
            "dataset", "convert", "--to", "lmdb", "--data-dir", folder.path, "--splits", "train")
        #expect(result.status == 0)
        #expect(FileManager.default.fileExists(atPath: folder / "lmdb/train/pairs/data.mdb"))
        expectFailure(
            try Command.run("dataset", "convert", "--to", "lmdb", "--data-dir", folder.path, "--splits", "test"),
            status: 1, saying: "test_imgs.tsv")
    }

    @Test("convert writes chosen splits, and says which there are")
    func splits() throws {
        let result = try Command.run(
            "dataset", "convert", folder.path, "--to", "jsonl", "--output", folder / "out", "--splits", "valid")
        #expect(result.status == 0)
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: folder / "out").sorted() == ["images", "valid.jsonl"])
        expectFailure(
            try Command.run(
                "dataset", "convert", folder.path, "--to", "csv", "--output", folder / "o", "--splits", "test"),
            status: 1, saying: "no split 'test'", "train, valid")
        let csv = try write("image,caption\na.jpg,x\n", to: "plain.csv")
        expectFailure(
            try Command.run(
                "dataset", "convert", csv, "--to", "csv", "--output", folder / "o", "--splits", "train,test"),
            status: 1, saying: "has no splits")
    }

    @Test("Rows that are left out are listed with file, place and reason, and the status says so")
    func skipped() throws {
        try write("7\tiVBORw0KGgo=\n8\t***\n9\n", to: "bad_imgs.tsv")
        try write("{\"text_id\": 1, \"text\": \"a\", \"image_ids\": [7]}\n{\"text_id\"\n", to: "bad_texts.jsonl")
        let result = try Command.run(
            "dataset", "convert", folder / "bad_imgs.tsv", "--to", "lmdb", "--output", folder / "out")
        #expect(result.status == 3)
        for place in ["bad_imgs.tsv: line 2", "bad_imgs.tsv: line 3", "bad_texts.jsonl: line 2"] {
            #expect(result.error.contains(place), "\(result.error)")
        }
        #expect(result.error.contains("byte"))
        #expect(try Command.run("dataset", "show", folder / "out", "--format", "jsonl").lines.count == 1)
    }

    @Test(
        "Tables name no image files that are not there, whatever they are written from",
        arguments: ["csv", "tsv", "jsonl"])
    func missingImages(format: String) throws {
        try write("\u{89}PNG", to: "a.png")
        try write("", to: "empty.png")
        let csv = try write(
            "image,caption\na.png,one\na.png,two\ngone.png,three\nempty.png,four\nout,five\n", to: "list.csv")
        try FileManager.default.createDirectory(atPath: folder / "out", withIntermediateDirectories: true)
        let result = try Command.run(
            "dataset", "convert", csv, "--to", format, "--output", folder / "made")
        #expect(result.status == 3, "\(result.error)")
        for (row, name) in [
            (3, "gone.png: there is no such file"), (4, "empty.png"), (5, "out: is not a regular file"),
        ] {
            #expect(result.error.contains("list.csv: line \(row + 1): "), "\(result.error)")
            #expect(result.error.contains(name), "\(result.error)")
        }
        #expect(result.error.contains("3 of 5 inputs skipped"), "\(result.error)")
        // Two rows with one image.
        #expect(result.error.contains("train: 1 image, 2 texts, 2 pairs"), "\(result.error)")
        let rows = try Command.run("dataset", "show", folder / "made/train.\(format)", "--format", "jsonl")
        #expect(rows.lines.count == 2 && rows.lines.allSatisfy { $0.contains("a.png") }, "\(rows.output)")
    }

    @Test(
        "A file where the output's folder should be is named, for every format",
        arguments: ["csv", "lmdb", "webdataset"])
    func fileInTheWay(format: String) throws {
        let file = try write("x", to: "out")
        expectFailure(
            try Command.run("dataset", "convert", folder.path, "--to", format, "--output", file), status: 1,
            saying: "\(file): is a file; give a folder")
    }

    /// A file system of 256 KiB, where this process may mount one.
    @Test(
        .enabled(if: getuid() == 0, "only root can mount a small file system"),
        arguments: ["lmdb", "chinese-clip", "csv"])
    func `a full disk is named, and nothing half is left`(format: String) throws {
        let image = "\t" + Data(repeating: 7, count: 60_000).base64EncodedString() + "\n"
        try write((1...8).map { "\($0)" + image }.joined(), to: "train_imgs.tsv")
        let script = """
            mkdir "$1/disk"
            mount -t tmpfs -o size=256k tmpfs "$1/disk" || exit 77
            trap 'umount "$1/disk"' EXIT
            "$0" dataset convert "$1" --splits train --to "$2" --output "$1/disk/out"
            status=$?
            find "$1/disk/out" -type f
            exit $status
            """
        let result = try Command.run([folder.path, format], launcher: ["/bin/sh", "-c", script])
        if result.status == 77 { return }  // a container without the right to mount
        expectFailure(result, status: 1, saying: "the disk is full")
        let left = result.lines.filter { !$0.contains("/images/") }
        #expect(left.isEmpty, "\(result.output)")
    }

    @Test("A number below zero is named as what it is")
    func negativeNumbers() throws {
        for (arguments, words) in [
            (["dataset", "show", folder.path, "--limit", "-1"], "--limit must be 0 or more, not -1"),
            (["search", "a", "--store", "s", "-k", "-1"], "-1"),
            (["pictures", "--output", "o", "--count", "-1"], "-1"),
            (["embed", "--text", "a", "--threads", "-1"], "--threads must be 1 to 1024, not -1"),
        ] {
            let result = try Command.run(arguments)
            #expect(result.status == 2 && result.error.contains(words), "\(arguments): \(result.error)")
            #expect(
                !result.error.contains("Missing value") && !result.error.contains("Unknown option"), "\(result.error)")
        }
    }

    @Test("What makes no sense is one line with status 2, and what cannot be read one with status 1")
    func mistakes() throws {
        for arguments in [
            ["convert", "x", "--to", "csv"], ["convert", "--to", "csv", "--output", "o"],
            ["convert", "x", "--to", "tape", "--output", "o"],
            ["convert", "x", "--to", "csv", "--output", "o", "--lmdb-dir", "l"],
            ["convert", "--to", "lmdb", "--data-dir", "d"], ["show", "store:"], ["show", "x", "--limit", "-1"],
            ["show", "x", "--encoding", "klingon"],
        ] {
            let result = try Command.run(["dataset"] + arguments)
            #expect(result.status == 2, "\(arguments): \(result.error)")
        }
        expectFailure(try Command.run("dataset", "show", folder / "nowhere"), status: 1, saying: "no such file")
        expectFailure(
            try Command.run("dataset", "show", folder.path, "--columns", "nothing"), status: 1,
            saying: "no column 'nothing'",
            "image_id")
        expectFailure(
            try Command.run("dataset", "convert", folder.path, "--to", "clip-retrieval", "--output", folder / "o"),
            status: 1, saying: "embedding")
    }
}
