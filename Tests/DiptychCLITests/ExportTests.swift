import Foundation
import Testing

/// `diptych export onnx`: which files, and what goes wrong.
struct ExportTests {
    @Test(arguments: [
        ([], ["x.img.fp32.onnx", "x.txt.fp32.onnx"]), (["--text"], ["x.txt.fp32.onnx"]),
        (["--vision", "--fixed-batch", "2", "--normalize"], ["x.img.fp32.onnx"]),
        (
            ["--text", "--vision", "--fp16"],
            [
                "x.img.fp16.onnx", "x.img.fp16.onnx.extra_file", "x.txt.fp16.onnx",
                "x.txt.fp16.onnx.extra_file",
            ]
        ),
    ])
    func `each file is named on a line`(_ options: [String], _ files: [String]) throws {
        let folder = try TemporaryFolder()
        let result = try Command.run(["export", "onnx", "--output", folder / "x"] + options)
        #expect(result.status == 0, "\(result.error)")
        #expect(result.lines == files.map { folder / $0 })
        let vocabulary = files.contains { $0.contains(".txt.") } ? ["x.tokenizer"] : []
        #expect(folder.names.sorted() == (files + vocabulary).sorted())
    }

    @Test func `a file says how its inputs are prepared`() throws {
        let folder = try TemporaryFolder()
        #expect(try Command.run("export", "onnx", "--text", "--output", folder / "x").status == 0)
        let bytes = try Data(contentsOf: URL(fileURLWithPath: folder / "x.txt.fp32.onnx"))
        for fact in [
            "fingerprint", "image_mean", "0.48145466", "image_std", "context_length", "pad_id", "resize", "diptych",
            "tiny-clip",
        ] {
            #expect(bytes.range(of: Data(fact.utf8)) != nil, "\(fact)")
        }
    }

    @Test func `it happens beside what is there or not at all`() throws {
        let folder = try TemporaryFolder()
        let missing = try Command.run("export", "onnx", "--output", folder / "no/x")
        expectFailure(missing, status: 1, saying: folder / "no/x.img.fp32.onnx", "directory does not exist")
        let limited = ["/bin/sh", "-c", "ulimit -f 16; exec \"$0\" \"$@\""]  // 8 KiB where blocks have 512 bytes
        for options in [[], ["--fp16"]] {
            let result = try Command.run(
                ["export", "onnx", "--output", folder / "x"] + options, launcher: limited)
            expectFailure(result, status: 1, saying: folder / "x.img.", "ulimit")
        }
        #expect(folder.names.isEmpty)
    }

    @Test(arguments: [
        [], ["--output", ""], ["--output", "folder/"], ["--output", "x", "--fixed-batch", "0"],
        ["--output", "x", "--fixed-batch", "many"], ["--output", "x", "--opset", "9"],
    ])
    func `arguments that make no sense are refused`(_ arguments: [String]) throws {
        expectFailure(try Command.run(["export", "onnx"] + arguments), status: 2)
    }
}
