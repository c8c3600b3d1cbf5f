internal import DiptychBasics
import Foundation

/// The content of one file, with the name that errors give it.
struct FileBytes {
    /// More than any vocabulary needs; keeps offsets in 32 bits.
    static let limit = 256 << 20

    let name: String
    let bytes: [UInt8]

    init(name: String, bytes: [UInt8]) {
        self.name = name
        self.bytes = bytes
    }

    init(contentsOf url: URL) throws(TokenizerError) {
        name = url.path
        do {
            let data = try Data(contentsOf: url, options: .mappedIfSafe)
            guard data.count <= Self.limit else {
                throw TokenizerError(
                    .malformed, file: url.path, reason: "\(data.count) bytes are more than a tokeniser file may have")
            }
            bytes = [UInt8](data)
        } catch let error as TokenizerError {
            throw error
        } catch {
            throw TokenizerError(.unreadable, file: url.path, reason: "cannot be read: \(Self.reason(of: error))")
        }
    }

    /// Refuses bytes that are not UTF-8, naming the line.
    func validateUTF8() throws(TokenizerError) {
        guard String(validating: bytes, as: UTF8.self) == nil else { return }
        for (index, line) in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated()
        where String(validating: line, as: UTF8.self) == nil {
            throw TokenizerError(.malformed, file: name, place: "line \(index + 1)", reason: "is not valid UTF-8")
        }
    }

    private static func reason(of error: any Error) -> String {
        let cocoa = error as? CocoaError
        switch cocoa?.code {
        case .fileReadNoSuchFile, .fileNoSuchFile: return "no such file"
        case .fileReadNoPermission: return "no permission"
        default: return "\((error as NSError).localizedDescription)"
        }
    }

    /// The inflated content of a gzip file, refused beyond `limit` bytes.
    func gunzipped(limit: Int) throws(TokenizerError) -> FileBytes {
        do throws(Inflater.Failure) {
            return FileBytes(name: name, bytes: try Inflater.inflate(bytes, .gzip, limit: limit))
        } catch {
            throw TokenizerError(.malformed, file: name, reason: error.description)
        }
    }
}
