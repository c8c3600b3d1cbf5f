/// One input of bulk work: an image, and what a data set says about it.
public struct DatasetRow: Sendable, Equatable {
    /// Where the image is.
    public enum Image: Sendable, Equatable {
        /// A file, by its path.
        case file(String)
        /// An `http`, `https` or `data` URL.
        case url(String)
        /// An image file's bytes, out of a compressed archive or a table.
        case bytes([UInt8])
        /// A part of a file, of an archive that is not compressed: nothing is read before it is wanted.
        case part(FilePart)
    }

    /// What the image is known by: its path or URL, or its place in an archive, as in `shard-00001.tar#000017`.
    /// The same input has the same locator in each run.
    public let locator: String
    /// Where the image is.
    public let image: Image
    /// The caption that goes with it.
    public let caption: String?
    /// Everything else that the data set says, in its order.
    public let attributes: [JSONValue.Member]

    /// Whether the data set has a place for attributes at all: a list has none, and says nothing against those that an item
    /// has already; a table's row without a value says that there is none.
    public let saysAttributes: Bool

    /// The file of a table or manifest that says it, and where in it, such as `line 3`; empty where the locator tells.
    public let file: String
    /// Where in ``file``.
    public let place: String

    /// Describes an input.
    ///
    /// - Parameter saysAttributes: without it, whether there are any.
    public init(
        locator: String, image: Image, caption: String? = nil, attributes: [JSONValue.Member] = [],
        saysAttributes: Bool? = nil, file: String = "", place: String = ""
    ) {
        (self.file, self.place) = (file, place)
        self.saysAttributes = saysAttributes ?? !attributes.isEmpty
        self.locator = locator
        self.image = image
        self.caption = caption
        self.attributes = attributes
    }

    /// Whether two rows say the same, wherever each was read.
    public static func == (one: Self, other: Self) -> Bool {
        one.locator == other.locator && one.image == other.image && one.caption == other.caption
            && one.attributes == other.attributes && one.saysAttributes == other.saysAttributes
    }
}

/// The forms in which inputs are listed.
public enum DatasetKind: String, Sendable, CaseIterable {
    /// Paths or URLs, one a line.
    case list
    /// JSON: an object a line, or an array of objects.
    case jsonl
    /// Comma-separated values with a header line (RFC 4180).
    case csv
    /// Tab-separated values with a header line.
    case tsv
    /// A Parquet table.
    case parquet
    /// A WebDataset shard: a tar archive whose entries share a key.
    case tar

    /// The kind that a file's name says, compression (`.gz`, `.zst`) left aside; a list where the name says nothing.
    public init(path: String) {
        var name = path.lowercased()
        if let ending = [".gz", ".zst", ".bz2", ".xz"].first(where: name.hasSuffix) { name.removeLast(ending.count) }
        switch name.split(separator: "/").last?.split(separator: ".", omittingEmptySubsequences: false).last {
        case "jsonl"?, "ndjson"?, "json"?: self = .jsonl
        case "csv"?: self = .csv
        case "tsv"?: self = .tsv
        case "parquet"?, "pq"?: self = .parquet
        case "tar"?, "tgz"?, "tzst"?: self = .tar
        default: self = .list
        }
    }
}
