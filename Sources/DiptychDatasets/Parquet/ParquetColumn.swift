/// What a column's values are once they are read.
public enum ParquetValueKind: Sendable, Equatable {
    /// Truth values.
    case bool
    /// Whole numbers of 32 or 64 bits; those that do not fit 64 bits with a sign are given as their digits in a
    /// ``ParquetValue/string(_:)``.
    case int
    /// 32-bit floats, and 16-bit ones.
    case float
    /// 64-bit floats, and decimal numbers; those of more digits than a float has are given as a
    /// ``ParquetValue/string(_:)``.
    case double
    /// Texts in UTF-8; dates and times as ISO 8601 writes them, and identifiers (UUID).
    case string
    /// Bytes.
    case bytes
    /// Lists of lists, of objects or maps, and maps.
    case nested
}

/// A column of a Parquet file that can be read.
public struct ParquetColumn: Sendable, Equatable {
    /// Its name; those inside a structure have a dotted one, as in `image.bytes`.
    public let name: String
    /// What its values are, or the elements of its lists.
    public let kind: ParquetValueKind
    /// Whether each row holds a list.
    public let isList: Bool
    /// Its type as people write it, such as `list of float`.
    public let typeName: String

    let leaves: [ParquetLeaf]
    let shape: ParquetShape

    init(name: String, leaves: [ParquetLeaf], shape: ParquetShape) {
        self.name = name
        self.leaves = leaves
        self.shape = shape
        typeName = shape.typeName(leaves)
        switch shape.form {
        case .leaf: (kind, isList) = (leaves[shape.leaves.lowerBound].kind, false)
        case .list(let element):
            let isFlat = if case .leaf = element.form { true } else { false }
            (kind, isList) = (isFlat ? leaves[element.leaves.lowerBound].kind : .nested, true)
        case .map, .structure: (kind, isList) = (.nested, false)
        }
    }

    /// Whether it holds plain values or lists of them, which are read without a detour.
    var isFlat: Bool { kind != .nested && leaves.count == 1 && leaves[0].maximumRepetition <= 1 }

    /// The column without members that hold bytes, and their names.
    func withoutBytes() -> (column: ParquetColumn?, leftOut: [String]) {
        let isBytes = leaves.map { $0.meaning == .bytes }
        guard kind == .nested || kind == .bytes, isBytes.contains(true) else { return (self, []) }
        var kept: [ParquetLeaf] = []
        let shape = shape.pruned { index in
            guard !isBytes[index] else { return nil }
            kept.append(leaves[index])
            return kept.count - 1
        }
        let names = zip(leaves, isBytes).filter(\.1).map { $0.0.path.joined(separator: ".") }
        return (shape.map { ParquetColumn(name: name, leaves: kept, shape: $0) }, names)
    }
}

/// How a column's values are put together out of its leaves.
struct ParquetShape: Equatable, Sendable {
    indirect enum Form: Equatable, Sendable {
        case leaf
        case structure([Member])
        case list(ParquetShape)
        /// Without values it is a set.
        case map(key: ParquetShape, value: ParquetShape?)
    }

    struct Member: Equatable, Sendable {
        let name: String
        let shape: ParquetShape
    }

    let form: Form
    /// The column's leaves below.
    let leaves: Range<Int>
    /// The definition level from which there is a value; of lists and maps, from which there is an element.
    let definition: Int
    /// Of lists and maps: the repetition level of their elements.
    let repetition: Int

    /// The shape without some leaves.
    ///
    /// - Parameter place: a leaf's new index; nil where it goes. Called in order.
    func pruned(_ place: (Int) -> Int?) -> ParquetShape? {
        func made(_ form: Form, _ parts: [ParquetShape]) -> ParquetShape? {
            guard let first = parts.first, let last = parts.last else { return nil }
            return ParquetShape(
                form: form, leaves: first.leaves.lowerBound..<last.leaves.upperBound, definition: definition,
                repetition: repetition)
        }
        switch form {
        case .leaf:
            guard let index = place(leaves.lowerBound) else { return nil }
            return ParquetShape(form: .leaf, leaves: index..<index + 1, definition: definition, repetition: repetition)
        case .structure(let members):
            let kept = members.compactMap { member in
                member.shape.pruned(place).map { Member(name: member.name, shape: $0) }
            }
            return made(.structure(kept), kept.map(\.shape))
        case .list(let element): return element.pruned(place).flatMap { made(.list($0), [$0]) }
        case .map(let key, let value):
            let kept = key.pruned(place)
            let value = value.map { $0.pruned(place) }
            guard let kept else { return nil }
            switch value {
            case nil: return made(.map(key: kept, value: nil), [kept])
            case .some(let value?): return made(.map(key: kept, value: value), [kept, value])
            case .some(nil): return nil
            }
        }
    }

    func typeName(_ leaves: [ParquetLeaf]) -> String {
        switch form {
        case .leaf: leaves[self.leaves.lowerBound].typeName
        case .structure(let members): "struct of " + members.map(\.name).joined(separator: ", ")
        case .list(let element): "list of " + element.typeName(leaves)
        case .map(let key, let value):
            "map of \(key.typeName(leaves))" + (value.map { " to \($0.typeName(leaves))" } ?? "")
        }
    }
}
