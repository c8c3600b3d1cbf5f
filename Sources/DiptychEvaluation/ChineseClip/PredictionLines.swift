public import DiptychBasics

/// Predictions and annotations as Chinese-CLIP's scripts write and read them, one JSON object a line.
public enum PredictionLines {
    /// Whether texts look for images, or images for texts.
    public enum Direction: Sendable, Equatable {
        /// `{"text_id": 1, "image_ids": [1, 2]}`
        case textToImage
        /// `{"image_id": 1, "text_ids": [1, 2]}`
        case imageToText

        /// The member with a query's id.
        public var query: String { self == .textToImage ? "text_id" : "image_id" }
        /// The member with the ids that answer it.
        public var answers: String { self == .textToImage ? "image_ids" : "text_ids" }
    }

    /// A query and ids, as a line has them.
    public struct Entry: Sendable, Equatable {
        /// The query.
        public let query: JSONValue
        /// Its answers.
        public let answers: [JSONValue]

        /// Joins a query and its answers.
        public init(query: JSONValue, answers: [JSONValue]) { (self.query, self.answers) = (query, answers) }
    }

    /// The line of an entry, as Python's `json` writes it, without its end.
    public static func line(_ entry: Entry, _ direction: Direction) -> String {
        "{\"\(direction.query)\": \(ascii(entry.query)), \"\(direction.answers)\": ["
            + entry.answers.map(ascii).joined(separator: ", ") + "]}"
    }

    /// The annotation of the other direction, as `transform_ir_annotation_to_tr` writes `.tr.jsonl`: images in the order in which texts
    /// name them first, texts in their order.
    public static func inverted(_ entries: [Entry]) -> [Entry] {
        var order: [JSONValue] = []
        var places: [String: Int] = [:]
        var answers: [[JSONValue]] = []
        for entry in entries {
            for image in entry.answers {
                let key = image.text
                if let place = places[key] {
                    answers[place].append(entry.query)
                } else {
                    places[key] = order.count
                    order.append(image)
                    answers.append([entry.query])
                }
            }
        }
        return zip(order, answers).map { Entry(query: $0, answers: $1) }
    }

    /// A number or text of JSON in ASCII, as Python writes it.
    private static func ascii(_ value: JSONValue) -> String {
        var text = ""
        for scalar in value.text.unicodeScalars {
            if scalar.isASCII, scalar.value != 0x7F {
                text.unicodeScalars.append(scalar)
            } else {
                for unit in String(scalar).utf16 {
                    let digits = String(unit, radix: 16)
                    text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
                }
            }
        }
        return text
    }
}
