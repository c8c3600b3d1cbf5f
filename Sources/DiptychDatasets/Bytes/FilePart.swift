/// Some of a file's bytes.
public struct FilePart: Sendable, Hashable {
    /// The file.
    public let path: String
    /// Where they begin.
    public let offset: Int
    /// How many there are.
    public let count: Int

    /// Names some bytes.
    public init(path: String, offset: Int, count: Int) {
        self.path = path
        self.offset = offset
        self.count = count
    }

    /// Reads them.
    ///
    /// - Throws: ``DatasetError`` when the file is gone or has become shorter.
    public func read() throws(DatasetError) -> [UInt8] {
        try InputFile(path: path).read(at: offset, count: count)
    }
}
