/// The cells of a column of lists, maps and structures, put together out of its leaves as the Dremel paper describes
/// (Melnik and others, 2010).
struct NestedCursor {
    private let shape: ParquetShape
    private let leaves: [ParquetLeaf]
    private var cursors: [ColumnCursor]
    // Of the present row.
    private var entries: [[ColumnCursor.Entry]] = []
    private var places: [Int] = []

    /// A row's values beyond these are refused.
    private static let mostValues = ColumnCursor.longestList

    init(column: ParquetColumn, cursors: [ColumnCursor]) {
        shape = column.shape
        leaves = column.leaves
        self.cursors = cursors
    }

    /// Passes over rows.
    mutating func skip(_ rows: Int) throws(ParquetFault) {
        for index in cursors.indices { try cursors[index].skip(rows) }
    }

    /// The next row's cell.
    mutating func next() throws(ParquetFault) -> ParquetValue {
        entries = []
        var left = Self.mostValues
        for index in cursors.indices {
            let some = try cursors[index].entries(limit: left)
            left -= some.count
            entries.append(some)
        }
        places = [Int](repeating: 0, count: cursors.count)
        let value = try value(shape)
        guard zip(entries, places).allSatisfy({ $0.count == $1 }) else { throw Self.damaged }
        return value
    }

    private static var damaged: ParquetFault { ParquetFault("has lists that do not fit together") }

    private func entry(_ leaf: Int) throws(ParquetFault) -> ColumnCursor.Entry {
        guard places[leaf] < entries[leaf].count else { throw Self.damaged }
        return entries[leaf][places[leaf]]
    }

    private mutating func skip(_ leaves: Range<Int>) { for leaf in leaves { places[leaf] += 1 } }

    private mutating func value(_ shape: ParquetShape) throws(ParquetFault) -> ParquetValue {
        let first = try entry(shape.leaves.lowerBound)
        switch shape.form {
        case .leaf:
            skip(shape.leaves)
            return first.value
        case .structure(let members):
            guard first.definition >= shape.definition else {
                skip(shape.leaves)
                return .null
            }
            var values: [ParquetValue.Member] = []
            for member in members { values.append(ParquetValue.Member(member.name, try value(member.shape))) }
            return .object(values)
        case .list(let element):
            return try elements(shape) { (cursor) throws(ParquetFault) in try cursor.value(element) }
                .map(ParquetValue.list) ?? .null
        case .map(let key, let value):
            let pairs = try elements(shape) { (cursor) throws(ParquetFault) in
                var pair = [try cursor.value(key)]
                if let value { pair.append(try cursor.value(value)) }
                return ParquetValue.list(pair)
            }
            guard let pairs else { return .null }
            guard value != nil else {
                return .list(pairs.map { if case .list(let pair) = $0 { pair[0] } else { $0 } })
            }
            return leaves[key.leaves.lowerBound].kind == .string ? Self.object(pairs) : .list(pairs)
        }
    }

    /// The elements of a list or map; nil where it is missing.
    private mutating func elements(
        _ shape: ParquetShape, _ body: (inout NestedCursor) throws(ParquetFault) -> ParquetValue
    ) throws(ParquetFault) -> [ParquetValue]? {
        let first = try entry(shape.leaves.lowerBound)
        guard first.definition >= shape.definition else {
            skip(shape.leaves)
            return first.definition == shape.definition - 1 ? [] : nil
        }
        var values: [ParquetValue] = []
        var goesOn = true
        while goesOn {
            values.append(try body(&self))
            for leaf in shape.leaves {
                let next = places[leaf] < entries[leaf].count ? entries[leaf][places[leaf]].repetition : 0
                guard next <= shape.repetition else { throw Self.damaged }
                if leaf == shape.leaves.lowerBound {
                    goesOn = next == shape.repetition
                } else if goesOn != (next == shape.repetition) {
                    throw Self.damaged
                }
            }
        }
        return values
    }

    /// A map with texts as keys; a list of pairs where a key is missing or comes twice.
    private static func object(_ pairs: [ParquetValue]) -> ParquetValue {
        var members: [ParquetValue.Member] = []
        var known: Set<String> = []
        for case .list(let pair) in pairs {
            guard case .string(let key)? = pair.first, known.insert(key).inserted else { return .list(pairs) }
            members.append(ParquetValue.Member(key, pair[1]))
        }
        return .object(members)
    }
}
