internal import DiptychBasics

/// What a word of a sheet names: one object before a backdrop.
struct SheetWord: Hashable {
    let shape: Shape
    let color: Color
    let backdrop: Backdrop

    init(using random: inout SplitMix64) {
        let backdrop = random.pick(Backdrop.allCases)
        self.backdrop = backdrop
        shape = random.pick(Shape.allCases)
        color = random.pick(Color.allCases.filter { !backdrop.hides.contains($0) })
    }

    /// Whether nobody could take one for the other: they differ in more than the shape.
    func isFar(from other: SheetWord) -> Bool { color != other.color || backdrop != other.backdrop }

    /// A scene that shows it.
    func scene(using random: inout SplitMix64) -> Scene {
        let group = ObjectGroup(
            shape: shape, count: 1, color: color, texture: .plain, size: random.chance(0.8) ? .large : .small)
        return Scene(.alone(group, random.chance(0.6) ? .middle : random.pick(Place.allCases)), before: backdrop)
    }

    var english: String {
        let noun = shape == .moon ? "moon" : shape.rawValue
        return "\(color.rawValue) \(noun) \(backdrop.englishPlaces[0])"
    }

    var chinese: String { backdrop.chinesePlace + "的" + color.chinese + "色" + shape.chinese[0].1 }
}

/// The line above the tiles of a sheet.
enum SheetInstruction {
    static func english(_ words: [String], using random: inout SplitMix64) -> String {
        if words.count > 1 { return "Find: " + words.joined(separator: "; ") }
        return random.pick(["Which pictures show: ", "Find: ", "Mark every picture with: "]) + words[0]
    }

    static func chinese(_ words: [String], using random: inout SplitMix64) -> String {
        if words.count > 1 { return "请找出：" + words.joined(separator: "；") }
        return random.pick(["哪些图片里有：", "请找出：", "请标出："]) + words[0]
    }
}
