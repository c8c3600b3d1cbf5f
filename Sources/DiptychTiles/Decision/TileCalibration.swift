internal import DiptychBasics
internal import Foundation

/// What a model's cosines of tiles and words mean, as labelled sheets tell it; lies beside the model as `tiles.json`.
public struct TileCalibration: Sendable, Equatable {
    /// The cosine that a neutral text would have: a word that is nearer shows.
    public var neutral: Float
    /// From which probability a tile matches.
    public var threshold: Float
    /// What differences of logits are divided by before they say how sure they are.
    public var temperature: Float
    /// A sheet of which something is less sure than this is unsure.
    public var sure: Float
    /// The fingerprint of the model that it was measured with.
    public var fingerprint: String
    /// How many sheets it was measured on.
    public var sheets: Int

    /// Joins what was measured.
    public init(
        neutral: Float, threshold: Float = 0.5, temperature: Float, sure: Float, fingerprint: String, sheets: Int
    ) {
        (self.neutral, self.threshold, self.temperature) = (neutral, threshold, temperature)
        (self.sure, self.fingerprint, self.sheets) = (sure, fingerprint, sheets)
    }

    /// The name of the file in a model's folder.
    public static let fileName = "tiles.json"

    /// Where the calibration of the model at `path` lies: in its folder, or beside its file.
    public static func path(ofModelAt path: String) -> String {
        var isDirectory: ObjCBool = false
        let exists = FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory)
        return exists && !isDirectory.boolValue ? path + "." + fileName : path + "/" + fileName
    }

    /// Reads a file; nil where there is none.
    ///
    /// - Throws: ``TileError`` where it is wrong.
    public static func load(_ path: String) throws(TileError) -> TileCalibration? {
        guard let bytes = FileManager.default.contents(atPath: path) else { return nil }
        guard let json = try? JSONParser.parse(bytes) else { throw TileError("\(path): is not JSON; fit it again") }
        func number(_ name: String, _ range: ClosedRange<Double>) throws(TileError) -> Float {
            let value: Double? =
                switch json[name] {
                case .double(let value)?: value
                case .int(let value)?: Double(value)
                default: nil
                }
            guard let value, range.contains(value) else {
                throw TileError("\(path): '\(name)' must be a number of \(range); `diptych tiles fit` writes it")
            }
            return Float(value)
        }
        return TileCalibration(
            neutral: try number("neutral", -1...1), threshold: try number("threshold", 0...1),
            temperature: try number("temperature", 0.001...1000), sure: try number("sure", 0...1),
            fingerprint: json["fingerprint"]?.string ?? "", sheets: Int(try number("sheets", 0...1e9)))
    }

    /// Writes a file, as a whole or not at all.
    ///
    /// - Throws: what the system says.
    public func save(to path: String) throws {
        let json = JSONValue.object([
            .init("neutral", .double(Double(neutral))), .init("threshold", .double(Double(threshold))),
            .init("temperature", .double(Double(temperature))), .init("sure", .double(Double(sure))),
            .init("fingerprint", .string(fingerprint)), .init("sheets", .int(Int64(sheets))),
        ])
        try AtomicFile.write((json.text + "\n").utf8, to: path, isDurable: false)
    }
}

/// Why tiles could not be chosen, in one line.
public struct TileError: Error, Equatable, CustomStringConvertible {
    /// What was wrong, where, and what to do.
    public let description: String

    /// - Parameter description: what was wrong, where, and what to do.
    public init(_ description: String) { self.description = description }
}
