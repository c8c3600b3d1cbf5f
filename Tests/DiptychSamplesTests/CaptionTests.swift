import DiptychSamples
import Testing

struct CaptionTests {
    /// Whether the group told first is the arrangement's first group, by the words between the two.
    private static let order: [(word: String, first: Bool)] = [
        ("left of", true), ("on the left and", true), ("right of", false), ("above", true), ("over", true),
        ("at the top and", true), ("below", false), ("under", false), ("inside", true), (" with ", false),
        ("around", false),
    ]

    @Test func englishCaptionsTellTheSceneAsItIs() throws {
        for index in 0..<800 {
            let scene = SampleSet(seed: 3).scene(at: index)
            for wording in 0..<3 {
                let caption = scene.captions(phrasing: wording).english
                let told = try CaptionParser.english(caption)
                let expected = scene.arrangement.groups.map(ToldGroup.init)
                guard expected.count == 2 else {
                    #expect(told.groups == expected, "\(caption)")
                    continue
                }
                let isInOrder = try #require(Self.order.first { told.between.contains($0.word) }, "\(caption)").first
                #expect(told.groups == (isInOrder ? expected : expected.reversed()), "\(caption)")
                switch scene.arrangement {
                case .alone: break
                case .beside: #expect(caption.contains("left") || caption.contains("right"))
                case .stacked:
                    #expect(["above", "below", "over", "under", "at the top"].contains { told.between.contains($0) })
                case .nested: #expect(caption.contains("inside") || caption.contains("around"))
                }
            }
        }
    }

    @Test func chineseCaptionsTellTheSceneAsItIs() throws {
        for index in 0..<800 {
            let scene = SampleSet(seed: 4).scene(at: index)
            for wording in 0..<3 {
                let caption = scene.captions(phrasing: wording).chinese
                let told = try CaptionParser.chinese(caption)
                let expected = scene.arrangement.groups.map(ToldGroup.init)
                guard expected.count == 2 else {
                    #expect(told.groups == expected, "\(caption)")
                    continue
                }
                // A在B的左边 and 左边是A name the first group first; A在B的右边 and B里有A name it last.
                let isReversed: Bool
                if told.between == "在" {
                    isReversed = ["右边", "右侧", "下面", "下方"].contains { caption.contains($0) }
                } else {
                    isReversed = told.between.contains("里")
                }
                #expect(told.groups == (isReversed ? expected.reversed() : expected), "\(caption)")
                let words: [String] =
                    switch scene.arrangement {
                    case .alone: ["中", "角"]
                    case .beside: ["左", "右"]
                    case .stacked: ["上", "下"]
                    case .nested: ["里"]
                    }
                #expect(words.contains { caption.contains($0) }, "\(caption)")
            }
        }
    }

    @Test func captionsNameTheBackdropInBothLanguages() {
        let words: [Backdrop: (String, String)] = [
            .white: ("white background", "白色"), .black: ("black background", "黑色"),
            .gray: ("gray background", "灰色"), .green: ("green background", "绿色"),
            .blue: ("blue background", "蓝色"), .pink: ("pink background", "粉色"),
            .yellow: ("yellow background", "黄色"), .purple: ("purple background", "紫色"),
            .sunset: ("sunset", "晚霞"), .night: ("night sky", "夜空"), .sand: ("sand", "沙地"),
            .grass: ("grass", "草地"), .snow: ("snow", "雪地"), .wood: ("wood", "木板"), .brick: ("brick", "砖墙"),
        ]
        for index in 0..<500 {
            let scene = SampleSet(seed: 5).scene(at: index)
            guard let (english, chinese) = words[scene.backdrop] else { continue }
            #expect(scene.captionEnglish.contains(english))
            #expect(scene.captionChinese.contains(chinese))
        }
    }

    @Test func twoHundredScenesHaveDistinctCaptions() {
        for seed in UInt64(0)..<50 {
            let scenes = (0..<200).map(SampleSet(seed: seed).scene(at:))
            #expect(Set(scenes.map(\.captionEnglish)).count == 200)
            #expect(Set(scenes.map(\.captionChinese)).count == 200)
        }
    }

    @Test func briefCaptionsTellLessAndNothingElse() {
        for index in 0..<300 {
            let scene = SampleSet(seed: 6).scene(at: index)
            let brief = scene.briefCaptions(phrasing: 0)
            #expect(!brief.english.isEmpty && !brief.chinese.isEmpty)
            let colors = Set(scene.arrangement.groups.map(\.color.rawValue))
            let nouns = Set(scene.arrangement.groups.map(\.shape.rawValue))
            let words = brief.english.split(separator: " ").map(String.init)
            #expect(words.contains { colors.contains($0) })
            let plurals = ["", "s", "es"]
            for shape in Shape.allCases where plurals.contains(where: { words.contains(shape.rawValue + $0) }) {
                #expect(nouns.contains(shape.rawValue), "\(brief.english)")
            }
        }
    }

    @Test func wordingsDifferAndStayTheSame() {
        let scene = SampleSet(seed: 8).scene(at: 3)
        let wordings = (0..<12).map { scene.captions(phrasing: $0) }
        #expect(Set(wordings.map(\.english)).count > 3)
        #expect(Set(wordings.map(\.chinese)).count > 3)
        #expect(wordings == (0..<12).map { SampleSet(seed: 8).scene(at: 3).captions(phrasing: $0) })
        #expect(wordings[0].english == scene.captionEnglish)
        #expect(wordings[0].chinese == scene.captionChinese)
    }
}
