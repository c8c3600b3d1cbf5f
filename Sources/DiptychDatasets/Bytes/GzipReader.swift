internal import DiptychBasics

/// Compressed bytes that are unpacked a piece at a time.
protocol Decompressor: AnyObject {
    /// Unpacks into `output`.
    ///
    /// - Parameter more: gives the next compressed bytes, none at the end.
    /// - Returns: the number of bytes; 0 only at the end.
    func read(
        into output: UnsafeMutableBufferPointer<UInt8>, more: () throws(DatasetError) -> [UInt8]
    ) throws(DatasetError) -> Int
}

/// A gzip stream (RFC 1952), of any number of members, that is inflated a piece at a time.
final class GzipReader: Decompressor {
    private let inflater: Inflater
    private let path: String

    init(path: String) throws(DatasetError) {
        self.path = path
        do throws(Inflater.Failure) { inflater = try Inflater(.gzip) } catch {
            throw DatasetError(.unreadable, path: path, error.description)
        }
    }

    func read(
        into output: UnsafeMutableBufferPointer<UInt8>, more: () throws(DatasetError) -> [UInt8]
    ) throws(DatasetError) -> Int {
        try inflater.read(into: output, more: more) { DatasetError(.malformed, path: path, $0.description) }
    }
}
