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
}
