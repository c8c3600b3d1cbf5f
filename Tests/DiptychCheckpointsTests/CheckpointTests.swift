import DiptychCheckpoints
import Foundation
import Testing

@Suite struct CheckpointTests {
    let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    func write(_ names: [String], _ file: String) throws {
        let entries = names.enumerated().map {
            #""\#($1)":{"dtype":"F32","shape":[1],"data_offsets":[\#(4 * $0),\#(4 * $0 + 4)]}"#
        }
        _ = try directory.write(
            safetensors(
                header: "{\(entries.joined(separator: ","))}", data: bytes(of: names.indices.map { Float($0) })), file)
    }

    func index(_ map: [String: String]) throws {
        _ = try directory.write(
            JSONEncoder().encode(["weight_map": map]), "model.safetensors.index.json")
    }

    @Test func joinsShards() throws {
        try write(["a", "b"], "one.safetensors")
        try write(["c"], "two.safetensors")
        try index(["a": "one.safetensors", "b": "one.safetensors", "c": "two.safetensors"])
        let checkpoint = try Checkpoint(at: directory.url)
        #expect(checkpoint.tensors.keys.sorted() == ["a", "b", "c"])
        #expect(checkpoint.tensors["b"]?.floats() == [1])
    }

    @Test func refusesAnIndexThatDoesNotFitItsShards() throws {
        try write(["a", "b"], "one.safetensors")
        try index(["a": "one.safetensors"])
        #expect(throws: CheckpointError.self) { try Checkpoint(at: directory.url) }
        try index(["a": "one.safetensors", "b": "one.safetensors", "c": "one.safetensors"])
        let error = #expect(throws: CheckpointError.self) { try Checkpoint(at: directory.url) }
        #expect(error?.reason.contains("'c'") == true)
        for name in ["../one.safetensors", "/etc/passwd", ".one.safetensors", "none.safetensors"] {
            try index(["a": name])
            #expect(throws: CheckpointError.self) { try Checkpoint(at: directory.url) }
        }
    }

    @Test func saysWhatADirectoryWithoutWeightsNeeds() throws {
        let error = #expect(throws: CheckpointError.self) { try Checkpoint(at: directory.url) }
        #expect(error?.reason.contains("model.safetensors") == true)
    }

    @Test func loadingIsStrictBothWays() throws {
        try write(["tower.weight", "tower.extra"], "model.safetensors")
        let root = Parameters(try Checkpoint(at: directory.url))
        _ = try (root / "tower").tensor("weight", shape: [1])
        let unused = #expect(throws: CheckpointError.self) { try root.finish() }
        #expect(unused?.kind == .unused && unused?.reason.contains("'tower.extra'") == true)
        try root.finish { $0 == "tower.extra" }
        let missing = #expect(throws: CheckpointError.self) { try (root / "tower").tensor("bias", shape: [1]) }
        #expect(missing?.kind == .missing && missing?.reason.contains("'tower.bias' of shape [1]") == true)
        let misshapen = #expect(throws: CheckpointError.self) { try (root / "tower").tensor("weight", shape: [2, 3]) }
        #expect(misshapen?.kind == .mismatch)
        #expect(misshapen?.reason.contains("[1]") == true && misshapen?.reason.contains("[2, 3]") == true)
    }
}
