import Diptych
import DiptychSearch
import Foundation

/// The model that belongs to a store.
enum StoreModel {
    /// Opens the model that was asked for, else the one that the store was indexed with, else the default one.
    ///
    /// - Throws: `StoreError` with both names when it is not the store's.
    static func load(for store: any VectorStore, _ arguments: ModelArguments) async throws -> CLIPModel {
        let model: CLIPModel
        let remembered = try await store.info().modelPath
        if arguments.model == nil, let remembered,
            FileManager.default.fileExists(atPath: remembered)
        {
            model = try await arguments.load(path: remembered)
        } else {
            model = try await arguments.load()
        }
        try await store.require(model)
        return model
    }
}

extension ItemAttributes {
    /// As results show them.
    var json: JSON {
        var members: [(String, JSON)] = [
            ("width", .int(width)), ("height", .int(height)), ("bytes", .int(bytes)), ("modified", .double(modified)),
            ("added", .double(added)),
        ]
        func add(_ name: String, _ value: JSON?) { if let value { members.append((name, value)) } }
        add("type", type.map(JSON.string))
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
    var json: JSON {
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
