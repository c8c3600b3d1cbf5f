import DiptychSamples
import Testing

struct SceneTests {
    @Test func aSceneFollowsFromSeedAndIndexAlone() {
        let forwards = (0..<50).map(SampleSet(seed: 11).scene(at:))
        let backwards = (0..<50).reversed().map(SampleSet(seed: 11).scene(at:))
        #expect(forwards == backwards.reversed())
        #expect(forwards != (0..<50).map(SampleSet(seed: 12).scene(at:)))
    }

    /// A change here changes every set, so the demo model's training images would no longer be those of its card.
    @Test func scenesStayWhatTheyWere() {
        let scene = SampleSet(seed: 99).scene(at: 0)
        let moons = ObjectGroup(shape: .moon, count: 3, color: .blue, texture: .dotted, size: .large)
        let heart = ObjectGroup(shape: .heart, count: 1, color: .blue, texture: .plain, size: .small)
        #expect(scene.arrangement == .stacked(above: moons, below: heart))
        #expect(scene.backdrop == .yellow)
        #expect(
            scene.captionEnglish
                == "a photo of a small blue heart below three large blue dotted moons on a yellow background")
    }

    @Test func everyAttributeIsDrawn() {
        let scenes = (0..<2000).map(SampleSet(seed: 1).scene(at:))
        let groups = scenes.flatMap(\.arrangement.groups)
        #expect(Set(scenes.map(\.backdrop)).count == Backdrop.allCases.count)
        #expect(Set(groups.map(\.shape)).count == Shape.allCases.count)
        #expect(Set(groups.map(\.color)).count == Color.allCases.count)
        #expect(Set(groups.map(\.texture)).count == Texture.allCases.count)
        #expect(Set(groups.map(\.size)).count == Size.allCases.count)
        #expect(Set(groups.map(\.count)) == [1, 2, 3, 4])
        #expect(groups.allSatisfy { $0.size == .large || $0.texture == .plain })
    }

    @Test func nothingIsOfItsBackdropsColor() {
        for scene in (0..<2000).map(SampleSet(seed: 2).scene(at:)) {
            // What is inside another object is seen before that object, not before the backdrop.
            if case .nested(let inside, let around) = scene.arrangement {
                #expect(around.color.rawValue != scene.backdrop.rawValue)
                #expect(inside.color != around.color)
            } else {
                #expect(scene.arrangement.groups.allSatisfy { $0.color.rawValue != scene.backdrop.rawValue })
            }
        }
    }
}
