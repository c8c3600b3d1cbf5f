internal import DiptychBasics

extension Scene {
    func englishSentence(_ detail: Detail, using random: inout SplitMix64) -> String {
        let objects = englishObjects(detail, using: &random)
        var sentence = objects
        if detail.backdrop {
            let place = random.pick(backdrop.englishPlaces)
            sentence = random.chance(0.25) ? "\(place), \(objects)" : "\(objects) \(place)"
        }
        if random.chance(0.2) {
            sentence = random.pick(["a picture of ", "a photo of ", "a drawing of "]) + objects
            if detail.backdrop { sentence += " " + random.pick(backdrop.englishPlaces) }
        }
        return sentence
    }

    private func englishObjects(_ detail: Detail, using random: inout SplitMix64) -> String {
        if let only = detail.onlyGroup { return arrangement.groups[only].english(detail, using: &random) }
        let phrases = arrangement.groups.map { $0.english(detail, using: &random) }
        switch arrangement {
        case .alone(_, let place):
            return phrases[0] + " " + random.pick(place.english)
        case .beside:
            return random.pick([
                "\(phrases[0]) to the left of \(phrases[1])", "\(phrases[0]) left of \(phrases[1])",
                "\(phrases[1]) to the right of \(phrases[0])", "\(phrases[1]) right of \(phrases[0])",
                "\(phrases[0]) on the left and \(phrases[1]) on the right",
            ])
        case .stacked:
            return random.pick([
                "\(phrases[0]) above \(phrases[1])", "\(phrases[1]) below \(phrases[0])",
                "\(phrases[0]) over \(phrases[1])", "\(phrases[1]) under \(phrases[0])",
                "\(phrases[0]) at the top and \(phrases[1]) at the bottom",
            ])
        case .nested:
            return random.pick([
                "\(phrases[0]) inside \(phrases[1])", "\(phrases[1]) with \(phrases[0]) inside",
                "\(phrases[1]) around \(phrases[0])",
            ])
        }
    }
}

extension ObjectGroup {
    func english(_ detail: Detail, using random: inout SplitMix64) -> String {
        var words: [String] = []
        if detail.size { words.append(random.pick(size == .small ? ["small", "little"] : ["large", "big"])) }
        // "striped red" and "red striped" are both said; the pattern and the colour change places.
        let pattern = detail.texture ? texture.english : []
        if pattern.isEmpty {
            words.append(color.rawValue)
        } else {
            let word = random.pick(pattern)
            words += random.chance(0.5) ? [word, color.rawValue] : [color.rawValue, word]
        }
        let noun = random.pick(shape.english)
        guard detail.count else { return (words + [count == 1 ? noun : noun.englishPlural]).joined(separator: " ") }
        guard count == 1 else {
            return ([["two", "three", "four"][count - 2]] + words + [noun.englishPlural]).joined(separator: " ")
        }
        let article = words[0].first.map { "aeiou".contains($0) } == true ? "an" : "a"
        return ([random.chance(0.3) ? "one" : article] + words + [noun]).joined(separator: " ")
    }
}

extension String {
    /// The plural of one of the nouns used here.
    fileprivate var englishPlural: String { hasSuffix("s") ? self + "es" : self + "s" }
}

extension Shape {
    fileprivate var english: [String] {
        switch self {
        case .moon: ["crescent moon", "moon"]
        default: [rawValue]
        }
    }
}

extension Texture {
    fileprivate var english: [String] {
        switch self {
        case .plain: []
        case .striped: ["striped"]
        case .dotted: ["dotted", "spotted"]
        case .checked: ["checked", "checkered"]
        }
    }
}

extension Place {
    fileprivate var english: [String] {
        switch self {
        case .middle: ["in the middle", "in the center"]
        case .topLeft: ["in the top left corner", "at the top left"]
        case .topRight: ["in the top right corner", "at the top right"]
        case .bottomLeft: ["in the bottom left corner", "at the bottom left"]
        case .bottomRight: ["in the bottom right corner", "at the bottom right"]
        }
    }
}

extension Backdrop {
    var englishPlaces: [String] {
        switch self {
        case .white, .black, .gray, .green, .blue, .pink, .yellow, .purple:
            ["on a \(rawValue) background", "against a \(rawValue) background"]
        case .sunset: ["against a sunset sky", "at sunset"]
        case .night: ["in the night sky", "against a starry night sky"]
        case .sand: ["on sand", "on the sand"]
        case .grass: ["on grass", "on the grass"]
        case .sea: ["on the sea", "on blue waves"]
        case .snow: ["on snow", "in the snow"]
        case .wood: ["on wood", "on a wooden board"]
        case .brick: ["on a brick wall", "in front of a brick wall"]
        }
    }
}
