internal import GRDB

/// The seconds of videos that a filter asks for: its conditions on `video.time` that hold together with all others.
///
/// An item passes where its video has such a second, and of it only the moments are found that have one.
struct VideoTimes: Sendable, Equatable {
    private(set) var lowest = 0.0
    private(set) var highest = Double.infinity

    /// The seconds that one comparison accepts; moments take time, so that it does not matter whether a bound belongs to them.
    init(_ comparison: Filter.Comparison, _ value: FilterValue) {
        switch comparison {
        case .less, .lessOrEqual: highest = value.asNumber
        case .greater, .greaterOrEqual: lowest = max(0, value.asNumber)
        case .equal: (lowest, highest) = (max(0, value.asNumber), value.asNumber)
        // All but one.
        case .notEqual: break
        }
    }

    /// Whether something from `start` to `end` has one of the seconds.
    func accepts(_ start: Double, _ end: Double) -> Bool {
        lowest <= highest && start <= highest && end >= lowest
    }

    /// The seconds of both.
    func intersected(with other: VideoTimes) -> VideoTimes {
        var both = self
        (both.lowest, both.highest) = (max(lowest, other.lowest), min(highest, other.highest))
        return both
    }

    /// The condition on a row of a space's embeddings.
    var partSQL: SQLCondition {
        SQLCondition(
            """
            EXISTS (SELECT 1 FROM parts WHERE parts.id = embeddings.part AND parts.kind = 2 AND parts.width > 0
                AND parts.start <= ? AND parts.stop >= ?)
            """, [upper.databaseValue, (lowest <= highest ? lowest : upper + 1).databaseValue])
    }

    /// The condition on the video of an item.
    var itemSQL: SQLCondition {
        guard lowest <= highest else { return SQLCondition("0") }
        return SQLCondition(
            "(assets.kind = 'video' AND assets.duration >= ? AND 0 <= ?)", [lowest.databaseValue, upper.databaseValue])
    }

    /// SQLite has no infinity.
    private var upper: Double { min(highest, 1e300) }
}

extension Filter {
    /// The seconds of videos that it asks for; nil where it leaves times alone, or names them in alternatives only.
    var videoTimes: VideoTimes? {
        switch self {
        case .compare(.videoTime, let comparison, let value): VideoTimes(comparison, value)
        case .all(let filters):
            filters.compactMap(\.videoTimes).reduce(VideoTimes?.none) { known, next in
                known?.intersected(with: next) ?? next
            }
        default: nil
        }
    }
}
