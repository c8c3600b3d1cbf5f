internal import Diptych
internal import DiptychMedia
public import DiptychSearch

/// Items of every kind, from a seed.
public struct RandomItems {
    private var generator: SeededGenerator
    private let dimension: Int

    /// Items whose embeddings have `dimension` numbers.
    public init(seed: UInt64, dimension: Int = 24) {
        generator = SeededGenerator(seed)
        self.dimension = dimension
    }

    /// The words that captions and attributes are made of.
    public static let words = [
        "red", "Red", "car", "cart", "beach", "Zürich", "it's", "\"quoted\"", "a\\b", "snow", "红色", "汽车", "海", "100%",
        "under_score", "[x]", "*",
        "naïve", "😀",
    ]
    /// The names of attributes.
    public static let names = ["color", "rating", "tags", "place.city", "flag", "odd name]", "taken", "日付"]

    private mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &generator) < percent }
    private mutating func pick<T>(_ values: [T]) -> T { values[Int.random(in: 0..<values.count, using: &generator)] }

    /// `count` records with paths `/s<seed>/…`, each of its own content.
    public mutating func records(_ count: Int, folder: String = "/pictures") -> [ItemRecord] {
        (0..<count).map { number in
            var metadata = ImageMetadata()
            metadata.format = chance(80) ? pick(ImageFormat.allCases) : nil
            metadata.taken = chance(60) ? Double(Int.random(in: 1_600_000_000...1_730_000_000, using: &generator)) : nil
            metadata.camera = chance(60) ? pick(["Canon EOS 5D", "NIKON D750", "Apple iPhone 15", "it's"]) : nil
            if chance(50) {
                metadata.latitude = Double(Int.random(in: -360...360, using: &generator)) / 4
                metadata.longitude = Double(Int.random(in: -720...720, using: &generator)) / 4
            }
            let words = (0..<Int.random(in: 0...5, using: &generator)).map { _ in pick(Self.words) }
            let bytes = withUnsafeBytes(of: (number, generator.next())) { Array($0) }
            return ItemRecord(
                path:
                    "\(folder)/\(pick(["a", "b", "a/deep", "ab", "Ä"]))/\(pick(["IMG", "img", "x[1]"]))_\(number).jpg",
                bytes: Int.random(in: 1...20_000_000, using: &generator),
                modified: Int64(Int.random(in: 1_600_000_000...1_730_000_000, using: &generator)) * 1_000_000_000,
                content: ContentHash(of: bytes), embedding: Embedding(values: generator.unitVector(dimension)),
                image: ImageFacts(
                    width: Int.random(in: 1...6000, using: &generator),
                    height: Int.random(in: 1...6000, using: &generator),
                    metadata: metadata),
                caption: words.isEmpty ? nil : words.joined(separator: pick([" ", ", ", "-"])), attributes: attributes()
            )
        }
    }

    private mutating func attributes() -> [String: AttributeValue] {
        var attributes: [String: AttributeValue] = [:]
        if chance(70) { attributes["color"] = .text(pick(Self.words)) }
        if chance(70) {
            attributes["rating"] = chance(50) ? .integer(Int64(pick([1, 2, 3, -4]))) : .number(pick([0.5, 2.5, 3.25]))
        }
        if chance(10) { attributes["rating"] = .text("3") }
        if chance(50) { attributes["tags"] = .list((0..<3).map { _ in .text(pick(Self.words)) }) }
        if chance(40) { attributes["place"] = .object(["city": .text(pick(Self.words)), "zip": .integer(8000)]) }
        if chance(40) { attributes["flag"] = .bool(chance(50)) }
        if chance(20) { attributes["odd name]"] = .text("x") }
        if chance(20) { attributes["taken"] = .text("2024-05-0\(pick([1, 2, 3]))") }
        if chance(20) { attributes["日付"] = .null }
        return attributes
    }

    /// A filter in its language.
    public mutating func filter(depth: Int = 3) -> String {
        if depth > 0, chance(45) {
            switch Int.random(in: 0..<4, using: &generator) {
            case 0: return "\(filter(depth: depth - 1)) and \(filter(depth: depth - 1))"
            case 1: return "(\(filter(depth: depth - 1)) or \(filter(depth: depth - 1)))"
            case 2: return "not (\(filter(depth: depth - 1)))"
            default:
                return "(\(filter(depth: depth - 1)) and \(filter(depth: depth - 1)) or \(filter(depth: depth - 1)))"
            }
        }
        return condition()
    }

    private mutating func quoted() -> String {
        "'" + pick(Self.words).flatMap { $0 == "'" ? "''" : "\($0)" } + "'"
    }

    private mutating func condition() -> String {
        let sign = pick(["=", "!=", "<", "<=", ">", ">="])
        switch Int.random(in: 0..<16, using: &generator) {
        case 0: return "\(pick(["width", "height"])) \(sign) \(Int.random(in: 0...6000, using: &generator))"
        case 1: return "bytes \(sign) \(Int.random(in: 0...20, using: &generator))MB"
        case 2:
            return
                "\(pick(["taken", "modified"])) \(sign) 202\(Int.random(in: 0...4, using: &generator))-0\(Int.random(in: 1...9, using: &generator))"
        case 3: return "camera \(sign) 'NIKON D750'"
        case 4: return "camera like '\(pick(["*n*", "Canon*", "?ANON*", "*5D", "it''s"]))'"
        case 5: return "type in ('jpeg', 'png', '\(pick(["JPG", "tif", "avif"]))')"
        case 6: return "folder = '/pictures/\(pick(["a", "b", "a/deep", "ab", "Ä"]))'"
        case 7: return "\(pick(["path", "folder"])) under '/pictures/\(pick(["a", "ab", "a/"]))'"
        case 8: return "name like '\(pick(["IMG_1*", "*.jpg", "x[1]*", "img_??.jpg"]))'"
        case 9:
            let west = Int.random(in: -180...180, using: &generator),
                east = Int.random(in: -180...180, using: &generator)
            return "location within (-40, \(west), 60.5, \(east))"
        case 10: return "caption matches '\(pick(["red", "car*", "红", "色 汽", "红色", "zurich", "its", "b", "RED car"]))'"
        case 11:
            return
                "exists \(pick(["color", "place", "taken", "attributes.taken", "[odd name]]]", "caption", "latitude", "日付"]))"
        case 12: return "rating \(sign) \(pick(["2", "3.25", "-4", "'3'"]))"
        case 13: return "\(pick(["color", "tags", "place.city"])) \(pick(["=", "!=", "<", ">=", "has"])) \(quoted())"
        case 14: return "\(pick(["color", "tags"])) in (\(quoted()), \(quoted()), 3)"
        default:
            return pick([
                "flag = true", "flag != false", "attributes.taken >= 2024-05-02", "tags like '*e*'",
                "tags not in ('red')", "place.zip = 8000",
            ])
        }
    }
}
