/// A condition on what is known about an item: which items a search may find.
///
///     let filter = try Filter("taken >= 2024-06-01 and (tags has 'beach' or caption matches 'sea') and width > 1000")
///
/// A comparison with something that is not known about an item does not accept it, `!=` included; `not (…)` accepts what
/// the condition inside does not. Of an attribute with several values, any may fit; `!=` accepts where none does.
public indirect enum Filter: Sendable, Hashable {
    /// Accepts what every one accepts; all items when there is none.
    case all([Filter])
    /// Accepts what one of them accepts; nothing when there is none.
    case any([Filter])
    /// Accepts what it does not accept.
    case not(Filter)
    /// Compares a value. Times are in seconds since 1970.
    case compare(FilterField, Comparison, FilterValue)
    /// Accepts where the value is one of these.
    case oneOf(FilterField, [FilterValue])
    /// Accepts a text that the pattern describes: `*` stands for any characters, `?` for one; letters count as they are.
    case like(FilterField, String)
    /// Accepts what lies below a folder, at any depth.
    case under(String)
    /// Accepts captions that hold all of these phrases.
    case matches([CaptionPhrase])
    /// Accepts what was taken within an area.
    case within(GeoBox)
    /// Accepts items of which this is known.
    case exists(FilterField)

    /// How values are compared. Numbers come in their order, texts in that of their UTF-8 bytes.
    public enum Comparison: String, Sendable, Hashable, CaseIterable {
        /// `=`
        case equal = "="
        /// `!=`
        case notEqual = "!="
        /// `<`
        case less = "<"
        /// `<=`
        case lessOrEqual = "<="
        /// `>`
        case greater = ">"
        /// `>=`
        case greaterOrEqual = ">="
    }
}

/// A value that a filter compares with.
public enum FilterValue: Sendable, Hashable {
    /// A whole number.
    case integer(Int64)
    /// Any other number; finite.
    case number(Double)
    /// A text.
    case text(String)
    /// A truth value.
    case bool(Bool)
}

/// An area between two parallels and two meridians.
public struct GeoBox: Sendable, Hashable {
    /// Its southern edge in degrees north.
    public let south: Double
    /// Its western edge in degrees east.
    public let west: Double
    /// Its northern edge in degrees north.
    public let north: Double
    /// Its eastern edge in degrees east; less than ``west`` where the area crosses the 180th meridian.
    public let east: Double

    /// An area; nil when an edge is no place on earth, or the southern edge lies north of the northern one.
    public init?(south: Double, west: Double, north: Double, east: Double) {
        guard (-90...90).contains(south), (-90...90).contains(north), south <= north, (-180...180).contains(west),
            (-180...180).contains(east)
        else { return nil }
        self.south = south
        self.west = west
        self.north = north
        self.east = east
    }

    /// Whether a place lies in it; its edges belong to it.
    public func contains(latitude: Double, longitude: Double) -> Bool {
        guard (south...north).contains(latitude) else { return false }
        return west <= east ? (west...east).contains(longitude) : longitude >= west || longitude <= east
    }
}

/// Words that stand one after the other in a caption.
public struct CaptionPhrase: Sendable, Hashable {
    /// The words as ``CaptionWords`` gives them; at least one.
    public let words: [String]
    /// Whether the last word may go on.
    public let isPrefix: Bool

    /// A phrase of words as ``CaptionWords`` gives them.
    public init(words: [String], isPrefix: Bool = false) {
        self.words = words
        self.isPrefix = isPrefix
    }
}
