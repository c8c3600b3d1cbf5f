internal import DiptychBasics

/// All that decides a sheet, before anything is drawn.
struct SheetPlan {
    /// The colours and lengths of the frame around tiles.
    struct Style {
        var background: RGB
        var ink: String
        var gapX: Int
        var gapY: Int
        var margin: Int
        var radius: Int
        var frame: Int
        var frameColor: RGB
    }

    let degree: SheetDegree
    let isChinese: Bool
    let rows: Int
    let columns: Int
    let widths: [Int]
    let heights: [Int]
    let style: Style
    /// The words, and for each tile which of them it shows; nil for another.
    let words: [SheetWord]
    let shown: [Int?]
    /// What each tile shows.
    let contents: [SheetWord]
    let instruction: String?
    let fontSize: Int
    let hasFooter: Bool

    var wordsEnglish: [String] { words.map(\.english) }
    var wordsChinese: [String] { words.map(\.chinese) }
    var matches: [[Int]] {
        words.indices.map { word in shown.indices.filter { shown[$0] == word }.map { $0 + 1 } }
    }

    /// The plan of a sheet; degrees take turns.
    init(index: Int, using random: inout SplitMix64) {
        degree = SheetDegree.allCases[index % SheetDegree.allCases.count]
        isChinese = random.chance(0.5)
        (rows, columns) = random.pick(weighted: [
            ((2, 3), 0.26), ((3, 3), 0.22), ((2, 2), 0.08), ((3, 4), 0.1), ((4, 4), 0.08), ((2, 4), 0.08),
            ((1, 4), 0.05), ((1, 6), 0.04), ((4, 1), 0.03), ((5, 3), 0.06),
        ])
        let side = random.between(84, 150)
        let (width, height) = (Int(side * random.between(0.88, 1.14)), Int(side))
        let areEqual = random.chance(0.8)
        func sides(_ count: Int, _ usual: Int) -> [Int] {
            (0..<count).map { _ in areEqual ? usual : Int(Double(usual) * random.between(0.8, 1.2)) }
        }
        (widths, heights) = (sides(columns, width), sides(rows, height))
        style = Self.style(using: &random)

        let count = rows * columns
        let wordCount = min(random.pick(weighted: [(1, 0.6), (2, 0.25), (3, 0.15)]), max(1, count / 2))
        var words: [SheetWord] = []
        while words.count < wordCount {
            let word = SheetWord(using: &random)
            if words.allSatisfy({ word.isFar(from: $0) && word.backdrop != $0.backdrop }) { words.append(word) }
        }
        self.words = words
        var shown = [Int?](repeating: nil, count: count)
        for word in words.indices {
            let most = max(1, min(wordCount == 1 ? 4 : 2, count / (wordCount + 1)))
            for _ in 0..<(1 + random.below(most)) {
                let free = shown.indices.filter { shown[$0] == nil }
                if !free.isEmpty { shown[random.pick(free)] = word }
            }
        }
        self.shown = shown
        contents = shown.map { word in
            if let word { return words[word] }
            while true {
                let other = SheetWord(using: &random)
                if words.allSatisfy(other.isFar) { return other }
            }
        }
        fontSize = 15 + random.below(8)
        let chinese = isChinese
        let texts = words.map { chinese ? $0.chinese : $0.english }
        if random.chance(0.85) {
            instruction =
                isChinese
                ? SheetInstruction.chinese(texts, using: &random) : SheetInstruction.english(texts, using: &random)
        } else {
            instruction = nil
        }
        hasFooter = random.chance(0.2)
    }

    private static func style(using random: inout SplitMix64) -> Style {
        let background = random.pick(weighted: [
            (RGB(255, 255, 255), 0.5), (RGB(238, 239, 242), 0.2), (RGB(32, 34, 40), 0.15), (RGB(206, 220, 235), 0.15),
        ])
        // Tiles that touch have no round corners, and need a frame to be told apart where two are alike.
        let touches = random.chance(0.08)
        let gap = touches ? 0 : random.pick(weighted: [(2 + random.below(4), 0.2), (6 + random.below(14), 0.8)])
        let frame = touches ? 0 : random.pick(weighted: [(0, 0.6), (1, 0.2), (2 + random.below(4), 0.2)])
        return Style(
            background: background, ink: background.luma < 120 ? "#f2f2f2" : "#1b1d22", gapX: gap,
            gapY: random.chance(0.7) || touches ? gap : gap + random.below(10),
            margin: touches || random.chance(0.15) ? 0 : 6 + random.below(32),
            radius: touches || random.chance(0.55) ? 0 : 4 + random.below(14), frame: frame,
            frameColor: random.pick([RGB(60, 64, 72), RGB(150, 156, 166), RGB(205, 150, 60)]))
    }
}
