public import DiptychMedia

/// A line of text that was read in an image.
public struct ReadLine: Sendable, Equatable {
    /// The text.
    public var text: String
    /// Where it is, in whole pixels of the image: columns left of it, rows above it, its width and its height.
    public var box: (x: Int, y: Int, width: Int, height: Int)
    /// How sure the engine is, 0 to 1.
    public var confidence: Float

    /// Joins a text and its place.
    public init(text: String, box: (x: Int, y: Int, width: Int, height: Int), confidence: Float) {
        (self.text, self.box, self.confidence) = (text, box, confidence)
    }

    /// Whether text, place and confidence are the same.
    public static func == (a: Self, b: Self) -> Bool {
        a.text == b.text && a.box == b.box && a.confidence == b.confidence
    }
}

/// How an image is looked at.
public enum ReadingMode: Sendable {
    /// Text in any place, as on a screen.
    case anywhere
    /// Lines below each other.
    case block
}

/// What reads text in images. May be used from any thread.
public protocol TextReading: Sendable {
    /// The lines of an image, from top to bottom.
    ///
    /// - Throws: ``ReadingError``.
    func lines(of image: Image, mode: ReadingMode) throws -> [ReadLine]
}

/// Why text could not be read, in one line.
public struct ReadingError: Error, Equatable, CustomStringConvertible {
    /// What was wrong, and what to do.
    public let description: String

    /// - Parameter description: what was wrong, and what to do.
    public init(_ description: String) { self.description = description }
}
