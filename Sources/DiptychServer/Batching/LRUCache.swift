/// Values by key, of which those that were not asked for the longest make room for new ones.
package struct LRUCache<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private struct Entry {
        let key: Key
        let value: Value
        /// The neighbours in the order of use; −1 at the ends.
        var older: Int
        var newer: Int
    }

    /// The most values that are kept.
    package let limit: Int
    private var places: [Key: Int] = [:]
    private var entries: [Entry] = []
    private var (oldest, newest) = (-1, -1)

    /// Nothing yet, at most `limit` values.
    package init(limit: Int) { self.limit = max(0, limit) }

    /// The number of values.
    package var count: Int { entries.count }

    /// Whether there is a value of `key`; this is no use of it.
    package func holds(_ key: Key) -> Bool { places[key] != nil }

    /// The value of `key`, which counts as used now.
    package mutating func value(for key: Key) -> Value? {
        guard let place = places[key] else { return nil }
        unlink(place)
        link(place)
        return entries[place].value
    }

    /// Keeps a value.
    package mutating func keep(_ value: Value, for key: Key) {
        guard limit > 0 else { return }
        var place = entries.count
        if let known = places[key] {
            place = known
            unlink(place)
        } else if entries.count == limit {
            place = oldest
            unlink(place)
            places[entries[place].key] = nil
        }
        let entry = Entry(key: key, value: value, older: -1, newer: -1)
        if place == entries.count { entries.append(entry) } else { entries[place] = entry }
        places[key] = place
        link(place)
    }

    private mutating func unlink(_ place: Int) {
        let (older, newer) = (entries[place].older, entries[place].newer)
        if older >= 0 { entries[older].newer = newer } else { oldest = newer }
        if newer >= 0 { entries[newer].older = older } else { newest = older }
    }

    private mutating func link(_ place: Int) {
        entries[place].older = newest
        entries[place].newer = -1
        if newest >= 0 { entries[newest].newer = place } else { oldest = place }
        newest = place
    }
}
