internal import DiptychBasics

extension Scene {
    func chineseSentence(_ detail: Detail, using random: inout SplitMix64) -> String {
        let objects = chineseObjects(detail, using: &random)
        // A single group is what there is (有); a relation is a statement of its own and follows a comma or nothing.
        let isNoun = detail.onlyGroup != nil
        let inImage = "图中" + (isNoun ? "有" : "")
        guard detail.backdrop else { return random.chance(0.1) ? inImage + objects : objects }
        switch random.below(10) {
        case ..<5: return backdrop.chinesePlace + (isNoun ? random.pick(["有", ""]) : "，") + objects
        case ..<8: return objects + "，背景是" + backdrop.chineseName
        default: return inImage + objects + "，背景是" + backdrop.chineseName
        }
    }

    private func chineseObjects(_ detail: Detail, using random: inout SplitMix64) -> String {
        if let only = detail.onlyGroup { return arrangement.groups[only].chinese(detail, using: &random) }
        let phrases = arrangement.groups.map { $0.chinese(detail, using: &random) }
        switch arrangement {
        case .alone(_, let place):
            return phrases[0] + "在" + random.pick(place.chinese)
        case .beside:
            return random.pick([
                "\(phrases[0])在\(phrases[1])的左边", "\(phrases[0])在\(phrases[1])左侧",
                "\(phrases[1])在\(phrases[0])的右边", "\(phrases[1])在\(phrases[0])右侧",
                "左边是\(phrases[0])，右边是\(phrases[1])",
            ])
        case .stacked:
            return random.pick([
                "\(phrases[0])在\(phrases[1])的上面", "\(phrases[0])在\(phrases[1])上方",
                "\(phrases[1])在\(phrases[0])的下面", "\(phrases[1])在\(phrases[0])下方",
                "上面是\(phrases[0])，下面是\(phrases[1])",
            ])
        case .nested:
            return random.pick([
                "\(phrases[0])在\(phrases[1])里面", "\(phrases[1])里面有\(phrases[0])",
                "\(phrases[1])里有\(phrases[0])",
            ])
        }
    }
}

extension ObjectGroup {
    /// Count and measure word, pattern, colour, size, noun: 三颗带条纹的红色小星星.
    func chinese(_ detail: Detail, using random: inout SplitMix64) -> String {
        let (measure, noun) = random.pick(shape.chinese)
        let amount = detail.count ? ["一", "两", "三", "四"][count - 1] + measure : ""
        let pattern = detail.texture ? texture.chinese : ""
        let hue = color.chinese + "色"
        guard detail.size else {
            if !pattern.isEmpty { return random.pick([amount + "带\(pattern)的\(hue)", amount + hue + pattern]) + noun }
            return amount + hue + random.pick(["", "的"]) + noun
        }
        if random.chance(0.5) {
            let adjective = size == .small ? "小" : "大"
            let front = pattern.isEmpty ? "" : "带\(pattern)的"
            return amount + front + hue + (front.isEmpty ? random.pick(["", "的"]) : "") + adjective + noun
        }
        return amount + (size == .small ? "小小的" : "大大的") + hue + pattern + noun
    }
}

extension Shape {
    /// Measure word and noun, in the wordings that are used.
    var chinese: [(String, String)] {
        switch self {
        case .circle: [("个", "圆形"), ("个", "圆")]
        case .square: [("个", "正方形"), ("个", "方块")]
        case .triangle: [("个", "三角形")]
        case .star: [("颗", "星星"), ("颗", "五角星")]
        case .heart: [("颗", "爱心"), ("个", "心形")]
        case .hexagon: [("个", "六边形")]
        case .ring: [("个", "圆环")]
        case .cross: [("个", "十字")]
        case .diamond: [("个", "菱形")]
        case .moon: [("弯", "月牙"), ("个", "月亮")]
        case .flower: [("朵", "花")]
        case .arrow: [("个", "箭头")]
        }
    }
}

extension Color {
    var chinese: String {
        switch self {
        case .red: "红"
        case .orange: "橙"
        case .yellow: "黄"
        case .green: "绿"
        case .blue: "蓝"
        case .purple: "紫"
        case .pink: "粉"
        case .brown: "棕"
        case .black: "黑"
        case .white: "白"
        }
    }
}

extension Texture {
    fileprivate var chinese: String {
        switch self {
        case .plain: ""
        case .striped: "条纹"
        case .dotted: "圆点"
        case .checked: "格子"
        }
    }
}

extension Place {
    var chinese: [String] {
        switch self {
        case .middle: ["中间", "正中央"]
        case .topLeft: ["左上角"]
        case .topRight: ["右上角"]
        case .bottomLeft: ["左下角"]
        case .bottomRight: ["右下角"]
        }
    }
}

extension Backdrop {
    /// The backdrop as a noun.
    fileprivate var chineseName: String {
        switch self {
        case .white: "白色"
        case .black: "黑色"
        case .gray: "灰色"
        case .green: "绿色"
        case .blue: "蓝色"
        case .pink: "粉色"
        case .yellow: "黄色"
        case .purple: "紫色"
        case .sunset: "晚霞"
        case .night: "夜空"
        case .sand: "沙地"
        case .grass: "草地"
        case .sea: "大海"
        case .snow: "雪地"
        case .wood: "木板"
        case .brick: "砖墙"
        }
    }

    /// The backdrop as the place where things are.
    var chinesePlace: String {
        switch self {
        case .white, .black, .gray, .green, .blue, .pink, .yellow, .purple: chineseName + "背景上"
        case .sunset, .night: chineseName + "中"
        case .sea: "海面上"
        default: chineseName + "上"
        }
    }
}
