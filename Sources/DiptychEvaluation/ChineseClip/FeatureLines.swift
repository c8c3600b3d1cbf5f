public import Diptych
public import DiptychBasics

/// Features as Chinese-CLIP's `extract_features` writes them, one JSON object a line: `{"image_id": 1, "feature": [0.1, …]}`, or with
/// `text_id`.
public enum FeatureLines {
    /// What the features are of.
    public enum Kind: String, Sendable {
        /// Images.
        case image = "image_id"
        /// Texts.
        case text = "text_id"
    }

    /// The line of a feature, without its end.
    public static func line(_ kind: Kind, id: JSONValue, _ feature: some Sequence<Float>) -> String {
        var line = "{\"\(kind.rawValue)\": \(id.text), \"feature\": ["
        var isFirst = true
        for value in feature {
            if !isFirst { line += ", " }
            isFirst = false
            JSONText.append(value, to: &line)
        }
        return line + "]}"
    }

    /// Features and the ids that they have.
    public struct Features: Sendable, Equatable {
        /// A whole number or a text each.
        public let ids: [JSONValue]
        /// A row each.
        public let embeddings: Embeddings
    }

    /// Reads lines, on several threads.
    ///
    /// - Parameters:
    ///   - lines: with their numbers, for messages; none is blank.
    ///   - threads: how many work at a time; without it, one a processor.
    /// - Throws: ``EvaluationError`` with the line that is none, has another width, or has an id that stands before.
    public static func read(
        _ lines: [(number: Int, bytes: [UInt8])], _ kind: Kind, threads: Int? = nil
    ) throws(EvaluationError) -> Features {
        let found = ParallelWork(threads: threads).map(lines) { line in
            Result { () throws(EvaluationError) in try read(line, kind) }
        }
        var (ids, values): ([JSONValue], [Float]) = ([], [])
        var width: Int?
        var known: [String: Int] = [:]
        for (line, result) in zip(lines, found) {
            let (id, feature) = try result.get()
            guard feature.count == width ?? feature.count, !feature.isEmpty else {
                throw EvaluationError(
                    "line \(line.number): has \(feature.count) numbers"
                        + (width.map { ", and those before \($0)" } ?? ""))
            }
            if let first = known.updateValue(line.number, forKey: id.text) {
                throw EvaluationError(
                    "line \(line.number): the \(kind.rawValue) \(id.text) stands on line \(first) too")
            }
            width = feature.count
            ids.append(id)
            values += feature
        }
        guard let width else { throw EvaluationError("holds no features") }
        return Features(ids: ids, embeddings: Embeddings(values: values, dimension: width))
    }

    private static func read(
        _ line: (number: Int, bytes: [UInt8]), _ kind: Kind
    ) throws(EvaluationError) -> (JSONValue, [Float]) {
        var reader = JSONReader(line.bytes)
        var (id, feature): (JSONValue?, [Float]?) = (nil, nil)
        var hasMore = false
        do throws(JSONFault) {
            try reader.object { (reader, key) throws(JSONFault) in
                if key.elementsEqual(kind.rawValue.utf8) {
                    id = try identifier(&reader)
                } else if key.elementsEqual("feature".utf8) {
                    feature = try floats(&reader)
                } else {
                    hasMore = true
                    throw reader.failure("has a further member")
                }
            }
            try reader.end()
        } catch {
            // Further members are rare, and take the long way.
            guard hasMore, let value = try? JSONParser.parse(line.bytes) else {
                throw EvaluationError(
                    "line \(line.number): should be {\"\(kind.rawValue)\": 1, \"feature\": [0.1, …]}: \(error.reason) (byte \(error.offset))"
                )
            }
            (id, feature) = (value[kind.rawValue].flatMap(Self.id), value["feature"].flatMap(Self.floats))
        }
        guard let id, let feature else {
            throw EvaluationError("line \(line.number): should be {\"\(kind.rawValue)\": 1, \"feature\": [0.1, …]}")
        }
        return (id, feature)
    }

    private static func id(_ value: JSONValue) -> JSONValue? {
        switch value {
        case .int, .string: value
        default: nil
        }
    }

    private static func floats(_ value: JSONValue) -> [Float]? {
        guard case .array(let values) = value else { return nil }
        let floats = values.compactMap { value -> Float? in
            switch value {
            case .int(let number): Float(number)
            case .double(let number) where Float(number).isFinite: Float(number)
            default: nil
            }
        }
        return floats.count == values.count ? floats : nil
    }

    private static func floats(_ reader: inout JSONReader) throws(JSONFault) -> [Float] {
        var values: [Float] = []
        try reader.array { (reader) throws(JSONFault) in
            let value = Float(try reader.number())
            guard value.isFinite else { throw reader.failure("a number is beyond 32-bit floats") }
            values.append(value)
        }
        return values
    }

    private static func identifier(_ reader: inout JSONReader) throws(JSONFault) -> JSONValue {
        if reader.peek() == UInt8(ascii: "\"") {
            var text: [UInt8] = []
            try reader.string(into: &text)
            guard let text = String(validating: text, as: UTF8.self) else { throw reader.failure("an id is not UTF-8") }
            return .string(text)
        }
        let (text, isWhole) = try reader.numeral()
        guard isWhole, let number = Int64(text) else { throw reader.failure("an id is a whole number or a text") }
        return .int(number)
    }
}
