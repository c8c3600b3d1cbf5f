internal import DiptychEngine
internal import Foundation

/// A JSON object of a configuration file, read with checks that name the key.
struct ConfigurationObject {
    private let values: [String: any Sendable]
    private let path: String
    private let place: String

    /// The most that a size in a configuration may be: beyond it, products of sizes could overflow.
    private static let maximum = 1 << 24

    init(json: Data, path: String) throws {
        guard let object = try? JSONSerialization.jsonObject(with: json) as? [String: any Sendable] else {
            throw ConfigurationError(path: path, "is not a JSON object")
        }
        self.init(values: object, path: path, place: "")
    }

    /// Reads the file at `url`.
    init(contentsOf url: URL) throws {
        let data: Data
        do { data = try Data(contentsOf: url) } catch {
            throw ConfigurationError(path: url.path, "cannot be read: check that it is a file and its mode")
        }
        try self.init(json: data, path: url.path)
    }

    private init(values: [String: any Sendable], path: String, place: String) {
        self.values = values
        self.path = path
        self.place = place
    }

    func error(_ reason: String) -> ConfigurationError {
        ConfigurationError(path: path, place.isEmpty ? reason : "\(place): \(reason)")
    }

    /// The object under `key`; an empty one where it is absent or null.
    func object(_ key: String) throws -> ConfigurationObject {
        guard let value = values[key], !(value is NSNull) else {
            return ConfigurationObject(values: [:], path: path, place: key)
        }
        guard let object = value as? [String: any Sendable] else { throw error("'\(key)' is not an object") }
        return ConfigurationObject(values: object, path: path, place: key)
    }

    /// This object with the other's values taking precedence.
    func overridden(by other: ConfigurationObject) -> ConfigurationObject {
        ConfigurationObject(values: values.merging(other.values) { $1 }, path: path, place: place)
    }

    func string(_ key: String) throws -> String? {
        guard let value = values[key], !(value is NSNull) else { return nil }
        guard let string = value as? String else { throw error("'\(key)' is not a string") }
        return string
    }

    func count(_ key: String, default fallback: Int, atLeast least: Int = 1) throws -> Int {
        guard let value = values[key], !(value is NSNull) else { return fallback }
        guard let number = value as? NSNumber, let count = Int(exactly: number.doubleValue), count >= least,
            count <= Self.maximum
        else { throw error("'\(key)' is \(value), not a whole number from \(least) to \(Self.maximum)") }
        return count
    }

    func positive(_ key: String, default fallback: Double) throws -> Double {
        guard let value = values[key], !(value is NSNull) else { return fallback }
        guard let number = value as? NSNumber, number.doubleValue > 0, number.doubleValue.isFinite else {
            throw error("'\(key)' is \(value), not a positive number")
        }
        return number.doubleValue
    }

    func bool(_ key: String) throws -> Bool? {
        guard let value = values[key], !(value is NSNull) else { return nil }
        guard let bool = value as? Bool else { throw error("'\(key)' is not true or false") }
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
        guard let list = values[key] as? [any Sendable] else { return nil }
        return try list.map { element in
            guard let number = element as? NSNumber, let count = Int(exactly: number.doubleValue), count >= 1,
                count <= 1024
            else { throw error("'\(key)' holds \(element), not a whole number from 1 to 1024") }
            return count
        }
    }

    /// Refuses every key outside `known` and `neutral` that has a value (null, `{}` and `[]` are none), and those of `neutral` with another value.
    ///
    /// - Parameter neutral: keys that are supported with one value only, which is also what their absence means.
    func refuseUnknown(known: Set<String>, neutral: [String: any Sendable & Equatable]) throws {
        for (key, value) in values.sorted(by: { $0.key < $1.key }) where !known.contains(key) {
            if value is NSNull || (value as? [String: any Sendable])?.isEmpty == true { continue }
            if (value as? [any Sendable])?.isEmpty == true { continue }
            guard let expected = neutral[key] else {
                throw error("'\(key)' is not a key that is known to leave embeddings as they are; it is not supported")
            }
            guard (value as? NSObject) == (expected as? NSObject) else {
                throw error("'\(key)' is \(value); only \(expected) is supported")
            }
        }
    }
}
