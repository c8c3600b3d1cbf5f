internal import Foundation

/// Attributes as the JSON text that stores keep, within limits that keep every store and server usable.
public enum AttributeText {
    /// The most bytes of an item's attributes as JSON.
    public static let byteLimit = 65_536
    /// The most plain values in an item's attributes.
    public static let valueLimit = 1_000
    /// The most levels of lists and objects.
    public static let depthLimit = 16
    /// The most bytes of a caption.
    public static let captionByteLimit = 65_536

    /// The JSON object of `attributes`, members in the order of their names.
    ///
    /// - Throws: ``AttributeError`` when it is beyond a limit, or holds a number that is not finite.
    public static func encode(_ attributes: [String: AttributeValue]) throws(AttributeError) -> String {
        let value = AttributeValue.object(attributes)
        guard value.depth <= depthLimit else {
            throw AttributeError("its attributes stand more than \(depthLimit) levels deep")
        }
        let leaves = attributes.flatMap { $0.value.leaves(named: $0.key) }
        guard leaves.count <= valueLimit else {
            throw AttributeError("it has \(leaves.count) attribute values, the most are \(valueLimit)")
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let data = try? encoder.encode(value) else {
            throw AttributeError("its attributes hold a number that is not finite")
        }
        guard data.count <= byteLimit else {
            throw AttributeError("its attributes are \(data.count) bytes of JSON, the most are \(byteLimit)")
        }
        return String(decoding: data, as: UTF8.self)
    }

    /// The attributes in a JSON object.
    ///
    /// - Throws: ``AttributeError`` when it is not one, or beyond a limit.
    public static func decode(_ text: String) throws(AttributeError) -> [String: AttributeValue] {
        guard text.utf8.count <= byteLimit else {
            throw AttributeError("its attributes are \(text.utf8.count) bytes of JSON, the most are \(byteLimit)")
        }
        guard let value = try? JSONDecoder().decode([String: AttributeValue].self, from: Data(text.utf8)) else {
            throw AttributeError("its attributes are no JSON object")
        }
        guard AttributeValue.object(value).depth <= depthLimit else {
            throw AttributeError("its attributes stand more than \(depthLimit) levels deep")
        }
        return value
    }
}

/// Why attributes cannot be kept, in one line that an item's name goes before.
public struct AttributeError: Error, Equatable, CustomStringConvertible {
    /// What is wrong.
    public let description: String

    /// Describes what is wrong.
    public init(_ description: String) { self.description = description }
}
