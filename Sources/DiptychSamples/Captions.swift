internal import DiptychBasics

/// One description of a scene in both languages.
public struct Captions: Codable, Hashable, Sendable {
    /// The English sentence or noun phrase.
    public let english: String
    /// The Chinese sentence or noun phrase.
    public let chinese: String
}

/// How much of a scene a caption tells. Whatever it tells is true; it may tell less than there is.
struct Detail {
    /// Whether the number of objects is told.
    var count = true
    /// Whether sizes are told.
    var size = true
    /// Whether patterns are told.
    var texture = true
    /// Whether the backdrop is told.
    var backdrop = true
    /// The only group that is told, or nil to tell all of them and their relation.
    var onlyGroup: Int?
}

extension Scene {
    /// A full description in English: every group with count, size, colour and pattern, their relation, the backdrop.
    public var captionEnglish: String { captions(phrasing: 0).english }

    /// A full description in Chinese: every group with count, size, colour and pattern, their relation, the backdrop.
    public var captionChinese: String { captions(phrasing: 0).chinese }

    /// Another wording of the full description; the same number always gives the same wording.
    public func captions(phrasing: Int) -> Captions {
        var random = SplitMix64(seed: seed, index: index, purpose: 0x100 &+ UInt64(bitPattern: Int64(phrasing)))
        return captions(Detail(), using: &random)
    }

    /// A short description as a user would type it, such as "two red stars": true of the image, but not of it alone.
    public func briefCaptions(phrasing: Int) -> Captions {
        var random = SplitMix64(seed: seed, index: index, purpose: 0x1_0000_0000 &+ UInt64(bitPattern: Int64(phrasing)))
        var detail = Detail(count: random.chance(0.7), size: random.chance(0.25), texture: random.chance(0.5))
        detail.backdrop = random.chance(0.35)
        if random.chance(0.55) { detail.onlyGroup = random.below(arrangement.groups.count) }
        return captions(detail, using: &random)
    }

    private func captions(_ detail: Detail, using random: inout SplitMix64) -> Captions {
        let english = englishSentence(detail, using: &random)
        return Captions(english: english, chinese: chineseSentence(detail, using: &random))
    }
}
