import DiptychCheckpoints
import Foundation
import Testing

/// Checkpoints with every number in turn at and beyond the limits of the integers that hold it are read or refused.
@Suite struct IntegerLimitTests {
    private let directory: TemporaryDirectory

    private static let limits: [UInt64] = [
        0, 1, .max, .max - 1, 1 << 63, UInt64(Int64.max), 1 << 50, 1 << 32, UInt64(UInt32.max), 1 << 31,
        UInt64(Int32.max), UInt64(UInt16.max), 1 << 15, 255, 128, 127,
    ]

    init() throws { directory = try TemporaryDirectory() }

    private func open(_ data: Data, _ name: String) throws {
        let url = try directory.write(data, name)
        do {
            let tensors =
                try name.hasSuffix(".pt") ? PyTorchFile(path: url.path).tensors : SafetensorsFile(url: url).tensors
            for view in tensors.values {
                #expect(view.bytes.count == view.count * view.elementType.byteCount)
                _ = view.bytes.reduce(UInt8(0), ^)
            }
        } catch let error as CheckpointError { #expect(!error.reason.contains("\n")) }
    }

    @Test("The numbers of a zip directory, of its entries and of the pickle", arguments: [2, 4, 8])
    func archives(width: Int) throws {
        let url = try #require(Bundle.module.url(forResource: "state-2", withExtension: "pt", subdirectory: "Fixtures"))
        let original = try Data(contentsOf: url)
        let ends = original.count - width
        // The directory and the end records stand at the end, the first entries with the pickle at the start.
        let places = Array(0..<min(ends, 1200)) + Array(max(0, ends - 1400)...ends)
        for place in places {
            for limit in Self.limits.indices where (place + limit) % 4 == 0 {
                var data = original
                let number = withUnsafeBytes(of: Self.limits[limit].littleEndian) { Data($0.prefix(width)) }
                data.replaceSubrange(place..<place + width, with: number)
                try open(data, "limit.pt")
            }
        }
    }

    @Test("The numbers of a safetensors file")
    func safetensorsNumbers() throws {
        for limit in Self.limits { try open(safetensors(header: "{}", length: limit), "limit.safetensors") }
        let numbers =
            Self.limits.map { String($0) } + Self.limits.map { "-\($0)" } + ["18446744073709551616", "1e30", "0.5"]
        for first in numbers {
            for second in numbers {
                for shape in ["[\(first),\(second)]", "[0,\(first),\(second)]", "[\(first),\(second),0]"] {
                    let header = #"{"a":{"dtype":"F32","shape":\#(shape),"data_offsets":[0,16]}}"#
                    try open(safetensors(header: header, data: Data(count: 16)), "limit.safetensors")
                }
                let header = #"{"a":{"dtype":"F32","shape":[4],"data_offsets":[\#(first),\#(second)]}}"#
                try open(safetensors(header: header, data: Data(count: 16)), "limit.safetensors")
            }
        }
    }
}
