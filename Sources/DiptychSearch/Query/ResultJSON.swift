package import Diptych

extension SearchHit {
    /// What results say about it, in the order of JSON keys.
    package var members: [(String, JSON)] { members(isNamed: false) { $0 } }

    /// The same with each path as `shown` gives it.
    ///
    /// - Parameter isNamed: whether what the item is called stands beside its path.
    package func members(isNamed: Bool, path shown: (String) -> String) -> [(String, JSON)] {
        var members: [(String, JSON)] = [("id", .string(id)), ("path", .string(shown(path)))]
        if isNamed { members.append(("name", .string(attributes.name(path: path)))) }
        members.append(("similarity", .float(similarity)))
        if let matchProbability { members.append(("match_probability", .float(matchProbability))) }
        if let moment = moments.first {
            members += moment.members
            if moments.count > 1 {
                members.append(
                    (
                        "moments",
                        .array(
                            moments.map { .object($0.members + [("similarity", .float($0.similarity))]) })
                    ))
            }
        } else if let part {
            members.append(contentsOf: part.members)
        }
        members.append(("attributes", attributes.json))
        if let embedding { members.append(("embedding", .floats(embedding.values))) }
        if !nearDuplicates.isEmpty {
            members.append(
                ("near_duplicates", .array(nearDuplicates.map { .object($0.members(isNamed: isNamed, path: shown)) })))
        }
        return members
    }
}

extension StoredPart {
    /// As results show it: a box in pixels, a span in seconds.
    package var members: [(String, JSON)] {
        switch part {
        case .whole: []
        case .box(let x, let y, let width, let height):
            [("part", .int(Int(id))), ("box", .array([x, y, width, height].map(JSON.double)))]
        case .span(let start, let end):
            [("part", .int(Int(id))), ("start", .double(start)), ("end", .double(end))]
        case .moment(let start, let end, let best, _):
            [("start", .double(start)), ("end", .double(end)), ("best", .double(best))]
        }
    }
}

extension ItemAttributes {
    /// As results show them.
    package var json: JSON {
        var members: [(String, JSON)] = [
            ("width", .int(width)), ("height", .int(height)), ("bytes", .int(bytes)), ("modified", .double(modified)),
            ("added", .double(added)),
        ]
        func add(_ name: String, _ value: JSON?) { if let value { members.append((name, value)) } }
        add("type", type.map(JSON.string))
        // Nearly all are images; saying so each time would not help.
        add("kind", kind == .image ? nil : .string(kind.rawValue))
        add("duration", duration.map(JSON.double))
        add("taken", taken.map(JSON.double))
        add("camera", camera.map(JSON.string))
        add("latitude", latitude.map(JSON.double))
        add("longitude", longitude.map(JSON.double))
        add("caption", caption.map(JSON.string))
        // What was given may be called like what every item has; the latter comes first and counts.
        let taken = Set(members.map(\.0))
        for (name, value) in other.sorted(by: { $0.key < $1.key }) where !taken.contains(name) {
            add(name, value.json)
        }
        return .object(members)
    }
}

extension AttributeValue {
    /// As results show it.
    package var json: JSON {
        switch self {
        case .null: .null
        case .bool(let value): .bool(value)
        case .integer(let value): .int(Int(value))
        case .number(let value): .double(value)
        case .text(let text): .string(text)
        case .list(let values): .array(values.map(\.json))
        case .object(let members): .object(members.sorted { $0.key < $1.key }.map { ($0.key, $0.value.json) })
        }
    }
}

extension SearchHit.Moment {
    /// As results show it, in seconds.
    package var members: [(String, JSON)] {
        [("start", .double(start)), ("end", .double(end)), ("best", .double(best))]
    }
}
