import Foundation
import Testing

/// A directory that is removed with the value that owns it.
final class TemporaryDirectory {
    let url: URL

    init() throws {
        url = FileManager.default.temporaryDirectory.appendingPathComponent("diptych-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: url) }

    /// Writes `data` under `name` and gives its place.
    func write(_ data: Data, _ name: String) throws -> URL {
        let file = url.appendingPathComponent(name)
        // A new file each time: truncating a written one makes ext4 flush it, which tens of thousands of files feel.
        unlink(file.path)
        let handle = try #require(fopen(file.path, "w"))
        defer { fclose(handle) }
        data.withUnsafeBytes { _ = fwrite($0.baseAddress, 1, $0.count, handle) }
        return file
    }
}

/// A safetensors file from its parts.
func safetensors(header: String, data: Data = Data(), length: UInt64? = nil) -> Data {
    var file = Data()
    withUnsafeBytes(of: (length ?? UInt64(header.utf8.count)).littleEndian) { file.append(contentsOf: $0) }
    return file + Data(header.utf8) + data
}

/// Float32 little-endian.
func bytes(of values: [Float]) -> Data { values.reduce(into: Data()) { $0 += withUnsafeBytes(of: $1) { Data($0) } } }
