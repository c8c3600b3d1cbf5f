internal import DiptychBasics
internal import DiptychEngine
internal import Foundation

/// A JSON object of a configuration file, read with checks that name the key.
struct ConfigurationObject {
    private let values: [String: JSONValue]
    private let path: String
    private let place: String

    /// The most that a size in a configuration may be: beyond it, products of sizes could overflow.
    private static let maximum = 1 << 24

    init(json: Data, path: String) throws {
        let value: JSONValue
        do { value = try JSONParser.parse(json, notFinite: .kept) } catch {
            throw ConfigurationError(path: path, "is not JSON: \(error.reason), at byte \(error.offset)")
        }
        guard let values = Self.members(value) else { throw ConfigurationError(path: path, "is not a JSON object") }
        self.init(values: values, path: path, place: "")
    }

    /// Reads the file at `url`.
    init(contentsOf url: URL) throws {
        let data: Data
        do { data = try Data(contentsOf: url) } catch {
            throw ConfigurationError(path: url.path, "cannot be read: check that it is a file and its mode")
        }
        try self.init(json: data, path: url.path)
    }

    private static func members(_ value: JSONValue) -> [String: JSONValue]? {
        guard case .object(let members) = value else { return nil }
        return Dictionary(members.map { ($0.name, $0.value) }) { $1 }
    }

    /// What stands under `key`; nil where it is absent or null.
    private func value(_ key: String) -> JSONValue? { values[key].flatMap { $0 == .null ? nil : $0 } }

    private init(values: [String: JSONValue], path: String, place: String) {
        self.values = values
        self.path = path
        self.place = place
    }

    func error(_ reason: String) -> ConfigurationError {
        ConfigurationError(path: path, place.isEmpty ? reason : "\(place): \(reason)")
    }

    /// The object under `key`; an empty one where it is absent or null.
    func object(_ key: String) throws -> ConfigurationObject {
        guard let value = value(key) else { return ConfigurationObject(values: [:], path: path, place: key) }
        guard let object = Self.members(value) else { throw error("'\(key)' is not an object") }
        return ConfigurationObject(values: object, path: path, place: key)
    }

    /// This object with the other's values taking precedence.
    func overridden(by other: ConfigurationObject) -> ConfigurationObject {
        ConfigurationObject(values: values.merging(other.values) { $1 }, path: path, place: place)
    }

    func string(_ key: String) throws -> String? {
        guard let value = value(key) else { return nil }
        guard let string = value.string else { throw error("'\(key)' is not a string") }
        return string
    }

    func count(_ key: String, default fallback: Int, atLeast least: Int = 1) throws -> Int {
        guard let value = value(key) else { return fallback }
        guard let count = Self.whole(value), count >= least, count <= Self.maximum else {
            throw error("'\(key)' is \(value.text), not a whole number from \(least) to \(Self.maximum)")
        }
        return count
    }

    func positive(_ key: String, default fallback: Double) throws -> Double {
        guard let value = value(key) else { return fallback }
        guard let number = Self.number(value), number > 0, number.isFinite else {
            throw error("'\(key)' is \(value.text), not a positive number")
        }
        return number
    }

    /// A share from 0 to less than 1.
    func share(_ key: String, default fallback: Double) throws -> Double {
        guard let value = value(key) else { return fallback }
        guard let number = Self.number(value), number >= 0, number < 1 else {
            throw error("'\(key)' is \(value.text), not a number from 0 to less than 1")
        }
        return number
    }

    func bool(_ key: String) throws -> Bool? {
        guard let value = value(key) else { return nil }
        guard case .bool(let bool) = value else { throw error("'\(key)' is not true or false") }
        return bool
    }

    func activation(_ key: String, default fallback: Activation) throws -> Activation {
        guard let name = try string(key) else { return fallback }
        guard let activation = Activation(rawValue: name), activation != .relu else {
            throw error("\(key) is '\(name)'; supported: quick_gelu, gelu, gelu_pytorch_tanh")
        }
        return activation
    }

    /// The list of counts under `key`, or nil where it holds a single number.
    func counts(_ key: String) throws -> [Int]? {
        guard case .array(let list) = values[key] else { return nil }
        return try list.map { element in
            guard let count = Self.whole(element), count >= 1, count <= 1024 else {
                throw error("'\(key)' holds \(element.text), not a whole number from 1 to 1024")
            }
            return count
        }
    }

    private static func number(_ value: JSONValue) -> Double? {
        switch value {
        case .int(let number): Double(number)
        case .double(let number): number
        default: nil
        }
    }

    private static func whole(_ value: JSONValue) -> Int? { number(value).flatMap { Int(exactly: $0) } }

    /// Refuses every key outside `known` and `neutral` that has a value (null, `{}` and `[]` are none), and those of `neutral` with another value.
    ///
    /// - Parameter neutral: keys that are supported with one value only, which is also what their absence means.
    func refuseUnknown(known: Set<String>, neutral: [String: JSONValue]) throws {
        for (key, value) in values.sorted(by: { $0.key < $1.key }) where !known.contains(key) {
            if [.null, .object([]), .array([])].contains(value) { continue }
            guard let expected = neutral[key] else {
                throw error("'\(key)' is not a key that is known to leave embeddings as they are; it is not supported")
            }
            guard value == expected else {
                throw error("'\(key)' is \(value.text); only \(expected.text) is supported")
            }
        }
    }
}
