/// The columns of a file: its schema tree, with structures dissolved into their members.
struct ParquetSchema {
    private(set) var columns: [ParquetColumn] = []
    /// Columns that are not read, with the reason.
    private(set) var unsupported: [(name: String, reason: String)] = []

    /// Schemas beyond these are refused.
    static let maximumDepth = 16
    static let maximumElements = 20_000

    private let elements: [ParquetMetadata.Element]
    private var position = 1
    // Of the column that is being put together.
    private var leaves: [ParquetLeaf] = []
    private var problem: String?

    /// Where a node stands.
    private struct Place {
        var path: [String] = []
        var definition = 0
        var repetition = 0
        /// The definition level of the innermost repeated node around it.
        var element = 0

        func below(_ node: ParquetMetadata.Element) -> Place {
            var place = self
            place.path.append(node.name)
            if node.repetition != .required { place.definition += 1 }
            if node.repetition == .repeated {
                place.repetition += 1
                place.element = place.definition
            }
            return place
        }
    }

    init(_ elements: [ParquetMetadata.Element]) throws(ParquetFault) {
        self.elements = elements
        try each(elements[0]) { (schema) throws(ParquetFault) in try schema.visit(Place()) }
        guard position == elements.count else { throw ParquetFault("has a schema that does not add up") }
    }

    private mutating func each(
        _ node: ParquetMetadata.Element, _ body: (inout ParquetSchema) throws(ParquetFault) -> Void
    ) throws(ParquetFault) {
        guard node.childCount <= elements.count - position else {
            throw ParquetFault("has a schema that does not add up")
        }
        for _ in 0..<max(0, node.childCount) { try body(&self) }
    }

    private mutating func take(_ place: Place) throws(ParquetFault) -> ParquetMetadata.Element {
        guard position < elements.count else { throw ParquetFault("has a schema that does not add up") }
        guard place.path.count < Self.maximumDepth else { throw ParquetFault("has a schema that is nested too deep") }
        defer { position += 1 }
        return elements[position]
    }

    /// Goes through a node that lies in nothing but structures.
    private mutating func visit(_ place: Place) throws(ParquetFault) {
        let node = try take(place)
        let isPlainStructure =
            node.type == nil && node.repetition != .repeated && !Self.isList(node) && !Self.isMap(node)
        let below = place.below(node)
        let name = below.path.joined(separator: ".")
        if isPlainStructure {
            if node.childCount <= 0 { unsupported.append((name, "a structure without members")) }
            return try each(node) { (schema) throws(ParquetFault) in try schema.visit(below) }
        }
        (leaves, problem) = ([], nil)
        let shape = try shape(node, below)
        if let problem {
            unsupported.append((name, problem))
        } else {
            columns.append(ParquetColumn(name: name, leaves: leaves, shape: shape))
        }
    }

    /// The shape of a node that was taken, and all below it.
    ///
    /// - Parameter place: the node's own.
    private mutating func shape(
        _ node: ParquetMetadata.Element, _ place: Place
    ) throws(ParquetFault) -> ParquetShape {
        guard node.repetition == .repeated else { return try value(node, place) }
        // Repeated by itself: a list without an annotation.
        let start = leaves.count
        let element = try value(node, place)
        return made(.list(element), start, place)
    }

    private func made(_ form: ParquetShape.Form, _ start: Int, _ place: Place) -> ParquetShape {
        ParquetShape(
            form: form, leaves: start..<leaves.count, definition: place.definition, repetition: place.repetition)
    }

    /// The shape of a node's value, whether it is repeated or not.
    private mutating func value(
        _ node: ParquetMetadata.Element, _ place: Place
    ) throws(ParquetFault) -> ParquetShape {
        let start = leaves.count
        if let type = node.type {
            let (meaning, name) = ParquetLeaf.Meaning.of(node, type)
            if meaning == nil { problem = "\(name) is not read" }
            leaves.append(
                ParquetLeaf(
                    path: place.path, type: type, typeLength: node.typeLength, meaning: meaning ?? .bytes,
                    typeName: name,
                    maximumDefinition: place.definition, maximumRepetition: place.repetition,
                    elementDefinition: place.element))
            return made(.leaf, start, place)
        }
        if node.childCount == 1, position < elements.count, elements[position].repetition == .repeated {
            if Self.isList(node) { return try list(node, place) }
            if Self.isMap(node), elements[position].type == nil, (1...2).contains(elements[position].childCount) {
                return try map(place)
            }
        }
        if node.childCount <= 0 { problem = "holds a structure without members" }
        var members: [ParquetShape.Member] = []
        try each(node) { (schema) throws(ParquetFault) in
            let child = try schema.take(place)
            members.append(
                ParquetShape.Member(name: child.name, shape: try schema.shape(child, place.below(child))))
        }
        return made(.structure(members), start, place)
    }

    /// A list in three levels, or in two as old writers have it (LogicalTypes.md of the format, "backward-compatibility
    /// rules").
    private mutating func list(_ node: ParquetMetadata.Element, _ place: Place) throws(ParquetFault) -> ParquetShape {
        let start = leaves.count
        let repeated = try take(place)
        let inner = place.below(repeated)
        let isElement =
            repeated.type != nil || repeated.childCount != 1 || repeated.name == "array"
            || repeated.name == node.name + "_tuple"
            || (position < elements.count && elements[position].repetition == .repeated)
        let element: ParquetShape
        if isElement {
            element = try value(repeated, inner)
        } else {
            let child = try take(inner)
            element = try shape(child, inner.below(child))
        }
        return made(.list(element), start, inner)
    }

    private mutating func map(_ place: Place) throws(ParquetFault) -> ParquetShape {
        let start = leaves.count
        let entry = try take(place)
        let inner = place.below(entry)
        var parts: [ParquetShape] = []
        try each(entry) { (schema) throws(ParquetFault) in
            let child = try schema.take(inner)
            parts.append(try schema.shape(child, inner.below(child)))
        }
        return made(.map(key: parts[0], value: parts.count > 1 ? parts[1] : nil), start, inner)
    }

    private static func isList(_ node: ParquetMetadata.Element) -> Bool {
        node.logicalType == ParquetFormat.LogicalType.list.rawValue || node.convertedType == 3
    }

    /// MAP, and MAP_KEY_VALUE of old writers.
    private static func isMap(_ node: ParquetMetadata.Element) -> Bool {
        node.logicalType == ParquetFormat.LogicalType.map.rawValue || [1, 2].contains(node.convertedType)
    }
}
