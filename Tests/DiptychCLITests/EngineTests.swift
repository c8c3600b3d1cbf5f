import DiptychTestSupport
import Foundation
import Testing

/// The choice of the engine, without the torch engine; `make test-torch` tries that.
@Suite struct EngineTests {
    private static let missing = ["DIPTYCH_TORCH": "/no/such/libdiptych_torch.so"]

    @Test(arguments: ["torch", "cuda", "cuda:3"])
    func `an engine that is not installed is named with the command that builds it`(_ engine: String) throws {
        let result = try Command.run(
            ["embed", "--text", "a cat", "--engine", engine, "--quiet"], environment: Self.missing)
        #expect(result.status == 1 && result.output.isEmpty)
        let reason =
            "the torch engine is not installed (/no/such/libdiptych_torch.so); `diptych engine build torch` builds it"
        #expect(result.error == "diptych: \(reason)\n")
    }

    @Test(arguments: ["gpu", "cuda:", "cuda:-1", "cuda:x", "cuda:1 ", "cuda:99999999999999999999", ""])
    func `an unknown engine is bad usage`(_ engine: String) throws {
        let result = try Command.run(["embed", "--text", "a cat", "--engine", engine])
        #expect(result.status == 2 && result.error.contains("--engine"), "\(result.error)")
    }

    @Test func `the built-in engine is the default, by its name too`() throws {
        let named = try Command.run(["embed", "--text", "a cat", "--engine", "cpu"], environment: Self.missing)
        let usual = try Command.run(["embed", "--text", "a cat"], environment: Self.missing)
        #expect(named.status == 0 && named.output == usual.output && named.output.contains("embedding"))
    }

    @Test func `the list tells which engines are there`() throws {
        let result = try Command.run(["engine", "list", "--format", "jsonl"], environment: Self.missing)
        let lines = try result.output.split(separator: "\n").map {
            try #require(JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
        }
        #expect(result.status == 0 && lines.map { $0["name"] as? String } == ["cpu", "torch"])
        #expect(lines.map { $0["available"] as? Bool } == [true, false])
        #expect((lines.last?["reason"] as? String)?.contains("diptych engine build torch") == true)
    }

    @Test func `the build carries its source and says where the library lies`() throws {
        let path = try Command.run(["engine", "build", "torch", "--path"], environment: Self.missing)
        #expect(path.status == 0 && path.output == "/no/such/libdiptych_torch.so\n", "\(path.error)")
        let folder = try TemporaryFolder()
        let failed = try Command.run(
            ["engine", "build", "torch"],
            environment: [
                "DIPTYCH_LIBTORCH": folder.path, "DIPTYCH_TORCH": folder / "engine.so",
                "XDG_CACHE_HOME": folder / "cache",
            ])
        #expect(failed.status == 1 && failed.error.contains("holds no libtorch of 2.4 or newer"), "\(failed.error)")
        #expect(try Command.run(["engine", "build", "onnx"]).status == 2)
    }

    @Test func `operations on a CUDA device are not profiled`() throws {
        let result = try Command.run(["profile", "--engine", "cuda:0"], environment: Self.missing)
        #expect(result.status == 2 && result.error.contains("not on cuda:0"))
    }
}
