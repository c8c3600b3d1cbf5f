import DiptychCheckpoints
import Foundation
import Testing

@Suite struct SafetensorsTests {
    let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    func open(_ data: Data) throws -> SafetensorsFile {
        try SafetensorsFile(url: directory.write(data, "model.safetensors"))
    }

    @Test func readsEveryFloatingPointType() throws {
        let header = """
            {"__metadata__":{"format":"pt"},
            "f32":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},
            "f16":{"dtype":"F16","shape":[1,3],"data_offsets":[8,14]},
            "bf16":{"dtype":"BF16","shape":[2],"data_offsets":[14,18]},
            "f64":{"dtype":"F64","shape":[],"data_offsets":[18,26]},
            "none":{"dtype":"F32","shape":[0,4],"data_offsets":[26,26]},
            "i64":{"dtype":"I64","shape":[1],"data_offsets":[26,34]}}
            """
        var data = bytes(of: [1.5, -2])
        for half: UInt16 in [0x3C00, 0x0001, 0xFC00] { withUnsafeBytes(of: half) { data.append(contentsOf: $0) } }
        for brain: UInt16 in [0x3FC0, 0xC000] { withUnsafeBytes(of: brain) { data.append(contentsOf: $0) } }
        withUnsafeBytes(of: 0.25) { data.append(contentsOf: $0) }
        data.append(contentsOf: [7, 0, 0, 0, 0, 0, 0, 0])
        let file = try open(safetensors(header: header, data: data))
        #expect(file.metadata == ["format": "pt"])
        #expect(file.tensors["f32"]?.floats() == [1.5, -2])
        #expect(file.tensors["f16"]?.floats() == [1, 0x1p-24, -.infinity])
        #expect(file.tensors["bf16"]?.floats() == [1.5, -2])
        #expect(file.tensors["f64"]?.floats() == [0.25])
        #expect(file.tensors["none"]?.floats() == [])
        #expect(file.tensors["i64"]?.elementType == .int64)
    }

    static let broken: [(why: String, header: String, data: Int, says: String)] = [
        ("unknown type", #"{"a":{"dtype":"F8","shape":[1],"data_offsets":[0,1]}}"#, 1, "element type 'F8'"),
        ("negative extent", #"{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}"#, 4, "impossible shape"),
        (
            "overflowing shape", #"{"a":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,4]}}"#, 4,
            "impossible shape"
        ),
        ("offsets reversed", #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}"#, 4, "offsets"),
        ("offsets outside", #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#, 4, "outside"),
        ("three offsets", #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4,4]}}"#, 4, "offsets"),
        ("size lies", #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}"#, 4, "needs 8 bytes"),
        (
            "overlap",
            #"{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"b":{"dtype":"U8","shape":[4],"data_offsets":[2,6]}}"#,
            6, "starts at byte 2 where 4 was expected"
        ),
        (
            "gap",
            #"{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"b":{"dtype":"U8","shape":[1],"data_offsets":[2,3]}}"#,
            3, "starts at byte 2"
        ),
        ("left over", #"{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}"#, 3, "2 bytes after"),
        ("entry is no object", #"{"a":[1]}"#, 0, "'a'"),
        ("missing key", #"{"a":{"dtype":"F32","shape":[1]}}"#, 4, "'a'"),
        ("fractional extent", #"{"a":{"dtype":"F32","shape":[1.5],"data_offsets":[0,4]}}"#, 4, "'a'"),
        ("metadata is no map", #"{"__metadata__":[]}"#, 0, "__metadata__"),
        ("not JSON", #"{"a":"#, 0, "JSON"),
        ("array", "[]", 0, "start with '{'"),
    ]

    @Test(arguments: broken.indices)
    func refusesAHeaderThatLies(index: Int) throws {
        let (why, header, count, says) = Self.broken[index]
        let error = #expect(throws: CheckpointError.self, "\(why)") {
            try open(safetensors(header: header, data: Data(count: count)))
        }
        #expect(error?.kind == .malformed && error?.path.hasSuffix("model.safetensors") == true)
        #expect(error?.reason.contains(says) == true, "\(why): \(error?.reason ?? "")")
    }

    @Test func refusesWhatIsTooShortOrTooLong() throws {
        #expect(throws: CheckpointError.self) { try open(Data()) }
        #expect(throws: CheckpointError.self) { try open(Data([1, 2, 3])) }
        #expect(throws: CheckpointError.self) { try open(safetensors(header: "{}", length: .max)) }
        #expect(throws: CheckpointError.self) { try open(safetensors(header: "{}", length: 3)) }
        #expect(throws: CheckpointError.self) { try open(safetensors(header: "{}", length: 1 << 40)) }
    }

    @Test func namesWhatCannotBeOpened() throws {
        let missing = directory.url.appendingPathComponent("none.safetensors")
        #expect(throws: CheckpointError.self) { try SafetensorsFile(url: missing) }
        let error = #expect(throws: CheckpointError.self) { try SafetensorsFile(url: directory.url) }
        #expect(error?.reason == "is not a regular file")
    }
}
