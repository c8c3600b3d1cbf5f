internal import DiptychMap
internal import DiptychSearch

/// The items of a map told apart by the values of an attribute.
struct MapColours: Sendable {
    /// The values that have a colour, the most frequent first.
    let names: [String]
    /// How many items have each.
    let counts: [Int]
    /// For each item 1 and the place of its value in ``names``; 0 for items without a value, or with a rarer one.
    let places: [UInt8]

    /// More colours nobody tells apart.
    private static let most = 12
    /// The most values that are counted.
    private static let mostCounted = 10_000

    init(of map: StoreMap, by attribute: String, in store: any VectorStore) async throws {
        var values: [String: String] = [:]
        try await store.forEachItem { item, _ in
            // Of a list the first.
            guard let value = item.attributes.other[attribute]?.leaves(named: "").first?.value.plainText else { return }
            values[item.id] = String(value.prefix(200))
        }
        self.init(of: map, values: values)
    }

    /// - Parameter values: what each item has, by its id.
    init(of map: StoreMap, values: [String: String]) {
        var counts: [String: Int] = [:]
        for value in values.values where counts[value] != nil || counts.count < Self.mostCounted {
            counts[value, default: 0] += 1
        }
        let first = counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.prefix(Self.most)
        let numbers = Dictionary(uniqueKeysWithValues: first.enumerated().map { ($1.key, UInt8($0 + 1)) })
        (names, self.counts) = (first.map(\.key), first.map(\.value))
        places = map.ids.map { values[$0].flatMap { numbers[$0] } ?? 0 }
    }
}

extension AttributeValue {
    /// A plain value as people write it; nil for none and for what holds others.
    fileprivate var plainText: String? {
        switch self {
        case .text(let value): value
        case .integer(let value): String(value)
        case .number(let value): String(value)
        case .bool(let value): String(value)
        case .null, .list, .object: nil
        }
    }
}
