import DiptychSamples

/// A group of objects as a caption tells it.
struct ToldGroup: Equatable, CustomStringConvertible {
    var count: Int
    var size: Size
    var color: Color
    var texture: Texture
    var shape: Shape

    init(_ group: ObjectGroup) {
        (count, size, color) = (group.count, group.size, group.color)
        (texture, shape) = (group.texture, group.shape)
    }

    init?(count: Int?, size: Size?, color: Color?, texture: Texture?, shape: Shape?) {
        guard let count, let size, let color, let texture, let shape else { return nil }
        (self.count, self.size, self.color, self.texture, self.shape) = (count, size, color, texture, shape)
    }

    var description: String { "\(count) \(size) \(texture) \(color) \(shape)" }
}

/// Reads full captions back, with grammar and word lists of its own, so that the tests do not repeat the writer.
enum CaptionParser {
    /// The groups in the order in which the caption tells them, and the words between the first two.
    static func english(_ caption: String) throws -> (groups: [ToldGroup], between: Substring) {
        let nouns = "circle|square|triangle|star|heart|hexagon|ring|cross|diamond|crescent moon|moon|flower|arrow"
        let colors = Color.allCases.map(\.rawValue).joined(separator: "|")
        let patterns = "striped|dotted|spotted|checked|checkered"
        let phrase = try Regex(
            "\\b(a|an|one|two|three|four) (small|little|large|big) (?:(\(patterns)) )?(\(colors)) (?:(\(patterns)) )?"
                + "(\(nouns))(s|es)?\\b")
        let matches = caption.matches(of: phrase)
        let groups = matches.compactMap { match -> ToldGroup? in
            let words = (1..<match.output.count).map { match.output[$0].substring.map(String.init) }
            let count = ["a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4][words[0] ?? ""]
            // The plural must agree with the number.
            guard (count == 1) == (words[6] == nil) else { return nil }
            let pattern = (words[2] ?? words[4]).map { $0 == "spotted" ? "dotted" : $0 == "checkered" ? "checked" : $0 }
            return ToldGroup(
                count: count, size: ["small", "little"].contains(words[1]) ? .small : .large,
                color: words[3].flatMap(Color.init), texture: Texture(rawValue: pattern ?? "plain"),
                shape: Shape(rawValue: words[5] == "crescent moon" ? "moon" : words[5] ?? ""))
        }
        return (groups, between(matches.map(\.range), in: caption))
    }

    static func chinese(_ caption: String) throws -> (groups: [ToldGroup], between: Substring) {
        let nouns: [(String, Shape, String)] = [
            ("圆形", .circle, "个"), ("圆环", .ring, "个"), ("圆", .circle, "个"), ("正方形", .square, "个"),
            ("方块", .square, "个"), ("三角形", .triangle, "个"), ("五角星", .star, "颗"), ("星星", .star, "颗"),
            ("爱心", .heart, "颗"), ("心形", .heart, "个"), ("六边形", .hexagon, "个"), ("十字", .cross, "个"),
            ("菱形", .diamond, "个"), ("月牙", .moon, "弯"), ("月亮", .moon, "个"), ("花", .flower, "朵"),
            ("箭头", .arrow, "个"),
        ]
        let colors = Array("红橙黄绿蓝紫粉棕黑白")
        let patterns = ["条纹": Texture.striped, "圆点": .dotted, "格子": .checked]
        let pattern = patterns.keys.joined(separator: "|")
        let phrase = try Regex(
            "([一两三四])([个颗弯朵])(?:带(\(pattern))的)?(小小的|大大的)?([\(String(colors))])色(\(pattern))?的?([大小])?"
                + "(\(nouns.map(\.0).joined(separator: "|")))")
        let matches = caption.matches(of: phrase)
        let groups = matches.compactMap { match -> ToldGroup? in
            let words = (1..<match.output.count).map { match.output[$0].substring.map(String.init) }
            // The measure word must be the noun's.
            guard let noun = nouns.first(where: { $0.0 == words[7] }), noun.2 == words[1] else { return nil }
            return ToldGroup(
                count: ["一": 1, "两": 2, "三": 3, "四": 4][words[0] ?? ""],
                size: (words[3] ?? words[6]).map { $0.hasPrefix("小") ? .small : .large },
                color: words[4]?.first.flatMap(colors.firstIndex).map { Color.allCases[$0] },
                texture: (words[2] ?? words[5]).map { patterns[$0] } ?? .plain, shape: noun.1)
        }
        return (groups, between(matches.map(\.range), in: caption))
    }

    private static func between(_ ranges: [Range<String.Index>], in caption: String) -> Substring {
        ranges.count == 2 ? caption[ranges[0].upperBound..<ranges[1].lowerBound] : ""
    }
}
