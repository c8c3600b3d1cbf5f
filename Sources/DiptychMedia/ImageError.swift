/// Why an image could not be read, fetched, converted or saved.
public struct ImageError: Error, Hashable, CustomStringConvertible {
    /// The kinds of failure, for callers that treat some of them specially.
    public struct Kind: Hashable, Sendable {
        let name: String

        /// The file does not exist.
        public static let notFound = Kind(name: "not found")
        /// The file or its directory may not be read or written.
        public static let noPermission = Kind(name: "no permission")
        /// The path names a directory, a device or another thing that is not a file.
        public static let notAFile = Kind(name: "not a file")
        /// The operating system failed to read or write.
        public static let inputOutput = Kind(name: "input/output")
        /// There are no bytes.
        public static let empty = Kind(name: "empty")
        /// The bytes are not in one of the formats of ``ImageFormat``.
        public static let notAnImage = Kind(name: "not an image")
        /// More bytes or pixels than the options allow.
        public static let tooLarge = Kind(name: "too large")
        /// The data end too early, contradict themselves or cannot be decoded.
        public static let damaged = Kind(name: "damaged")
        /// A valid picture of a kind that is not read.
        public static let unsupported = Kind(name: "unsupported")
        /// Sizes and bytes given by the caller contradict each other.
        public static let invalidPixels = Kind(name: "invalid pixels")
        /// The URL or data URI is malformed, or of a scheme that is not fetched.
        public static let invalidURL = Kind(name: "invalid URL")
        /// The URL leads to an address that is not fetched.
        public static let forbiddenAddress = Kind(name: "forbidden address")
        /// The server could not be reached, answered with an error, or stopped early.
        public static let fetchFailed = Kind(name: "fetch failed")
    }

    /// The kind of failure.
    public let kind: Kind
    /// The file, URL or label of the bytes.
    public let source: String
    /// What was wrong and, where it helps, what to do; one line.
    public let reason: String

    package init(_ kind: Kind, source: String, reason: String) {
        self.kind = kind
        self.source = ImageError.oneLine(source, limit: 300)
        self.reason = ImageError.oneLine(reason, limit: 500)
    }

    /// The same failure of an image that the caller knows by another name, for work on pixels, which have none.
    public func naming(_ source: some CustomStringConvertible) -> ImageError {
        ImageError(kind, source: source.description, reason: reason)
    }

    /// The source and the reason in one line.
    public var description: String { "\(source): \(reason)" }

    /// Replaces control characters, which could forge lines in a log, and shortens what is too long to read.
    private static func oneLine(_ text: String, limit: Int) -> String {
        var line = String.UnicodeScalarView()
        for (index, scalar) in text.unicodeScalars.enumerated() {
            guard index < limit else {
                line.append("…")
                break
            }
            switch scalar.properties.generalCategory {
            case .control, .lineSeparator, .paragraphSeparator, .format: line.append(" ")
            default: line.append(scalar)
            }
        }
        return String(line)
    }
}
