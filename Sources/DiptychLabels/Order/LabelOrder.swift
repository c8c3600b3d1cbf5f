/// In which order images come to be labelled.
public enum LabelOrder: Sendable, Hashable {
    /// As they lie in the store.
    case listed
    /// At random, the same order for everybody.
    case random
    /// Those that the head is least certain about, no two alike; at first, those that stand for many.
    case uncertain
    /// Those whose suggestion is most probable.
    case confident
    /// Those that are nearest to an embedding.
    case nearest([Float])
    /// Those that people answered differently.
    case disputed

    /// The names of orders that need nothing else.
    public static let names = ["listed", "random", "uncertain", "confident", "disputed"]

    /// Reads a name; nil for what is none.
    public init?(_ name: String) {
        switch name {
        case "listed": self = .listed
        case "random": self = .random
        case "uncertain": self = .uncertain
        case "confident": self = .confident
        case "disputed": self = .disputed
        default: return nil
        }
    }
}
