internal import DiptychDatasets

/// What becomes of an image in a repaired copy.
enum Fate: Equatable {
    case kept
    case leftOut(FindingKind)
    /// It is another one, which stays; texts go over.
    case merged(into: Int, FindingKind)
}

/// An image that was checked.
struct CheckedImage {
    let part: Int32
    let split: Int32
    /// Its number in the part.
    let number: Int32
    var fate = Fate.kept
    /// Whether a text names it.
    var hasText = false
    /// Whether a text names it that stays in a repaired copy.
    var hasSoundText = false
}

/// A split while it is checked.
struct CheckedSplit {
    let name: String?
    var images = 0
    var texts = 0
    /// Texts that name an image.
    var pairs = 0
    /// Images by the hash of their id or place.
    var known: [ContentHash: Int32] = [:]
    /// Images by their content.
    var contents: [ContentHash: Int32] = [:]
    /// Texts by their ids: the first with it, and its content.
    var textIDs: [ContentHash: (text: Int32, content: ContentHash?)] = [:]
    /// Texts by their content.
    var contentsOfTexts: [ContentHash: Int32] = [:]
    /// The largest number that is an id of a text.
    var lastTextID: Int64 = -1

    /// Which of two splits is left as it is where both have an image: the one that is evaluated.
    var rank: Int {
        switch name {
        case "test"?: 3
        case "valid"?: 2
        case "train"?, nil: 0
        default: 1
        }
    }
}

/// An image on its way through the threads.
struct ImageJob: Sendable {
    /// What is to be found out.
    enum Work: Sendable {
        /// Everything, of the image with this number.
        case everything(Int)
        /// Whether the row's bytes are those of the image that has its id.
        case content(Int)
        /// Nothing: the row names the file of this image.
        case nothing(Int)
        /// Nothing: its id has another image.
        case repeated(Int)
    }

    let part: Int
    let scanned: ScannedImage
    let work: Work
}
